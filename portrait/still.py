"""The still, cropped photo that stands in for the portrait while it is being made."""

from __future__ import annotations

import threading
from dataclasses import replace

import numpy as np
from PIL import Image

from portrait.engine.errors import NoFaceError
from portrait.engine.photo.face import crop_face, find_face
from portrait.engine.photo.reading import Picture, centre_square, clean_jpeg

# Sharp on the student card of a dense display.
STILL_SIDE = 512
# The face is looked for in a small copy: a tenth of a second, and less than one where there is none.
SEARCH_SIDE = 480

# dlib's detector keeps its pyramid between calls, so that two threads of a web server must take turns.
_detector = threading.Lock()


def still_jpeg(picture: Picture) -> bytes:
    """A square JPEG of uint8 (H, W, 3), RGB: the face where one is found quickly, the middle otherwise.

    Finding none says nothing about the portrait: the engine looks longer and, with the right weights, better.
    """
    longest = max(picture.shape[:2])
    scale = min(1.0, SEARCH_SIDE / longest)
    small = Image.fromarray(picture)
    small.thumbnail((SEARCH_SIDE, SEARCH_SIDE), Image.Resampling.BILINEAR, reducing_gap=2.0)
    try:
        with _detector:
            face = find_face(np.array(small, dtype=np.uint8))
    except NoFaceError:
        return clean_jpeg(centre_square(picture, STILL_SIDE))
    face = replace(
        face, centre_x=face.centre_x / scale, centre_y=face.centre_y / scale, height=face.height / scale
    )
    return clean_jpeg(crop_face(picture, face, STILL_SIDE))
