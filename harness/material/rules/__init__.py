"""The rules, by what they look at. Importing this package declares them all."""

from __future__ import annotations

from harness.material.rules import (
    agreement,
    awscalls,
    awssense,
    clauses,
    containers,
    deeds,
    dockerfiles,
    folders,
    hosts,
    installs,
    leftovers,
    logins,
    programs,
    prose,
    queries,
    regions,
    releases,
    requirements,
    resources,
    samples,
    secrets,
    shellsense,
    spot,
    structure,
    targets,
    values,
)

__all__ = [
    "agreement", "awscalls", "awssense", "clauses", "containers", "deeds", "dockerfiles", "folders", "hosts", "installs",
    "leftovers", "logins", "programs", "prose", "queries", "regions", "releases",
    "requirements", "resources", "samples", "secrets", "shellsense", "spot", "structure", "targets", "values",
]  # fmt: skip
