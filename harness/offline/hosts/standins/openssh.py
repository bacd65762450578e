"""``ssh`` and its companions: this machine's OpenSSH client with the host's configuration instead of its user's.

The configuration leads every name and address of another host to it, from this host's own address, and a name of the
world outside to *Could not resolve hostname*: nothing leaves the machine.
"""

from __future__ import annotations

import os

from .common import USER, ask, become, real


def main(name: str, arguments: list[str]) -> int:
    """Become the real program."""
    mapped = [real(argument) for argument in arguments]
    if name in {"ssh", "scp", "sftp"}:
        configuration = ask("ssh-config", user=USER, home=os.environ["HOME"])["path"]
        own = [] if "-F" in arguments else ["-F", configuration]
        become(name, [*own, *(arguments if name == "ssh" else mapped)])
    if name == "ssh-keygen" and not {"-f", "-l", "-R", "-F"} & set(arguments):
        kind = arguments[arguments.index("-t") + 1] if "-t" in arguments[:-1] else "ed25519"
        mapped += ["-f", f"{os.environ['HOME']}/.ssh/id_{kind}"]
    return become(name, mapped)
