"""What everything above the cloud needs to know of it: one value, chosen once per run."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from harness.errors import UsageError


@dataclass(frozen=True)
class Patience:
    """How long things may take, in seconds; the deadlines of a run are these and no others."""

    poll: float
    """Pause between two looks at something awaited."""
    silence: float
    """How long a port must say nothing until it counts as silent."""
    command: float
    """One command on a host or in a shell."""
    instance: float
    """From run-instances to running, and from terminate-instances to terminated."""
    boot: float
    """From running to the first SSH login."""
    training: float
    endpoint: float
    notebook_instance: float
    build: float
    """A docker build or pull."""
    unseen: float
    """How long what was created may stay unknown to those who ask for it."""

    def scaled(self, scale: float) -> Patience:
        """Return the patience with a cloud whose clock runs slower, but not less than with the offline cloud."""
        values = {field.name: getattr(self, field.name) * scale for field in fields(self)}
        return Patience(**{name: max(value, getattr(OFFLINE, name)) for name, value in values.items()})


# The offline cloud answers in milliseconds; the limits are generous so that a loaded laptop passes.
OFFLINE = Patience(
    poll=0.02, silence=0.6, command=60, instance=30, boot=30, training=120, endpoint=60, notebook_instance=60, build=60,
    unseen=0.2,
)  # fmt: skip
# About four times what AWS usually takes ("kmeans_mnist" notebook of AWS's samples; EC2 user guide).
REAL = Patience(
    poll=1, silence=6, command=120, instance=300, boot=300, training=1800, endpoint=2400, notebook_instance=1200,
    build=1800, unseen=30,
)  # fmt: skip


# Containers as instances: what happens on them takes the time that it takes, on two cores among other work.
CONTAINERS = Patience(
    poll=0.05, silence=1.5, command=120, instance=60, boot=60, training=120, endpoint=60, notebook_instance=60,
    build=1200, unseen=0.2,
)  # fmt: skip


PATIENCES = {"offline": OFFLINE, "containers": CONTAINERS, "real": REAL}


def patience_called(name: str) -> Patience:
    """Return the patience of that name, or with a cloud whose second takes that many of ours (such as ``0.1``).

    Raises :class:`~harness.errors.UsageError` where it is neither.
    """
    if name in PATIENCES:
        return PATIENCES[name]
    try:
        return REAL.scaled(float(name))
    except ValueError as error:
        known = ", ".join(PATIENCES)
        raise UsageError(f"ACCEPTANCE_PATIENCE is {name!r}; it is one of {known}, or a time scale.") from error


@dataclass(frozen=True)
class Credentials:
    """An access key. ``repr`` does not show the secret."""

    access_key: str
    secret_key: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"Credentials({self.access_key[:4]}…)"


@dataclass(frozen=True)
class Cloud:
    """Where a run takes place.

    ``endpoint_url`` is ``None`` for AWS's own endpoints. ``owner`` are the credentials that the cloud was
    entered with: offline those of the account's root, on AWS ``None`` (the caller's own chain).
    ``ssh_config`` is the OpenSSH client configuration by which the instances' names and addresses are
    reached, or ``None`` where nothing but the network is needed. ``caller`` is the ARN of whoever entered with the
    caller's own chain.
    """

    name: str
    hosts: str
    account: str
    region: str
    patience: Patience
    endpoint_url: str | None = None
    owner: Credentials | None = None
    ssh_config: Path | None = None
    caller: str = ""
