"""Masking: what a report may show of a text that a host, a cloud or a library has written.

Masking errs on the safe side: what merely looks like a secret is masked too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

LIMIT = 4000
"""Characters that a report shows of one text."""
_NOTE = 40
"""Room for the note that says how much was cut."""

_VALUE = r"(?!\[masked)[^\s\"'&,;<>\\]"
_LABELS = (
    r"secret[_-]?access[_-]?key|secret[_-]?key|session[_-]?token|security[_-]?token|auth[_-]?token|"
    r"password|passwd|passphrase|private[_-]?key|key[_-]?material|jupyter_token|x-amz-signature|signature"
)

_PRIVATE_KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----|\Z)"
    r"|PuTTY-User-Key-File-\d.*?(?:Private-MAC: \w+|\Z)"
    r"|b3BlbnNzaC1rZXktdjE[A-Za-z0-9+/=\s]*",  # "openssh-key-v1" in base64: such a key that lost its first line
    re.DOTALL,
)
_LABELLED = re.compile(rf"(\b\w*(?:{_LABELS})[\"']?\s*+[:=]\s*+[\"']?+)({_VALUE}{{3,}})", re.IGNORECASE)
_TOKEN_IS = re.compile(rf"(token=[\"']?+)({_VALUE}{{3,}})", re.IGNORECASE)
_TOKEN_SAYS = re.compile(rf"(token[\"']?\s*+:\s*+[\"']?+)(?=[^\s\"']*\d)({_VALUE}{{8,}})", re.IGNORECASE)
_HEADER = re.compile(r"((?:authorization|cookie)[\"']?\s*+[:=][ \t]*+)(?!\[masked)([^\n]+)", re.IGNORECASE)
_BEARER = re.compile(r"\b((?:bearer|token|basic)\s+)(?=[^\s]*\d)([A-Za-z0-9._~+/=-]{16,})", re.IGNORECASE)
_CREDENTIALS_IN_URL = re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s/:@]*:)((?!\[masked)[^\s/@]+)(?=@)", re.IGNORECASE)
_JSON_WEB_TOKEN = re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}(?:\.[\w-]*)?")
_JUPYTER_TOKEN = re.compile(r"(?<![0-9a-f])[0-9a-f]{48}(?![0-9a-f])")
_ACCESS_KEY_ID = re.compile(r"\b((?:AKIA|ASIA)[A-Z0-9]{0,4})[A-Z0-9]{8,12}([A-Z0-9]{4})\b")
_LONG = re.compile(r"(SHA256:)?(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{40,}={0,2}")
_NOT_PLAIN = re.compile(r"[^\x20-\x7e\n\t]")
_PUBLIC_KEY = re.compile(r"AAAA(?:B3NzaC1|C3NzaC1|E2VjZHNh|G)")


def mask(text: str, limit: int = LIMIT) -> str:
    """Return the text without its secrets, with every invisible character shown, and at most ``limit`` long.

    Masking twice changes nothing more.
    """
    return shorten(visible(without_secrets(text)), limit)


def without_secrets(text: str) -> str:
    """Replace private keys, AWS secrets, session tokens, passwords, Jupyter tokens and signatures of URLs."""
    text = _PRIVATE_KEY.sub("[masked: private key]", text)
    text = _HEADER.sub(_keeping_the_name("credentials"), text)
    for pattern in (_LABELLED, _TOKEN_IS, _TOKEN_SAYS, _BEARER):
        text = pattern.sub(_keeping_the_name("secret"), text)
    text = _CREDENTIALS_IN_URL.sub(_keeping_the_name("password"), text)
    text = _JSON_WEB_TOKEN.sub("[masked: token]", text)
    text = _JUPYTER_TOKEN.sub("[masked: token]", text)
    text = _ACCESS_KEY_ID.sub(r"\1…\2", text)
    return _LONG.sub(_long, text)


def _keeping_the_name(what: str) -> Callable[[re.Match[str]], str]:
    return lambda found: f"{found[1]}[masked: {what}]"


def _long(found: re.Match[str]) -> str:
    """Mask a long base64 word unless it is a fingerprint, a digest, a public key, a name or a path.

    AWS secret access keys are 40 such characters, lines of a PEM body 64, session tokens hundreds.
    """
    word = found[0]
    mixed = word.lower() != word != word.upper()
    named = len(word) > 40 and word.isalpha()
    path = 40 < len(word) < 200 and word.count("/") >= len(word) / 10
    if found[1] or not mixed or named or path or _PUBLIC_KEY.match(word):
        return word
    return "[masked: secret]"


def visible(text: str) -> str:
    r"""Show control and format characters (ANSI sequences, bidirectional overrides, lone surrogates) as ``\x1b``.

    Line ends become ``\n``; these and tabs stay as they are.
    """
    return _NOT_PLAIN.sub(_shown, text.replace("\r\n", "\n"))


def _shown(found: re.Match[str]) -> str:
    sign = found[0]
    hidden = unicodedata.category(sign) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
    return sign.encode("unicode_escape").decode("ascii") if hidden else sign


def shorten(text: str, limit: int = LIMIT) -> str:
    """Cut the middle out of a text longer than ``limit`` characters and say how much was cut."""
    if len(text) <= limit:
        return text
    cut = len(text) - limit + _NOTE
    tail = (len(text) - cut) // 3
    head = len(text) - cut - tail
    return f"{text[:head]} … [{cut} characters cut] … {text[len(text) - tail :]}"
