"""A student's account: the homework is done once, right, and graded once for each change to it."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from harness import steps
from harness.subjects.student import Student
from tests.faults.model import Case, Judged
from tests.faults.mutants import verdicts
from tests.judging import Judge
from tests.student.builder import Builder, building
from tests.student.judging import judged

runs = itertools.count(1)
ON_THE_BASTION = {"install_docker", "pull_images", "write_page", "run_httpd", "build_notebook_image", "run_jupyter"}
"""What is not done where the clean-up is judged: containers go with their bastion."""
OF_SAGEMAKER = {"make_bucket", "make_notebook", "upload", "train", "deploy"}
SKIPPED = {"student": set[str](), "student-control": ON_THE_BASTION | OF_SAGEMAKER, "student-end": ON_THE_BASTION}
"""What a student has not done in whose account cases of a scope are judged."""


@contextlib.contextmanager
def done(directory: Path, scope: str) -> Iterator[Builder]:
    """Return the account of a student who has done the homework and, where that is over, cleaned up."""
    from harness.offline.cloud import OfflineCloud  # moto takes its time: who only reads the table needs none of it

    skipped = SKIPPED[scope]
    with OfflineCloud(directory / "cloud", settle=0.02) as offline, building(offline.cloud, directory / "home") as work:
        work.do(*(action for action in Builder.ORDER if action not in skipped))
        if scope == "student-end":
            work.do(*(action for action in Builder.CLEAN_UP if action != "remove_jupyter"))
        yield work


def grade(case: Case, work: Builder, directory: Path) -> Judged:
    """Change the account, grade it as ``--subject=student`` does, and take the change back."""
    assert case.change is not None
    number = next(runs)
    with case.change(work):
        cloud, environment = work.seen_by()
        with (
            mock.patch.dict(os.environ, environment),
            judged(
                Student, cloud, work.submission, directory / str(number), f"s{number:05}", chosen=case.judged()
            ) as student,
        ):
            steps.begin(*student.early(case.judged()))
            return verdicts(case, Judge(student, student.context))
