"""testinfra on hosts: packages, services and files, over the connections of :mod:`harness.hosts.ssh`.

testinfra's own ssh backend is not used: it has a cache for the whole process, knows no time-out for a command
and answers ssh's exit code 255 with a bare RuntimeError.
"""

from __future__ import annotations

from typing import Any

# testinfra imports its modules at first use. They belong to a pytest plugin, so pytest rewrites them then, and building
# syntax trees in two threads at once (the offline cloud's server builds some) is a SystemError in CPython 3.11.
import testinfra.modules.file
import testinfra.modules.package
import testinfra.modules.service
import testinfra.modules.systeminfo  # noqa: F401
from testinfra.backend.base import BaseBackend, CommandResult
from testinfra.host import Host

from harness.errors import HarnessError
from harness.hosts.ssh import UNREACHED, Ssh, Target


class HostLostError(HarnessError):
    """Says that a host which had let us in could not be reached any more."""


class _Connection(BaseBackend):  # type: ignore[misc]
    """A testinfra backend that runs its commands through an :class:`Ssh`."""

    NAME = "harness"

    def __init__(self, ssh: Ssh, target: Target, timeout: float) -> None:
        super().__init__(target.host)
        self._ssh = ssh
        self._target = target
        self._timeout = timeout
        self._encoding = "utf-8"  # what the host would say of itself is not asked for

    def run(self, command: str, *args: str, **_: Any) -> CommandResult:
        """Run a command there; raises :class:`HostLostError` where it cannot be run at all."""
        line = self.get_command(command, *args)
        done = self._ssh.run(self._target, line, timeout=self._timeout)
        if done.exit_code == UNREACHED and not done.stdout:
            raise HostLostError(f"{self._target}: {done.stderr.strip() or 'the connection ended'}")
        return self.result(done.exit_code, self.encode(line), done.stdout, done.stderr)


def inspect(ssh: Ssh, target: Target, *, timeout: float) -> Host:
    """Return the host as testinfra sees it; each of its commands may take ``timeout`` seconds."""
    connection = _Connection(ssh, target, timeout)
    host = Host(connection)
    connection.set_host(host)
    return host
