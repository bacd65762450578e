"""What the lines of a section's code come to, so that several commands are compared with one that does the same.

One command in two ways of writing is the matter of :mod:`harness.material.forms`; here it is what commands do together:
to stop and remove is to remove by force, and a path is the same from wherever it is named.
"""

from __future__ import annotations

import dataclasses
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Step:
    """A command on a machine (``where``); of a file or a cell, ``where`` is empty and ``deed`` the whole line."""

    where: str
    deed: str


def meant(texts: Iterable[str]) -> list[Step]:
    """Return what the lines of a section's code come to; the reader is at home when the section begins."""
    steps = list(_at_their_place(_piped(_step(text) for text in texts if text)))
    return [one for group in _groups(_ended(_emptied(steps))) for one in group]


def _step(text: str) -> Step:
    match = re.match(r"((?:workstation|bastion|private)(?: \(optional\))?): (.*)", text)
    return Step(match[1], match[2]) if match else Step("", text)


def _piped(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield commands with those that read from them in one line."""
    last: Step | None = None
    for step in steps:
        if last is not None and step.where == last.where and step.deed.startswith("| "):
            last = Step(last.where, f"{last.deed} {step.deed}")
            continue
        if last is not None:
            yield last
        last = step
    if last is not None:
        yield last


def moved(here: str, target: str) -> str:
    """Return the directory that one comes to from another; ``~`` is the home directory of the homework's user."""
    target = re.sub(r"^(?:\$HOME|/home/ubuntu)(?=/|$)", "~", target)
    target = re.sub(r"^\$PWD(?=/|$)", ".", target)
    if target.startswith(("~", "/")):
        return re.sub(r"/(?:\./)*", "/", target).rstrip("/") or "/"
    parts = here.split("/")
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1] or ["~"]
        elif part not in (".", ""):
            parts.append(part)
    return "/".join(parts)


def _at_their_place(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield commands with their paths from the home directory; going somewhere counts where the section ends there."""
    where: dict[str, str] = {}
    for step in steps:
        here = where.get(step.where, "~")
        match = re.fullmatch(r"cd(?: (\S+))?", step.deed)
        if step.where and match and match[1] != "-":
            where[step.where] = moved(here, match[1] or "~")
        else:
            yield Step(step.where, _settled(step.deed, here)) if step.where else step
    yield from (Step(name, f"cd {here}") for name, here in where.items() if here != "~")


def _settled(deed: str, here: str) -> str:
    """Return a command as one does it from the home directory, in the one of several ways that stands for all."""
    for pattern, new in _SAME:
        deed = re.sub(pattern, new, deed)
    if deed.startswith("docker "):
        return _docker(deed, here)
    if re.match(r"(?:sudo )?mkdir ", deed):
        return _made(deed, here)
    is_anywhere = here == "~" or (deed.startswith("aws ") and "file://" not in deed) or deed == "exit"
    return deed if is_anywhere else f"{deed} (in {here})"


_SAME = (
    (r"^logout$", "exit"),
    (r"(?<!\S)gpasswd (?:-a|--add) (\S+) (\S+)$", r"usermod -G \2 -a \1"),
    (r"(?<!\S)install -d(?: -m 0?755)? (\S+)$", r"mkdir -p \1"),
    (r"(?<!\S)(?:install -m 0?644|cp) ((?:\S*/)?([^\s/-]\S*)) (/\S*/)$", r"install \1 \3\2"),
    (r"(?<!\S)(?:install -m 0?644|cp) ([^\s-]\S*) (/\S*[^/\s])$", r"install \1 \2"),
    (r"(?<!\S)wget (?:-q -O|-qO|-O) ?- (\S+)$", r"curl \1"),
    (r"(?<!\S)wget (?:-q -O|-qO|-O) (\S+) (\S+)$", r"curl -L -o \1 \2"),
    (r"^(?:sudo )?curl (-L )?(\S+) \| sudo tee (\S+)(?: > /dev/null)?$", r"sudo curl \1-o \3 \2"),
)
"""Commands that do what another one does, and that one; both in the form of :func:`harness.material.forms.forms`."""


def _docker(deed: str, here: str) -> str:
    deed = re.sub(r"(?<= --volume )([^\s:]*[~$./][^\s:]*)(?=:)", lambda m: moved(here, m[1]), deed)
    match = re.fullmatch(r"(docker build(?: .*)?) ([\w.~$/-]+)", deed)
    if match is None or match[2] == "-":
        return deed
    folder = moved(here, match[2])
    head = re.sub(r"(?<= --file )(\S+)", lambda m: moved(here, m[1]), match[1])
    return f"{head} {folder}".replace(f" --file {folder}/Dockerfile ", " ")


def _made(deed: str, here: str) -> str:
    """Return the making of a directory; the mode that it has anyway, and parents that are there, go without saying."""
    match = re.fullmatch(r"((?:sudo )?mkdir)((?: -\S+(?: 0?\d{3})?)*)((?: [^\s-]\S*)*)", deed)
    if match is None:
        return deed
    head, options, names = match.groups()
    folders = [moved(here, name) for name in names.split()]
    options = re.sub(r" -m 0?755", "", options)
    if folders and all(folder.count("/") == 1 and folder.startswith("~") for folder in folders):
        options = options.replace(" -p", "")
    return " ".join([head + options, *folders])


def _ended(steps: list[Step]) -> list[Step]:
    """Return commands with a container that is stopped, then removed, removed by force."""
    kept = list(steps)
    for step in steps:
        match = re.fullmatch(r"docker (?:stop|kill) (\S+)", step.deed)
        if match is None:
            continue
        at = next(i for i, one in enumerate(kept) if one is step)
        for i in range(at + 1, len(kept)):
            if kept[i].where != step.where or not re.match(r"docker (?:stop|kill|rm|ps)\b", kept[i].deed):
                break
            if kept[i].deed in (f"docker rm {match[1]}", f"docker rm --force {match[1]}"):
                kept[i] = dataclasses.replace(kept[i], deed=f"docker rm --force {match[1]}")
                del kept[at]
                break
    return kept


def _emptied(steps: list[Step]) -> list[Step]:
    """Return commands with a bucket that is emptied, then removed, removed with all that is in it."""
    kept: list[Step] = []
    for step in steps:
        match = re.fullmatch(r"aws s3 rb (s3://[^\s/]+)/?", step.deed)
        emptying = match and re.fullmatch(
            rf"aws s3 rm {re.escape(match[1])}/? --recursive", kept[-1].deed if kept else ""
        )
        if match and emptying:
            kept[-1] = dataclasses.replace(step, deed=f"aws s3 rb {match[1]} --force")
        else:
            kept.append(step)
    return kept


def _groups(steps: list[Step]) -> Iterator[list[Step]]:
    """Yield commands; containers that are removed one after the other, in one order."""
    for key, group in itertools.groupby(
        steps, key=lambda one: one.where if one.deed.startswith("docker rm ") else None
    ):
        same = list(group)
        yield sorted(same, key=lambda one: one.deed) if key is not None else same
