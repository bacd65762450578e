"""The workstation: the directory, environment and ssh agent that a run's commands are given."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.cloud import Cloud
from harness.errors import UsageError
from harness.leash import Leash
from harness.waiting import until


@dataclass(frozen=True)
class Finished:
    """A command that ended: its argument vector, exit code and output (text, undecodable bytes replaced)."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str

    @property
    def line(self) -> str:
        """Return the command as one would type it."""
        return " ".join(self.argv)


@dataclass(frozen=True)
class Workstation:
    """Where the homework's own commands are run.

    ``home`` is a private directory of the run (mode 0700): ``.aws/config`` and ``.aws/credentials``, ``.ssh/``
    with key file, configuration and known hosts. ``agent`` is the socket of an ssh agent that holds no key
    but the run's. ``environment`` is the whole environment of the commands: nothing of the caller's
    credentials or configuration is inherited unless it was put there on purpose.
    """

    home: Path
    environment: Mapping[str, str] = field(repr=False)
    agent: Path | None = None

    @property
    def ssh(self) -> Path:
        """Return the directory of keys, ssh configuration and known hosts."""
        return self.home / ".ssh"

    def run(self, argv: Sequence[str], *, timeout: float, input: str | None = None) -> Finished:
        """Run a command here and return how it ended; a time-out ends it with exit code 124, as timeout(1) does."""
        try:
            done = subprocess.run(
                argv, cwd=self.home, env=dict(self.environment), input=input, capture_output=True, timeout=timeout,
                text=True, errors="replace", check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            return Finished(
                tuple(argv), 124, _text(late.stdout), _text(late.stderr) + f"timed out after {timeout:.0f} s"
            )
        return Finished(tuple(argv), done.returncode, done.stdout, done.stderr)


def set_up(leash: Leash, cloud: Cloud) -> Workstation:
    """Make a workstation for a run in ``cloud``: a home, an empty ssh agent, and an environment without credentials.

    Everything ends with ``leash``. Raises :class:`~harness.errors.UsageError` where there is no OpenSSH client.
    """
    absent = [tool for tool in ("ssh", "ssh-agent", "ssh-add", "ssh-keygen") if shutil.which(tool) is None]
    if absent:
        raise UsageError(f"no {', '.join(absent)} on PATH; install an OpenSSH client (Debian, Ubuntu: openssh-client).")
    home = leash.directory("home")
    for name in (".ssh", ".aws"):
        (home / name).mkdir(mode=0o700)
    _write_ssh_config(home, cloud)
    agent = home / "agent"
    environment = _environment(home, agent, cloud)
    leash.popen(["ssh-agent", "-D", "-a", str(agent)], env=environment, stdout=subprocess.DEVNULL)
    until("the ssh agent listens", agent.exists, timeout=10, every=0.005)
    return Workstation(home, environment, agent)


def _write_ssh_config(home: Path, cloud: Cloud) -> None:
    """Reach the cloud's hosts by the cloud's own configuration, and read no other."""
    lines = [f"Include {cloud.ssh_config}"] if cloud.ssh_config else []
    config = home / ".ssh" / "config"
    config.write_text("\n".join([*lines, ""]), encoding="utf-8")
    config.chmod(0o600)


def _environment(home: Path, agent: Path, cloud: Cloud) -> dict[str, str]:
    """Return what commands need and nothing more: the tools of this Python come first on PATH."""
    kept = {name: os.environ[name] for name in ("LANG", "LC_ALL", "TERM", "TMPDIR") if name in os.environ}
    tools = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    endpoint = {"AWS_ENDPOINT_URL": cloud.endpoint_url} if cloud.endpoint_url else {}
    return {
        **kept,
        **endpoint,
        "HOME": str(home),
        "PATH": tools,
        "SSH_AUTH_SOCK": str(agent),
        "AWS_CONFIG_FILE": str(home / ".aws" / "config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(home / ".aws" / "credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PAGER": "",
    }


def _text(output: str | bytes | None) -> str:
    return output.decode(errors="replace") if isinstance(output, bytes) else output or ""
