"""The student's instances: chosen among all of the region, and those of the last 90 days that are gone."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from harness.aws import instances, trail
from harness.errors import CloudTrouble, Gone, Unmet
from harness.facts.instances import Instance
from harness.hosts.ssh import Ssh, Target
from harness.steps import step
from harness.subjects import observing
from harness.subjects.student import history
from harness.subjects.student.choosing import ROLES, choose, rivals
from harness.subjects.student.trials import ENDED

if TYPE_CHECKING:
    from harness.subjects.student import Student

NEWEST = 60
"""Instances of the region that are looked at."""
CONTAINERS = "docker ps -aq || sudo -n docker ps -aq"
REQUIREMENTS = {"bastion": "bastion.launched", "private": "private.launched", "spot": "spot.launched"}


class Instances(observing.Instances):
    """Finds bastion, private instance and spot instance."""

    subject: Student

    @step
    def bastion(self) -> Instance:
        return self.alive("bastion")

    @step
    def private(self) -> Instance:
        return self.alive("private")

    def alive(self, role: str) -> Instance:
        """Return the instance of a role, which must not have ended, as it is once it has started.

        Raises ``Unmet`` where nothing of the kind was ever launched, and :class:`~harness.errors.Gone`.
        """
        instance = self.chosen(role)
        if instance is None:
            raise Unmet(
                REQUIREMENTS[role], f"no instance in {self.region} looks like the {role} instance of the homework"
            )
        if instance.state in ENDED:
            events = trail.find_events(self.aws, instance.id, "TerminateInstances")
            ended = history.ended_by(instance, events)
            raise Gone(f"{ended}, so that nothing of it can be tried any more; it is judged while it runs")
        if instance.state == "pending":
            return history.renamed(instances.until_running(self.aws, instance.id), instance.why)
        return instance

    def chosen(self, role: str) -> Instance | None:
        """Return the instance that plays a role, ended or not, or ``None`` where there never was one."""
        return self._cast().get(role)

    @step
    def _all(self) -> tuple[Instance, ...]:
        found = instances.find_others(self.aws, NEWEST)
        if not any(instance.state in ENDED for instance in found):
            return found
        return tuple(
            history.completed(instance, self._launched().get(instance.id)) if instance.state in ENDED else instance
            for instance in found
        )

    @step
    def _launched(self) -> dict[str, Instance]:
        return history.find_launched(self.aws)

    @step
    def _listed(self) -> dict[str, Instance]:
        found, names = self._all(), self._key_names()
        listed = choose(found, self.homework, names, is_up=self._is_up())
        first = listed.get("bastion")
        others = (
            rivals("bastion", listed, found, self.homework, names) if first is not None and first.is_running else []
        )
        if first is None or not others or self._has_containers(first):
            return listed
        used = next((other for other in others if self._has_containers(other)), None)
        if used is not None:
            listed["bastion"] = replace(used, why=f"{first.why}; {used.id} has containers, {first.id} has none")
        return listed

    def _has_containers(self, instance: Instance) -> bool:
        """Say whether somebody works with the containers of an instance that we can log in to."""
        target = Target(self.homework.bastion.user, instance.public_dns or instance.public_ip or "", alias=instance.id)
        try:
            if not self._log_in(instance, target).is_admitted:
                return False
            listed = self.ssh().run(target, CONTAINERS, timeout=self.patience.command)
        except (Unmet, CloudTrouble):
            return False
        return bool(listed.stdout.strip())

    @step
    def _cast(self) -> dict[str, Instance]:
        """Choose among those that EC2 has forgotten as well, where a role is played by none or by one that has ended.

        Of two that have ended, EC2 may have forgotten the one that served, and list a trial of the last hour.
        """
        cast = self._listed()
        if all(role in cast and cast[role].state not in ENDED for role in ROLES):
            return cast
        listed = {instance.id for instance in self._all()}
        gone = [instance for id, instance in self._launched().items() if id not in listed]
        if not gone:
            return cast
        again = choose((*self._all(), *gone), self.homework, self._key_names(), is_up=self._is_up())
        lasting = {role: one for role, one in cast.items() if self._is_up() and one.state not in ENDED}
        ids = {one.id for one in lasting.values()}
        return {role: one for role, one in again.items() if one.id not in ids} | lasting

    def _is_up(self) -> bool:
        """Say whether the run judges what must hold while everything is up."""
        known = self.homework.requirements
        return any(known[id].phase == "live" for id in self.context.chosen)

    def _key_names(self) -> tuple[str, ...]:
        account = self.subject.account
        try:
            return account.key_pair().name, *account.key_twins()
        except Unmet:
            return ()

    @step
    def launched_as_root(self) -> str | None:
        """Return root's ARN where it was root who launched an instance of the homework."""
        ids = {instance.id for role in ROLES if (instance := self.chosen(role))}
        for record in trail.find_records(self.aws, "RunInstances"):
            if record.identity == "Root" and ids.intersection(record.values("instanceId")):
                return record.arn
        return None

    @step
    def ssh(self) -> Ssh:
        """Return the workstation's ssh; raises ``Unmet`` where the key at hand is not that of the key pair."""
        pair = self.subject.account.key_pair()
        if not pair.is_at_hand:
            file = pair.private_key.path
            raise Unmet(
                "account.key-pair", f"{file} is not the private key of key pair {pair.name}, so nobody can log in"
            )
        return super().ssh()

    def bastion_target(self) -> Target:
        bastion = self.bastion()
        if not bastion.is_running:
            raise Unmet("bastion.launched", f"bastion {bastion} is {bastion.state}, expected running")
        return super().bastion_target()
