"""What is seen of training data and models in S3, and which images are the built-in k-means."""

from __future__ import annotations

import gzip
import io
import json
import struct
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from harness import builtin_images, digits, ndarray, recordio
from harness.aws import mnist, s3, training
from harness.aws.s3 import Location

ROWS = np.random.default_rng(3).random((60, 784), dtype=np.float32)
PREFIX = "s3://bucket/data/"
MANIFEST = PREFIX + ".amazon.manifest"


@dataclass
class Objects:
    """Stands in for AWS: S3 with these objects, by URI."""

    content: dict[str, bytes] = field(default_factory=dict)
    read: list[int] = field(default_factory=list)
    trouble: Exception | None = None

    def client(self, service):
        assert service == "s3"
        return self

    def _found(self, bucket, key):
        if self.trouble is not None:
            raise self.trouble
        try:
            return self.content[f"s3://{bucket}/{key}"]
        except KeyError:
            raise ClientError({"Error": {"Code": "NoSuchKey", "Message": "no such key"}}, "GetObject") from None

    def get_object(self, Bucket, Key):  # noqa: N803
        found = self._found(Bucket, Key)
        return {"Body": io.BytesIO(found)}

    def head_object(self, Bucket, Key):  # noqa: N803
        return {"ContentLength": len(self._found(Bucket, Key))}

    def get_paginator(self, _):
        return self

    def paginate(self, Bucket, Prefix):  # noqa: N803
        found = {uri: body for uri, body in self.content.items() if uri.startswith(f"s3://{Bucket}/{Prefix}")}
        return [{"Contents": [{"Key": Location.parse(uri).key, "Size": len(body)} for uri, body in found.items()]}]


def uploaded(*shards, names=None):
    names = names or [f"matrix_{number}.pbr" for number in range(len(shards))]
    listed = json.dumps([{"prefix": PREFIX}, *names]).encode()
    return Objects({MANIFEST: listed, **{PREFIX + name: body for name, body in zip(names, shards, strict=False)}})


def observed(objects, uri=MANIFEST, data_type="ManifestFile"):
    return training.observe_source(objects, uri, data_type)


def test_record_io_with_a_manifest():
    seen = observed(uploaded(recordio.encode_matrix(ROWS[:25]), recordio.encode_matrix(ROWS[25:])))
    assert (seen.manifest, seen.problem, seen.missing) == (MANIFEST, "", ())
    assert (seen.rows, seen.exact, seen.widths) == (60, True, (784,))
    assert seen.objects == (PREFIX + "matrix_0.pbr", PREFIX + "matrix_1.pbr")
    assert "25 records" in seen.evidence[0].saw


def test_labels_do_no_harm():
    assert observed(uploaded(recordio.encode_matrix(ROWS, np.arange(60)))).widths == (784,)


def test_vectors_of_another_width_are_seen_wherever_they_are():
    mixed = recordio.encode_matrix(ROWS) + recordio.encode_matrix(ROWS[:1, :64])
    assert observed(uploaded(mixed)).widths == (64, 784)


def test_of_much_data_only_the_beginning_is_read(monkeypatch):
    shard = recordio.encode_matrix(ROWS)
    monkeypatch.setattr(training, "MOST", 2 * len(shard) // 5)
    seen = observed(uploaded(shard, shard))
    assert (seen.exact, seen.problem, seen.widths) == (False, "", (784,))
    assert seen.rows == pytest.approx(120, rel=0.02)


@pytest.mark.parametrize("body", [b"0.5,0.25\n", b"\x0a\x23\xd7\xce\xff\xff\x00\x00", recordio.join([b"not a record"])])
def test_what_is_not_record_io_is_said(body):
    assert observed(uploaded(recordio.encode_matrix(ROWS), body)).problem.startswith("matrix_1.pbr is not record-io")


def test_records_without_values_are_no_training_data():
    assert "has no numbers" in observed(uploaded(recordio.encode([recordio.Record()]))).problem


def test_a_broken_tail_is_no_sample():
    assert observed(uploaded(recordio.encode_matrix(ROWS)[:-9])).problem


def test_an_object_that_is_listed_and_absent():
    seen = observed(uploaded(recordio.encode_matrix(ROWS), names=["matrix_0.pbr", "matrix_1.pbr"]))
    assert seen.missing == (PREFIX + "matrix_1.pbr",)
    assert seen.rows == 60


@pytest.mark.parametrize(
    "text", [b"", b"{}", b"[]", b'["a"]', b'[{"prefix": "s3://b/"}, 3]', b'[{"prefix": "x"}, "y"]', b"\xff"]
)
def test_what_is_no_manifest(text):
    assert observed(Objects({MANIFEST: text})).problem == f"{MANIFEST} is not a manifest"


def test_no_manifest_at_all():
    assert observed(Objects()).problem == f"there is no manifest at {MANIFEST}"


def test_a_prefix_instead_of_a_manifest():
    seen = observed(uploaded(recordio.encode_matrix(ROWS)), PREFIX + "matrix", "S3Prefix")
    assert (seen.manifest, seen.rows) == ("", 60)


def test_a_job_without_a_channel():
    assert observed(Objects(), "", "").objects == ()


def test_a_model_is_read():
    model = training.read_model(Objects({"s3://b/m": ndarray.pack_model(ROWS[:10])}), "s3://b/m")
    assert model.shape == (10, 784)
    assert np.array_equal(model.centroids, ROWS[:10])


@pytest.mark.parametrize(
    ("content", "artifact", "problem"),
    [
        ({}, "", "there is no model artifact"),
        ({}, "s3://b/m", "there is nothing at s3://b/m"),
        ({"s3://b/m": b"PK"}, "s3://b/m", "s3://b/m is no k-means model"),
        ({"s3://b/m": gzip.compress(b"x")}, "s3://b/m", "s3://b/m is no k-means model"),
    ],
)
def test_a_model_that_cannot_be_read(content, artifact, problem):
    model = training.read_model(Objects(content), artifact)
    assert model.problem.startswith(problem)
    assert model.shape == ()


@pytest.mark.parametrize("uri", ["", "bucket/key", "https://bucket/key", "s3://"])
def test_what_is_no_s3_uri(uri):
    with pytest.raises(ValueError, match="not an S3 URI"):
        Location.parse(uri)


def test_a_key_may_hold_anything():
    assert Location.parse("s3://b/a?b#c/d e").key == "a?b#c/d e"
    assert Location.parse("s3://b").uri == "s3://b/"


def test_trouble_with_s3_is_not_absence():
    refusal = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.read(Objects(trouble=refusal), Location("b", "k"), 10)


# Images.


def test_the_registries_are_those_of_the_sdk():
    spec = find_spec("sagemaker")
    table = json.loads((Path(spec.origin).parent / "image_uri_config" / "kmeans.json").read_text())
    theirs = table["versions"]["1"]["registries"]
    assert {region: id for region, id in theirs.items() if "iso" not in region} == builtin_images.KMEANS_REGISTRIES


@pytest.mark.parametrize("tag", [":1", ":latest", ""])
def test_the_built_in_image(tag):
    assert builtin_images.is_kmeans(f"438346466558.dkr.ecr.eu-west-1.amazonaws.com/kmeans{tag}", "eu-west-1")


@pytest.mark.parametrize(
    ("image", "region"),
    [
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", "eu-west-1"),
        ("123456789012.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", "us-east-1"),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/pca:1", "us-east-1"),
        ("382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:2", "us-east-1"),
        ("", "us-east-1"),
        ("kmeans:1", "mars-north-1"),
    ],
)
def test_other_images(image, region):
    assert not builtin_images.is_kmeans(image, region)


def test_chinas_registries_have_another_suffix():
    assert builtin_images.kmeans_image("cn-north-1").endswith(".amazonaws.com.cn/kmeans:1")


# MNIST.


def idx(array):
    head = struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape)
    return gzip.compress(head + array.astype(np.uint8).tobytes())


IMAGES = np.arange(3 * 28 * 28).reshape(3, 28, 28) % 256
LABELS = np.array([5, 0, 4])
SAMPLES = {
    "s3://samples/mnist/train-images-idx3-ubyte.gz": idx(IMAGES),
    "s3://samples/mnist/train-labels-idx1-ubyte.gz": idx(LABELS),
}


def test_mnist_is_read_from_the_sample_bucket():
    origin = mnist.SampleBucket(Objects(SAMPLES), "samples", "mnist").load()
    assert (origin.name, origin.digits.images.dtype, origin.digits.images.shape) == ("MNIST", np.float32, (3, 784))
    assert origin.digits.images[0, 255] == 1.0
    assert origin.digits.labels.tolist() == [5, 0, 4]


def test_no_more_rows_than_the_example_trains_on(monkeypatch):
    monkeypatch.setattr(mnist, "MOST_ROWS", 2)
    assert len(mnist.read_mnist(idx(IMAGES), idx(LABELS)).images) == 2


@pytest.mark.parametrize(
    "objects",
    [
        Objects(),
        Objects({**SAMPLES, "s3://samples/mnist/train-images-idx3-ubyte.gz": b"<html>"}),
        Objects({**SAMPLES, "s3://samples/mnist/train-images-idx3-ubyte.gz": idx(IMAGES)[:-20]}),
        Objects({**SAMPLES, "s3://samples/mnist/train-labels-idx1-ubyte.gz": idx(LABELS[:2])}),
        Objects(
            {**SAMPLES, "s3://samples/mnist/train-labels-idx1-ubyte.gz": gzip.compress(b"\0\0\x0d\1\0\0\0\1\0\0\0\0")}
        ),
        Objects({**SAMPLES, "s3://samples/mnist/train-labels-idx1-ubyte.gz": gzip.compress(b"\0\0\x08\1\0\0\0\x09ab")}),
        Objects(trouble=ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetObject")),
        Objects(trouble=EndpointConnectionError(endpoint_url="https://s3")),
    ],
)
def test_without_mnist_the_bundled_digits_stand_in_and_a_note_says_so(objects):
    origin = mnist.SampleBucket(objects, "samples", "mnist/").load()
    assert origin.digits is digits.load()
    assert origin.evidence[0].saw.endswith("the 1,797 digits of scikit-learn stand in")
