"""Reads a folder of face clips, the material from which the basis of facial motion is learned."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from PIL import Image

from portrait.engine.errors import MotionFileError
from portrait.engine.fomm import MotionModel
from portrait.engine.motion.basis import Basis, learn_basis
from portrait.motion_making.extract import detect

# The basis ships with the product, so the clips' licences have to allow that.
LICENCES = ("MIT", "Apache-2.0", "BSD", "CC0", "CC0 (repo)", "CC BY")


def learn_from_clips(folder: Path, model: MotionModel) -> Basis:
    """Learn a basis from all clips in ``folder`` whose licence allows it.

    ``folder`` holds ``index.tsv``, with the columns ``clip_id`` and ``repo_licence``, and for each clip a folder of
    face crops, JPEG, named in the order of time. Raises MotionFileError.
    """
    index = folder / "index.tsv"
    try:
        with index.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file, delimiter="\t"))
        names = [row["clip_id"] for row in rows if row["repo_licence"] in LICENCES]
        clips = []
        for name in names:
            paths = sorted((folder / name).glob("*.jpg"))
            frames = np.stack([np.asarray(Image.open(path).convert("RGB")) for path in paths])
            found = detect(frames, model)
            if found.jacobian is None:
                raise MotionFileError(index, "needs a model whose keypoints have Jacobians")
            clips.append((found.value.astype(np.float32), found.jacobian.astype(np.float32)))
    except (OSError, KeyError, ValueError) as error:
        raise MotionFileError(index, f"cannot be read as an index of face clips ({error})") from error
    if not clips:
        raise MotionFileError(index, f"names no clip under one of {', '.join(LICENCES)}")
    return learn_basis(clips)
