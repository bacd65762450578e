"""``curl`` and ``wget``: this machine's curl towards hosts, what Docker gives out from here, nothing to the world."""

from __future__ import annotations

import os
import re
import sys

from .common import ask, become, complain, program, real
from .dockerkey import armored

_TAKES_VALUE = set("AbcCdDeEFHKmoPQrtTuUwxXyYz")
_LONG = (
    "--output --header --data --request --user --max-time --connect-timeout --retry --write-out --user-agent --data-raw"
    " --cacert --cert --key --proxy --referer --url --form --cookie --cookie-jar --range --upload-file --interface"
    " --retry-delay --retry-max-time --resolve --connect-to --unix-socket --data-binary --data-urlencode --dump-header"
)


def _installer() -> str:
    with open(os.path.join(os.path.dirname(__file__), "get-docker.sh")) as file:  # noqa: PTH118, PTH120, PTH123
        return file.read()


_DOCUMENTS = {
    "download.docker.com/linux/ubuntu/gpg": armored,
    "get.docker.com": _installer,
    "get.docker.com/": _installer,
}


def main(name: str, arguments: list[str]) -> int:
    """Fetch what the command line names."""
    if name == "wget":
        arguments = _as_for_curl(arguments)
    values, addresses = _split(arguments)
    if any(option in values for option in ("--unix-socket",)) or not addresses:
        return become("curl", [real(argument) for argument in arguments])
    for address in addresses:
        bare = re.sub(r"^\w+://", "", address)
        if bare in _DOCUMENTS:
            return _save(values, arguments, bare)
        host = re.split(r"[/?#]", bare.rpartition("@")[2])[0]
        name, _, port = host.partition(":")
        port = port or ("443" if address.startswith("https") else "80")
        route = ask("route", host=name.strip("[]"), port=int(port))
        if not route.get("address"):
            silent = any(re.fullmatch(r"-[a-zA-Z]*s[a-zA-Z]*|--silent", argument) for argument in arguments)
            loud = any(re.fullmatch(r"-[a-zA-Z]*S[a-zA-Z]*|--show-error", argument) for argument in arguments)
            return complain(f"curl: (6) Could not resolve host: {name}", 6) if loud or not silent else 6
        arguments = ["--connect-to", f"{name}:{port}:{route['address']}:{route['port']}", *arguments]
        arguments = ["--interface", route["source"], *arguments]
    if program("curl") is None:
        return _fetch(addresses[0], arguments)
    return become("curl", [real(argument) for argument in arguments])


def _split(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    """Return the options that have a value, and the addresses."""
    values: dict[str, str] = {}
    addresses: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument.startswith("--"):
            if argument in _LONG.split():
                values[argument] = next(rest, "")
        elif argument.startswith("-") and len(argument) > 1:
            letter = next((sign for sign in argument[1:] if sign in _TAKES_VALUE), None)
            if letter is not None:
                inline = argument[argument.index(letter) + 1 :]
                values[f"-{letter}"] = inline or next(rest, "")
        else:
            addresses.append(argument)
    return values, addresses + ([values["--url"]] if "--url" in values else [])


def _as_for_curl(arguments: list[str]) -> list[str]:
    """Return curl's words for those of a wget, which is always quiet here and fails with curl's exit codes."""
    path = seconds = ""
    addresses: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        option = re.fullmatch(r"(?:-[a-zA-Z]*?([OTt])|--(output-document|timeout|tries)(?:=|$))(.*)", argument)
        if option is not None:
            value = option[3] or next(rest, "")
            path = value if (option[1] or option[2]) in {"O", "output-document"} else path
            seconds = value if (option[1] or option[2]) in {"T", "timeout"} else seconds
        elif not argument.startswith("-"):
            addresses.append(argument)
    if not addresses:
        return []
    name = re.sub(r"^\w+://", "", addresses[0]).partition("/")[2].rpartition("/")[2]
    return ["-fsSL", "-m", seconds or "900", "-o", path or name or "index.html", *addresses]


def _save(values: dict[str, str], arguments: list[str], address: str) -> int:
    path = values.get("-o") or values.get("--output")
    if path is None and any(re.fullmatch(r"-[a-zA-Z]*O|--remote-name", argument) for argument in arguments):
        path = address.rpartition("/")[2]
    text = _DOCUMENTS[address]()
    if path is None or path == "-":
        sys.stdout.write(text)
        return 0
    full = os.path.abspath(real(path))  # noqa: PTH100
    if not _may_write(full):
        return complain("curl: (23) client returned ERROR on write, failed writing body", 23)
    try:
        with open(full, "w") as file:  # noqa: PTH123
            file.write(text)
    except OSError as error:
        return complain(f"curl: (23) Failure writing output to destination: {error.strerror}", 23)
    return 0


def _may_write(path: str) -> bool:
    from .common import ROOT, USER

    own = tuple(f"{ROOT}{place}" for place in ("/home/ubuntu/", "/tmp/", "/var/tmp/", "/run/user/1000/"))  # noqa: S108
    return USER == "root" or path.startswith(own)


def _fetch(address: str, arguments: list[str]) -> int:
    """Fetch plainly, on a machine without curl."""
    import urllib.error
    import urllib.request

    target = arguments[arguments.index("--connect-to") + 1].split(":")
    scheme, _, rest = address.rpartition("://")
    path = rest[len(re.split(r"[/?#]", rest)[0]) :] or "/"
    try:
        with urllib.request.urlopen(f"{scheme or 'http'}://{target[2]}:{target[3]}{path}") as answer:
            sys.stdout.buffer.write(answer.read())
    except urllib.error.HTTPError as error:
        return complain(f"curl: (22) The requested URL returned error: {error.code}", 22)
    except OSError:
        return complain(f"curl: (7) Failed to connect to {target[0]} port {target[1]}: Couldn't connect to server", 7)
    return 0
