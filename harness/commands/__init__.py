"""The commands of ``python -m harness``, a module each.

The first line of its docstring is its line in ``--help``.
``add_arguments(parser)`` declares what it takes, ``run(options)`` does it and returns the exit code: 0 clean,
1 findings or leftovers. What the caller must change is raised as :class:`~harness.errors.UsageError`.
"""

from __future__ import annotations

import argparse
from typing import Protocol

from harness.commands import bundle, cloud, cohort, gate, images, regrade, report, requirements, sweep


class Command(Protocol):
    """What a command's module offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare options and arguments."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it and return the exit code."""


COMMANDS: dict[str, Command] = {
    "cloud": cloud,
    "cohort": cohort,
    "images": images,
    "sweep": sweep,
    "gate": gate,
    "report": report,
    "bundle": bundle,
    "regrade": regrade,
    "requirements": requirements,
}
