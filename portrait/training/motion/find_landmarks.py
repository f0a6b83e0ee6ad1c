"""``python find_landmarks.py DIR``: detects the face landmarks of all clips of a folder, as ``landmarks.npz`` in it.

A standalone script for an environment with ``mediapipe==0.10.14``, which requires older versions of the project's
dependencies, and numpy; mediapipe's wheel contains its models. Each clip is a folder of frames or a video. For each,
the file has a float16 array (T, 468, 2): MediaPipe's face mesh in pixels of a frame of 256, nan without a face.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np

PICTURES = {".jpg", ".jpeg", ".png", ".webp"}
VIDEOS = {".mp4", ".mov", ".webm", ".avi", ".mkv"}
LANDMARKS = 468
SIDE = 256


def frames(path: Path) -> Iterator[np.ndarray]:
    """The RGB frames of a clip, uint8 (H, W, 3), in time order."""
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.suffix.lower() in PICTURES:
                picture = cv2.imread(str(file))
                if picture is None:
                    sys.exit(f"error: {file}: no picture")
                yield cv2.cvtColor(picture, cv2.COLOR_BGR2RGB)
        return
    video = cv2.VideoCapture(str(path))
    while True:
        more, frame = video.read()
        if not more:
            return
        yield cv2.cvtColor(frame, cv2.COLOR_BGR2RGB)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path, metavar="DIR")
    folder: Path = parser.parse_args().folder
    try:
        import mediapipe  # type: ignore[import-not-found]
    except ImportError:
        sys.stderr.write("error: pip install mediapipe==0.10.14, in an environment of its own\n")
        return 2
    if not folder.is_dir():
        sys.stderr.write(f"error: {folder}: no such folder\n")
        return 2
    clips = [path for path in sorted(folder.iterdir()) if path.is_dir() or path.suffix.lower() in VIDEOS]
    found: dict[str, np.ndarray] = {}
    with mediapipe.solutions.face_mesh.FaceMesh(
        static_image_mode=True, max_num_faces=1, refine_landmarks=False, min_detection_confidence=0.3
    ) as mesh:
        for number, clip in enumerate(clips, 1):
            points = []
            for frame in frames(clip):
                faces = mesh.process(np.ascontiguousarray(frame)).multi_face_landmarks
                if faces:
                    points.append([(p.x * SIDE, p.y * SIDE) for p in faces[0].landmark[:LANDMARKS]])
                else:
                    points.append([(np.nan, np.nan)] * LANDMARKS)
            found[clip.stem if clip.is_file() else clip.name] = np.array(points, np.float16)
            sys.stderr.write(f"\r{number}/{len(clips)}")
            sys.stderr.flush()
    sys.stderr.write("\n")
    np.savez_compressed(folder / "landmarks.npz", **found)  # type: ignore[arg-type]
    return 0


if __name__ == "__main__":
    sys.exit(main())
