"""What a host says of itself: its name, its release, its ports and its processes."""

from __future__ import annotations

import os
import re
import sys

from .common import ROOT, ask, become, complain, is_root, read, write


def main(name: str, arguments: list[str]) -> int:
    """Answer as the command of that name does."""
    answers = {
        "hostname": _hostname, "hostnamectl": _hostnamectl, "lsb_release": _lsb_release, "ps": _ps, "ss": _ss,
        "uname": _uname,
    }  # fmt: skip
    return answers[name](arguments)


def _say(text: str) -> int:
    sys.stdout.write(f"{text}\n")
    return 0


def _hostname(arguments: list[str]) -> int:
    name = read("/etc/hostname").strip()
    if "-I" in arguments or "-i" in arguments or "--all-ip-addresses" in arguments:
        return _say(ask("host")["private_ip"] + " ")
    if "-f" in arguments or "--fqdn" in arguments:
        return _say(ask("host")["private_dns"])
    names = [argument for argument in arguments if not argument.startswith("-")]
    if names and not is_root():
        return complain("hostname: you must be root to change the host name")
    if names:
        write("/etc/hostname", f"{names[0]}\n")
        return 0
    return _say(name.split(".")[0] if "-s" in arguments else name)


def _hostnamectl(arguments: list[str]) -> int:
    if arguments[:1] in (["set-hostname"], ["hostname"]) and len(arguments) > 1:
        return _hostname(arguments[1:])
    return _say(f" Static hostname: {read('/etc/hostname').strip()}\nOperating System: {_release('PRETTY_NAME')}")


def _release(key: str) -> str:
    found = re.search(rf'^{key}="?([^"\n]*)', read("/etc/os-release"), re.MULTILINE)
    return found[1] if found else ""


def _lsb_release(arguments: list[str]) -> int:
    letters = "".join(argument[1:] for argument in arguments if re.fullmatch(r"-[a-z]+", argument))
    words = {"--id": "i", "--codename": "c", "--release": "r", "--description": "d", "--all": "a"}
    letters += "".join(letter for word, letter in words.items() if word in arguments)
    short = "s" in letters or "--short" in arguments
    wanted = "idrc" if "a" in letters else letters
    rows = {
        "i": ("Distributor ID", "Ubuntu"), "d": ("Description", _release("PRETTY_NAME")),
        "r": ("Release", _release("VERSION_ID")), "c": ("Codename", _release("VERSION_CODENAME")),
    }  # fmt: skip
    if not short:
        complain("No LSB modules are available.")
    for letter, (title, value) in rows.items():
        if letter in wanted:
            _say(value if short else f"{title}:\t{value}")
    return 0


def _uname(arguments: list[str]) -> int:
    kernel = os.uname()
    values = {
        "s": "Linux", "n": read("/etc/hostname").strip(), "r": "6.8.0-1021-aws", "v": "#23-Ubuntu SMP",
        "m": kernel.machine, "p": kernel.machine, "i": kernel.machine, "o": "GNU/Linux",
    }  # fmt: skip
    letters = "".join(argument.lstrip("-")[:6] for argument in arguments) or "s"
    letters = "snrvmo" if "a" in letters else letters
    return _say(" ".join(value for letter, value in values.items() if letter in letters))


def _ss(arguments: list[str]) -> int:
    letters = "".join(argument[1:] for argument in arguments if re.fullmatch(r"-[a-zA-Z]+", argument))
    listening = "l" in letters or "--listening" in arguments or "a" in letters or "--all" in arguments
    if "--unix" in arguments or "x" in letters:
        _say("Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port")
        for path in ask("host")["sockets"]:
            _say(f"u_str LISTEN 0      4096   {path} 0            * 0")
        return 0
    _say("State  Recv-Q Send-Q Local Address:Port Peer Address:Port")
    is_tcp = "--tcp" in arguments or "t" in letters or not letters.strip("lnp46a")
    for port in ask("host")["ports"] if listening and is_tcp else ():
        _say(f"LISTEN 0      4096   0.0.0.0:{port}      0.0.0.0:*")
    return 0


def _ps(arguments: list[str]) -> int:
    """Show the host's own processes where all are asked for."""
    every = re.compile(r"-[A-Za-z]*[Ae][A-Za-z]*|-?a[a-z]*x[a-z]*")
    rest: list[str] = []
    is_all = False
    for argument in arguments:
        if every.fullmatch(argument) and not (rest and rest[-1] in {"-o", "-p", "-C", "-u"}):
            is_all = True
            style = re.sub("[Aex]" if argument.startswith("-") else "[aex]", "", argument).strip("-")
            rest += [f"-{style}" if argument.startswith("-") else style] if style else []
        else:
            rest.append(argument)
    if is_all:
        rest += ["-p", ",".join(_own_processes())]
    become("ps", rest)


def _own_processes() -> list[str]:
    mark = f"HOST_ROOT={ROOT}".encode()
    found = [str(os.getpid())]
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208
        try:
            with open(f"/proc/{pid}/environ", "rb") as file:  # noqa: PTH123
                environ = file.read().split(b"\0")
        except OSError:  # another user's, or gone
            continue
        if mark in environ:
            found.append(pid)
    return found
