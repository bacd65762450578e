"""The container that serves a model: requests to distances, in the algorithm's formats.

Requests: AWS, "Common Data Formats for Inference". Answers: AWS, "K-Means Response Formats".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harness import recordio

from .geometry import nearest
from .media import MediaType, parse_media_type
from .tables import check_finite, read_csv

JSON = "application/json"
JSON_LINES = "application/jsonlines"
CSV = "text/csv"


class Rejected(Exception):
    """Is the container's answer to a request that it cannot serve: an HTTP status and a message."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def serve(centroids: NDArray[np.float32], body: bytes, content_type: str, accept: str) -> tuple[str, bytes]:
    """Answer one invocation: the content type and the body. Raises :class:`Rejected`."""
    media = parse_media_type(content_type)
    try:
        read = _READERS[media.name]
    except KeyError:
        raise Rejected(415, f"content-type {content_type or 'none'} not supported") from None
    answer_type, write = _writer(accept)
    try:
        rows = read(body, media)
        check_finite(rows)
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise Rejected(400, f"unable to evaluate payload provided: {_reason(error)}") from None
    if rows.shape[1:] != centroids.shape[1:]:
        width = rows.shape[1] if rows.ndim == 2 else 0
        message = f"unable to evaluate payload provided: {width} features given, the model has {centroids.shape[1]}"
        raise Rejected(400, message)
    closest, distances = nearest(rows, centroids)
    return answer_type, write(closest.astype(np.float32), distances.astype(np.float32))


def _reason(error: Exception) -> str:
    return f"there is no {error}" if isinstance(error, KeyError) else str(error)


def _read_recordio(body: bytes, _: MediaType) -> NDArray[Any]:
    if not body:
        raise ValueError("there are no records")
    return recordio.decode_matrix(body)[0]


def _read_table(body: bytes, media: MediaType) -> NDArray[Any]:
    return read_csv(body)[:, int(media.parameters.get("label_size", "0")) :]


def _read_json(body: bytes, _: MediaType) -> NDArray[Any]:
    return _matrix(json.loads(body)["instances"])


def _read_json_lines(body: bytes, _: MediaType) -> NDArray[Any]:
    return _matrix(json.loads(line) for line in body.splitlines() if line.strip())


def _matrix(instances: Iterable[Any]) -> NDArray[Any]:
    rows = [_features(instance) for instance in instances]
    if not rows:
        raise ValueError("there are no instances")
    return np.array(rows, dtype=np.float32)


def _features(instance: dict[str, Any]) -> Any:
    """Return an instance's numbers: ``{"features": […]}`` or ``{"data": {"features": {"values": […]}}}``."""
    if "data" not in instance:
        return instance["features"]
    tensor = instance["data"]["features"]
    if "keys" not in tensor:
        return tensor["values"]
    dense = [0.0] * int(np.prod(tensor["shape"]))
    for key, value in zip(tensor["keys"], tensor["values"], strict=True):
        dense[key] = value
    return dense


_READERS: dict[str, Callable[[bytes, MediaType], NDArray[Any]]] = {
    recordio.CONTENT_TYPE: _read_recordio,
    CSV: _read_table,
    JSON: _read_json,
    JSON_LINES: _read_json_lines,
}

Answer = NDArray[np.float32]


def _predictions(closest: Answer, distances: Answer) -> list[dict[str, float]]:
    pairs = zip(closest.tolist(), distances.tolist(), strict=True)
    return [{"closest_cluster": cluster, "distance_to_cluster": distance} for cluster, distance in pairs]


def _write_json(closest: Answer, distances: Answer) -> bytes:
    return json.dumps({"predictions": _predictions(closest, distances)}).encode()


def _write_json_lines(closest: Answer, distances: Answer) -> bytes:
    return "".join(json.dumps(each) + "\n" for each in _predictions(closest, distances)).encode()


def _write_table(closest: Answer, distances: Answer) -> bytes:
    pairs = zip(closest.tolist(), distances.tolist(), strict=True)
    return "".join(f"{cluster},{distance}\n" for cluster, distance in pairs).encode()


def _write_recordio(closest: Answer, distances: Answer) -> bytes:
    return recordio.encode(
        recordio.Record(
            label={"closest_cluster": closest[row : row + 1], "distance_to_cluster": distances[row : row + 1]}
        )
        for row in range(len(closest))
    )


_WRITERS: dict[str, Callable[[Answer, Answer], bytes]] = {
    JSON: _write_json,
    JSON_LINES: _write_json_lines,
    CSV: _write_table,
    recordio.CONTENT_TYPE: _write_recordio,
}
_ANYTHING = {"", "*/*", "application/*"}


def _writer(accept: str) -> tuple[str, Callable[[Answer, Answer], bytes]]:
    """Choose the first form of those accepted; JSON where the caller does not mind."""
    for choice in accept.split(","):
        name = parse_media_type(choice).name
        if name in _ANYTHING:
            return JSON, _write_json
        if name in _WRITERS:
            return name, _WRITERS[name]
    raise Rejected(406, f"accept type {accept} not supported")
