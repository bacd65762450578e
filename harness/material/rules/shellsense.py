"""Shell that does not parse, or means something else than it looks like."""

from __future__ import annotations

import json
import re
import resource
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from harness.errors import UsageError
from harness.leash import Leash
from harness.material.document import Block, Command, Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.shell import ANGLED
from harness.material.tables import programs
from harness.material.words import nearest

MOST_TEXTS = 2_000
SECONDS = 8.0
"""Seconds that ShellCheck or hadolint may take; both need a tenth of one for a homework."""
MEMORY = 384 * 1024**2
"""Bytes that they may take; both need a tenth of that."""


@rule("SH001", "error")
def parses(material: Material) -> Iterator[Found]:
    """Shell blocks are shell."""
    for block in material.blocks("shell"):
        for place, fault in block.faults[:3]:
            where = _opened(block, fault) or place
            yield Found(
                where, f"{fault}, so the shell waits for more or complains", "close what is opened, or mend the line"
            )


def _opened(block: Block, fault: str) -> Place | None:
    """Return where the quote opens that a fault says nothing closes: in the first line that has an odd number of them."""
    mark = next((mark for mark in "\"'" if fault == f"a closing {mark} is missing"), "")
    for row, text in enumerate(block.text.split("\n") if mark else ()):
        if not text.lstrip().startswith("#") and len(re.findall(rf"(?<!\\){mark}", text)) % 2:
            return block.at(row, text.rindex(mark))
    return None


@rule("SH002", "error")
def plain_characters(material: Material) -> Iterator[Found]:
    """Commands and files hold no typographic quotes, dashes or spaces: programs take them for letters."""
    for block in material.blocks("shell", "json", "dockerfile", "python", "keys", "file"):
        for row, text in enumerate(block.text.split("\n")):
            comment = block.kind in ("shell", "python", "dockerfile") and text.lstrip().startswith("#")
            pattern = _QUOTED_ATTRIBUTE if block.kind == "file" else _TYPOGRAPHIC
            match = None if comment else pattern.search(text)
            if match:
                name, plain = _NAMES.get(match[0], ("an invisible character", "nothing"))
                yield Found(
                    block.at(row, match.start()), f"{name} in a command: copied, it is part of a word", f"write {plain}"
                )


_TYPOGRAPHIC = re.compile(
    "[\u00a0\u00ad\u200b-\u200f\u2010-\u2015\u2018-\u201f\u202a-\u202f\u2032\u2033\u2060\u2212\u2026\ufeff]"
)
_QUOTED_ATTRIBUTE = re.compile("(?<==)[\u2018-\u201f]|(?<=\\w)[\u2018-\u201f](?=[ /]*>)")
_NAMES = {
    "\u2018": ("a typographic quote", "'"), "\u2019": ("a typographic quote", "'"), "\u201c": ("a typographic quote", '"'),
    "\u201d": ("a typographic quote", '"'), "\u2013": ("an en dash", "-- or -"), "\u2014": ("an em dash", "--"),
    "\u2010": ("a typographic hyphen", "-"), "\u2011": ("a typographic hyphen", "-"), "\u2212": ("a minus sign", "-"),
    "\u00a0": ("a no-break space", "a plain space"), "\u2026": ("an ellipsis", "..."),
}  # fmt: skip


@rule("SH003", "error")
def continuations(material: Material) -> Iterator[Found]:
    """A line that goes on ends in a backslash, and the backslash ends its line."""
    for block in material.blocks("shell", "dockerfile"):
        rows = block.text.rstrip("\n").split("\n")
        for row, text in enumerate(rows):
            following = rows[row + 1].strip() if row + 1 < len(rows) else ""
            space = re.search(r"\\[ \t]+$", text)
            if space and not text.lstrip().startswith("#"):
                yield Found(
                    block.at(row, space.start()),
                    "blanks after the backslash: the command ends here",
                    "remove the blanks",
                )
            elif _is_torn(rows, row):
                yield Found(
                    block.at(row, len(text)),
                    "the backslash is missing: the command ends here",
                    "end the line with a backslash",
                )
            elif text.endswith("\\") and not text.endswith("\\\\") and not following:
                yield Found(block.at(row, len(text) - 1), "nothing follows the backslash", "remove the backslash")


def _is_torn(rows: list[str], row: int) -> bool:
    """Say whether a line of words goes on below, as deep as it is itself, and lacks the backslash that the one above it has."""
    if not 0 < row < len(rows) - 1 or not rows[row - 1].endswith("\\") or rows[row].endswith("\\"):
        return False
    depths = [len(text) - len(text.lstrip()) for text in (rows[row], rows[row + 1])]
    return (
        depths[0] > 0 and depths[0] == depths[1] and re.fullmatch(r"\s+[\w.+-]+(?:\s+\\)?", rows[row + 1]) is not None
    )


@rule("SH004", "error")
def begins_with_a_program(material: Material) -> Iterator[Found]:
    """Every command begins with a program's name."""
    for command in material.commands:
        word = command.bare[0]
        if word.text.startswith("-") and len(word.text) > 1:
            yield Found(
                word.place, f"the line begins with the option {word.text!r}: the shell takes it for a program",
                "end the line before with a backslash",
            )  # fmt: skip
        elif re.match(r"[$#%>](?: |$)", word.text):  # the grammar takes "$ ssh" for one word
            yield Found(word.place, "the prompt is part of the command: copied, it fails", f"remove {word.text[0]!r}")


@rule("SH005", "warning")
def no_tabs(material: Material) -> Iterator[Found]:
    """Commands hold no tabs: pasted into a terminal, a tab asks for completion."""
    for block in material.blocks("shell"):
        for row, text in enumerate(block.text.split("\n")):
            if "\t" in text:
                yield Found(block.at(row, text.index("\t")), "a tab in a command", "write blanks")


@rule("SH006", "error")
def programs_exist(material: Material) -> Iterator[Found]:
    """Programs are spelt as they are called."""
    known = programs().homes
    for command in material.commands:
        word = command.bare[0]
        name = word.text.rsplit("/", 1)[-1]
        if not word.is_literal or name in known or re.match(r"[-$#%>]|[./~<]|\[", word.text) or "=" in word.text:
            continue
        meant = nearest(name, known)
        if meant:
            yield Found(word.place, f"{name}: command not found", f"write {meant}")
        elif _is_prose(command):
            yield Found(
                word.place, f"{name}: command not found; a sentence stands between the commands", "begin it with #"
            )


def _is_prose(command: Command) -> bool:
    return len(command.words) > 2 and all(re.fullmatch(r"[A-Za-z',.:!?]+", word.raw) for word in command.words[:4])


@rule("SH007", "warning")
def unknown_programs(material: Material) -> Iterator[Found]:
    """Programs are ones that the reader has, or was told to install."""
    known = programs().homes
    installed = {word.text for command in material.commands if "install" in command.argv for word in command.words}
    for command in material.commands:
        word = command.bare[0]
        name = word.text.rsplit("/", 1)[-1]
        if word.is_literal and re.fullmatch(r"[A-Za-z][\w.-]*", name) and name not in known and name not in installed:
            if not nearest(name, known) and not _is_prose(command):
                yield Found(word.place, f"nothing installs the program {name!r}", "say how it is installed")


@rule("SH008", "error")
def no_angle_brackets(material: Material) -> Iterator[Found]:
    """Angle brackets in a command redirect: they are no way to write a placeholder or a remark."""
    for block in material.blocks("shell"):
        for row, text in enumerate(block.text.split("\n")):
            for match in () if text.lstrip().startswith("#") else ANGLED.finditer(text):
                is_remark = " " in match[1]
                name = re.sub(r"\W+", "_", match[1]).upper()
                repair = "make it a comment" if is_remark else f"write YOUR_{name}"
                yield Found(
                    block.at(row, match.start()),
                    f"the shell takes {match[0]!r} for a redirection: it reads a file of that name and overwrites another",
                    repair,
                )  # fmt: skip


@rule("SH009", "warning")
def shellcheck(material: Material) -> Iterator[Found]:
    """ShellCheck, of what has no rule of its own here."""
    yield from _shellchecked(material, "warning")


@rule("SH010", "error")
def shellcheck_errors(material: Material) -> Iterator[Found]:
    """ShellCheck's errors."""
    yield from _shellchecked(material, "error")


# Parsing and typography have rules here; `cd` may fail in a script only; a block is no script of its own; ssh reads
# no standard input from a terminal's paste; a literal brace or an unquoted $PWD is a matter of style here.
_NOT_ASKED = "1009,1070,1072,1073,1078,1079,1088,1089,1101,1110,1111,1091,2148,2164,2154,2034,2029,2317,1018,1100,2035,2117,2046,2086"


def _shellchecked(material: Material, level: str) -> Iterator[Found]:
    blocks = [block for block in material.blocks("shell") if block.machine != "container"]
    for block, comment in _comments(blocks):
        if comment["level"] != level:
            continue
        message = " ".join(comment["message"].split())
        yield Found(
            block.at(comment["line"] - 1, comment["column"] - 1),
            f"{message} [SC{comment['code']}]",
            "see ShellCheck's wiki",
        )


_CHECKED: dict[str, list[dict[str, Any]]] = {}


def _comments(blocks: list[Block]) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Yield ShellCheck's comments, block by block; a text that was checked before is not checked again."""
    texts = {ANGLED.sub(lambda match: "x" * len(match[0]), block.text): block for block in blocks}
    if len(_CHECKED) > MOST_TEXTS:
        _CHECKED.clear()
    unknown = [text for text in texts if text not in _CHECKED]
    _CHECKED.update(_checked(unknown) if unknown else {})
    yield from ((block, comment) for text, block in texts.items() for comment in _CHECKED[text])


def _checked(texts: list[str]) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {text: [] for text in texts}
    with Leash() as leash:
        directory = leash.directory("gate-")
        paths = [directory / f"{number}.sh" for number in range(len(texts))]
        for path, text in zip(paths, texts, strict=True):
            path.write_text(text, encoding="utf-8")
        said = run_checker("shellcheck", ["--norc", "-s", "bash", "-f", "json1", "-e", _NOT_ASKED, *map(str, paths)])
    for comment in json.loads(said)["comments"] if said else []:
        found[texts[int(Path(comment["file"]).stem)]].append(comment)
    return found


def run_checker(name: str, arguments: list[str], text: str | None = None) -> str:
    """Run a checker that came with a Python package; returns what it printed, empty where it took too long or too much.

    Raises :class:`~harness.errors.UsageError` where it is not installed.
    """
    program = shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name)
    if program is None:
        raise UsageError(f"{name} is not installed; run pip install -r requirements.txt.")
    try:
        done = subprocess.run(
            [program, *arguments], input=text, capture_output=True, text=True, timeout=SECONDS, check=False, env={}, preexec_fn=_bounded,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout if done.returncode in (0, 1) else ""


def _bounded() -> None:
    """Let a checker have so much memory and no more: a text may be made to need more than a laptop has."""
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))


@rule("SH011", "warning")
def stays_in_its_shell(material: Material) -> Iterator[Found]:
    """No command opens another shell that the commands after it would have to run in."""
    for block in material.blocks("shell"):
        for number, command in enumerate(block.commands[:-1]):
            argv = tuple(word.text for word in command.words)
            if argv[:2] in (("sudo", "su"), ("sudo", "-i"), ("sudo", "-s"), ("sudo", "bash")) or argv in (
                ("su",),
                ("su", "-"),
                ("bash",),
            ):
                rest = len(block.commands) - number - 1
                yield Found(
                    command.place, f"{command} opens a root shell: the {rest} commands after it run only when typed into that shell",
                    "write sudo before each command that needs it",
                )  # fmt: skip


@rule("SH012", "error")
def words_are_quoted(material: Material) -> Iterator[Found]:
    """What the shell would expand or split stands in quotes: JMESPath, JSON, patterns."""
    for command in material.commands:
        if command.name != "aws":
            continue
        for word in command.words:
            if (
                (
                    re.match(r"[^'\"$]*[\[*?{`].*", word.raw)
                    and not word.raw.startswith(("'", '"'))
                    and re.search(r"\[|\*|`|\{", word.raw)
                )
                and "'" not in word.raw
                and '"' not in word.raw
            ):
                yield Found(
                    word.place,
                    f"the shell expands {word.raw[:40]!r} before aws sees it",
                    "put it into single quotes",
                )


@rule("SH013", "error")
def files_are_named(material: Material) -> Iterator[Found]:
    """What chmod and ssh-add are given is one file that the reader has."""
    for command in material.commands:
        if command.name not in ("chmod", "ssh-add"):
            continue
        files = [word for word in command.bare[1:] if not word.text.startswith("-")][
            1 if command.name == "chmod" else 0 :
        ]
        for word in files:
            if re.fullmatch(r"[a-z]+", word.text) and not _is_known_file(material, word.text):
                yield Found(
                    word.place,
                    f"{command.name}: cannot access {word.text!r}: no such file; a word too many?",
                    "remove it",
                )
            elif "*" in word.raw and "'" not in word.raw:
                yield Found(
                    word.place, f"{word.raw!r} stands for every such file in the directory, or for none",
                    "name the one file",
                )  # fmt: skip


def _is_known_file(material: Material, name: str) -> bool:
    paths = {block.path.rsplit("/", 1)[-1] for block in material.document.blocks}
    made = {
        word.text
        for command in material.commands
        if command.name in ("mkdir", "touch", "cp", "curl")
        for word in command.words
    }
    return name in paths | made


@rule("SH014", "error")
def no_download_into_a_shell(material: Material) -> Iterator[Found]:
    """Nothing that is downloaded is run unseen."""
    for command in material.commands:
        source = command.reads
        if (
            source
            and source.name in ("curl", "wget")
            and command.name in ("sh", "bash", "zsh", "python", "python3", "sudo")
        ):
            yield Found(
                command.place, "what the address answers at that moment is run, as whoever is logged in",
                "download it, look at it, then run it; or install a signed package",
            )  # fmt: skip


@rule("SH015", "warning")
def downloads_are_safe(material: Material) -> Iterator[Found]:
    """Downloads are encrypted, checked, and fail when they fail."""
    for command in material.commands:
        if command.name not in ("curl", "wget"):
            continue
        text = " ".join(command.argv)
        insecure = next(
            (word for word in command.words if word.text in ("-k", "--insecure", "--no-check-certificate")), None
        )
        plain = next(
            (
                word
                for word in command.words
                if re.match(r"http://(?!localhost|127\.|YOUR_|\$|<|[A-Z_]+[:/])", word.text)
            ),
            None,
        )
        if insecure:
            yield Found(insecure.place, "the certificate is not checked: anybody may answer", "leave the option out")
        if plain:
            yield Found(
                plain.place, "the download is not encrypted: anybody on the way may change it", "write https://"
            )
        saves = "-o" in command.argv or " -O" in text or any(other.reads is command for other in material.commands)
        if command.name == "curl" and saves and "https://" in text and not re.search(r" -\w*f|--fail", text):
            yield Found(command.place, "without -f an error page is saved as if it were the file", "add -f")


@rule("SH016", "error")
def redirections(material: Material) -> Iterator[Found]:
    """A redirection as root is done by root: the shell opens the file before sudo runs."""
    for command in material.commands:
        for redirect in command.redirects:
            target = redirect.target.text if redirect.target else ""
            if (
                command.words[0].text == "sudo"
                and redirect.operator in (">", ">>")
                and target.startswith(("/etc", "/usr", "/var"))
            ):
                yield Found(
                    redirect.place,
                    f"{target}: permission denied; your own shell opens it, not sudo",
                    "pipe it into sudo tee",
                )
