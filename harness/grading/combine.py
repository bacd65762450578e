"""Bringing what several runs recorded to where the one report on them goes."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness import costs, timeline
from harness.grading import bundle, recording, reportjson


def bring(directories: list[Path], home: Path, report: reportjson.Report) -> None:
    """Bring what the runs recorded to where the report goes, unless it is there: facts, timeline, cost, pictures."""
    if [directory.resolve() for directory in directories] == [home.resolve()]:
        return
    home.mkdir(parents=True, exist_ok=True)
    if len(directories) == 1:
        for name in (recording.NAME, timeline.NAME, costs.NAME, bundle.SEAL):
            _copy(directories[0] / name, home / name)
    else:
        _put_together(directories, home, report)
    for directory in directories:
        for picture in sorted((directory / bundle.PICTURES).glob("*.png")):
            _copy(picture, home / bundle.PICTURES / picture.name)


def _put_together(directories: list[Path], home: Path, report: reportjson.Report) -> None:
    seen = list(filter(None, map(recording.read_if_any, directories)))
    if seen:
        recording.write(home, recording.merge(seen, report.run, report.grade.score, report.grade.possible))
    spans = sorted((span for one in directories for span in timeline.read(one)), key=lambda span: span.begun)
    timeline.write(home, tuple(spans))
    costs.write(home, [item for one in directories for item in costs.read(one)])


def _copy(source: Path, target: Path) -> None:
    if source.is_file():
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target)
