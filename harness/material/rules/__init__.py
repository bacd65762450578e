"""The rules, by what they look at. Importing this package declares them all."""

from __future__ import annotations

from harness.material.rules import (
    agreement,
    awscalls,
    awssense,
    clauses,
    containers,
    dockerfiles,
    logins,
    programs,
    prose,
    queries,
    releases,
    requirements,
    resources,
    samples,
    secrets,
    shellsense,
    structure,
    targets,
    values,
)

__all__ = [
    "agreement", "awscalls", "awssense", "clauses", "containers", "dockerfiles", "logins", "programs", "prose", "queries", "releases",
    "requirements", "resources", "samples", "secrets", "shellsense", "structure", "targets", "values",
]  # fmt: skip
