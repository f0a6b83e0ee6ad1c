"""Every file states that it was generated, in metadata and with a visible mark, and can still be decoded."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
from pathlib import Path

import imageio_ffmpeg
import numpy as np
import pytest
from PIL import Image

from portrait.engine.output.ai_mark import stamp
from portrait.engine.output.formats import FORMATS
from portrait.engine.output.provenance import CREATOR_TOOL, TRAINED_ALGORITHMIC_MEDIA, with_provenance
from tests.portrait.engine.output.test_encode import clip, moving, played
from tests.portrait.pictures import encoded
from tests.portrait.provenance import Provenance, read_provenance

KINDS = ("webp", "avif", "gif", "mp4", "poster", "tile")
STATEMENT = Provenance(TRAINED_ALGORITHMIC_MEDIA, CREATOR_TOOL)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_states_its_provenance(kind: str) -> None:
    file = clip().files[kind]
    assert read_provenance(file) is None
    assert read_provenance(with_provenance(file)) == STATEMENT


def test_the_statement_is_the_iptc_uri() -> None:
    # Other programs compare the URI literally.
    uri = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
    assert uri.encode() in with_provenance(clip().files["webp"])


@pytest.mark.parametrize("kind", ["webp", "avif", "gif", "tile"])
def test_an_animation_still_plays(kind: str) -> None:
    before, after = played(clip().files[kind]), played(with_provenance(clip().files[kind]))
    assert np.array_equal(before[0], after[0])
    assert before[1] == after[1]


@pytest.mark.parametrize("options", [{}, {"exif": b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0"}])
def test_a_jpeg_states_its_provenance_and_still_opens(options: dict[str, bytes]) -> None:
    file = encoded(moving(30)[0], "JPEG", **options)
    assert read_provenance(file) is None
    stated = with_provenance(file)
    assert read_provenance(stated) == STATEMENT
    with Image.open(io.BytesIO(file)) as before, Image.open(io.BytesIO(stated)) as after:
        assert "xmp" in after.info and after.getexif() == before.getexif()
        assert np.array_equal(np.array(before), np.array(after))


def test_a_poster_still_opens() -> None:
    with Image.open(io.BytesIO(with_provenance(clip().files["poster"]))) as image:
        assert np.array_equal(np.array(image), moving(30)[0])


@pytest.mark.parametrize("kind", KINDS)
def test_ffmpeg_decodes_the_same_frames(kind: str, tmp_path: Path) -> None:
    def checksums(file: bytes) -> str:
        path = tmp_path / "file"
        path.write_bytes(file)
        command = [
            imageio_ffmpeg.get_ffmpeg_exe(),
            "-v",
            "error",
            "-i",
            str(path),
            "-map",
            "0",
            "-f",
            "framemd5",
            "-",
        ]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        return done.stdout

    file = clip().files[kind]
    assert checksums(file).count("\n") >= {"poster": 1, "gif": 15, "tile": 10}.get(kind, 30)
    assert checksums(with_provenance(file)) == checksums(file)


def test_the_webp_header_announces_the_packet() -> None:
    file = with_provenance(clip().files["webp"])
    assert file[20] & 0x04
    assert int.from_bytes(file[4:8], "little") == len(file) - 8
    with Image.open(io.BytesIO(file)) as image:
        assert TRAINED_ALGORITHMIC_MEDIA.encode() in image.info["xmp"]


@pytest.mark.parametrize("kind", ["TIFF", "BMP", "WEBP"])
def test_other_formats_are_refused(kind: str) -> None:
    # A WebP of a single image is in the simple format, which cannot contain XMP.
    with pytest.raises(ValueError, match="carry"):
        with_provenance(encoded(np.zeros((16, 16, 3), np.uint8), kind))


def test_other_files_state_nothing() -> None:
    assert read_provenance(b"") is None
    assert read_provenance(encoded(np.zeros((16, 16, 3), np.uint8), "JPEG")) is None


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("kind", KINDS)
def test_exiftool_reads_it_and_finds_no_fault(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"portrait.{ {row.name: row.suffix for row in FORMATS}[kind] }"
    path.write_bytes(with_provenance(clip().files[kind]))
    command = ["exiftool", "-json", "-validate", "-warning", "-XMP:all", str(path)]
    (tags,) = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    # Newer versions of exiftool show the vocabulary's term for the URI.
    assert tags["DigitalSourceType"] in (TRAINED_ALGORITHMIC_MEDIA, "Trained Algorithmic Media")
    assert tags["CreatorTool"] == CREATOR_TOOL
    assert tags["Validate"] == "OK"


@pytest.mark.parametrize("shade", [0, 90, 180, 255])
@pytest.mark.parametrize("side", [128, 256, 512])
def test_the_mark_is_legible_on_any_background(shade: int, side: int) -> None:
    plain = np.full((1, side, side, 3), shade, np.uint8)
    change = stamp(plain)[0].astype(int)
    rows, columns = np.nonzero((change != shade).any(2))
    mark = change[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1].mean(2)
    assert np.ptp(mark) > 80
    # Small, and in the lower right corner.
    assert mark.shape[0] <= max(9, side / 12)
    assert mark.shape[1] <= max(20, side / 7)
    assert rows.min() > 0.85 * side
    assert columns.min() > 0.8 * side
    assert rows.max() < side - 1
    assert columns.max() < side - 1


def test_the_mark_is_static_and_changes_no_other_pixels() -> None:
    frames = np.repeat(np.random.default_rng(1).integers(0, 256, (1, 128, 128, 3), dtype=np.uint8), 5, axis=0)
    original = frames.copy()
    marked = stamp(frames)
    assert np.array_equal(frames, original)
    assert (marked == marked[0]).all()
    assert np.array_equal(marked[:, :100], frames[:, :100])
    assert np.array_equal(marked[:, :, :90], frames[:, :, :90])
