"""Signals as the API names them."""

from __future__ import annotations

import signal

from harness.offline.engine.errors import bad_parameter


def parse_signal(text: str) -> int:
    """Return the number of ``SIGTERM``, ``TERM`` or ``15``; raises 400."""
    if text.isdigit():
        if 0 < int(text) <= 64:
            return int(text)
    else:
        name = text.upper().removeprefix("SIG")
        for one in signal.Signals:
            if one.name == f"SIG{name}":
                return int(one)
    raise bad_parameter(f"invalid signal: {text}")


def name_of(number: int) -> str:
    """Return the number as text, which is how events carry it."""
    return str(number)
