"""The model artifact: MXNet's file layout, and the archive around it."""

from __future__ import annotations

import gzip
import io
import struct
import tarfile

import numpy as np
import pytest

from harness import ndarray
from harness.ndarray import ModelError

CENTROIDS = np.array([[0.5, -1.25], [3.0, 1e-7], [np.float32(np.pi), -0.0]], dtype=np.float32)
# mx.nd.save("model_algo-1", [mx.nd.array(CENTROIDS)]) with mxnet 1.9.1
WRITTEN_BY_MXNET = bytes.fromhex(
    "120100000000000000000000000000000100000000000000c9fa93f90000000002000000030000000000000002000000"
    "000000000100000000000000000000000000003f0000a0bf0000404095bfd633db0f4940000000800000000000000000"
)


def test_a_file_is_byte_for_byte_what_mxnet_writes():
    assert ndarray.write(CENTROIDS) == WRITTEN_BY_MXNET


def test_what_mxnet_writes_can_be_read():
    np.testing.assert_array_equal(ndarray.read(WRITTEN_BY_MXNET), CENTROIDS)


def test_the_example_s_model_has_the_size_of_aws_s():
    assert len(ndarray.write(np.zeros((10, 784), np.float32))) == 31_432


def test_an_archive_holds_the_algorithm_s_member():
    packed = ndarray.pack_model(CENTROIDS)
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        assert tar.getnames() == ["model_algo-1"]
    np.testing.assert_array_equal(ndarray.unpack_model(packed), CENTROIDS)
    assert packed == ndarray.pack_model(CENTROIDS)


def archive(**members: bytes) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, data in members.items():
            entry = tarfile.TarInfo(name.replace("_dash_", "-"))
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return content.getvalue()


def test_other_members_are_passed_over():
    packed = archive(state_1=b"{}", model_algo_dash_1=WRITTEN_BY_MXNET)
    np.testing.assert_array_equal(ndarray.unpack_model(packed), CENTROIDS)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not a tar.gz"),
        (b"hello", "not a tar.gz"),
        (gzip.compress(b"hello", mtime=0), "not a tar.gz"),
        (ndarray.pack_model(CENTROIDS)[:-40], "not a tar.gz"),
        (archive(other=b"x"), "no member"),
        (archive(model_algo_dash_1=b"x" * 50), "not an MXNet"),
        (archive(model_algo_dash_1=ndarray.write(np.zeros(3, np.float32))), "expected a matrix"),
        (archive(model_algo_dash_1=ndarray.write(np.zeros((0, 3), np.float32))), "expected a matrix"),
        (ndarray.pack_model(np.full((2, 3), np.nan, np.float32)), "no number"),
        (ndarray.pack_model(np.full((2, 3), np.inf, np.float32)), "no number"),
    ],
)
def test_other_archives_are_refused(data, why):
    with pytest.raises(ModelError, match=why):
        ndarray.unpack_model(data)


def changed(offset: int, layout: str, value: int) -> bytes:
    data = bytearray(WRITTEN_BY_MXNET)
    struct.pack_into(layout, data, offset, value)
    return bytes(data)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (WRITTEN_BY_MXNET[:20], "cut off"),
        (WRITTEN_BY_MXNET[:-9], "does not fit"),
        (changed(16, "<Q", 2), "expected one dense array"),
        (changed(28, "<i", 1), "expected one dense array"),
        (changed(32, "<i", 99), "99 dimensions"),
        (changed(36, "<q", 1 << 40), "does not fit"),
        (changed(36, "<q", -1), "does not fit"),
        (changed(60, "<i", 1), "expected float32"),
    ],
)
def test_other_files_are_refused(data, why):
    with pytest.raises(ModelError, match=why):
        ndarray.read(data)
