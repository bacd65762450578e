"""``dpkg`` and ``dpkg-query`` on the host's own ``/var/lib/dpkg/status``."""

from __future__ import annotations

import fnmatch
import re
import sys

from .common import complain, read, write

_STATUS = "/var/lib/dpkg/status"
ARCHITECTURE = "amd64"


def packages() -> dict[str, dict[str, str]]:
    """Return the fields of every package that dpkg knows."""
    known: dict[str, dict[str, str]] = {}
    for paragraph in read(_STATUS).split("\n\n"):
        fields = dict(line.split(": ", 1) for line in paragraph.splitlines() if ": " in line)
        if "Package" in fields:
            known[fields["Package"]] = fields
    return known


def save(known: dict[str, dict[str, str]]) -> None:
    """Write the packages back."""
    paragraphs = ["".join(f"{name}: {value}\n" for name, value in fields.items()) for fields in known.values()]
    write(_STATUS, "\n".join(paragraphs))


def is_installed(known: dict[str, dict[str, str]], name: str) -> bool:
    """Tell whether a package is installed, not merely known by its left-over configuration."""
    return known.get(name, {}).get("Status", "").endswith(" installed")


def main(name: str, arguments: list[str]) -> int:
    """Answer ``-W``, ``-l``, ``-s``, ``--get-selections``, ``--print-architecture`` and ``-S`` as dpkg does."""
    options = [argument for argument in arguments if argument.startswith("-")]
    operands = [argument for argument in arguments if not argument.startswith("-")]
    actions = {"-l": _list, "--list": _list, "-s": _status, "--status": _status, "--get-selections": _selections}
    for option in options:
        if option in {"-W", "--show"}:
            return _show(arguments)
        if option in actions:
            return actions[option](operands)
    if "--print-architecture" in options:
        sys.stdout.write(f"{ARCHITECTURE}\n")
        return 0
    if "--version" in options:
        sys.stdout.write(f"Debian '{name}' package management program version 1.22.6 ({ARCHITECTURE}).\n")
        return 0
    return complain(f"{name}: error: need an action option", 2)


def _matching(patterns: list[str]) -> tuple[list[dict[str, str]], list[str]]:
    known = packages()
    found, missing = [], []
    for pattern in patterns or ["*"]:
        names = fnmatch.filter(known, pattern.split(":")[0])
        found += [known[name] for name in names]
        missing += [] if names else [pattern]
    return found, missing


def _show(arguments: list[str]) -> int:
    template, operands = r"${binary:Package}\t${Version}\n", []
    rest = iter(arguments)
    for argument in rest:
        if argument in {"-f", "--showformat"}:
            template = next(rest, template)
        elif argument.startswith(("-f", "--showformat=")):
            template = argument.removeprefix("--showformat=").removeprefix("-f").removeprefix("=")
        elif not argument.startswith("-"):
            operands.append(argument)
    found, missing = _matching(operands)
    for fields in found:
        sys.stdout.write(_filled(template, fields))
    for pattern in missing:
        complain(f"dpkg-query: no packages found matching {pattern}")
    return 1 if missing else 0


def _filled(template: str, fields: dict[str, str]) -> str:
    special = {"binary:Package": fields["Package"], "db:Status-Abbrev": _abbreviation(fields)}
    values = {**fields, **special, "db:Status-Status": fields["Status"].split()[-1]}
    text = re.sub(r"\$\{([\w:-]+?)(?:;-?\d+)?\}", lambda match: values.get(match[1], ""), template)
    return text.replace("\\n", "\n").replace("\\t", "\t")


def _abbreviation(fields: dict[str, str]) -> str:
    return "ii " if fields["Status"].endswith(" installed") else "rc "


def _list(patterns: list[str]) -> int:
    found, missing = _matching(patterns)
    if found:
        sys.stdout.write(
            "Desired=Unknown/Install/Remove/Purge/Hold\n"
            "| Status=Not/Inst/Conf-files/Unpacked/halF-conf/Half-inst/trig-aWait/Trig-pend\n"
            "|/ Err?=(none)/Reinst-required (Status,Err: uppercase=bad)\n"
            f"||/ {'Name':<30} {'Version':<40} {'Architecture':<12} Description\n"
            f"+++-{'=' * 30}-{'=' * 40}-{'=' * 12}-{'=' * 33}\n"
        )
    for fields in found:
        line = f"{_abbreviation(fields)} {fields['Package']:<30} {fields['Version']:<40} {ARCHITECTURE:<12} "
        sys.stdout.write(line + fields.get("Description", "") + "\n")
    for pattern in missing:
        complain(f"dpkg-query: no packages found matching {pattern}")
    return 1 if missing else 0


def _status(names: list[str]) -> int:
    known, code = packages(), 0
    for name in names:
        if name in known:
            sys.stdout.write("".join(f"{key}: {value}\n" for key, value in known[name].items()) + "\n")
        else:
            code = complain(
                f"dpkg-query: package '{name}' is not installed and no information is available\n"
                "Use dpkg --info (= dpkg-deb --info) to examine archive files."
            )
    return code


def _selections(patterns: list[str]) -> int:
    found, missing = _matching(patterns)
    for fields in found:
        state = "install" if fields["Status"].startswith("install") else "deinstall"
        sys.stdout.write(f"{fields['Package']}\t\t\t\t\t\t{state}\n")
    for pattern in missing:
        complain(f"dpkg: no packages found matching {pattern}")
    return 0
