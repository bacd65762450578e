"""Programs and their options: unknown ones, those that ask, those that changed; and the machine they run on."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

from harness.material.document import Command, Word
from harness.material.finding import Found, rule
from harness.material.lines import split
from harness.material.material import Material
from harness.material.tables import programs, table
from harness.material.words import meant, nearest


@rule("PG001", "error")
def options_exist(material: Material) -> Iterator[Found]:
    """Programs know the options that they are given."""
    for command in material.commands:
        known = programs().options.get(command.name)
        if known is None:
            continue
        _, _, unknown = split(command.bare[1:], known, stop=command.name == "ssh")
        for word in command.bare[1:]:
            if (
                re.fullmatch(r"-([A-Za-z])\1", word.text)
                and word.text[1] not in _COUNTED
                and word.text[:2] in known.flags
            ):
                yield Found(
                    word.place,
                    f"{command.name}: {word.text} has the option {word.text[:2]} twice",
                    f"write {word.text[:2]}",
                )
        for word in unknown:
            everything = known.flags | known.values
            yield Found(
                word.place, f"{command.name}: unknown option {word.text!r}",
                meant(word.text, everything, f"look it up in the manual of {command.name}"),
            )  # fmt: skip


_COUNTED = "vqtV"
"""Options of which more say more: ``-vv``, ``-qq``, and ``-tt`` of ssh."""


@rule("PG002", "error")
def docker_verbs(material: Material) -> Iterator[Found]:
    """Docker's commands and options are docker's."""
    table = programs().docker
    for line in material.docker:
        verbs = [verb for verb in table if verb != "global"]
        if line.verb is None or line.name not in verbs:
            place = line.verb.place if line.verb else line.command.place
            yield Found(
                place, f"docker: {line.name!r} is not a docker command", meant(line.name, verbs, "see docker --help")
            )
            continue
        known = table[line.name]
        for word in line.unknown:
            repair = meant(word.text, known.flags | known.values, f"see docker {line.name} --help")
            yield Found(word.place, f"docker {line.name}: unknown flag: {word.text}", repair)
        if line.operands and line.name in ("ps", "version", "info"):
            message = f"docker {line.name} accepts no arguments: {line.operands[0].text!r} is one"
            yield Found(line.operands[0].place, message, "remove it")
        if len(line.operands) < known.operands:
            yield Found(
                line.command.place, f"docker {line.name} requires at least {known.operands} argument"
                + "s" * (known.operands > 1), "name the container or the image",
            )  # fmt: skip


@rule("PG003", "error")
def answers_itself(material: Material) -> Iterator[Found]:
    """A command among others does not stop to ask: what is pasted after it would be taken for the answer."""
    for command in material.commands:
        argv = command.argv
        for asking, answers in programs().asks.items():
            words = asking.split()
            operands = [word for word in argv if not word.startswith("-")]
            if operands[: len(words)] == words and not _is_answered(argv, answers):
                yield Found(
                    command.place, f"{asking} asks whether to continue; the lines pasted after it are its answer",
                    f"add {answers[0]}",
                )  # fmt: skip


def _is_answered(argv: tuple[str, ...], answers: list[str]) -> bool:
    letters = {letter for word in argv if re.fullmatch(r"-[a-zA-Z]+", word) for letter in word[1:]}
    return any(answer in argv for answer in answers) or any(len(a) == 2 and a[1] in letters for a in answers)


@rule("PG004", "warning")
def not_deprecated(material: Material) -> Iterator[Found]:
    """Commands are today's (dated table)."""
    for command in material.commands:
        for entry in table("deprecated")["command"]:
            word = _matching(command, entry["program"], entry["words"])
            if word is not None and not any(other in command.argv for other in entry.get("unless", ())):
                yield Found(word.place, entry["message"], entry["repair"])


def _matching(command: Command, program: str, patterns: list[str]) -> Word | None:
    """Return the word that makes a command deprecated: every pattern fits some word of it, the last one counts."""
    if command.name != program:
        return None
    found: Word | None = command.bare[0]
    for pattern in patterns:
        found = next((word for word in command.bare[1:] if re.fullmatch(pattern, word.text, re.DOTALL)), None)
        if found is None:
            return None
    return found


@rule("PG005", "error")
def right_machine(material: Material) -> Iterator[Found]:
    """Commands run where they can: aws where it is configured, docker where it is installed."""
    for block in material.blocks("shell"):
        for command in block.commands:
            home = programs().home(command.argv)
            if home and block.is_labelled and command.machine != home and not _may_run(command, home):
                yield Found(
                    command.place, f"{command.name} belongs on the {home}; on the {command.machine} it is not set up",
                    f"label the block {home}",
                )  # fmt: skip


def _may_run(command: Command, home: str) -> bool:
    return command.machine == "container" and home == "bastion" and command.name in ("apt", "apt-get", "dpkg")


@rule("PG006", "error")
def reader_is_there(material: Material) -> Iterator[Found]:
    """The reader is on the machine that the next command needs: logins and exits add up."""
    where, since = "workstation", 0
    for block in material.blocks("shell"):
        for command in block.commands:
            home = programs().home(command.argv) or _login_home(command, where)
            if block.is_labelled:
                where = command.machine
            elif home and home != where and where in ("bastion", "private") and home == "workstation":
                yield Found(
                    command.place,
                    f"by line {since} the reader is logged in to the {where}; {command.name} is not set up there, and nothing says to go back",
                    "say that this runs on the workstation, or add exit",
                )  # fmt: skip
                where = home
            elif home and command.name not in ("apt-get", "apt"):
                where = home
            if command.name == "ssh" and len(command.argv) > 1:
                where, since = ("private" if where == "bastion" else "bastion"), command.place.line
            elif command.name in ("exit", "logout"):
                where = "bastion" if where == "private" else where if where == "container" else "workstation"


def _login_home(command: Command, where: str) -> str | None:
    is_outer = command.name == "ssh" and re.search(r"public|bastion", command.argv[-1], re.IGNORECASE)
    return "workstation" if is_outer and where != "workstation" else None


@rule("PG007", "error")
def jupyter_options(material: Material) -> Iterator[Found]:
    """Jupyter in a container listens to the outside and asks for its token."""
    for command in material.commands:
        argv = command.argv
        if argv[:2] == ("jupyter", "notebook") and command.machine == "container":
            yield from jupyter_faults(command)


def jupyter_faults(command: Command) -> Iterator[Found]:
    """Yield what is wrong with a command that starts Jupyter in a container."""
    verb = next((word for word in command.bare[1:] if not word.text.startswith("-")), None)
    if verb is None:
        yield Found(
            command.place, "jupyter: error: one of the arguments is required: no subcommand", "write jupyter notebook"
        )
    elif verb.is_literal and verb.text not in table("programs")["verbs"]["jupyter"]:
        repair = meant(verb.text, table("programs")["verbs"]["jupyter"], "write notebook")
        yield Found(verb.place, f"Jupyter command `jupyter-{verb.text}` not found", repair)
    by_name = options_of_jupyter(command)
    address = by_name.get("--ip")
    if address is None or address.text.partition("=")[2] not in ("0.0.0.0", "*", "::"):  # noqa: S104 - a text
        place = address.place if address else command.place
        yield Found(
            place, "Jupyter listens inside the container only: the published port answers nobody", "write --ip=0.0.0.0"
        )
    if "--allow-root" not in by_name:
        yield Found(command.place, "Running as root is not recommended: Jupyter refuses to start", "add --allow-root")
    if "--no-browser" not in by_name:
        yield Found(command.place, "Jupyter looks for a browser in the container", "add --no-browser")
    for name, word in by_name.items():
        if name.endswith((".token", ".password")) and not word.text.partition("=")[2].strip("'\""):
            yield Found(
                word.place, "without a token everybody who finds the port runs code here", "leave the option out"
            )
        elif name.startswith("--") and name not in _JUPYTER and "." not in name:
            yield Found(
                word.place, f"jupyter: unknown option {name!r}", meant(name, _JUPYTER, "see jupyter notebook --help")
            )


def options_of_jupyter(command: Command) -> dict[str, Word]:
    """Return the words of a command by their options' names; of ``--ip ADDRESS`` both words are read as one."""
    found: dict[str, Word] = {}
    for word, after in zip(command.bare, [*command.bare[1:], None], strict=True):
        name, equals, _ = word.text.partition("=")
        is_apart = name in _WITH_VALUE and not equals and after is not None and not after.text.startswith("-")
        found[name] = dataclasses.replace(word, text=f"{name}={after.text}") if is_apart and after else word
    return found


_WITH_VALUE = ("--ip", "--port", "--notebook-dir", "--config", "--log-level")
_JUPYTER = (
    "--no-browser",
    "--ip",
    "--allow-root",
    "--port",
    "--notebook-dir",
    "--debug",
    "--config",
    "--log-level",
    "-y",
    "--generate-config",
)


@rule("PG008", "warning")
def packages_spelt(material: Material) -> Iterator[Found]:
    """Packages that apt installs are called what they are called (dated table)."""
    known = table("packages")["apt"]
    for command in material.commands:
        operands = [word for word in command.bare[1:] if not word.text.startswith("-")]
        if command.name not in ("apt-get", "apt") or not operands or operands[0].text != "install":
            continue
        for word in operands[1:]:
            name = word.text.partition("=")[0]
            if name not in known and nearest(name, known):
                yield Found(word.place, f"E: Unable to locate package {name}", f"write {nearest(name, known)}")
