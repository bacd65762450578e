"""The instances as EC2 sees them: launched and running; logging in to them is another class's work."""

from __future__ import annotations

from harness.aws import images, instances
from harness.errors import CloudTrouble
from harness.facts.instances import Image, Instance
from harness.steps import shared_step, step
from harness.subjects import observing
from harness.subjects.stage import Stage


class Instances(observing.Instances):
    """Launches the bastion and the private instance without waiting for one another."""

    @step
    def image(self) -> Image:
        """Find the newest image of the homework's family."""
        wanted = self.homework.image
        return images.find_newest(self.aws, wanted.owner, wanted.newest, wanted.architecture)

    @shared_step
    def bastion_launched(self) -> str:
        """Launch the bastion into the public group; returns its id."""
        return self._launched(
            "bastion", self.homework.bastion.instance_type, self.subject.network.public_id(), public=True
        )

    @shared_step
    def private_launched(self) -> str:
        """Launch the private instance into the private group, without a public address; returns its id."""
        return self._launched(
            "private", self.homework.private.instance_type, self.subject.network.private_id(), public=False
        )

    def _launched(self, role: str, instance_type: str, group: str, *, public: bool) -> str:
        token = f"{self.run_id}-{role}"
        key_name = self.key_name()
        with self.context.ledger.creating("instance", self.region, token=token, run=self.run_id) as creation:
            creation.id, _ = instances.launch(
                self.aws,
                image=self.image().id,
                instance_type=instance_type,
                key_name=key_name,
                groups=[group],
                public=public,
                token=token,
                minutes=self.context.minutes_left,
                tags={**self.context.tags, "Name": f"{role} {self.run_id}"},
            )
        return creation.id

    def key_name(self) -> str:
        """Return the name of the key pair that instances are launched with."""
        return self.subject.account.key_pair().name

    @step
    def bastion(self) -> Instance:
        """Observe the bastion once it runs."""
        return until_running(self, self.bastion_launched())

    @step
    def private(self) -> Instance:
        """Observe the private instance once it runs."""
        return until_running(self, self.private_launched())


def until_running(stage: Stage, id: str) -> Instance:
    """Wait until an instance of the run runs, and write its volumes down.

    Raises :class:`~harness.errors.CloudTrouble` where EC2 ends it instead, which nobody asked for.
    """
    instance = instances.until_running(stage.aws, id)
    if not instance.is_running:
        raise CloudTrouble(f"EC2 launched {id} and left it {instance.state}")
    for volume in instance.volumes:
        stage.context.ledger.found("volume", stage.region, volume, run=stage.run_id)
    return instance
