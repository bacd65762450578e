"""What a document must have its reader do, in code or in words, for each requirement to be met at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from harness.material.classing import opens_container
from harness.material.document import Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.rules.containers import DETACH


def _aws(operation: str) -> Callable[[Material], bool]:
    return lambda material: any(line.operation == operation for line in material.aws)


def _docker(*words: str) -> Callable[[Material], bool]:
    return lambda material: any(all(word in line.command.argv for word in words) for line in material.docker)


def _program(*words: str) -> Callable[[Material], bool]:
    return lambda material: any(command.argv[: len(words)] == words for command in material.commands)


def _text(pattern: str) -> Callable[[Material], bool]:
    return lambda material: any(re.search(pattern, prose.text, re.IGNORECASE) for prose in material.document.prose)


def _told(pattern: str) -> Callable[[Material], bool]:
    """Look for it in sentences: a heading alone tells nobody to do anything."""
    return lambda material: any(
        re.search(pattern, prose.text, re.IGNORECASE) for prose in material.document.prose if prose.kind != "heading"
    )


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


def _runs(material: Material, container: str) -> bool:
    return any(
        line.name == "run" and container in [word.text for word in line.values("--name")] for line in material.docker
    )


# What a document must have its reader do, in code or in words, for a requirement to be met at all.
DEEDS: dict[str, Callable[[Material], bool]] = {
    "account.iam-user": _text(r"\b(?:create|add)\b.{0,40}\buser"),
    "account.not-root": _text(r"IAM user|\broot\b"),
    "account.cli": _either(lambda m: any(line.service == "configure" for line in m.aws), _text(r"\baws configure\b")),
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
    "httpd.container": lambda m: _runs(m, m.homework.httpd.container),
    "httpd.reachable": lambda m: _text(rf":{m.homework.httpd.port}\b")(m) or any(f":{m.homework.httpd.port}" in " ".join(c.argv) and c.name == "curl" for c in m.commands),
    "httpd.live-edit": _text(r"\b(?:edit|change)\b.{0,60}index\.html|index\.html.{0,60}\b(?:edit|change)"),
    "jupyter.image": _docker("build"),
    "jupyter.container": lambda m: any(line.name == "run" and m.homework.jupyter.image in [word.text.removesuffix(":latest") for word in line.operands] for line in m.docker),
    "jupyter.token": _docker("logs"),
    "jupyter.login": lambda m: _text(rf":{m.homework.jupyter.port}\b")(m),
    "jupyter.executes": _text(r"\b(?:run|execute)\b.{0,60}\bcell"),
    "jupyter.removed": lambda m: _removes(m.homework.jupyter.container)(m),
    "sagemaker.notebook-instance": _either(_aws("create-notebook-instance"), _text(r"create.{0,30}notebook instance")),
    "sagemaker.notebook-saved": _told(r"\bsav(?:e|ing)\b"),
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
