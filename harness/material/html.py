"""HTML in a document: of it the reader sees the text, neither comments nor tags."""

from __future__ import annotations

import re

_ELEMENTS = (
    "a|abbr|b|blockquote|br|center|code|dd|del|details|div|dl|dt|em|figcaption|figure|h[1-6]|hr|i|img|ins|kbd|li|mark|ol|p|pre|s|samp|small|"
    "span|strike|strong|sub|summary|sup|table|tbody|td|tfoot|th|thead|tr|tt|u|ul|var|video"
)
"""What GitHub shows of HTML; any other word in angle brackets is a placeholder that somebody wrote so."""
_TAG = re.compile(rf"</?(?:{_ELEMENTS})(?:\s[^<>]*)?/?>", re.IGNORECASE)


def hidden(text: str) -> bool:
    """Say whether the reader sees nothing of this: a comment or a tag."""
    return text.startswith("<!--") or _TAG.fullmatch(text.strip()) is not None


def shown(text: str) -> str:
    """Return a piece of HTML with blanks in place of comments and tags, every other character where it was."""
    return _TAG.sub(lambda match: _blank(match[0]), _uncommented(text))


def _uncommented(text: str) -> str:
    parts, at = [], 0
    while (start := text.find("<!--", at)) >= 0:
        end = text.find("-->", start + 4)
        after = end + 3 if end >= 0 else len(text)
        parts += [text[at:start], _blank(text[start:after])]
        at = after
    return "".join([*parts, text[at:]])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def is_open(text: str) -> bool:
    """Say whether a comment begins that nothing closes."""
    return text.rfind("<!--") > text.rfind("-->")
