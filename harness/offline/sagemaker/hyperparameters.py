"""The hyperparameters of the k-means algorithm.

Names, defaults and valid values: AWS, "K-Means Hyperparameters". ``mini_batch_size`` and ``force_dense`` are in
the algorithm's own default configuration. Values arrive as strings.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from .tasks import AlgorithmError, Settings

REQUIRED = ("k", "feature_dim")
_METRICS = ("msd", "ssd")


def read(given: Mapping[str, str]) -> Settings:
    """Return the settings that a job asks for. Raises :class:`AlgorithmError` as the algorithm fails.

    Names that begin with an underscore tune AWS's own machinery (``_log_level``, ``_kvstore``): they are
    accepted and mean nothing here.
    """
    unknown = [name for name in given if name not in _READERS and not name.startswith("_")]
    if unknown:
        names = ", ".join(f"'{name}'" for name in unknown)
        verb = "were" if unknown[1:] else "was"
        raise AlgorithmError(
            f"ClientError: Additional hyperparameters are not allowed ({names} {verb} unexpected)"
            " (caused by ValidationError)"
        )
    missing = [f"'{name}'" for name in REQUIRED if name not in given]
    if missing:
        raise AlgorithmError(
            f"ClientError: No value(s) were specified for {', '.join(missing)} which are required"
            " hyperparameter(s) (caused by ValidationError)"
        )
    return Settings(**{name: _READERS[name](name, text) for name, text in given.items() if name in _READERS})


def _integer(least: int, *, auto: bool = False) -> Callable[[str, str], int | None]:
    expected = f"an integer of at least {least}" + (" or auto" if auto else "")

    def read_integer(name: str, text: str) -> int | None:
        if auto and text == "auto":
            return None
        try:
            value = int(text)
        except ValueError:
            raise _refused(name, text, expected) from None
        if value < least:
            raise _refused(name, text, expected)
        return value

    return read_integer


def _real(low: float, high: float) -> Callable[[str, str], float]:
    def read_real(name: str, text: str) -> float:
        expected = f"a number in [{low:g}, {high:g}]"
        try:
            value = float(text)
        except ValueError:
            raise _refused(name, text, expected) from None
        if not low <= value <= high:
            raise _refused(name, text, expected)
        return value

    return read_real


def _choice(*choices: str) -> Callable[[str, str], str]:
    def read_choice(name: str, text: str) -> str:
        if text not in choices:
            raise _refused(name, text, "one of " + ", ".join(choices))
        return text

    return read_choice


def _truth(name: str, text: str) -> bool:
    if text.lower() not in {"true", "false"}:
        raise _refused(name, text, "true or false")
    return text.lower() == "true"


def _metrics(name: str, text: str) -> tuple[str, ...]:
    try:
        metrics = json.loads(text)
    except ValueError:
        reason = f"ClientError: Hyperparameter must be valid json, but found {name}: {text} (caused by ValueError)"
        raise AlgorithmError(reason) from None
    if not isinstance(metrics, list) or not metrics or any(metric not in _METRICS for metric in metrics):
        raise _refused(name, text, 'a list of "msd" and "ssd"')
    return tuple(dict.fromkeys(metrics))


def _refused(name: str, text: str, expected: str) -> AlgorithmError:
    return AlgorithmError(
        f"ClientError: The value '{text}' is not valid for the '{name}' hyperparameter which expects {expected}"
        " (caused by ValidationError)"
    )


_READERS: dict[str, Callable[[str, str], Any]] = {
    "k": _integer(1),
    "feature_dim": _integer(1),
    "init_method": _choice("random", "kmeans++"),
    "extra_center_factor": _integer(1, auto=True),
    "mini_batch_size": _integer(1),
    "epochs": _integer(1),
    "half_life_time_size": _integer(0),
    "local_lloyd_init_method": _choice("random", "kmeans++"),
    "local_lloyd_max_iter": _integer(1),
    "local_lloyd_num_trials": _integer(1, auto=True),
    "local_lloyd_tol": _real(0, 1),
    "eval_metrics": _metrics,
    "force_dense": _truth,
}
