"""The digits that the example is run on: MNIST where AWS's sample bucket can be read, else those of scikit-learn."""

from __future__ import annotations

import gzip
import struct
import zlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from botocore.exceptions import BotoCoreError, ClientError

from harness import digits
from harness.aws import s3
from harness.aws.session import Aws
from harness.digits import Digits
from harness.evidence import Evidence

IMAGES = "train-images-idx3-ubyte.gz"
LABELS = "train-labels-idx1-ubyte.gz"
MOST_ROWS = 50_000
"""As many as the example trains on: MNIST's training set without what the example keeps for validation."""
LARGEST = 64 * 1024 * 1024
GREYS = 255


@dataclass(frozen=True)
class Origin:
    """Digits, in words where they come from, and what was seen on the way."""

    digits: Digits
    name: str
    evidence: tuple[Evidence, ...] = ()


class DigitsSource(Protocol):
    """Where digits come from."""

    def load(self) -> Origin:
        """Return the digits; never fails for want of a network."""


class BundledDigits:
    """The digits that scikit-learn carries, in MNIST's layout."""

    def load(self) -> Origin:
        """Return them; see :mod:`harness.digits`."""
        return Origin(digits.load(), "the 1,797 digits of scikit-learn")


class SampleBucket:
    """MNIST in a bucket of AWS's, in MNIST's own files; where it cannot be read, the bundled digits and a note."""

    def __init__(self, aws: Aws, bucket: str, prefix: str) -> None:
        self.aws = aws
        self.place = s3.Location(bucket, prefix.rstrip("/") + "/")

    def load(self) -> Origin:
        """Return MNIST's training set, at most 50,000 rows."""
        try:
            found = read_mnist(self._read(IMAGES), self._read(LABELS))
        except (ClientError, BotoCoreError, ValueError) as error:
            instead = BundledDigits().load()
            note = Evidence("api", f"s3 get-object {self.place.uri}", f"{error}; {instead.name} stand in")
            return Origin(instead.digits, instead.name, (note,))
        return Origin(
            found, "MNIST", (Evidence("api", f"s3 get-object {self.place.uri}", f"{len(found.labels)} digits"),)
        )

    def _read(self, name: str) -> bytes:
        place = s3.Location(self.place.bucket, self.place.key + name)
        content = s3.read(self.aws, place, LARGEST)
        if content is None:
            raise ValueError(f"there is nothing at {place.uri}")
        return content


def read_mnist(images: bytes, labels: bytes) -> Digits:
    """Read MNIST's files (gzipped IDX), at most 50,000 rows. Raises ``ValueError`` for anything else.

    The format is that of Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits".
    """
    pixels, truth = _read_idx(images), _read_idx(labels)
    if pixels.ndim != 3 or truth.ndim != 1 or len(pixels) != len(truth):
        raise ValueError(f"images of shape {pixels.shape} and labels of shape {truth.shape} do not belong together")
    rows = pixels[:MOST_ROWS].reshape(min(len(pixels), MOST_ROWS), -1)
    return Digits(rows.astype(np.float32) / np.float32(GREYS), truth[:MOST_ROWS].astype(np.int64))


def _read_idx(content: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    try:
        data = gzip.decompress(content)
        kind, dimensions = struct.unpack_from(">HBB", data)[1:]
        shape = struct.unpack_from(f">{dimensions}I", data, 4)
    except (OSError, EOFError, zlib.error, struct.error) as error:
        raise ValueError(f"not a gzipped IDX file: {error}") from None
    if kind != 8:
        raise ValueError(f"an IDX file of type {kind}, expected unsigned bytes")
    # reshape refuses what is too short or too long with a ValueError of its own.
    return np.frombuffer(data, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
