"""The life of containers and images, gone through as the commands tell it: what is done to what is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from harness.material.classing import opens_container
from harness.material.document import Block, Prose, Word
from harness.material.finding import Found, rule
from harness.material.lines import DockerLine, read_docker
from harness.material.material import Material
from harness.material.placeholders import PATTERN
from harness.material.tables import table
from harness.material.words import meant

DETACH = re.compile(r"(?:ctrl|control)\W*p\W+(?:ctrl|control)?\W*q\b", re.IGNORECASE)
"""The keys that leave a container running."""
ENDS = ("hello-world",)
"""Images whose containers end by themselves at once."""


@dataclass
class Engine:
    """Containers by name with their state, images by name, and what went wrong so far.

    ``fleeting`` are containers that are removed when they end, with the word that says so.
    """

    containers: dict[str, str] = field(default_factory=dict)
    images: set[str] = field(default_factory=set)
    built: set[str] = field(default_factory=set)
    inside: str | None = None
    nameless: int = 0
    fleeting: dict[str, Word] = field(default_factory=dict)
    names: frozenset[str] = frozenset()
    found: list[Found] = field(default_factory=list)

    def complain(self, word: Word, message: str, repair: str) -> None:
        self.found.append(Found(word.place, message, repair))


def run_through(material: Material) -> Engine:
    """Return what is left when all commands have been gone through."""
    engine = Engine(names=material.names)
    for block in material.document.parts:
        if isinstance(block, Prose):
            if DETACH.search(block.text):  # keys that stand in a sentence are pressed as well
                engine.inside = None
            continue
        if block.kind == "keys":
            _press(engine, block)
        for command in block.commands:
            line = read_docker(command)
            if line is not None:
                _do(engine, line)
            elif command.name in ("exit", "logout") and engine.inside and command.machine in ("container", "bastion"):
                _end(engine, engine.inside)
                engine.inside = None
    return engine


def _end(engine: Engine, name: str) -> None:
    """Let a container end: it is kept, unless it was run to be removed then."""
    engine.containers[name] = "exited"
    if name in engine.fleeting:
        del engine.containers[name]


@rule("DK001", "error")
def container_life(material: Material) -> Iterator[Found]:
    """Containers are started before they are used, stopped before they are removed, and called by their names."""
    yield from run_through(material).found


def _press(engine: Engine, block: Block) -> None:
    if DETACH.search(block.text):
        if engine.inside is None:
            engine.found.append(
                Found(
                    block.place,
                    "there is no container to detach from here",
                    "move it to where the reader is inside one",
                )
            )
        engine.inside = None
    elif re.search(r"ctrl|control", block.text, re.IGNORECASE) and engine.inside:
        engine.found.append(
            Found(block.place, f"{block.text.strip()!r} does not detach from a container", "write Ctrl-P Ctrl-Q")
        )
        engine.inside = None


def _do(engine: Engine, line: DockerLine) -> None:
    if engine.inside is not None and line.name not in ("version",):
        place = line.verb or line.command.bare[0]
        engine.complain(
            place, f"the reader is still inside {engine.inside}: docker: command not found", "say how to leave it first"
        )
        engine.inside = None
    handler = _HANDLERS.get(line.name)
    if handler:
        handler(engine, line)


def _run(engine: Engine, line: DockerLine) -> None:
    if not line.operands:
        engine.complain(line.verb or line.command.bare[0], "docker run requires at least 1 argument", "name the image")
        return
    image = line.operands[0]
    name = next(iter(line.values("--name")), None)
    if name and name.text in engine.containers:
        engine.complain(
            name,
            f"Conflict. The container name {name.text!r} is already in use",
            "remove the other one first, or name it otherwise",
        )
    _image(engine, image)
    engine.nameless += name is None
    label = name.text if name else f"#{engine.nameless}"
    is_interactive = opens_container(line.command.argv)
    ends = image.text.partition(":")[0] in ENDS
    engine.containers[label] = "running"
    if line.has("--rm"):
        engine.fleeting[label] = next((w for w in line.command.words if w.text == "--rm"), image)
    if ends:
        _end(engine, label)
    engine.inside = label if is_interactive else None
    if not is_interactive and not ends and not line.has("-d", "--detach") and len(line.operands) == 1:
        engine.complain(image, "without -d the container keeps the terminal: the next commands go nowhere", "add -d")


_REFERENCE = re.compile(r"[a-z0-9][\w./-]*(?::\d+/[\w./-]+)?(?::[\w.-]+)?(?:@sha256:[0-9a-f]{64})?")


def _image(engine: Engine, word: Word) -> None:
    name, _, tag = word.text.partition(":")
    if not PATTERN.search(word.text) and not _REFERENCE.fullmatch(word.text):
        message = f"invalid reference format: {word.raw} stands where the image's name belongs"
        engine.complain(word, message, "is an option missing before it?")
        return
    known = table("images")["hub"]
    is_there = word.text.removesuffix(":latest") in engine.built | engine.images
    if not word.is_literal or PATTERN.search(word.text) or "/" in name or is_there:
        return
    if name in {built.partition(":")[0] for built in engine.built}:
        engine.complain(
            word, f"Unable to find image {word.text!r} locally: another tag was built", "use the tag that was built"
        )
    elif name not in known:
        choices = {*engine.built, *known}
        engine.complain(
            word,
            f"pull access denied for {name}, repository does not exist: no step builds or pulls it",
            meant(name, choices, "build it first"),
        )
    elif not has_tag(name, tag):
        engine.complain(
            word, f"manifest for {word.text} not found: {name} has no such tag", "use a tag that Docker Hub lists"
        )


def has_tag(name: str, tag: str) -> bool:
    """Say whether Docker Hub has a tag of an image that the table knows."""
    if name == "ubuntu" and re.fullmatch(r"\d\d\.\d\d", tag):
        return tag in table("releases")["ubuntu"]
    return not tag or any(re.fullmatch(pattern, tag) for pattern in table("images")["hub"][name])


def _named(engine: Engine, line: DockerLine) -> Iterator[Word]:
    """Yield the containers that a command names, complaining of those that are not there."""
    for word in line.operands[:1] if line.name in ("exec", "logs", "attach") else line.operands:
        fleeting = engine.fleeting.get(word.text)
        is_placeholder = PATTERN.search(word.text) and word.text not in engine.names
        if is_placeholder and word.text not in engine.containers and engine.nameless:
            last = f"#{engine.nameless}"
            fleeting = engine.fleeting.get(last) if last not in engine.containers else None
            engine.containers.setdefault(word.text, engine.containers.pop(last, "exited"))
        if fleeting is not None and (word.text not in engine.containers or PATTERN.search(word.text)):
            message = (
                f"--rm removes the container when it ends: docker {line.name} in line {word.place.line} finds none"
            )
            engine.complain(fleeting, message, "leave --rm out")
        if not word.is_literal or word.text in engine.containers:
            yield word
        else:
            engine.complain(
                word, f"No such container: {word.text}", meant(word.text, engine.containers, "start it first")
            )


def _remove(engine: Engine, line: DockerLine) -> None:
    for word in _named(engine, line):
        if engine.containers.get(word.text) == "running" and not line.has("-f", "--force"):
            engine.complain(
                word,
                f"cannot remove container {word.text!r}: container is running",
                f"docker stop {word.text} first, or add -f",
            )
        engine.containers.pop(word.text, None)


def _start(engine: Engine, line: DockerLine) -> None:
    for word in _named(engine, line):
        if engine.containers.get(word.text) == "running":
            engine.complain(
                word, f"{word.text} runs already: this does nothing", "leave it out, or say when it was stopped"
            )
        engine.containers[word.text] = "running"
        engine.inside = word.text if line.has("-a", "--attach", "-i", "--interactive") else None


def _stop(engine: Engine, line: DockerLine) -> None:
    for word in _named(engine, line):
        if engine.containers.get(word.text) == "exited":
            engine.complain(
                word, f"container {word.text} is not running: docker {line.name} does nothing", "leave it out"
            )
        engine.containers[word.text] = "exited"


def _attach(engine: Engine, line: DockerLine) -> None:
    for word in _named(engine, line):
        if engine.containers.get(word.text) == "exited":
            engine.complain(
                word, "You cannot attach to a stopped container, start it first", f"docker start {word.text} first"
            )
        engine.inside = word.text if line.name == "attach" or line.has("-t", "--tty") else None


def _exec(engine: Engine, line: DockerLine) -> None:
    for word in _named(engine, line):
        if engine.containers.get(word.text) == "exited":
            engine.complain(word, f"container {word.text} is not running", f"docker start {word.text} first")
        if opens_container(line.command.argv) and len(line.operands) == 2:
            engine.inside = word.text


def _logs(engine: Engine, line: DockerLine) -> None:
    for _ in _named(engine, line):
        pass


def _build(engine: Engine, line: DockerLine) -> None:
    tags = line.values("-t", "--tag")
    engine.built |= {word.text.removesuffix(":latest") for word in tags}
    if not tags:
        engine.complain(
            line.verb or line.command.bare[0], "the image gets no name, so that no step can run it", "add -t NAME"
        )


def _pull(engine: Engine, line: DockerLine) -> None:
    for word in line.operands[:1]:
        _image(engine, word)
        engine.images.add(word.text)


_HANDLERS = {
    "run": _run, "rm": _remove, "start": _start, "stop": _stop, "kill": _stop, "attach": _attach, "exec": _exec, "logs": _logs,
    "build": _build, "pull": _pull, "restart": _start,
}  # fmt: skip


@rule("DK002", "warning")
def pulled_is_used(material: Material) -> Iterator[Found]:
    """The image that is pulled is the one that is run."""
    runs = [word for line in material.docker if line.name == "run" for word in line.operands[:1]]
    for line in material.docker:
        for word in line.operands[:1] if line.name == "pull" else ():
            same = [other for other in runs if other.text.partition(":")[0] == word.text.partition(":")[0]]
            if same and word.text not in {other.text for other in same}:
                yield Found(
                    word.place,
                    f"this pulls {_tagged(word.text)}, but line {same[0].place.line} runs {same[0].text}, which is pulled again",
                    f"pull {same[0].text}",
                )


def _tagged(image: str) -> str:
    return image if ":" in image else f"{image}:latest"
