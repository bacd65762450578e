"""The rules, by what they look at. Importing this package declares them all."""

from __future__ import annotations

from harness.material.rules import (
    agreement,
    announcements,
    awscalls,
    awssense,
    cells,
    clauses,
    containers,
    deeds,
    dockerfiles,
    explained,
    folders,
    hosts,
    identities,
    images,
    installs,
    leftovers,
    listings,
    logins,
    programs,
    prose,
    queries,
    regions,
    releases,
    repositories,
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
    "agreement", "announcements", "awscalls", "awssense", "cells", "clauses", "containers", "deeds", "dockerfiles", "explained", "folders", "hosts", "identities", "images", "installs",
    "leftovers", "listings", "logins", "programs", "prose", "queries", "regions", "releases", "repositories",
    "requirements", "resources", "samples", "secrets", "shellsense", "spot", "streams", "structure", "subcommands",
    "targets", "values",
]  # fmt: skip
