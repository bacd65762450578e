"""Reading recorded reports back, and merging those of several runs into one grade."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.catalogue import Homework
from harness.errors import UsageError
from harness.evidence import Evidence
from harness.grading.grade import Phases, grade
from harness.grading.reportjson import NAME, InvalidReport, Report, Run, validate
from harness.verdict import Judgement

_SAME = ("aws", "hosts", "subject", "account", "region")
"""What reports must agree on to be one grade: who was graded, and where."""


def read(directory: Path, homework: Homework) -> Report:
    """Read a run directory's ``report.json`` and grade it by the catalogue as it is now.

    Raises :class:`~harness.errors.UsageError` where there is no report, where it is none that this version
    wrote, and where the catalogue no longer has one of its requirements.
    """
    path = directory / NAME
    try:
        data = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse)
        validate(data)
    except OSError as error:
        raise UsageError(f"{path}: no report can be read there ({error.strerror}); name a run's directory.") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path}: this is not JSON ({error}); was the run killed while it wrote?") from error
    except InvalidReport as error:
        raise UsageError(f"{path}: {error}; it was changed, or written by another version.") from error
    try:
        return _report(data, homework)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number")


def _report(data: dict[str, Any], homework: Homework) -> Report:
    names = ("run_id", *_SAME, "phase", "started", "finished")
    run = Run(**{name: data[name] for name in names}, **data["cost_usd"])
    judgements = [_judgement(item) for item in data["requirements"]]
    return Report(run, grade(judgements, homework, phase=run.phase, leaks=data["leaks"]))


def _judgement(item: dict[str, Any]) -> Judgement:
    met = item["verdict"] == "met"
    advice = tuple(item["hint"].splitlines()) if met else ()
    hint = "" if met else item["hint"]
    evidence = tuple(Evidence(**seen) for seen in item["evidence"])
    return Judgement(
        item["id"], item["verdict"], item["cause"], item["message"], hint, evidence, item["seconds"], advice
    )


def merge(reports: Sequence[Report], homework: Homework) -> Report:
    """Make one report of several runs of the same homework, as of its live and its final phase.

    Of several judgements on one requirement the one of the run that finished last counts, but *not judged*
    never replaces a verdict. Raises :class:`~harness.errors.UsageError` where the runs are of different accounts,
    regions, clouds or subjects.
    """
    reports = sorted(reports, key=lambda report: _instant(report.run.finished))
    _check_same(reports)
    verdicts: dict[str, Judgement] = {}
    for judgement in (row.judgement for report in reports for row in report.grade.rows):
        if judgement.verdict != "not judged" or judgement.requirement not in verdicts:
            verdicts[judgement.requirement] = judgement
    run = _merged([report.run for report in reports])
    leaks = dict.fromkeys(leak for report in reports for leak in report.grade.leaks)
    return Report(run, grade(verdicts.values(), homework, phase=run.phase, leaks=leaks))


def _check_same(reports: Sequence[Report]) -> None:
    for name in _SAME:
        values = sorted({str(getattr(report.run, name)) for report in reports})
        if len(values) > 1:
            raise UsageError(
                f"These runs make no one grade: their {name} is {' and '.join(values)}; name runs that agree."
            )


def _instant(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)


def _merged(runs: Sequence[Run]) -> Run:
    first, last = runs[0], runs[-1]
    phases: set[Phases] = {run.phase for run in runs}
    caps = [run.cap for run in runs if run.cap is not None]
    return Run(
        run_id="+".join(dict.fromkeys(run.run_id for run in runs)),
        **{name: getattr(last, name) for name in _SAME},
        phase=first.phase if len(phases) == 1 else "all",
        started=min((run.started for run in runs), key=_instant),
        finished=last.finished,
        estimate=sum(run.estimate for run in runs),
        cap=sum(caps) if len(caps) == len(runs) else None,
    )
