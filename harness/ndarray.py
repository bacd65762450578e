"""The model artifact of SageMaker's k-means: an MXNet NDArray file in a ``model.tar.gz``.

Layout of the file (MXNet's ``NDArray::Save``), little endian: ``u64 0x112``, ``u64 0``, ``u64`` number of arrays; per
array ``u32 0xF993FAC9``, ``i32`` storage type, ``i32`` dimensions, ``i64`` each, ``i32`` device type, ``i32`` device
number, ``i32`` element type, the elements; ``u64`` number of names. The algorithm writes one unnamed float32 array.
"""

from __future__ import annotations

import gzip
import io
import struct
import tarfile
import zlib
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import NDArray

_LIST_MAGIC = 0x112
_ARRAY_MAGIC = 0xF993FAC9
_DENSE, _CPU, _FLOAT32 = 0, 1, 0
_MEMBER = "model_algo-"
_LARGEST = 1 << 28
"""Bytes; no model of this algorithm that is worth reading comes near it."""


class ModelError(ValueError):
    """Says why bytes are not a k-means model."""


def write(array: NDArray[np.float32]) -> bytes:
    """Return the file that holds this array; elements are converted to float32."""
    values = np.ascontiguousarray(array, dtype="<f4")
    head = struct.pack("<QQQIi", _LIST_MAGIC, 0, 1, _ARRAY_MAGIC, _DENSE)
    shape = struct.pack(f"<i{values.ndim}q", values.ndim, *values.shape)
    return head + shape + struct.pack("<iii", _CPU, 0, _FLOAT32) + values.tobytes() + struct.pack("<Q", 0)


def read(data: bytes) -> NDArray[np.float32]:
    """Return the one array of a file. Raises :class:`ModelError` for anything else."""
    try:
        return _read(data)
    except struct.error:
        raise ModelError("the NDArray file is cut off") from None


def _read(data: bytes) -> NDArray[np.float32]:
    magic, _, count, array_magic, storage, dimensions = struct.unpack_from("<QQQIii", data)
    if magic != _LIST_MAGIC or array_magic != _ARRAY_MAGIC:
        raise ModelError("not an MXNet NDArray file")
    if count != 1 or storage != _DENSE:
        raise ModelError(f"expected one dense array, found {count} of storage type {storage}")
    if not 0 < dimensions <= 8:
        raise ModelError(f"an array of {dimensions} dimensions")
    offset = 36
    shape = struct.unpack_from(f"<{dimensions}q", data, offset)
    offset += 8 * dimensions
    _, _, kind = struct.unpack_from("<iii", data, offset)
    if kind != _FLOAT32:
        raise ModelError(f"expected float32 elements, found MXNet's type {kind}")
    offset += 12
    size = int(np.prod(shape, dtype=object))
    if min(shape) < 0 or offset + 4 * size + 8 > len(data):
        raise ModelError(f"an array of shape {shape} does not fit into the file")
    return np.frombuffer(data, "<f4", size, offset).reshape(shape).astype(np.float32)


def pack_model(centroids: NDArray[np.float32], member: str = "model_algo-1") -> bytes:
    """Return the ``model.tar.gz`` of a model with these centroids, shape (k, feature_dim).

    The same centroids always give the same bytes.
    """
    content = write(centroids)
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w", format=tarfile.GNU_FORMAT) as tar:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        tar.addfile(entry, io.BytesIO(content))
    return gzip.compress(archive.getvalue(), compresslevel=6, mtime=0)


def unpack_model(data: bytes) -> NDArray[np.float32]:
    """Return the centroids, shape (k, feature_dim), of a ``model.tar.gz``. Raises :class:`ModelError`.

    Nothing is extracted to disk; links, other members and paths in the archive are passed over.
    """
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
            centroids = read(_member(tar))
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ModelError(f"not a tar.gz archive: {error}") from None
    if centroids.ndim != 2 or not centroids.size:
        raise ModelError(f"expected a matrix of centroids, found shape {centroids.shape}")
    if not np.isfinite(centroids).all():
        raise ModelError("its centroids hold what is no number (NaN, or infinite)")
    return centroids


def _member(tar: tarfile.TarFile) -> bytes:
    for entry in tar:
        if not entry.isreg() or not PurePosixPath(entry.name).name.startswith(_MEMBER):
            continue
        if entry.size > _LARGEST:
            raise ModelError(f"{entry.name} holds {entry.size} bytes")
        content = tar.extractfile(entry)
        if content is not None:
            return content.read()
    raise ModelError(f"the archive has no member {_MEMBER}N")
