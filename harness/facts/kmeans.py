"""What was seen of the k-means example: data, training job, model, endpoint and predictions."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence import Evidence

TOLERANCE = 1e-3
"""Relative difference of distances that single precision and text formats may make."""


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

    def objection(self, k: int) -> str:
        """Return what is wrong with the answer of a model with ``k`` clusters, or nothing."""
        if self.cluster not in range(k):
            return f"cluster {self.cluster:g}, expected one of 0 to {k - 1}"
        if not self.distance >= 0:
            return f"distance {self.distance:g}, expected 0 or more"
        if not _same((self.cluster, self.distance), self.again):
            return f"{_words(self.again)} when asked again, at first {_words((self.cluster, self.distance))}"
        # Where two centroids are equally near, either is right.
        if not _near(self.distance_there, self.expected_distance):
            return f"cluster {self.cluster:g}, expected {self.expected}, whose centroid is nearest"
        if not _near(self.distance, self.expected_distance):
            return f"distance {self.distance:g}, expected {self.expected_distance:g}"
        return ""


def _near(one: float, other: float) -> bool:
    return abs(one - other) <= TOLERANCE * max(abs(other), 1.0)


def _same(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return one[0] == other[0] and _near(one[1], other[1])


def _words(pair: tuple[float, float]) -> str:
    return f"cluster {pair[0]:g} at distance {pair[1]:g}"


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

    def objections(self, k: int) -> tuple[str, ...]:
        """Return what is wrong with the answers, digit by digit, for ``k`` clusters."""
        each = ((number, answer.objection(k)) for number, answer in enumerate(self.answers))
        wrong = tuple(f"digit {number}: {objection}" for number, objection in each if objection)
        if self.alone is None or not self.answers:
            return (*wrong, "a single digit was not answered")
        together = (self.answers[0].cluster, self.answers[0].distance)
        if _same(self.alone, together):
            return wrong
        return (*wrong, f"digit 0: {_words(self.alone)} when asked alone, {_words(together)} among others")


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
