"""Media types: ``text/csv; label_size=0``."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.message import Message


@dataclass(frozen=True)
class MediaType:
    """A media type, lower case, and its parameters."""

    name: str
    parameters: dict[str, str] = field(default_factory=dict)


def parse_media_type(text: str) -> MediaType:
    """Split a media type from its parameters (RFC 2045, section 5.1)."""
    message = Message()
    message["Content-Type"] = text
    (_, _), *parameters = message.get_params([("", "")])
    return MediaType(text.partition(";")[0].strip().lower(), {name.lower(): value for name, value in parameters})
