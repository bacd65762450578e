"""What is known of the Jupyter container: image, libraries, log, logins, a cell that ran, and its end."""

from __future__ import annotations

from dataclasses import dataclass

from harness.evidence import Evidence
from harness.facts.containers import Command, Container
from harness.facts.httpd import Answer


@dataclass(frozen=True)
class Import:
    """The import of one library inside the container; ``problem`` is Python's word where it failed."""

    library: str
    is_done: bool
    problem: str = ""


@dataclass(frozen=True)
class Libraries:
    """What became of the import of each library."""

    imports: tuple[Import, ...]

    @property
    def missing(self) -> list[str]:
        """Return the libraries that could not be imported, with Python's word on each."""
        return [f"{one.library} ({one.problem})" for one in self.imports if not one.is_done]

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return which imports were done."""
        done = ", ".join(one.library for one in self.imports if one.is_done) or "none"
        return (Evidence("docker", "imports inside the container", f"done: {done}"),)


@dataclass(frozen=True)
class TokenLog:
    """The line of the container's log that shows the URL with the token; the token itself is masked in it."""

    line: str
    stream: str = ""

    @property
    def shows_token(self) -> bool:
        """Say whether there is such a line."""
        return bool(self.line)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the line."""
        return (Evidence("docker", f"logs, {self.stream or 'both streams'}", self.line or "no URL with a token"),)


REMEDIES = {
    "refused": "see with docker ps that the container runs and publishes the port, and let it listen with --ip=0.0.0.0",
    "silent": "let PublicSG accept the port",
    "answered": "leave token authentication on, and use the token of docker logs",
}
"""What to do about a REST API that did not let the token's bearer in, by how it reacted."""


@dataclass(frozen=True)
class Knocks:
    """What the REST API said to one kind of caller, and the page that a browser ends up with."""

    page: Answer
    api: Answer

    @property
    def is_in(self) -> bool:
        """Say whether both the page and the REST API were had."""
        return self.page.is_ok and not self.is_asked_to_log_in and self.api.is_ok

    @property
    def is_out(self) -> bool:
        """Say whether the REST API was refused and no page but the login was had."""
        return self.api.outcome == "answered" and self.api.status in (401, 403) and not self.has_page

    @property
    def has_page(self) -> bool:
        """Say whether a page other than the login was had."""
        return self.page.is_ok and not self.is_asked_to_log_in

    @property
    def is_asked_to_log_in(self) -> bool:
        """Say whether the browser was led to the login page."""
        return "/login" in self.page.url

    @property
    def remedy(self) -> str:
        """Return what to do where nobody was let in."""
        return REMEDIES[self.api.outcome]

    def __str__(self) -> str:
        return f"page {self.page.line}{' (the login)' if self.is_asked_to_log_in else ''}, REST API {self.api.line}"


@dataclass(frozen=True)
class Doors:
    """The three ways to Jupyter: with its token, with none, with a wrong one."""

    with_token: Knocks
    without_token: Knocks
    with_wrong_token: Knocks

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return what each caller was told."""
        return (
            Evidence("http", f"{self.with_token.api.url} with the token", str(self.with_token)),
            Evidence("http", f"{self.without_token.api.url} without token", str(self.without_token)),
            Evidence("http", f"{self.with_wrong_token.api.url} with a wrong token", str(self.with_wrong_token)),
        )


@dataclass(frozen=True)
class Execution:
    """A cell that was sent to a kernel: its code, what it must print, what it printed, and what went wrong."""

    kernel: str
    code: str
    expected: str
    printed: str
    problem: str = ""

    @property
    def is_right(self) -> bool:
        """Say whether the kernel computed what only it could know."""
        return self.printed.strip() == self.expected

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the cell and its output."""
        return (Evidence("http", f"kernel {self.kernel or '(none)'}: {self.code}", self.printed[:300] or self.problem),)


@dataclass(frozen=True)
class Removed:
    """The end of the notebook container: stop and removal, what is left of it, and its port afterwards."""

    commands: tuple[Command, ...]
    left: Container | None
    port: Answer

    @property
    def is_gone(self) -> bool:
        """Say whether no list of containers shows it any more."""
        return self.left is None

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the commands and the port's answer."""
        commands = tuple(seen for command in self.commands for seen in command.evidence)
        return (*commands, *(self.left.evidence if self.left else ()), *self.port.evidence)
