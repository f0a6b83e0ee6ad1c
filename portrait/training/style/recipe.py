"""How each style is trained: the weights of its losses, the sizes of its painting, and its colours."""

from __future__ import annotations

from dataclasses import dataclass, field, replace


@dataclass(frozen=True)
class Recipe:
    """What differs between styles. Factors multiply the weights of ``objective.LossWeights``."""

    style: float = 1.0  # factor of all Gram losses
    content: float = 1.0  # factor of the content loss
    face: float = 1.0  # factor of the additional content loss inside a face
    detail: float = 1.0  # factor of the content loss of eyes, mouth and other details of a face
    light: float = 1.0  # factor of the loss of light and shadow
    # Shorter sides, in pixels, at which the painting is shown beside portraits of 512 pixels.
    sides: tuple[int, ...] = (608, 896)
    own_colours: bool = False  # only brushwork is the painting's; the colours are the photo's
    colour: float = 0.0  # factor of the loss of the photo's colours


# Portraits of the old masters: form is kept, palette and brushwork are taken.
MASTER = Recipe(style=0.8, content=1.3, face=1.3, detail=1.6, light=2.5, sides=(512, 640))
# By slug; a style that is not listed is trained by ``Recipe()``.
RECIPES: dict[str, Recipe] = {
    "the-scream": Recipe(content=1.3, face=2.2, detail=2.5, light=2.0, sides=(512, 704)),
    "udnie": Recipe(sides=(512, 704)),
    "great-wave": Recipe(sides=(448, 608)),
    "adele-bloch-bauer": Recipe(light=1.5, sides=(512, 704)),
    "starry-night": Recipe(face=1.2, light=1.5),
    "water-lilies": Recipe(light=1.5),
    "the-kiss": Recipe(face=1.2, light=1.5, sides=(640, 896)),
    # Without it the painting's background gives faces its blue.
    "girl-with-a-pearl-earring": replace(MASTER, colour=0.15),
    "la-donna-velata": MASTER,
    "birth-of-venus": Recipe(style=0.9, content=1.2, face=1.3, detail=1.5, light=2.0, sides=(512, 704)),
    "olive-trees": Recipe(style=1.2, face=1.2, light=3.0, own_colours=True, colour=1.0, sides=(512, 704)),
}


def recipe_of(slug: str) -> Recipe:
    """The recipe of a style."""
    return RECIPES.get(slug, Recipe())


@dataclass(frozen=True)
class LossWeights:
    """Weights of the losses of ``StyleObjective``."""

    content: float = 0.9  # relu3_3
    face: float = 2.2  # added to the content loss inside a face
    detail: float = 0.5  # relu2_2 inside a face,
    features: float = 2.0  # and this much more at its eyes and its mouth
    style: tuple[float, ...] = (0.8, 1.4, 2.0, 3.0)  # of each tap's Gram matrix, at full size
    coarse: tuple[float, ...] = (0.3, 0.6, 1.0, 1.6)  # and at half the size
    variation: float = 0.2
    light: float = 40.0  # of the brightness of cells, each image's mean taken off
    colour: float = 150.0  # of the colours of cells, for styles with a factor
    grain: float = 300.0
    stability: float = 40.0  # under shifts and noise
    noise: float = 0.03  # standard deviation of that noise
    motion: float = 30.0  # of the differences of neighbouring frames, in pixels,
    motion_features: tuple[float, ...] = field(default=(0.25, 0.25, 0.25))  # and of relu1_2, 2_2 and 3_3
