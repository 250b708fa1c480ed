"""PDQ: what a picture looks like, in 256 bits. Source: Meta's PDQ, the paper of 2019 and its reference implementations."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]

SIDE: Final = 64  # of the picture that is hashed
WAVES: Final = 16  # in each direction
LEAST_PIXELS: Final = 5  # of a side, below which nothing can be told
_PASSES: Final = 2  # of a box that is half as wide as what becomes a pixel: together a tent
_GRADIENTS: Final = 90  # that are a quality of 1
# Of a discrete cosine transform of 64 values those 16 after the first, which only says how bright all of it is.
_WAVES: Final = (
    np.sqrt(2 / SIDE) * np.cos(np.pi / 2 / SIDE * np.outer(np.arange(1, WAVES + 1), 2 * np.arange(SIDE) + 1))
).astype(np.float32)


def pdq_of(brightness: Plane) -> tuple[str, int]:
    """The hash in hexadecimal and its quality, 0 to 100; `brightness` is 0 to 255, row by row."""
    if min(brightness.shape) < LEAST_PIXELS:
        return "0" * 64, 0
    small = brightness if brightness.shape == (SIDE, SIDE) else _shrunk(brightness)
    waves = _WAVES @ small @ _WAVES.T
    # The lower one of the two in the middle, as the reference has it.
    bits = waves.ravel() > np.partition(waves.ravel(), waves.size // 2 - 1)[waves.size // 2 - 1]
    return np.packbits(bits[::-1]).tobytes().hex(), _quality(small)


def _shrunk(plane: Plane) -> Plane:
    rows, columns = plane.shape
    for _ in range(_PASSES):
        plane = _blurred(plane, width=_window(columns), axis=1)
        plane = _blurred(plane, width=_window(rows), axis=0)
    return plane[np.ix_(_middles(rows), _middles(columns))]


def _window(length: int) -> int:
    return (length + 2 * SIDE - 1) // (2 * SIDE)


def _middles(length: int) -> NDArray[np.int64]:
    return ((np.arange(SIDE) + 0.5) * length / SIDE).astype(np.int64)


def _blurred(plane: Plane, *, width: int, axis: int) -> Plane:
    """Each value the mean of `width` around it, of fewer at the edges; an even window reaches one further ahead."""
    length = plane.shape[axis]
    ahead = (width + 2) // 2 - 1
    places = np.arange(length)
    ends = np.minimum(places + ahead + 1, length)
    starts = np.maximum(places + ahead + 1 - width, 0)
    zero = np.zeros_like(plane.take([0], axis))
    sums = np.concatenate([zero, plane.cumsum(axis, dtype=np.float64)], axis)
    counts = (ends - starts).reshape((-1, 1) if axis == 0 else (1, -1))
    blurred: Plane = ((sums.take(ends, axis) - sums.take(starts, axis)) / counts).astype(np.float32)
    return blurred


def _quality(small: Plane) -> int:
    """How much there is to see: the gradients, each cut to whole hundredths."""
    gradients = [np.trunc(np.diff(small, axis=axis) * 100 / 255) for axis in (0, 1)]
    return min(100, int(sum(np.abs(each).sum() for each in gradients)) // _GRADIENTS)
