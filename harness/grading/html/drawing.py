"""What was built, as boxes: the account's network, instances, containers and SageMaker, each with its verdict.

The boxes follow the recorded facts. Where a fact is missing, because the homework lacks the thing or nobody looked,
a box of the name that the catalogue has says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from harness.catalogue import Homework
from harness.facts.account import Caller, KeyPair, User, Watches
from harness.facts.containers import Container, Engine, Greeting, Shell
from harness.facts.httpd import Server
from harness.facts.instances import Instance
from harness.facts.kmeans import Endpoint, Predictions, Quality, TrainingData, TrainingJob
from harness.facts.launches import Launch
from harness.facts.network import Group, Vpc
from harness.facts.quota import Quota
from harness.facts.sagemaker import NotebookInstance
from harness.facts.spot import Options, Prices
from harness.grading.html.boxes import Arrow, Box
from harness.grading.masking import mask
from harness.verdict import Verdict

T = TypeVar("T")
SHOWN = 90
"""Characters of one line."""
_WORST: tuple[Verdict, ...] = ("not met", "not judged", "met")


@dataclass(frozen=True)
class Builder:
    """Makes boxes of facts: ``verdicts`` are by requirement, ``facts`` by fixture."""

    homework: Homework
    facts: Mapping[str, object]
    verdicts: Mapping[str, Verdict]

    def all(self) -> Box:
        """Return the whole drawing."""
        return Box("all", "", direction="row", inside=(self.you(), self.region()), narrowest=300)

    def fact(self, name: str, kind: type[T]) -> T | None:
        """Return a fact, or nothing where it was not seen."""
        value = self.facts.get(name)
        return value if isinstance(value, kind) else None

    def box(self, kind: str, title: str, *lines: str | None, of: str = "", **more: object) -> Box:
        """Return a box that the requirements named in ``of`` judge; a name that ends with a dot is a whole stage."""
        ids = tuple(id for word in of.split() for id in self._named(word))
        shown = tuple(_cut(line) for line in lines if line)
        return Box(kind, _cut(title), shown, self.together(ids), ids, **more)  # type: ignore[arg-type]

    def _named(self, word: str) -> tuple[str, ...]:
        if not word.endswith("."):
            return (word,) if word in self.verdicts else ()
        return tuple(id for id in self.verdicts if id.startswith(word))

    def together(self, ids: tuple[str, ...]) -> Verdict | None:
        """Return the worst of several verdicts, nothing where none was reached."""
        found = {self.verdicts[id] for id in ids if id in self.verdicts}
        return next((verdict for verdict in _WORST if verdict in found), None)

    def way(self, label: str, of: str) -> Arrow:
        """Return an arrow that a requirement judges."""
        return Arrow(label, self.together(tuple(of.split())))

    def you(self) -> Box:
        """Return the workstation and the account's user."""
        user, caller = self.fact("user", User), self.fact("caller", Caller)
        pair, seen = self.fact("key_pair", KeyPair), self.fact("watches", Watches)
        watches = ", ".join(one.name for one in seen.working) if seen else None
        group = ", ".join(one.name for one in user.groups) if user else ""
        return self.box(
            "you", "Workstation", weight=0.34, inside=(
                self.box("part", f"IAM user {user.name}" if user else "IAM user", f"in {group}" if group else None,
                         of="account.iam-user account.admin-group account.not-root"),
                self.box("part", "aws command", caller.account if caller else None, of="account.cli"),
                self.box("part", f"Key pair {pair.name}" if pair else "Key pair", pair.type if pair else None,
                         of="account.key-pair account.key-mode"),
                self.box("part", "ssh agent", of="account.ssh-agent"),
                self.box("part", "Spend is watched", watches,
                         of="account.billing-alert"),
                self.quota(),
            ),
        )  # fmt: skip

    def quota(self) -> Box:
        """Return the quota of the later homeworks."""
        quota = self.fact("gpu_quota", Quota)
        seen = f"{quota.value:g} now; {quota.history}" if quota else None
        return self.box("part", "P-instance quota", seen, of="quota.gpu-vcpus")

    def region(self) -> Box:
        """Return the region: network and SageMaker."""
        vpc = self.fact("default_vpc", Vpc)
        return self.box(
            "region", f"Region {vpc.region}" if vpc else "Region", direction="row", narrowest=250,
            arrow=self.way("ssh, http", "bastion.ssh"), inside=(self.vpc(vpc), self.sagemaker()),
        )  # fmt: skip

    def vpc(self, vpc: Vpc | None) -> Box:
        """Return the network and what is in it."""
        return self.box(
            "vpc", f"Default VPC {vpc.id}" if vpc else "Default VPC", vpc.cidr if vpc else "not seen",
            of="network.default-vpc", weight=1.55, inside=(self.public(), self.private(), self.spot()),
        )  # fmt: skip

    def public(self) -> Box:
        """Return the public group, its rules, and the bastion in it."""
        asked = self.homework
        group = self.fact("web_group", Group) or self.fact("public_group", Group)
        doors = Box("rules", "", direction="row", narrowest=90, inside=(
            self.rule(group, asked.network.ssh_port, "network.public-ssh"),
            self.rule(group, asked.httpd.port, "network.public-8003"),
            self.rule(group, asked.jupyter.port, "network.public-8800"),
        ))  # fmt: skip
        title = f"{group.name} {group.id}" if group else asked.network.public_group
        return self.box("group", title, _missing(group), of="network.public-sg", inside=(doors, self.bastion()))

    def rule(self, group: Group | None, port: int, of: str) -> Box:
        """Return what a group says of a port."""
        said = group.sources("tcp", port) if group else "not seen"
        anywhere = group is not None and group.admits("tcp", port, self.homework.network.anywhere)
        return self.box("rule", f"tcp {port}", "from anywhere" if anywhere else said, of=of)

    def bastion(self) -> Box:
        """Return the bastion and its containers."""
        instance = self.fact("bastion", Instance)
        return self.box(
            "instance", "Bastion", *_described(instance), of="bastion.", inside=(self.docker(), self.containers()),
        )  # fmt: skip

    def docker(self) -> Box:
        """Return the engine on the bastion."""
        engine = self.fact("engine", Engine)
        seen = f"{engine.package} {engine.package_version}, engine {engine.version}" if engine else "not seen"
        return self.box("part", "Docker Engine", seen, of="docker.engine docker.images")

    def containers(self) -> Box:
        """Return the containers of the homework."""
        asked = self.homework
        server, notebook = self.fact("web_server", Server), self.fact("notebook_container", Container)
        shell, greeting = self.fact("shell", Shell), self.fact("greeting", Greeting)
        life = "docker.interactive docker.detach docker.attach-exit docker.restart docker.force-remove"
        return Box("rules", "", direction="row", inside=(
            self.container(asked.httpd.container, server.container if server else None, "httpd."),
            self.container(asked.jupyter.container, notebook, "jupyter."),
            self.container(asked.docker.interactive, shell.container if shell else None, life),
            self.container("hello-world", greeting.container if greeting else None, "docker.hello-world docker.remove"),
        ))  # fmt: skip

    def container(self, name: str, container: Container | None, of: str) -> Box:
        """Return a container with its image and ports."""
        if container is None:
            return self.box("container", name, "not seen", of=of)
        ports = ", ".join(f"{port.host_port} → {port.container_port}" for port in container.ports)
        called = f"called {container.name}" if container.name != name else None
        return self.box("container", name, called, f"from {container.image_name}", ports or None, of=of)

    def private(self) -> Box:
        """Return the private group and the instance in it."""
        asked, group = self.homework, self.fact("private_group", Group)
        port = asked.network.ssh_port
        title = f"{group.name} {group.id}" if group else asked.network.private_group
        launch = self.fact("private_launch", Launch)
        described = _described(launch.instance if launch else None)
        return self.box(
            "group", title, _missing(group), of="network.private-sg",
            arrow=self.way("ssh through the forwarded agent", "private.agent-forwarding"),
            inside=(
                self.rule(group, port, "network.private-ssh"),
                self.box("instance", "Private instance", *described, of="private."),
            ),
        )  # fmt: skip

    def spot(self) -> Box:
        """Return the spot instance and what it costs."""
        instance, prices = self.fact("spot_instance", Instance), self.fact("prices", Prices)
        options = self.fact("spot_options", Options)
        price = f"{_usd(prices.lowest)} $/h, {_usd(prices.ordinary)} on demand" if prices and prices.spot else None
        ceiling = f"ceiling {_usd(options.ceiling)} $/h" if options and options.ceiling is not None else None
        return self.box("instance", "Spot instance", *_described(instance), price, ceiling, of="spot.")

    def sagemaker(self) -> Box:
        """Return the notebook instance and the k-means example."""
        notebook, data = self.fact("notebook_instance", NotebookInstance), self.fact("training_data", TrainingData)
        job, quality = self.fact("training_job", TrainingJob), self.fact("quality", Quality)
        centroids = f"{job.centroids[0]} centroids × {job.centroids[-1]}" if job and job.centroids else None
        return self.box("region", "SageMaker", of="sagemaker.cleaned kmeans.resources", inside=(
            self.box("service", "Notebook instance", f"{notebook.name}, {notebook.status}" if notebook else None,
                     of="sagemaker.notebook-instance sagemaker.notebook-saved"),
            self.box("service", "Digits in S3", f"{data.rows} rows of {', '.join(map(str, data.widths))}"
                     if data else "not seen", of="kmeans.training-data"),
            self.box("service", "Training job", job.name if job else "not seen", job.status if job else None, centroids,
                     of="kmeans.trained", arrow=self.way("is read by", "kmeans.training-data")),
            self.endpoint(),
            self.box("service", "Clusters", f"purity {quality.purity:.2f} of {quality.rows} digits" if quality
                     else "not seen", of="kmeans.quality", arrow=self.way("predicts", "kmeans.predicts")),
        ))  # fmt: skip

    def endpoint(self) -> Box:
        """Return the endpoint and its answers."""
        endpoint, answers = self.fact("endpoint", Endpoint), self.fact("predictions", Predictions)
        asked = f"{len(answers.answers)} of {answers.asked} digits answered" if answers else None
        return self.box(
            "service", "Endpoint", f"{endpoint.name}, {endpoint.status}" if endpoint else "not seen", asked,
            of="kmeans.endpoint kmeans.predicts", arrow=self.way("its model is served by", "kmeans.trained"),
        )  # fmt: skip


def _cut(text: str) -> str:
    shown = mask(text, 4 * SHOWN)
    return shown if len(shown) <= SHOWN else shown[:SHOWN] + "… (cut)"


def _usd(amount: Decimal) -> str:
    return f"{amount.normalize():f}"


def _missing(thing: object | None) -> str | None:
    return None if thing is not None else "not seen"


def _described(instance: Instance | None) -> tuple[str | None, ...]:
    if instance is None:
        return ("not seen",)
    address = instance.public_ip or instance.private_ip
    system = f"Ubuntu {instance.image.release}" if instance.image.release else instance.image.id
    return (f"{instance.id}, {instance.type}", f"{system}, {address}")
