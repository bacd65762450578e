"""What a document must have its reader do, in code or in words, for each requirement to be met at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from harness.catalogue import Requirement
from harness.material.classing import opens_container
from harness.material.document import Command, Place
from harness.material.finding import Found, rule
from harness.material.lines import AwsLine, DockerLine
from harness.material.material import Material
from harness.material.rules.containers import DETACH
from harness.material.tables import table

Deed = Callable[[Material], Place | None]
"""Returns where the reader is first told to do something, ``None`` where nothing says so."""


def _aws(operation: str) -> Deed:
    return _aws_line(lambda _, line: line.operation == operation)


def _aws_line(is_one: Callable[[Material, AwsLine], object]) -> Deed:
    return lambda material: next((line.command.place for line in material.aws if is_one(material, line)), None)


def _docker(*words: str) -> Deed:
    return _docker_line(lambda _, line: all(word in line.command.argv for word in words))


def _docker_line(is_one: Callable[[Material, DockerLine], object]) -> Deed:
    return lambda material: next((line.command.place for line in material.docker if is_one(material, line)), None)


def _program(*words: str) -> Deed:
    return _command(lambda _, command: command.argv[: len(words)] == words)


def _command(is_one: Callable[[Material, Command], object]) -> Deed:
    return lambda material: next((command.place for command in material.commands if is_one(material, command)), None)


def _block(kind: str, pattern: str) -> Deed:
    return lambda material: next(
        (b.place for b in material.document.blocks if b.kind == kind and re.search(pattern, b.text)), None
    )


def _text(pattern: str) -> Deed:
    return lambda material: next(_saying(material, pattern), None)


def _told(pattern: str) -> Deed:
    """Look for it in sentences: a heading alone tells nobody to do anything."""
    return lambda material: next(_saying(material, pattern, but="heading"), None)


def _saying(material: Material, pattern: str, *, but: str = "", after: int = 0) -> Iterator[Place]:
    """Yield the paragraphs that say something, not that it is not so, each at the line in which its words begin."""
    for prose in material.document.prose:
        is_meant = prose.kind != but and prose.place.line >= after
        matches = re.finditer(pattern, prose.text, re.IGNORECASE) if is_meant else iter(())
        match = next((one for one in matches if not _is_denied(prose.text[: one.start()])), None)
        if match:
            word = match[0].split(maxsplit=1)[0]
            yield next((run.place for run in prose.runs if word in run.text), prose.place)


def _is_denied(before: str) -> bool:
    """Say whether the words before something tell the reader not to do it: none of a condition, as "if you have no"."""
    sentence = re.split(r"[.;:!?]\s", before)[-1]
    return bool(DENIAL.search(sentence)) and not CONDITION.search(sentence)


def _either(*ways: Deed) -> Deed:
    return lambda material: next((place for way in ways if (place := way(material))), None)


def _hops(material: Material) -> Place | None:
    logins = [command.place for command in material.commands if command.name == "ssh"]
    return logins[1] if len(logins) > 1 else None


def _detaches(material: Material) -> Place | None:
    return next((part.place for part in material.document.parts if DETACH.search(part.text)), None)


def _attaches_and_exits(material: Material) -> Place | None:
    attach = _docker("attach")(material)
    ends = [c.place for c in material.commands if c.name == "exit" and c.machine == "container"]
    return next((place for place in ends if attach and place.line > attach.line), None)


def _removes(material: Material, container: str) -> Place | None:
    is_one: Deed = _docker_line(
        lambda _, line: line.name == "rm" and container in [word.text for word in line.operands]
    )
    return is_one(material)


DENIAL = re.compile(
    r"\b(?:(?:do|need|should|must|may|can) ?not|(?:do|need|should|must|ca)n['’]t|never|no|without|rather than|instead of)(?: \w+){0,2}\s+$",
    re.IGNORECASE,
)
"""Words right before what the reader is not to do."""
CONDITION = re.compile(r"\b(?:if|unless|when|where|once|forget)\b", re.IGNORECASE)

REMOVED = r"\bremov\w+ the (?:container\b.{0,30}\b(?:notebook|jupyter)|(?:notebook|jupyter) container)"
"""Words that have the reader remove the container of the notebook server."""


def _runs(material: Material, line: DockerLine) -> bool:
    return line.name == "run" and material.homework.httpd.container in [word.text for word in line.values("--name")]


def _runs_our_image(material: Material, line: DockerLine) -> bool:
    return line.name == "run" and material.homework.jupyter.image in [
        word.text.removesuffix(":latest") for word in line.operands
    ]


def _terminated(material: Material) -> list[Place]:
    """Return where the reader is told to terminate an instance: in words, or by a command, once for each of its ids."""
    said = r"\bterminat\w+ (?:the|your|this|that) (?:\w+ )?instances?\b"
    places = list(_saying(material, said, but="heading"))
    for line in material.aws:
        if line.operation == "terminate-instances" and not any(
            0 <= line.command.place.line - one.line <= 4 for one in places
        ):
            places += [line.command.place] * len(line.options.get("--instance-ids", ()))
        elif line.operation == "terminate-instances":  # the words announce this command
            places += [line.command.place] * (len(line.options.get("--instance-ids", ())) - 1)
    return places


def _spot_terminated(material: Material) -> Place | None:
    launch = next((line.command.place for line in material.aws if "--instance-market-options" in line.options), None)
    by_command: Deed = _aws_line(
        lambda _, line: (
            line.operation == "terminate-instances"
            and any("spot" in w.text.lower() for w in line.options.get("--instance-ids", ()))
        )
    )
    said = (
        _saying(
            material, r"\bterminat\w+ (?:the|your|this|that) (?:spot )?instances?\b", but="heading", after=launch.line
        )
        if launch
        else iter(())
    )
    return by_command(material) or next(said, None)


INSTANCES = 3
"""Bastion, private instance and spot instance."""


# What a document must have its reader do, in code or in words, for a requirement to be met at all.
DEEDS: dict[str, Deed] = {
    "account.iam-user": _text(r"\b(?:create|add)\b.{0,40}\buser"),
    "account.not-root": _text(r"IAM user|\broot\b"),
    "account.cli": _either(_aws_line(lambda _, line: line.service == "configure"), _text(r"\baws configure\b")),
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
    "docker.engine": _either(_program("apt-get", "install"), _command(lambda _, c: "docker-ce" in c.argv)),
    "docker.hello-world": _docker("run", "hello-world"),
    "docker.remove": _docker("rm"),
    "docker.interactive": _docker_line(lambda _, line: opens_container(line.command.argv) and line.name == "run"),
    "docker.detach": _detaches,
    "docker.attach-exit": _attaches_and_exits,
    "docker.restart": _docker("start"),
    "docker.force-remove": _docker_line(lambda m, line: line.name == "rm" and line.has("-f", "--force") and m.homework.docker.interactive in [word.text for word in line.operands]),
    "docker.images": _docker("pull"),
    "httpd.container": _docker_line(_runs),
    "httpd.reachable": _either(lambda m: _text(rf":{m.homework.httpd.port}\b")(m), _command(lambda m, c: c.name in ("curl", "wget") and f":{m.homework.httpd.port}" in " ".join(c.argv))),
    "httpd.live-edit": _text(r"\b(?:edit|change)\b.{0,60}index\.html|index\.html.{0,60}\b(?:edit|change)"),
    "jupyter.image": _docker("build"),
    "jupyter.container": _docker_line(_runs_our_image),
    "jupyter.token": _docker("logs"),
    "jupyter.login": lambda m: _text(rf":{m.homework.jupyter.port}\b")(m),
    "jupyter.executes": _text(r"\b(?:run|execute)\b.{0,60}\bcell"),
    "jupyter.removed": _either(lambda m: _removes(m, m.homework.jupyter.container), _told(REMOVED)),
    "sagemaker.notebook-instance": _either(_aws("create-notebook-instance"), _text(r"create.{0,30}notebook instance")),
    "sagemaker.notebook-saved": _told(r"\bsav(?:e|ing)\b"),
    "kmeans.trained": _either(_block("python", r"KMeans\("), _text(r"k-?means")),
    "kmeans.resources": _either(_aws("list-endpoints"), _text(r"resources the example created")),
    "sagemaker.cleaned": _either(_aws("delete-endpoint"), _text(r"delet\w+.{0,40}endpoint")),
    "spot.price": _aws("describe-spot-price-history"),
    "spot.options": _block("json", "SpotOptions"),
    "spot.launched": _aws_line(lambda _, line: "--instance-market-options" in line.options),
    "spot.terminated": _spot_terminated,
    "quota.gpu-vcpus": _either(_aws("request-service-quota-increase"), _text(r"\b(?:quota increase|limit request)")),
    "answers.sagemaker-value": _text(r"sagemaker help"),
    "answers.pros-cons": _text(r"advantages.{0,12}disadvantages"),
    "answers.integration": _text(r"sagemaker.{0,30}other AWS services"),
    "answers.algorithms": _text(r"(?:which|what) algorithms?"),
    "answers.other-clouds": _text(r"other cloud (?:service )?providers"),
    "final.instances-terminated": lambda m: next(iter(_terminated(m)[INSTANCES - 1 :]), None),
    "final.turn-in": _text(r"message.{0,160}\bterminated"),
}  # fmt: skip


@rule("RQ012", "error")
def deeds(material: Material) -> Iterator[Found]:
    """For every requirement the document has its reader do what will be judged."""
    places = {id: is_done(material) for id, is_done in DEEDS.items()}
    for id, place in places.items():
        requirement = material.homework.requirements.get(id)
        if requirement is not None and place is None:
            message = f"no step does what {id} will be judged by: {requirement.statement}"
            yield Found(_hole(material, requirement, places), message, requirement.hint, is_missing=True)


def _hole(material: Material, requirement: Requirement, places: dict[str, Place | None]) -> Place:
    """Return where what is missing belongs: between what comes before and after it, at the words that are most like it.

    Where the document has the requirement's clause, that is in this clause.
    """
    section = next((one for one in material.document.sections if one.title == requirement.clause), None)
    order = list(places)
    at = order.index(requirement.id)
    first = next((place for id in reversed(order[:at]) if (place := places[id])), Place(1))
    last = next(
        (place.line for id in order[at:] if (place := places[id]) and place.line > first.line),
        len(material.document.lines),
    )
    wanted = _words(f"{requirement.statement} {requirement.hint}")
    best, where = _ALIKE - 1, section.place if section else _below(material, first)
    for place, text in _said(material):
        is_near = first.line <= place.line <= last
        likeness = len(wanted & _words(text)) if is_near and (section is None or place.line > section.place.line) else 0
        if likeness > best:
            best, where = likeness, place
    return where


_ALIKE = 3
"""So many words in common tell where something was said."""


def _below(material: Material, place: Place) -> Place:
    """Return the place after what stands at a place: of a command the end of its block."""
    block = next(
        (
            one
            for one in material.document.blocks
            if one.place.line <= place.line < one.place.line + one.text.count("\n")
        ),
        None,
    )
    return Place(block.place.line + block.text.count("\n")) if block else place


def _said(material: Material) -> Iterator[tuple[Place, str]]:
    """Yield the commands, then the lines of the text, with their places."""
    yield from ((command.place, str(command)) for command in material.commands)
    for prose in material.document.prose:
        yield from ((run.place, run.text) for run in prose.runs)


def _words(text: str) -> set[str]:
    small = table("terms")["small"]["english"]
    return {word.removesuffix("s") for word in re.findall(r"[a-z]{3,}", text.lower()) if word not in small}
