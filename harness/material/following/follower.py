"""Goes through a homework document from top to bottom and does what it says."""

from __future__ import annotations

import datetime
import functools
import itertools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from harness.context import Context
from harness.hosts.session import Session
from harness.material import placeholders
from harness.material.document import Block, Command, Document, Machine, Place, Prose, Section
from harness.material.finding import Finding
from harness.material.following import outputs, prose
from harness.material.following.actions import Actions
from harness.material.following.allowed import Refused
from harness.material.following.deeds import Deed, Guide, Kind, Outcome
from harness.material.following.filling import CannotFill, Filler, Pipeline, bare, redirected
from harness.material.following.findings import Findings
from harness.material.following.looking import Looker
from harness.material.following.remote import Remote
from harness.material.following.values import Values, kind_of, stable, words_of
from harness.material.following.words import CannotExpand
from harness.material.following.workstation import Desk
from harness.material.material import Material
from harness.waiting import until

OF_THE_EXAMPLE = frozenset({"endpoint", "config", "model", "job", "bucket"})
"""Kinds of what the k-means example makes."""
CONDITION = re.compile(r"\s*(?:only )?if (?:you (?:do not|don't|get|see)|it|this|that|the)\b", re.IGNORECASE)
ASKS_AGAIN = 3
"""How often a question is put again whose answer is not there yet."""


@dataclass
class Follower:
    """Follows one document in one run.

    ``guide`` watches and helps. ``connect`` logs in to the bastion, with the agent forwarded or not; without it only
    what is done on the workstation is followed.
    """

    document: Document
    context: Context
    guide: Guide = field(default_factory=Guide)
    connect: Callable[[bool], Session] | None = None

    def __post_init__(self) -> None:
        today = datetime.datetime.now(datetime.UTC).date()
        names = Material(self.document, self.context.homework, today).names
        self.found = Findings(self.document)
        self.values = Values()
        self.desk = Desk(self.context, self.values)
        self.actions = Actions(self.context, self.desk)
        self.remote = Remote(self.connect or _nowhere, lambda: self.desk.bounds, self.context.cloud.patience.build)
        self.filler = Filler(self.values, self.desk, self.remote, self.guide, self.found, names)
        self.looker = Looker(self.document, self.values, self.found, names)
        self.section = Section("", 0, Place(1))
        self.before: Prose | None = None
        self.last = Outcome(0)
        self.unmade: frozenset[str] = frozenset()

    def follow(self) -> list[Finding]:
        """Do everything, and return what was found."""
        parts = self.document.parts
        try:
            for part, following in itertools.zip_longest(parts, parts[1:]):
                self.section = part.section
                if isinstance(part, Block):
                    self._do(part)
                else:
                    self._read(part, is_before_block=isinstance(following, Block))
            if self.actions.at_the_end:
                self._act(replace(self.actions.at_the_end[-1], name="end"))
        finally:
            self.remote.close()
            self.desk.close()
        return self.found.all

    # Prose.

    def _read(self, part: Prose, *, is_before_block: bool) -> None:
        self.before = part
        if part.kind == "heading":
            return
        for sentence in prose.sentences(part):
            for name in prose.actions(sentence):
                if not prose.is_done_by_the_block(name, part):
                    self._act(self._deed("action", sentence.place, name=name, text=part.text))
            if not is_before_block and prose.is_unknown(sentence):
                message = f"nobody knows how to follow “{sentence.text[:80]}”"
                repair = "give the command, or say it in words that the table of instructions knows"
                self.found.add("follow.unknown", sentence.place, message, repair)

    def _act(self, deed: Deed) -> None:
        self.guide.before(deed)
        outcome = self._acted(deed)
        if outcome is not None and not outcome.is_done:
            mended = self.guide.mend(deed, outcome)
            self._judge(deed, outcome, mended.what if mended else "")
            outcome = self._acted(deed) if mended and mended.again else outcome
        if outcome is not None:
            self.guide.after(deed, outcome)
        elif deed.name == "example":
            self.unmade = OF_THE_EXAMPLE

    def _acted(self, deed: Deed) -> Outcome | None:
        if deed.name == "detach":
            return self._over_there(self.remote.press, deed.text) if self.remote.depth else None
        return self.guide.act(deed) or self.actions.do(deed)

    # Blocks.

    def _do(self, block: Block) -> None:
        if block.is_optional:
            return
        match block.kind:
            case "shell":
                for pipeline in _pipelines(block):
                    self._command(pipeline)
            case "keys" if self.connect is not None:
                deed = self._deed("keys", block.place, machine="container", text=block.text)
                self._done(deed, functools.partial(self._over_there, self.remote.press, block.text))
            case "json" | "dockerfile" | "file" if block.path:
                self._write(block)
            case "python":
                deed = self._deed("action", block.place, machine="notebook", name="example", text=block.text)
                self._act(deed)
            case "output" if block.machine in ("workstation", None) or self.connect is not None:
                self.looker.compare(block, self.last)

    def _write(self, block: Block) -> None:
        machine = block.machine or "workstation"
        deed = self._deed("file", block.place, name=block.path, machine=machine, text=block.text)
        if machine == "workstation":
            self._done(deed, functools.partial(self._write_here, block.path, block.text))
        elif self.connect is not None:
            is_from_home = block.path in block.labels
            path = f"~/{block.path}" if is_from_home else block.path
            self._done(deed, functools.partial(self._over_there, self.remote.write, path, block.text))

    def _write_here(self, path: str, text: str) -> Outcome:
        try:
            self.desk.write(path, text)
        except (Refused, OSError) as error:
            return Outcome(126, refused=str(error))
        return Outcome(0)

    # Commands.

    def _command(self, pipeline: Pipeline) -> None:
        first = pipeline[0]
        if self._is_out_of_reach(pipeline) or (self._is_conditional(first) and self._has_worked):
            return
        self.filler.near, self.filler.far = self._near(first.comment), words_of(self.section.title)
        try:
            if first.machine == "workstation":
                self._here(pipeline)
            elif self.connect is not None and first.machine != "notebook":
                self._there(pipeline)
        except CannotFill:
            return  # which was found already
        except ConnectionError as error:
            self.found.add("follow.fails", first.place, f"nobody can log in: {stable(str(error))}", "mend the login")
        except CannotExpand as trouble:
            message = f"not run: {str(trouble)[:60]} is not expanded here"
            self.found.add("follow.not-run", first.place, message, "write it without, or check it by hand")

    def _is_out_of_reach(self, pipeline: Pipeline) -> bool:
        """Say whether a command is about what was not done, because nobody logs in or nobody runs a notebook here."""
        if self.connect is None and pipeline[0].words[0].text == "curl":
            return True
        wanted = {kind_of(name) for name in self.looker.given(pipeline)}
        for word in (word for command in pipeline for word in command.words):
            wanted |= {kind_of(name) for name, _ in placeholders.find(bare(word.raw)) if name not in self.filler.names}
        return bool(wanted & self.unmade)

    def _is_conditional(self, command: Command) -> bool:
        """Say whether the reader does this only where the step before has not worked."""
        said = command.comment or (self.before.text if self.before is not None else "")
        return CONDITION.match(said) is not None

    @property
    def _has_worked(self) -> bool:
        return self.last.is_done and not outputs.prints_nothing(self.last.stdout)

    def _here(self, pipeline: Pipeline) -> None:
        argvs = [self.filler.here(command) for command in pipeline]
        deed = self._command_deed(pipeline, "workstation", tuple(argvs[0]))
        if deed.argv[0] == "ssh":
            if self.connect is not None:
                self._done(deed, functools.partial(self._log_in, deed))
            return
        given = self.looker.given(pipeline)
        outcome = self._done(deed, functools.partial(self._run_here, deed, pipeline, argvs))
        if outcome.is_done:
            self.looker.look(pipeline, argvs, outcome)
        self.looker.hear(deed, outcome, given)

    def _run_here(self, deed: Deed, pipeline: Pipeline, argvs: list[list[str]]) -> Outcome:
        patience = self.context.cloud.patience
        if deed.argv == ("aws", "configure"):
            return self.actions.configure(deed)
        is_waiting = deed.aws[1] == "wait"
        longest = max(patience.instance, patience.notebook_instance, patience.endpoint)
        limit = longest if is_waiting else patience.command
        run = functools.partial(self.desk.run, argvs, timeout=limit)
        is_asking = deed.aws[1].startswith(("describe-", "list-", "get-"))
        outcome = self._once_printed(run) if is_asking and self.looker.given(pipeline) else run()
        target = redirected(pipeline[-1])
        if target and outcome.is_done:
            written = self._write_here(target, outcome.stdout)
            return outcome if written.is_done else written
        return outcome

    def _once_printed(self, run: Callable[[], Outcome]) -> Outcome:
        """Ask again while nothing is printed yet: what was just made takes a moment to be listed with all it has."""
        seen: list[Outcome] = []

        def ask() -> bool:
            seen.append(run())
            is_there = not outputs.prints_nothing(seen[-1].stdout)
            return is_there or not seen[-1].is_done or len(seen) > ASKS_AGAIN

        patience = self.context.cloud.patience
        until("it is printed", ask, timeout=patience.instance, every=patience.poll * 10)
        return seen[-1]

    def _log_in(self, deed: Deed) -> Outcome:
        host = deed.argv[-1].rpartition("@")[2]
        if host not in self.desk.bounds.hosts():
            return Outcome(255, stderr=f"ssh: {host} is no host of the run")
        flags = "".join(word[1:] for word in deed.argv[1:] if re.fullmatch(r"-[A-Za-z]+", word))
        return self._over_there(self._login, "A" in flags)

    def _login(self, forwards: bool) -> Outcome:
        self.remote.login(forwards=forwards)
        return Outcome(0)

    def _there(self, pipeline: Pipeline) -> None:
        line, machine = self.filler.there(pipeline), pipeline[0].machine
        deed = self._command_deed(pipeline, machine, line.pipeline[0])
        outcome = self._done(deed, functools.partial(self._over_there, self.remote.run, machine, line))
        if outcome.is_done:
            self.looker.look(pipeline, line.pipeline, outcome)
        self.looker.hear(deed, outcome, self.looker.given(pipeline))

    def _over_there(self, work: Callable[..., Outcome], *arguments: object) -> Outcome:
        """Do something on the bastion; that nobody can log in there is a failed step like any other."""
        try:
            return work(*arguments)
        except ConnectionError as error:
            return Outcome(255, stderr=str(error))

    def _done(self, deed: Deed, work: Callable[[], Outcome]) -> Outcome:
        """Do something while the guide watches; what fails is mended if possible, and done again if that helps."""
        self.guide.before(deed)
        outcome = work()
        if not outcome.is_done:
            mended = self.guide.mend(deed, outcome)
            self._judge(deed, outcome, mended.what if mended else "")
            if mended and mended.again:
                outcome = work()
        self.guide.after(deed, outcome)
        if deed.kind == "command":
            self.last = outcome
        return outcome

    def _judge(self, deed: Deed, outcome: Outcome, mended: str) -> None:
        """Write down that a deed failed, and what was done in its place."""
        if outcome.refused:
            self.found.add("follow.not-run", deed.place, f"not run: {outcome.refused}", "check it by hand")
            return
        more = f"; to go on, {mended}" if mended else ""
        what = self.document.line(deed.place.line).strip() if deed.kind == "command" else str(deed)
        message = f"“{what[:80]}” fails: {stable(outcome.said)}{more}"
        self.found.add("follow.fails", Place(deed.place.line + outcome.row, deed.place.col), message, "mend the step")

    # Helpers.

    def _command_deed(self, pipeline: Pipeline, machine: Machine, argv: tuple[str, ...]) -> Deed:
        first = pipeline[0]
        return self._deed("command", first.place, machine=machine, argv=argv, text=str(first), comment=first.comment)

    def _around(self, comment: str = "") -> frozenset[str]:
        """Return the words of the text around a command."""
        return self._near(comment) | words_of(self.section.title)

    def _near(self, comment: str) -> frozenset[str]:
        """Return the words of what is said right before a command: a comment, or else the last sentence."""
        is_here = self.before is not None and self.before.section == self.section and self.before.kind != "heading"
        said = [sentence.text for sentence in prose.sentences(self.before)] if is_here and self.before else []
        return words_of(comment or " ".join(said[-1:]))

    def _deed(
        self, kind: Kind, place: Place, *, machine: Machine = "workstation", name: str = "", text: str = "",
        argv: tuple[str, ...] = (), comment: str = "",
    ) -> Deed:  # fmt: skip
        return Deed(kind, machine, place, self.section, name, argv, text, self._around(comment))


def _nowhere(_: bool) -> Session:
    raise ConnectionError("nobody logs in here")


def _pipelines(block: Block) -> Iterator[Pipeline]:
    """Yield the pipelines of a block; what stands in ``$(…)`` belongs to the command that it stands in."""
    pipeline: list[Command] = []
    for command in (command for command in block.commands if not command.is_nested):
        if command.reads is None and pipeline:
            yield tuple(pipeline)
            pipeline = []
        pipeline.append(command)
    if pipeline:
        yield tuple(pipeline)
