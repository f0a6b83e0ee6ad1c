"""Loading painters, choosing styles, and what painting promises about frames."""

from __future__ import annotations

import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage.data
import torch
import yaml
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file
from torch.utils.flop_counter import FlopCounterMode

from portrait.engine.errors import CheckpointError, ChoiceError
from portrait.engine.style import Painter, load_style
from portrait.engine.style.catalogue import PAINTER_WEIGHTS, list_styles
from portrait.engine.style.frozen import FrozenNetwork
from portrait.engine.style.network import StyleNetwork
from tests.paths import DATA, ROOT

OWN = DATA / "painter" / "painter.safetensors"


@pytest.fixture(scope="module")
def painter() -> Painter:
    return load_style(OWN)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A painter in a folder of its own, to be damaged."""
    for suffix in (".safetensors", ".yaml"):
        shutil.copy(OWN.with_suffix(suffix), tmp_path)
    return tmp_path / OWN.name


@pytest.fixture(scope="module")
def still() -> NDArray[np.uint8]:
    return np.ascontiguousarray(skimage.data.astronaut()[60:132, 180:252])


def turning_head(still: NDArray[np.uint8], frames: int = 6) -> NDArray[np.uint8]:
    """A clip in which only the left part moves; columns from 48 on stand still."""
    clip = np.repeat(still[None], frames, axis=0)
    for index, frame in enumerate(clip):
        frame[:, :40] = np.roll(frame[:, :40], 3 * index, axis=0) // (1 + index % 3)
    return clip


def test_the_shipped_painter_has_many_styles_that_differ(still: NDArray[np.uint8]) -> None:
    painter = load_style(PAINTER_WEIGHTS)

    painted = [painter.paint(still[None], style.slug)[0].astype(float) for style in painter.styles]

    assert len(painted) >= 14
    for index, picture in enumerate(painted):
        for other in painted[:index]:
            assert np.abs(picture - other).mean() > 5


def test_the_shipped_painter_is_light() -> None:
    painter = load_style(PAINTER_WEIGHTS)
    picture = torch.rand(1, 3, 256, 256)
    assert isinstance(painter.network, StyleNetwork)

    features = PAINTER_WEIGHTS.with_name("painter-features.safetensors")
    assert PAINTER_WEIGHTS.stat().st_size + features.stat().st_size <= 8e6
    with torch.inference_mode():
        frozen = FrozenNetwork(painter.network, 0, picture)
        for network in (lambda x: painter.network(x, 0), frozen):
            with FlopCounterMode(display=False) as counter:
                network(picture)
            assert counter.get_total_flops() <= 12.5e9  # two for each multiply-add


def test_every_shipped_style_has_a_title_a_painter_and_a_year() -> None:
    for style in list_styles():
        assert all(names.get(language) for names in (style.title, style.painter) for language in ("en", "ko"))
        assert style.year


def test_the_catalogue_lists_the_styles_of_the_weights_in_their_order() -> None:
    assert list_styles() == load_style(PAINTER_WEIGHTS).styles


def test_the_catalogue_is_read_without_torch() -> None:
    script = (
        "import sys; from portrait.engine.style.catalogue import list_styles; list_styles(); "
        "from portrait.engine.motion import list_motions; list_motions(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT).returncode == 0


def test_a_published_file_has_exactly_one_style(still: NDArray[np.uint8]) -> None:
    published = load_style(DATA / "style-transformer" / "style.pth")

    assert [style.slug for style in published.styles] == ["style"]
    np.testing.assert_array_equal(published.paint(still[None]), published.paint(still[None], "style"))


def test_an_unknown_style_is_refused_with_the_names_there_are(
    painter: Painter, still: NDArray[np.uint8]
) -> None:
    with pytest.raises(ChoiceError, match="one, two, three") as caught:
        painter.paint(still[None], "four")
    assert caught.value.code == "unknown_style"
    with pytest.raises(ChoiceError):
        load_style(OWN, style="four")


def test_the_style_given_when_loading_is_the_usual_one(painter: Painter, still: NDArray[np.uint8]) -> None:
    usual = load_style(OWN, style="two")

    np.testing.assert_array_equal(usual.paint(still[None]), painter.paint(still[None], "two"))


@pytest.mark.parametrize("size", [(72, 72), (61, 47), (5, 6), (33, 70)])
@pytest.mark.parametrize("frozen", [False, True])
def test_painted_frames_have_the_size_of_the_frames(
    painter: Painter, still: NDArray[np.uint8], size: tuple[int, int], frozen: bool
) -> None:
    clip = np.stack([still[: size[0], : size[1]]] * 3)

    painted = painter.paint(clip, frozen_statistics=frozen)

    assert (painted.shape, painted.dtype) == (clip.shape, np.uint8)


def test_frames_are_painted_independently_of_each_other(painter: Painter, still: NDArray[np.uint8]) -> None:
    clip = turning_head(still)

    together = painter.paint(clip)

    alone = np.concatenate([painter.paint(frame[None]) for frame in clip])
    np.testing.assert_array_equal(together, alone)


def test_frozen_statistics_reduce_the_flicker_of_what_stands_still(still: NDArray[np.uint8]) -> None:
    painter = load_style(PAINTER_WEIGHTS)
    clip = np.concatenate([turning_head(still), still[None].repeat(6, axis=0)[:, :, ::-1]], axis=2)

    def flicker(painted: NDArray[np.uint8]) -> float:
        """Mean change between neighbouring frames, in grey values, far from what moves."""
        return float(np.abs(np.diff(painted[:, :, -30:].astype(float), axis=0)).mean())

    for style in painter.styles:
        assert flicker(painter.paint(clip, style.slug, frozen_statistics=True)) < 0.5 * flicker(
            painter.paint(clip, style.slug)
        )


def test_a_clip_with_frozen_statistics_can_be_painted_in_parts(
    painter: Painter, still: NDArray[np.uint8]
) -> None:
    clip = turning_head(still)

    frozen = painter.freeze_statistics(clip, "three")

    parts = np.concatenate([frozen.paint(clip[:2]), frozen.paint(clip[2:])])
    np.testing.assert_array_equal(parts, painter.paint(clip, "three", frozen_statistics=True))


@pytest.mark.parametrize(
    "bad", [np.zeros((2, 8, 8, 3)), np.zeros((8, 8, 3), np.uint8), np.zeros((1, 4, 9, 3), np.uint8)]
)
def test_arrays_that_are_no_frames_are_refused(painter: Painter, bad: NDArray[np.uint8]) -> None:
    with pytest.raises(ValueError, match="frames must be"):
        painter.paint(bad)


def test_no_frames_are_painted_to_no_frames(painter: Painter) -> None:
    nothing = np.zeros((0, 8, 8, 3), np.uint8)

    assert (
        painter.paint(nothing).shape == painter.paint(nothing, frozen_statistics=True).shape == (0, 8, 8, 3)
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"nowhere\.pth"):
        load_style(tmp_path / "nowhere.pth")


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_a_file_cut_short_is_named(copy: Path, kept: int) -> None:
    copy.write_bytes(copy.read_bytes()[:kept])

    with pytest.raises(CheckpointError, match=r"painter\.safetensors"):
        load_style(copy)


def test_a_tensor_of_another_shape_is_named(copy: Path) -> None:
    tensors = load_file(copy)
    tensors["residual_blocks.1.first.conv.weight"] = torch.zeros(16, 15, 3, 3)
    save_file(tensors, copy)

    with pytest.raises(
        CheckpointError, match=r"painter\.safetensors.*residual_blocks\.1\.first\.conv\.weight"
    ):
        load_style(copy)


def test_a_missing_tensor_is_named(copy: Path) -> None:
    tensors = load_file(copy)
    del tensors["up_layers.0.norm.shift"]
    save_file(tensors, copy)

    with pytest.raises(CheckpointError, match=r"painter\.safetensors.*up_layers\.0\.norm\.shift"):
        load_style(copy)


def test_more_styles_in_the_yaml_than_in_the_weights_are_noticed(copy: Path) -> None:
    config = copy.with_suffix(".yaml")
    data = yaml.safe_load(config.read_text())
    data["styles"].append(dict(data["styles"][0], slug="four"))
    config.write_text(yaml.safe_dump(data))

    with pytest.raises(CheckpointError, match=r"down_layers\.0\.norm\.scale"):
        load_style(copy)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a: [", ""),
        ("format: something-else", "format"),
        ("format: portrait-painter-1\nwidths: [1, 2]\nblocks: 1\nstyles: []", "widths"),
        ("format: portrait-painter-1\nwidths: [8, 12, 16]\nblocks: 2\nstyles: []", "styles"),
        ("format: portrait-painter-1\nwidths: [8, 12, 16]\nstyles: [{slug: a}]", "title"),
        (
            "format: portrait-painter-1\nwidths: [8, 12, 16]\nblocks: 1\n"
            "styles: [{slug: a, title: {}, painter: {}, year: 1, contrast: 40}]",
            "contrast",
        ),
    ],
)
def test_a_yaml_at_fault_is_named_with_its_key(copy: Path, text: str, key: str) -> None:
    copy.with_suffix(".yaml").write_text(text)

    with pytest.raises(CheckpointError, match=rf"painter\.yaml.*{key}"):
        load_style(copy)


def test_a_checkpoint_without_its_yaml_is_named(copy: Path) -> None:
    copy.with_suffix(".yaml").unlink()

    with pytest.raises(CheckpointError, match=r"painter\.yaml"):
        load_style(copy)


class _Code:
    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, ...]:
        return (Path.touch, (self.marker,))


def test_a_pickle_with_code_inside_runs_nothing(tmp_path: Path) -> None:
    marker, path = tmp_path / "ran", tmp_path / "style.pth"
    path.write_bytes(pickle.dumps({"conv1.conv2d.weight": _Code(marker)}))

    with pytest.raises(CheckpointError, match=r"style\.pth"):
        load_style(path)
    assert not marker.exists()


def test_a_published_file_with_a_misshapen_tensor_is_refused_with_its_key(tmp_path: Path) -> None:
    path = tmp_path / "bent.pth"
    tensors = torch.load(DATA / "style-transformer" / "style.pth", weights_only=True)
    tensors["res2.conv1.conv2d.weight"] = torch.zeros(128, 64, 3, 3)
    torch.save(tensors, path)

    with pytest.raises(CheckpointError, match=r"bent\.pth.*res2\.conv1\.conv2d\.weight"):
        load_style(path)


def test_another_networks_file_is_refused_with_its_first_foreign_key(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save({"layer.weight": torch.zeros(3)}, path)

    with pytest.raises(CheckpointError, match=r"other\.pth.*layer\.weight"):
        load_style(path)
