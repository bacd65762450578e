"""Paths that somebody types on a host, which has a root of its own below that of the machine, or none."""

# Pathlib would double the time that the command takes to start.
# ruff: noqa: PTH109, PTH118

from __future__ import annotations

import os


def host_path(text: str) -> str:
    """Return where a path of the host that the command runs on is: below that host's root, if it has one."""
    root = os.environ.get("HOST_ROOT", "")
    if not root or not text.startswith("/") or text == root or text.startswith(f"{root}/"):
        return text
    return root + text


def seen_path(text: str) -> str:
    """Return a path as the host's users know it."""
    root = os.environ.get("HOST_ROOT", "")
    full = os.path.normpath(os.path.join(os.getcwd(), text))
    return (full[len(root) :] or "/") if root and (full == root or full.startswith(f"{root}/")) else full
