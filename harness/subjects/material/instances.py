"""The instances that the document has its reader launch, known by what is said around the launch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.aws import groups, instances
from harness.errors import Unmet
from harness.facts.instances import Instance
from harness.facts.launches import Launch
from harness.facts.logins import Entrance, Hop, Login
from harness.facts.network import Group
from harness.hosts import logins
from harness.hosts.session import Session
from harness.hosts.ssh import Ssh
from harness.steps import step
from harness.subjects.material.stages import must_be_its_own, must_not_be_over
from harness.subjects.reference.launching import Instances as ReferenceInstances

if TYPE_CHECKING:
    from harness.material.following.deeds import Deed
    from harness.subjects.material.doing import Doing

ROLES = ("bastion", "private", "spot")


class Instances(ReferenceInstances):
    """Bastion and private instance; one that was not launched is launched in the document's place."""

    subject: Doing

    def __init__(self, subject: Doing) -> None:
        super().__init__(subject)
        self.roles: dict[str, str] = {}

    def launched_by(self, deed: Deed) -> tuple[str, ...]:
        """Return the instances that a launch has brought, written down, each with the part that it plays."""
        known = {entry.id for entry in self.context.ledger.entries() if entry.kind == "instance"}
        fresh = [one for one in instances.find_instances(self.aws, []) if one.id not in known]
        for instance in fresh:
            self.context.ledger.found("instance", self.region, instance.id, run=self.run_id)
            if instance.spot_request:
                self.context.ledger.found("spot-request", self.region, instance.spot_request, run=self.run_id)
            self.roles.setdefault(self.role_of(instance, deed), instance.id)
        return tuple(instance.id for instance in fresh)

    def role_of(self, instance: Instance, deed: Deed) -> str:
        """Return which of the homework's instances this one is: by market, group, type and the words around it."""
        wanted = self.homework
        if "--instance-market-options" in " ".join(deed.argv) or instance.is_spot:
            return "spot"
        names = instance.group_names
        private = 2 * (wanted.network.private_group in names) + ("private" in deed.words) + ("bastion" in self.roles)
        private += instance.type in (wanted.private.instance_type, *wanted.private.accepted_types)
        public = 2 * (wanted.network.public_group in names) + ("bastion" in deed.words) + ("private" in self.roles)
        public += instance.type in (wanted.bastion.instance_type, *wanted.bastion.accepted_types)
        return "private" if private > public else "bastion"

    def bastion_launched(self) -> str:
        return self._or("bastion", super().bastion_launched)

    def private_launched(self) -> str:
        return self._or("private", super().private_launched)

    def _or(self, role: str, launch: object) -> str:
        if role not in self.roles:
            must_not_be_over(self.subject, f"{role}.launched", f"launches the {role} instance")
            self.subject.repaired.setdefault(role, f"the document launches no {role} instance")
            assert callable(launch)
            self.roles[role] = str(launch())
        return self.roles[role]

    @step
    def bastion_launch(self) -> Launch:
        """Return the bastion beside what it was to be launched with."""
        self.bastion()
        must_be_its_own(self.subject, "bastion", "bastion.launched")
        return super().bastion_launch()

    @step
    def private_launch(self) -> Launch:
        """Return the private instance beside what it was to be launched with."""
        self.private()
        must_be_its_own(self.subject, "private", "private.launched")
        return super().private_launch()

    def _launch(self, instance: Instance, group: Group) -> Launch:
        return Launch(instance, self.subject.network.vpc().id, group, self.subject.account.working_key_pair().name)

    def key_name(self) -> str:
        return self.subject.account.working_key_pair().name

    @step
    def ssh(self) -> Ssh:
        """Return the workstation's ssh; a key that its agent lacks is loaded, once that was noted."""
        account = self.subject.account
        self.subject.note(account.key_pair, account.key_file, account.agent)
        if not account.listed().holds(account.working_key_pair().private_key.public_key):
            account.load_key()
        workstation = self.context.workstation
        self.client = Ssh(workstation, config=workstation.ssh / "config", patience=self.patience_to_connect)
        return self.client

    @step
    def entrance(self) -> Entrance:
        """Return the bastion's logins, once anything that stood in the way is put right."""
        must_not_be_over(self.subject, "bastion.ssh", "logs in to the bastion")
        return super().entrance()

    @step
    def hop(self) -> Hop:
        """Return what came of the hop, as the document has its reader log in to the bastion."""
        must_not_be_over(self.subject, "private.agent-forwarding", "logs in to the private instance")
        return super().hop()

    def _hop_to(self, private: Instance, *, forward: bool) -> tuple[Login, list[str]]:
        return super()._hop_to(private, forward=forward and self.subject.forwards)

    def _nobody_may_come_in(self, bastion: Instance) -> bool:
        """Say whether no rule of the bastion's only group is about ssh; what that group is called is another matter."""
        group = groups.find_group(self.aws, self.subject.network.public_id())
        port = self.homework.network.ssh_port
        is_shut = group is not None and not any(rule.concerns("tcp", port) for rule in group.rules)
        return group is not None and bastion.is_only_in(group.id) and is_shut

    def _bastion_may_come_in(self, private: Instance) -> bool:
        """Say whether a rule lets the bastion in; what the private instance's group is called is another matter."""
        group = self.subject.network.private_id()
        return not private.is_only_in(group) or self.subject.network.lets_bastion_in(group)

    def session(self, forwards: bool) -> Session:
        """Log in to the bastion with a terminal; raises ``ConnectionError`` where that fails."""
        try:
            self.wait_for_bastion()
        except Unmet as unmet:
            raise ConnectionError(unmet.message) from unmet
        return Session(self.ssh(), self.bastion_target(), forwards=forwards, timeout=self.patience.command)

    def wait_for_bastion(self) -> None:
        """Wait until the bastion lets us in; raises ``Unmet`` where it has ended, is shut to all, or does not boot."""
        bastion, port = self.bastion(), self.homework.network.ssh_port
        now = instances.find_instance(self.aws, bastion.id) or bastion
        if now.state not in ("pending", "running"):
            raise Unmet("bastion.ssh", f"bastion {now} is {now.state}")
        if not any(self.subject.network.is_open_to_all(group, port) for group in now.group_ids):
            raise Unmet("bastion.ssh", f"no rule of {now.groups_line} lets port {port} in")
        target = self.bastion_target()
        login = self._until_admitted(
            f"ssh {target} lets us in", lambda: logins.login(self.ssh(), target, timeout=self.patience.command),
            self._boot_time_left(bastion),
        )  # fmt: skip
        if not login.is_admitted:
            raise Unmet("bastion.ssh", str(login))
