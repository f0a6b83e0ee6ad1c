"""deploy/compose.yaml names settings, commands, files and targets that exist."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.core.management import get_commands

from tests.config.test_settings_documented import example
from tests.paths import ROOT

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
CONTAINERFILE = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8")


def words(command: Any) -> list[str]:
    return str(command).split() if isinstance(command, str) else " ".join(map(str, command or [])).split()


def test_the_parts_are_those_of_the_documentation() -> None:
    assert set(SERVICES) == {"migrate", "web", "worker", "beat", "caddy", "postgres", "redis"}


@pytest.mark.parametrize("name", OURS)
def test_a_part_is_given_settings_that_exist(name: str) -> None:
    known = {setting for _, setting, _ in example()}
    assert set(OURS[name]["environment"]) - known == set()


@pytest.mark.parametrize("name", OURS)
def test_a_part_runs_a_command_that_exists(name: str) -> None:
    command = words(OURS[name].get("command"))
    for before, after in pairwise(command):
        if before == "manage.py":
            assert after in get_commands()
    if "celery" in command:
        assert command[: command.index("celery") + 3][-2:] == ["-A", "config"]
        assert command[command.index("celery") + 3] in ("worker", "beat")


@pytest.mark.parametrize("name", OURS)
def test_a_part_is_confined(name: str) -> None:
    service = OURS[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert f" AS {service['build']['target']}\n" in CONTAINERFILE
    assert {volume.split(":")[1] for volume in service["volumes"]} == {"/srv/media"}


def test_what_a_part_waits_for_exists() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            assert other in SERVICES
            # Ours have their health check in the image.
            assert how["condition"] != "service_healthy" or other in OURS or "healthcheck" in SERVICES[other]


def test_volumes_are_declared_and_mounted_files_exist() -> None:
    for service in SERVICES.values():
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("."):
                assert (ROOT / "deploy" / source).is_file()
            else:
                assert source in COMPOSE["volumes"]


def test_the_files_of_the_image_exist() -> None:
    for source in re.findall(r"^COPY (?!--from)(.+) \S+$", CONTAINERFILE, re.MULTILINE):
        for name in source.split():
            assert list(ROOT.glob(name)), name
    for file in re.findall(r'"(deploy/container/\S+)"', CONTAINERFILE):
        assert (ROOT / file).is_file()
    assert re.findall(r'"manage.py", "(\w+)"', CONTAINERFILE) == [
        "serve_api",
        "worker_health",
        "portrait_worker",
    ]


def test_the_checksums_in_the_web_image_are_those_of_its_weights() -> None:
    stage = CONTAINERFILE.partition("FROM service AS web\n")[2].partition("FROM service AS worker\n")[0]
    folder = ROOT / "checkpoints"
    patterns = re.findall(r"(?<= )checkpoints/\S+(?= .*checkpoints/)", stage)
    copied = {path.relative_to(folder).as_posix() for one in patterns for path in ROOT.glob(one)}
    left_out = re.findall(r"-e (\S+)(?= .*all-sums > SHA256SUMS)", CONTAINERFILE)
    lines = (folder / "SHA256SUMS").read_text().splitlines()
    kept = {line.split()[1] for line in lines if not any(text in line for text in left_out)}
    assert left_out and kept == {
        name for name in copied if Path(name).suffix in (".tflite", ".safetensors", ".yaml")
    }


@pytest.mark.parametrize(
    ("script", "requirements", "changed"),
    [
        ("web-image.sed", "requirements-web.txt", ["imageio-ffmpeg"]),
        ("headless.sed", "requirements.txt", ["opencv-python"]),
    ],
)
def test_what_an_image_has_in_place_of_a_listed_version(
    script: str, requirements: str, changed: list[str]
) -> None:
    listed = (ROOT / requirements).read_text().splitlines()
    command = ["sed", "-f", str(ROOT / "deploy" / "container" / script), str(ROOT / requirements)]
    written = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    differing = [(old, new) for old, new in zip(listed, written, strict=True) if old != new]
    assert [old.partition("==")[0] for old, _ in differing] == changed
    assert all(re.fullmatch(r"[\w-]+==[\w.]+", new) for _, new in differing)
