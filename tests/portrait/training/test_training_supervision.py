"""Training targets of the motion network: keypoints and flow from landmarks, consistent under augmentation."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.photo.landmarks import EYE_RINGS
from portrait.training.motion.analytic_warp import analytic_dense_motion, analytic_flow
from portrait.training.motion.augmentation import (
    AffineAugmentation,
    inverse_affine,
    jitter_colour,
    transform_keypoints,
    warp_images,
)
from portrait.training.motion.expression import eye_opening
from portrait.training.motion.face_mesh import FaceMesh
from portrait.training.motion.find_landmarks import SIDE
from portrait.training.motion.flow_losses import flow_loss
from portrait.training.motion.image_losses import ssim
from portrait.training.motion.landmarks import KeypointFit, mean_face, mirror_partners
from portrait.training.motion.pair_sampler import PairBatch
from tests.portrait.training.drawn_faces import drawn_clip, drawn_face

AUGMENTATION = AffineAugmentation(min_scale=0.8, max_scale=1.25, rotation=20, shift=0.05)


@pytest.fixture(scope="module")
def faces() -> torch.Tensor:
    """Landmarks (20, 468, 2) in -1..1."""
    clips = [drawn_clip(seed)[1].astype(np.float32) for seed in range(4)]
    return torch.from_numpy(np.concatenate(clips)) * 2 / SIDE - 1


@pytest.fixture(scope="module")
def fit() -> KeypointFit:
    # The drawn face is symmetric except for the landmarks outside all groups, which are symmetrized here.
    face = torch.from_numpy(drawn_face(3))
    partner = mirror_partners(face)
    return KeypointFit((face + face[partner] * torch.tensor([-1.0, 1.0])) / 2 * 0.5)


def test_the_mirror_partner_of_an_eye_is_the_other_eye() -> None:
    partner = mirror_partners(torch.from_numpy(drawn_face(1)))
    assert [int(partner[i]) for i in EYE_RINGS[0]] == EYE_RINGS[1]
    assert [int(partner[i]) for i in EYE_RINGS[1]] == EYE_RINGS[0]


def test_a_detector_with_a_mirror_finds_the_mirrored_face_in_the_mirror() -> None:
    torch.manual_seed(0)
    detector = KeypointDetector(16, (8, 16), 0.1, 128, mirrored=True).eval()
    picture = torch.rand(1, 3, 128, 128)
    with torch.no_grad():
        plain, flipped = detector(picture), detector(picture.flip(-1))
    mirror = torch.tensor([[[-1.0, 0, 0], [0, 1, 0]]])
    back = transform_keypoints(flipped, mirror)
    assert back.jacobian is not None
    assert torch.allclose(plain.value, back.value, atol=1e-5)
    assert torch.allclose(plain.jacobian, back.jacobian, atol=1e-5)


def test_the_mean_of_turned_faces_is_upright_and_symmetric(faces: torch.Tensor) -> None:
    mean = mean_face(faces)
    assert abs(float(mean[10, 0] - mean[152, 0])) < 0.02
    assert torch.allclose(mean[EYE_RINGS[0]] * torch.tensor([-1, 1]), mean[EYE_RINGS[1]], atol=1e-4)


def test_the_mean_face_has_jacobians_of_one(fit: KeypointFit) -> None:
    _, jacobian = fit(fit.mean[None])
    assert torch.allclose(jacobian, torch.eye(2).expand_as(jacobian), atol=1e-4)


def test_a_closed_eye_shows_in_its_jacobian(fit: KeypointFit) -> None:
    half = fit.mean.clone()
    for ring in EYE_RINGS:
        half[ring] = half[ring].mean(0) + (half[ring] - half[ring].mean(0)) * torch.tensor([1.0, 0.5])
    opening = eye_opening(Keypoints(*fit(torch.stack([fit.mean, half]))))
    assert opening[0] == pytest.approx(1, abs=0.01)
    # Not quite half: the fit is drawn a little towards the whole face's.
    assert 0.5 <= float(opening[1].max()) < 0.62


def test_moved_landmarks_and_moved_keypoints_agree(faces: torch.Tensor, fit: KeypointFit) -> None:
    generator = torch.Generator().manual_seed(0)
    theta = AUGMENTATION.sample(len(faces), generator)
    upright = torch.linalg.det(theta[:, :, :2]) > 0
    assert 0 < int(upright.sum()) < len(faces)
    back = inverse_affine(theta)
    moved = faces @ back[:, :, :2].transpose(1, 2) + back[:, None, :, 2]
    direct = fit(moved)
    carried = transform_keypoints(Keypoints(*fit(faces)), theta)
    assert carried.jacobian is not None
    # Exact where nothing is mirrored: only groups that come in pairs are symmetric.
    assert torch.allclose(direct[0][upright], carried.value[upright], atol=1e-5)
    assert torch.allclose(direct[1][upright], carried.jacobian[upright], atol=1e-4)


def test_a_mirrored_face_has_its_eyes_exchanged(fit: KeypointFit) -> None:
    wink = fit.mean.clone()
    ring = EYE_RINGS[0]
    wink[ring] = wink[ring].mean(0) + (wink[ring] - wink[ring].mean(0)) * torch.tensor([1.0, 0.3])
    mirror = torch.tensor([[[-1.0, 0, 0], [0, 1, 0]]])
    plain = Keypoints(*fit(wink[None]))
    mirrored = transform_keypoints(plain, mirror)
    assert torch.allclose(eye_opening(mirrored), eye_opening(plain).flip(1), atol=1e-4)


def test_the_flow_of_the_mesh_maps_each_landmark_to_itself(faces: torch.Tensor) -> None:
    mesh = FaceMesh(mean_face(faces))
    generator = torch.Generator().manual_seed(1)
    theta = AUGMENTATION.sample(1, generator)
    source, driving = faces[:1], faces[3:4]
    raster = torch.from_numpy(mesh.rasterize(driving[0]))[None]
    flow, weight, importance = mesh.flow(raster, source, driving, theta)
    back = inverse_affine(theta)
    place = driving @ back[:, :, :2].transpose(1, 2) + back[:, None, :, 2]
    goal = source @ back[:, :, :2].transpose(1, 2) + back[:, None, :, 2]
    column, row = ((place[0] + 1) * 64 - 0.5).round().long().clamp(0, 127).unbind(-1)
    known = weight[0, row, column] > 0.5
    assert int(known.sum()) > 100
    error = (flow[0, row, column] - goal[0])[known].norm(dim=-1) * 64
    # A pixel's centre is up to .7 pixels from the landmark.
    assert float(error.median()) < 0.7
    assert importance.shape == weight.shape == (1, 128, 128)
    assert float(weight[0, 0, 0]) == 0


def test_the_analytic_warp_of_equal_keypoints_moves_nothing(faces: torch.Tensor, fit: KeypointFit) -> None:
    keypoints = Keypoints(*fit(faces[:2]))
    flow = analytic_flow(analytic_dense_motion(), keypoints, keypoints)
    line = (torch.arange(128) + 0.5) / 64 - 1
    still = torch.stack([line.expand(128, 128), line[:, None].expand(128, 128)], -1)
    assert torch.allclose(flow, still.expand_as(flow), atol=1e-4)


def test_colour_jitter_is_the_same_for_both_images_of_a_pair() -> None:
    picture = torch.rand(3, 1, 3, 16, 16)
    pair = jitter_colour(picture.expand(-1, 2, -1, -1, -1), torch.Generator().manual_seed(0))
    assert torch.equal(pair[:, 0], pair[:, 1])
    assert not torch.allclose(pair, picture.expand_as(pair), atol=0.02)


def test_the_identity_transform_leaves_an_image_unchanged() -> None:
    pictures = torch.randint(0, 255, (2, 3, 32, 32), dtype=torch.uint8)
    still = torch.eye(2, 3).expand(2, -1, -1)
    assert torch.allclose(warp_images(pictures, still), pictures / 255, atol=1e-5)


def test_ssim_is_one_for_the_same_picture_and_less_for_another() -> None:
    a = torch.rand(1, 3, 32, 32)
    assert float(ssim(a, a).mean()) == pytest.approx(1)
    assert float(ssim(a, torch.rand(1, 3, 32, 32)).mean()) < 0.3


@pytest.mark.parametrize("pixels", [1.0, 5.0, 30.0])
def test_the_gradient_of_the_flow_loss_does_not_vanish_for_large_errors(pixels: float) -> None:
    some, none = torch.ones(1, 8, 8), torch.zeros(1, 8, 8, 2)
    nothing = Keypoints(torch.zeros(1, 1, 2), None)
    pairs = PairBatch(none, none, nothing, nothing, flow=none, weight=some, importance=some)
    flow = torch.full((1, 8, 8, 2), pixels / 64, requires_grad=True)

    flow_loss(flow, pairs).backward()

    assert flow.grad is not None
    assert bool((flow.grad > 0).all())


def test_autocast_does_not_round_the_places_at_which_dense_motion_samples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dense = analytic_dense_motion()
    keypoints = Keypoints(torch.rand(1, 16, 2) - 0.5, torch.eye(2).expand(1, 16, 2, 2).clone())
    grids = []

    def recorded(*args: object, **kwargs: object) -> torch.Tensor:
        grids.append(args[1])
        return grid_sample(*args, **kwargs)  # type: ignore[arg-type]

    grid_sample = torch.nn.functional.grid_sample
    monkeypatch.setattr(torch.nn.functional, "grid_sample", recorded)
    with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
        dense(torch.rand(1, 3, 128, 128), keypoints, keypoints)

    (grid,) = grids
    assert isinstance(grid, torch.Tensor)
    # Nothing moves: each of the 17 motions samples the centres of the 64 x 64 pixels.
    columns = grid.reshape(17, 64, 64, 2)[..., 0]
    assert torch.allclose(columns, ((torch.arange(64) + 0.5) / 32 - 1).expand(17, 64, 64), atol=1e-5)
