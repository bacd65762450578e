"""Training jobs of the built-in k-means: what they were given, how they ended, and the model that they left."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from harness import builtin_images, ndarray, recordio
from harness.aws import s3
from harness.aws.sagemaker import look_up
from harness.aws.session import Aws
from harness.clusters import Array
from harness.evidence import Evidence
from harness.facts.kmeans import TrainingData, TrainingJob

CHANNEL = "train"
MANIFEST = "ManifestFile"
MOST = 16 * 1024 * 1024
"""Bytes of training data that are read at most; of more, a sample from the start of each object."""
LARGEST_MODEL = 64 * 1024 * 1024
LOOKED_AT = 50
"""Records that are decoded per object, besides one of each other length."""


@dataclass(frozen=True)
class Model:
    """A model read from its artifact; ``problem`` says why ``centroids`` is missing."""

    artifact: str
    centroids: Array | None
    problem: str

    @property
    def shape(self) -> tuple[int, ...]:
        """Return (k, feature_dim), or nothing."""
        return () if self.centroids is None else tuple(int(side) for side in self.centroids.shape)


def read_model(aws: Aws, artifact: str) -> Model:
    """Read the centroids from the ``model.tar.gz`` at an S3 URI (empty where a job left none)."""
    if not artifact:
        return Model(artifact, None, "there is no model artifact")
    content = s3.read(aws, s3.Location.parse(artifact), LARGEST_MODEL)
    if content is None:
        return Model(artifact, None, f"there is nothing at {artifact}")
    try:
        return Model(artifact, ndarray.unpack_model(content), "")
    except ndarray.ModelError as error:
        return Model(artifact, None, f"{artifact} is no k-means model: {error}")


def describe(aws: Aws, name: str) -> dict[str, Any] | None:
    """Return what SageMaker says of a training job, or ``None``."""
    return look_up(aws.client("sagemaker").describe_training_job, TrainingJobName=name)


def observe_job(aws: Aws, name: str) -> TrainingJob | None:
    """Return the facts of a training job, its model included, or ``None`` where there is no such job."""
    seen = describe(aws, name)
    if seen is None:
        return None
    specification = seen.get("AlgorithmSpecification", {})
    image = specification.get("TrainingImage") or specification.get("AlgorithmName", "")
    artifact = seen.get("ModelArtifacts", {}).get("S3ModelArtifacts", "")
    model = read_model(aws, artifact if seen["TrainingJobStatus"] == "Completed" else "")
    settings = dict(seen.get("HyperParameters", {}))
    said = f"{seen['TrainingJobStatus']}, image {image}, " + ", ".join(f"{k}={v}" for k, v in sorted(settings.items()))
    return TrainingJob(
        name=name,
        status=seen["TrainingJobStatus"],
        failure=seen.get("FailureReason", ""),
        image=image,
        image_is_builtin=builtin_images.is_kmeans(image, aws.region),
        hyperparameters=settings,
        channel=_source(seen).get("S3Uri", ""),
        artifact=artifact,
        centroids=model.shape,
        problem=model.problem,
        evidence=(
            Evidence("api", f"sagemaker describe-training-job {name}", said),
            Evidence("api", f"s3 get-object {artifact}", model.problem or f"centroids of shape {model.shape}"),
        ),
    )


def _source(description: dict[str, Any]) -> dict[str, Any]:
    """Return the S3 source of the channel ``train``, or of the only one."""
    channels = {channel["ChannelName"]: channel for channel in description.get("InputDataConfig", [])}
    chosen: dict[str, Any] = channels.get(CHANNEL) or next(iter(channels.values()), {})
    source: dict[str, Any] = chosen.get("DataSource", {}).get("S3DataSource", {})
    return source


def observe_data(aws: Aws, job: str) -> TrainingData | None:
    """Return the facts of what a training job was given to read, or ``None`` where there is no such job."""
    seen = describe(aws, job)
    if seen is None:
        return None
    source = _source(seen)
    return observe_source(aws, source.get("S3Uri", ""), source.get("S3DataType", ""))


def observe_source(aws: Aws, uri: str, data_type: str) -> TrainingData:
    """Return the facts of training data in S3; ``data_type`` is ``ManifestFile`` or ``S3Prefix``."""
    manifest = uri if data_type == MANIFEST else ""
    listed, problem = _listed(aws, manifest) if manifest else (_under(aws, uri), "")
    sizes = {place: s3.size(aws, place) for place in listed}
    present = {place: size for place, size in sizes.items() if size is not None}
    samples = [_sample(aws, place, size, MOST // len(present)) for place, size in present.items()]
    rows = sum(sample.rows for sample in samples)
    widths = tuple(sorted(set().union(*(sample.widths for sample in samples))))
    return TrainingData(
        uri=uri,
        manifest=manifest,
        objects=tuple(place.uri for place in present),
        missing=tuple(place.uri for place, size in sizes.items() if size is None),
        rows=rows,
        exact=all(sample.exact for sample in samples),
        widths=widths,
        problem=problem or next((sample.problem for sample in samples if sample.problem), ""),
        evidence=tuple(
            Evidence(
                "api", f"s3 get-object {place.uri}", sample.problem or f"{sample.rows} records, {present[place]} bytes"
            )
            for place, sample in zip(present, samples, strict=True)
        ),
    )


def _under(aws: Aws, uri: str) -> list[s3.Location]:
    if not uri:
        return []
    place = s3.Location.parse(uri)
    return [s3.Location(place.bucket, key) for key, size in s3.keys(aws, place) if size]


def _listed(aws: Aws, manifest: str) -> tuple[list[s3.Location], str]:
    """Return what a manifest lists, and what is wrong with it.

    AWS, "S3DataSource": ``[{"prefix": "s3://bucket/path/"}, "file-1", …]``; each name is appended to the prefix.
    """
    content = s3.read(aws, s3.Location.parse(manifest), MOST)
    if content is None:
        return [], f"there is no manifest at {manifest}"
    try:
        head, *names = json.loads(content)
        prefix = head["prefix"]
        return [s3.Location.parse(prefix + name) for name in names], ""
    except (ValueError, TypeError, KeyError, RecursionError):
        return [], f"{manifest} is not a manifest"


@dataclass(frozen=True)
class _Sample:
    rows: int
    exact: bool
    widths: frozenset[int]
    problem: str = ""


def _sample(aws: Aws, place: s3.Location, size: int, limit: int) -> _Sample:
    """Count the records of an object, and decode some, from its first ``limit`` bytes."""
    content = s3.read(aws, place, limit) or b""
    try:
        frames = _frames(content, is_cut=size > len(content))
        chosen = _chosen(frames)
        widths = frozenset(int(recordio.decode_matrix(recordio.join([frame]))[0].shape[1]) for frame in chosen)
    except recordio.RecordError as error:
        return _Sample(0, True, frozenset(), f"{PurePosixPath(place.key).name} is not record-io protobuf: {error}")
    if size <= len(content):
        return _Sample(len(frames), True, widths)
    read = len(recordio.join(frames))
    return _Sample(round(len(frames) * size / max(read, 1)), False, widths)


def _frames(content: bytes, *, is_cut: bool) -> list[bytes]:
    frames: list[bytes] = []
    try:
        for frame in recordio.split(content):
            frames.append(frame)  # noqa: PERF402 - those before a broken one are kept
    except recordio.RecordError:
        if not (is_cut and frames):
            raise
    return frames


def _chosen(frames: list[bytes]) -> list[bytes]:
    """Return the first records and one of each other length: vectors of another width are longer or shorter."""
    others = {len(frame): frame for frame in frames[LOOKED_AT:]}
    return frames[:LOOKED_AT] + list(others.values())[:LOOKED_AT]
