"""All that a run leaves to be read: what it recorded, sealed, and the reports that are made of that.

``record`` writes down what was seen, once, as the run ends; ``write`` makes the reports, as often as one likes.
"""

from __future__ import annotations

from pathlib import Path

from harness.catalogue import Homework
from harness.grading import bundle, gradescope, html, recording, reportjson
from harness.grading.recording import Recording
from harness.grading.reportjson import Report


def record(directory: Path, recorded: Recording) -> str:
    """Write down and seal what a run saw; return the fingerprint of the key that sealed it."""
    recording.write(directory, recorded)
    return bundle.seal(directory, recorded.run.run_id)


def write(directory: Path, report: Report, homework: Homework) -> Path:
    """Write ``report.json``, ``gradescope.json`` and ``report.html`` into a directory; return the first's path.

    The page shows what else the directory holds: recorded facts, timeline, cost and pictures.
    """
    path = reportjson.write(directory, report)
    gradescope.write(directory / gradescope.NAME, report, homework)
    html.write(directory, report, homework)
    return path
