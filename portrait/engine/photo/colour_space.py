"""Which colour space is this? One answer for all formats: an ICC profile, or primaries and a transfer function.

The numbers are those of ITU-T H.273, as in HEIF's ``nclx``, in PNG's ``cICP`` and in ICC's ``cicp`` tag.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from portrait.engine.photo.isobmff import Container
from portrait.engine.photo.png_chunks import PngFile

# x and y of red, green, blue and white.
Primaries = tuple[float, float, float, float, float, float, float, float]

_D65 = (0.3127, 0.3290)
SRGB_PRIMARIES: Primaries = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_PRIMARIES: dict[int, Primaries] = {
    1: SRGB_PRIMARIES,
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    8: (0.681, 0.319, 0.243, 0.692, 0.145, 0.049, 0.310, 0.316),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
    22: (0.630, 0.340, 0.295, 0.605, 0.155, 0.077, *_D65),
}

# Transfer functions: the exponent of a power law, or one of these names.
SRGB, PQ, HLG = "srgb", "pq", "hlg"
Transfer = str | float
# Those of television (1, 6, 14, 15) are what viewers show as sRGB.
_TRANSFERS: dict[int, Transfer] = {
    1: SRGB, 4: 2.2, 5: 2.8, 6: SRGB, 8: 1.0, 13: SRGB, 14: SRGB, 15: SRGB, 16: PQ, 18: HLG,
}  # fmt: skip
_HDR = (PQ, HLG)


@dataclass(frozen=True)
class ColourSpace:
    """``profile``: ICC, which decides where there is one. ``narrow``: black is 16 and white 235."""

    profile: bytes | None = None
    primaries: Primaries = SRGB_PRIMARIES
    transfer: Transfer = SRGB
    narrow: bool = False

    @property
    def is_hdr(self) -> bool:
        """High dynamic range."""
        return self.transfer in _HDR

    @property
    def is_srgb(self) -> bool:
        return self == ColourSpace()


def colour_space(
    profile: bytes | None = None, png: PngFile | None = None, container: Container | None = None
) -> ColourSpace:
    """The colour space of a picture, from its ICC profile and from what its PNG or HEIF file says; without: sRGB.

    In a PNG the first of ``cICP``, ``iCCP``, ``sRGB``, ``gAMA`` with ``cHRM`` decides. In the others a profile is
    followed, unless the file says beside it that its values are those of a high dynamic range.
    """
    if png is not None:
        return _of_png(png)
    if container is not None and container.nclx is not None:
        space = _of_numbers(*container.nclx[:2])
        if not profile or space.is_hdr:
            return space
    return _of_profile(profile)


def _of_numbers(primaries: int, transfer: int, *, narrow: bool = False) -> ColourSpace:
    """The numbers of H.273; unknown and unspecified ones are those of sRGB."""
    return ColourSpace(
        None, _PRIMARIES.get(primaries, SRGB_PRIMARIES), _TRANSFERS.get(transfer, SRGB), narrow=narrow
    )


def _of_profile(profile: bytes | None) -> ColourSpace:
    """A profile for PQ or HLG says so in a tag of its own; its curves end at a white that is too bright."""
    if not profile:
        return ColourSpace()
    numbers = _cicp_tag(profile)
    space = _of_numbers(*numbers) if numbers else ColourSpace()
    return space if space.is_hdr else ColourSpace(profile)


def _cicp_tag(profile: bytes) -> tuple[int, int] | None:
    try:
        (tags,) = struct.unpack_from(">I", profile, 128)
        for index in range(min(tags, 100)):
            name, offset, _ = struct.unpack_from(">4sII", profile, 132 + 12 * index)
            if name == b"cicp" and profile[offset : offset + 4] == b"cicp":
                return profile[offset + 8], profile[offset + 9]
    except (struct.error, IndexError):
        pass  # a damaged profile, which the conversion refuses
    return None


def _of_png(png: PngFile) -> ColourSpace:
    chunks = png.colour
    cicp = chunks.get(b"cICP", b"")
    if len(cicp) == 4 and cicp[0] in _PRIMARIES and cicp[1] in _TRANSFERS and cicp[2] == 0:
        return _of_numbers(cicp[0], cicp[1], narrow=cicp[3] == 0)
    if profile := png.profile:
        return _of_profile(profile)
    if b"sRGB" in chunks:
        return ColourSpace()
    return _of_gamma(chunks.get(b"gAMA", b""), chunks.get(b"cHRM", b""))


def _of_gamma(gamma: bytes, chromaticities: bytes) -> ColourSpace:
    primaries, transfer = SRGB_PRIMARIES, SRGB
    if len(chromaticities) == 32:
        white_x, white_y, *rest = (number / 100_000 for number in struct.unpack(">8I", chromaticities))
        found = (*rest, white_x, white_y)
        if _are_usable(found) and max(abs(a - b) for a, b in zip(found, SRGB_PRIMARIES, strict=True)) > 0.002:
            primaries = found
    value: Transfer = transfer
    if len(gamma) == 4 and 10_000 <= (number := int.from_bytes(gamma, "big")) <= 200_000:
        value = 100_000 / number
        # Programs write this value for sRGB, beside its primaries or without any.
        if primaries == SRGB_PRIMARIES and abs(number - 45_455) <= 1_000:
            value = SRGB
    return ColourSpace(None, primaries, value)


def _are_usable(primaries: tuple[float, ...]) -> bool:
    """Whether the colours span a triangle with a white."""
    red_x, red_y, green_x, green_y, blue_x, blue_y, _, white_y = primaries
    area = (green_x - red_x) * (blue_y - red_y) - (blue_x - red_x) * (green_y - red_y)
    return abs(area) > 0.01 and min(red_y, green_y, white_y) > 0.01 and blue_y > 0.001 and max(primaries) <= 1
