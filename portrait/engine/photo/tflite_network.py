"""Runs the small networks that find faces, with NumPy alone.

The web process needs them for each photo; OpenCV, which could run them too, would take 160 MB of its image. Layouts
are those of TFLite: activations float32 (N, H, W, C), kernels (out, high, wide, in), depthwise kernels
(1, high, wide, C).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from portrait.engine.errors import CheckpointError
from portrait.engine.photo.tflite_file import Graph, Op, Operator, Table, read_graph

Floats = NDArray[np.float32]
# A layer: its inputs that are no constants, to its output.
Layer = Callable[..., Floats]
Constants = Mapping[int, NDArray[Any]]

_SAME = 0


class Network:
    """A network in memory. It keeps nothing between two runs, so that threads can share it."""

    def __init__(self, graph: Graph) -> None:
        """Raises KeyError and ValueError for a network with other operators than those of the face networks."""
        constants = dict(graph.constants)
        self._layers: list[tuple[Layer, tuple[int, ...], int]] = []
        for operator in graph.operators:
            (target,) = operator.outputs
            if operator.op is Op.DEQUANTIZE:
                constants[target] = constants[operator.inputs[0]].astype(np.float32)
                continue
            layer = _LAYERS[operator.op](operator, constants)
            inputs = tuple(number for number in operator.inputs if number not in constants)
            self._layers.append((layer, inputs, target))
        (self._input,) = graph.inputs
        self._outputs = {graph.names[number]: number for number in graph.outputs}

    def __call__(self, images: Floats) -> dict[str, Floats]:
        """The outputs of float32 (N, H, W, 3) by name, each (N, ...)."""
        values = {self._input: np.ascontiguousarray(images, np.float32)}
        for layer, inputs, target in self._layers:
            values[target] = layer(*(values[number] for number in inputs))
        return {name: values[number] for name, number in self._outputs.items()}


@lru_cache(maxsize=4)
def network(path: Path) -> Network:
    """The network in a file, read once. Raises CheckpointError."""
    try:
        return Network(read_graph(path))
    except (KeyError, ValueError) as error:
        raise CheckpointError(path, "is another network") from error


def _convolution(operator: Operator, constants: Constants) -> Layer:
    kernel, bias = (constants[number] for number in operator.inputs[1:])
    out, high, wide, _ = kernel.shape
    matrix = np.ascontiguousarray(kernel.reshape(out, -1).T)
    window = _Window(operator.options, high, wide, activation=3)

    def run(images: Floats) -> Floats:
        seen = images if window.is_one_pixel else window.patches(images).transpose(0, 1, 2, 4, 5, 3)
        total = seen.reshape(-1, len(matrix)) @ matrix
        total += bias
        return total.reshape(*seen.shape[:3], out)

    return run


def _depthwise_convolution(operator: Operator, constants: Constants) -> Layer:
    kernel, bias = (constants[number] for number in operator.inputs[1:])
    _, high, wide, _ = kernel.shape
    window = _Window(operator.options, high, wide, activation=4)

    def run(images: Floats) -> Floats:
        padded, rows, columns = window.padded(images)
        down, across = window.strides
        count, channels = len(images), images.shape[3]
        if across == 1:
            # Rows of numbers instead of pixels: NumPy's inner loops are then as long as a row.
            padded = padded.reshape(count, padded.shape[1], -1, 1)
            columns, across, step = columns * channels, 1, channels
            weights = np.tile(kernel[0], (1, 1, columns // channels))[..., None]
        else:
            step, weights = 1, kernel[0]
        total = np.zeros((count, -(-rows // down), -(-columns // across), padded.shape[3]), np.float32)
        product = np.empty_like(total)
        for y in range(high):
            for x in range(wide):
                part = padded[:, y : y + rows : down, x * step : x * step + columns : across]
                total += np.multiply(part, weights[y, x], out=product)
        total = total.reshape(count, total.shape[1], -1, channels)
        total += bias
        return total

    return run


def _pooling(operator: Operator, constants: Constants) -> Layer:
    options = _options(operator.options)
    window = _Window(options, options.number(4, "i"), options.number(3, "i"), activation=5, fill=-np.inf)
    return lambda images: np.asarray(window.patches(images).max(axis=(4, 5)))


def _padding(operator: Operator, constants: Constants) -> Layer:
    widths = constants[operator.inputs[1]]
    return lambda images: _surrounded(images, *widths, fill=0.0)


def _addition(operator: Operator, constants: Constants) -> Layer:
    _no_activation(operator.options, 0)
    return lambda one, other: np.asarray(one + other)


def _rectifier(operator: Operator, constants: Constants) -> Layer:
    return lambda images: np.maximum(images, 0)


def _leaky_rectifier(operator: Operator, constants: Constants) -> Layer:
    slopes = constants[operator.inputs[1]]

    def run(images: Floats) -> Floats:
        below = np.minimum(images, 0)
        below *= slopes
        below += np.maximum(images, 0)
        return below

    return run


def _reshaping(operator: Operator, constants: Constants) -> Layer:
    # The file's shape has a batch of one.
    shape = tuple(map(int, _options(operator.options).array(0, np.int32)))[1:]
    return lambda images: images.reshape(len(images), *shape)


def _concatenation(operator: Operator, constants: Constants) -> Layer:
    axis = _options(operator.options).number(0, "i")
    return lambda *parts: np.concatenate(parts, axis=axis)


_LAYERS: dict[Op, Callable[[Operator, Constants], Layer]] = {
    Op.ADD: _addition,
    Op.CONCATENATION: _concatenation,
    Op.CONV_2D: _convolution,
    Op.DEPTHWISE_CONV_2D: _depthwise_convolution,
    Op.MAX_POOL_2D: _pooling,
    Op.PAD: _padding,
    Op.PRELU: _leaky_rectifier,
    Op.RELU: _rectifier,
    Op.RESHAPE: _reshaping,
}


class _Window:
    """How a kernel moves over a picture. ``activation``: the number of that field of the options."""

    def __init__(
        self, table: Table | None, high: int, wide: int, *, activation: int, fill: float = 0.0
    ) -> None:
        options = _options(table)
        _no_activation(options, activation)
        self._same = options.number(0, "b") == _SAME
        self.strides = options.number(2, "i"), options.number(1, "i")
        self._high, self._wide, self._fill = high, wide, fill
        self.is_one_pixel = (high, wide, *self.strides) == (1, 1, 1, 1)

    def padded(self, images: Floats) -> tuple[Floats, int, int]:
        """The pictures with what the kernel needs around them; how far its first element moves down and across."""
        before, rows = self._room(images.shape[1], self._high, self.strides[0])
        left, columns = self._room(images.shape[2], self._wide, self.strides[1])
        return _surrounded(images, (0, 0), before, left, (0, 0), fill=self._fill), rows, columns

    def patches(self, images: Floats) -> Floats:
        """What the kernel sees: a view (N, rows, columns, C, high, wide)."""
        padded, _, _ = self.padded(images)
        views = sliding_window_view(padded, (self._high, self._wide), axis=(1, 2))
        return np.asarray(views[:, :: self.strides[0], :: self.strides[1]])

    def _room(self, size: int, kernel: int, stride: int) -> tuple[tuple[int, int], int]:
        if not self._same:
            return (0, 0), size - kernel + 1
        steps = -(-size // stride)
        needed = max(0, (steps - 1) * stride + kernel - size)
        # The odd one comes after.
        return (needed // 2, needed - needed // 2), (steps - 1) * stride + 1


def _surrounded(images: Floats, *widths: Sequence[int], fill: float) -> Floats:
    """``images`` with as many elements before and after each axis as ``widths`` say; a third of np.pad's time."""
    if not np.any(widths):
        return images
    shape = [before + size + after for (before, after), size in zip(widths, images.shape, strict=True)]
    larger = np.full(shape, fill, np.float32) if fill else np.zeros(shape, np.float32)
    larger[
        tuple(slice(before, before + size) for (before, _), size in zip(widths, images.shape, strict=True))
    ] = images
    return larger


def _options(table: Table | None) -> Table:
    if table is None:
        raise ValueError("an operator without options")
    return table


def _no_activation(table: Table | None, field: int) -> None:
    if table is not None and table.number(field, "b"):
        raise ValueError("an activation within an operator")
