"""What the commands for people say: codes of errors, what is missing, titles in the terminal's language."""

from __future__ import annotations

import os
import shutil
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from rest_framework.test import APIClient

from portrait import choices
from portrait.engine.errors import ChoiceError, EngineError
from portrait.engine.motion.catalogue import MOTIONS_DIR
from portrait.engine.options import EngineOptions
from portrait.engine.request import PortraitRequest
from portrait.management.commands import add_style
from portrait.management.engine_command import EngineCommand
from portrait.management.terminal_language import terminal_language
from tests.common.test_errors_documented import documented
from tests.portrait.pictures import astronaut, encoded


def subclasses(kind: type[EngineError]) -> set[type[EngineError]]:
    return {kind}.union(*map(subclasses, kind.__subclasses__()))


def test_each_error_of_the_engine_ends_a_command_with_a_documented_code(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for error in subclasses(EngineError):
        fault = EngineError("it is so", code=error.code)

        class Failing(EngineCommand):
            def handle(self, *args: Any, raised: EngineError = fault, **options: Any) -> None:
                raise raised

        command = Failing(stderr=(said := StringIO()))
        with pytest.raises(SystemExit) as ended:
            command.run_from_argv(["manage.py", "failing"])
        assert ended.value.code == 2
        assert said.getvalue() == f"error: it is so [{error.code}]\n"
        assert error.code in documented()


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({"LANG": "ko_KR.UTF-8"}, "ko"),
        ({"LANG": "ko"}, "ko"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LC_ALL": "C.UTF-8", "LANG": "ko_KR.UTF-8"}, "en"),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:ko"}, "ko"),
        ({"LANG": "fr_FR@euro"}, "en"),
        ({}, "en"),
    ],
)
def test_the_terminals_language_is_that_of_its_locale(environment: dict[str, str], language: str) -> None:
    assert terminal_language(environment) == language


@pytest.mark.parametrize(
    ("locale", "words"),
    [("ko_KR.UTF-8", ("화풍:", "동작:", "별이 빛나는 밤")), ("C", ("Styles:", "The Starry Night"))],
)
def test_the_list_of_styles_speaks_it(
    monkeypatch: pytest.MonkeyPatch, locale: str, words: tuple[str, ...]
) -> None:
    monkeypatch.delenv("LANGUAGE", raising=False)
    monkeypatch.setenv("LC_ALL", locale)
    out = StringIO()
    call_command("portrait", list=True, stdout=out)
    assert all(word in out.getvalue() for word in words)


@pytest.fixture
def needs(tmp_path: Path) -> dict[str, Any]:
    """All that add_style needs."""
    picture = encoded(astronaut(), "JPEG")
    content = tmp_path / "photos"
    content.mkdir()
    for name in ("painting.jpg", "photos/a.jpg", "photos/b.jpg"):
        (tmp_path / name).write_bytes(picture)
    vgg = tmp_path / "vgg.safetensors"
    vgg.touch()
    image = tmp_path / "painting.jpg"
    return {"image": image, "name": "new", "content": content, "perceptual": str(vgg), "sheet": None}


PAINTER = EngineOptions().painter_file


def test_add_style_starts_with_what_it_needs(needs: dict[str, Any]) -> None:
    add_style.check_needs(needs, PAINTER)


def test_add_style_compares_with_the_network_beside_the_painter_and_says_where_it_is_missing(
    needs: dict[str, Any], tmp_path: Path
) -> None:
    needs["perceptual"] = None
    add_style.check_needs(needs, PAINTER)
    alone = tmp_path / PAINTER.name
    for file in (PAINTER, PAINTER.with_suffix(".yaml")):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    with pytest.raises(EngineError, match="painter-features"):
        add_style.check_needs(needs, alone)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"name": "Not A Slug"}, "bad_name"),
        ({"name": "udnie"}, "style_exists"),
        ({"image": Path("none.jpg")}, "training_data"),
        ({"content": Path("none")}, "training_data"),
        ({"perceptual": "none.safetensors"}, "bad_checkpoint"),
        ({"sheet": Path(__file__) / "sheet.png"}, "storage_unavailable"),
    ],
)
def test_what_add_style_lacks_is_said_before_it_starts(
    needs: dict[str, Any], wrong: dict[str, Any], code: str
) -> None:
    with pytest.raises(EngineError) as refused:
        add_style.check_needs({**needs, **wrong}, PAINTER)
    assert refused.value.code == code


def test_all_that_add_style_lacks_is_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError) as refused:
        call_command(
            "add_style", tmp_path / "none.jpg", "Not A Slug", content=tmp_path / "empty", perceptual="vgg"
        )
    assert all(word in str(refused.value) for word in ("none.jpg", "Not A Slug", "empty", "vgg"))


def test_a_new_motion_is_offered_without_a_restart_and_so_is_its_preview(
    client: APIClient, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    motions, previews = tmp_path / "motions", tmp_path / "previews"
    shutil.copytree(MOTIONS_DIR, motions)
    (previews / "motions").mkdir(parents=True)
    for module in ("portrait.choices", "portrait.preview_view"):
        monkeypatch.setattr(f"{module}.PREVIEWS_DIR", previews)
    options = EngineOptions(motions=motions)
    monkeypatch.setattr(choices, "engine_options", lambda: options)
    assert "wave" not in {motion.name for motion in choices.motions()}
    shutil.copy(motions / "nod.npz", motions / "wave.npz")
    (wave,) = (motion for motion in choices.motions() if motion.name == "wave")
    assert wave.preview is None
    picture = previews / "motions" / "wave.webp"
    picture.write_bytes(b"first")
    first = str(wave.preview)
    assert b"".join(client.get(first)) == b"first"
    picture.write_bytes(b"the second")
    os.utime(picture, ns=(1, 1))
    assert wave.preview != first
    assert b"".join(client.get(first)) == b"the second"
    assert client.get(first.replace("wave", "none")).status_code == 404
    (motions / "wave.npz").unlink()
    assert "wave" not in {motion.name for motion in choices.motions()}
    with pytest.raises(ChoiceError):
        choices.check_names(PortraitRequest(motion="wave"))
