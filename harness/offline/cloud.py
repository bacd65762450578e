"""The offline cloud: an AWS endpoint on loopback, seeded as a new account, whose instances can be reached.

A call passes through ``OfflineCloud.layers()`` and ends in moto's server application. There are three ways to add:

* answer an operation: ``cloud.routes.intercept("sagemaker-runtime", "InvokeEndpoint", handler)``, where the
  handler takes a :class:`~harness.offline.call.Call` (``call.body`` are the bytes as sent, ``call.headers``,
  ``call.parameters``) and returns a :class:`~harness.offline.call.Reply` or the result in botocore's shape, or
  raises :class:`~harness.offline.call.AwsError`;
* put a layer around everything behind authorization: ``cloud.inner.append(layer)``;
* name a package in :data:`EXTENSIONS` whose ``install()`` changes moto itself and returns what closes it again.
"""

from __future__ import annotations

import contextlib
import importlib
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from harness.cloud import CONTAINERS, OFFLINE, Cloud, Credentials
from harness.errors import UsageError
from harness.offline.call import Call, Reply
from harness.offline.hosts.protocol import HostKind
from harness.offline.identity import Identities
from harness.offline.later import Later
from harness.offline.layers import Layer, Next, Routes, chained, errors_as_replies
from harness.offline.loading import ACCOUNT, is_region, load
from harness.offline.quotas import Quotas
from harness.offline.server import Server
from harness.offline.site import Site
from harness.offline.trail import Trail
from harness.offline.weather.calm import Calm

EXTENSIONS = {"sagemaker": "harness.offline.sagemaker", "sagemaker-runtime": "harness.offline.sagemaker"}
"""Packages by the service whose first call installs them: importing them would slow down every start."""

_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_one_at_a_time = threading.Lock()


class Closable(Protocol):
    """What an extension hands back."""

    def close(self) -> None: ...


class OfflineCloud:
    """One offline cloud; as a context manager it is started on entry and stopped on exit.

    ``cloud`` is, once started, the cloud as the rest of the suite knows it.

    ``state`` is a directory of the run that the cloud may use. ``hosts`` are the machines behind the instances;
    ``None`` makes those of ``kind``. ``settle`` is how long an instance's transition takes, in seconds, unless the
    ``weather`` says how long things take and what goes wrong. ``others`` are further accounts, of twelve digits each:
    separate from the first but for roles that trust one another; ``owners`` has the key of each account's root.
    moto keeps its state per process, so there is one cloud per process at a time; a second is a
    :class:`~harness.errors.UsageError`, as is a port that is in use. ``run_id`` is what a run's containers carry.
    """

    def __init__(
        self, state: Path, *, region: str = "us-east-1", port: int = 0, hosts: HostKind | None = None,
        kind: str = "embedded", settle: float = 0.1, weather: Calm | None = None, others: Sequence[str] = (),
        run_id: str = "",
    ) -> None:  # fmt: skip
        self.state = state
        self.region = region
        self.account = ACCOUNT
        self.kind = kind
        self._run_id = run_id
        self.owner = _root_key()
        self.owners = {self.account: self.owner, **{account: _root_key() for account in others}}
        self.identities = Identities(self.owners)
        self.trail = Trail()
        self.routes = Routes()
        self.inner: list[Layer] = []
        self.quotas = Quotas()
        self._given = hosts
        self._port = port
        self.weather = weather or Calm(settle)
        self._closing = contextlib.ExitStack()
        self._extensions: dict[str, Any] = {}
        self._installing = threading.Lock()
        self.cloud: Cloud

    def start(self) -> Cloud:
        """Start everything and return the cloud as the suite knows it; what fails is taken down again."""
        if not _one_at_a_time.acquire(blocking=False):
            raise UsageError("An offline cloud is running in this process already; stop it first.")
        self._closing.callback(_one_at_a_time.release)
        try:
            self.cloud = self._start()
        except BaseException:
            self.stop()
            raise
        return self.cloud

    def stop(self) -> None:
        """Take everything down: connections, hosts, timers, and what moto remembers."""
        self._closing.pop_all().close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()

    def _start(self) -> Cloud:
        load()
        if not is_region(self.region):
            raise UsageError(f"{self.region!r} is not a region of AWS; name one such as us-east-1 with --region.")
        from harness.offline import ec2, moto_state
        from harness.offline.gateway import Gateway

        self.state.mkdir(parents=True, exist_ok=True)
        self.later = Later()
        self.site = Site(self._make_hosts(), self.later, self.weather)
        moto_state.clear()
        self._closing.callback(moto_state.clear)
        self._closing.enter_context(ec2.installed(self.site, self.quotas))
        self._closing.enter_context(moto_state.strict_iam())
        server = Server(Gateway(self.layers()), self._port)
        self._closing.callback(self.site.hosts.close)
        self._closing.callback(self.later.close)
        self._closing.callback(server.stop)
        self._closing.callback(self._close_extensions)
        url = server.start()
        return Cloud(
            name="moto", hosts=self.kind, account=self.account, region=self.region,
            patience=CONTAINERS if self.kind == "docker" else OFFLINE, endpoint_url=url,
            owner=self.owner, ssh_config=self.site.hosts.ssh_config(),
        )  # fmt: skip

    def layers(self) -> list[Layer]:
        """Return the way of a call, the outermost first."""
        from harness.offline.authentication import Authentication
        from harness.offline.authorization import Authorization
        from harness.offline.gaps import identities, register
        from harness.offline.gaps.public_parameters import know_canonicals
        from harness.offline.machines import Machines
        from harness.offline.strictness.dry_run import dry_run

        self.machines = Machines(self.site)
        register(self.routes, quotas=self.quotas, trail=self.trail, site=self.site, identities=self.identities)
        return [
            self.trail,
            errors_as_replies,
            *self.weather.front(),
            Authentication(self.identities),
            Authorization(),
            dry_run,
            *self.weather.layers(),
            identities.only_trusted_assume,
            identities.get_user_of_root,
            identities.only_own_buckets,
            identities.only_own_policies,
            know_canonicals,
            self._with_extensions,
            self._inner,
            self.machines,
            self.routes,
        ]

    def _inner(self, call: Call, forward: Next) -> Reply:
        return chained(self.inner, forward)(call)

    def backend(self, service: str, region: str | None = None) -> Any:
        """Return moto's backend of a service in the first account; global services know one region, ``aws``."""
        from moto.backends import get_backend

        return get_backend(service)[self.account][region or self.region]  # type: ignore[call-overload]

    def halted(self, instance_id: str) -> None:
        """Hear from the hosts that a machine shut itself down."""
        self.machines.halted(instance_id)

    def _make_hosts(self) -> HostKind:
        if self._given is not None:
            return self._given
        makers = {"embedded": self._embedded, "docker": self._containers}
        if self.kind not in makers:
            kinds = ", ".join(makers)
            raise UsageError(f"There are no hosts of the kind {self.kind!r}; the kinds are: {kinds}.")
        return makers[self.kind]()

    def _boot_delay(self) -> float:
        return self.weather.seconds("host.boot")

    def _embedded(self) -> HostKind:
        from harness.offline.hosts.embedded import EmbeddedHosts

        return EmbeddedHosts(self.state / "hosts", self.halted, boot_delay=self._boot_delay)

    def _containers(self) -> HostKind:
        from harness.offline.hosts.containers.kind import ContainerHosts

        return ContainerHosts(self.halted, run_id=self._run_id, boot_delay=self._boot_delay)

    def extension(self, service: str) -> Any:
        """Return what the extension for a service installed, which happens at the first call of either."""
        name = EXTENSIONS[service]
        with self._installing:
            if name not in self._extensions:
                self._extensions[name] = importlib.import_module(name).install(
                    self.weather.sagemaker(), self.weather.endpoint_trouble
                )
            return self._extensions[name]

    def _with_extensions(self, call: Call, forward: Next) -> Reply:
        if call.service in EXTENSIONS:
            self.extension(call.service)
        return forward(call)

    def _close_extensions(self) -> None:
        while self._extensions:
            closable: Closable = self._extensions.popitem()[1]
            closable.close()


def _root_key() -> Credentials:
    name = "AKIA" + "".join(secrets.choice(_ALPHABET) for _ in range(16))
    return Credentials(name, secrets.token_urlsafe(30))
