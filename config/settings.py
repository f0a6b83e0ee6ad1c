"""Settings, all read from the environment (and a ``.env`` file beside manage.py); with safe defaults for all."""

from __future__ import annotations

import tomllib
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.object_storage import bucket, web_address
from config.secret import kept_secret, weakness_of
from config.values import (
    broker,
    cache,
    check_name,
    choice,
    database,
    env,
    file,
    folder,
    formats,
    hosts,
    mail,
    number,
    origins,
    pair_of_files,
    rate,
    read_file,
    sender,
    signing,
    switch,
    whole,
)
from portrait.engine.motion.catalogue import motion_names
from portrait.engine.output.formats import MEDIA_TYPES, NAMES
from portrait.engine.request import DEFAULTS, RULES
from portrait.engine.style.catalogue import PAINTER_WEIGHTS, list_styles

BASE_DIR = Path(__file__).resolve().parent.parent

read_file(BASE_DIR / ".env")

# The product's version; pyproject.toml is the one place that names it.
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


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


DEBUG = switch("DEBUG", False)
SECRET_KEY = env.str("SECRET_KEY", default="") or kept_secret(BASE_DIR / ".secret_key")
if not DEBUG and (weakness := weakness_of(SECRET_KEY)):
    raise ImproperlyConfigured(
        f"SECRET_KEY is weak ({weakness}); remove it, and a strong one is generated and kept"
    )
ALLOWED_HOSTS = hosts("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CORS_ALLOWED_ORIGINS = origins("CORS_ALLOWED_ORIGINS", [])
CSRF_TRUSTED_ORIGINS = origins("CSRF_TRUSTED_ORIGINS", [])
# ETag lets a polling front end on another origin send If-None-Match; Retry-After tells it when to come back.
CORS_EXPOSE_HEADERS = ["ETag", "Retry-After", "X-Request-ID"]

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
    "common.operations.operations",
    "common.request_id.request_ids",
    "common.metrics.count_requests",
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
    "common.outages.OutageMiddleware",
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


def connections(settings: dict[str, Any]) -> dict[str, Any]:
    """The database of DATABASE_URL; SQLite is set up for several processes on one file."""
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


DATABASES = {"default": connections(database("DATABASE_URL", f"sqlite:///{BASE_DIR / 'db.sqlite3'}"))}
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

# A link for a new password is valid this many seconds.
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60
# Django's settings of the mail server; without one, staff hand out the links.
MAIL = mail("EMAIL_URL")
globals().update(MAIL)
CAN_SEND_EMAIL = bool(MAIL)
DEFAULT_FROM_EMAIL = sender("EMAIL_FROM", MAIL)

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
MEDIA_STORAGE = choice("MEDIA_STORAGE", ("local", "s3"), "local")
# The bucket of the s3 storage, from the AWS_* variables.
BUCKET = bucket() if MEDIA_STORAGE == "s3" else None
# What the addresses of public files begin with where another server delivers them, such as a CDN; else empty.
MEDIA_PUBLIC_URL = f"{address}/" if (address := web_address("MEDIA_PUBLIC_URL")) else ""
STORAGES = {
    "default": {"BACKEND": "common.field_storage.FieldStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MEDIA_ROOT = folder("MEDIA_ROOT", BASE_DIR / "media")
# The only folders of MEDIA_ROOT that are served: finished portraits and crests. The uploaded photos are private.
PUBLIC_MEDIA = ("portraits", "crests")
# What of them is served, by suffix: the output formats, the stills and the crests.
PUBLIC_MEDIA_TYPES = {f".{suffix}": media_type for suffix, media_type in MEDIA_TYPES.items()} | {
    ".jpg": "image/jpeg"
}
# Off when a web server in front serves these folders (and nothing else) by itself.
SERVE_MEDIA = switch("SERVE_MEDIA", True)
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 1024 * 1024

THROTTLES = switch("THROTTLES", True)


def throttle_rate(scope: str, default: str) -> str | None:
    """The rate of THROTTLE_<SCOPE>; None for no limit. Raises ImproperlyConfigured."""
    limit = rate(f"THROTTLE_{scope.upper().replace('-', '_')}", default)
    return limit if THROTTLES else None


# Limits are counted in the cache. Each process has its own in memory, which suits the one web process of
# manage.py serve; several processes share one by CACHE_URL (redis://..., or dbcache://table after createcachetable).
CACHES = {
    "default": cache("CACHE_URL")
    or {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # With Django's default of 300, requests from 300 addresses would evict the counters.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
# Generous where a school shares one address (sign-up for 500 students in an hour, login-address), tight where one
# person is meant. Sign-ups count when they succeed, sign-ins when they fail.
DEFAULT_RATES = {
    "sign-up": "600/hour",
    "class-sign-up": "600/hour",
    "login": "10/minute",
    "login-address": "120/minute",
    "password": "10/minute",
    "recovery": "5/hour",
    "recovery-address": "60/hour",
    "upload": "30/hour",
    "portrait": "20/minute",
    "guestbook": "20/minute",
    "reaction": "60/minute",
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
    "NUM_PROXIES": whole("NUM_PROXIES", 0, 100, 0),
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
    "THREADS": whole("PORTRAIT_THREADS", 0, 1024, 0),
    # Seconds that one attempt at a job may take.
    "DEADLINE": whole("PORTRAIT_DEADLINE", 1, 86_400, 300),
    # Days after which the workers delete the uploaded photo of a finished portrait. Students are told so.
    "PHOTO_DAYS": whole("PORTRAIT_PHOTO_DAYS", 0, 36_500, 30),
    # Files that no job names: the days before they go to the trash, and again before they are deleted from it. At
    # least as long as the oldest backup of the database that may be restored.
    "ORPHAN_DAYS": whole("PORTRAIT_ORPHAN_DAYS", 0, 36_500, 7),
    # The files of a portrait; some are made in any case.
    "FORMATS": formats("PORTRAIT_FORMATS", NAMES),
    "AI_MARK": switch("PORTRAIT_AI_MARK", True),
    "CHECKPOINTS": folder("PORTRAIT_CHECKPOINTS", BASE_DIR / "checkpoints"),
    # An admin's own painting: minutes of training, and a folder of photos of faces to train with.
    "STYLE_MINUTES": number("PORTRAIT_STYLE_MINUTES", 0.01, 60, 1.2),
    "STYLE_PHOTOS": folder("PORTRAIT_STYLE_PHOTOS", BASE_DIR / "demo" / "faces"),
    # The certificate chain that signs each file as machine-made, and its key (PEM).
    "C2PA": signing(pair_of_files("C2PA_CERTIFICATE", "C2PA_KEY")),
    # Another motion model than the folder's, such as the published one: its yaml and its weights.
    "MOTION_MODEL": pair_of_files("PORTRAIT_MOTION_CONFIG", "PORTRAIT_MOTION_WEIGHTS"),
}
check_name("PORTRAIT_MOTION", str(PORTRAIT["MOTION"]), motion_names)
check_name(
    "PORTRAIT_STYLE",
    str(PORTRAIT["STYLE"]),
    lambda: [style.slug for style in list_styles(Path(str(PORTRAIT["CHECKPOINTS"])) / PAINTER_WEIGHTS.name)],
)
# Another typeface for the student card, with Hangul; None for the packaged one.
CARD_FONT = file("CARD_FONT")

# Who tells the workers of a new job: they look into the database themselves, or Celery's broker wakes them.
PORTRAIT_QUEUE = choice("PORTRAIT_QUEUE", ("database", "celery"), "database")
CELERY_BROKER_URL = broker("CELERY_BROKER_URL")
if PORTRAIT_QUEUE == "celery" and not CELERY_BROKER_URL:
    raise ImproperlyConfigured(
        "PORTRAIT_QUEUE=celery needs CELERY_BROKER_URL, such as redis://127.0.0.1:6379/0"
    )

PORT = whole("PORT", 1, 65_535, 8000)
WORKERS = whole("WORKERS", 1, 1024, 1)

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# HTTPS=on behind a TLS proxy: cookies, redirects and HSTS follow.
HTTPS = switch("HTTPS", False)
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
    "ENUM_NAME_OVERRIDES": {"ReactionEnum": "lounge.serializers.REACTIONS"},
    # What is only read is no part of what is sent: one component each.
    "COMPONENT_SPLIT_REQUEST": True,
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.schema.complete",
    ],
}

# Who asks for /metrics must send it as a Bearer token; without one, programs on this machine alone may ask.
METRICS_TOKEN = env.str("METRICS_TOKEN", default="").strip()

LOG_LEVEL = choice("LOG_LEVEL", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"), "INFO")
LOG_FORMAT = choice("LOG_FORMAT", ("line", "json"), "line")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": "common.logs.formatters.LineFormatter"},
        "json": {"()": "common.logs.formatters.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
}
