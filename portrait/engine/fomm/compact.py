"""Our compact first order motion network: 16 keypoints with anatomy, an analytic prior, a blending generator.

1. The detector finds 16 keypoints with Jacobians (a softmax heat map and a Jacobian map for each).
2. Dense motion starts from an analytic guess (each keypoint moves what lies near it, in its own local frame) and
   adds a learned correction to the logits of the masks.
3. The generator warps the picture and its features, and blends the warped picture with what it decodes.

Coordinates put -1 and 1 on the outer edges of the corner pixels (``align_corners=False``).
"""

from __future__ import annotations

import itertools

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from portrait.engine.fomm.keypoints import Keypoints
from portrait.engine.fomm.sampling import sample_features
from portrait.engine.runtime.memory_layout import fit, join
from portrait.engine.runtime.rearrangement import upsample_then

EYES = slice(0, 2)
EYE_WIDTH = 0.13  # how far around an eye its lids reach, in face units
MOUTH = slice(6, 11)  # both corners, upper and lower lip, chin
MOUTH_WIDTH = 0.16  # how far the mouth's keypoints reach, in face units
MIRRORED = (1, 0, 3, 2, 4, 5, 7, 6, 8, 9, 10, 12, 11, 14, 13, 15)  # what each keypoint becomes in a mirror
CROWN = -1  # its Jacobian is the whole face's
RESIDUAL_REACH = 0.1  # what a unit of the residual flow's output moves, in coordinates
SIDE = 256  # of the pictures
FINE, COARSE = 128, 64  # of the flow and of the hourglass


def coordinate_grid(side: int, device: torch.device) -> Tensor:
    """float32 (side, side, 2): x, y of each pixel's centre."""
    line = (torch.arange(side, device=device, dtype=torch.float32) + 0.5) * 2 / side - 1
    return torch.stack([line.expand(side, side), line[:, None].expand(side, side)], dim=-1)


def inverse(matrix: Tensor) -> Tensor:
    """Inverse of (..., 2, 2); a determinant near zero is replaced, so that a flattened eye stays finite."""
    a, b, c, d = matrix[..., 0, 0], matrix[..., 0, 1], matrix[..., 1, 0], matrix[..., 1, 1]
    determinant = a * d - b * c
    determinant = torch.where(determinant.abs() < 1e-3, torch.full_like(determinant, 1e-3), determinant)
    adjugate = torch.stack([torch.stack([d, -b], -1), torch.stack([-c, a], -1)], -2)
    return adjugate / determinant[..., None, None]


def product(a: Tensor, b: Tensor) -> Tensor:
    """(..., 2, 2) @ (..., 2, 2), written out: matmul would turn to bfloat16 under autocast."""
    return (a[..., :, :, None] * b[..., None, :, :]).sum(-2)


def quadratic(form: Tensor, centre: Tensor, side: int) -> Tensor:
    """(z - c)' Q (z - c) at every pixel: forms (B, n, 2, 2) around (B, n, 2) -> (B, n, side, side).

    Multiplied out: six coefficients a form, six monomials a pixel, one matrix product.
    """
    towards = (form * centre[:, :, None]).sum(-1)  # (B, n, 2)
    coefficients = torch.stack(
        [
            form[..., 0, 0],
            form[..., 0, 1] + form[..., 1, 0],
            form[..., 1, 1],
            -2 * towards[..., 0],
            -2 * towards[..., 1],
            (towards * centre).sum(-1),
        ],
        -1,
    )  # (B, n, 6)
    x, y = coordinate_grid(side, form.device).reshape(-1, 2).unbind(-1)
    monomials = torch.stack([x * x, x * y, y * y, x, y, torch.ones_like(x)])  # (6, side * side)
    with exactly(form):
        return (coefficients @ monomials).reshape(*coefficients.shape[:2], side, side)


def exactly(x: Tensor) -> torch.autocast:
    """Where matrix products stay float32 in training too: autocast would round coordinates to a pixel at best."""
    return torch.autocast(x.device.type, enabled=False)


class ConvNorm(nn.Sequential):
    """Convolution without bias, batch normalization, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class UpConvNorm(ConvNorm):
    """Doubles the size first."""

    upsampled = "0"

    def forward(self, x: Tensor) -> Tensor:
        return self[2](self[1](upsample_then(self[0], x)))


class Hourglass(nn.Module):
    """Strided convolutions down, nearest upsampling and convolutions up, with skips."""

    def __init__(self, inputs: int, channels: tuple[int, ...]) -> None:
        super().__init__()
        self.inc = ConvNorm(inputs, channels[0])
        self.down = nn.ModuleList(ConvNorm(a, b, 2) for a, b in itertools.pairwise(channels))
        up, width = [], channels[-1]
        for channel in reversed(channels[:-1]):
            up.append(UpConvNorm(width, channel))
            width = 2 * channel
        self.up = nn.ModuleList(up)
        self.out = width

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, H, W) -> (B, out, H, W)."""
        levels = [self.inc(x)]
        for block in self.down:
            levels.append(block(levels[-1]))
        y = levels.pop()
        for block in self.up:
            y = torch.cat([block(y), levels.pop()], 1)
        return y


class KeypointDetector(nn.Module):
    """Where each keypoint is (softmax of a heat map) and its Jacobian (a map, averaged under the heat).

    With ``mirrored`` it looks into a mirror as well, but for training, and takes the mean of what it finds.
    """

    def __init__(
        self,
        num_kp: int,
        channels: tuple[int, ...],
        temperature: float,
        in_size: int,
        *,
        mirrored: bool = False,
    ) -> None:
        super().__init__()
        self.temperature, self.in_size, self.mirrored = temperature, in_size, mirrored
        self.packed = in_size // COARSE  # pixels that lie in one cell of the hourglass, each way
        self.hg = Hourglass(3 * self.packed**2, channels)
        self.kp = nn.Conv2d(self.hg.out, num_kp, 5, 1, 2)
        self.jac = nn.Conv2d(self.hg.out, num_kp * 4, 3, 1, 1)

    def forward(self, images: Tensor) -> Keypoints:
        """float (B, 3, H, W) in 0..1 -> Keypoints."""
        found = self.detect(images)
        if not self.mirrored or self.training:
            return found
        other = self.detect(images.flip(-1))
        assert found.jacobian is not None and other.jacobian is not None
        flip = torch.tensor([-1.0, 1.0], device=images.device)
        value = other.value[:, MIRRORED] * flip
        jacobian = flip[:, None] * other.jacobian[:, MIRRORED] * flip
        return Keypoints((found.value + value) / 2, (found.jacobian + jacobian) / 2)

    def detect(self, images: Tensor) -> Keypoints:
        """The same from one look."""
        x = images
        if x.shape[-2:] != (self.in_size, self.in_size):
            x = F.interpolate(x, size=(self.in_size, self.in_size), mode="area")
        x = F.pixel_unshuffle(x * 2 - 1, self.packed)  # (B, 3 * packed^2, 64, 64)
        features = self.hg(fit(x, self.kp))
        heat, jacobian = (
            self.kp(features).float(),
            self.jac(features).float(),
        )  # (B, K, 64, 64), (B, 4K, 64, 64)
        batch, count, height, _width = heat.shape
        heat = torch.softmax(heat.reshape(batch, count, -1) / self.temperature, -1)  # (B, K, N)
        with exactly(heat):
            value = heat @ coordinate_grid(height, heat.device).reshape(-1, 2)  # (B, K, 2)
            jacobian = jacobian.reshape(batch, count, 4, -1) @ heat[..., None]  # (B, K, 4, 1)
        return Keypoints(value, jacobian.reshape(batch, count, 2, 2))


class DenseMotion(nn.Module):
    """Backward flow from keypoints: a softmax over affine motions, one a keypoint and one that stands still.

    With ``residual_flow`` a small free displacement is added to what the affine motions can say.
    """

    def __init__(
        self,
        num_kp: int,
        channels: tuple[int, ...],
        kp_variance: float,
        mask_gain: float,
        *,
        eye_gain: float = 1.0,
        residual_flow: bool = False,
    ) -> None:
        super().__init__()
        self.variance, self.gain, self.residual_flow = kp_variance, mask_gain, residual_flow
        self.eye_gain = eye_gain
        self.sig = nn.Parameter(torch.zeros(num_kp))  # log of each Gaussian's width, in face units
        self.amp = nn.Parameter(torch.zeros(num_kp))
        self.bg = nn.Parameter(torch.zeros(()))
        self.hg = Hourglass((num_kp + 1) * 5, channels)
        self.mid = ConvNorm(self.hg.out, 32)
        self.hi = ConvNorm(32 + 3 + num_kp + 1, 32)
        # Logits of the masks, logit of the occlusion, and the residual flow where there is one.
        self.mask = nn.Conv2d(32, num_kp + 2 + 2 * residual_flow, 3, 1, 1)

    def motions(self, source: Keypoints, driving: Keypoints) -> Tensor:
        """The affine maps z -> A z + t from the driving frame into the source: (B, K+1, 2, 3), the identity first."""
        assert source.jacobian is not None and driving.jacobian is not None
        linear = product(source.jacobian, inverse(driving.jacobian))  # (B, K, 2, 2)
        shift = source.value - (linear * driving.value[:, :, None]).sum(-1)  # (B, K, 2)
        maps = torch.cat([linear, shift[..., None]], -1)
        still = torch.eye(2, 3, device=maps.device).expand(len(maps), 1, 2, 3)
        return torch.cat([still, maps], 1)

    def log_prior(self, driving: Keypoints, side: int) -> Tensor:
        """Logits of the analytic masks, (B, K+1, side, side): Gaussians in each keypoint's own frame."""
        assert driving.jacobian is not None
        local = inverse(driving.jacobian)
        form = product(local.transpose(-1, -2), local) * (-0.5 * torch.exp(-2 * self.sig))[:, None, None]
        logits = quadratic(form, driving.value, side).add_(self.amp[:, None, None]).clamp_(min=-12)
        return torch.cat([self.bg.expand(len(logits), 1, side, side), logits], 1)

    def driver_blobs(self, source: Keypoints, driving: Keypoints) -> Tensor:
        """What the decoder may know of the driver, (B, 2K, 64, 64): tight blobs at its keypoints, and the same
        blobs times how much each one is stretched vertically (a stretched lip is an open mouth)."""
        assert source.jacobian is not None and driving.jacobian is not None
        local = inverse(driving.jacobian)
        form = product(local.transpose(-1, -2), local) * (-1.4 * torch.exp(-2 * self.sig))[:, None, None]
        grid = coordinate_grid(COARSE, form.device)
        x, y = (grid - driving.value[:, :, None, None]).unbind(-1)  # (B, K, 64, 64) each
        q = form[..., None, None]  # (B, K, 2, 2, 1, 1)
        blobs = torch.exp(
            q[:, :, 0, 0] * x * x + (q[:, :, 0, 1] + q[:, :, 1, 0]) * x * y + q[:, :, 1, 1] * y * y
        )
        stretch = product(driving.jacobian, inverse(source.jacobian))[..., 1, 1]
        return torch.cat([blobs, blobs * (stretch - 1).clamp(-2, 2)[:, :, None, None]], 1)

    def forward(self, half: Tensor, source: Keypoints, driving: Keypoints) -> tuple[Tensor, Tensor]:
        """One source at 128 pixels, (1, 3, 128, 128), or B of them, and B pairs of keypoints ->
        flow float32 (B, 128, 128, 2) in -1..1, occlusion map float32 (B, 1, 128, 128) in 0..1."""
        batch, count = len(driving), driving.value.shape[1] + 1
        maps = self.motions(source, driving)
        # 1. Coarse: the source under every single motion, the heat of the keypoints, the analytic masks.
        quarter = F.avg_pool2d(half, 2)  # (1, 3, 64, 64)
        grids = F.affine_grid(maps.reshape(-1, 2, 3), [batch * count, 1, COARSE, COARSE], align_corners=False)
        # One sampling for all the motions of a frame: their grids lie below each other.
        warped = F.grid_sample(
            quarter.expand(batch, -1, -1, -1),
            grids.reshape(batch, count * COARSE, COARSE, 2),
            padding_mode="border",
            align_corners=False,
        )  # (B, 3, count * 64, 64)
        warped = warped.reshape(batch, 3, count, COARSE, COARSE).transpose(1, 2)
        grid = coordinate_grid(COARSE, half.device)
        heat = [
            torch.exp(-0.5 * ((grid - k.value[:, :, None, None]) ** 2).sum(-1) / self.variance)
            for k in (driving, source)
        ]
        still = torch.zeros(batch, 1, COARSE, COARSE, device=half.device)
        x = [
            still,
            heat[0] - heat[1],
            warped.reshape(batch, -1, COARSE, COARSE),
            torch.softmax(self.log_prior(driving, COARSE), 1),
        ]
        y = self.mid(self.hg(join(x, self.mask)))  # (B, 5 * count, 64, 64) -> (B, 32, 64, 64)
        # 2. Fine: a correction to the analytic masks' logits, and the occlusion map.
        prior = self.log_prior(driving, FINE)
        x = [
            F.interpolate(y, scale_factor=2, mode="bilinear", align_corners=False),
            half.expand(batch, -1, -1, -1),
            torch.softmax(prior, 1),
        ]
        logits = self.mask(
            self.hi(join(x, self.mask))
        ).float()  # (B, 36 + K, 128, 128) -> (B, K + 2 [+ 2], 128, 128)
        hidden = logits[:, count : count + 1]
        correction = logits[:, :count]
        residual = logits[:, count + 1 :]
        if self.gain < 1:
            correction = correction * self.mouth_gain(driving)
        if self.eye_gain < 1:
            near_eyes = self.around_eyes(driving)
            correction, residual = correction * near_eyes, residual * near_eyes
        masks = torch.softmax(correction + prior, 1)  # (B, count, 128, 128)
        flow = self.combine(masks, maps)
        if self.residual_flow:
            flow = flow + RESIDUAL_REACH * residual.permute(0, 2, 3, 1)
        return flow, torch.sigmoid(hidden)

    def mouth_gain(self, driving: Keypoints) -> Tensor:
        """The damping of the learned correction, (B, 1, 128, 128): ``mask_gain`` everywhere, 1 at the mouth."""
        assert driving.jacobian is not None
        local = inverse(driving.jacobian[:, MOUTH])
        form = product(local.transpose(-1, -2), local) * (-0.5 / MOUTH_WIDTH**2)
        near = torch.exp(quadratic(form, driving.value[:, MOUTH], FINE).amax(1, keepdim=True))
        return self.gain + (1 - self.gain) * near

    def around_eyes(self, driving: Keypoints) -> Tensor:
        """The damping of everything learned, (B, 1, 128, 128): 1 everywhere, ``eye_gain`` at the eyes.

        What the correction learns of blinks is the mean of many, an eye half open; the analytic masks shut it.
        """
        assert driving.jacobian is not None
        # The face's frame, not the eye's own, which a blink flattens to less than its lids.
        local = inverse(driving.jacobian[:, CROWN:])
        form = (product(local.transpose(-1, -2), local) * (-0.5 / EYE_WIDTH**2)).expand(-1, 2, -1, -1)
        near = torch.exp(quadratic(form, driving.value[:, EYES], FINE).amax(1, keepdim=True))
        return 1 - (1 - self.eye_gain) * near

    @staticmethod
    def combine(masks: Tensor, maps: Tensor) -> Tensor:
        """sum_k mask_k (A_k z + t_k): (B, n, h, w), (B, n, 2, 3) -> (B, h, w, 2)."""
        batch, count, height, width = masks.shape
        with exactly(masks):
            mixed = maps.reshape(batch, count, 6).transpose(1, 2) @ masks.reshape(batch, count, -1)
        mixed = mixed.reshape(batch, 2, 3, height, width)
        x, y = coordinate_grid(height, masks.device).unbind(-1)
        return torch.stack([m[:, 0] * x + m[:, 1] * y + m[:, 2] for m in mixed.unbind(1)], -1)


class ResidualBlock(nn.Module):
    """relu(x + norm(conv(relu(norm(conv(x))))))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.a = ConvNorm(channels, channels)
        self.b = nn.Sequential(nn.Conv2d(channels, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.b(self.a(x)), inplace=True)


class Generator(nn.Module):
    """Warps the source and its features, and blends: out = m * warped + (1 - m) * decoded."""

    def __init__(self, channels: tuple[int, int, int], num_res: int, res_mid: int, num_cond: int) -> None:
        super().__init__()
        a, b, c = channels
        self.e0 = nn.Sequential(ConvNorm(12, a), ConvNorm(a, a))
        self.e1 = ConvNorm(a, b, 2)
        self.e2 = ConvNorm(b, c, 2)
        self.res = nn.Sequential(*[ResidualBlock(c) for _ in range(num_res)])
        self.ci = nn.Conv2d(num_cond, c, 3, 1, 1)
        self.u1 = UpConvNorm(c, b)
        self.m1 = nn.Sequential(
            ConvNorm(2 * b + 1 + num_cond, b), *[ResidualBlock(b) for _ in range(res_mid)]
        )
        self.u0 = UpConvNorm(b, a)
        self.m0 = nn.Sequential(ConvNorm(2 * a + 12 + 1, a), ConvNorm(a, a))
        self.head = nn.Conv2d(a, 16, 3, 1, 1)

    def encode(self, source: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, 3, 256, 256) in 0..1 -> features (B, a, 128, 128), (B, b, 64, 64), (B, c, 32, 32)."""
        e0 = self.e0(F.pixel_unshuffle(source * 2 - 1, 2).contiguous(memory_format=torch.channels_last))
        e1 = self.e1(e0)
        return e0, e1, self.e2(e1)

    def forward(
        self,
        source: Tensor,
        features: tuple[Tensor, Tensor, Tensor],
        flow: Tensor,
        occlusion: Tensor,
        blobs: Tensor,
        sampling: str,
    ) -> Tensor:
        """One source (1, 3, 256, 256) and its features, or B of them; B flows (B, 128, 128, 2) ->
        float32 (B, 3, 256, 256).

        A cut of the flow, the occlusion map and the blobs, its sides multiples of 4 at 128, makes that cut alone.
        """
        batch = len(flow)
        field = flow.permute(0, 3, 1, 2)  # (B, 2, 128, 128)
        full = F.interpolate(field, scale_factor=2, mode="bilinear", align_corners=False)
        fields, occlusions = ([x, F.avg_pool2d(x, 2), F.avg_pool2d(x, 4)] for x in (field, occlusion))
        picture = sample(source, full, batch, sampling).clamp(0, 1)
        w0, w1, w2 = (
            fit(sample_features(level, f.permute(0, 2, 3, 1), o, border=True, align_corners=False), self.head)
            for level, f, o in zip(features, fields, occlusions, strict=True)
        )
        blobs = fit(blobs, self.head)
        y = self.res(w2 + self.ci(F.avg_pool2d(blobs, 2)))  # (B, c, 32, 32)
        y = self.m1(join([self.u1(y), w1, occlusions[1], blobs], self.head))  # (B, b, 64, 64)
        packed = F.pixel_unshuffle(picture * 2 - 1, 2)
        y = self.m0(join([self.u0(y), w0, packed, occlusion], self.head))  # (B, a, 128, 128)
        z = F.pixel_shuffle(self.head(y).float().contiguous(), 2)  # (B, 4, 256, 256)
        keep = torch.sigmoid(z[:, 3:])
        decoded = torch.sigmoid(4 * z[:, :3] + torch.logit(picture.clamp(0.02, 0.98)))
        return keep * picture + (1 - keep) * decoded


def sample(image: Tensor, field: Tensor, batch: int, mode: str) -> Tensor:
    """Sample one (1, C, H, W), or B of them, at (B, 2, h, w) -> (B, C, h, w); the border pixel goes on outside."""
    grid = field.permute(0, 2, 3, 1)
    return F.grid_sample(
        image.expand(batch, -1, -1, -1), grid, mode=mode, padding_mode="border", align_corners=False
    )
