"""Puts right what a document's step should have done, by the reference's own action, so that later steps can be judged.

What is wrong is looked at first: the requirement that it breaks stays broken.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from harness.aws import groups, iam
from harness.aws.instances import put_into
from harness.aws.session import Aws
from harness.hosts import http
from harness.material.following.deeds import Deed, Mended, Outcome
from harness.subjects.observing.account import UNPROTECTED

if TYPE_CHECKING:
    from harness.subjects.material.doing import Doing

DENIED = re.compile(r"UnauthorizedOperation|AccessDenied|not authorized to perform")
NO_CREDENTIALS = re.compile(r"Unable to locate credentials|You must specify a region|InvalidClientTokenId|AuthFailure")
NO_ENGINE = re.compile(
    r"docker: (?:command )?not found|docker.*permission denied|Cannot connect to the Docker|permission denied.*docker",
    re.I,
)
NO_CONTAINER = re.compile(r"No such container: ([\w.-]+)")


class Mending:
    """Knows what a step needs, and puts it in place."""

    def __init__(self, subject: Doing) -> None:
        self.subject = subject

    def mend(self, deed: Deed, outcome: Outcome) -> Mended | None:
        """Put right what made a deed fail; ``None`` where nothing is known of it."""
        said = f"{outcome.stdout}\n{outcome.stderr}"
        if deed.kind == "action":
            return self._grant() if DENIED.search(said) else None
        name = deed.bare[0] if deed.bare else ""
        if name == "ssh":
            return self._mend_login() if deed.machine == "workstation" else self._mend_hop()
        ways = {"aws": self._mend_aws, "ssh-add": self._mend_key, "curl": self._mend_web, "docker": self._mend_docker}
        return ways[name](deed, said) if name in ways else None

    def _mend_key(self, _: Deed, said: str) -> Mended | None:
        if UNPROTECTED not in said:
            return None
        self.subject.note(self.subject.account.key_file)
        Path(self.subject.account.private_key().path).chmod(0o400)
        return Mended("nobody else may read the key file any more", again=True)

    def _mend_web(self, deed: Deed, _: str) -> Mended | None:
        if deed.machine != "workstation":  # it is a download that failed there
            return None
        return Mended("the web server was put right", again=True) if self.ensure_web() else None

    # The account and AWS.

    def ensure_configured(self) -> None:
        """Give the aws command credentials where the document has given it none that work."""
        if not self.subject.follower.actions.is_configured:
            self.subject.repaired["identity"] = "the document does not have its reader configure the aws command"
            self.subject.account.identity.aws()

    def _mend_aws(self, deed: Deed, said: str) -> Mended | None:
        if DENIED.search(said):
            return self._grant()
        if NO_CREDENTIALS.search(said):
            self.subject.follower.actions.is_configured = False
            self.ensure_configured()
            return Mended("the command was given the credentials of an administrator", again=True)
        if deed.is_aws("ec2", "run-instances"):
            return self._launch(deed, said)
        return None

    def _grant(self) -> Mended | None:
        subject = self.subject
        actions, cloud = subject.follower.actions, subject.context.cloud
        owner = Aws(cloud, cloud.owner)
        if not actions.user or "policy" in subject.repaired:
            return None
        subject.repaired["policy"] = "the user has no right to this"
        if not actions.group:
            with subject.context.ledger.creating(
                "iam-group", cloud.region, name=actions.name, run=subject.context.run_id
            ) as one:
                iam.create_group(owner, actions.name)
                one.id = actions.name
        iam.attach_policy(owner, actions.group or actions.name, subject.homework.account.policy)
        iam.add_to_group(owner, actions.user, actions.group or actions.name)
        return Mended("the user was made an administrator", again=True)

    def _launch(self, deed: Deed, said: str) -> Mended | None:
        instances = self.subject.instances
        if "--instance-market-options" in " ".join(deed.argv):
            return None
        role = "private" if "private" in deed.words and "bastion" in instances.roles else "bastion"
        self.subject.repaired[role] = f"line {deed.place.line}: {Outcome(1, stderr=said).said}"
        (instances.private if role == "private" else instances.bastion)()
        return Mended(f"a {role} instance was launched as it should have been")

    def value(self, kind: str, words: frozenset[str]) -> str:
        """Return a value of what was put in place."""
        subject = self.subject
        is_private = "private" in words
        instances = subject.instances
        if "spot" in words:
            return instances.roles.get("spot", "")
        ways: dict[str, Callable[[], str | None]] = {
            "group": lambda: subject.network.private_id() if is_private else subject.network.public_id(),
            "vpc": lambda: subject.network.vpc().id,
            "instance": lambda: (instances.private if is_private else instances.bastion)().id,
            "name": lambda: instances.private().private_dns if is_private else instances.bastion().public_dns,
            "address": lambda: instances.private().private_dns if is_private else instances.bastion().public_dns,
            "ip": lambda: instances.bastion().public_ip, "key": lambda: subject.account.working_key_pair().name,
            "image": lambda: instances.image().id, "role": subject.sagemaker.role_in_its_place,
            "region": lambda: subject.context.cloud.region, "bucket": lambda: subject.sagemaker.bucket_name,
        }  # fmt: skip
        found = ways[kind]() if kind in ways else None
        if found and kind in ("name", "ip", "address"):
            subject.follower.values.learn("ip" if kind == "ip" else "name", found, words)
        return found or ""

    # Logins.

    def _mend_login(self) -> Mended | None:
        subject = self.subject
        done, group, bastion = [], subject.network.public_id(), subject.instances.bastion()
        if self.admit(group, subject.homework.network.ssh_port):
            done.append("ssh was let in")
        if not bastion.is_in(group):
            put_into(subject.account.identity.aws(), bastion.id, group)
            done.append(f"the bastion was put into {subject.homework.network.public_group} as well")
        pair = subject.account.working_key_pair()
        if not subject.account.listed().holds(pair.private_key.public_key):
            subject.account.load_key()
            done.append("the key was loaded into the agent")
        subject.note(subject.instances.entrance)
        for text, kind in ((bastion.public_dns, "name"), (bastion.public_ip, "ip")):
            subject.follower.values.learn(kind, text or "", frozenset({"bastion", "public"}))
        return Mended(", ".join(done) or "the login was tried again", again=bool(done))

    def _mend_hop(self) -> Mended | None:
        subject = self.subject
        remote = subject.follower.remote
        done = []
        if self.ensure_private_door():
            done.append("ssh was let in to the private instance")
        if not remote.forwards:
            subject.note(subject.instances.hop)
            remote.login(forwards=True)
            done.append("the agent was taken along (ssh -A)")
        return Mended(", ".join(done), again=True) if done else None

    def ensure_private_door(self) -> bool:
        """Let the bastion in to the private group where nobody is let in."""
        subject = self.subject
        subject.note(subject.network.private_group, subject.network.private_door)
        group, network = subject.network.private_id(), subject.homework.network
        if subject.network.lets_bastion_in(group):
            return False
        groups.admit(subject.account.identity.aws(), group, network.ssh_port, network.anywhere)
        return True

    def admit(self, group: str, port: int) -> bool:
        """Let everybody in to a port where not everybody is let in; say whether that was needed."""
        if self.subject.network.is_open_to_all(group, port):
            return False
        groups.admit(self.subject.account.identity.aws(), group, port, self.subject.homework.network.anywhere)
        return True

    # Docker and the web.

    def _mend_docker(self, deed: Deed, said: str) -> Mended | None:
        subject, homework = self.subject, self.subject.homework
        missing = NO_CONTAINER.search(said)
        if NO_ENGINE.search(said) and subject.watch.inside == "container":
            subject.watch.inside = ""
            subject.follower.remote.press("Ctrl-P Ctrl-Q")
            return Mended("the container was left (Ctrl-P Ctrl-Q)", again=True)
        if NO_ENGINE.search(said):
            subject.note(subject.containers.engine)
            subject.containers.install()
            subject.follower.remote.login(forwards=True)
            return Mended("Docker was installed", again=True)
        if missing:
            return self._rename(missing[1])
        if homework.jupyter.image in deed.argv and deed.is_docker("run", "build"):
            subject.note(subject.jupyter.image)
            subject.jupyter.build_again()
            return Mended("the image was built as it should have been", again=deed.is_docker("run"))
        return None

    def _rename(self, name: str) -> Mended | None:
        """Give a container that plays a part under another name the name that the document uses later."""
        subject, homework = self.subject, self.subject.homework
        roles = {
            homework.docker.interactive: ("ubuntu", 0),
            homework.httpd.container: (homework.httpd.image, homework.httpd.port),
            homework.jupyter.container: (homework.jupyter.image, homework.jupyter.port),
        }  # fmt: skip
        found = subject.containers.by_role(*roles[name]) if name in roles else None
        if found is None:
            return None
        look = {
            homework.httpd.container: subject.httpd.container,
            homework.jupyter.container: subject.jupyter.container,
        }
        subject.note(*([look[name]] if name in look else []))
        subject.containers.on_bastion(f"docker rename {found.name} {name}")
        return Mended(f"{found.name} was renamed", again=True)

    def ensure_web(self) -> bool:
        """Put in place what the web server needs to be reached; say whether anything was done."""
        subject, asked = self.subject, self.subject.homework.httpd
        subject.note(subject.network.open_web_ports, subject.httpd.container, subject.httpd.before_rule)
        done = self.admit(subject.network.public_id(), asked.port)
        if not self._answers(asked.port):
            subject.httpd.run_again()
            done = True
        return done

    def ensure_jupyter(self) -> bool:
        """Put in place what Jupyter needs to be reached; say whether anything was done."""
        subject, asked = self.subject, self.subject.homework.jupyter
        done = self.admit(subject.network.public_id(), asked.port)
        found = subject.containers.by_role(asked.image, asked.port)
        if found is None or not found.publishes(asked.port, asked.container_port):
            if subject.containers.docker().image(asked.image) is None:
                subject.jupyter.build_again()
            subject.jupyter.run_again()
            done = True
        return done

    def _answers(self, port: int) -> bool:
        address = self.subject.instances.bastion().public_ip or ""
        return any(
            http.get(address, port, "/", timeout=self.subject.context.cloud.patience.silence).outcome == "answered"
            for _ in range(3)
        )
