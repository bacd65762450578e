"""The rules, by what they look at. Importing this package declares them all."""

from __future__ import annotations

from harness.material.rules import (
    agreement,
    awscalls,
    awssense,
    cells,
    clauses,
    containers,
    deeds,
    dockerfiles,
    folders,
    hosts,
    identities,
    images,
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
    streams,
    structure,
    subcommands,
    targets,
    values,
)

__all__ = [
    "agreement", "awscalls", "awssense", "cells", "clauses", "containers", "deeds", "dockerfiles", "folders", "hosts", "identities", "images", "installs",
    "leftovers", "logins", "programs", "prose", "queries", "regions", "releases",
    "requirements", "resources", "samples", "secrets", "shellsense", "spot", "streams", "structure", "subcommands",
    "targets", "values",
]  # fmt: skip
