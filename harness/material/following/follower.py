"""Goes through a homework document from top to bottom and does what it says."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from harness.context import Context
from harness.hosts.session import Session
from harness.material import placeholders
from harness.material.document import Block, Command, Document, Place, Prose, Section, Word
from harness.material.finding import Finding, Severity
from harness.material.following import outputs, prose, words
from harness.material.following.actions import Actions
from harness.material.following.allowed import Refused
from harness.material.following.deeds import Deed, Guide, Outcome
from harness.material.following.remote import Line, Remote
from harness.material.following.values import ID, Values, key_of, kind_of, words_of
from harness.material.following.workstation import Desk
from harness.material.material import Material
from harness.waiting import until

Pipeline = tuple[Command, ...]
RULES: dict[str, tuple[Severity, str]] = {
    "follow.fails": ("error", "A step fails when it is done in its turn."),
    "follow.prints-nothing": ("error", "The reader is told to find something that a command does not print."),
    "follow.wrong-value": ("error", "A command shows another value than the one that the reader is told to take."),
    "follow.several-values": ("warning", "A command shows several values, and nothing says which is meant."),
    "follow.other-output": ("warning", "The sample of an output has what the output has not."),
    "follow.no-value": ("error", "A placeholder stands for a value that no earlier step has given."),
    "follow.not-own": ("error", "A command names the id of something that is not the reader's."),
    "follow.not-run": ("warning", "A command is not on the list of those that are run."),
    "follow.unknown": ("note", "A sentence tells the reader to do something that nothing here knows how to do."),
}
"""What following finds: severity and sentence by id."""


OF_THE_EXAMPLE = frozenset({"endpoint", "config", "model", "job", "bucket"})
"""Kinds of what the k-means example makes."""


class CannotFill(ValueError):
    """Says which placeholder has no value."""


@dataclass
class Follower:
    """Follows one document in one run; ``findings`` is what it met.

    ``guide`` watches and helps. ``connect`` logs in to the bastion, with the agent forwarded or not; without it only
    what is done on the workstation is followed.
    """

    document: Document
    context: Context
    guide: Guide = field(default_factory=Guide)
    connect: Callable[[bool], Session] | None = None
    findings: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.values = Values()
        self.desk = Desk(self.context, self.values)
        self.actions = Actions(self.context, self.desk)
        self.remote = Remote(self.connect or _nowhere, lambda: self.desk.bounds, self.context.cloud.patience.build)
        self.section = Section("", 0, Place(1))
        self.before: Prose | None = None
        self.last = Outcome(0)
        self.unmade: frozenset[str] = frozenset()

    def follow(self) -> list[Finding]:
        """Do everything, and return what was found."""
        try:
            for number, part in enumerate(self.document.parts):
                following = self.document.parts[number + 1 : number + 2]
                self.section = part.section
                if isinstance(part, Prose):
                    self._read(part, bool(following) and isinstance(following[0], Block))
                else:
                    self._do(part)
            if self.actions.at_the_end:
                self._act(self.actions.at_the_end[-1], "end")
        finally:
            self.remote.close()
            self.desk.close()
        return self.findings

    # Prose.

    def _read(self, part: Prose, is_before_block: bool) -> None:
        self.before = part
        if part.kind == "heading":
            return
        for sentence in prose.sentences(part):
            wanted = [] if prose.is_introduction(part) else prose.actions(sentence)
            for name in wanted:
                self._act(self._deed("action", sentence.place, name=name, text=part.text), name)
            if not is_before_block and prose.is_unknown(sentence):
                self._find("follow.unknown", sentence.place, f"nobody knows how to follow “{sentence.text[:80]}”",
                           "give the command, or say it in words that the table of instructions knows")  # fmt: skip

    def _act(self, deed: Deed, name: str) -> None:
        self.guide.before(deed)
        if name == "end":
            self.actions.terminate_all()
            outcome: Outcome | None = Outcome(0)
        else:
            outcome = self.guide.act(deed) or self.actions.do(deed)
        if outcome is not None:
            self._judge(deed, outcome, "")
            self.guide.after(deed, outcome)
        elif name == "example":
            self.unmade = OF_THE_EXAMPLE

    # Blocks.

    def _do(self, block: Block) -> None:
        if block.is_optional:
            return
        match block.kind:
            case "shell":
                for pipeline in _pipelines(block):
                    self._command(block, pipeline)
            case "keys" if self.connect is not None:
                deed = self._deed("keys", block.place, machine="container", text=block.text)
                self._done(deed, functools.partial(self.remote.press, block.text))
            case "json" | "dockerfile" | "file" if block.path:
                self._write(block)
            case "python":
                self._act(
                    self._deed("action", block.place, name="example", machine="notebook", text=block.text), "example"
                )
            case "output" if block.machine in ("workstation", None) or self.connect is not None:
                self._compare(block)

    def _write(self, block: Block) -> None:
        machine = block.machine or "workstation"
        deed = self._deed("file", block.place, name=block.path, machine=machine, text=block.text)
        if machine == "workstation":
            self._done(deed, functools.partial(self._write_here, block.path, block.text))
        elif self.connect is not None:
            is_from_home = block.path in block.labels
            path = f"~/{block.path}" if is_from_home else block.path
            self._done(deed, functools.partial(self.remote.write, path, block.text))

    def _write_here(self, path: str, text: str) -> Outcome:
        try:
            self.desk.write(path, text)
        except (Refused, OSError) as error:
            return Outcome(126, refused=str(error))
        return Outcome(0)

    def _compare(self, block: Block) -> None:
        missing = outputs.missing_of_sample(block.text, self.last.stdout) if self.last.stdout else []
        if missing:
            self._find("follow.other-output", block.place, f"the output has no {', '.join(missing)}, this sample has",
                       "show the output as it is now")  # fmt: skip

    # Commands.

    def _command(self, block: Block, pipeline: Pipeline) -> None:
        if self._is_out_of_reach(pipeline):
            return
        if self._is_conditional(pipeline[0]) and not outputs.prints_nothing(self.last.stdout) and self.last.is_done:
            return
        if pipeline[0].machine == "workstation":
            self._here(pipeline)
        elif self.connect is not None and pipeline[0].machine != "notebook":
            self._there(block, pipeline)

    def _is_out_of_reach(self, pipeline: Pipeline) -> bool:
        """Say whether a command is about what was not done, because nobody logs in or nobody runs a notebook here."""
        if self.connect is None and pipeline[0].words[0].text == "curl":
            return True
        wanted = {
            kind_of(name) for one in pipeline for word in one.words for name, _ in placeholders.find(_bare(word.raw))
        }
        wanted |= {kind_of(name) for name in self._given(pipeline)}
        return bool(wanted & self.unmade)

    def _is_conditional(self, command: Command) -> bool:
        """Say whether the reader does this only where the step before has not worked."""
        said = command.comment or (self.before.text if self.before is not None else "")
        return bool(
            re.match(r"\s*(?:only )?if (?:you (?:do not|don't|get|see)|it|this|that|the)\b", said, re.IGNORECASE)
        )

    def _here(self, pipeline: Pipeline) -> None:
        command = pipeline[0]
        try:
            argvs = [self._argv(one) for one in pipeline]
        except (words.CannotExpand, CannotFill) as trouble:
            self._cannot(command, trouble)
            return
        deed = self._deed("command", command.place, argv=tuple(argvs[0]), command=command)
        if argvs[0][:1] == ["ssh"]:
            self._login(deed)
            return
        given = self._given(pipeline)
        outcome = self._done(deed, functools.partial(self._run_here, deed, pipeline, argvs, bool(given)))
        if outcome.is_done:
            self._look(pipeline, argvs, outcome, given)
        self._hear(deed, outcome, given)

    def _run_here(self, deed: Deed, pipeline: Pipeline, argvs: list[list[str]], is_awaited: bool) -> Outcome:
        patience = self.context.cloud.patience
        is_waiting = deed.aws[1] == "wait"
        limit = (
            max(patience.instance, patience.notebook_instance, patience.endpoint) if is_waiting else patience.command
        )
        if deed.argv == ("aws", "configure"):
            return self.actions.configure(deed)
        redirect = _redirect(pipeline[-1])
        run = functools.partial(self.desk.run, argvs, timeout=limit)
        if is_awaited and deed.aws[1].startswith(("describe-", "list-", "get-")):
            run = functools.partial(self._once_printed, run)
        outcome = run()
        if redirect and outcome.is_done:
            written = self._write_here(redirect, outcome.stdout)
            return outcome if written.is_done else written
        return outcome

    def _once_printed(self, run: Callable[[], Outcome]) -> Outcome:
        """Ask again while nothing is printed yet: what was just made takes a moment to be listed with all it has."""
        seen = [run()]

        def again() -> bool:
            if outputs.prints_nothing(seen[-1].stdout) and seen[-1].is_done:
                seen.append(run())
            return not outputs.prints_nothing(seen[-1].stdout) or not seen[-1].is_done or len(seen) > 3

        until(
            "it is printed",
            again,
            timeout=self.context.cloud.patience.instance,
            every=self.context.cloud.patience.poll * 10,
        )
        return seen[-1]

    def _login(self, deed: Deed) -> None:
        if self.connect is not None:
            self._done(deed, functools.partial(self._log_in, deed))

    def _log_in(self, deed: Deed) -> Outcome:
        flags = "".join(word[1:] for word in deed.argv[1:] if re.fullmatch(r"-[A-Za-z]+", word))
        host = deed.argv[-1].rpartition("@")[2]
        if host not in self.desk.bounds.hosts():
            return Outcome(255, stderr=f"ssh: {host} is no host of the run")
        try:
            self.remote.login(forwards="A" in flags)
        except ConnectionError as error:
            return Outcome(255, stderr=str(error))
        return Outcome(0)

    def _there(self, block: Block, pipeline: Pipeline) -> None:
        command = pipeline[0]
        try:
            line = self._line(pipeline)
        except (words.CannotExpand, CannotFill) as trouble:
            self._cannot(command, trouble)
            return
        deed = self._deed("command", command.place, machine=command.machine, argv=line.pipeline[0], command=command)
        outcome = self._done(deed, functools.partial(self._run_there, command, line))
        if outcome.is_done and len(pipeline) > 1 and outputs.prints_nothing(outcome.stdout):
            self._finds_nothing(command, line.pipeline)
        self._hear(deed, outcome, self._given(pipeline))

    def _run_there(self, command: Command, line: Line) -> Outcome:
        """Type the line; a bastion that nobody logs in to is a failed step like any other."""
        try:
            return self.remote.run(command.machine, line)
        except ConnectionError as error:
            return Outcome(255, stderr=str(error))

    def _done(self, deed: Deed, work: Callable[[], Outcome]) -> Outcome:
        """Do something while the guide watches; what fails is mended if that is possible, and done again if it helps."""
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
        if outcome.is_done:
            return
        if outcome.refused:
            self._find(
                "follow.not-run", deed.place, f"not run: {outcome.refused}", "do it another way, or check it by hand"
            )
            return
        more = f"; to go on, {mended}" if mended else ""
        self._find("follow.fails", deed.place, f"“{str(deed)[:80]}” fails: {outcome.said}{more}", "mend the step")

    # What is seen.

    def _look(self, pipeline: Pipeline, argvs: list[list[str]], outcome: Outcome, given: tuple[str, ...]) -> None:
        command = pipeline[0]
        is_sought = len(pipeline) > 1 and argvs[-1][0] in outputs.GREPS
        if (given or is_sought) and outputs.prints_nothing(_values_of(outcome.stdout)):
            self._finds_nothing(command, tuple(map(tuple, argvs)))
            return
        meant = outputs.wrong_value(outcome.first, argvs, outcome.stdout)
        if meant:
            name = outputs.patterns(argvs)[0]
            self._find("follow.wrong-value", command.place, f"shows another value than {meant}, which is the one of {name}",
                       "ask for it with --filters and --query")  # fmt: skip
        several = outputs.different_values(argvs, outcome.stdout)
        if several and not meant:
            self._find("follow.several-values", command.place, f"shows {len(several)} values, and nothing says which is meant",
                       "ask for the one that is meant with --instance-ids or --filters")  # fmt: skip

    def _finds_nothing(self, command: Command, argvs: tuple[tuple[str, ...], ...]) -> None:
        sought = next(iter(outputs.patterns(argvs)[-1:]), "") or "the value"
        self._find("follow.prints-nothing", command.place, f"prints nothing where the reader looks for {sought}",
                   "ask for it with --query and --output text")  # fmt: skip

    def _given(self, pipeline: Pipeline) -> tuple[str, ...]:
        """Return the placeholders whose values the text says that a command prints."""
        return tuple(
            mention.name for mention in self._mentions if mention.role == "given" and mention.command is not None
            and mention.command.place in [one.place for one in pipeline]
        )  # fmt: skip

    @functools.cached_property
    def _mentions(self) -> tuple[placeholders.Mention, ...]:
        return placeholders.mentions(self.document, self._names)

    @functools.cached_property
    def _names(self) -> frozenset[str]:
        """Return the names that the document gives to things, some of which look like placeholders."""
        return Material(self.document, self.context.homework, datetime.datetime.now(datetime.UTC).date()).names

    def _hear(self, deed: Deed, outcome: Outcome, given: tuple[str, ...]) -> None:
        """Take note of what was printed."""
        known = set(self.values.seen)
        self.values.hear(
            outcome.first or outcome.stdout, words_of(str(deed)), deed.words, key_of(deed.value("--query"))
        )
        for name in given:
            value = self._of_output(name, outcome.stdout, known)
            if value:
                self.values.named[name] = value
                self.values.learn(kind_of(name), value, words_of(name), deed.words)

    def _of_output(self, name: str, output: str, known: set[str]) -> str:
        """Return the value of a placeholder in an output: what is of its kind there, or the one line that it is."""
        kind = kind_of(name)
        fresh = [value.text for value in self.values.seen.values() if value.kind == kind and value.text in output]
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        if len(lines) == 1 and not outputs.prints_nothing(output) and not re.search(r"[\s{\[]|://", lines[0]):
            return lines[0]
        return next((text for text in reversed(fresh) if text not in known), fresh[-1] if fresh else "")

    # Words.

    def _argv(self, command: Command) -> list[str]:
        argv: list[str] = []
        option = ""
        for word in command.words:
            option = _option(word, option, argv)
            fill = functools.partial(self._fill, command, word, option)
            text, has_glob = words.expanded(word.raw, self.desk.variable, self._substitute, fill)
            is_name = has_glob and argv[:1] in (["chmod"], ["ssh-add"], ["ls"], ["cat"])
            argv.extend(self.desk.glob(text) if is_name else [text])
        return argv

    def _line(self, pipeline: Pipeline) -> Line:
        argvs, texts = [], []
        for command in pipeline:
            argv: list[str] = []
            quoted: list[str] = []
            option = ""
            for word in command.words:
                option = _option(word, option, argv)
                fill = functools.partial(self._fill, command, word, option)
                argv.append(words.expanded(word.raw, lambda name: f"${name}", self._substitute_there, fill)[0])
                quoted.append(words.quoted(word.raw, self._substitute_there, fill))
            argvs.append(tuple(argv))
            texts.append(" ".join(quoted))
        redirect = _redirect(pipeline[-1])
        if redirect and not re.fullmatch(r"[\w./-]+", redirect):
            raise words.CannotExpand(f"> {redirect}")
        return Line(tuple(argvs), " | ".join(texts) + (f" > {redirect}" if redirect else ""))

    def _substitute(self, text: str) -> str:
        return self.desk.run([_simple(text)], timeout=self.context.cloud.patience.command).stdout

    def _substitute_there(self, text: str) -> str:
        return self.remote.run("bastion", Line((tuple(_simple(text)),), text)).stdout

    def _fill(self, command: Command, word: Word, option: str, text: str) -> str:
        """Return a text with its placeholders, and what is somebody else's, replaced by the reader's own values."""
        scheme, slashes, rest = text.partition("://")
        if slashes:
            kind = "curl" if scheme.startswith("http") else "--bucket" if scheme == "s3" else option
            return f"{scheme}://{self._fill(command, word, kind, rest)}"
        filled, at = "", 0
        for name, col in placeholders.find(text):
            if col < at or name in self._names:
                continue
            value = self._value(name, option, command)
            if not value:
                raise CannotFill(name)
            filled += text[at:col] + value
            at = col + len(name)
            at += _repeated(value, text[at:])
        return self._own(command, word, option, filled + text[at:])

    def _value(self, name: str, option: str, command: Command) -> str:
        if name in self.values.named:
            return self.values.named[name]
        kind = kind_of(name, option)
        around = self._around(command.comment)
        return self.values.find(kind, words_of(name), around) or self.guide.value(kind, words_of(name) | around)

    def _own(self, command: Command, word: Word, option: str, text: str) -> str:
        """Put the reader's own id in the place of one that nothing in the run has."""
        match = ID.fullmatch(text)
        if match is None or match["prefix"] == "ami" or text in self.values.seen:
            return text
        value = self.values.find(kind_of(text, option), frozenset(), self._around(command.comment))
        self._find("follow.not-own", word.place, f"{text} belongs to somebody else, so this fails for every reader",
                   "write a placeholder, and say where its value comes from")  # fmt: skip
        return value or text

    def _cannot(self, command: Command, trouble: ValueError) -> None:
        if isinstance(trouble, CannotFill):
            self._find("follow.no-value", command.place, f"no step has given {trouble}", "say which command prints it")
        else:
            self._find("follow.not-run", command.place, f"not run: {str(trouble)[:60]} is not expanded here",
                       "write it without the expansion, or check it by hand")  # fmt: skip

    # Helpers.

    def _around(self, comment: str = "") -> frozenset[str]:
        """Return the words of the text around a command."""
        said = self.before.text if self.before is not None and self.before.section == self.section else ""
        return words_of(f"{comment} {said[-200:]} {self.section.title}")

    def _deed(self, kind: str, place: Place, **about: object) -> Deed:
        command = about.get("command")
        comment = command.comment if isinstance(command, Command) else ""
        machine = about.pop("machine", "workstation")
        return Deed(kind, machine, place, self.section, words=self._around(comment), **about)  # type: ignore[arg-type]

    def _find(self, rule: str, place: Place, message: str, repair: str) -> None:
        severity, _ = RULES[rule]
        context = self.document.line(place.line)
        found = Finding(
            str(self.document.path), place.line, place.col, severity, rule, message, repair, context=context
        )
        if found not in self.findings:
            self.findings.append(found)


def _nowhere(_: bool) -> Session:
    raise ConnectionError("nobody logs in here")


def _pipelines(block: Block) -> Iterator[Pipeline]:
    """Yield the pipelines of a block; what stands in ``$(…)`` belongs to the command that it stands in."""
    outer = [command for command in block.commands if not command.is_nested]
    pipeline: list[Command] = []
    for command in outer:
        if command.reads is None and pipeline:
            yield tuple(pipeline)
            pipeline = []
        pipeline.append(command)
    if pipeline:
        yield tuple(pipeline)


def _option(word: Word, option: str, argv: list[str]) -> str:
    """Return the option that a word belongs to, or for ``ssh`` and ``curl`` the program: their hosts have no option."""
    if word.text.startswith("--"):
        return word.text.partition("=")[0]
    if argv[:1] in (["ssh"], ["curl"]):
        return argv[0]
    return option


def _bare(raw: str) -> str:
    """Return a word without what would hide a placeholder in it: the scheme of an address, quotes."""
    return raw.rpartition("://")[2].strip("\"'")


def _simple(text: str) -> list[str]:
    """Return the words of a command in ``$(…)``, which may have no expansion of its own."""
    argv: list[str] = []
    for raw in text.split():
        argv.append(words.expanded(raw, lambda name: "", lambda inner: "")[0])
    return argv


def _redirect(command: Command) -> str:
    """Return the file that a command's output goes to; raises where it is redirected in another way."""
    target = ""
    for redirect in command.redirects:
        if redirect.target is None:
            raise words.CannotExpand(redirect.operator or "<<")
        if redirect.target.text in ("/dev/null", "&1", "1"):
            continue
        if redirect.operator != ">" or not redirect.target.is_literal:
            raise words.CannotExpand(f"{redirect.operator} {redirect.target.raw}")
        target = redirect.target.text
    return target


def _repeated(value: str, rest: str) -> int:
    """Return how many characters after a placeholder are the end of its value once more, such as a domain."""
    match = re.match(r"(?:\.[\w-]+)+", rest)
    if match and re.fullmatch(r"[\w-]+(?:\.[\w-]+){2,}", value) and "amazonaws" in match[0] + value:
        return match.end()
    return 0


def _values_of(output: str) -> str:
    """Return an output without members that have no value."""
    return "\n".join(line for line in output.splitlines() if not re.search(r':\s*(?:""|null),?\s*$', line))
