"""From the bytes of a photo to the face in it."""

from portrait.engine.photo.decoding import read_photo

__all__ = ["read_photo"]
