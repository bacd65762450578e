"""The document against the catalogue: names, ports, types and deeds that the requirements will be judged by."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.catalogue import Bastion, Private, Spot
from harness.material import forms
from harness.material.classing import opens_container
from harness.material.dockerfile import instructions
from harness.material.document import Command, Place, Word
from harness.material.finding import Found, rule
from harness.material.lines import AwsLine, DockerLine
from harness.material.material import Material
from harness.material.openings import openings
from harness.material.placeholders import find
from harness.material.words import meant


@rule("RQ001", "error")
def group_names(material: Material) -> Iterator[Found]:
    """The security groups are called as the catalogue calls them."""
    network = material.homework.network
    wanted = (network.public_group, network.private_group)
    made = [
        word
        for line in material.aws
        if line.operation == "create-security-group"
        for word in line.options.get("--group-name", ())
    ]
    for word in made:
        if word.text not in wanted and word.is_literal:
            yield Found(
                word.place,
                f"the homework judges groups called {' and '.join(wanted)}, not {word.text}",
                meant(word.text, wanted, f"write {wanted[0]}"),
            )


@rule("RQ002", "error")
def ingress(material: Material) -> Iterator[Found]:
    """The groups let in what the requirements ask for: protocol, port and source."""
    anywhere = material.homework.network.anywhere
    seen: set[tuple[str, str]] = set()
    lines = [line for line in material.aws if line.operation == "authorize-security-group-ingress"]
    for line, one in [(given, one) for given in lines for one in openings(given)]:
        port, protocol, cidr, side = one.port, one.protocol, one.cidr, _side(material, line)
        seen.add((side, port.text))
        if protocol is not None and protocol.text not in ("tcp", "6", "-1", "all"):
            yield Found(protocol.place, f"ssh and http are tcp, not {protocol.text}: nobody gets in", "write tcp")
        if (
            cidr is not None
            and side == "public"
            and cidr.is_literal
            and cidr.text not in (anywhere, "::/0")
            and "YOUR" not in cidr.text
        ):
            yield Found(
                cidr.place, f"the homework wants this port open to {anywhere}, not to {cidr.text}", f"write {anywhere}"
            )
        if (side, port.text) not in _wanted(material) and port.text.isdigit():
            choices = [p for s, p in _wanted(material) if s == side]
            yield Found(
                port.place,
                f"the homework opens {', '.join(choices)} in the {side} group, not {port.text}",
                meant(port.text, choices, f"write {choices[0]}"),
            )
    for side, wanted in _wanted(material) if lines else ():
        if (side, wanted) not in seen:
            like = next((one for one in lines if wanted in [word.text for word in one.values("--port")]), lines[-1])
            yield Found(
                like.command.place,
                f"no step opens port {wanted} in the {side} group",
                f"add authorize-security-group-ingress for tcp {wanted}",
            )


def _wanted(material: Material) -> list[tuple[str, str]]:
    asked = material.homework
    ssh = str(asked.network.ssh_port)
    return [("public", ssh), ("private", ssh), ("public", str(asked.httpd.port)), ("public", str(asked.jupyter.port))]


def _side(material: Material, line: AwsLine) -> str:
    word = line.value("--group-id", "--group-name")
    return "private" if word and material.is_private(word.text) else "public"


def role(material: Material, line: AwsLine) -> str:
    """Return which of the homework's instances a launch makes."""
    if "--instance-market-options" in line.options:
        return "spot"
    groups = line.options.get("--security-group-ids", ())
    is_private = any(material.is_private(word.text) for word in groups) or "private" in line.command.comment.lower()
    return "private" if is_private else "bastion"


@rule("RQ003", "error")
def launches(material: Material) -> Iterator[Found]:
    """The instances are of the types that the requirements name, and reachable where they must be."""
    asked = material.homework
    wanted: dict[str, Bastion | Private | Spot] = {
        "bastion": asked.bastion,
        "private": asked.private,
        "spot": asked.spot,
    }
    for line in material.aws:
        if line.operation != "run-instances":
            continue
        one, kind = wanted[role(material, line)], line.value("--instance-type")
        if kind is not None and kind.is_literal and kind.text not in (one.instance_type, *one.accepted_types):
            yield Found(
                kind.place,
                f"the {role(material, line)} is judged as a {one.instance_type}, this launches a {kind.text}",
                f"write {one.instance_type}",
            )
        if role(material, line) == "bastion" and "--no-associate-public-ip-address" in line.options:
            yield Found(
                line.names["--no-associate-public-ip-address"].place,
                "the bastion gets no public address: nobody can log in",
                "write --associate-public-ip-address",
            )
        elif role(material, line) == "bastion" and "--associate-public-ip-address" not in line.options:
            yield Found(
                line.command.place,
                "the bastion's public address depends on the subnet",
                "add --associate-public-ip-address",
            )


@rule("RQ004", "error")
def all_are_launched(material: Material) -> Iterator[Found]:
    """Bastion, private instance and spot instance are each launched."""
    lines = [line for line in material.aws if line.operation == "run-instances"]
    missing = {"bastion", "private", "spot"} - {role(material, line) for line in lines}
    for name in sorted(missing) if lines else ():
        yield Found(lines[-1].command.place, f"no step launches the {name} instance", "add it")


@rule("RQ005", "error")
def containers(material: Material) -> Iterator[Found]:
    """Containers have the names, images and ports that the requirements are judged by."""
    asked = material.homework
    for line in material.docker:
        image = line.operands[0] if line.operands else None
        if line.name != "run" or image is None:
            continue
        name = next(iter(line.values("--name")), None)
        base = image.text.partition(":")[0]
        if base == asked.httpd.image.partition(":")[0]:
            yield from _compare(
                line,
                name,
                image,
                asked.httpd.container,
                asked.httpd.image,
                f"{asked.httpd.port}:{asked.httpd.container_port}",
            )
        elif base == asked.jupyter.image or (name and name.text == asked.jupyter.container):
            yield from _compare(
                line,
                name,
                image,
                asked.jupyter.container,
                asked.jupyter.image,
                f"{asked.jupyter.port}:{asked.jupyter.container_port}",
            )
        elif opens_container(line.command.argv) and (name is None or name.text != asked.docker.interactive):
            place = name.place if name else line.command.place
            yield Found(
                place,
                f"the interactive container is judged by the name {asked.docker.interactive}",
                f"write --name {asked.docker.interactive}",
            )


def _compare(
    line: DockerLine, name: Word | None, image: Word, container: str, wanted: str, ports: str
) -> Iterator[Found]:
    place = line.command.place
    if name is None or name.text != container:
        yield Found(
            name.place if name else place,
            f"the container is judged by the name {container}",
            f"write --name {container}",
        )
    if image.text.removesuffix(":latest") != wanted:
        yield Found(image.place, f"the container is judged to run from {wanted}, not {image.text}", f"write {wanted}")
    published = line.values("-p", "--publish")
    if not published:
        yield Found(place, "no port of the container is published: the browser finds nothing", f"add -p {ports}")
    elif all(forms.published(word.text) != ports for word in published):
        yield Found(published[0].place, f"the homework publishes {ports}, this {published[0].text}", f"write {ports}")


@rule("RQ006", "error")
def image_of_our_own(material: Material) -> Iterator[Found]:
    """The image is built under the name, and from a Dockerfile with the settings, that are judged."""
    asked = material.homework.jupyter
    for line in material.docker:
        for word in line.values("-t", "--tag") if line.name == "build" else ():
            if word.text != asked.image:
                yield Found(
                    word.place,
                    f"the image is judged by the name {asked.image}, not {word.text}",
                    f"write {asked.image}",
                )
    for block in material.blocks("dockerfile"):
        found = {one.name: one for one in instructions(block)}
        for name, wanted in (
            ("EXPOSE", str(asked.container_port)),
            ("VOLUME", asked.directory),
            ("WORKDIR", asked.directory),
        ):
            one = found.get(name)
            if one is None:
                others = [found[other].place for other in ("WORKDIR", "VOLUME", "EXPOSE") if other in found]
                place = max(others, key=lambda other: other.line, default=block.place)
                yield Found(place, f"jupyter.image asks for {name} {wanted}", f"add {name} {wanted}")
            elif one.value.strip('[]" ') != wanted:
                yield Found(
                    one.place, f"jupyter.image asks for {name} {wanted}, not {one.value}", f"write {name} {wanted}"
                )
        if not {"CMD", "ENTRYPOINT"} & set(found):
            last = list(found.values())[-1].place if found else block.place
            yield Found(last, "jupyter.image asks for a command that starts Jupyter", "add CMD")


@rule("RQ007", "error")
def libraries(material: Material) -> Iterator[Found]:
    """The Dockerfile installs every library that will be imported, and Jupyter itself."""
    for block in material.blocks("dockerfile"):
        runs = [command for one in instructions(block) if one.name == "RUN" for command in one.commands]
        installs = [command for command in runs if "install" in command.argv and "pip" in " ".join(command.argv[:4])]
        names = {re.split(r"[<>=!~\[;]", word)[0].lower() for command in installs for word in command.argv}
        for library in material.homework.jupyter.libraries:
            if library not in names:
                place = _beside(material, installs, library) or block.place
                yield Found(
                    place, f"jupyter.libraries asks for {library}, which the image does not get", f"install {library}"
                )
        if not {"jupyter", "notebook", "jupyterlab"} & names:
            last = installs[-1].place if installs else block.place
            yield Found(last, "the image does not get Jupyter", "install jupyter")


def _beside(material: Material, installs: list[Command], library: str) -> Place | None:
    """Return where the library is installed that the catalogue names before this one, else where the first install stands."""
    before = material.homework.jupyter.libraries[: material.homework.jupyter.libraries.index(library)]
    words = {word.text: word.place for command in installs for word in command.bare}
    first = installs[0].place if installs else None
    return next((words[one] for one in reversed(before) if one in words), first)


@rule("RQ010", "error")
def policy(material: Material) -> Iterator[Found]:
    """The group gets the policy that is judged."""
    wanted = material.homework.account.policy
    text = "\n".join(material.document.lines)
    clause = next(
        (
            s
            for s in material.document.sections
            if s.title == material.homework.requirements["account.admin-group"].clause
        ),
        None,
    )
    if wanted not in text:
        other = next(
            (run for prose in material.document.prose for run in prose.runs if re.fullmatch(r"\w+Access\w*", run.text)),
            None,
        )
        yield Found(
            other.place if other else clause.place if clause else Place(1),
            f"account.admin-group asks for {wanted}, which the document does not name",
            f"name {wanted}",
        )


@rule("RQ020", "error")
def policy_that_is_chosen(material: Material) -> Iterator[Found]:
    """The policy that a sentence has the reader attach is the one that is judged."""
    wanted = material.homework.account.policy
    for prose in material.document.prose:
        match = re.search(
            r"\b(?:select|attach|choose|add|tick|grant|give)\b[^.;]{0,30}?\b([A-Z]\w+Access)\b",
            prose.text,
            re.IGNORECASE,
        )
        if match and match[1] != wanted and not match[1].startswith("AmazonSageMaker"):
            run = next((run for run in prose.runs if match[1] in run.text), prose.runs[0])
            place = Place(run.place.line, run.place.col + max(run.text.find(match[1]), 0))
            yield Found(place, f"account.admin-group asks for {wanted}, not {match[1]}", f"write {wanted}")


@rule("RQ017", "error")
def words_of_answers(material: Material) -> Iterator[Found]:
    """Answers are asked for in as many words as they are judged by."""
    wanted = material.homework.answers.words
    for prose in material.document.prose:
        match = re.search(r"\b(\d+) words\b", prose.text) if "answer" in prose.text.lower() else None
        if match and int(match[1]) < wanted:
            run = next((run for run in prose.runs if match[0] in run.text), prose.runs[0])
            place = Place(run.place.line, run.place.col + max(run.text.find(match[0]), 0))
            yield Found(place, f"answers are judged by at least {wanted} words, not {match[1]}", f"write {wanted}")


@rule("RQ011", "error")
def notebook_instance(material: Material) -> Iterator[Found]:
    """The notebook instance is of a type that the catalogue names."""
    wanted = material.homework.sagemaker.notebook_instance_type
    for line in material.aws:
        for word in line.options.get("--instance-type", ()) if line.operation == "create-notebook-instance" else ():
            if word.text != wanted and word.is_literal:
                yield Found(
                    word.place, f"the homework's notebook instance is a {wanted}, not a {word.text}", f"write {wanted}"
                )


@rule("RQ013", "error")
def images_are_there(material: Material) -> Iterator[Found]:
    """The images that are judged to be on the bastion are pulled or run there."""
    had = {
        word.text.partition(":")[0]
        for line in material.docker
        if line.name in ("run", "pull")
        for word in line.operands[:1]
    }
    first = next((line for line in material.docker), None)
    for name in material.homework.docker.images if first else ():
        if name not in had:
            assert first is not None
            yield Found(
                first.command.place,
                f"docker.images asks for {name}, which no step pulls or runs",
                f"docker pull {name}",
            )


@rule("RQ014", "error")
def private_stays_private(material: Material) -> Iterator[Found]:
    """The private instance is only in the private group, the others not in it."""
    for line in material.aws:
        words = line.options.get("--security-group-ids", ())
        if line.operation == "run-instances" and len(words) > 1 and role(material, line) == "private":
            yield Found(
                words[1].place, "the private instance is judged to be in its own group only", f"remove {words[1].text}"
            )


@rule("RQ015", "error")
def names_printed_twice(material: Material) -> Iterator[Found]:
    """No two commands print the same placeholder: the second would replace the first."""
    seen: dict[str, int] = {}
    for line in material.aws:
        for name, _ in find(line.command.comment):
            at = line.command.place.line
            if name in seen and line.operation in ("run-instances", "create-security-group"):
                yield Found(
                    line.command.place,
                    f"{name} is printed by line {seen[name]} already, and means another thing there",
                    "call it otherwise",
                )
            seen.setdefault(name, at)
