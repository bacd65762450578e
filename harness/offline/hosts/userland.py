"""What a user of a host is given: a shell or command confined to the host's files, its environment, and SFTP."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncssh

from harness.offline.hosts import confine
from harness.offline.hosts.redirects import redirection_rule, rewrite
from harness.offline.hosts.sandbox import STANDINS, Release, Sandbox
from harness.offline.hosts.sftp import HostFiles

SHELL_RC = STANDINS / "shell.sh"


class Userland:
    """Prepares the processes of a host's users; implements what a session needs of its host."""

    def __init__(
        self,
        sandbox: Sandbox,
        client_files: Path,
        release: Release,
        environment: Callable[[], dict[str, str]],
        control: Path,
        claim_directory: Callable[[Path], None],
    ) -> None:
        self.sandbox = sandbox
        self._client_files = client_files
        self._release = release
        self._environment = environment
        self._control = control
        self._claim_directory = claim_directory

    def session_command(self, command: str | None, user: str, *, tty: bool) -> list[str]:
        """Return the argument vector of a command of a user, or of a login shell, confined to the host's files."""
        shell = "/bin/bash" if os.access("/bin/bash", os.X_OK) else "bash"
        if command is not None:
            argv = [shell, "-c", self.rewritten(command, user)]
        else:
            argv = [shell, "--rcfile", str(SHELL_RC), "-i"] if tty else [shell, "-s"]
        return self.confined(argv, tty=tty)

    def confined(self, argv: list[str], *, tty: bool = False) -> list[str]:
        """Return the argument vector that runs ``argv`` with no access but to the host's files."""
        return confine.command(argv, writable=[self.sandbox.root], readable=[self._client_files], tty=tty)

    def rewritten(self, text: str, user: str) -> str:
        """Return a shell's text with its redirections led into the root."""
        root = str(self.sandbox.root)
        return rewrite(text, root, redirection_rule(root, user if confine.is_available() else "root"))

    def user_environment(self, user: str) -> dict[str, str]:
        """Return the environment of a user's processes, whoever starts them; nothing of this process's own is in it."""
        root = self.sandbox.root
        home = f"{root}{self.sandbox.home_of(user) or '/'}"
        return {
            **self._environment(),
            "PATH": self.sandbox.search_path(), "HOME": home, "USER": user, "LOGNAME": user, "SHELL": "/bin/bash",
            # A bash that is started by sshd at level 1 reads ~/.bashrc in place of BASH_ENV.
            "SHLVL": "1", "LANG": "C.UTF-8", "TMPDIR": str(root / "tmp"), "BASH_ENV": str(SHELL_RC),
            "HOST_USER": user, "HOST_GROUPS": ",".join(self.sandbox.groups_of(user)),
            "HOST_NAME": (root / "etc/hostname").read_text().strip(), "HOST_CONTROL": str(self._control),
            "HOST_PYTHON": sys.executable, "HOST_STANDINS": str(STANDINS),
        }  # fmt: skip

    def session_environment(self, user: str, caller: str, agent: str | None) -> dict[str, str]:
        """Return the environment as sshd sets it; ``caller`` is ``ADDRESS PORT SERVER-ADDRESS``."""
        address, port, server = caller.split()
        environment = self.user_environment(user) | {
            "SSH_CLIENT": f"{address} {port} 22",
            "SSH_CONNECTION": f"{address} {port} {server} 22",
        }
        return environment | ({"SSH_AUTH_SOCK": agent} if agent else {})

    def session_home(self, user: str) -> str:
        """Return the directory on this machine that a session starts in."""
        home = self.sandbox.path(self.sandbox.home_of(user) or "/")
        return str(home if home.is_dir() else self.sandbox.root)

    def session_files(self, channel: asyncssh.SSHServerChannel[Any], user: str) -> HostFiles:
        """Return what SFTP and scp serve."""
        return HostFiles(channel, self.sandbox, user, self.sandbox.home_of(user) or "/")

    def greeting(self) -> str:
        """Return the message of the day."""
        if (self.sandbox.root / "home/ubuntu/.hushlogin").exists():
            return ""
        return f"Welcome to {self._release.title} (GNU/Linux x86_64)\r\n\r\n"

    def claim_directory(self, path: str) -> None:
        """Have the directory of a forwarded agent removed even when this process is killed."""
        self._claim_directory(Path(path))
