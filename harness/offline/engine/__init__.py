"""A container engine for embedded hosts that speaks the Docker Engine API.

``Engine(machine)`` is a service of a host (:class:`harness.offline.hosts.protocol.Service`). Containers are real
processes of this machine in directories below the host's; :mod:`harness.offline.engine.isolation` says how they are
kept apart.
What it does not do: execute RUN lines of a Dockerfile (they are checked for form and recorded), reach a registry (its
library of images is built in), BuildKit, swarm, saving and loading of images, limits of memory and processor time.
"""

from __future__ import annotations

from harness.offline.engine.service import Engine

__all__ = ["Engine"]
