"""Which decoder a file needs, by its first bytes; the name of the file does not matter."""

from __future__ import annotations

from functools import cache

from PIL import features

from portrait.engine.errors import PhotoError
from portrait.engine.photo.isobmff import Container

JPEG, PNG, WEBP, HEIF, AVIF = "JPEG", "PNG", "WEBP", "HEIF", "AVIF"

_HEIF_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
_AVIF_BRANDS = {b"avif", b"avis"}


def kind_of(data: bytes, container: Container | None) -> str:
    """The Pillow format. Raises PhotoError ``photo_unsupported_format`` for what has no decoder here."""
    kind = None
    if data.startswith(b"\xff\xd8\xff"):
        kind = JPEG
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        kind = PNG
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        kind = WEBP
    elif container is not None:
        kind = _coded_by(container)
    if kind is None or (kind == HEIF and not heif_is_readable()) or (kind == AVIF and not avif_is_readable()):
        raise PhotoError(f"The file is not {accepted_formats()}.", code="photo_unsupported_format")
    return kind


def _coded_by(container: Container) -> str | None:
    """The codec of the pictures inside decides; where the file does not tell it, a brand."""
    if b"hvc1" in container.codecs:
        return HEIF
    if b"av01" in container.codecs:
        return AVIF
    if container.codecs & {b"jpeg", b"avc1", b"vvc1", b"j2k1", b"unci", b"evc1"}:
        return None
    if _HEIF_BRANDS & set(container.brands):
        return HEIF
    return AVIF if _AVIF_BRANDS & set(container.brands) else None


def with_known_brand(data: bytes, kind: str) -> bytes:
    """The file with a major brand that its decoder looks for; it may only be among the compatible ones.

    An animated AVIF becomes one with a single picture.
    """
    if data[8:12] == b"avif" if kind == AVIF else data[8:12] in _HEIF_BRANDS:
        return data
    return data[:8] + (b"avif" if kind == AVIF else b"heic") + data[12:]


def accepted_formats() -> str:
    """The formats that can be decoded here, for messages."""
    more = ["HEIC"] * heif_is_readable() + ["AVIF"] * avif_is_readable()
    names = ["JPEG", "PNG", "WebP", *more]
    return f"a {', '.join(names[:-1])} or {names[-1]} picture"


@cache
def avif_is_readable() -> bool:
    if not features.check("avif"):
        return False
    from PIL import AvifImagePlugin

    # Each thread of the decoder has buffers of its own.
    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    return True


@cache
def heif_is_readable() -> bool:
    try:
        import pillow_heif
    except ImportError:
        return False
    # Thumbnails, depth and auxiliary images are not decoded: less code is exposed to untrusted data.
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
    return True
