"""A student's account as a grader finds it: keys, rules and instances not made as the homework's text makes them."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

from harness.waiting import until
from tests.faults.registry import Table
from tests.faults.stages.account import MANAGED
from tests.faults.stages.network import of_group, tcp
from tests.faults.stages.student import in_groups, in_place_of, kept
from tests.faults.stages.student_services import lines
from tests.student.builder import Builder

TABLE = Table("found")
Change = Callable[[Builder], Iterator[None]]


def fault(*breaks: str) -> Any:
    """Enter a change that is wrong."""
    return TABLE.change("student-control", *breaks)


def right(work: Any) -> Any:
    """Enter a change that is right."""
    return TABLE.change("student-control")(work)


# The key file and the key pair.


def key_file(change: Callable[[Builder, bytes], bytes]) -> Change:
    """Return the change that another text is handed in as the key file."""

    def changed(work: Builder) -> Iterator[None]:
        with kept(work.key):
            work.key.chmod(0o600)
            work.key.write_bytes(change(work, work.private_copy.read_bytes()))
            work.key.chmod(0o400)
            yield

    return changed


def locked(work: Builder, text: bytes) -> bytes:
    """Return the key with a passphrase, as ssh-keygen writes it."""
    path = work.home / "locked"
    path.touch(mode=0o600)
    path.write_bytes(text)
    subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "my secret", "-f", path], check=True, capture_output=True)
    return path.read_bytes()


for name, sentence, change, breaks in (
    ("key-with-windows-lines", "git has given the key file the line ends of Windows.",
     lambda _, text: text.replace(b"\n", b"\r\n"), ()),
    ("key-without-its-last-line-end", "The key was pasted into the file, without its last line end.",
     lambda _, text: b"\n" + text.rstrip(), ()),
    ("key-with-a-byte-order-mark", "An editor has put a byte order mark before the key.",
     lambda _, text: b"\xef\xbb\xbf" + text, ()),
    ("key-with-blanks", "The key was pasted from a mail that indents it.",
     lambda _, text: b"".join(b"   " + line for line in text.splitlines(keepends=True)), ()),
    ("key-on-one-line", "The key was pasted into a form, which made one line of it.",
     lambda _, text: text.replace(b"\n", b" "), ()),
    ("key-with-a-passphrase", "The key file is locked with a passphrase.", locked,
     ("account.key-pair", "account.ssh-agent")),
    ("page-in-place-of-the-key", "An error page was saved in place of the key.", lambda _, __: b"<html>403</html>",
     ("account.key-pair", "account.ssh-agent")),
):  # fmt: skip
    TABLE.add_change(name, sentence, key_file(change), "student-control", *breaks)


def public_half(work: Builder) -> bytes:
    """Return the public half of the student's key."""
    return subprocess.run(["ssh-keygen", "-y", "-f", work.private_copy], check=True, capture_output=True).stdout


@right
def key_imported_twice(work: Builder) -> Iterator[None]:
    """The key was imported under other names besides, one of them that of the key file."""
    names = ("another-computer", "key")
    for name in names:
        work.ec2.import_key_pair(KeyName=name, PublicKeyMaterial=public_half(work))
    yield
    for name in names:
        work.ec2.delete_key_pair(KeyName=name)


@right
def key_pair_imported_again(work: Builder) -> Iterator[None]:
    """The key pair was deleted and imported again under its name."""
    work.ec2.delete_key_pair(KeyName=work.key_name)
    work.ec2.import_key_pair(KeyName=work.key_name, PublicKeyMaterial=public_half(work))
    yield


@right
def key_file_in_a_folder(work: Builder) -> Iterator[None]:
    """The key file lies in a folder, under a name of Windows'."""
    place = work.submission / "keys" / "HW02.PEM"
    place.parent.mkdir()
    work.key.rename(place)
    yield
    place.rename(work.key)
    place.parent.rmdir()


@fault("account.admin-group")
def group_with_a_policy_of_nearly_that_name(work: Builder) -> Iterator[None]:
    """The group carries AdministratorAccess-Amplify, the next in the console's list; the rights are the user's own."""
    client, of_group = work.owner.client("iam"), {"GroupName": work.group}
    client.attach_user_policy(UserName=work.user, PolicyArn=MANAGED)
    client.detach_group_policy(**of_group, PolicyArn=MANAGED)
    client.attach_group_policy(**of_group, PolicyArn=f"{MANAGED}-Amplify")
    yield
    client.detach_group_policy(**of_group, PolicyArn=f"{MANAGED}-Amplify")
    work.attach_policy()
    client.detach_user_policy(UserName=work.user, PolicyArn=MANAGED)


@right
def other_key_files_handed_in(work: Builder) -> Iterator[None]:
    """The key file has another name, and one of another course was handed in besides."""
    other, renamed = work.submission / "ec2.pem", work.submission / "my-key.pem"
    other.write_bytes(b"-----BEGIN RSA PRIVATE KEY-----\n")
    work.key.rename(renamed)
    yield
    renamed.rename(work.key)
    other.unlink()


# What watches the spend.

BILL = {
    "Namespace": "AWS/Billing",
    "MetricName": "EstimatedCharges",
    "Dimensions": [{"Name": "Currency", "Value": "USD"}],
}
SEEN = {"Id": "bill", "MetricStat": {"Metric": BILL, "Period": 21600, "Stat": "Maximum"}, "ReturnData": True}


def watched_by(make: Callable[[Builder], Any], remove: Callable[[Builder], Any]) -> Change:
    """Return the change that something else than the homework's budget watches the spend."""

    def change(work: Builder) -> Iterator[None]:
        work.aws.client("budgets").delete_budget(AccountId=work.cloud.account, BudgetName="homework")
        make(work)
        yield
        remove(work)
        work.make_budget()

    return change


def alarm(**watching: Any) -> Change:
    """Return the change that an alarm watches the spend."""
    named = {"AlarmName": "bill", "EvaluationPeriods": 1, **watching}
    return watched_by(
        lambda work: work.aws.client("cloudwatch").put_metric_alarm(**named),
        lambda work: work.aws.client("cloudwatch").delete_alarms(AlarmNames=["bill"]),
    )


def budget(**limits: Any) -> Change:
    """Return the change that another budget watches the spend."""
    made = {"BudgetName": "mine", "TimeUnit": "MONTHLY", "BudgetType": "COST", **limits}
    return watched_by(
        lambda work: work.aws.client("budgets").create_budget(AccountId=work.cloud.account, Budget=made),
        lambda work: work.aws.client("budgets").delete_budget(AccountId=work.cloud.account, BudgetName="mine"),
    )


TABLE.add_change("alarm-by-an-expression", "The billing alarm names its metric in a query, as templates do.",
                 alarm(ComparisonOperator="GreaterThanThreshold", Threshold=10, Metrics=[SEEN]),
                 "student-control")  # fmt: skip
TABLE.add_change("alarm-on-anomalies", "The billing alarm watches for anomalies, without a threshold.",
                 alarm(ComparisonOperator="GreaterThanUpperThreshold", ThresholdMetricId="band",
                       Metrics=[SEEN, {"Id": "band", "Expression": "ANOMALY_DETECTION_BAND(bill, 2)"}]),
                 "student-control")  # fmt: skip
TABLE.add_change("budget-by-the-day", "The budget is one dollar a day.",
                 budget(TimeUnit="DAILY", BudgetLimit={"Amount": "1", "Unit": "USD"}), "student-control")  # fmt: skip
TABLE.add_change("budget-of-last-year", "The budget ended with last year's course.",
                 budget(BudgetLimit={"Amount": "50", "Unit": "USD"}, TimePeriod={"Start": 1735689600, "End": 1751241600}),
                 "student-control", "account.billing-alert")  # fmt: skip
TABLE.add_change("budget-of-nothing", "The budget is of zero dollars.",
                 budget(BudgetLimit={"Amount": "0", "Unit": "USD"}), "student-control", "account.billing-alert")  # fmt: skip
TABLE.add_change("alarm-when-the-bill-is-low", "The billing alarm goes off below its threshold.",
                 alarm(ComparisonOperator="LessThanThreshold", Threshold=10, Metrics=[SEEN]),
                 "student-control", "account.billing-alert")  # fmt: skip
TABLE.add_change("budget-of-reservations", "The budget watches how far reserved instances are used.",
                 budget(BudgetType="RI_UTILIZATION", BudgetLimit={"Amount": "80", "Unit": "PERCENTAGE"}),
                 "student-control", "account.billing-alert")  # fmt: skip


# Rules by a prefix list or by another group.


def prefix_list(group: str, *cidrs: str) -> Change:
    """Return the change that a group's rule for ssh names a list of addresses."""

    def change(work: Builder) -> Iterator[None]:
        made = work.ec2.create_managed_prefix_list(
            PrefixListName="mine", MaxEntries=4, AddressFamily="IPv4", Entries=[{"Cidr": cidr} for cidr in cidrs]
        )["PrefixList"]["PrefixListId"]
        source = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "PrefixListIds": [{"PrefixListId": made}]}
        with in_place_of(work, group, 22, source):
            yield
        work.ec2.delete_managed_prefix_list(PrefixListId=made)

    return change


for name, sentence, change, breaks in (
    ("ssh-by-a-prefix-list-of-the-world", "PublicSG's source for ssh is a prefix list of both halves of the world.",
     prefix_list("public-group", "0.0.0.0/1", "128.0.0.0/1"), ()),
    ("ssh-by-a-prefix-list-of-the-campus", "PublicSG's source for ssh is a prefix list of the campus.",
     prefix_list("public-group", "203.0.113.0/24", "198.51.100.0/24"), ("network.public-ssh", "bastion.ssh")),
    ("private-ssh-by-a-prefix-list", "PrivateSG's source for ssh is a prefix list of the VPC's addresses.",
     prefix_list("private-group", "172.31.0.0/16"), ()),
):  # fmt: skip
    TABLE.add_change(name, sentence, change, "student-control", *breaks)


@fault("network.private-ssh", "private.agent-forwarding")
def private_ssh_from_the_default_group(work: Builder) -> Iterator[None]:
    """PrivateSG lets in members of the default group, in which nothing is."""
    default = [{"Name": "group-name", "Values": ["default"]}]
    group = work.ec2.describe_security_groups(Filters=default)["SecurityGroups"][0]["GroupId"]
    with in_place_of(work, "private-group", 22, of_group(22, group)):
        yield


@fault("network.public-ssh")
def ssh_by_a_second_group(work: Builder) -> Iterator[None]:
    """Ssh is let in by another group of the bastion's than PublicSG."""
    made = work._made_group("ssh", "ssh from anywhere")
    work.ec2.authorize_security_group_ingress(GroupId=made, IpPermissions=[tcp(22)])
    with in_groups(work, "bastion", work.ids["public-group"], made), in_place_of(work, "public-group", 22):
        yield
    work.ec2.delete_security_group(GroupId=made)


@right
def bastion_in_both_groups(work: Builder) -> Iterator[None]:
    """The bastion is in PrivateSG as well."""
    with in_groups(work, "bastion", work.ids["public-group"], work.ids["private-group"]):
        yield


@fault("network.public-ssh")
def three_quarters_of_the_world(work: Builder) -> Iterator[None]:
    """PublicSG's rules for ssh add up to three quarters of the world."""
    quarters = (tcp(22, source=source) for source in ("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2"))
    with in_place_of(work, "public-group", 22, *quarters):
        yield


# The instances.


@fault("bastion.launched", "private.launched")
def groups_swapped(work: Builder) -> Iterator[None]:
    """The groups of bastion and private instance were swapped."""
    public, private = work.ids["public-group"], work.ids["private-group"]
    with in_groups(work, "bastion", private), in_groups(work, "private", public):
        yield


@fault("private.launched")
def private_was_stopped(work: Builder) -> Iterator[None]:
    """The private instance was stopped overnight."""
    named = {"InstanceIds": [work.ids["private"]]}
    work.ec2.stop_instances(**named)
    work.until_state("private", "stopped")
    yield
    work.ec2.start_instances(**named)
    work.until_state("private", "running")


@right
def second_bastion_was_stopped(work: Builder) -> Iterator[None]:
    """A second bastion was launched and stopped again."""
    work.launch("second", "t2.large", "public-group")
    work.until_state("second", "running")
    work.ec2.stop_instances(InstanceIds=[work.ids["second"]])
    work.until_state("second", "stopped")
    yield
    work.terminate("second")


@right
def spot_of_another_kind(work: Builder) -> Iterator[None]:
    """The spot instance that runs is of another type, group and key than the first, which has ended."""
    work.terminate("spot")
    default = work.ec2.describe_security_groups(Filters=[{"Name": "group-name", "Values": ["default"]}])
    work.ids["default"] = default["SecurityGroups"][0]["GroupId"]
    work.ec2.create_key_pair(KeyName="another")
    market = {"MarketType": "spot", "SpotOptions": {"SpotInstanceType": "one-time"}}
    work.launch("spot", "c5.large", "default", KeyName="another", InstanceMarketOptions=market)
    work.until_state("spot", "running")
    yield
    work.ec2.delete_key_pair(KeyName="another")
    work.terminate("spot")
    work.launch_spot()
    work.until_state("spot", "running")


@right
def bastion_with_an_elastic_address(work: Builder) -> Iterator[None]:
    """The bastion has an elastic address."""
    work.hang_up()
    address = work.ec2.allocate_address(Domain="vpc")["AllocationId"]
    bound = work.ec2.associate_address(AllocationId=address, InstanceId=work.ids["bastion"])["AssociationId"]
    yield
    work.ec2.disassociate_address(AssociationId=bound)
    work.ec2.release_address(AllocationId=address)
    # Only a start gives it an address of its own again.
    for order, state in ((work.ec2.stop_instances, "stopped"), (work.ec2.start_instances, "running")):
        order(InstanceIds=[work.ids["bastion"]])
        work.until_state("bastion", state)
    work.__dict__.pop("address", None)
    until("the bastion lets the student in", work._is_in, timeout=30)


# What lies on the bastion.


def key_at(path: str) -> Change:
    """Return the change that the key lies on the bastion."""

    def change(work: Builder) -> Iterator[None]:
        text = shlex.quote(work.private_copy.read_text())
        work.ssh(f"sudo mkdir -p $(dirname {path}) && printf %s {text} | sudo tee {path} >/dev/null")
        yield
        work.ssh(f"sudo rm {path}")

    return change


for name, sentence, path in (
    ("key-in-tmp", "The key was copied to /tmp of the bastion.", "/tmp/hw02"),
    ("key-of-root", "The key lies in root's home, from where ssh was called after sudo su.", "/root/.ssh/id_ed25519"),
    ("key-in-opt", "The key was copied to /opt of the bastion.", "/opt/course/hw02.pem"),
    ("key-deep-in-etc", "The key was put deep into /etc of the bastion.", "/etc/course/2026/hw02/ssh/a/key"),
    ("key-called-notes", "The key lies on the bastion as notes.txt.", "/home/ubuntu/course/notes.txt"),
):
    TABLE.add_change(name, sentence, key_at(path), "student-control", "private.agent-forwarding")
TABLE.add_change("keys-of-programs", "The bastion has keys of its web certificate's and of a Python package's tests.",
                 lines("sudo mkdir -p /etc/ssl/private /usr/local/lib/python3.12/dist-packages/tests; "
                       "openssl genrsa 2048 | sudo tee /etc/ssl/private/ssl-cert-snakeoil.key "
                       "/usr/local/lib/python3.12/dist-packages/tests/key.pem >/dev/null",
                       "sudo rm -r /etc/ssl/private /usr/local/lib/python3.12"), "student-control")  # fmt: skip
TABLE.add_change("key-made-on-the-bastion", "A key of its own was made on the bastion.",
                 lines("ssh-keygen -q -t ed25519 -N '' -f .ssh/id_ed25519", "rm .ssh/id_ed25519 .ssh/id_ed25519.pub"),
                 "student-control", "private.agent-forwarding")  # fmt: skip
TABLE.add_change("forwarding-in-its-configuration", "The bastion's ssh forwards agents further, by its configuration.",
                 lines("printf 'Host *\\n  ForwardAgent yes\\n' > .ssh/config", "rm .ssh/config"),
                 "student-control")  # fmt: skip
