"""What was seen of the k-means example: data, training job, model, endpoint and predictions."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence import Evidence


@dataclass(frozen=True)
class TrainingData:
    """What a training job was given to read.

    ``manifest`` is the S3 URI of the manifest, empty where the channel names none. ``missing`` are objects that the
    manifest lists and the bucket lacks. ``widths`` are the lengths of the vectors that were found. ``rows`` counts
    the records; where only a sample was read, ``exact`` is false and ``rows`` follows from sample and sizes.
    ``problem`` says why an object is not record-io protobuf, empty where all are.
    """

    uri: str
    manifest: str
    objects: tuple[str, ...]
    missing: tuple[str, ...]
    rows: int
    exact: bool
    widths: tuple[int, ...]
    problem: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class TrainingJob:
    """A training job and the model that it left; ``centroids`` is the shape of the model, ``()`` without one."""

    name: str
    status: str
    failure: str
    image: str
    image_is_builtin: bool
    hyperparameters: dict[str, str]
    channel: str
    artifact: str
    centroids: tuple[int, ...]
    problem: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    """An endpoint: ``models`` and ``artifacts`` are what it serves, ``job_artifact`` is what it should serve."""

    name: str
    status: str
    failure: str
    config: str
    models: tuple[str, ...]
    artifacts: tuple[str, ...]
    job: str
    job_artifact: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Answer:
    """What the endpoint said of one digit, and what follows from the model that it serves.

    ``again`` is the second answer to the same digit. ``expected`` is the index of the nearest centroid.
    ``expected_distance`` is the distance to it and ``distance_there`` the distance to the centroid that was
    answered; both are Euclidean, and ``distance_there`` is -1 where no such centroid exists.
    """

    cluster: float
    distance: float
    again: tuple[float, float]
    expected: int
    expected_distance: float
    distance_there: float


@dataclass(frozen=True)
class Predictions:
    """The endpoint's answers to the digits; ``problem`` is what it said where it refused.

    ``model`` is the artifact that it serves, ``k`` how many centroids that has. ``alone`` is the answer to the first
    digit when nothing else was asked.
    """

    endpoint: str
    model: str
    asked: int
    k: int
    alone: tuple[float, float] | None
    answers: tuple[Answer, ...]
    problem: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Quality:
    """How well the clusters tell the digits apart; ``pictures`` are files of the centroids and of digits by cluster."""

    origin: str
    rows: int
    purity: float
    sizes: tuple[int, ...]
    pictures: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True)
class Resources:
    """What of the example was found in the account, and where two of them do not belong together."""

    found: dict[str, str]
    absent: tuple[str, ...]
    broken_links: tuple[str, ...]
    evidence: tuple[Evidence, ...] = ()
