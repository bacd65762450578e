"""What is known of logins over SSH: who got in, who did not, and what lies about on the bastion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from harness.evidence import Evidence

Outcome = Literal["admitted", "refused", "unreachable"]


@dataclass(frozen=True)
class Login:
    """One attempt to log in; ``by`` names the key that was offered, ``said`` is ssh's last word where it failed.

    ``name`` is who the login turned out to be, as the host itself says.
    """

    user: str
    host: str
    by: str
    outcome: Outcome
    name: str = ""
    said: str = ""

    @property
    def is_admitted(self) -> bool:
        """Say whether a command ran there as the user that was asked for."""
        return self.outcome == "admitted" and self.name == self.user

    @property
    def is_refused(self) -> bool:
        """Say whether the host was reached and turned the key away."""
        return self.outcome == "refused"

    @property
    def is_mute(self) -> bool:
        """Say whether the host took the connection and then said nothing, as one does that is too busy."""
        return self.outcome == "unreachable" and "banner exchange" in self.said

    def __str__(self) -> str:
        what = f"admitted as {self.name}" if self.outcome == "admitted" else f"{self.outcome} ({self.said})"
        return f"ssh {self.user}@{self.host} with {self.by}: {what}"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the attempt and its outcome."""
        what, _, saw = str(self).partition(": ")
        return (Evidence("ssh", what, saw),)


@dataclass(frozen=True)
class Hop:
    """The way from the bastion to the private instance, with the agent forwarded and without.

    ``expected`` are the private instance's private address and host name, ``found`` the names and addresses that the
    machine at the end says it has. ``key_files`` are the private keys found on the bastion, by path.
    """

    forwarded: Login
    unforwarded: Login
    expected: tuple[str, ...]
    found: tuple[str, ...]
    key_files: tuple[str, ...]

    @property
    def ends_at_the_private_instance(self) -> bool:
        """Say whether the machine at the end has the private instance's address or name."""
        return not set(self.expected).isdisjoint(self.found)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return both attempts and what was searched for."""
        keys = Evidence("ssh", "private key files on the bastion", ", ".join(self.key_files) or "none")
        end = Evidence("ssh", "the machine reached calls itself", ", ".join(self.found) or "nothing")
        return (*self.forwarded.evidence, end, *self.unforwarded.evidence, keys)


@dataclass(frozen=True)
class Entrance:
    """The logins at the bastion: with the homework's key, and with a key that nobody has let in."""

    login: Login
    stranger: Login

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return both attempts."""
        return (*self.login.evidence, *self.stranger.evidence)
