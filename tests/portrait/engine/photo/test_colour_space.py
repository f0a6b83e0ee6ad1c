"""A photo has the colours that its file means: CIEDE2000 below 2 on flat patches, whatever says the colour space."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms
from skimage.color import deltaE_ciede2000, rgb2lab

from portrait.engine.photo.colour import HDR_WHITE
from portrait.engine.photo.decoding import read_photo
from tests.paths import DATA
from tests.portrait.engine.photo.test_decoding import wide_profile
from tests.portrait.pictures import encoded, png_chunk

PHOTOS = DATA / "photos"
PATCHES = np.array(
    [
        (200, 60, 60),
        (60, 160, 70),
        (68, 79, 191),
        (240, 200, 60),
        (128, 128, 128),
        (30, 30, 30),
        (235, 235, 235),
    ],
    np.uint8,
)
SIDE = 32
# Linear sRGB to the linear values of other primaries, D65 (CSS Color 4 has these numbers).
TO_P3 = np.linalg.inv(
    [[1.2249402, -0.2249402, 0], [-0.0420570, 1.0420570, 0], [-0.0196376, -0.0786361, 1.0982736]]
)
TO_ADOBE = np.array([[0.7151627, 0.2848373, 0], [0, 1, 0], [0, 0.0411619, 0.9588381]])
ADOBE_CHRM = (31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000)
SRGB_CHRM = (31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)


def difference(photo: np.ndarray, wanted: np.ndarray = PATCHES) -> float:
    """The largest CIEDE2000 at the patches' centres."""
    seen = photo[SIDE, SIDE // 2 :: SIDE]
    return float(deltaE_ciede2000(rgb2lab(seen[None]), rgb2lab(wanted[None])).max())


def linear(values: np.ndarray = PATCHES) -> np.ndarray:
    signal = values / 255
    return np.where(signal <= 0.04045, signal / 12.92, ((signal + 0.055) / 1.055) ** 2.4)


def strip(values: np.ndarray) -> Image.Image:
    """Patches side by side, from values of 0 to 1."""
    eight = np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
    return Image.fromarray(np.repeat(np.repeat(eight[None], SIDE, 1), 2 * SIDE, 0))


def png(picture: Image.Image, *chunks: tuple[bytes, bytes]) -> bytes:
    file = encoded(picture, "PNG")
    return file[:33] + b"".join(png_chunk(kind, body) for kind, body in chunks) + file[33:]


def chrm(numbers: tuple[int, ...]) -> tuple[bytes, bytes]:
    return b"cHRM", struct.pack(">8I", *numbers)


def gama(value: int) -> tuple[bytes, bytes]:
    return b"gAMA", struct.pack(">I", value)


def srgb_signal(light: np.ndarray) -> np.ndarray:
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def hlg_signal() -> np.ndarray:
    """The patches at the HDR white, as BT.2100 encodes them for a display of 1000 cd/m2."""
    display = linear() * HDR_WHITE / 1000
    luminance = display @ [0.2126, 0.7152, 0.0722]
    scene = display * (luminance ** (1 / 1.2 - 1))[:, None]
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(scene <= 1 / 12, np.sqrt(3 * scene), a * np.log(np.maximum(12 * scene - b, 1e-9)) + c)


@pytest.mark.parametrize("name", ["hdr-pq-cicp.png", "hdr-pq.heic", "p3-cicp.png"])
def test_wide_colours_and_high_dynamic_range_are_shown_as_meant(name: str) -> None:
    photo = read_photo((PHOTOS / name).read_bytes())
    wanted = np.asarray(Image.open(PHOTOS / "colours-reference.png").convert("RGB"))
    patches = deltaE_ciede2000(rgb2lab(photo), rgb2lab(wanted))[125:145]
    assert patches.mean() < 2


def test_hlg_is_mapped_to_standard_range() -> None:
    assert difference(read_photo(png(strip(hlg_signal()), (b"cICP", bytes((1, 18, 0, 1)))))) < 2


def test_highlights_above_white_keep_their_order() -> None:
    grey = np.linspace(0.55, 1, 8)
    photo = read_photo(png(strip(np.repeat(grey[:, None], 3, 1)), (b"cICP", bytes((9, 16, 0, 1)))))
    seen = photo[SIDE, SIDE // 2 :: SIDE].astype(int)
    assert (seen.max(1) - seen.min(1) <= 1).all()  # grey stays grey
    assert (np.diff(seen[:, 0]) >= 0).all()
    assert seen[0, 0] < seen[3, 0] <= 255


@pytest.mark.parametrize(
    ("values", "gamma", "primaries"),
    [
        pytest.param((linear() @ TO_ADOBE.T) ** (1 / 2.2), 45455, ADOBE_CHRM, id="adobe"),
        pytest.param(linear() ** (1 / 1.8), 55556, SRGB_CHRM, id="1.8"),
        pytest.param(linear() ** (1 / 1.8), 55556, None, id="1.8 alone"),
        pytest.param(PATCHES / 255, 45455, SRGB_CHRM, id="sRGB as programs write it"),
    ],
)
def test_gamma_and_primaries_of_a_png(
    values: np.ndarray, gamma: int, primaries: tuple[int, ...] | None
) -> None:
    chunks = [gama(gamma)] + ([chrm(primaries)] if primaries else [])
    assert difference(read_photo(png(strip(values), *chunks))) < 2


def test_the_first_of_a_pngs_statements_decides() -> None:
    p3 = strip(srgb_signal(np.clip(linear() @ TO_P3.T, 0, 1)))
    cicp = (b"cICP", bytes((12, 13, 0, 1)))
    wrong = (b"iCCP", b"wrong\0\0" + zlib.compress(wide_profile()))
    assert difference(read_photo(png(p3, cicp, wrong, gama(100_000)))) < 2
    assert difference(read_photo(png(strip(PATCHES / 255), (b"sRGB", b"\0"), gama(100_000)))) == 0


def test_narrow_range_is_widened() -> None:
    values = (16 + PATCHES / 255 * 219) / 255
    assert difference(read_photo(png(strip(values), (b"cICP", bytes((1, 13, 0, 0)))))) < 2


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_nclx_is_followed(kind: str) -> None:
    p3 = strip(srgb_signal(np.clip(linear() @ TO_P3.T, 0, 1)))
    file = encoded(p3, kind, quality=100, subsampling="4:4:4", chroma=444)
    srgb, at = b"nclx\0\x01\0\x0d", file.index(b"nclx")
    assert file[at : at + 8] == srgb
    assert difference(read_photo(file.replace(srgb, b"nclx\0\x0c\0\x0d"))) < 2


def test_a_profile_comes_before_nclx() -> None:
    red = Image.new("RGB", (80, 80), (200, 60, 60))
    file = encoded(red, "HEIF", quality=100, icc_profile=wide_profile())
    assert read_photo(file)[..., 0].mean() > 215


def test_grey_with_transparency_keeps_its_profile() -> None:
    profile = grey_profile(1.0)
    grey = Image.new("LA", (80, 80), (55, 255))
    opaque = Image.new("L", (80, 80), 55)
    for picture in (grey, opaque):
        photo = read_photo(encoded(picture, "PNG", icc_profile=profile))
        assert abs(int(photo[0, 0, 0]) - 128) <= 3


def test_sixteen_bit_grey_keeps_its_profile() -> None:
    deep = Image.fromarray(np.full((80, 80), 55 * 257, np.uint16))
    assert abs(int(read_photo(encoded(deep, "PNG", icc_profile=grey_profile(1.0)))[0, 0, 0]) - 128) <= 3


def grey_profile(gamma: float) -> bytes:
    """A grey ICC profile (version 2) with a power law."""
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256)) + bytes(2)
    text = b"desc" + bytes(4) + struct.pack(">I", 5) + b"grey\0" + bytes(79)
    bodies = [(b"wtpt", white), (b"kTRC", curve), (b"desc", text)]
    offset, table, tail = 128 + 4 + 12 * len(bodies), b"", b""
    for name, body in bodies:
        table += name + struct.pack(">II", offset + len(tail), len(body))
        tail += body + bytes(-len(body) % 4)
    size = offset + len(tail)
    head = struct.pack(">I4sI4s4s4s", size, bytes(4), 0x02100000, b"mntr", b"GRAY", b"XYZ ") + bytes(12)
    head += b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    profile = head + struct.pack(">I", len(bodies)) + table + tail
    ImageCms.ImageCmsProfile(io.BytesIO(profile))
    return profile
