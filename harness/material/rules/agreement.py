"""What must agree between steps: ports, names of files and of groups, what links and text say."""

from __future__ import annotations

import difflib
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.material.dockerfile import instructions
from harness.material.document import Place, Prose, Word
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.tables import table
from harness.material.words import meant, nearest


@dataclass(frozen=True)
class Published:
    """A published port of a container: where it is written, and the image it belongs to."""

    host: int
    inner: int
    word: Word
    image: str


def published(material: Material) -> Iterator[Published]:
    """Yield the ports that containers are published on."""
    for line in material.docker:
        for word in line.values("-p", "--publish") if line.name == "run" else ():
            match = re.fullmatch(r"(?:[\d.]+:)?(\d+):(\d+)(?:/tcp)?", word.text)
            if match and line.operands:
                yield Published(int(match[1]), int(match[2]), word, line.operands[0].text)


@rule("PT001", "error")
def ports_are_ports(material: Material) -> Iterator[Found]:
    """A published port is HOST:CONTAINER, two numbers."""
    for line in material.docker:
        for word in line.values("-p", "--publish") if line.name == "run" else ():
            match = re.fullmatch(r"(?:[\d.]+:)?(\d+):(\d+)(?:/(?:tcp|udp))?", word.text)
            if match is None and word.is_literal and not re.search(r"_|^\d+$", word.text):
                yield Found(
                    word.place, f"invalid publish opts format: {word.text!r}", "write HOST:CONTAINER, such as 8003:80"
                )
            elif match and (int(match[1]) > 65535 or int(match[2]) > 65535):
                yield Found(word.place, f"invalid port in {word.text!r}", "write ports up to 65535")


@rule("PT002", "error")
def inner_ports(material: Material) -> Iterator[Found]:
    """What is published is the port that the image listens on."""
    listening: dict[str, int] = dict(table("images")["ports"])
    built = [word.text for line in material.docker if line.name == "build" for word in line.values("-t", "--tag")]
    exposed = [
        int(port)
        for block in material.blocks("dockerfile")
        for i in instructions(block)
        if i.name == "EXPOSE"
        for port in re.findall(r"\d+", i.value)
    ]
    for one in published(material):
        name = one.image.partition(":")[0]
        wanted = listening.get(name) or (
            exposed[0] if name in {b.partition(":")[0] for b in built} and exposed else None
        )
        if wanted and one.inner != wanted:
            yield Found(
                one.word.place,
                f"{one.image} listens on {wanted}, not on {one.inner}: nobody answers",
                f"write {one.host}:{wanted}",
            )


@rule("PT003", "error")
def ports_are_open(material: Material) -> Iterator[Found]:
    """A published port is opened in a security group, and an opened one is used."""
    opened = {int(w.text): w for line in material.aws if line.operation == "authorize-security-group-ingress"
              for w in line.options.get("--port", ()) if w.text.isdigit()}  # fmt: skip
    used = {one.host: one for one in published(material)}
    for host, one in used.items():
        if opened and host not in opened:
            yield Found(
                one.word.place,
                f"no step opens port {host} in a security group: the browser waits in vain",
                meant(str(host), map(str, opened), f"authorize tcp {host}"),
            )
    for port, word in opened.items():
        if used and port not in used and port != material.homework.network.ssh_port:
            yield Found(
                word.place,
                f"port {port} is opened, but nothing listens there",
                meant(str(port), map(str, used), "leave it out"),
            )


@rule("PT004", "error")
def addresses_use_published_ports(material: Material) -> Iterator[Found]:
    """Addresses that the reader opens have a port that is published."""
    used = {one.host for one in published(material)}
    inner = {one.inner for one in published(material)}
    for place, text, is_log in _texts(material):
        for match in re.finditer(r"https?://([\w.<>-]+):(\d+)", text):
            port = int(match[2])
            wanted = inner if is_log else used
            where = Place(place.line, place.col + match.start(2))
            if used and port not in wanted:
                near = nearest(str(port), map(str, wanted)) or str(min(wanted, key=lambda one: abs(one - port)))
                yield Found(
                    where,
                    f"nothing answers on port {port}: published are {', '.join(map(str, sorted(used)))}",
                    f"write {near}",
                )
            elif match[0].startswith("https"):
                yield Found(where, "neither server speaks https: the browser reports a protocol error", "write http")
            elif port in used and not is_log and re.fullmatch(r"localhost|127\.0\.0\.1|0\.0\.0\.0", match[1]):
                yield Found(
                    where,
                    f"{match[1]} is the reader's own computer; the server is on the bastion",
                    "write the placeholder of the bastion's public address",
                )


def _texts(material: Material) -> Iterator[tuple[Place, str, bool]]:
    for prose in material.document.prose:
        for run in prose.runs:
            yield run.place, run.text, False
    for block in material.document.blocks:
        if block.kind in ("shell", "output", "file"):
            for row, text in enumerate(block.text.split("\n")):
                is_log = block.kind == "output" or text.lstrip().startswith("#")
                yield block.at(row), text, is_log


@rule("PT005", "error")
def text_and_ports(material: Material) -> Iterator[Found]:
    """A sentence that says which port becomes which says what the next command does."""
    for prose, lines in with_following(material):
        numbers = {int(n) for n in re.findall(r"\bport (\d{2,5})\b", prose.text)}
        for one in published(material):
            if one.word.place.line in lines and numbers and not numbers <= {one.host, one.inner}:
                wrong = min(numbers - {one.host, one.inner})
                run = next((run for run in prose.runs if str(wrong) in run.text), prose.runs[0])
                yield Found(
                    Place(run.place.line, run.place.col + max(run.text.find(str(wrong)), 0)),
                    f"the text says port {wrong}, the command says {one.word.text}",
                    "make them agree",
                )


def with_following(material: Material) -> Iterator[tuple[Prose, range]]:
    """Yield each paragraph with the lines of the block right after it."""
    parts = material.document.parts
    for part, after in itertools.pairwise(parts):
        if isinstance(part, Prose) and not isinstance(after, Prose) and part.section == after.section:
            yield part, range(after.place.line, after.place.line + after.text.count("\n") + 1)


@rule("NM001", "error")
def types_in_text_and_commands(material: Material) -> Iterator[Found]:
    """An instance type that a sentence announces is the one that the next command launches."""
    for prose, lines in with_following(material):
        said = set(re.findall(r"\b([a-z]\d[a-z]*\.(?:nano|micro|small|medium|\d*x?large))\b", prose.text))
        for line in material.aws:
            for word in (*line.options.get("--instance-type", ()), *line.options.get("--instance-types", ())):
                if word.place.line in lines and said and word.text not in said and word.is_literal:
                    run = next((run for run in prose.runs if any(one in run.text for one in said)), None)
                    is_right = word.text in (
                        material.homework.bastion.instance_type,
                        material.homework.private.instance_type,
                    )
                    yield Found(
                        run.place if run and is_right else word.place,
                        f"the text says {', '.join(sorted(said))}, the command {word.text}",
                        "make them agree",
                    )


@rule("NM002", "error")
def groups_have_names(material: Material) -> Iterator[Found]:
    """Groups are asked for by the names that they were created with."""
    made = {
        word.text
        for line in material.aws
        if line.operation == "create-security-group"
        for word in line.options.get("--group-name", ())
    }
    words = [
        w for line in material.aws if line.operation == "create-security-group" for w in line.values("--group-name")
    ]
    for number, word in enumerate(words):
        if word.text in {other.text for other in words[:number]}:
            message = f"InvalidGroup.Duplicate: the group {word.text!r} was created before"
            yield Found(word.place, message, "name each group once")
    for line in material.aws:
        for word in line.options.get("--filters", ()):
            match = re.match(r"Name=group-name,Values=([\w-]+)", word.text)
            if match and made and match[1] not in made:
                yield Found(
                    word.place,
                    f"no group is called {match[1]!r}",
                    meant(match[1], made, "use the name of a group that was created"),
                )
        for other in material.reading(line.command):
            for word in other.bare[1:] if other.name == "grep" and line.operation == "describe-security-groups" else ():
                if made and re.search(r"sg$", word.text, re.IGNORECASE) and word.text not in made:
                    yield Found(
                        word.place,
                        f"no group is called {word.text!r}",
                        meant(word.text, made, "use the name of a group that was created"),
                    )


@rule("NM003", "error")
def names_of_things(material: Material) -> Iterator[Found]:
    """Roles, notebook instances and the like are called by the name that they were created with."""
    for option in ("--role-name", "--notebook-instance-name", "--user-name", "--bucket"):
        made = {
            word.text
            for line in material.aws
            if line.operation.startswith("create-")
            for word in line.options.get(option, ())
        }
        for line in material.aws:
            for word in line.options.get(option, ()):
                if made and word.text not in made and word.is_literal and "YOUR_" not in word.text:
                    yield Found(
                        word.place,
                        f"{word.text!r} was not created: {', '.join(sorted(made))} was",
                        meant(word.text, made, "use the name that was given"),
                    )
        first = next(
            (
                word
                for line in material.aws
                if line.operation.startswith("create-")
                for word in line.options.get(option, ())
            ),
            None,
        )
        users = [
            word
            for line in material.aws
            if not line.operation.startswith("create-")
            for word in line.options.get(option, ())
        ]
        if first is not None and users and all(word.text != first.text for word in users):
            yield Found(
                first.place,
                f"{first.text!r} is created, but later steps speak of {users[0].text!r}",
                f"write {users[0].text}",
            )


@rule("NM004", "error")
def files_have_one_name(material: Material) -> Iterator[Found]:
    """A file that the text speaks of is one that a step writes, downloads or hands in."""
    written = {block.path.rsplit("/", 1)[-1] for block in material.document.blocks if block.path}
    asked = {material.homework.spot.options_file, material.homework.httpd.page}
    for prose in material.document.prose:
        for run in prose.runs:
            name = run.text.strip().rsplit("/", 1)[-1]
            names = [name] if run.is_code else re.findall(r"(?<![\w/.-])[\w-]+\.(?:json|html?)\b(?!/)", run.text)
            for name in names if "://" not in run.text else ():
                is_file = re.fullmatch(r"[\w-]+\.(?:json|html?|sources)", name)
                if is_file and name not in written | asked and nearest(name, written | asked):
                    place = Place(run.place.line, run.place.col + max(run.text.find(name), 0))
                    yield Found(place, f"no step writes {name!r}", meant(name, written | asked, "use the file's name"))


@rule("NM005", "error")
def block_and_text_name_one_file(material: Material) -> Iterator[Found]:
    """The file that the text announces is the one on the block's fence."""
    for prose, lines in with_following(material):
        block = next((b for b in material.document.blocks if b.place.line in lines), None)
        if block is None or not block.path or not block.labels:
            continue
        said = [
            run
            for run in prose.runs
            if run.is_code and re.fullmatch(r"(?:[\w-]+/)*(?:Dockerfile|[\w-]+\.[a-z]+)", run.text.strip())
        ]
        if said and not any(
            block.path == run.text.strip() or block.path.endswith(f"/{run.text.strip()}") for run in said
        ):
            yield Found(said[-1].place, f"the text says {said[-1].text!r}, the block {block.path!r}", "make them agree")


@rule("NM006", "error")
def paths_agree(material: Material) -> Iterator[Found]:
    """A file is used under the path under which it was put there."""
    put = {
        _normal(word.text)
        for command in material.commands
        for word in command.bare[1:]
        if command.name in ("curl", "wget", "tee", "install", "cp") and word.text.startswith("/")
    }
    named: list[Word] = [
        w for c in material.commands if c.name == "chmod" for w in c.bare[1:] if w.text.startswith("/")
    ]
    for word in named:
        if put and _normal(word.text) not in put and nearest(word.text, put):
            yield Found(
                word.place,
                f"{word.text}: No such file or directory; the file is {nearest(word.text, put)}",
                f"write {nearest(word.text, put)}",
            )
    for block in material.blocks("file"):
        for row, text in enumerate(block.text.split("\n")):
            match = re.match(r"(?:Signed-By|signed-by):?=?\s*(/\S+)", text)
            if match and put and match[1] not in put:
                yield Found(
                    block.at(row, match.start(1)),
                    f"{match[1]} is not where the key was put",
                    meant(match[1], put, "name the key's path"),
                )


def _normal(path: str) -> str:
    return path.rstrip("/")


@rule("NM007", "error")
def copied_files_exist(material: Material) -> Iterator[Found]:
    """What is installed or copied is a file that a step wrote."""
    written = {block.path for block in material.document.blocks if block.path} | {
        b.path.rsplit("/", 1)[-1] for b in material.document.blocks if b.path
    }
    for command in material.commands:
        if command.name not in ("install", "cp", "mv") or "-d" in command.argv:
            continue
        operands = [
            w
            for i, w in enumerate(command.bare[1:], 1)
            if not w.text.startswith("-") and command.bare[i - 1].text not in ("-m", "-o", "-g")
        ]
        for word in operands[:-1]:
            if word.is_literal and "/" not in word.text and word.text not in written:
                yield Found(
                    word.place,
                    f"{command.name}: cannot stat {word.text!r}: no step writes it",
                    meant(word.text, written, "have the reader write it"),
                )


@rule("NM008", "error")
def vcpus_agree(material: Material) -> Iterator[Found]:
    """The vCPUs that a sentence has the reader ask for are those that the command asks for."""
    for prose, lines in with_following(material):
        said = re.search(r"\b(\d+) v?CPUs\b", prose.text)
        for line in material.aws:
            for word in line.options.get("--desired-value", ()):
                if said and word.place.line in lines and re.fullmatch(r"\d+", word.text) and word.text != said[1]:
                    run = next((run for run in prose.runs if said[0] in run.text), prose.runs[0])
                    place = Place(run.place.line, run.place.col + max(run.text.find(said[0]), 0))
                    yield Found(
                        place, f"the text says {said[1]} vCPUs, the command asks for {word.text}", "make them agree"
                    )


@rule("NM009", "error")
def one_file_one_name(material: Material) -> Iterator[Found]:
    """A file is called the same wherever the text names it."""
    named: dict[str, list[Place]] = {}
    for prose in material.document.prose:
        for run in prose.runs:
            if run.is_code and re.fullmatch(r"[\w-]+\.(?:md|ipynb|json|txt|ya?ml|toml|csv)", run.text.strip()):
                named.setdefault(run.text.strip(), []).append(run.place)
    for name, places in named.items():
        for other, others in named.items():
            if len(places) <= len(others) and _are_editions(name, other):
                yield from (
                    Found(p, f"{name!r} here, {other!r} in line {others[0].line}: one file?", "call it the same")
                    for p in places
                )


def _are_editions(name: str, other: str) -> bool:
    """Say whether two names look like one that was written in two ways; numbers tell files apart."""
    is_same_kind = name != other and name.rpartition(".")[2] == other.rpartition(".")[2]
    is_numbered = re.sub(r"\d", "", name) == re.sub(r"\d", "", other)
    return (
        is_same_kind
        and not is_numbered
        and difflib.SequenceMatcher(None, name.rpartition(".")[0], other.rpartition(".")[0]).ratio() > 0.8
    )
