"""Bastion and private instance, and the logins that prove them reachable."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable

from harness.aws import console
from harness.errors import CloudTrouble, TimedOut, Unmet
from harness.facts.containers import Command
from harness.facts.instances import Instance
from harness.facts.launches import Launch
from harness.facts.logins import Entrance, Hop, Login
from harness.facts.network import Group
from harness.hosts import logins
from harness.hosts.ssh import Ssh, Target
from harness.steps import step
from harness.subjects.stage import Stage
from harness.waiting import until

CONNECT = 3.0
"""Seconds at least for a connection: a busy workstation needs a moment for its part of the handshake."""
REFUSALS = 12
"""Refused logins in a row after which a host is taken at its word."""


class Instances(Stage):
    """The instances of the homework and the ways into them."""

    client: Ssh | None = None

    def bastion(self) -> Instance:
        """Return the bastion; raises ``Unmet`` where there is none."""
        raise NotImplementedError

    def private(self) -> Instance:
        """Return the private instance; raises ``Unmet`` where there is none."""
        raise NotImplementedError

    @step
    def ssh(self) -> Ssh:
        """Return the workstation's ssh; raises ``Unmet`` where its agent does not hold the homework's key."""
        account = self.subject.account
        if not account.agent().holds(account.key_pair().private_key.public_key):
            raise Unmet("account.ssh-agent", "the agent does not list the homework's key, so nobody can log in with it")
        workstation = self.context.workstation
        self.client = Ssh(workstation, config=workstation.ssh / "config", patience=self.patience_to_connect)
        return self.client

    def close(self) -> None:
        """End the connections to the hosts."""
        if self.client is not None:
            self.client.close()

    @step
    def bastion_launch(self) -> Launch:
        """Return the bastion beside what it was to be launched with."""
        return self._launch(self.bastion(), self.subject.network.public_group())

    @step
    def private_launch(self) -> Launch:
        """Return the private instance beside what it was to be launched with."""
        return self._launch(self.private(), self.subject.network.private_group())

    def _launch(self, instance: Instance, group: Group) -> Launch:
        account = self.subject.account
        return Launch(instance, self.subject.network.vpc().id, group, account.key_pair().name, account.key_twins())

    @step
    def bastion_login(self) -> Login:
        """Log in to the bastion as soon as it has booted; raises ``Unmet`` where that cannot be done."""
        bastion, target = self.bastion(), self.bastion_target()
        wait = 0.0 if self._nobody_may_come_in(bastion) else self._boot_time_left(bastion)
        login = self._until_admitted(f"ssh {target} lets us in", lambda: self._log_in(bastion, target), wait)
        if not _heard(login).is_admitted:
            raise Unmet("bastion.ssh", f"bastion {bastion.id}: {login}", self._why_shut(bastion, login))
        return login

    def _log_in(self, instance: Instance, target: Target) -> Login:
        """Log in; the host key is the one that the console shows, or else, where EC2 has none of it yet, the first."""
        ssh = self.ssh()
        if not ssh.knows(target):
            ssh.pin(target, console.find_host_keys(self.aws, instance.id))
        return logins.login(ssh, target, timeout=self.patience.command)

    @step
    def entrance(self) -> Entrance:
        """Return the bastion's logins: ours, and that of a stranger."""
        login = self.bastion_login()
        stranger = logins.stranger(self.ssh(), self.bastion_target(), timeout=self.patience.command)
        return Entrance(login, _heard(stranger))

    @step
    def hop(self) -> Hop:
        """Return what came of the way from the bastion to the private instance, with our agent and without."""
        self.bastion_login()
        private = self.private()
        if not private.is_running:
            raise Unmet("private.launched", f"private instance {private} is {private.state}, expected running")
        wait = self._boot_time_left(private) if self._bastion_may_come_in(private) else 0.0
        found: list[str] = []

        def attempt() -> Login:
            login, found[:] = self._hop_to(private, forward=True)
            return login

        forwarded = self._until_admitted(f"the bastion reaches {private.id}", attempt, wait)
        unforwarded, _ = self._hop_to(private, forward=False)
        return Hop(
            forwarded=_heard(forwarded),
            unforwarded=_heard(unforwarded),
            expected=_names(private),
            found=tuple(found),
            key_files=logins.key_files(self.ssh(), self.bastion_target(), timeout=self.patience.command),
        )

    def bastion_target(self) -> Target:
        """Return how ssh addresses the bastion."""
        bastion = self.bastion()
        address = bastion.public_dns or bastion.public_ip
        if address is None:
            raise Unmet(
                "bastion.public-address", f"bastion {bastion.id} has neither a public name nor a public address"
            )
        return Target(self.homework.bastion.user, address, alias=bastion.id)

    def on_bastion(self, line: str, *, timeout: float | None = None) -> Command:
        """Run a line in the shell of the bastion's user."""
        self.bastion_login()
        done = self.ssh().run(self.bastion_target(), line, timeout=timeout or self.patience.command)
        return Command(line, done.exit_code, done.stdout, done.stderr)

    def pace(self) -> float:
        """Return how many seconds the least command takes on the bastion now, which tells how busy it is."""
        begun = time.monotonic()
        self.on_bastion("true")
        return time.monotonic() - begun

    def must(self, requirement: str, line: str, *, timeout: float | None = None) -> Command:
        """Run a line on the bastion; raises ``Unmet`` for the requirement where it fails."""
        done = self.on_bastion(line, timeout=timeout)
        if done.exit_code != 0:
            raise Unmet(requirement, f"bastion {self.bastion().id}: `{line}` failed ({done.exit_code}): {done.said}")
        return done

    def write(self, requirement: str, path: str, text: str) -> None:
        """Write a file on the bastion, below the home directory."""
        done = self.ssh().write(self.bastion_target(), path, text, timeout=self.patience.command)
        if done.exit_code != 0:
            raise Unmet(requirement, f"bastion {self.bastion().id}: {path} could not be written: {done.stderr.strip()}")

    @property
    def patience_to_connect(self) -> float:
        """Return the seconds that a connection to a host may take."""
        return max(CONNECT, self.patience.silence)

    def _hop_to(self, private: Instance, *, forward: bool) -> tuple[Login, list[str]]:
        address = private.private_dns or private.private_ip or ""
        return logins.hop(
            self.ssh(), self.bastion_target(), self.homework.bastion.user, address,
            forward=forward, wait=self.patience_to_connect, timeout=self.patience.command,
        )  # fmt: skip

    def _nobody_may_come_in(self, bastion: Instance) -> bool:
        """Say whether no rule of the bastion's only group is about ssh, so that waiting for it is in vain."""
        group = self.subject.network.public_group()
        port = self.homework.network.ssh_port
        return bastion.is_only_in(group.id) and not any(rule.concerns("tcp", port) for rule in group.rules)

    def _bastion_may_come_in(self, private: Instance) -> bool:
        """Say whether a rule lets the bastion in, or groups are at work of which nothing is known here."""
        group, bastion = self.subject.network.private_group(), self.bastion()
        port = self.homework.network.ssh_port
        return not private.is_only_in(group.id) or group.admits_instance(
            bastion.private_ip or "", bastion.group_ids, "tcp", port
        )

    def _why_shut(self, bastion: Instance, login: Login) -> str:
        """Return what to look at first, in words for the student."""
        network = self.homework.network
        group = self.subject.network.public_group()
        if login.outcome == "refused":
            return "the bastion turned the key away: load the key it was launched with (ssh-add), and log in as ubuntu."
        if not bastion.is_in(group.id):
            return f"put the bastion into {group}; it is in {', '.join(bastion.group_names) or 'no group'}."
        if group.admits("tcp", network.ssh_port, network.anywhere):
            return "the group lets ssh in: look whether the instance has booted (aws ec2 get-console-output)."
        shut = f"port {network.ssh_port} of {group} is {group.sources('tcp', network.ssh_port)}"
        return f'{shut}; add the rule of step "SSH ingress" to it.'

    def _boot_time_left(self, instance: Instance) -> float:
        """Return the seconds that an instance may still take to boot, counted from its launch."""
        age = datetime.datetime.now(datetime.UTC) - datetime.datetime.fromisoformat(instance.launched)
        return max(self.patience.boot - age.total_seconds(), self.patience.silence)

    def _until_admitted(self, awaited: str, attempt: Callable[[], Login], wait: float) -> Login:
        """Return the first login that is admitted, or the last of those that are not.

        A host that has just booted turns keys away until cloud-init has put ours in place; one that goes on
        doing so does not know it.
        """
        refusals: list[Login] = []

        def is_final(login: Login) -> bool:
            refusals.extend([login] * login.is_refused)
            return login.is_admitted or len(refusals) >= REFUSALS

        try:
            return until(awaited, attempt, timeout=wait, every=self.patience.poll, is_done=is_final)
        except TimedOut as late:
            if not isinstance(late.last, Login):
                raise
            return late.last


def _heard(login: Login) -> Login:
    """Return a login that the host reacted to; raises ``CloudTrouble`` for one of which nothing can be said."""
    if login.is_mute:
        raise CloudTrouble(f"{login}; the host takes connections and is too busy to speak")
    return login


def _names(instance: Instance) -> tuple[str, ...]:
    """Return what an instance may call itself: its private address, and its host name as EC2 gives it."""
    return tuple(name for name in (instance.private_ip, (instance.private_dns or "").partition(".")[0]) if name)
