"""The document against the catalogue: names, ports, types and deeds that the requirements will be judged by."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator

from harness.catalogue import Bastion, Private, Spot
from harness.material.classing import opens_container
from harness.material.document import Place, Word
from harness.material.finding import Found, rule
from harness.material.lines import AwsLine, DockerLine
from harness.material.material import Material
from harness.material.placeholders import find
from harness.material.rules.containers import DETACH
from harness.material.rules.dockerfiles import commands, instructions
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
    for line in lines:
        port, protocol, cidr = line.value("--port"), line.value("--protocol"), line.value("--cidr")
        side = _side(material, line)
        if port is None:
            continue
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
            yield Found(
                lines[-1].command.place,
                f"no step opens port {wanted} in the {side} group",
                f"add authorize-security-group-ingress for tcp {wanted}",
            )


def _wanted(material: Material) -> list[tuple[str, str]]:
    asked = material.homework
    ssh = str(asked.network.ssh_port)
    return [("public", ssh), ("private", ssh), ("public", str(asked.httpd.port)), ("public", str(asked.jupyter.port))]


def _side(material: Material, line: AwsLine) -> str:
    word = line.value("--group-id", "--group-name")
    return (
        "private"
        if word
        and (re.search("private", word.text, re.IGNORECASE) or word.text == material.homework.network.private_group)
        else "public"
    )


def role(line: AwsLine) -> str:
    """Return which of the homework's instances a launch makes."""
    if "--instance-market-options" in line.options:
        return "spot"
    groups = " ".join(word.text for word in line.options.get("--security-group-ids", ()))
    about = f"{groups} {line.command.comment}"
    return "private" if re.search("private", about, re.IGNORECASE) else "bastion"


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
        one, kind = wanted[role(line)], line.value("--instance-type")
        if kind is not None and kind.is_literal and kind.text not in (one.instance_type, *one.accepted_types):
            yield Found(
                kind.place,
                f"the {role(line)} is judged as a {one.instance_type}, this launches a {kind.text}",
                f"write {one.instance_type}",
            )
        if role(line) == "bastion" and "--no-associate-public-ip-address" in line.options:
            yield Found(
                line.names["--no-associate-public-ip-address"].place,
                "the bastion gets no public address: nobody can log in",
                "write --associate-public-ip-address",
            )
        elif role(line) == "bastion" and "--associate-public-ip-address" not in line.options:
            yield Found(
                line.command.place,
                "the bastion's public address depends on the subnet",
                "add --associate-public-ip-address",
            )


@rule("RQ004", "error")
def all_are_launched(material: Material) -> Iterator[Found]:
    """Bastion, private instance and spot instance are each launched."""
    lines = [line for line in material.aws if line.operation == "run-instances"]
    missing = {"bastion", "private", "spot"} - {role(line) for line in lines}
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
    if image.text != wanted:
        yield Found(image.place, f"the container is judged to run from {wanted}, not {image.text}", f"write {wanted}")
    published = line.values("-p", "--publish")
    if not published:
        yield Found(place, "no port of the container is published: the browser finds nothing", f"add -p {ports}")
    elif all(word.text != ports for word in published):
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
                yield Found(block.place, f"jupyter.image asks for {name} {wanted}", f"add {name} {wanted}")
            elif one.value.strip('[]" ') != wanted:
                yield Found(
                    one.place, f"jupyter.image asks for {name} {wanted}, not {one.value}", f"write {name} {wanted}"
                )
        if not {"CMD", "ENTRYPOINT"} & set(found):
            yield Found(block.place, "jupyter.image asks for a command that starts Jupyter", "add CMD")


@rule("RQ007", "error")
def libraries(material: Material) -> Iterator[Found]:
    """The Dockerfile installs every library that will be imported, and Jupyter itself."""
    for block in material.blocks("dockerfile"):
        runs = [command for one in instructions(block) if one.name == "RUN" for command in commands(block, one)]
        installs = [command for command in runs if "install" in command.argv and "pip" in " ".join(command.argv[:4])]
        names = {re.split(r"[<>=!~\[;]", word)[0].lower() for command in installs for word in command.argv}
        for library in material.homework.jupyter.libraries:
            if library not in names:
                place = installs[0].place if installs else block.place
                yield Found(
                    place, f"jupyter.libraries asks for {library}, which the image does not get", f"install {library}"
                )
        if not {"jupyter", "notebook", "jupyterlab"} & names:
            yield Found(block.place, "the image does not get Jupyter", "install jupyter")


@rule("RQ008", "error")
def spot_options(material: Material) -> Iterator[Found]:
    """The options file asks for a one-time spot instance, under the name that is judged."""
    name = material.homework.spot.options_file
    for block in material.blocks("json"):
        if '"MarketType"' not in block.text and "SpotOptions" not in block.text:
            continue
        if block.path and block.path != name:
            yield Found(
                Place(block.place.line - 1),
                f"the file is judged under the name {name}, not {block.path}",
                f"write {name}",
            )
        try:
            data = json.loads(block.text)
        except (ValueError, RecursionError):
            continue
        inner = data.get("SpotOptions") if isinstance(data, dict) else None
        if not isinstance(inner, dict):
            yield Found(block.place, "spot.options asks for SpotOptions with a MaxPrice", "add them")
            continue
        for holder, key, wanted in ((data, "MarketType", "spot"), (inner, "SpotInstanceType", "one-time")):
            if holder.get(key) != wanted:
                place = _line_of(block.text, f'"{key}"')
                yield Found(
                    block.at(place), f"spot.options asks for {key} {wanted}, not {holder.get(key)}", f'write "{wanted}"'
                )
        if "MaxPrice" not in inner:
            yield Found(block.place, "spot.options asks for a ceiling: MaxPrice is missing", "add it")


def _line_of(text: str, part: str) -> int:
    return text[: max(text.find(part), 0)].count("\n")


@rule("RQ009", "error")
def prices_of_what_is_launched(material: Material) -> Iterator[Found]:
    """The price that is looked up is that of the type that is launched as spot."""
    asked = material.homework.spot
    for line in material.aws:
        for word in line.options.get("--instance-types", ()) if line.operation == "describe-spot-price-history" else ():
            if word.text not in (asked.instance_type, *asked.accepted_types):
                yield Found(
                    word.place,
                    f"the spot instance is a {asked.instance_type}, the price looked up is that of a {word.text}",
                    f"write {asked.instance_type}",
                )
        if line.operation == "describe-spot-price-history" and "--region" in line.options:
            word = line.options["--region"][0]
            if word.is_literal and "YOUR" not in word.text:
                yield Found(
                    word.place,
                    f"the price of {word.text} is looked up, the instance is launched in the reader's region",
                    "leave --region out",
                )
        for word in line.options.get("--product-descriptions", ()):
            if word.is_literal and word.text not in _PRODUCTS:
                yield Found(
                    word.place,
                    f"no prices: there is no product {word.text!r}",
                    meant(word.text, _PRODUCTS, "write Linux/UNIX"),
                )


_PRODUCTS = (
    "Linux/UNIX",
    "Linux/UNIX (Amazon VPC)",
    "SUSE Linux",
    "SUSE Linux (Amazon VPC)",
    "Windows",
    "Windows (Amazon VPC)",
    "Red Hat Enterprise Linux",
)


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
        yield Found(
            clause.place if clause else Place(1),
            f"account.admin-group asks for {wanted}, which the document does not name",
            f"name {wanted}",
        )


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


def _aws(operation: str) -> Callable[[Material], bool]:
    return lambda material: any(line.operation == operation for line in material.aws)


def _docker(*words: str) -> Callable[[Material], bool]:
    return lambda material: any(all(word in line.command.argv for word in words) for line in material.docker)


def _program(*words: str) -> Callable[[Material], bool]:
    return lambda material: any(command.argv[: len(words)] == words for command in material.commands)


def _text(pattern: str) -> Callable[[Material], bool]:
    return lambda material: any(re.search(pattern, prose.text, re.IGNORECASE) for prose in material.document.prose)


def _either(*ways: Callable[[Material], bool]) -> Callable[[Material], bool]:
    return lambda material: any(way(material) for way in ways)


def _hops(material: Material) -> bool:
    return sum(command.name == "ssh" for command in material.commands) >= 2


def _detaches(material: Material) -> bool:
    return any(DETACH.search(part.text) for part in material.document.parts)


def _attaches_and_exits(material: Material) -> bool:
    attach = next((c.place.line for c in material.commands if c.argv[:2] == ("docker", "attach")), None)
    return attach is not None and any(
        c.name == "exit" and c.machine == "container" and c.place.line > attach for c in material.commands
    )


def _removes(container: str) -> Callable[[Material], bool]:
    return lambda material: any(
        line.name == "rm" and any(word.text == container for word in line.operands) for line in material.docker
    )


# What a document must have its reader do, in code or in words, for a requirement to be met at all.
DEEDS: dict[str, Callable[[Material], bool]] = {
    "account.iam-user": _text(r"\b(?:create|add)\b.{0,40}\buser"),
    "account.not-root": _text(r"IAM user|\broot\b"),
    "account.cli": _either(_program("aws", "configure"), _text(r"\baws configure\b")),
    "account.key-pair": _either(_text(r"create.{0,30}key ?pair"), _aws("create-key-pair")),
    "account.key-mode": _program("chmod"),
    "account.ssh-agent": _program("ssh-add"),
    "account.billing-alert": _text(r"budget|billing al(?:ert|arm)"),
    "network.default-vpc": _either(_aws("create-default-vpc"), _aws("describe-vpcs")),
    "network.public-sg": _aws("create-security-group"),
    "network.public-ssh": _aws("authorize-security-group-ingress"),
    "bastion.launched": _aws("run-instances"),
    "bastion.ssh": _program("ssh"),
    "private.agent-forwarding": _hops,
    "private.terminated": _aws("terminate-instances"),
    "docker.engine": _either(_program("apt-get", "install"), lambda m: any("docker-ce" in c.argv for c in m.commands)),
    "docker.hello-world": _docker("run", "hello-world"),
    "docker.remove": _docker("rm"),
    "docker.interactive": lambda m: any(opens_container(line.command.argv) and line.name == "run" for line in m.docker),
    "docker.detach": _detaches,
    "docker.attach-exit": _attaches_and_exits,
    "docker.restart": _docker("start"),
    "docker.force-remove": _either(_docker("rm", "-f"), _docker("rm", "--force")),
    "docker.images": _docker("pull"),
    "httpd.container": lambda m: any(line.name == "run" and m.homework.httpd.container in line.command.argv for line in m.docker),
    "httpd.reachable": lambda m: _text(rf":{m.homework.httpd.port}\b")(m) or any(f":{m.homework.httpd.port}" in " ".join(c.argv) and c.name == "curl" for c in m.commands),
    "httpd.live-edit": _text(r"\b(?:edit|change)\b.{0,60}index\.html|index\.html.{0,60}\b(?:edit|change)"),
    "jupyter.image": _docker("build"),
    "jupyter.container": lambda m: any(line.name == "run" and m.homework.jupyter.image in line.command.argv for line in m.docker),
    "jupyter.token": _docker("logs"),
    "jupyter.login": lambda m: _text(rf":{m.homework.jupyter.port}\b")(m),
    "jupyter.executes": _text(r"\b(?:run|execute)\b.{0,60}\bcell"),
    "jupyter.removed": lambda m: _removes(m.homework.jupyter.container)(m),
    "sagemaker.notebook-instance": _either(_aws("create-notebook-instance"), _text(r"create.{0,30}notebook instance")),
    "sagemaker.notebook-saved": _text(r"notebook.{0,80}\bsave|save.{0,80}notebook"),
    "kmeans.trained": _either(lambda m: any("KMeans(" in b.text for b in m.blocks("python")), _text(r"k-?means")),
    "kmeans.resources": _either(_aws("list-endpoints"), _text(r"resources the example created")),
    "sagemaker.cleaned": _either(_aws("delete-endpoint"), _text(r"delet\w+.{0,40}endpoint")),
    "spot.price": _aws("describe-spot-price-history"),
    "spot.options": lambda m: any("SpotOptions" in block.text for block in m.blocks("json")),
    "spot.launched": lambda m: any("--instance-market-options" in line.options for line in m.aws),
    "spot.terminated": lambda m: any(line.operation == "terminate-instances" and any("spot" in w.text.lower() for w in line.options.get("--instance-ids", ())) for line in m.aws),
    "quota.gpu-vcpus": _either(_aws("request-service-quota-increase"), _text(r"\b(?:quota increase|limit request)")),
    "answers.sagemaker-value": _text(r"sagemaker help"),
    "answers.pros-cons": _text(r"advantages.{0,12}disadvantages"),
    "answers.integration": _text(r"sagemaker.{0,30}other AWS services"),
    "answers.algorithms": _text(r"(?:which|what) algorithms?"),
    "answers.other-clouds": _text(r"other cloud (?:service )?providers"),
    "final.instances-terminated": lambda m: sum(len(line.options.get("--instance-ids", ())) for line in m.aws if line.operation == "terminate-instances") >= 3,
    "final.turn-in": _text(r"message.{0,120}(?:instances|terminated)"),
}  # fmt: skip


@rule("RQ012", "error")
def deeds(material: Material) -> Iterator[Found]:
    """For every requirement the document has its reader do what will be judged."""
    titles = {section.title: section for section in material.document.sections}
    for id, is_done in DEEDS.items():
        requirement = material.homework.requirements.get(id)
        if requirement is not None and not is_done(material):
            section = titles.get(requirement.clause)
            yield Found(
                section.place if section else Place(1),
                f"no step does what {id} will be judged by: {requirement.statement}",
                requirement.hint,
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
        if line.operation == "run-instances" and len(words) > 1 and role(line) == "private":
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
