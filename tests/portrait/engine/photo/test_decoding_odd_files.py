"""What viewers show is read: files without their end, with much beside the picture, or with unusual containers."""

from __future__ import annotations

import io
import time
import zlib

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from portrait.engine.errors import PhotoError
from portrait.engine.photo.av1_size import coded_sizes
from portrait.engine.photo.decoding import read_photo
from portrait.engine.photo.isobmff import read_container
from portrait.engine.photo.png_chunks import MAX_PROFILE
from tests.paths import DATA
from tests.portrait.pictures import astronaut, encoded, exif_orientation, png_chunk, resized

PHOTOS = DATA / "photos"
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
    b'<rdf:Description xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>'
)


def difference(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b).mean())


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_jpeg_without_its_last_bytes(mode: str, progressive: bool) -> None:
    file = encoded(Image.fromarray(astronaut()).convert(mode), "JPEG", progressive=progressive)
    whole = read_photo(file)
    assert np.array_equal(read_photo(file[:-2]), whole)
    assert difference(read_photo(file[:-200])[:448], whole[:448]) < 6
    assert np.array_equal(read_photo(file + b"\0\0a trailer"), whole)


def test_the_missing_rows_of_a_jpeg_are_grey() -> None:
    file = encoded(astronaut(), "JPEG")
    photo = read_photo(file[: int(len(file) * 0.75)])
    assert (photo[-8:] == 128).all()
    assert np.array_equal(photo[:256], read_photo(file)[:256])


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P"])
def test_a_png_without_its_end(mode: str) -> None:
    file = encoded(Image.fromarray(astronaut()).convert(mode), "PNG")
    whole = read_photo(file)
    assert np.array_equal(read_photo(file[:-12]), whole)  # no IEND
    part = read_photo(file[: int(len(file) * 0.8)])
    assert np.array_equal(part[:300], whole[:300])
    assert (part[-8:] == 128).all()


def test_a_webp_without_its_last_byte() -> None:
    file = encoded(astronaut(), "WEBP")
    assert difference(read_photo(file[:-1]), astronaut()) < 4


@pytest.mark.parametrize("lossless", [False, True])
def test_a_webp_that_is_cut_short_keeps_the_rows_that_are_there(lossless: bool) -> None:
    file = encoded(astronaut(), "WEBP", lossless=lossless)
    part = read_photo(file[: int(len(file) * 0.8)])
    assert difference(part[:350], astronaut()[:350]) < 4
    with pytest.raises(PhotoError) as refused:
        read_photo(file[: int(len(file) * 0.4)])
    assert refused.value.code == "photo_unreadable"


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt", b"tEXt", b"iCCP", b"eXIf", b"prVt"])
def test_large_and_damaged_chunks_beside_the_picture_are_skipped(kind: bytes) -> None:
    file = encoded(resized(astronaut(), 96, 80), "PNG")
    packed = zlib.compress(bytes(2 * MAX_PROFILE))
    bodies = {
        b"zTXt": b"Comment\0\0" + packed,
        b"iTXt": b"Comment\0\1\0\0\0" + packed,
        b"tEXt": b"Comment\0" + b"a" * 2_000_000,
        b"iCCP": b"profile\0\0" + packed,
    }
    chunk = png_chunk(kind, bodies.get(kind, b"?" * 40))
    wrong_sum = chunk[:-1] + bytes([chunk[-1] ^ 1])
    for extra in (chunk, wrong_sum, chunk * 3):
        assert np.array_equal(read_photo(file[:33] + extra + file[33:]), read_photo(file))


def test_a_jpeg_with_many_large_segments() -> None:
    file = encoded(resized(astronaut(), 96, 80), "JPEG")
    segments = b"".join(
        b"\xff" + marker + b"\xff\xff" + start + bytes(65533 - len(start))
        for marker, start in [(b"\xe1", b"http://ns.adobe.com/xap/1.0/\0"), (b"\xe2", b"ICC_PROFILE\0\1\xff")]
        * 20
        + [(b"\xed", b"Photoshop 3.0\x008BIM"), (b"\xe2", b"MPF\0"), (b"\xfe", b"comment")]
    )
    assert np.array_equal(read_photo(file[:2] + segments + file[2:]), read_photo(file))


def test_avif_is_read() -> None:
    file = encoded(astronaut(), "AVIF")
    assert difference(read_photo(file), astronaut()) < 5
    assert difference(read_photo(file.replace(b"ftypavif", b"ftypmiaf", 1)), astronaut()) < 5
    assert read_photo((PHOTOS / "photo-mif1.avif").read_bytes()).shape == (384, 384, 3)


def test_a_heic_is_known_by_its_codec_not_by_its_first_brand() -> None:
    file = encoded(astronaut(), "HEIF")
    for brand in (b"mif1", b"miaf", b"avif"):
        assert difference(read_photo(file.replace(b"ftypheic", b"ftyp" + brand, 1)), astronaut()) < 4


@pytest.mark.parametrize(("coded", "stated"), [(64, 9000), (5000, 640)])
def test_an_avif_with_too_many_pixels_is_refused_by_its_headers(coded: int, stated: int) -> None:
    file = encoded(Image.new("RGB", (coded, coded)), "AVIF", speed=10)
    size = coded.to_bytes(4, "big") * 2
    assert file.count(size) == 1
    assert len(file) < 3000
    with pytest.raises(PhotoError) as caught:
        read_photo(file.replace(size, stated.to_bytes(4, "big") * 2))
    assert caught.value.code == "photo_too_many_pixels"


def test_the_coded_size_of_an_avif() -> None:
    for options in ({}, {"save_all": True, "append_images": [Image.new("RGB", (300, 200), "red")]}):
        file = encoded(Image.new("RGB", (300, 200)), "AVIF", **options)
        container = read_container(file)
        assert container is not None
        (((start, end),),) = container.frames
        assert coded_sizes(file[start:end]) == [(300, 200)]


def test_what_hides_the_coded_size_is_refused_soon() -> None:
    file = encoded(Image.new("RGB", (640, 480)), "AVIF")
    iloc = file.index(b"iloc")
    assert file[iloc + 4] == 0
    endless = file[: iloc + 8] + bytes(2) + b"\xff\xff" + bytes(6) + b"\xff\xff" * 5000
    container = read_container(file)
    assert container is not None
    (((start, end),),) = container.frames
    no_header = bytearray(file)
    no_header[start:end] = b"\x12\0" * ((end - start) // 2) + bytes((end - start) % 2)
    chunks = encoded(resized(astronaut(), 96, 80), "PNG")
    many = chunks[:33] + png_chunk(b"teSt", b"") * 400_000 + chunks[33:]
    begin = time.process_time()
    for hostile in (endless, bytes(no_header), many):
        with pytest.raises(PhotoError) as caught:
            read_photo(hostile)
        assert caught.value.code in ("photo_unreadable", "photo_unsupported_format")
    assert time.process_time() - begin < 1


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
@pytest.mark.parametrize("orientation", [2, 3, 4, 5, 6, 7, 8])
def test_the_containers_own_turn_is_applied_once(kind: str, orientation: int) -> None:
    # Pillow and pillow-heif write irot and imir for this, and keep the EXIF data.
    stored = astronaut()[:, 100:400]
    photo = read_photo(encoded(np.ascontiguousarray(stored), kind, exif=exif_orientation(orientation)))
    plain = read_photo(encoded(np.ascontiguousarray(stored), "PNG", exif=exif_orientation(orientation)))
    assert difference(photo, plain) < 5


def test_exif_turns_a_heic_that_does_not_turn_itself() -> None:
    file = (PHOTOS / "heic-exif6-noirot.heic").read_bytes()
    stored = np.asarray(pillow_heif.open_heif(io.BytesIO(file)))
    assert np.array_equal(read_photo(file), np.rot90(stored, -1))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_xmp_turns_nothing(kind: str) -> None:
    wide = np.ascontiguousarray(astronaut()[100:400])
    assert read_photo(encoded(wide, kind, xmp=XMP)).shape == (300, 512, 3)
