"""Files that are refused: each with the code of the rule that it breaks, and no other exception."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from portrait.engine.errors import PhotoError
from portrait.engine.photo.decoding import MAX_BYTES, PhotoLimits, read_photo
from tests.portrait.pictures import (
    astronaut,
    encoded,
    png_chunk,
    png_that_claims,
    png_with_text_bomb,
    resized,
)

KINDS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF")


def refusal(file: bytes, limits: PhotoLimits | None = None) -> str:
    with pytest.raises(PhotoError) as caught:
        read_photo(file, limits=limits)
    assert "\n" not in caught.value.detail
    return caught.value.code


@cache
def small(kind: str) -> bytes:
    return encoded(resized(astronaut(), 96, 80), kind)


def test_nothing() -> None:
    assert refusal(b"") == "photo_empty"


def test_too_many_bytes() -> None:
    assert refusal(encoded(astronaut(), "JPEG") + b"\0" * MAX_BYTES) == "photo_too_large"


@pytest.mark.parametrize(
    "file", [b"\0" * 100, b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"%PDF-1.7\n", b"RIFF"]
)
def test_no_picture(file: bytes) -> None:
    assert refusal(file) == "photo_unsupported_format"


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "ICO", "PPM"])
def test_a_picture_of_another_format_never_reaches_its_decoder(kind: str) -> None:
    assert refusal(encoded(resized(astronaut(), 96, 80), kind)) == "photo_unsupported_format"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.05, 0.2])
def test_a_file_of_which_little_is_there(kind: str, part: float) -> None:
    file = encoded(astronaut(), kind)
    assert refusal(file[: int(len(file) * part)]) == "photo_unreadable"


@pytest.mark.parametrize("file", [b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"RIFF\4\0\0\0WEBPVP8 "])
def test_a_signature_and_no_more(file: bytes) -> None:
    assert refusal(file) == "photo_unreadable"


def test_a_small_file_that_claims_many_pixels_is_refused_by_its_header() -> None:
    assert refusal(png_that_claims(9000, 9000)) == "photo_too_many_pixels"
    assert refusal(png_that_claims(60_000, 60_000)) == "photo_too_many_pixels"
    assert refusal(png_that_claims(2**31 - 1, 2**31 - 1)) == "photo_too_many_pixels"


def test_a_side_too_long() -> None:
    assert refusal(png_that_claims(12_001, 2_001)) == "photo_too_many_pixels"


def test_png_and_webp_have_a_limit_of_their_own() -> None:
    limits = PhotoLimits(max_pixels=7000, max_pixels_unscaled=6000, min_side=8)
    picture = resized(astronaut(), 100, 65)
    assert refusal(encoded(picture, "PNG"), limits) == "photo_too_many_pixels"
    assert refusal(encoded(picture, "WEBP"), limits) == "photo_too_many_pixels"
    assert read_photo(encoded(picture, "JPEG"), limits=limits).shape == (65, 100, 3)


def test_too_small() -> None:
    assert refusal(encoded(resized(astronaut(), 63, 200), "JPEG")) == "photo_too_small"
    assert read_photo(encoded(resized(astronaut(), 64, 64), "JPEG")).shape == (64, 64, 3)


def test_too_elongated() -> None:
    assert refusal(encoded(resized(astronaut(), 100, 601), "JPEG")) == "photo_too_elongated"


def test_a_text_bomb_is_not_unpacked() -> None:
    file = png_with_text_bomb(resized(astronaut(), 96, 80))
    assert len(file) < 200_000
    assert read_photo(file).shape == (80, 96, 3)


@pytest.mark.parametrize("brand", [b"isom", b"qt  ", b"crx "])
def test_a_film_or_a_raw_photo_is_of_another_kind_not_damaged(brand: bytes) -> None:
    assert refusal(b"\0\0\0\x18ftyp" + brand + b"\0\0\0\0" + brand + b"mp42" + b"\0" * 200) == (
        "photo_unsupported_format"
    )


def test_a_heif_with_another_codec_is_of_another_kind_not_damaged() -> None:
    file = small("HEIF").replace(b"heic", b"mif1").replace(b"hvc1", b"j2k1")
    assert refusal(file) == "photo_unsupported_format"


def test_a_png_without_pixels() -> None:
    file = encoded(resized(astronaut(), 96, 80), "PNG")
    assert refusal(file[:33] + png_chunk(b"IEND", b"")) == "photo_unreadable"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif", [b"Exif\0\0", b"Exif\0\0MM\0*\xff\xff\xff\xff", b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\1" * 30]
)
def test_broken_exif_is_ignored(kind: str, exif: bytes) -> None:
    assert read_photo(encoded(astronaut(), kind, exif=exif)).shape == (512, 512, 3)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_broken_profile_is_ignored(kind: str) -> None:
    photo = read_photo(
        encoded(Image.new("RGB", (80, 80), (9, 90, 200)), kind, icc_profile=b"no profile" * 20)
    )
    assert np.abs(photo.astype(int) - [9, 90, 200]).max() < 6


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=60, deadline=None)
@given(part=st.floats(0, 1))
def test_any_truncation_gives_a_picture_or_a_refusal(kind: str, part: float) -> None:
    file = small(kind)
    assert_picture_or_refusal(file[: int(len(file) * part)])


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=120, deadline=None)
@given(
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=8)
)
def test_any_flipped_bytes_give_a_picture_or_a_refusal(kind: str, flips: list[tuple[float, int]]) -> None:
    file = bytearray(small(kind))
    for where, mask in flips:
        file[int(where * len(file))] ^= mask
    assert_picture_or_refusal(bytes(file))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=80, deadline=None)
@given(where=st.integers(0, 120), value=st.binary(min_size=1, max_size=8))
def test_any_header_gives_a_picture_or_a_refusal(kind: str, where: int, value: bytes) -> None:
    file = bytearray(small(kind))
    file[where : where + len(value)] = value
    assert_picture_or_refusal(bytes(file))


def assert_picture_or_refusal(file: bytes) -> None:
    try:
        photo = read_photo(file)
    except PhotoError as error:
        assert error.code.startswith("photo_")
    else:
        assert photo.dtype == np.uint8
        assert photo.ndim == 3
        assert photo.shape[2] == 3
