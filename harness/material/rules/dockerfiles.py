"""Dockerfiles: hadolint's rules, bases, packages that the base does not have, installs that pip refuses or undoes."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from dockerfile_parse import DockerfileParser

from harness.material import shell
from harness.material.document import Block, Command, Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.rules.containers import has_tag
from harness.material.rules.shellsense import run_checker
from harness.material.tables import table
from harness.material.words import meant, nearest

NAMES = ("ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "MAINTAINER", "ONBUILD",
         "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR")  # fmt: skip


@dataclass(frozen=True)
class Instruction:
    """An instruction of a Dockerfile with its place in the document."""

    name: str
    value: str
    place: Place
    text: str


def instructions(block: Block) -> list[Instruction]:
    """Return a Dockerfile's instructions, comments left out."""
    parser = DockerfileParser(fileobj=_Memory(block.text.encode()))
    return [
        Instruction(item["instruction"].upper(), item["value"], block.at(item["startline"]), item["content"])
        for item in parser.structure
        if item["instruction"] != "COMMENT"
    ]


class _Memory:
    """A file in memory, as the parser wants one."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def seek(self, _offset: int) -> None:
        """Do nothing: it is read as a whole."""

    def readlines(self) -> list[bytes]:
        """Return the lines."""
        return self.content.splitlines(keepends=True)

    def read(self) -> bytes:
        """Return everything."""
        return self.content


def commands(block: Block, one: Instruction) -> list[Command]:
    """Return the commands of a RUN or of a CMD in shell form, at their places."""
    body = re.sub(r"^\s*\w+\s", lambda match: " " * len(match[0]), one.text, count=1)
    return shell.parse(body, "container", one.place.line).commands


# Versions of packages are the course's to choose, and layers and caches are no concern of a homework.
_LEFT_OUT = (
    "DL3008",
    "DL3013",
    "DL3015",
    "DL3042",
    "DL3059",
    "DL3018",
    "DL3033",
    "DL3006",
    "DL3007",
    "SC2046",
    "DL3025",
)


@rule("DF001", "warning")
def hadolint(material: Material) -> Iterator[Found]:
    """Hadolint, of what has no rule of its own here."""
    for block in material.blocks("dockerfile"):
        for item in _linted(block.text):
            if item["level"] in ("error", "warning"):
                message = " ".join(item["message"].split())[:200]
                yield Found(
                    block.at(item["line"] - 1, item["column"] - 1), f"{message} [{item['code']}]", "see hadolint's wiki"
                )


@functools.lru_cache(maxsize=200)
def _linted(text: str) -> list[dict[str, Any]]:
    ignored = [word for code in _LEFT_OUT for word in ("--ignore", code)]
    said = run_checker("hadolint", ["--no-fail", "-f", "json", *ignored, "-"], text)
    comments: list[dict[str, Any]] = json.loads(said) if said else []
    return comments


@rule("DF002", "error")
def known_instructions(material: Material) -> Iterator[Found]:
    """A Dockerfile begins with FROM and has instructions that there are."""
    for block in material.blocks("dockerfile"):
        found = instructions(block)
        for one in found:
            if one.name not in NAMES:
                yield Found(
                    one.place,
                    f"dockerfile parse error: unknown instruction: {one.name}",
                    meant(one.name, NAMES, "end the line before with a backslash"),
                )
        first = next((one for one in found if one.name != "ARG"), None)
        if first is not None and first.name != "FROM":
            yield Found(
                first.place, "a Dockerfile begins with FROM: no build stage in current context", "begin with FROM"
            )


@rule("DF003", "warning")
def bases_are_pinned(material: Material) -> Iterator[Found]:
    """The base has a release: latest is another one each year, and the packages are others with it."""
    for block in material.blocks("dockerfile"):
        for one in instructions(block):
            image = one.value.split()[0] if one.name == "FROM" and one.value else ""
            if image and image != "scratch" and "@" not in image and image.rpartition(":")[2] in (image, "latest"):
                yield Found(
                    one.place,
                    f"{image} has no release: it is whatever was published last",
                    f"write {image.partition(':')[0]}:24.04, or another release",
                )


@rule("DF004", "error")
def bases_exist(material: Material) -> Iterator[Found]:
    """The base is an image that Docker Hub has."""
    known = table("images")["hub"]
    for block in material.blocks("dockerfile"):
        for one in instructions(block):
            image, _, tag = (one.value.split() or [""])[0].partition(":")
            if one.name != "FROM" or "/" in image or image == "scratch":
                continue
            if image not in known and nearest(image, known):
                yield Found(
                    one.place,
                    f"pull access denied for {image}, repository does not exist",
                    f"write {nearest(image, known)}",
                )
            elif image in known and not has_tag(image, tag):
                yield Found(
                    one.place, f"{image}:{tag}: not found: there is no such tag", "use a tag that Docker Hub lists"
                )


@rule("DF016", "error")
def installs_something(material: Material) -> Iterator[Found]:
    """An install names what to install."""
    for _, _, command in _runs(material):
        words = [word.text for word in command.bare[1:] if not word.text.startswith("-")]
        if words[:1] == ["install"] and len(words) == 1 and "-r" not in command.argv and _installs(command):
            yield Found(command.place, "ERROR: You must give at least one requirement to install", "name a package")


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
        is_first = False
        for one in instructions(block):
            match = re.search(r"-m venv (\S+)", one.value) if one.name == "RUN" else None
            made = match[1] if match else made
            if one.name == "ENV" and one.value.startswith("PATH"):
                is_first = made is not None and f"{made}/bin" in one.value
                if made and not is_first:
                    yield Found(
                        one.place,
                        f"PATH does not hold {made}/bin, the environment that was made",
                        f"begin it with {made}/bin",
                    )
            elif (
                one.name == "RUN"
                and made is None
                and _has_environment(block)
                and any(_installs(c) for c in commands(block, one))
            ):
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


@rule("DF011", "error")
def servers_listen(material: Material) -> Iterator[Found]:
    """What the container runs listens to the outside, on the port that is exposed."""
    from harness.material.rules.programs import jupyter_faults

    for block in material.blocks("dockerfile"):
        found = instructions(block)
        exposed = [port for one in found if one.name == "EXPOSE" for port in re.findall(r"\d+", one.value)]
        for one in found:
            for command in _servers(block, one):
                yield from jupyter_faults(command)
                port = next(
                    (word.text.partition("=")[2] for word in command.words if word.text.startswith("--port=")), "8888"
                )
                if exposed and port not in exposed:
                    yield Found(
                        one.place,
                        f"Jupyter listens on {port}, the image exposes {', '.join(exposed)}",
                        f"EXPOSE {port}",
                    )


def _servers(block: Block, one: Instruction) -> list[Command]:
    """Return the commands of a CMD that start Jupyter, those of its list form as words."""
    if one.name not in ("CMD", "ENTRYPOINT"):
        return []
    value = one.value.strip()
    if value.startswith("["):
        try:
            words = [str(word) for word in json.loads(value)]
        except (ValueError, RecursionError):
            return []
        text = " " * 4 + " ".join(words)
        found = shell.parse(text, "container", one.place.line).commands
    else:
        found = commands(block, one)
    return [command for command in found if command.argv[:1] and command.argv[0].startswith("jupyter")]


@rule("DF012", "error")
def lists_are_json(material: Material) -> Iterator[Found]:
    """CMD in brackets is a JSON list: otherwise a shell is given the brackets."""
    for block in material.blocks("dockerfile"):
        for one in instructions(block):
            if one.name in ("CMD", "ENTRYPOINT", "SHELL") and one.value.strip().startswith("["):
                try:
                    json.loads(one.value)
                except (ValueError, RecursionError):
                    yield Found(
                        one.place,
                        f"{one.name} is no JSON list: sh: [jupyter,: not found",
                        'write ["program", "argument"] with straight double quotes',
                    )


@rule("DF013", "note")
def commands_get_signals(material: Material) -> Iterator[Found]:
    """CMD is a list: as a text it is run by a shell that hands no signals on, and docker stop takes ten seconds."""
    for block in material.blocks("dockerfile"):
        for one in instructions(block):
            if one.name in ("CMD", "ENTRYPOINT") and not one.value.strip().startswith("["):
                yield Found(
                    one.place,
                    f"{one.name} is run by a shell, which hands no signals on: docker stop waits and kills",
                    'write ["program", "argument"]',
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


@rule("DF015", "warning")
def dead_choices(material: Material) -> Iterator[Found]:
    """No line is kept as a comment that would not work."""
    for block in material.blocks("dockerfile"):
        for row, text in enumerate(block.text.split("\n")):
            match = re.match(r"\s*#\s*(FROM\s+\S+|RUN\s+(?:apt|pip|curl).*|CMD\s+\S+.*)", text)
            if match:
                yield Found(
                    block.at(row),
                    f"a choice that is commented out: {' '.join(match[1].split())[:60]}; readers try it, and it no longer works",
                    "remove it",
                )


def _runs(material: Material) -> Iterator[tuple[Block, Instruction, Command]]:
    for block in material.blocks("dockerfile"):
        for one in instructions(block):
            for command in commands(block, one) if one.name == "RUN" else ():
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
