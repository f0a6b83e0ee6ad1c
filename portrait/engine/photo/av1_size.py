"""The size of the frames that an AVIF really codes, from its sequence headers (AV1 specification, 5.5).

The container states a size as well, and the decoder takes memory for the coded one.
"""

from __future__ import annotations

_SEQUENCE_HEADER = 1
# The headers and the frames of one picture are fewer.
_MOST_UNITS = 512


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.value, self.left = int.from_bytes(data, "big"), 8 * len(data)

    def read(self, count: int) -> int:
        """Raises ValueError at the end of the data."""
        if count > self.left:
            raise ValueError("the header is cut short")
        self.left -= count
        return self.value >> self.left & ((1 << count) - 1)


def coded_sizes(data: bytes | memoryview) -> list[tuple[int, int]]:
    """Width and height in pixels of each sequence header among the OBUs of an item.

    Raises ValueError for one that is damaged, and for an item without any or with more units than a picture has.
    """
    sizes: list[tuple[int, int]] = []
    at = units = 0
    while at < len(data):
        units += 1
        if units > _MOST_UNITS:
            raise ValueError("too many units")
        header = data[at]
        at += 2 if header & 4 else 1
        length, shift = len(data) - at, 0
        if header & 2:
            length = 0
            while shift < 56:
                if at >= len(data):
                    raise ValueError("the unit is cut short")
                length |= (data[at] & 127) << shift
                shift, at = shift + 7, at + 1
                if not data[at - 1] & 128:
                    break
        if header >> 3 & 15 == _SEQUENCE_HEADER:
            sizes.append(_sequence_size(bytes(data[at : at + min(length, 64)])))
        at += length
    if not sizes:
        raise ValueError("no sequence header")
    return sizes


def _sequence_size(payload: bytes) -> tuple[int, int]:
    bits = _Bits(payload)
    bits.read(4)  # profile, still picture
    if bits.read(1):  # the short header of a still picture
        bits.read(5)
    else:
        _skip_operating_points(bits)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    return bits.read(width_bits) + 1, bits.read(height_bits) + 1


def _skip_operating_points(bits: _Bits) -> None:
    delay_bits = 0
    if bits.read(1):  # timing
        bits.read(64)
        if bits.read(1):
            zeros = 0
            while not bits.read(1):
                zeros += 1
            bits.read(min(zeros, 32))
        if bits.read(1):  # decoder model
            delay_bits = bits.read(5) + 1
            bits.read(42)
    display_delays = bits.read(1)
    for _ in range(bits.read(5) + 1):
        bits.read(12)
        if bits.read(5) > 7:
            bits.read(1)
        if delay_bits and bits.read(1):
            bits.read(2 * delay_bits + 1)
        if display_delays and bits.read(1):
            bits.read(4)
