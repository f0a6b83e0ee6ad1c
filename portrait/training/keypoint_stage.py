"""Stage one: the keypoint detector learns from landmarks where the parts of a face are and how they are stretched."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

from portrait.engine.fomm.compact.detector import KeypointDetector
from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.keypoints import join as join_keypoints
from portrait.engine.motion.anatomy import CROWN, EYES, LIPS
from portrait.training.augment import Camera, move_keypoints, move_pictures, relight, spoil
from portrait.training.clips import Faces, Split
from portrait.training.run import Trainee
from portrait.training.validation_sheets import draw_keypoints

CAMERA = Camera(smallest=0.74, largest=1.32, rotation=22, shift=0.06, shear=0.05)
PADDINGS = ("border", "reflection", "zeros")
VALUE, JACOBIAN, OPENING = 10.0, 2.0, 2.0  # weights of the losses


class KeypointStage(Trainee):
    """Regression with strong augmentation. Frames with rare expressions are drawn more often."""

    name = "keypoints"

    def __init__(
        self, detector: KeypointDetector, data: Split, *, batch: int, seed: int, device: torch.device
    ):
        self.networks = nn.ModuleDict({"kp_detector": detector})
        self.data, self.batch, self.device = data, batch, device
        self.generator = torch.Generator().manual_seed(seed)
        self.chance = rarity(data.training)
        count = data.training.keypoints.value.shape[1]
        self.value_weight = torch.ones(count, 1, device=device)
        self.jacobian_weight = torch.ones(count, 2, 2, device=device)
        for eye in EYES:
            self.value_weight[eye] = 2.0
            self.jacobian_weight[eye] = 1.5
            self.jacobian_weight[eye, :, 1] = 4.0  # the blink
        for lip in LIPS:
            self.value_weight[lip] = 1.5
            self.jacobian_weight[lip, :, 1] = 2.5  # the opening of the mouth

    def step(self) -> dict[str, Tensor]:
        faces = self.data.training
        index = torch.multinomial(self.chance, self.batch, replacement=True, generator=self.generator)
        theta = CAMERA.draw(self.batch, self.generator)
        padding = PADDINGS[int(torch.randint(len(PADDINGS), (), generator=self.generator))]
        pictures = move_pictures(faces.frames[index], theta, padding)
        pictures = spoil(relight(pictures, self.generator), self.generator).to(self.device)
        truth = move_keypoints(pick(faces.keypoints, index), theta).to(self.device)
        with torch.autocast(self.device.type, torch.bfloat16):
            found = self.networks["kp_detector"](pictures)
        assert truth.jacobian is not None and found.jacobian is not None
        value = ((found.value - truth.value).abs() * self.value_weight).mean()
        jacobian = ((found.jacobian - truth.jacobian).abs() * self.jacobian_weight).mean()
        opening = (eye_opening(found) - eye_opening(truth)).abs().mean()
        loss = VALUE * value + JACOBIAN * jacobian + OPENING * opening
        return {"loss": loss, "value": value, "jacobian": jacobian, "opening": opening}

    def validate(self, averaged: nn.ModuleDict, folder: Path) -> dict[str, float]:
        """Mean error of the keypoints in pixels of 256, of the Jacobians, and how well a blink is followed."""
        faces = self.data.validation
        found = detect(averaged["kp_detector"], faces, self.device)
        assert found.jacobian is not None and faces.keypoints.jacobian is not None
        error = (found.value - faces.keypoints.value).norm(dim=-1) * 128  # (N, K)
        draw_keypoints(folder / "keypoints.png", faces, found)
        return {
            "pixels": error.mean().item(),
            "eyes_pixels": error[:, EYES].mean().item(),
            "jacobian": (found.jacobian - faces.keypoints.jacobian).abs().mean().item(),
            "blink_correlation": correlation(
                within(eye_opening(found), faces.clip), within(eye_opening(faces.keypoints), faces.clip)
            ),
        }


def prepare_detector(detector: KeypointDetector) -> None:
    """Begin with every Jacobian the mean face's."""
    with torch.no_grad():
        assert detector.jacobian.bias is not None
        detector.jacobian.weight.zero_()
        detector.jacobian.bias.copy_(torch.eye(2).flatten().repeat(detector.heatmap.out_channels))


def pick(keypoints: Keypoints, index: Tensor) -> Keypoints:
    """The keypoints of some frames."""
    assert keypoints.jacobian is not None
    return Keypoints(keypoints.value[index], keypoints.jacobian[index])


def eye_opening(keypoints: Keypoints) -> Tensor:
    """How far each eye is open, beside the mean face: (B, 2), 1 for an average eye."""
    assert keypoints.jacobian is not None
    return _height(keypoints.jacobian[:, EYES]) / _height(keypoints.jacobian[:, CROWN : CROWN + 1])


def mouth_opening(keypoints: Keypoints) -> Tensor:
    """How far apart the lips' centres are, in units of the face's own frame: (B,)."""
    assert keypoints.jacobian is not None
    apart = (keypoints.value[:, LIPS[1]] - keypoints.value[:, LIPS[0]]).norm(dim=-1)
    return apart / _height(keypoints.jacobian[:, CROWN])


def _height(jacobian: Tensor) -> Tensor:
    """The length of the image of the upright unit vector: (..., 2, 2) -> (...)."""
    return jacobian[..., 1].square().sum(-1).clamp(min=1e-8).sqrt()


def rarity(faces: Faces) -> Tensor:
    """The chance of each frame to be drawn, (N,): rare openings of eyes and mouth within a clip come more often."""
    unusual = torch.stack(
        [
            _distance(eye_opening(faces.keypoints).mean(1), faces.clip),
            _distance(mouth_opening(faces.keypoints), faces.clip),
        ]
    ).amax(0)
    weight = 0.5 + unusual.clamp(max=3)
    # The root lets long clips count more, but not in proportion.
    lengths = torch.bincount(faces.clip)[faces.clip].float()
    return weight / lengths.sqrt()


def _distance(values: Tensor, clip: Tensor) -> Tensor:
    """How far each value is from its clip's mean, in standard deviations over all frames."""
    centred = within(values, clip)
    return centred.abs() / centred.std().clamp(min=1e-6)


def within(values: Tensor, clip: Tensor) -> Tensor:
    """Values (N, ...) less the mean of their clip."""
    count = int(clip.max()) + 1
    sums = torch.zeros(count, *values.shape[1:]).index_add_(0, clip, values)
    lengths = torch.bincount(clip, minlength=count).reshape(-1, *[1] * (values.ndim - 1))
    return values - (sums / lengths)[clip]


def correlation(a: Tensor, b: Tensor) -> float:
    """Pearson's, over all entries; 0 where one of them is constant."""
    a, b = a.flatten() - a.mean(), b.flatten() - b.mean()
    return float((a * b).sum() / (a.norm() * b.norm()).clamp(min=1e-9))


@torch.no_grad()
def detect(detector: nn.Module, faces: Faces, device: torch.device, batch: int = 32) -> Keypoints:
    """The detector's keypoints of all frames, in float32 on the CPU."""
    detector.eval()
    parts = []
    for frames in faces.frames.split(batch):
        with torch.autocast(device.type, torch.bfloat16):
            parts.append(detector(frames.to(device).float() / 255).to(torch.device("cpu")))
    return join_keypoints(parts)
