"""The key that stands for Docker's, whose packages here are signed by nobody."""

from __future__ import annotations

import base64

_MARK = b"offline stand-in for the key that signs Docker's packages"


def armored() -> str:
    """Return the key as Docker's server gives it out."""
    body = base64.b64encode(_MARK).decode()
    return f"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n{body}\n-----END PGP PUBLIC KEY BLOCK-----\n"


def dearmored(text: str) -> bytes | None:
    """Return the binary form of an armored key block, ``None`` where the text is none."""
    lines = text.strip().splitlines()
    if not lines or "BEGIN PGP" not in lines[0]:
        return None
    body = "".join(line for line in lines[1:-1] if ":" not in line and not line.startswith("="))
    try:
        return base64.b64decode(body)
    except ValueError:
        return None


def is_docker_key(content: bytes) -> bool:
    """Tell whether a file, armored or binary, holds the key."""
    return _MARK in content or base64.b64encode(_MARK) in content
