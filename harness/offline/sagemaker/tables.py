"""Comma-separated values, as training data and as requests."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from numpy.typing import NDArray


def read_csv(data: bytes) -> NDArray[np.float32]:
    """Return the rows of a table without header. Raises ``ValueError`` for anything but numbers in equal rows."""
    if not data.strip():
        raise ValueError("there are no rows")
    table: NDArray[np.float32] = np.loadtxt(
        io.StringIO(data.decode("utf-8")), delimiter=",", dtype=np.float32, ndmin=2, comments=None
    )
    return table


def check_finite(rows: NDArray[Any]) -> None:
    """Raise ``ValueError`` where a value is no finite number."""
    if not np.isfinite(rows).all():
        raise ValueError("a value is not a finite number")
