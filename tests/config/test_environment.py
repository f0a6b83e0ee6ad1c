"""Settings that come from the environment, read by a fresh process as a person would start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from portrait.engine.options import EngineOptions
from portrait.engine.request import MAX_STRENGTH, MIN_STRENGTH
from tests.config.kit import check
from tests.portrait.engine.output.certificates import certificate

MOTION_FILES = EngineOptions().motion_files

PROGRAM = """
import django, json
django.setup()
from django.conf import settings as s
print(json.dumps({"rates": s.REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], "proxies": s.REST_FRAMEWORK["NUM_PROXIES"],
    "origins": s.CORS_ALLOWED_ORIGINS, "cache": s.CACHES["default"]["BACKEND"],
    "strength": s.PORTRAIT["STRENGTH"], "model": [path and path.name for path in s.PORTRAIT["MOTION_MODEL"]]}))
"""


def start(**variables: str) -> subprocess.CompletedProcess[str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("THROTTLE", "CORS"))}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=settings.BASE_DIR,
        env={**clean, "DJANGO_SETTINGS_MODULE": "config.settings", **variables},
        capture_output=True,
        text=True,
    )


def test_every_limit_has_a_default_and_a_variable() -> None:
    defaults = json.loads(start().stdout)
    assert defaults["rates"].keys() >= {"sign-up", "login", "upload", "guestbook"}
    assert all(defaults["rates"].values())
    assert (defaults["proxies"], defaults["origins"]) == (0, [])
    variables = {f"THROTTLE_{scope.upper().replace('-', '_')}": "7/day" for scope in defaults["rates"]}
    read = json.loads(start(**variables, NUM_PROXIES="2", CACHE_URL="dbcache://cache").stdout)
    assert set(read["rates"].values()) == {"7/day"}
    assert read["proxies"] == 2
    assert read["cache"] == "django.core.cache.backends.db.DatabaseCache"


def test_off_switches_one_limit_or_all() -> None:
    one = json.loads(start(THROTTLE_UPLOAD="off").stdout)["rates"]
    assert [scope for scope, rate in one.items() if rate is None] == ["upload"]
    assert set(json.loads(start(THROTTLES="off").stdout)["rates"].values()) == {None}


@pytest.mark.parametrize("rate", ["fast", "0/minute", "5", "5/fortnight", "-1/hour", ""])
def test_a_limit_that_means_nothing_stops_the_start_with_its_name(rate: str) -> None:
    process = start(THROTTLE_LOGIN=rate)
    assert process.returncode != 0
    assert "ImproperlyConfigured: THROTTLE_LOGIN=" in process.stderr


def test_origins_come_from_the_environment() -> None:
    read = json.loads(start(CORS_ALLOWED_ORIGINS="https://a.example,http://localhost:5173").stdout)
    assert read["origins"] == ["https://a.example", "http://localhost:5173"]
    spaced = json.loads(start(CORS_ALLOWED_ORIGINS=" https://a.example , http://localhost:5173,").stdout)
    assert spaced["origins"] == read["origins"]


def test_the_motions_strength_is_a_number_in_its_range() -> None:
    assert json.loads(start().stdout)["strength"] == 1
    for strength in (MIN_STRENGTH, MAX_STRENGTH):
        assert json.loads(start(PORTRAIT_STRENGTH=str(strength)).stdout)["strength"] == strength
    # Written without a value it is as if it were not written.
    assert json.loads(start(PORTRAIT_STRENGTH="").stdout)["strength"] == 1
    for wrong in (str(MIN_STRENGTH - 0.01), str(MAX_STRENGTH + 0.01), "strong", "nan"):
        process = start(PORTRAIT_STRENGTH=wrong)
        assert process.returncode != 0
        assert f"ImproperlyConfigured: PORTRAIT_STRENGTH={wrong!r}" in process.stderr


def test_a_format_that_does_not_exist_stops_the_start_with_one_line() -> None:
    process = check(PORTRAIT_FORMATS="webp,jpeg2000")
    assert process.returncode == 2
    (line,) = process.stderr.splitlines()
    assert line.startswith("ImproperlyConfigured: PORTRAIT_FORMATS=")
    assert "'jpeg2000': choose from webp, avif" in line


def test_a_certificate_that_cannot_sign_stops_the_start_with_one_line(tmp_path: Path) -> None:
    made = certificate(tmp_path)
    assert check(C2PA_CERTIFICATE=str(made.chain), C2PA_KEY=str(made.key)).returncode == 0
    for chain, key, words in (
        (made.chain, "", "C2PA_KEY is missing"),
        (made.chain, tmp_path / "none.pem", "there is no such file"),
        (made.chain, made.chain, "no certificate and key in PEM form"),
    ):
        process = check(C2PA_CERTIFICATE=str(chain), C2PA_KEY=str(key))
        assert process.returncode == 2
        (line,) = process.stderr.splitlines()
        assert line.startswith("ImproperlyConfigured: ")
        assert words in line


def test_another_motion_model_is_two_files_that_exist() -> None:
    config, weights = MOTION_FILES
    assert json.loads(start().stdout)["model"] == [None, None]
    both = start(PORTRAIT_MOTION_CONFIG=str(config), PORTRAIT_MOTION_WEIGHTS=str(weights))
    assert json.loads(both.stdout)["model"] == [config.name, weights.name]
    for variables, fault in (
        ({"PORTRAIT_MOTION_CONFIG": str(config)}, "PORTRAIT_MOTION_WEIGHTS is missing"),
        ({"PORTRAIT_MOTION_WEIGHTS": str(weights)}, "PORTRAIT_MOTION_CONFIG is missing"),
        ({"PORTRAIT_MOTION_CONFIG": str(config), "PORTRAIT_MOTION_WEIGHTS": "none.pth"}, "no such file"),
    ):
        process = start(**variables)
        assert process.returncode != 0
        assert fault in process.stderr


def test_a_file_of_settings_may_begin_with_a_byte_order_mark_and_end_its_lines_as_windows_does(
    tmp_path: Path,
) -> None:
    file = tmp_path / ".env"
    file.write_bytes(b"\xef\xbb\xbfPORT=9777\r\nALLOWED_HOSTS=localhost, 192.168.0.10\r\n")
    script = (
        "import environ, sys\n"
        "read = environ.Env.read_env\n"
        "environ.Env.read_env = lambda _env, path, **named: read(sys.argv[1], **named)\n"
        "from config import settings\n"
        "print(settings.PORT, settings.ALLOWED_HOSTS)\n"
    )
    clean = {key: value for key, value in os.environ.items() if key not in {"PORT", "ALLOWED_HOSTS"}}
    process = subprocess.run(
        [sys.executable, "-c", script, str(file)],
        cwd=settings.BASE_DIR,
        env=clean,
        capture_output=True,
        text=True,
    )
    assert process.stdout == "9777 ['localhost', '192.168.0.10']\n", process.stderr
