"""Sweeping: everything that a run created is removed, in the order in which AWS lets go of it, and looked for again.

What the run created is what its ledger says and what carries its tag; nothing else is touched. What was created a
moment ago may be unknown to AWS yet: it counts as absent only when it has had the time to be seen.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from harness.aws import budgets, groups, iam, instances, keys, sagemaker_kinds, spot, volumes
from harness.aws.entrance import is_region
from harness.aws.errors import classify, code_of, is_passing
from harness.aws.identity import find_caller
from harness.aws.kinds import Kind
from harness.aws.session import Aws
from harness.cloud import Patience
from harness.context import Context
from harness.errors import TimedOut
from harness.ledger import Entry, Ledger
from harness.waiting import until

KINDS: dict[str, Kind] = {
    kind.name: kind
    for module in (budgets, groups, iam, instances, keys, sagemaker_kinds, spot, volumes)
    for kind in module.KINDS
}

STAYS = {
    "default-vpc": "a region keeps its default VPC",
    "quota-request": "a request for a quota cannot be taken back",
}
"""Kinds that are written down and never removed, and why."""

# What AWS answers while something else still holds on to a thing; it lets go by itself.
HELD = ("DependencyViolation", "DeleteConflict", "VolumeInUse", "IncorrectState", "ResourceInUse", "BucketNotEmpty")

T = TypeVar("T")
Notice = Callable[[str], None]


@dataclass(frozen=True)
class Leftover:
    """Something that is still there after a sweep, or that could not be looked for, and why."""

    kind: str
    region: str
    id: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.id} in {self.region}: {self.reason}"


@dataclass
class _Thing:
    """One thing to be removed, with what went wrong last; ``is_held`` where something else holds on to it."""

    entry: Entry
    kind: Kind
    aws: Aws
    id: str
    trouble: str = ""
    is_held: bool = False
    is_asked: bool = False

    def attempt(self, action: Callable[[Aws, str], T]) -> T | None:
        """Do something to the thing; what goes wrong is kept, because the others must be removed all the same."""
        self.trouble, self.is_held = "", False
        try:
            return action(self.aws, self.id)
        except Exception as error:  # noqa: BLE001 - a sweep runs to its end whatever one thing raises
            self.trouble = _sentence(error)
            self.is_held = code_of(error).startswith(HELD) or is_passing(error)
        return None

    def is_absent(self) -> bool:
        """Look for the thing, again and again while it may be too young to be seen."""
        patience = self.aws.cloud.patience
        with contextlib.suppress(TimedOut):
            until(
                f"{self} is seen", lambda: not self.attempt(self.kind.is_gone) and not self.is_held,
                timeout=_youth(self.entry, patience), every=patience.poll,
            )  # fmt: skip
            return False
        return not self.trouble

    def ask(self) -> None:
        """Ask for the deletion."""
        self.attempt(self.kind.delete)
        self.is_asked = not self.trouble

    def is_gone(self) -> bool:
        """Look for the thing; what is held is prepared and asked for again. Also true for what is refused for good."""
        is_gone = self.attempt(self.kind.is_gone)
        if self.trouble:
            return not self.is_held
        if is_gone or self.is_asked:
            return bool(is_gone)
        self.attempt(self.kind.prepare)
        if not self.trouble:
            self.ask()
        return bool(self.trouble) and not self.is_held

    def await_absence(self) -> None:
        """Wait until the thing is absent, unless its removal was refused for good."""
        if self.trouble and not self.is_held:
            return
        patience = self.aws.cloud.patience
        limit = self.kind.patience(patience)
        try:
            until(f"{self} is gone", self.is_gone, timeout=limit, every=patience.poll)
        except TimedOut:
            self.trouble = self.trouble or f"still there {limit:.0f} s after its deletion"

    def __str__(self) -> str:
        return f"{self.kind.name} {self.id}"


def sweep_run(context: Context, notice: Notice = lambda _: None) -> list[Leftover]:
    """Remove everything of one run; returns what remains.

    Where AWS does not answer at all, with credentials that have expired or on a network that is down, everything that
    may still be there remains, and that is known at once.
    """
    entries = [entry for entry in context.ledger.open_entries() if entry.kind not in STAYS]
    trouble = _unreachable(context) if entries else ""
    if trouble:
        return [Leftover(entry.kind, entry.region, entry.id or str(entry.find), trouble) for entry in entries]
    aws_for_region = functools.cache(lambda region: Aws(replace(context.cloud, region=region), context.cloud.owner))
    return sweep(aws_for_region, context.ledger, notice, tags=context.mark, regions=(context.cloud.region,))


def _unreachable(context: Context) -> str:
    """Return why nothing can be asked of AWS, or nothing where it answers."""
    try:
        find_caller(Aws(context.cloud, context.cloud.owner))
    except Exception as error:
        sentence = classify(error)
        if sentence is None:
            raise
        return "" if is_passing(error) and code_of(error) else sentence
    return ""


def sweep(
    aws_for_region: Callable[[str], Aws],
    ledger: Ledger,
    notice: Notice = lambda _: None,
    *,
    tags: Mapping[str, str] | None = None,
    regions: Iterable[str] = (),
) -> list[Leftover]:
    """Remove everything that the ledger holds open, and in ``regions`` whatever else carries all of ``tags``.

    Goes by rank and runs to the end whatever fails. A thing is marked *gone* only after it was looked for and found
    absent. Returns what remains, with the reason. ``notice`` is told each thing and its state.
    """
    things, lost = _find(aws_for_region, ledger, notice, tags or {}, regions)
    for rank in sorted({thing.kind.rank for thing in things}):
        _remove([thing for thing in things if thing.kind.rank == rank], ledger, notice)
    remaining = [Leftover(t.kind.name, t.aws.region, t.id, t.trouble) for t in things if t.trouble]
    return lost + remaining


def look(
    aws_for_region: Callable[[str], Aws], ledger: Ledger, *, tags: Mapping[str, str], regions: Iterable[str]
) -> list[Leftover]:
    """Return what :func:`sweep` would remove or could not look for; changes nothing, the ledger included."""
    things, lost = _find(aws_for_region, _ReadOnly(ledger.path), lambda _: None, tags, regions)
    present = [thing for thing in things if not thing.attempt(thing.kind.is_gone)]
    return lost + [Leftover(t.kind.name, t.aws.region, t.id, t.trouble or "would be removed") for t in present]


class _ReadOnly(Ledger):
    """A ledger that is not written to."""

    def _write(self, entry: Entry) -> None:
        pass


def _find(
    aws_for_region: Callable[[str], Aws],
    ledger: Ledger,
    notice: Notice,
    tags: Mapping[str, str],
    regions: Iterable[str],
) -> tuple[list[_Thing], list[Leftover]]:
    """Return what the ledger holds open and what else carries the tags, and what could not be looked for."""
    things, lost = _resolve(aws_for_region, ledger, notice)
    known = {(thing.kind.name, thing.id) for thing in things}
    for region in regions if tags else ():
        strays, unseen = _find_strays(aws_for_region(region), ledger, tags, known)
        things += strays
        lost += unseen
    return things, lost


def _resolve(
    aws_for_region: Callable[[str], Aws], ledger: Ledger, notice: Notice
) -> tuple[list[_Thing], list[Leftover]]:
    """Return the things behind the open entries, the youngest first; an intent that came to nothing is marked gone."""
    things: list[_Thing] = []
    lost: list[Leftover] = []
    for entry in ledger.open_entries():
        kind = KINDS.get(entry.kind)
        if entry.kind in STAYS:
            ledger.mark(entry, "kept")
            notice(f"{entry.kind} {entry.id}: kept, {STAYS[entry.kind]}")
        elif kind is None:
            lost.append(Leftover(entry.kind, entry.region, entry.id or str(entry.find), "no such kind is known"))
        elif not is_region(entry.region):  # nobody would answer, which takes minutes to be sure of
            lost.append(Leftover(entry.kind, entry.region, entry.id or str(entry.find), "there is no such region"))
        else:
            aws = aws_for_region(entry.region)
            ids, trouble = _ids_of(aws, kind, entry)
            things += [_Thing(entry, kind, aws, id) for id in ids]
            if trouble:
                lost.append(Leftover(entry.kind, entry.region, str(entry.find), trouble))
            elif not ids:
                ledger.mark(entry, "gone")
                notice(f"{entry.kind} {entry.find}: never came to be")
    return things, lost


def _ids_of(aws: Aws, kind: Kind, entry: Entry) -> tuple[tuple[str, ...], str]:
    """Return the ids behind an entry; what was intended a moment ago is looked for until it would be seen."""
    if entry.id is not None:
        return (entry.id,), ""
    patience = aws.cloud.patience
    try:
        with contextlib.suppress(TimedOut):
            look = functools.partial(_patiently, aws, lambda: kind.find(aws, entry))
            return until(f"{entry.find} is seen", look, timeout=_youth(entry, patience), every=patience.poll), ""
    except Exception as error:  # noqa: BLE001 - a sweep runs to its end whatever one thing raises
        return (), f"could not be looked for: {_sentence(error)}"
    return (), ""


def _youth(entry: Entry, patience: Patience) -> float:
    """Return the seconds in which something may still be too young to be seen."""
    age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(entry.at)
    return max(0.0, patience.unseen - age.total_seconds())


def _patiently(aws: Aws, question: Callable[[], T]) -> T:
    """Return the answer to a question, asked again while AWS is throttling, failing or out of reach."""
    patience = aws.cloud.patience
    failed: list[Exception] = []

    def attempt() -> tuple[T] | None:
        try:
            return (question(),)
        except Exception as error:
            if not is_passing(error):
                raise
            failed.append(error)
            return None

    try:
        answered = until("AWS answers", attempt, timeout=patience.command, every=patience.poll)
    except TimedOut:
        raise failed[-1] from None
    assert answered is not None
    return answered[0]


def _find_strays(
    aws: Aws, ledger: Ledger, tags: Mapping[str, str], known: set[tuple[str, str]]
) -> tuple[list[_Thing], list[Leftover]]:
    """Return what carries the run's tags and the ledger does not hold open; it is written down first."""
    strays: list[_Thing] = []
    unseen: list[Leftover] = []
    for kind in KINDS.values():
        try:
            ids = _patiently(aws, functools.partial(_tagged, aws, kind, tags, known))
        except Exception as error:  # noqa: BLE001 - a sweep runs to its end whatever one kind raises
            unseen.append(Leftover(kind.name, aws.region, str(dict(tags)), f"not looked for: {_sentence(error)}"))
        else:
            strays += [_Thing(ledger.found(kind.name, aws.region, id), kind, aws, id) for id in ids]
    return strays, unseen


def _tagged(aws: Aws, kind: Kind, tags: Mapping[str, str], known: set[tuple[str, str]]) -> list[str]:
    return [id for id in kind.tagged(aws, tags) if (kind.name, id) not in known and not kind.is_gone(aws, id)]


def _remove(things: list[_Thing], ledger: Ledger, notice: Notice) -> None:
    """Remove the things of one rank together, so that the cloud works on all of them at once."""
    present = [thing for thing in things if not thing.is_absent()]
    for thing in present:
        thing.attempt(thing.kind.prepare)
    for thing in present:
        thing.ask()
    for thing in present:
        thing.await_absence()
    for thing in things:
        if not thing.trouble:
            ledger.mark(thing.entry, "gone")
        notice(f"{thing}: {thing.trouble or 'gone'}")


def _sentence(error: BaseException) -> str:
    return classify(error) or f"{type(error).__name__}: {error}"
