"""What is known of the web server: its container, its answers, and an edit of its page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from harness.evidence import Evidence
from harness.facts.containers import Container

READ = 60_000
"""Characters that are compared of a page too long to be read whole."""

Outcome = Literal["answered", "refused", "silent"]


@dataclass(frozen=True)
class Answer:
    """What came of one HTTP request: an answer, a refusal (reset, or no HTTP), or nothing in time.

    ``url`` holds no query. ``body`` is what could be decoded of its first 64 KB; ``said`` is the client's
    word where nothing was answered.
    """

    url: str
    outcome: Outcome
    status: int = 0
    reason: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    is_cut: bool = False
    said: str = ""

    @property
    def is_ok(self) -> bool:
        """Say whether the answer is a 200."""
        return self.outcome == "answered" and self.status == 200

    @property
    def line(self) -> str:
        """Return the status line, or what came in its place."""
        return (
            f"HTTP {self.status} {self.reason}".rstrip()
            if self.outcome == "answered"
            else f"{self.outcome} ({self.said})"
        )

    def __str__(self) -> str:
        return f"{self.url}: {self.line}"

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the status line."""
        return (Evidence("http", f"GET {self.url}", self.line),)


@dataclass(frozen=True)
class Server:
    """The web server's container, and its directory on the host."""

    container: Container
    directory: str

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return what the engine says of the container."""
        return self.container.evidence


@dataclass(frozen=True)
class Closed:
    """What the port did while no rule of the security group let it in, and whether the container ran then."""

    is_running: bool
    answer: Answer

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return what was seen in place of a status line."""
        return tuple(Evidence(e.kind, f"{e.what} before the rule", e.saw) for e in self.answer.evidence)


REMEDIES = {
    "refused": "see with docker ps that the container runs and publishes the port",
    "silent": "let the bastion's security group accept the port, and see with docker ps that the container runs",
}
"""What to do about a page that was not had, by how its port reacted."""


@dataclass(frozen=True)
class Page:
    """The page as the host has it in the mounted directory, and as the workstation is served it."""

    path: str
    file: str
    answer: Answer

    @property
    def is_served(self) -> bool:
        """Say whether the body is the file, as far as both were read; an empty one is what anything may say."""
        length = READ if self.answer.is_cut else None
        return self.answer.is_ok and bool(self.file) and self.answer.body[:length] == self.file[:length]

    @property
    def remedy(self) -> str:
        """Return what to do where it is not served."""
        if self.answer.outcome != "answered":
            return REMEDIES[self.answer.outcome]
        if self.answer.status == 403:
            return f"let everybody read it: chmod a+r {self.path}, and a+rx for the directories above it"
        if not self.file:
            return "write that page, into the directory that the container mounts"
        return (
            "mount the directory you edit: one that was made anew since then needs docker restart, and a link out of "
            "it leads nowhere inside the container"
        )

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the status line and whether the body is the file."""
        compared = Evidence("file", self.path, "is what was served" if self.is_served else "is not what was served")
        return (*self.answer.evidence, compared)


@dataclass(frozen=True)
class Edit:
    """An edit of the page on the host: what was written, what was served next, the container before and after."""

    written: str
    answer: Answer
    before: Container
    after: Container

    @property
    def is_served(self) -> bool:
        """Say whether the next request showed the edit."""
        return self.answer.is_ok and self.answer.body == self.written

    @property
    def without_restart(self) -> bool:
        """Say whether the same container ran on, not started anew."""
        return (self.before.id, self.before.started_at) == (self.after.id, self.after.started_at)

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return the status line and the container's start times."""
        times = f"started {self.before.started_at}, after the edit {self.after.started_at}"
        return (*self.answer.evidence, Evidence("docker", f"inspect {self.after.name}", times))
