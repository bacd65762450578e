"""Joins this SageMaker to moto: its backends and its routes."""

from __future__ import annotations

from typing import Any

import moto.sagemaker.urls
import moto.sagemakerruntime.urls
from moto.sagemaker.models import sagemaker_backends

from .backend import backend_on
from .durations import Durations, Trouble
from .platform import Platform
from .responses import ControlPlane, Runtime


class Installation:
    """Our SageMaker in moto's place, until it is closed. There is one moto in a process, hence one of these."""

    def __init__(self, durations: Durations, endpoint_trouble: Trouble) -> None:
        self.platform = Platform(durations, endpoint_trouble)
        self._replaced: list[tuple[dict[str, Any], dict[str, Any]]] = []
        self._backend = sagemaker_backends.backend
        sagemaker_backends.backend = backend_on(self.platform)
        sagemaker_backends.clear()
        self._route(moto.sagemaker.urls.url_paths, ControlPlane.dispatch)
        self._route(moto.sagemakerruntime.urls.url_paths, Runtime.dispatch)

    def warm(self) -> None:
        """Begin to load scikit-learn, which takes seconds, in a process of its own."""
        self.platform.trainer.warm()

    def close(self) -> None:
        """End jobs, timers and workers, and put moto's own SageMaker back. May be called twice."""
        self.platform.close()
        while self._replaced:
            routes, before = self._replaced.pop()
            routes.update(before)
            sagemaker_backends.backend = self._backend
            sagemaker_backends.clear()

    def _route(self, routes: dict[str, Any], handler: Any) -> None:
        self._replaced.append((routes, dict(routes)))
        routes.update(dict.fromkeys(routes, handler))
