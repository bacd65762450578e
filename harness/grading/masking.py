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
_SPARE = 8192
"""Characters that are looked at beyond what may show: longer than any secret, so that none is seen in part only."""

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
_REST_OF_PRIVATE_KEY = re.compile(r"\A(?:(?!-----BEGIN ).)*?-----END [A-Z0-9 ]*PRIVATE KEY(?: BLOCK)?-----", re.DOTALL)
_REST_OF_WORD = re.compile(rf"\A\S{{0,{_SPARE}}}")
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
    return _masked(text, limit, lambda part: visible(without_secrets(part)))


def keep(text: str, limit: int) -> str:
    """Return the text without its secrets and at most ``limit`` long, otherwise as it is: to be judged again."""
    return _masked(text, limit, without_secrets)


def _masked(text: str, limit: int, clean: Callable[[str], str]) -> str:
    """Clean a text and cut it; of one that is very much longer only its ends are looked at, where all that shows is."""
    window = 2 * limit + _SPARE
    if len(text) <= 2 * window:
        return shorten(clean(text), limit)
    lost = len(text) - 2 * window
    return _joined(clean(text[:window]), clean(_from_a_whole_word(text[-window:])), limit, lost)


def _from_a_whole_word(tail: str) -> str:
    """Return a text that was cut out of another without what may be the rest of a secret."""
    tail = _REST_OF_PRIVATE_KEY.sub("", tail, count=1)
    return _REST_OF_WORD.sub("", tail, count=1)


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
    return text if len(text) <= limit else _joined(text, text, limit, -len(text))


def _joined(head: str, tail: str, limit: int, lost: int) -> str:
    """Return the begin of one text and the end of another; ``lost`` is how long what lies between them is."""
    room = limit - _NOTE
    last = room // 3
    first = room - last
    cut = len(head) + lost + len(tail) - min(first, len(head)) - min(last, len(tail))
    return f"{head[:first]} … [{cut} characters cut] … {tail[max(0, len(tail) - last) :]}"
