"""Settings, all read from the environment (and a ``.env`` file beside manage.py); with safe defaults for all."""

from __future__ import annotations

import math
import re
import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from config.secret import kept_secret, weakness_of
from portrait.engine.errors import ChoiceError, CredentialsError
from portrait.engine.output.content_credentials import Signer
from portrait.engine.output.formats import MEDIA_TYPES, NAMES, chosen
from portrait.engine.request import DEFAULTS, RULES

BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()
# Editors on Windows begin the file with a byte order mark.
env.read_env(BASE_DIR / ".env", encoding="utf-8-sig")

# The product's version; pyproject.toml is the one place that names it.
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def choice(name: str, allowed: tuple[str, ...], default: str) -> str:
    """One of ``allowed`` from the environment. Raises ImproperlyConfigured."""
    value = env.str(name, default=default)
    if value not in allowed:
        raise ImproperlyConfigured(f"{name}={value!r}: choose one of {', '.join(allowed)}")
    return value


def number(name: str, low: float, high: float, default: float) -> float:
    """A number from ``low`` to ``high`` from the environment. Raises ImproperlyConfigured."""
    text = env.str(name, default=str(default))
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise ImproperlyConfigured(f"{name}={text!r}: a number from {low:g} to {high:g} is needed")
    return value


def request_defaults() -> dict[str, Any]:
    """What the installation chooses of a portrait: ``PORTRAIT_<FIELD>`` for each field that has a default.

    A name that depends on the weights is drawn unless it is chosen. Raises ImproperlyConfigured.
    """
    found: dict[str, Any] = {}
    for name, rule in RULES.items():
        variable, default = f"PORTRAIT_{name.upper()}", getattr(DEFAULTS, name)
        if rule.choices:
            found[name.upper()] = rule.kind(choice(variable, tuple(map(str, rule.choices)), str(default)))
        elif rule.kind is str:
            found[name.upper()] = env.str(variable, default="random")
        elif default is not None and rule.low is not None and rule.high is not None:
            found[name.upper()] = rule.kind(number(variable, rule.low, rule.high, default))
    return found


def pair_of_files(first: str, second: str) -> tuple[Path | None, Path | None]:
    """Two files that are set together or not at all. Raises ImproperlyConfigured."""
    paths = {name: env.str(name, default="") for name in (first, second)}
    for name, text in paths.items():
        if not text and any(paths.values()):
            raise ImproperlyConfigured(f"{first} and {second} belong together: {name} is missing")
        if text and not Path(text).is_file():
            raise ImproperlyConfigured(f"{name}={text!r}: there is no such file")
    config, weights = (Path(text) if text else None for text in paths.values())
    return config, weights


def signing(files: tuple[Path | None, Path | None]) -> tuple[Path | None, Path | None]:
    """The certificate and the key, after a trial of them; or neither. Raises ImproperlyConfigured."""
    certificate, key = files
    if certificate and key:
        try:
            Signer(certificate, key)
        except CredentialsError as error:
            raise ImproperlyConfigured(
                f"C2PA_CERTIFICATE and C2PA_KEY cannot be used: {error.detail}"
            ) from error
    return files


def texts(name: str, default: list[str]) -> list[str]:
    """The texts between commas; spaces around them do not count."""
    return [text.strip() for text in env.list(name, default=default) if text.strip()]


def formats(name: str, default: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the formats to make, those that are always made among them. Raises ImproperlyConfigured."""
    names = texts(name, list(default))
    try:
        return tuple(row.name for row in chosen(names))
    except ChoiceError as error:
        raise ImproperlyConfigured(f"{name}={','.join(names)!r}: {error.detail}") from error


DEBUG = env.bool("DEBUG", default=False)
SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret(BASE_DIR / ".secret_key")
if not DEBUG and (weakness := weakness_of(SECRET_KEY)):
    raise ImproperlyConfigured(
        f"SECRET_KEY is weak ({weakness}); remove it, and a strong one is generated and kept"
    )
ALLOWED_HOSTS = texts("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CORS_ALLOWED_ORIGINS = texts("CORS_ALLOWED_ORIGINS", [])
CSRF_TRUSTED_ORIGINS = texts("CSRF_TRUSTED_ORIGINS", [])
# ETag lets a polling front end on another origin send If-None-Match; Retry-After tells it when to come back.
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After"]

INSTALLED_APPS = [
    "common",
    "common.admin_site.SchoolAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "corsheaders",
    "rest_framework",
    "rest_framework_simplejwt",
    "rest_framework_simplejwt.token_blacklist",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "user",
    "portrait",
    "dormitory",
    "lounge",
    "demo",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "common.response_headers.no_store",
    "common.response_headers.admin_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "common.database_faults.DatabaseFaultMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
# The existing front end calls the paths exactly as they are listed; a redirect would lose a POST's body.
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]


def database() -> dict[str, Any]:
    """The database of DATABASE_URL; SQLite is set up for several processes on one file."""
    settings: dict[str, Any] = env.db("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'db.sqlite3'}")
    if settings["ENGINE"] == "django.db.backends.sqlite3":
        # Opening a connection costs more than most requests; those that stay open belong to the server's threads.
        settings.setdefault("CONN_MAX_AGE", 60)
        settings["OPTIONS"] = {
            # The write lock is taken at BEGIN, so that a second writer waits instead of failing later.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # Readers never wait for the one writer. FULL: what was answered with 200 survives a power cut. For all
            # connections, since SQLite ignores a change of it inside a transaction; a commit costs one fsync.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
    else:
        settings.setdefault("CONN_MAX_AGE", 60)
        settings.setdefault("CONN_HEALTH_CHECKS", True)
        # Seconds; a server that is away must not hold a thread for minutes.
        settings["OPTIONS"] = {"connect_timeout": 5, **settings.get("OPTIONS", {})}
    return settings


DATABASES = {"default": database()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "user.User"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "fullname")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

LANGUAGE_CODE = "ko"
# A further language needs a line here, its catalogue in locale/, and its texts in dormitory/seeds/ and web/i18n/.
LANGUAGES = [("ko", "한국어"), ("en", "English")]
# What is printed on every student card, large and small; the layout has room for two languages.
CARD_LANGUAGES = ["ko", "en"]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = True
TIME_ZONE = "Asia/Seoul"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
# Without a collectstatic run (the two-command start) whitenoise reads the apps' own static folders.
WHITENOISE_USE_FINDERS = True

# The page for browsers, as it is served at / and /web/.
WEB_ROOT = BASE_DIR / "web"
# The texts of the API's description: one YAML file for each app, and about.md.
API_TEXTS = BASE_DIR / "docs" / "api"

MEDIA_URL = "/media/"
# Where files are kept; common.storage has the implementations.
MEDIA_STORAGE = choice("MEDIA_STORAGE", ("local",), "local")
STORAGES = {
    "default": {"BACKEND": "common.field_storage.FieldStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "media")))
# The only folders of MEDIA_ROOT that are served: finished portraits and crests. The uploaded photos are private.
PUBLIC_MEDIA = ("portraits", "crests")
# What of them is served, by suffix: the output formats, the stills and the crests.
PUBLIC_MEDIA_TYPES = {f".{suffix}": media_type for suffix, media_type in MEDIA_TYPES.items()} | {
    ".jpg": "image/jpeg"
}
# Off when a web server in front serves these folders (and nothing else) by itself.
SERVE_MEDIA = env.bool("SERVE_MEDIA", default=True)
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

THROTTLES = env.bool("THROTTLES", default=True)


def throttle_rate(scope: str, default: str) -> str | None:
    """The rate of THROTTLE_<SCOPE>, such as ``20/hour``; None for no limit. Raises ImproperlyConfigured."""
    name = f"THROTTLE_{scope.upper().replace('-', '_')}"
    value = env.str(name, default=default)
    if not THROTTLES or value == "off":
        return None
    if not re.fullmatch(r"[1-9]\d*/(second|minute|hour|day)", value):
        raise ImproperlyConfigured(
            f"{name}={value!r}: a number, a slash, and second, minute, hour or day; or off"
        )
    return value


# Limits are counted in the cache. Each process has its own in memory, which suits the one web process of
# manage.py serve; several processes share one by CACHE_URL (redis://..., or dbcache://table after createcachetable).
CACHES = {
    "default": env.cache("CACHE_URL")
    if "CACHE_URL" in env
    else {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # With Django's default of 300, requests from 300 addresses would evict the counters.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
# Generous where a school shares one address (sign-up for 500 students in an hour, login-address), tight where one
# person is meant. Sign-ups count when they succeed, sign-ins when they fail.
DEFAULT_RATES = {
    "sign-up": "600/hour",
    "login": "10/minute",
    "login-address": "120/minute",
    "password": "10/minute",
    "upload": "30/hour",
    "portrait": "20/minute",
    "guestbook": "20/minute",
    "card": "60/minute",
}
THROTTLE_RATES = {scope: throttle_rate(scope, default) for scope, default in DEFAULT_RATES.items()}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["user.authentication.StudentAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "common.negotiation.ContentNegotiation",
    "DEFAULT_PARSER_CLASSES": ["common.parsers.PlainJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "common.schema.ApiSchema",
    # A view names its limit by ``throttle_scope``; views without one are not limited.
    "DEFAULT_THROTTLE_CLASSES": ["common.throttles.ScopedThrottle"],
    "DEFAULT_THROTTLE_RATES": THROTTLE_RATES,
    # The number of proxies that append to X-Forwarded-For. With 0 the header, which any client can send, is ignored.
    "NUM_PROXIES": env.int("NUM_PROXIES", default=0),
    "EXCEPTION_HANDLER": "common.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(minutes=30),
    "REFRESH_TOKEN_LIFETIME": timedelta(days=14),
    "ROTATE_REFRESH_TOKENS": True,
    "BLACKLIST_AFTER_ROTATION": True,
    "UPDATE_LAST_LOGIN": True,
    # The clocks of several web processes may differ by this much.
    "LEEWAY": timedelta(minutes=1),
    # Tokens carry a hash of the password, so that a changed password ends every session.
    "CHECK_REVOKE_TOKEN": True,
    "TOKEN_OBTAIN_SERIALIZER": "user.tokens.PairSerializer",
    "TOKEN_REFRESH_SERIALIZER": "user.tokens.RefreshSerializer",
    "TOKEN_BLACKLIST_SERIALIZER": "user.tokens.LogoutSerializer",
}

PORTRAIT = {
    # Style, motion, order, strength and size.
    **request_defaults(),
    "DEVICE": choice("PORTRAIT_DEVICE", ("auto", "cpu", "cuda"), "auto"),
    "PRECISION": choice("PORTRAIT_PRECISION", ("auto", "float32", "bfloat16"), "auto"),
    # CPU threads of one child; 0 shares the cores evenly between the children.
    "THREADS": env.int("PORTRAIT_THREADS", default=0),
    # Seconds that one attempt at a job may take.
    "DEADLINE": env.int("PORTRAIT_DEADLINE", default=300),
    # Days after which the workers delete the uploaded photo of a finished portrait. Students are told so.
    "PHOTO_DAYS": env.int("PORTRAIT_PHOTO_DAYS", default=30),
    # Files that no job names: the days before they go to the trash, and again before they are deleted from it. At
    # least as long as the oldest backup of the database that may be restored.
    "ORPHAN_DAYS": env.int("PORTRAIT_ORPHAN_DAYS", default=7),
    # The files of a portrait; some are made in any case.
    "FORMATS": formats("PORTRAIT_FORMATS", NAMES),
    "AI_MARK": env.bool("PORTRAIT_AI_MARK", default=True),
    "CHECKPOINTS": Path(env.str("PORTRAIT_CHECKPOINTS", default=str(BASE_DIR / "checkpoints"))),
    # The certificate chain that signs each file as machine-made, and its key (PEM).
    "C2PA": signing(pair_of_files("C2PA_CERTIFICATE", "C2PA_KEY")),
    # Another motion model than the folder's, such as the published one: its yaml and its weights.
    "MOTION_MODEL": pair_of_files("PORTRAIT_MOTION_CONFIG", "PORTRAIT_MOTION_WEIGHTS"),
}
# Another typeface for the student card, with Hangul; None for the packaged one.
CARD_FONT = Path(env.str("CARD_FONT")) if env.str("CARD_FONT", default="") else None

PORT = env.int("PORT", default=8000)
WORKERS = env.int("WORKERS", default=1)

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# HTTPS=on behind a TLS proxy: cookies, redirects and HSTS follow.
HTTPS = env.bool("HTTPS", default=False)
if HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

SPECTACULAR_SETTINGS = {
    "TITLE": "Moving portraits",
    "VERSION": VERSION,
    "OAS_VERSION": "3.1.1",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # The labels of choices are for the admin.
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    # What is only read is no part of what is sent: one component each.
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.schema.complete",
    ],
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", default="INFO")},
}
