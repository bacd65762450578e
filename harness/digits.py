"""Handwritten digits in MNIST's layout, from the 8 × 8 digits that scikit-learn carries.

The 1,797 digits are the test set of "Optical Recognition of Handwritten Digits" (E. Alpaydin, C. Kaynak; UCI
Machine Learning Repository, 1998).
"""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIDE = 28
FEATURES = SIDE * SIDE
_SMALL_SIDE = 8
_GREYS = 16
_ZOOM = 3
_MARGIN = (SIDE - _SMALL_SIDE * _ZOOM) // 2


@dataclass(frozen=True)
class Digits:
    """Images of digits and what they show.

    ``images`` is float32 of shape (n, 784), 0 is paper and 1 is ink, row by row from the top left;
    ``labels`` is int64 of shape (n,), 0 to 9.
    """

    images: NDArray[np.float32]
    labels: NDArray[np.int64]


@cache
def load() -> Digits:
    """Return the 1,797 digits, always the same in the same order; the arrays are read-only.

    Each pixel becomes 3 × 3 pixels and a margin of two is added, so that a digit fills the middle of its
    image as in MNIST.
    """
    table = np.loadtxt(io.BytesIO(gzip.decompress(_file().read_bytes())), delimiter=",", dtype=np.float32)
    small = table[:, :-1].reshape(-1, _SMALL_SIDE, _SMALL_SIDE) / np.float32(_GREYS)
    large = small.repeat(_ZOOM, axis=1).repeat(_ZOOM, axis=2)
    images = np.pad(large, ((0, 0), (_MARGIN, _MARGIN), (_MARGIN, _MARGIN))).reshape(len(table), FEATURES)
    digits = Digits(images, table[:, -1].astype(np.int64))
    digits.images.flags.writeable = digits.labels.flags.writeable = False
    return digits


def _file() -> Path:
    # Found without importing scikit-learn, which takes seconds.
    spec = find_spec("sklearn")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("scikit-learn is not installed; it carries the digits")
    return Path(spec.origin).parent / "datasets" / "data" / "digits.csv.gz"
