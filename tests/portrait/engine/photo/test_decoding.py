"""A decoded photo has the right pixels, upright and in sRGB, and no metadata."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from portrait.engine.photo.decoding import PhotoLimits, read_photo
from portrait.engine.photo.picture import Picture, centre_square, clean_jpeg
from tests.portrait.pictures import astronaut, encoded, exif_orientation, resized


def difference(a: Picture, b: Picture) -> float:
    """Mean absolute difference in grey levels."""
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b).mean())


@pytest.mark.parametrize(("kind", "tolerance"), [("PNG", 0), ("JPEG", 4), ("WEBP", 4), ("HEIF", 4)])
def test_it_reads_each_format(kind: str, tolerance: float) -> None:
    photo = read_photo(encoded(astronaut(), kind))
    assert photo.dtype == np.uint8
    assert difference(photo, astronaut()) <= tolerance


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_grey_becomes_three_equal_channels(kind: str) -> None:
    grey = Image.fromarray(astronaut()).convert("L")
    photo = read_photo(encoded(grey, kind))
    assert np.abs(photo.max(2).astype(int) - photo.min(2)).max() <= 2  # WebP has no grey of its own
    assert difference(photo[..., 0], np.asarray(grey)) < 4


def test_16_bit_grey_keeps_its_range() -> None:
    grey = np.asarray(Image.fromarray(astronaut()).convert("L"))
    photo = read_photo(encoded(Image.fromarray(grey.astype(np.uint16) * 257), "PNG"))
    assert np.array_equal(photo[..., 0], grey)


def test_cmyk_is_not_inverted() -> None:
    photo = read_photo(encoded(Image.fromarray(astronaut()).convert("CMYK"), "JPEG", quality=95))
    assert difference(photo, astronaut()) < 4


def test_a_palette_gives_its_colours() -> None:
    palette = Image.fromarray(astronaut()).quantize(256)
    assert np.array_equal(read_photo(encoded(palette, "PNG")), np.asarray(palette.convert("RGB")))


def test_one_bit_gives_black_and_white() -> None:
    photo = read_photo(encoded(Image.fromarray(astronaut()).convert("1"), "PNG"))
    assert set(np.unique(photo)) == {0, 255}


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_alpha_is_composited_over_white(mode: str, kind: str) -> None:
    image = Image.new(mode, (80, 80), 0)  # black, and all of it transparent
    assert (read_photo(encoded(image, kind, lossless=True)) == 255).all()


def test_half_transparent_is_half_white() -> None:
    image = Image.new("RGBA", (80, 80), (200, 0, 100, 128))
    expected = np.array([200, 0, 100]) * 128 / 255 + 255 * 127 / 255
    assert np.abs(read_photo(encoded(image, "PNG")) - expected).max() <= 1


def test_a_transparent_palette_entry_is_white() -> None:
    image = Image.new("P", (80, 80), 1)
    image.putpalette([10, 20, 30, 200, 0, 0])
    image.paste(0, (0, 0, 40, 80))
    photo = read_photo(encoded(image, "PNG", transparency=1))
    assert (photo[:, :40] == [10, 20, 30]).all()
    assert (photo[:, 40:] == 255).all()


def test_a_transparent_colour_is_white() -> None:
    image = Image.new("RGB", (80, 80), (1, 2, 3))
    image.paste((9, 9, 9), (0, 0, 40, 80))
    photo = read_photo(encoded(image, "PNG", transparency=(1, 2, 3)))
    assert (photo[:, :40] == 9).all()
    assert (photo[:, 40:] == 255).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_applied(kind: str, orientation: int) -> None:
    upright = astronaut()[:, 100:400]
    # Stored with the inverse of the operation that the tag asks for.
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.transpose(1, 0, 2),
        6: np.rot90(upright, 1),
        7: upright[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(upright, -1),
    }[orientation]
    photo = read_photo(encoded(np.ascontiguousarray(stored), kind, exif=exif_orientation(orientation)))
    assert difference(photo, upright) < 4


def test_an_embedded_profile_is_converted_to_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    red = Image.new("RGB", (80, 80), (200, 30, 40))
    assert np.abs(read_photo(encoded(red, "PNG", icc_profile=srgb.tobytes())) - [200, 30, 40]).max() <= 1
    # A Lab profile does not fit an RGB file: it is ignored.
    assert (read_photo(encoded(red, "PNG", icc_profile=lab.tobytes())) == [200, 30, 40]).all()


def test_a_wide_gamut_photo_keeps_its_saturation() -> None:
    photo = read_photo(encoded(Image.new("RGB", (80, 80), (200, 60, 60)), "JPEG", icc_profile=wide_profile()))
    assert photo[..., 0].mean() > 215  # the wider gamut's red has a larger value in sRGB


def wide_profile() -> bytes:
    """An ICC profile with Display P3's red, made from the sRGB one by replacing its red and green columns."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    columns = {
        b"rXYZ": (0.5151, 0.2412, -0.0011),
        b"gXYZ": (0.2920, 0.6922, 0.0419),
        b"bXYZ": (0.1571, 0.0666, 0.7841),
    }
    for index in range(int.from_bytes(profile[128:132], "big")):
        entry = 132 + 12 * index
        name = bytes(profile[entry : entry + 4])
        if name in columns:
            offset = int.from_bytes(profile[entry + 4 : entry + 8], "big") + 8
            for number in columns[name]:
                profile[offset : offset + 4] = round(number * 65536).to_bytes(4, "big", signed=True)
                offset += 4
    return bytes(profile)


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_an_animation_gives_its_first_frame(kind: str) -> None:
    frames = [Image.new("RGB", (80, 80), colour) for colour in ((250, 0, 0), (0, 250, 0), (0, 0, 250))]
    photo = read_photo(encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True))
    assert (photo == [250, 0, 0]).all()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_large_photo_is_reduced_with_its_aspect_ratio(kind: str) -> None:
    big = resized(astronaut(), 1200, 900)
    photo = read_photo(encoded(big, kind), limits=PhotoLimits(working_side=500))
    height, width, _ = photo.shape
    assert 375 <= width <= 500
    assert abs(width * 900 - height * 1200) <= 1200
    assert difference(photo, resized(astronaut(), width, height)) < 6


def test_a_reduced_photo_is_upright() -> None:
    file = encoded(np.rot90(resized(astronaut(), 900, 1200)), "JPEG", exif=exif_orientation(6))
    photo = read_photo(file, limits=PhotoLimits(working_side=600))
    assert photo.shape[0] > photo.shape[1]
    assert difference(photo, resized(astronaut(), photo.shape[1], photo.shape[0])) < 6


def test_the_stored_jpeg_has_no_metadata() -> None:
    exif = Image.Exif()
    exif[0x010F] = "A phone that tells"
    exif[0x0112] = 6
    file = encoded(astronaut(), "JPEG", exif=exif.tobytes(), comment=b"tells")
    stored = clean_jpeg(read_photo(file))
    with Image.open(io.BytesIO(stored)) as image:
        assert image.format == "JPEG"
        assert not image.getexif()
        assert not {"exif", "icc_profile", "comment", "xmp"} & set(image.info)
    assert b"tells" not in stored


def test_the_stored_jpeg_is_reduced() -> None:
    stored = clean_jpeg(resized(astronaut(), 900, 600), max_side=300)
    assert read_photo(stored).shape == (200, 300, 3)


def test_the_centre_square_keeps_the_aspect_ratio() -> None:
    photo = np.zeros((100, 300, 3), np.uint8)
    photo[:, 100:200] = 255
    square = centre_square(photo, 64)
    assert square.shape == (64, 64, 3)
    assert (square == 255).all()
    assert (centre_square(photo.transpose(1, 0, 2), 64) == 255).all()
