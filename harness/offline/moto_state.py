"""What moto keeps for the whole process: emptied before a cloud starts and after it ends."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from moto.core.base_backend import BackendDict, backend_lock
from moto.core.model_instances import reset_model_data
from moto.iam.models import iam_backends

from harness.offline.loading import replaced
from harness.offline.strictness.iam import StrictIam


def clear() -> None:
    """Forget every account. moto's own reset would build every backend anew first, at half a second each."""
    known: list[Any] = BackendDict._instances  # type: ignore[misc]  # moto offers nothing quicker
    with backend_lock:
        for backends in list(known):
            if backends.service_name == "s3":  # closes the temporary files of its objects
                for account in backends.values():
                    account.reset()
            backends.clear()
        known.clear()
    reset_model_data()


@contextlib.contextmanager
def strict_iam() -> Iterator[None]:
    """Make moto's IAM ours for a while."""
    with replaced(iam_backends, backend=StrictIam):
        yield
