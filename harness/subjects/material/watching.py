"""Watches a document being followed: looks at things in their moments, and does what only a subject knows how to do."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from harness.aws import sagemaker_kinds as kinds
from harness.errors import HarnessError
from harness.facts.containers import Command
from harness.material.following.deeds import Deed, Guide, Mended, Outcome
from harness.subjects.material.mending import Mending

if TYPE_CHECKING:
    from harness.subjects.material.doing import Doing

# What of SageMaker's is about to end with these operations, so that it must have been looked at.
ENDING = (
    "delete-endpoint", "delete-endpoint-config", "delete-model", "stop-notebook-instance", "delete-notebook-instance",
)  # fmt: skip


class Watch(Guide):
    """The guide of the material subject."""

    def __init__(self, subject: Doing) -> None:
        self.subject = subject
        self.mending = Mending(subject)
        self.inside = ""
        self.depth = 0
        self.forwards = False
        self.has_begun = False
        self.is_bastion_gone = self.uses_docker = False
        self.seen: set[str] = set()

    # Before.

    def before(self, deed: Deed) -> None:
        """Look at what is about to be used, changed or ended; what cannot be seen is for its own requirement to say."""
        with contextlib.suppress(HarnessError):
            self._before(deed)

    def _before(self, deed: Deed) -> None:
        self.depth = self.subject.follower.remote.depth
        if deed.kind == "action":
            self._before_action(deed)
        elif deed.machine == "workstation":
            self._before_here(deed)
        elif deed.kind == "command":
            self._before_there(deed)

    def _before_here(self, deed: Deed) -> None:
        if deed.argv[:1] == ("aws",) and deed.argv[1:2] != ("configure",) and not self.has_begun:
            self._begin()
        if deed.argv[:1] == ("ssh",):
            self._before_login(deed)
        if deed.argv[:1] == ("curl",):
            self.subject.note(self.subject.network.open_web_ports)
        if deed.is_aws("ec2", "terminate-instances"):
            self._before_end(deed.values("--instance-ids"))
        if deed.is_aws("sagemaker", *ENDING) or deed.is_aws("s3", "rb", "rm"):
            self._see_sagemaker()
        if deed.is_aws("ec2", "revoke-security-group-ingress", "delete-security-group"):
            self.subject.note(self.subject.network.open_web_ports)
            self._see_web()

    def _begin(self) -> None:
        """Look at who works, with which command, when the first command to AWS is given."""
        self.has_begun = True
        account = self.subject.account
        self.subject.note(account.user, account.cli)
        self.subject.note(self.mending.ensure_configured, account.caller)

    def _before_login(self, deed: Deed) -> None:
        subject = self.subject
        self.forwards = any(re.fullmatch(r"-\w*A\w*", word) for word in deed.argv)
        subject.note(subject.account.key_pair, subject.account.key_file, subject.account.agent)
        subject.note(subject.network.vpc, subject.network.public_group, subject.instances.bastion_launch)

    def _before_there(self, deed: Deed) -> None:
        subject, verbs = self.subject, deed.bare[1:2]
        if deed.bare[:1] == ("ssh",):
            subject.note(subject.network.private_group, subject.network.private_door, subject.instances.private_launch)
        if deed.bare[:1] != ("docker",):
            return
        if (
            verbs == ("rm",)
            and {"-f", "--force"} & set(deed.bare)
            and self._names(deed, subject.homework.docker.interactive)
        ):
            subject.containers.try_without_force(subject.homework.docker.interactive)
        if verbs in (("rm",), ("stop",), ("kill",)):
            self._before_removal(deed)

    def _before_removal(self, deed: Deed) -> None:
        homework = self.subject.homework
        if self._names(deed, homework.jupyter.container):
            self._see_jupyter()
        if self._names(deed, homework.httpd.container):
            self._see_web()

    def _before_action(self, deed: Deed) -> None:
        if deed.name == "clean up sagemaker":
            self._see_sagemaker()
        if deed.name == "stop notebook":
            self._see_jupyter()
        if deed.name == "end":
            self._before_end(tuple(self.subject.instances.roles.values()))

    def _before_end(self, ids: tuple[str, ...]) -> None:
        subject, roles = self.subject, self.subject.instances.roles
        if roles.get("private") in ids:
            instances, network = subject.instances, subject.network
            subject.note(network.private_group, network.private_door, instances.private_launch)
            subject.note(self.mending.ensure_private_door, instances.hop)
        if roles.get("spot") in ids:
            subject.note(subject.spot.prices, subject.spot.options, subject.spot.instance, subject.spot.request)
        if roles.get("bastion") in ids and not self.is_bastion_gone:
            self._see_bastion()
            self.is_bastion_gone = True

    def _see_bastion(self) -> None:
        """Look at all that ends with the bastion."""
        subject = self.subject
        subject.note(subject.network.public_group, subject.instances.bastion_launch, subject.instances.entrance)
        subject.note(subject.network.private_group, subject.network.private_door)
        if "private" in subject.instances.roles:
            subject.note(self.mending.ensure_private_door, subject.instances.hop)
        if not self.uses_docker:  # it ends before its time: what comes later is not there yet, rather than wrong
            return
        subject.note(subject.containers.engine, subject.containers.images)
        self._see_web()
        if not subject.jupyter_removals:
            self._see_jupyter()
        subject.note(subject.jupyter.removed)

    def _see_web(self) -> None:
        httpd = self.subject.httpd
        if self.is_bastion_gone or "web" in self.seen:
            return
        self.subject.note(self.subject.network.open_web_ports, httpd.container)
        if self.subject.containers.working is not None:
            self.seen.add("web")
            self.subject.note(self.mending.ensure_web, httpd.before_rule, httpd.page, httpd.edit)

    def _see_jupyter(self) -> None:
        jupyter = self.subject.jupyter
        if self.is_bastion_gone or "jupyter" in self.seen:
            return
        self.subject.note(self.subject.network.open_web_ports, jupyter.image, jupyter.container)
        if self.subject.containers.working is not None:
            self.seen.add("jupyter")
            self.subject.note(
                self.mending.ensure_jupyter, jupyter.log, jupyter.libraries, jupyter.doors, jupyter.execution
            )

    def _see_sagemaker(self) -> None:
        stage = self.subject.sagemaker
        self.subject.note(stage.notebook_instance)
        if "fit" in stage.called:
            self.subject.note(stage.training_data, stage.training_job, stage.endpoint, stage.predictions)
            self.subject.note(stage.quality, stage.resources)

    # After.

    def after(self, deed: Deed, outcome: Outcome) -> None:
        """Look at what has just come to be; what cannot be seen is for its own requirement to say."""
        with contextlib.suppress(HarnessError):
            self._after(deed, outcome)

    def _after(self, deed: Deed, outcome: Outcome) -> None:
        if deed.kind == "keys" or deed.name == "detach":
            if outcome.is_done:  # after other keys the reader is still inside
                self.inside = ""
                self.subject.note(self.subject.containers.shell_detached)
        elif deed.machine == "workstation" and deed.kind == "command":
            self._after_aws(deed, outcome)
        elif deed.kind == "command":
            self._after_there(deed, outcome)

    def _after_aws(self, deed: Deed, outcome: Outcome) -> None:
        subject = self.subject
        if deed.is_aws("ec2", "run-instances") and outcome.is_done:
            subject.instances.launched_by(deed)
        if deed.is_aws("ec2", "run-instances") and "--instance-market-options" in " ".join(deed.argv):
            if not outcome.is_done:
                subject.repaired["spot"] = f"line {deed.place.line}: {outcome.said}"
            subject.note(subject.spot.prices, subject.spot.options, subject.spot.instance, subject.spot.request)
        if deed.is_aws("ec2", "terminate-instances") and outcome.is_done:
            self._after_end(deed.values("--instance-ids"))
        if outcome.is_done:
            self._write_down(deed)

    def _write_down(self, deed: Deed) -> None:
        """Write down what a command has made, so that it is removed whatever the document says."""
        subject = self.subject
        ledger, region = subject.context.ledger, subject.context.cloud.region
        if deed.is_aws("ec2", "create-security-group"):
            name = deed.value("--group-name")
            from harness.aws import groups

            for group in groups.find_groups(subject.account.identity.aws(), name):
                ledger.found("security-group", region, group.id, name=name, run=subject.context.run_id)
        if deed.is_aws("iam", "create-role"):
            ledger.found(kinds.ROLE, region, deed.value("--role-name"), name=deed.value("--role-name"))
        if deed.is_aws("sagemaker", "create-notebook-instance"):
            subject.sagemaker.notebook = deed.value("--notebook-instance-name")
            ledger.found(kinds.NOTEBOOK, region, subject.sagemaker.notebook, name=subject.sagemaker.notebook)
        if deed.is_aws("sagemaker", "wait") and "notebook-instance-in-service" in deed.argv:
            subject.note(subject.sagemaker.notebook_instance)

    def _after_end(self, ids: tuple[str, ...]) -> None:
        subject, roles = self.subject, self.subject.instances.roles
        if roles.get("private") in ids:
            subject.note(subject.final.private_terminated, subject.final.private_volumes)

    def _after_there(self, deed: Deed, outcome: Outcome) -> None:
        subject, argv = self.subject, deed.bare
        session = subject.follower.remote.session
        subject.containers.session = session
        if argv[:1] == ("ssh",) and outcome.is_done:
            self.inside = "private"
            return
        if argv[:1] in (("exit",), ("logout",)):
            if self.inside == "container" and outcome.is_done:
                subject.note(subject.containers.shell_left)
            self.inside = ""
        if argv[:1] == ("docker",) and len(argv) > 1:
            self._after_docker(deed, outcome)

    def _after_docker(self, deed: Deed, outcome: Outcome) -> None:
        subject, argv = self.subject, deed.bare
        homework, containers, depth = subject.homework, subject.containers, subject.follower.remote.depth
        self.uses_docker = True
        command = Command(" ".join(argv), outcome.exit_code, outcome.stdout, outcome.stderr)
        if argv[1] in ("run", "attach", "exec") and depth > self.depth:
            self._opened(argv[1])
        elif argv[1] == "run" and any("hello-world" in word for word in argv):
            subject.note(containers.engine, containers.greeting)
        elif argv[1] == "run" and any(word.partition(":")[0] == "httpd" for word in argv):
            subject.note(subject.httpd.before_rule)
        elif argv[1] == "start" and outcome.is_done:
            subject.note(containers.shell_restarted)
        elif argv[1] == "rm":
            self._removed(deed, command)
        if argv[1] in ("stop", "rm") and self._names(deed, homework.jupyter.container):
            subject.jupyter_removals.append(command)

    def _opened(self, verb: str) -> None:
        """Look at the shell that has been opened in a container, the first time."""
        self.inside = "container"
        containers = self.subject.containers
        containers.shell_depth = self.subject.follower.remote.depth
        if verb == "run" and not containers.shell_id:
            found = containers.docker().latest_from("ubuntu")
            containers.shell_id = found.id if found else ""
            self.subject.note(containers.shell)

    def _removed(self, deed: Deed, command: Command) -> None:
        containers = self.subject.containers
        containers.removal = command
        if self._names(deed, self.subject.homework.docker.interactive):
            self.subject.note(containers.shell_removed)
        elif (
            containers.greeted and any(len(word) > 3 and containers.greeted.startswith(word) for word in deed.bare)
        ) or (containers.greeted and containers.docker().container(containers.greeted) is None):
            self.subject.note(containers.greeting_removed)

    def end(self) -> None:
        """Look at what is left when the document has come to its end."""
        subject = self.subject
        if not self.has_begun:
            self._begin()
        self._before_end(tuple(subject.instances.roles.values()))
        self._see_sagemaker()
        subject.note(subject.network.vpc, subject.account.watches, subject.quota.quota, subject.sagemaker.cleaned)
        subject.note(subject.spot.prices, subject.spot.options, subject.final.spot_terminated, subject.final.leftovers)

    # Help.

    def mend(self, deed: Deed, outcome: Outcome) -> Mended | None:
        """Put right what made a deed fail."""
        try:
            return self.mending.mend(deed, outcome)
        except Exception:  # noqa: BLE001 - what cannot be mended stays as the document left it
            return None

    def value(self, kind: str, words: frozenset[str]) -> str:
        """Return the value of something that was put in place in the document's stead."""
        try:
            return self.mending.value(kind, words)
        except Exception:  # noqa: BLE001 - then there is no such value, which is found and reported
            return ""

    def act(self, deed: Deed) -> Outcome | None:
        """Do the actions that need more than the account."""
        known: dict[str, Callable[[Deed], Outcome]] = {
            "example": self._run_example, "notebook instance": self._create_notebook, "edit page": self._edit_page,
            "clean up sagemaker": self._clean_sagemaker, "browser": self._browse, "stop notebook": self._stop_notebook,
        }  # fmt: skip
        if deed.name not in known:
            return None
        try:
            return known[deed.name](deed)
        except HarnessError as error:
            return Outcome(1, stderr=str(error))

    def _run_example(self, deed: Deed) -> Outcome:
        stage, outcome = self.subject.sagemaker, Outcome(0)
        if deed.machine == "notebook":
            outcome = stage.read(deed.text)
        else:
            stage.run_all()
        if "fit" in stage.called:
            self.subject.note(stage.training_data, stage.training_job)
        if "deploy" in stage.called:
            self.subject.note(stage.endpoint)
        if "predict" in stage.called:
            self.subject.note(stage.predictions, stage.quality)
        return outcome

    def _create_notebook(self, _: Deed) -> Outcome:
        self.subject.sagemaker.create_notebook()
        self.subject.note(self.subject.sagemaker.notebook_instance)
        return Outcome(0)

    def _clean_sagemaker(self, deed: Deed) -> Outcome:
        self.subject.sagemaker.clean(deed.text)
        return Outcome(0)

    def _browse(self, deed: Deed) -> Outcome:
        """Open the page that a sentence names by its port, as a browser does."""
        port = re.search(r"https?://[^\s/]+?:(\d{2,5})", deed.text)
        if port is None:
            return Outcome(0)
        homework = self.subject.homework
        looks: dict[int, tuple[str, Callable[[], None]]] = {
            homework.httpd.port: (homework.httpd.image, self._see_web),
            homework.jupyter.port: (homework.jupyter.image, self._see_jupyter),
        }
        if int(port[1]) not in looks:
            return Outcome(1, stderr=f"nothing of the homework answers on port {port[1]}")
        image, look = looks[int(port[1])]
        found = self.subject.containers.by_role(image, int(port[1]))
        look()  # which puts right what is wrong
        is_published = found is not None and any(one.host_port == int(port[1]) for one in found.ports)
        return (
            Outcome(0) if is_published else Outcome(1, stderr=f"no container answers on port {port[1]} of the bastion")
        )

    def _edit_page(self, _: Deed) -> Outcome:
        httpd = self.subject.httpd
        server = httpd.serving()
        page = self.subject.homework.httpd.page
        is_there = httpd._read(f"{server.directory}/{page}") != ""
        is_given = any(block.path.endswith(page) for block in self.subject.follower.document.blocks)
        if not is_there and not is_given:
            httpd.show_page(server.directory)
        self._see_web()
        return Outcome(1, stderr=f"{server.directory} has no {page}") if is_given and not is_there else Outcome(0)

    def _stop_notebook(self, _: Deed) -> Outcome:
        subject = self.subject
        for line in subject.jupyter.removal_lines:
            subject.jupyter_removals.append(subject.containers.on_bastion(line))
        subject.note(subject.jupyter.removed)
        return Outcome(0)

    @staticmethod
    def _names(deed: Deed, name: str) -> bool:
        return name in deed.bare
