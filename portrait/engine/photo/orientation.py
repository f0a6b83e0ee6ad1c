"""The EXIF orientation of an image (EXIF 2.32, tag 0x0112). XMP may have another one, which viewers ignore."""

from __future__ import annotations

from PIL import Image

_EXIF_ORIENTATION = 0x0112
_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright_transpose(exif: bytes | None) -> Image.Transpose | None:
    """The operation that turns an image with these EXIF data upright.

    None where it is upright, has no EXIF data, or they cannot be read.
    """
    if not exif:
        return None
    try:
        read = Image.Exif()
        read.load(exif)
        return _TRANSPOSES.get(int(read.get(_EXIF_ORIENTATION, 1)))
    except Exception:
        # Malformed EXIF is common (editors, messengers) and no reason to refuse the photo.
        return None
