"""What Dockerfiles install: packages that the base does not have, installs that pip refuses or undoes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.dockerfile import Instruction, instructions
from harness.material.document import Block, Command
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.tables import table
from harness.material.words import nearest


@rule("DF016", "error")
def installs_something(material: Material) -> Iterator[Found]:
    """An install names what to install."""
    for _, _, command in _runs(material):
        words = [word.text for word in command.bare[1:] if not word.text.startswith("-")]
        if words[:1] == ["install"] and len(words) == 1 and "-r" not in command.argv and _installs(command):
            yield Found(command.place, "ERROR: You must give at least one requirement to install", "name a package")


_PROGRAMS = ("rm", "apt-get", "apt", "pip", "pip3", "mkdir", "cp", "mv", "echo", "chmod", "ln")
"""Programs whose name behind an install is the next command's, its ``&&`` lost."""


@rule("DF005", "error")
def packages_exist(material: Material) -> Iterator[Found]:
    """Packages are ones that the base's release has (dated table)."""
    gone = {entry["name"]: entry for entry in table("packages")["gone"]}
    known = table("packages")["apt"]
    for block, _, command in _runs(material):
        if command.name not in ("apt-get", "apt") or "install" not in command.argv:
            continue
        release = _release(block)
        for word in command.bare[2:]:
            name = word.text.partition("=")[0]
            if name in gone and (release is None or _number(release) > _number(gone[name]["last"])):
                yield Found(
                    word.place,
                    f"E: Package {name!r} has no installation candidate: Ubuntu dropped it after {gone[name]['last']}",
                    f"write {gone[name]['instead']}",
                )
            elif (
                re.fullmatch(r"[a-z][a-z0-9+.-]+", name)
                and name not in known
                and name not in gone
                and nearest(name, known)
            ):
                yield Found(word.place, f"E: Unable to locate package {name}", f"write {nearest(name, known)}")
            elif name in _PROGRAMS or (word.text.startswith("/") and not word.text.endswith(".deb")):
                message = f"E: Unable to locate package {name}: another command begins here"
                yield Found(word.place, message, "write && before it")


@rule("DF006", "error")
def pip_is_let(material: Material) -> Iterator[Found]:
    """Pip installs where the base lets it: Ubuntu's own Python since 23.04 takes packages into a virtual environment only."""
    for block in material.blocks("dockerfile"):
        release = _release(block)
        is_python = any(
            one.name == "FROM" and one.value.startswith(("python", "jupyter", "quay.io/jupyter", "continuumio"))
            for one in instructions(block)
        )
        if is_python or (release and _number(release) < _number("23.04")) or _has_environment(block):
            continue
        first = next((command for b, _, command in _runs(material) if b is block and _installs(command)), None)
        if first is not None and "--break-system-packages" not in first.argv:
            yield Found(
                first.place, "error: externally-managed-environment: this base's pip refuses to install outside of a virtual environment",
                "RUN python3 -m venv /opt/course, and put /opt/course/bin first in PATH",
            )  # fmt: skip


def _has_environment(block: Block) -> bool:
    """Say whether a virtual environment is made, and is what pip means."""
    made = re.search(r"-m venv (\S+)|virtualenv (\S+)", block.text)
    path = (made[1] or made[2]) if made else None
    return bool(path and re.search(rf"(?:PATH[= ]\"?{re.escape(path)}/bin|{re.escape(path)}/bin/pip)", block.text))


@rule("DF007", "error")
def environments_come_first(material: Material) -> Iterator[Found]:
    """PATH names the virtual environment that was made, before pip installs into it."""
    for block in material.blocks("dockerfile"):
        made: str | None = None
        has_one = _has_environment(block)
        for one in instructions(block):
            match = re.search(r"-m venv (\S+)", one.value) if one.name == "RUN" else None
            made = match[1] if match else made
            if one.name == "ENV" and one.value.startswith("PATH"):
                if made and f"{made}/bin" not in one.value:
                    yield Found(
                        one.place,
                        f"PATH does not hold {made}/bin, the environment that was made",
                        f"begin it with {made}/bin",
                    )
            elif one.name == "RUN" and made is None and has_one and any(_installs(c) for c in one.commands):
                yield Found(
                    one.place, "pip installs before the virtual environment is made", "make the environment first"
                )


@rule("DF008", "error")
def packages_live(material: Material) -> Iterator[Found]:
    """Packages of PyPI are ones that still install (dated table)."""
    dead = {entry["name"]: entry for entry in table("packages")["dead"]}
    known = table("packages")["pip"]
    for _, _, command in _runs(material):
        for word in command.bare[1:] if _installs(command) else ():
            name = re.split(r"[<>=!~\[;]", word.text)[0].lower()
            if name in dead:
                yield Found(word.place, f"{name} {dead[name]['why']}", dead[name]["repair"])
            elif re.fullmatch(r"[a-z][a-z0-9_.-]+", name) and name not in ("install", *known) and nearest(name, known):
                yield Found(
                    word.place, f"ERROR: No matching distribution found for {name}", f"write {nearest(name, known)}"
                )


@rule("DF009", "error")
def installs_last(material: Material) -> Iterator[Found]:
    """No install takes back what an earlier one pinned (dated table)."""
    for block in material.blocks("dockerfile"):
        words = [(word, word.text) for b, _, c in _runs(material) if b is block and _installs(c) for word in c.bare[2:]]
        for entry in table("packages")["undone"]:
            pins = [i for i, (_, text) in enumerate(words) if text.replace(" ", "") == entry["first"]]
            for i in pins:
                later = next((text for _, text in words[i + 1 :] if text in entry["then"]), None)
                if later:
                    yield Found(
                        words[i][0].place,
                        f"the pin {entry['first']} is undone by {later}: {entry['why']}",
                        "leave the pin out, or pin both",
                    )


@rule("DF010", "warning")
def upgrades_of_tools(material: Material) -> Iterator[Found]:
    """Pip and setuptools are not replaced over the base's own in the middle of the build."""
    for _, _, command in _runs(material):
        if not _installs(command) or not {"--upgrade", "-U", "-I", "--ignore-installed"} & set(command.argv):
            continue
        for word in command.bare[2:]:
            if word.text in ("pip", "setuptools"):
                yield Found(
                    word.place,
                    f"{word.text} of the base is overwritten, which breaks its package manager's files",
                    "use a virtual environment, or leave it out",
                )


@rule("DF014", "error")
def keras_has_its_backend(material: Material) -> Iterator[Found]:
    """Keras finds a backend: version 3 knows TensorFlow, JAX, PyTorch and OpenVINO."""
    for block in material.blocks("dockerfile"):
        installed = {
            re.split(r"[<>=!~\[;]", word.text)[0].lower(): word
            for b, _, c in _runs(material)
            if b is block and _installs(c)
            for word in c.bare[2:]
        }
        for one in instructions(block):
            match = re.search(r"KERAS_BACKEND[= ]\"?(\w+)", one.value) if one.name == "ENV" else None
            if match and match[1] not in ("tensorflow", "jax", "torch", "openvino"):
                yield Found(
                    one.place, f"Unable to import backend: {match[1]}: Keras 3 does not know it", "leave the line out"
                )
        if "keras" in installed and not {"tensorflow", "tensorflow-cpu", "jax", "torch", "openvino", "theano"} & set(
            installed
        ):
            yield Found(
                installed["keras"].place,
                "keras without a backend: No module named 'tensorflow' at its import",
                "install tensorflow-cpu with it",
            )


def _runs(material: Material, only: Block | None = None) -> Iterator[tuple[Block, Instruction, Command]]:
    for block in [only] if only else material.blocks("dockerfile"):
        for one in instructions(block):
            for command in one.commands if one.name == "RUN" else ():
                yield block, one, command


def _installs(command: Command) -> bool:
    argv = command.argv
    return (argv[0].rsplit("/", 1)[-1] in ("pip", "pip3") and "install" in argv) or argv[1:4] == (
        "-m",
        "pip",
        "install",
    )


def _release(block: Block) -> str | None:
    """Return the release of Ubuntu that a Dockerfile builds on, ``None`` where it is whichever is the newest."""
    base = next((one.value.split()[0] for one in instructions(block) if one.name == "FROM" and one.value), "")
    tag = base.partition(":")[2]
    if re.fullmatch(r"\d\d\.\d\d", tag):
        return tag
    return next((number for number, about in table("releases")["ubuntu"].items() if about["name"] in tag and tag), None)


def _number(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split("."))


@rule("DF017", "error")
def lists_are_read(material: Material) -> Iterator[Found]:
    """Apt's lists are read before it installs: base images come without any."""
    for block in material.blocks("dockerfile"):
        is_read = not _is_debian(block)
        for _, _, command in _runs(material, block):
            if command.name in ("apt-get", "apt") and "update" in command.argv:
                is_read = True
            elif command.name == "rm" and any("/var/lib/apt/lists" in word for word in command.argv):
                is_read = not _is_debian(block)
            elif command.name in ("apt-get", "apt") and "install" in command.argv and not is_read:
                yield Found(command.place, "E: Unable to locate package: the base has no package lists",
                            "write apt-get update && apt-get install")  # fmt: skip


@rule("DF018", "error")
def python_is_there(material: Material) -> Iterator[Found]:
    """What a Dockerfile runs is in the base, or was installed before."""
    for block in material.blocks("dockerfile"):
        had: set[str] = set()
        apt: Command | None = None
        for _, _, command in _runs(material, block) if _is_debian(block) else ():
            missing = _missing(command, had)
            if missing:
                place = apt.words[-1].place if apt else command.place  # what was left out of a list is missed later
                yield Found(place, f"/bin/sh: 1: {command.name}: not found (the base has no {missing}, which line {command.place.line} needs)",
                            f"apt-get install {missing} first")  # fmt: skip
                break
            apt = command if command.name in ("apt-get", "apt") and "install" in command.argv else apt
            had |= set(command.argv) if "install" in command.argv else set()
            had |= {"pip"} if "venv" in command.argv else set()


def _missing(command: Command, had: set[str]) -> str:
    """Return the package that a command of Python's lacks on a base of Debian or Ubuntu."""
    has_python = any(re.match(r"python3(?:\.\d+)?(?:-|$)|build-essential$", name) for name in had)
    if command.name in ("python3", "python"):
        if "venv" in command.argv and not any(re.fullmatch(r"python3(?:\.\d+)?-(?:venv|full)", name) for name in had):
            return "python3-venv"
        return "" if has_python or "pip" in had else "python3"
    if command.name in ("pip", "pip3"):
        return "" if {"pip", "python3-pip", "python3-full"} & had else "python3-pip"
    return ""


def _is_debian(block: Block) -> bool:
    """Say whether the one base is a plain Debian or Ubuntu."""
    bases = [one.value.split()[0].partition(":")[0] for one in instructions(block) if one.name == "FROM" and one.value]
    return bool(bases) and all(base in ("ubuntu", "debian") for base in bases)
