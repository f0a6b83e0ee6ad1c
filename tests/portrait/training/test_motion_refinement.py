"""Refinement of trained motion networks: its losses, and photos rendered as more faces."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from django.core.management import CommandError, call_command

from portrait.engine.fomm.config import read_config
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.load import build_networks
from portrait.engine.motion.anatomy import EYES, LIPS
from portrait.training.motion.clips import read_clips
from portrait.training.motion.dataset import DatasetSplit, split_by_person
from portrait.training.motion.discriminator import PatchDiscriminator, discriminator_loss
from portrait.training.motion.face_mesh import NO_TRIANGLE, FaceMesh
from portrait.training.motion.refinement_stage import RefinementStage
from portrait.training.motion.rendered_faces import FacePhoto, render_variants
from portrait.training.motion.texture_loss import low_pass, texture_loss
from portrait.training.motion.train_motion import CONFIG
from portrait.training.vgg_features import VGGFeatures
from tests.portrait.training.drawn_faces import drawn_face, write_clips
from tests.portrait.training.overfitting import losses_on_one_batch


@pytest.fixture(scope="module")
def split(tmp_path_factory: pytest.TempPathFactory) -> DatasetSplit:
    folder = tmp_path_factory.mktemp("clips")
    write_clips(folder, {"ada": "MIT", "bo": "CC0", "cy": "MIT", "eve": "MIT"})
    return split_by_person(read_clips(folder), licences=None, share=0.3)


@pytest.fixture(scope="module")
def vgg() -> VGGFeatures:
    torch.manual_seed(0)
    shapes = {"conv1_1": (4, 3), "conv1_2": (4, 4)}
    tensors = {f"{name}.weight": torch.randn(*shape, 3, 3) * 0.2 for name, shape in shapes.items()}
    tensors |= {f"{name}.bias": torch.zeros(shape[0]) for name, shape in shapes.items()}
    return VGGFeatures(tensors, ("relu1_1", "relu1_2"), "test")


def stage_of(split: DatasetSplit, vgg: VGGFeatures, *, rendered: bool) -> RefinementStage:
    torch.manual_seed(0)
    settings = read_config(CONFIG)
    settings.values["kp_detector"]["channels"] = settings.values["dense_motion"]["channels"] = [8, 16]
    settings.values["generator"] |= {"channels": [8, 8, 16], "num_res": 1}
    networks = build_networks(settings)
    mattes = torch.full((len(split.training), 64, 64), 255, dtype=torch.uint8)
    data = replace(split, training=replace(split.training, mattes=mattes))
    return RefinementStage(
        networks["kp_detector"],  # type: ignore[arg-type]
        networks["dense_motion"],
        networks["generator"],
        data,
        vgg,
        batch=2,
        rendered_share=0.5,
        seed=0,
        device=torch.device("cpu"),
        rendered=split.training if rendered else None,
    )


def test_refinement_learns_and_trains_all_three_networks(split: DatasetSplit, vgg: VGGFeatures) -> None:
    stage = stage_of(split, vgg, rendered=True)

    losses = losses_on_one_batch(stage, 2e-3, steps=4)

    assert losses[-1] < 0.95 * losses[0]
    for network in stage.networks.values():
        assert any(p.grad is not None and bool(p.grad.any()) for p in network.parameters())


def test_renderings_do_not_train_the_generator(split: DatasetSplit, vgg: VGGFeatures) -> None:
    stage = stage_of(split, vgg, rendered=True)
    assert stage.rendered_pairs is not None
    stage.networks.train()

    stage._rendered_flow(stage.rendered_pairs.sample(torch.device("cpu"))).backward()

    assert all(p.grad is None for p in stage.networks["generator"].parameters())
    assert any(p.grad is not None for p in stage.networks["kp_detector"].parameters())


def test_a_background_that_stands_still_counts_less(split: DatasetSplit, vgg: VGGFeatures) -> None:
    pairs = stage_of(split, vgg, rendered=False).pairs.sample(torch.device("cpu"))
    person = torch.zeros(len(pairs.source), 1, 128, 128)
    person[..., :64] = 1

    weight = RefinementStage._foreground(replace(pairs, source_matte=person, driving_matte=person))

    assert isinstance(weight, torch.Tensor)
    assert float(weight[..., 40].min()) == 1
    assert float(weight[..., 200].max()) < 0.5


def test_cuts_show_the_pixels_around_eyes_and_mouth_unchanged(split: DatasetSplit, vgg: VGGFeatures) -> None:
    stage = stage_of(split, vgg, rendered=False)
    pairs = stage.pairs.sample(torch.device("cpu"))

    line = torch.arange(256.0)
    places = torch.stack([line.expand(256, 256), line[:, None].expand(256, 256), torch.zeros(256, 256)])

    cuts = stage._cuts(places.expand(stage.batch, -1, -1, -1), pairs.driving_keypoints)

    assert cuts.shape == (2 * stage.batch, 3, 80, 128)
    for cut, points in ((cuts[0], EYES), (cuts[stage.batch], LIPS)):
        # Neighbours in a cut are neighbours in the picture, and nothing is interpolated.
        assert torch.allclose(cut[0, :, 1:] - cut[0, :, :-1], torch.ones(80, 127), atol=1e-3)
        assert torch.allclose(cut, cut.round(), atol=1e-2)
        centre = (pairs.driving_keypoints.value[0, points].mean(0) + 1) * 128
        assert (cut[:2, 40, 64] - centre).abs().max() < 10


def centred_face() -> Keypoints:
    value = torch.zeros(1, 16, 2)
    for eye, side in zip(EYES, (-0.3, 0.3), strict=True):
        value[0, eye] = torch.tensor([side, -0.2])
    return Keypoints(value, torch.eye(2).expand(1, 16, 2, 2).clone())


def test_texture_is_free_in_eyes_and_mouth_and_costs_elsewhere_where_nothing_is_uncovered() -> None:
    warped = torch.full((1, 3, 256, 256), 0.5)
    noise = torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 0.05
    at = {"eye": (slice(98, 106), slice(86, 94)), "hair": (slice(10, 18), slice(120, 128))}

    def loss(place: str, uncovered: torch.Tensor | None = None) -> float:
        generated = warped.clone()
        generated[..., at[place][0], at[place][1]] += noise[..., at[place][0], at[place][1]]
        return float(texture_loss(generated, warped, centred_face(), uncovered))

    least = float(texture_loss(warped, warped, centred_face()))
    assert loss("eye") - least < 0.2 * (loss("hair") - least)
    assert loss("hair", torch.ones(1, 1, 256, 256)) == 0


def test_shading_costs_little_texture_loss() -> None:
    warped = torch.full((1, 3, 256, 256), 0.5)
    fine = torch.randn(1, 3, 256, 256, generator=torch.Generator().manual_seed(0)) * 0.05
    coarse = low_pass(low_pass(low_pass(fine)))
    coarse = coarse * (fine.std() / coarse.std())
    least = float(texture_loss(warped, warped, centred_face()))

    losses = [
        float(texture_loss(warped + change, warped, centred_face())) - least for change in (coarse, fine)
    ]

    assert losses[0] < 0.2 * losses[1]


def test_the_discriminator_tells_what_it_was_shown_apart() -> None:
    torch.manual_seed(0)
    network = PatchDiscriminator()
    real, made = torch.rand(4, 3, 80, 128), torch.full((4, 3, 80, 128), 0.5)
    kinds = torch.tensor([0, 0, 1, 1])
    optimizer = torch.optim.Adam(network.parameters(), 2e-3)
    losses = []
    for _ in range(12):
        loss = discriminator_loss(network(real, kinds)[0], network(made, kinds)[0])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    assert losses[-1] < 0.8 * losses[0]


def test_a_rendering_is_the_photo_with_its_landmarks_moved() -> None:
    face = torch.from_numpy(drawn_face(3))
    mesh = FaceMesh(face)
    points = (face.numpy() * 78 + 128).astype(np.float32)
    # Colours that say where in the photo they are from.
    rows, columns = np.mgrid[:256, :256]
    picture = np.stack([columns, rows, np.zeros_like(rows)], -1).astype(np.uint8)
    photo = FacePhoto(picture, points, np.zeros(468, np.float32))

    (first, same), *others = render_variants(photo, mesh, 4, seed=1)

    assert first is picture and same is points
    for frame, moved in others:
        assert np.abs(moved - points).max() > 2
        raster = mesh.rasterize(torch.from_numpy(moved) / 128 - 1, 256)
        outer = np.abs(moved - moved.mean(0)).max(1).argsort()[:300]
        corners = mesh.corners.numpy()
        shown = [
            t for t in np.unique(raster[raster != NO_TRIANGLE]) if set(corners[t]) <= set(outer.tolist())
        ]
        errors = []
        for triangle in shown[:60]:
            y, x = (int(v.mean()) for v in np.nonzero(raster == triangle))
            if raster[y, x] == triangle and frame[y, x, 2] == 0:
                centre = points[corners[triangle]].mean(0)
                errors.append(np.abs(frame[y, x, :2] - centre).max())
        # The pixel lies anywhere in its small triangle.
        assert np.median(errors) < 6


def test_photos_need_weights_to_start_from(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--photos needs --start") as caught:
        call_command("train_motion", "--data", tmp_path, "--photos", tmp_path, "--minutes", "1")
    assert caught.value.returncode == 2
