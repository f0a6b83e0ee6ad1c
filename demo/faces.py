"""Faces that may be shown: paintings in the public domain, and a photograph of an astronaut."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "faces"


@dataclass(frozen=True)
class Painting:
    """A painting, of which ``FOLDER`` has the face. All painters died more than 70 years ago."""

    file: str
    title: str
    painter: str
    year: str

    def read(self) -> bytes:
        """The JPEG file."""
        return (FOLDER / self.file).read_bytes()


PAINTINGS = (
    Painting("girl-with-a-pearl-earring.jpg", "Girl with a Pearl Earring", "Johannes Vermeer", "c. 1665"),
    Painting(
        "self-portrait-with-a-straw-hat.jpg", "Self-Portrait with a Straw Hat", "Vincent van Gogh", "1887"
    ),
    Painting("la-donna-velata.jpg", "La Donna Velata", "Raphael", "c. 1516"),
    Painting("nikolai-gogol.jpg", "Portrait of Nikolai Gogol", "Otto Friedrich von Möller", "early 1840s"),
    Painting("mona-lisa.jpg", "Mona Lisa", "Leonardo da Vinci", "c. 1503"),
    Painting("adele-bloch-bauer.jpg", "Portrait of Adele Bloch-Bauer I", "Gustav Klimt", "1907"),
    Painting("woman-with-a-hat.jpg", "Woman with a Hat", "Henri Matisse", "1905"),
    Painting("birth-of-venus.jpg", "The Birth of Venus", "Sandro Botticelli", "c. 1485"),
)


def astronaut() -> bytes:
    """scikit-image's photograph of the astronaut Eileen Collins (NASA, public domain), a PNG file."""
    # Imported here: the web process imports the commands' modules and needs neither.
    from skimage import data

    from portrait.engine.output.encoders import encode_png

    return encode_png(data.astronaut())


def all_faces() -> list[bytes]:
    """The picture files of all faces, the astronaut first."""
    return [astronaut(), *(painting.read() for painting in PAINTINGS)]
