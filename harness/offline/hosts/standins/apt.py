"""``apt-get``, ``apt``, ``apt-cache``, ``apt-key`` and ``add-apt-repository`` on the host's own sources and keys.

Packages come from ``packages.txt`` beside this file; installing one writes dpkg's status, adds its commands, and starts
its service. What apt-get demands, this demands: root, an update before the first install, a repository for what Ubuntu
does not have, and that repository's key where its source says (or, older, in apt's own keyring).
``apt-key`` is there on every release, although Ubuntu dropped it with 25.04: the homework uses it.
"""

from __future__ import annotations

import os
import re
import sys

from . import dpkg
from .common import ROOT, ask, complain, is_root, read, real, table, write, write_table
from .dockerkey import is_docker_key

_DOCKER = "download.docker.com/linux/ubuntu"
_TRUSTED = "/etc/apt/trusted.gpg"
_LISTS = "/var/lib/apt/lists"
_SOURCES = "/etc/apt/sources.list.d"


def main(name: str, arguments: list[str]) -> int:
    """Do what the command line asks."""
    if name == "apt-key":
        return _apt_key(arguments)
    if name == "add-apt-repository":
        return _add_repository(arguments)
    words = [argument for argument in arguments if not argument.startswith("-")]
    action = words[0] if words else ""
    if name == "apt":
        complain("\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n")
    if action in {"show", "policy", "search", "list"} or name == "apt-cache":
        return _show(action, words[1:])
    if "-qq" in arguments:
        sys.stdout = open(os.devnull, "w")  # noqa: PTH123, SIM115 - until this process ends
    actions = {
        "update": _update, "install": _install, "remove": _remove, "purge": _remove, "autoremove": _nothing,
        "upgrade": _nothing, "dist-upgrade": _nothing, "full-upgrade": _nothing, "clean": _nothing,
        "autoclean": _nothing,
    }  # fmt: skip
    if action not in actions:
        return complain(f"E: Invalid operation {action}", 100)
    if not is_root():
        lock = _LISTS + "/lock" if action == "update" else "/var/lib/dpkg/lock-frontend"
        complain(f"E: Could not open lock file {lock} - open (13: Permission denied)")
        return complain(f"E: Unable to acquire the lock ({lock}), are you root?", 100)
    return actions[action](words[1:], arguments)


# -- sources ----------------------------------------------------------------------------------------------------------


def _sources() -> list[tuple[str, list[str], str]]:
    """Return each source: its address, its suites, and where its key is said to be."""
    found = [_one_line(line) for line in read("/etc/apt/sources.list").splitlines()]
    for name in sorted(os.listdir(ROOT + _SOURCES)):  # noqa: PTH208 - pathlib costs a stand-in too much time
        text = read(f"{_SOURCES}/{name}")
        if name.endswith(".list"):
            found += [_one_line(line) for line in text.splitlines()]
        elif name.endswith(".sources"):
            found += [_paragraph(paragraph) for paragraph in re.split(r"\n\s*\n", text)]
    return [source for source in found if source is not None]


def _one_line(line: str) -> tuple[str, list[str], str] | None:
    match = re.match(r"\s*deb\s+(?:\[([^]]*)\]\s+)?(\S+)\s+(\S+)\s+\S", line)
    if match is None:
        return None
    options = dict(option.split("=", 1) for option in (match[1] or "").split() if "=" in option)
    return match[2], [match[3]], options.get("signed-by", "")


def _paragraph(text: str) -> tuple[str, list[str], str] | None:
    found = re.findall(r"^([\w-]+):[ \t]*(.*(?:\n[ \t]+.*)*)", text, re.MULTILINE)
    fields = {key.lower(): value for key, value in found}
    if "deb" not in fields.get("types", "").split() or "uris" not in fields:
        return None
    return fields["uris"].split()[0], fields.get("suites", "").split(), fields.get("signed-by", "").strip()


def _codename() -> str:
    found = re.search(r"^VERSION_CODENAME=(\w+)", read("/etc/os-release"), re.MULTILINE)
    return found[1] if found else "noble"


def _has_key(signed_by: str) -> bool:
    if "BEGIN PGP" in signed_by:
        return is_docker_key(signed_by.encode())
    directory = f"{_TRUSTED}.d"
    trusted = [_TRUSTED, *(f"{directory}/{name}" for name in sorted(os.listdir(ROOT + directory)))]  # noqa: PTH208
    for path in [signed_by] if signed_by else trusted:
        try:
            with open(real(path), "rb") as file:  # noqa: PTH123
                if is_docker_key(file.read()):
                    return True
        except OSError:
            continue
    return False


def _update(_words: list[str], _arguments: list[str]) -> int:
    errors: list[str] = []
    for number, (address, suites, signed_by) in enumerate(_sources(), 1):
        for suite in suites:
            errors += _fetch(number, address.rstrip("/"), suite, signed_by)
    sys.stdout.write("Reading package lists... Done\n")
    for error in errors:
        complain(error)
    return 100 if any(error.startswith("E:") for error in errors) else 0


def _fetch(number: int, address: str, suite: str, signed_by: str) -> list[str]:
    host = re.sub(r"^\w+://", "", address)
    line = f"{address} {suite} InRelease"
    listed = f"{_LISTS}/{host.replace('/', '_')}_dists_{suite}_InRelease"
    is_docker = host == _DOCKER
    if not is_docker and not host.endswith(("ubuntu.com/ubuntu", "ubuntu.com/ubuntu-ports")):
        sys.stdout.write(f"Ign:{number} {line}\n")
        return [f"W: Failed to fetch {address}/dists/{suite}/InRelease  Could not resolve '{host.partition('/')[0]}'"]
    if suite.partition("-")[0] != _codename():
        sys.stdout.write(f"Err:{number} {address} {suite} Release\n  404  Not Found\n")
        return [f"E: The repository '{address} {suite} Release' does not have a Release file."]
    if is_docker and not _has_key(signed_by):
        sys.stdout.write(f"Err:{number} {line}\n")
        missing = "The following signatures couldn't be verified because the public key is not available: NO_PUBKEY"
        return [
            f"W: GPG error: {line}: {missing} 7EA0A9C3F273FCD8",
            f"E: The repository '{line}' is not signed.",
        ]
    sys.stdout.write(f"{'Hit' if read(listed) else 'Get'}:{number} {line}\n")
    write(listed, f"Origin: {'Docker' if is_docker else 'Ubuntu'}\n")
    return []


# -- packages ---------------------------------------------------------------------------------------------------------


def _catalogue() -> dict[str, dict[str, str]]:
    """Return what could be installed now: what the sources, at the last update, had."""
    origins = {"base"}
    for name in os.listdir(ROOT + _LISTS):  # noqa: PTH208
        origins |= {read(f"{_LISTS}/{name}").removeprefix("Origin: ").strip().lower()}
    version = re.search(r'^VERSION_ID="([\d.]+)"', read("/etc/os-release"), re.MULTILINE)
    values = {"release": version[1] if version else "", "codename": _codename()}
    return {name: fields for name, fields in all_packages(values).items() if fields["origin"] in origins}


def all_packages(values: dict[str, str]) -> dict[str, dict[str, str]]:
    """Return every package of ``packages.txt``, with the release's version and codename filled in."""
    found = {}
    with open(os.path.join(os.path.dirname(__file__), "packages.txt")) as lines:  # noqa: PTH118, PTH120, PTH123
        for line in lines:
            if line.startswith("#") or not line.strip():
                continue
            name, version, origin, depends, commands, summary = (field.strip() for field in line.split("|"))
            found[name] = {
                "version": version.format(**values), "origin": origin, "depends": depends, "commands": commands,
                "summary": summary,
            }  # fmt: skip
    return found


def _install(names: list[str], arguments: list[str]) -> int:
    sys.stdout.write("Reading package lists... Done\nBuilding dependency tree... Done\n")
    catalogue, known = _catalogue(), dpkg.packages()
    names = [name.split("=")[0] for name in names]
    unknown = [name for name in names if name not in catalogue and not dpkg.is_installed(known, name)]
    for name in unknown:
        complain(f"E: Unable to locate package {name}")
    if unknown:
        return 100
    for name in names:
        if dpkg.is_installed(known, name):
            sys.stdout.write(f"{name} is already the newest version ({known[name]['Version']}).\n")
    wanted = _with_dependencies([name for name in names if not dpkg.is_installed(known, name)], catalogue, known)
    extra = [name for name in wanted if name not in names]
    if extra:
        sys.stdout.write(f"The following additional packages will be installed:\n  {' '.join(extra)}\n")
    if wanted:
        sys.stdout.write(f"The following NEW packages will be installed:\n  {' '.join(wanted)}\n")
    sys.stdout.write(f"0 upgraded, {len(wanted)} newly installed, 0 to remove and 0 not upgraded.\n")
    if extra and not _is_confirmed(arguments):
        return complain("Abort.")
    for name in wanted:
        _unpack(name, catalogue[name], known)
    dpkg.save(known)
    return max((_configure(name, catalogue[name]) for name in wanted), default=0)


def _with_dependencies(
    names: list[str], catalogue: dict[str, dict[str, str]], known: dict[str, dict[str, str]]
) -> list[str]:
    wanted: list[str] = []
    pending = list(names)
    while pending:
        name = pending.pop(0)
        if name not in wanted and name in catalogue and not dpkg.is_installed(known, name):
            wanted.append(name)
            pending += catalogue[name]["depends"].split()
    return sorted(wanted)


def _is_confirmed(arguments: list[str]) -> bool:
    if any(re.fullmatch(r"-[a-z]*y[a-z]*|-qq|--yes|--assume-yes", argument) for argument in arguments):
        return True
    sys.stdout.write("Do you want to continue? [Y/n] ")
    sys.stdout.flush()
    answer = sys.stdin.readline()
    return bool(answer) and answer.strip().lower() in {"", "y", "yes"}


def _unpack(name: str, package: dict[str, str], known: dict[str, dict[str, str]]) -> None:
    sys.stdout.write(f"Unpacking {name} ({package['version']}) ...\n")
    known[name] = {
        "Package": name, "Status": "install ok installed", "Priority": "optional", "Section": "admin",
        "Architecture": dpkg.ARCHITECTURE, "Version": package["version"], "Description": package["summary"],
    }  # fmt: skip


def _configure(name: str, package: dict[str, str]) -> int:
    sys.stdout.write(f"Setting up {name} ({package['version']}) ...\n")
    sys.stdout.flush()
    for command in package["commands"].split():
        link = f"{ROOT}/usr/bin/{command}"
        if not os.path.lexists(link):
            os.symlink("../lib/standins/python", link)  # noqa: PTH211
    if name not in {"docker-ce", "docker.io"}:
        return 0
    _add_group("docker")
    for unit in ("docker.service", "docker.socket", "containerd.service"):
        ask("unit", action="install", unit=unit)
    failure = ask("unit", action="start", unit="docker.service").get("error")
    return complain(f"Job for docker.service failed: {failure}", 100) if failure else 0


def _add_group(name: str) -> None:
    rows = table("/etc/group")
    if name not in {row[0] for row in rows}:
        free = max(int(row[2]) for row in rows if int(row[2]) < 1000) + 1
        write_table("/etc/group", [*rows, [name, "x", str(free), ""]])


def _remove(names: list[str], arguments: list[str]) -> int:
    sys.stdout.write("Reading package lists... Done\nBuilding dependency tree... Done\n")
    known, catalogue = dpkg.packages(), _catalogue()
    unknown = [name for name in names if name not in catalogue and name not in known]
    for name in unknown:
        complain(f"E: Unable to locate package {name}")
    if unknown:
        return 100
    gone = [name for name in names if dpkg.is_installed(known, name)]
    for name in names:
        if name not in gone:
            sys.stdout.write(f"Package '{name}' is not installed, so not removed\n")
    if gone:
        sys.stdout.write(f"The following packages will be REMOVED:\n  {' '.join(gone)}\n")
    sys.stdout.write(f"0 upgraded, 0 newly installed, {len(gone)} to remove and 0 not upgraded.\n")
    if gone and not _is_confirmed(arguments):
        return complain("Abort.")
    for name in gone:
        _take_away(name, known, catalogue)
    dpkg.save(known)
    return 0


def _take_away(name: str, known: dict[str, dict[str, str]], catalogue: dict[str, dict[str, str]]) -> None:
    sys.stdout.write(f"Removing {name} ({known[name]['Version']}) ...\n")
    del known[name]
    if name in {"docker-ce", "docker.io"}:
        for unit in ("docker.service", "docker.socket", "containerd.service"):
            ask("unit", action="forget", unit=unit)
    for command in catalogue.get(name, {}).get("commands", "").split():
        if os.path.islink(f"{ROOT}/usr/bin/{command}"):  # noqa: PTH114
            os.unlink(f"{ROOT}/usr/bin/{command}")  # noqa: PTH108


def _nothing(_words: list[str], _arguments: list[str]) -> int:
    sys.stdout.write("Reading package lists... Done\nBuilding dependency tree... Done\n")
    sys.stdout.write("0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n")
    return 0


def _show(action: str, names: list[str]) -> int:
    catalogue, known = _catalogue(), dpkg.packages()
    for name in names:
        if name not in catalogue:
            return complain(f"N: Unable to locate package {name}", 0 if action == "policy" else 100)
        installed = known.get(name, {}).get("Version", "(none)")
        if action in {"policy", "madison"}:
            version = catalogue[name]["version"]
            sys.stdout.write(f"{name}:\n  Installed: {installed}\n  Candidate: {version}\n")
        else:
            sys.stdout.write(f"Package: {name}\nVersion: {catalogue[name]['version']}\n")
            sys.stdout.write(f"Description: {catalogue[name]['summary']}\n\n")
    return 0


# -- the older ways ---------------------------------------------------------------------------------------------------


def _apt_key(arguments: list[str]) -> int:
    complain("Warning: apt-key is deprecated. Manage keyring files in trusted.gpg.d instead (see apt-key(8)).")
    if arguments[:1] == ["add"]:
        if not is_root():
            return complain("E: This command can only be used by root.", 255)
        source = arguments[1] if len(arguments) > 1 else "-"
        try:
            text = sys.stdin.read() if source == "-" else read_path(source)
        except OSError:
            return complain(f"gpg: can't open '{source}': No such file or directory", 2)
        if "BEGIN PGP PUBLIC KEY BLOCK" not in text:
            return complain("gpg: no valid OpenPGP data found.", 2)
        write(_TRUSTED, read(_TRUSTED) + text)
        sys.stdout.write("OK\n")
    elif arguments[:1] in (["list"], ["fingerprint"]) and is_docker_key(read(_TRUSTED).encode()):
        sys.stdout.write("/etc/apt/trusted.gpg\n--------------------\npub   rsa4096 2017-02-22 [SCEA]\n")
        sys.stdout.write("      9DC8 5822 9FC7 DD38 854A  E2D8 8D81 803C 0EBF CD88\n")
        sys.stdout.write("uid           [ unknown] Docker Release (CE deb) <docker@docker.com>\n")
    return 0


def read_path(path: str) -> str:
    """Return the text of a file named on the command line."""
    with open(real(path)) as file:  # noqa: PTH123
        return file.read()


def _add_repository(arguments: list[str]) -> int:
    if not is_root():
        return complain("Error: must run as root")
    lines = [argument for argument in arguments if not argument.startswith("-")]
    line = " ".join(" ".join(lines).split())
    source = _one_line(line)
    if source is None:
        return complain(f"Unable to handle repository shortcut '{line}'")
    sys.stdout.write(f"Repository: '{line}'\n")
    if sys.stdin.isatty() and not {"-y", "--yes"} & set(arguments):
        sys.stdout.write("Press [ENTER] to continue or Ctrl-c to cancel.")
        sys.stdout.flush()
        sys.stdin.readline()
    host = re.sub(r"^\w+://", "", source[0]).strip("/").replace("/", "_")
    path = f"{_SOURCES}/archive_uri-https_{host}-{_codename()}.list"
    if line not in read(path).splitlines():
        write(path, f"{read(path)}{line}\n")
    sys.stdout.write("Adding repository.\n")
    return _update([], [])
