"""What the page says, as plain values for its template: nothing here knows HTML, and nothing there decides."""

from __future__ import annotations

import base64
import datetime
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import costs, timeline
from harness.catalogue import Homework
from harness.grading import bundle, recording, reportjson
from harness.grading.grade import Grade, Row
from harness.grading.html.boxes import Placed, place
from harness.grading.html.drawing import Builder
from harness.grading.html.gantt import Chart, chart
from harness.grading.masking import mask
from harness.grading.recording import Recording
from harness.grading.reportjson import Report
from harness.grading.terminal import CAUSES, sentence

WIDE, NARROW = 1040, 340
"""Widths of the drawing, in its own pixels: for a desk, and for a phone."""
TODO = 240
"""Characters of a line in the list of what is missing; the requirement itself shows all."""
LEAK = 400
EVIDENCE = 30
"""Observations that are shown of one requirement."""
PICTURE = 2**20
"""Bytes of the largest picture that is shown."""
_ORDER = {"not met": 0, "not judged": 1, "met": 2}


@dataclass(frozen=True)
class Item:
    """One requirement as the page shows it; every text is masked."""

    id: str
    statement: str
    points: int
    bonus: bool
    earned: int
    verdict: str
    cause: str
    message: str
    hint: str
    evidence: tuple[Mapping[str, str], ...]
    hidden_evidence: int
    seconds: float

    @property
    def anchor(self) -> str:
        """Return the name that links lead to."""
        return self.id.replace(".", "-")

    @property
    def todo(self) -> str:
        """Return in a line or two what there is to do, or why it is not judged."""
        because = f"{self.cause}: {self.message}" if self.cause else ""
        return mask(self.hint or because, TODO)


@dataclass(frozen=True)
class Chapter:
    """A stage of the homework with its requirements, bonus points left out of the sums."""

    name: str
    title: str
    items: tuple[Item, ...]

    @property
    def earned(self) -> int:
        """Return the points earned."""
        return sum(item.earned for item in self.items if not item.bonus)

    @property
    def possible(self) -> int:
        """Return the points there are."""
        return sum(item.points for item in self.items if not item.bonus)

    @property
    def open(self) -> int:
        """Return the points that are not judged."""
        return sum(item.points for item in self.items if not item.bonus and item.verdict == "not judged")


@dataclass(frozen=True)
class Picture:
    """A picture of the run, as a data URL."""

    title: str
    about: str
    url: str


@dataclass(frozen=True)
class Page:
    """All that the page shows."""

    title: str
    sentence: str
    grade: Grade
    chapters: tuple[Chapter, ...]
    missing: tuple[Item, ...]
    counts: Mapping[str, int]
    drawings: Mapping[str, Placed]
    chart: Chart
    costs: tuple[costs.Item, ...]
    cost: Mapping[str, Any]
    pictures: tuple[Picture, ...]
    facts: tuple[tuple[str, str], ...]
    leaks: tuple[str, ...]


def page(directory: Path, report: Report, homework: Homework) -> Page:
    """Gather what the page says of a run from its report and from what the run's directory holds."""
    document = reportjson.document(report)
    seen = recording.read_if_any(directory)
    chapters = tuple(_chapters(report.grade, document, homework))
    items = [item for chapter in chapters for item in chapter.items]
    missing = (item for item in items if item.verdict != "met" and not item.bonus)
    return Page(
        title=homework.homework.title,
        sentence=sentence(report.grade),
        grade=report.grade,
        chapters=chapters,
        missing=tuple(sorted(missing, key=lambda item: (_ORDER[item.verdict], -item.points))),
        counts={verdict: sum(item.verdict == verdict for item in items) for verdict in _ORDER},
        drawings=_drawings(seen, report.grade, homework),
        chart=chart(timeline.read(directory)),
        costs=tuple(costs.Item(mask(c.what, 200), mask(c.quantity, 200), c.usd, c.stage, mask(c.source, 200))
                    for c in costs.read(directory)),
        cost=document["cost_usd"],
        pictures=tuple(_pictures(directory)),
        facts=tuple(_facts(directory, document)),
        leaks=tuple(mask(leak, LEAK) for leak in document["leaks"]),
    )  # fmt: skip


def _chapters(grade: Grade, document: Mapping[str, Any], homework: Homework) -> list[Chapter]:
    items = [_item(row, shown) for row, shown in zip(grade.rows, document["requirements"], strict=True)]
    by_stage = {stage: [i for i in items if i.id.partition(".")[0] == stage.name] for stage in homework.stage}
    return [Chapter(stage.name, stage.title, tuple(own)) for stage, own in by_stage.items() if own]


def _item(row: Row, shown: Mapping[str, Any]) -> Item:
    return Item(
        id=row.requirement.id,
        statement=row.requirement.statement,
        points=row.requirement.points,
        bonus=row.requirement.bonus,
        earned=row.earned,
        verdict=shown["verdict"],
        cause=CAUSES[shown["cause"]] if shown["cause"] else "",
        message=shown["message"],
        hint=shown["hint"],
        evidence=tuple(shown["evidence"][:EVIDENCE]),
        hidden_evidence=max(0, len(shown["evidence"]) - EVIDENCE),
        seconds=shown["seconds"],
    )


def _drawings(seen: Recording | None, grade: Grade, homework: Homework) -> dict[str, Placed]:
    verdicts = {row.requirement.id: row.judgement.verdict for row in grade.rows}
    built = Builder(homework, seen.facts if seen else {}, verdicts).all()
    return {"wide": place(built, WIDE), "narrow": place(built, NARROW)}


_KNOWN = {
    "centroids": ("Centroids", "The centre of each cluster that k-means found, drawn as a digit."),
    "clusters": ("Digits by cluster", "Digits of the data, each row those that k-means put into one cluster."),
}


def _pictures(directory: Path) -> list[Picture]:
    """Return the pictures; what is no PNG of a fair size is left out."""
    found = []
    for path in sorted((directory / bundle.PICTURES).glob("*.png"))[:8]:
        data = path.read_bytes() if path.stat().st_size <= PICTURE else b""
        if data.startswith(b"\x89PNG\r\n\x1a\n"):
            title, about = _KNOWN.get(path.stem, (mask(path.stem, 60), "A picture of this run."))
            found.append(Picture(title, about, "data:image/png;base64," + base64.b64encode(data).decode("ascii")))
    return found


def _facts(directory: Path, document: Mapping[str, Any]) -> list[tuple[str, str]]:
    begun, ended = (datetime.datetime.fromisoformat(document[name]) for name in ("started", "finished"))
    where = {"moto": "offline cloud", "real": "AWS"}[document["aws"]]
    return [
        ("Run", document["run_id"]),
        ("Cloud", f"{where}, hosts {document['hosts']}"),
        ("Who did the homework", document["subject"]),
        ("Phase", {"all": "live and final"}.get(document["phase"], document["phase"])),
        ("Account and region", f"{document['account']}, {document['region']}"),
        ("Begun", f"{begun:%Y-%m-%d %H:%M:%S %Z}"),
        ("Took", f"{(ended - begun).total_seconds():.1f} s"),
        ("Evidence sealed by", bundle.key_of(directory) or "nobody: merged or unfinished"),
    ]
