"""The hand-in: what is left behind, and what the turn-in message says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from harness.facts.final import End
from tests.faults.environment import Environment
from tests.faults.registry import Table
from tests.faults.stages.bastion import image_of

TABLE = Table("final")
fault, right = TABLE.fault, TABLE.right


def left_behind(env: Environment, work: Callable[[], Any]) -> None:
    """Make something while the instances run, which stays when they end."""
    env.before("final.private_terminated", lambda: (env.subject.instances.bastion(), work()))


def zone(env: Environment) -> str:
    """Return a zone of the region."""
    return str(env.subject.network.vpc().zones[0])


@fault("hand-in", "final.instances-terminated", "final.nothing-billed")
def bastion_left_running(env: Environment) -> None:
    """The bastion was never terminated."""
    env.instead("final.bastion_terminated", lambda: End(env.subject.instances.bastion().id, "running"))


@fault("hand-in", "final.instances-terminated", "final.nothing-billed")
def bastion_stopped(env: Environment) -> None:
    """The bastion was stopped in place of terminated."""

    def stopped() -> End:
        id = env.subject.instances.bastion().id
        env.ec2.stop_instances(InstanceIds=[id])
        return End(id, "stopped")

    env.instead("final.bastion_terminated", stopped)


@fault("hand-in", "final.instances-terminated", "final.nothing-billed")
def first_try_left_running(env: Environment) -> None:
    """An instance of a first try, which nobody remembers, runs on."""
    image = image_of(env, "ubuntu/images/*/ubuntu-noble-24.04-amd64-server-*")
    left_behind(env, lambda: env.ec2.run_instances(ImageId=image, InstanceType="t2.micro", MinCount=1, MaxCount=1))


def _snapshot(env: Environment) -> None:
    env.ec2.create_snapshot(VolumeId=env.subject.instances.bastion().volumes[0], Description="before the update")


def _image(env: Environment) -> None:
    env.ec2.create_image(InstanceId=env.subject.instances.bastion().id, Name="my-bastion")


def _bucket(env: Environment) -> None:
    env.client("s3").create_bucket(Bucket="homework-2-data")


def _notebook(env: Environment) -> None:
    env.client("sagemaker").create_notebook_instance(
        NotebookInstanceName="first-try", InstanceType="ml.t3.medium", RoleArn=env.subject.sagemaker.role()
    )


for name, sentence, work in (
    ("snapshot-left", "A snapshot of the bastion's disk was made and left.", _snapshot),
    ("image-left", "An image of the bastion was made and left, with its snapshot.", _image),
    ("address-left", "An elastic address was allocated and left.", lambda env: env.ec2.allocate_address(Domain="vpc")),
    ("volume-left", "A volume was made by hand and left.",
     lambda env: env.ec2.create_volume(AvailabilityZone=zone(env), Size=10)),
    ("bucket-left", "A bucket was made by hand and left.", _bucket),
    ("notebook-instance-left", "A second notebook instance was made and left.", _notebook),
):  # fmt: skip

    def _apply(env: Environment, work: Callable[[Environment], Any] = work) -> None:
        left_behind(env, lambda: work(env))

    TABLE.add(name, sentence, _apply, "hand-in", "final.nothing-billed")


def _old(env: Environment) -> None:
    """Have things in the account that were there before the homework."""
    env.client("s3").create_bucket(Bucket="thesis-data")
    volume = env.ec2.create_volume(AvailabilityZone=zone(env), Size=10)["VolumeId"]
    env.ec2.create_snapshot(VolumeId=volume)
    env.ec2.allocate_address(Domain="vpc")


TABLE.add("things-of-other-work", "The account has a bucket, a volume, a snapshot and an address of other work.", _old,
          "hand-in")  # fmt: skip


@right("hand-in")
def three_hundred_other_instances(env: Environment) -> None:
    """The account has 300 other instances, which were terminated before."""
    image = image_of(env, "ubuntu/images/*/ubuntu-noble-24.04-amd64-server-*")
    for _ in range(20):
        done = env.ec2.run_instances(ImageId=image, InstanceType="t2.nano", MinCount=15, MaxCount=15)
        env.ec2.terminate_instances(InstanceIds=[one["InstanceId"] for one in done["Instances"]])


# The turn-in message.


def _message(text: str, name: str = "turn-in.md") -> Callable[[Environment], None]:
    def apply(env: Environment) -> None:
        (env.submission / "turn-in.md").unlink()
        if text:
            env.write(name, text)

    return apply


for name, sentence, text in (
    ("no-turn-in", "There is no turn-in message.", ""),
    ("turn-in-not-terminated", "The message says that the instances still run.",
     "I launched the bastion and the private instance. I have not terminated them yet."),
    ("turn-in-only-set-up", "The message says only that the instances were set up.",
     "I launched the bastion, the private instance and the spot instance, and ran the containers."),
    ("turn-in-only-terminated", "The message says only that all is terminated.", "All instances are terminated."),
    ("turn-in-not-set-up", "The message says that the instances could not be set up.",
     "I could not launch the private instance. Everything is terminated."),
    ("turn-in-off-topic", "The message says neither.", "Hello, here is my homework. Kind regards."),
    ("turn-in-will-terminate", "The message promises to terminate the instances.",
     "I launched all three instances. I will terminate them tomorrow."),
    ("turn-in-is-the-task", "The message repeats what the homework asks for.",
     "Please set up the instances, and please terminate them when you are done. Submit answers to the questions."),
    ("turn-in-asks", "The message asks whether all is terminated.",
     "I set up the bastion and the private instance. Are they terminated?"),
    ("turn-in-empty", "The message is an empty file.", "\n"),
    ("turn-in-stopped", "The message says that the instances were stopped.",
     "I launched the bastion, the private instance and the spot instance. Then I stopped all three."),
    ("turn-in-one-left", "The message says that one instance was left.",
     "I launched three instances. Two are terminated, but the bastion was not terminated."),
    ("turn-in-one-still-runs", "The message says that one instance still runs.",
     "I created all instances. The private one is terminated, the bastion is still running."),
    ("turn-in-except-one", "The message says that all but one are terminated.",
     "I set up all three instances. Everything except the bastion is terminated."),
    ("turn-in-termination-failed", "The message says that the termination failed.",
     "I launched the instances. The termination failed with an error."),
    ("turn-in-box-not-ticked", "The box for the termination is not ticked.",
     "- [x] bastion set up\n- [x] private instance set up\n- [ ] all terminated"),
    ("turn-in-of-the-private-one", "The message tells of the end of the private instance only.",
     "I set up the bastion and the private instance. The private instance was terminated."),
    ("turn-in-of-the-endpoint", "The message tells of the end of the notebook instance and the endpoint only.",
     "I set up the instances as asked, and deleted the notebook instance and the endpoint."),
    ("turn-in-commands", "The message repeats what is to be done.", "Set up the instances. Terminate the instances."),
):  # fmt: skip
    TABLE.add(name, sentence, _message(text), "paper", "final.turn-in")
for name, sentence, text, file in (
    ("turn-in-in-other-words", "The message is in other words.",
     "The machines were created and used as asked. Afterwards I shut down and deleted all of them: none "
     "is left running.",
     "turn-in.md"),
    ("turn-in-as-text", "The message is a text file.",
     "I set up both instances. Both have been terminated.", "turn-in.txt"),
    ("turn-in-polite", "The message begins politely.",
     "I would like to confirm that I was able to set up the above instances and that I have terminated them.",
     "turn-in.md"),
    ("turn-in-one-after-the-other", "The message tells of one instance after the other.",
     "I set up both instances, terminated the private one first, and the bastion when I was done; the endpoint, the "
     "notebook and the bucket have been deleted.", "turn-in.md"),
    ("turn-in-with-a-past", "The message tells what went wrong at first.",
     "My first launch failed for want of a key, the second was fine. I got the bastion up and running, and the private "
     "instance too; before that I had to make the groups. Both are terminated, and I ran into no problems with that.",
     "HW2 turn-in.txt"),
):  # fmt: skip
    TABLE.add(name, sentence, _message(text, file), "paper")


# What students also leave.


def _attached(env: Environment) -> None:
    """Attach a second volume to the bastion, which outlives it."""
    bastion = env.subject.instances.bastion()
    where = env.ec2.describe_instances(InstanceIds=[bastion.id])["Reservations"][0]["Instances"][0]["Placement"]
    volume = env.ec2.create_volume(AvailabilityZone=where["AvailabilityZone"], Size=8)["VolumeId"]
    env.ec2.attach_volume(VolumeId=volume, InstanceId=bastion.id, Device="/dev/sdf")


def _attach(env: Environment) -> None:
    left_behind(env, lambda: _attached(env))


TABLE.add("volume-of-the-bastion-left", "A second volume of the bastion outlived it.", _attach, "hand-in",
          "final.nothing-billed")  # fmt: skip
