"""The workstation: the directory, environment and ssh agent that a run's commands are given."""

from __future__ import annotations

import configparser
import io
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.cloud import Cloud, Credentials
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

    def run(
        self, argv: Sequence[str], *, timeout: float, input: str | None = None, directory: Path | None = None
    ) -> Finished:
        """Run a command in ``directory`` (the home, where none is named) and return how it ended.

        A time-out ends it with exit code 124, as timeout(1) does.
        """
        try:
            done = subprocess.run(
                argv, cwd=directory or self.home, env=dict(self.environment), input=input, timeout=timeout,
                text=True, errors="replace", check=False, capture_output=True,
            )  # fmt: skip
        except subprocess.TimeoutExpired as late:
            return Finished(
                tuple(argv), 124, _text(late.stdout), _text(late.stderr) + f"timed out after {timeout:.0f} s"
            )
        return Finished(tuple(argv), done.returncode, done.stdout, done.stderr)


def set_up(leash: Leash, cloud: Cloud, *, as_caller: bool = False) -> Workstation:
    """Make a workstation for a run in ``cloud``: a home, an empty ssh agent, and an environment without credentials.

    ``as_caller`` gives its commands the caller's own AWS configuration, and that only. Everything ends with ``leash``.
    Raises :class:`~harness.errors.UsageError` where there is no OpenSSH client, or nobody whom it would serve.
    """
    _check_user()
    absent = [tool for tool in ("ssh", "ssh-agent", "ssh-add", "ssh-keygen") if shutil.which(tool) is None]
    if absent:
        raise UsageError(f"no {', '.join(absent)} on PATH; install an OpenSSH client (Debian, Ubuntu: openssh-client).")
    home = leash.directory("home")
    (home / ".ssh").mkdir(mode=0o700)
    _give_aws_directory(home, as_caller=as_caller)
    _write_ssh_config(home, cloud)
    agent = home / "agent"
    # The marker of the leash: what another process of the run starts here would make the home anew after its removal.
    environment = {**leash.environment(), **_environment(home, agent, cloud), **(_of_the_caller() if as_caller else {})}
    leash.popen(["ssh-agent", "-D", "-a", str(agent)], env=environment, stdout=subprocess.DEVNULL)
    until("the ssh agent listens", lambda: _is_open(agent), timeout=10, every=0.005)
    return Workstation(home, environment, agent)


def _is_open(path: Path) -> bool:
    """Say whether somebody listens at a socket; it is there a moment before anybody does."""
    with socket.socket(socket.AF_UNIX) as caller:
        return caller.connect_ex(str(path)) == 0


def _check_user() -> None:
    try:
        pwd.getpwuid(os.getuid())
    except KeyError as error:
        raise UsageError(
            f"there is no user of number {os.getuid()} on this machine, and OpenSSH serves no other; in a container, "
            "run as a user that /etc/passwd names."
        ) from error


def _give_aws_directory(home: Path, *, as_caller: bool) -> None:
    """Make the directory of the AWS configuration, or point to the caller's: single sign-on keeps its tokens there."""
    if as_caller and (Path.home() / ".aws").is_dir():
        (home / ".aws").symlink_to(Path.home() / ".aws")
    else:
        (home / ".aws").mkdir(mode=0o700)


def _of_the_caller() -> dict[str, str]:
    """Return the caller's AWS settings, for commands that are to act as the caller."""
    return {name: value for name, value in os.environ.items() if name.startswith("AWS_")}


def configure(directory: Path, region: str, credentials: Credentials) -> Path:
    """Write an AWS configuration into a directory, as ``aws configure`` does; returns the credentials file."""
    secret = {"aws_access_key_id": credentials.access_key, "aws_secret_access_key": credentials.secret_key}
    _write_profile(directory / "config", {"region": region, "output": "json"})
    return _write_profile(directory / "credentials", secret)


def _write_profile(path: Path, values: dict[str, str]) -> Path:
    parser = configparser.RawConfigParser(default_section="")
    parser["default"] = values
    text = io.StringIO()
    parser.write(text)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(text.getvalue(), encoding="utf-8")
    return path


def _write_ssh_config(home: Path, cloud: Cloud) -> None:
    """Reach the cloud's hosts by the cloud's own configuration, and read no other."""
    lines = [f'Include "{cloud.ssh_config}"'] if cloud.ssh_config else []
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
