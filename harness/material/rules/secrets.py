"""What must not be in a document that anybody may read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.document import Place
from harness.material.finding import Found, rule
from harness.material.material import Material

_SECRETS = (
    (r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b(?<!EXAMPLE)", "an access key id of AWS"),
    (r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----", "a private key"),
    (r"\bgh[pousr]_[A-Za-z0-9]{30,}\b", "a token of GitHub"),
    (r"(?i)\baws_secret_access_key\s*[=:]\s*[A-Za-z0-9/+]{40}\b", "a secret access key"),
    (r"\bhf_[A-Za-z0-9]{30,}\b", "a token"),
    (r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:(?!099720109477|123456789012|111122223333|000000000000)\d{12}:", "somebody's account number"),
)  # fmt: skip


@rule("SE001", "error")
def no_secrets(material: Material) -> Iterator[Found]:
    """No key, no token and no account number stands in the document."""
    for number, text in enumerate(material.document.lines, start=1):
        for pattern, what in _SECRETS:
            match = re.search(pattern, text)
            if match:
                yield Found(
                    Place(number, match.start() + 1),
                    f"this looks like {what}",
                    "remove it, and make it invalid where it came from",
                )


@rule("SE002", "warning")
def no_tokens_in_samples(material: Material) -> Iterator[Found]:
    """A sample shows no token that somebody once had: a reader copies it and is refused."""
    for number, text in enumerate(material.document.lines, start=1):
        match = re.search(r"[?&]token=([0-9a-f]{16,})", text)
        if match:
            yield Found(
                Place(number, match.start(1) + 1),
                "a token of a server of the author's: who copies it is refused",
                "write YOUR_TOKEN",
            )


@rule("SE003", "error")
def no_keys_in_commands(material: Material) -> Iterator[Found]:
    """No command holds a password or a key: it stays in the shell's history."""
    for command in material.commands:
        setting = command.argv[1:3] == ("configure", "set") and len(command.argv) > 4
        if (
            setting
            and re.search(r"secret|token", command.argv[3])
            and command.bare[4].is_literal
            and "YOUR_" not in command.argv[4]
        ):
            yield Found(command.bare[4].place, "a secret on the command line", "have the reader type it when asked")
        for word in command.words:
            match = re.match(r"(?:--password=|aws_secret_access_key=)(\S+)", word.text, re.IGNORECASE)
            if match and not re.search(r"YOUR_|\$", match[1]):
                yield Found(word.place, "a secret on the command line", "have the reader type it when asked")


@rule("SE004", "warning")
def agents_stay_home(material: Material) -> Iterator[Found]:
    """The private key does not travel: it is neither copied to the bastion nor put into an image."""
    for command in material.commands:
        keys = [word for word in command.bare[1:] if re.search(r"\.pem\b|id_rsa\b|id_ed25519\b(?!\.pub)", word.text)]
        if command.name in ("scp", "rsync", "sftp") and keys:
            yield Found(
                keys[0].place,
                "the private key is copied to another machine, where others may read it",
                "use ssh -A, or ssh -J",
            )
