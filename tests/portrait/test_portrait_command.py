"""``manage.py portrait``: four files for a good photo, one line and exit status 2 for a bad one."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from portrait.engine.motion import motion_names
from portrait.engine.output.formats import FORMATS
from portrait.engine.style.catalogue import list_styles
from tests.paths import ROOT
from tests.portrait.pictures import astronaut, encoded
from tests.portrait.provenance import read_provenance


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "me.jpg"
    path.write_bytes(encoded(astronaut(), "JPEG"))
    return path


def portrait(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "manage.py"), "portrait", *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True)


def test_it_writes_all_files_beside_and_prints_them(photo: Path, tmp_path: Path) -> None:
    here = tmp_path / "here"
    here.mkdir()
    done = portrait(photo, "--style", "udnie", "--motion", "nod", "--size", "256", cwd=here)
    assert done.returncode == 0, done.stderr
    names = [row.file_name("me-portrait") for row in FORMATS]
    assert done.stdout.split() == names
    assert sorted(path.name for path in here.iterdir()) == sorted(names)
    assert all(read_provenance((here / name).read_bytes()) for name in names)


def test_the_live_portrait_alone_is_one_file(photo: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = portrait(photo, "--live", "--style", "udnie", "--seed", "4", "--size", "256", "-o", out)
    assert done.returncode == 0, done.stderr
    assert [path.name for path in out.iterdir()] == ["me-portrait.live"]
    assert zipfile.is_zipfile(out / "me-portrait.live")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"hello", "JPEG"),
        (encoded(np.full((300, 300, 3), 90, np.uint8), "JPEG"), "No face"),
    ],
)
def test_a_bad_photo_is_one_line_and_exit_status_2(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "bad.jpg"
    path.write_bytes(content)
    out = tmp_path / "out"
    done = portrait(path, "-o", out)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert words in done.stderr
    assert not out.exists()


def test_a_missing_photo_is_named_with_the_code_of_the_documentation(tmp_path: Path) -> None:
    done = portrait(tmp_path / "nobody.jpg")
    assert done.returncode == 2
    assert "nobody.jpg" in done.stderr
    assert done.stderr.endswith(" [photo_missing]\n")
    assert done.stderr.count("\n") == 1


def test_an_unknown_style_lists_the_known_ones(photo: Path, tmp_path: Path) -> None:
    done = portrait(photo, "-o", tmp_path / "out", "--style", "finger-paint")
    assert done.returncode == 2
    assert "finger-paint" in done.stderr
    assert "starry-night" in done.stderr


def test_a_strength_out_of_range_is_refused_before_any_work(photo: Path, tmp_path: Path) -> None:
    done = portrait(photo, "-o", tmp_path / "out", "--strength", "1.6")
    assert done.returncode == 2
    assert (
        done.stderr == "error: the strength of a motion is a number from 0.5 to 1.5, not 1.6 [bad_strength]\n"
    )


def test_another_size_lists_the_known_ones(photo: Path, tmp_path: Path) -> None:
    done = portrait(photo, "-o", tmp_path / "out", "--size", "300")
    assert done.returncode == 2
    assert done.stderr == "error: there is no size 300; choose one of 256, 384, 512, 640, 768 [bad_size]\n"


def test_a_stronger_motion_is_another_film(photo: Path, tmp_path: Path) -> None:
    films = []
    for strength in ("0.5", "1.5"):
        folder = tmp_path / strength
        choices = ("--style", list_styles()[0].slug, "--motion", "nod", "--size", "256")
        done = portrait(photo, "-o", folder, *choices, "--strength", strength)
        assert done.returncode == 0, done.stderr
        films.append(iio.imread(folder / "me-portrait.webp", index=...).astype(int))  # type: ignore[arg-type]
    weak, strong = (np.abs(film - film[0]).mean() for film in films)
    np.testing.assert_array_equal(films[0][0], films[1][0])
    assert strong > 1.3 * weak > 0


def test_files_that_are_there_are_kept(photo: Path, tmp_path: Path) -> None:
    kept = tmp_path / "me-portrait.gif"
    kept.write_bytes(b"mine")
    done = portrait(photo, "-o", tmp_path)
    assert done.returncode == 2
    assert "--force" in done.stderr
    assert kept.read_bytes() == b"mine"


def test_it_lists_styles_and_motions() -> None:
    done = portrait("--list")
    assert done.returncode == 0
    for name in ("starry-night", *motion_names()):
        assert name in done.stdout
