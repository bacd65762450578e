"""What the tests of the control plane share: recording hosts, clients, and the question why a call was refused."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import botocore.loaders
import botocore.session
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from harness.cloud import Credentials
from harness.offline.hosts.protocol import EgressRule, IngressRule, MachineSpec
from harness.offline.naming import public_name
from harness.waiting import until

HOMEWORK_IMAGE = "ami-0bcc094591f354be2"


@dataclass
class RecordingHosts:
    """Hosts that only write down what they are told."""

    told: list[tuple[Any, ...]] = field(default_factory=list)
    specs: dict[str, MachineSpec] = field(default_factory=dict)
    rules: dict[str, tuple[IngressRule, ...]] = field(default_factory=dict)
    reserved: set[str] = field(default_factory=set)
    _number: Any = field(default_factory=lambda: itertools.count(2))

    def allocate_public_ip(self) -> str:
        number = next(self._number)
        address = f"127.9.{number // 250}.{number % 250 + 1}"
        self.reserved.add(address)
        return address

    def release_public_ip(self, address: str) -> None:
        self.reserved.remove(address)
        self.told.append(("release", address))

    def public_name(self, address: str, region: str) -> str:
        return public_name(address, region)

    def boot(self, spec: MachineSpec, rules: tuple[IngressRule, ...], egress: tuple[EgressRule, ...] = ()) -> None:
        self.specs[spec.instance_id], self.rules[spec.instance_id] = spec, rules
        self.told.append(("boot", spec.instance_id))

    def reboot(self, instance_id: str) -> None:
        self.told.append(("reboot", instance_id))

    def halt(self, instance_id: str) -> None:
        self.told.append(("halt", instance_id))

    def destroy(self, instance_id: str) -> None:
        self.told.append(("destroy", instance_id))

    def set_rules(self, instance_id: str, rules: tuple[IngressRule, ...], egress: tuple[EgressRule, ...] = ()) -> None:
        self.rules[instance_id] = rules
        self.told.append(("rules", instance_id))

    def console_output(self, instance_id: str) -> str:
        return f"-----BEGIN SSH HOST KEY KEYS-----\nof {instance_id}\n"

    def ssh_config(self) -> Path | None:
        return None

    def close(self) -> None:
        self.told.append(("close",))

    def of(self, instance_id: str) -> list[str]:
        """Return what was said about one machine, in order."""
        return [entry[0] for entry in self.told if entry[1:] == (instance_id,)]


@dataclass
class Caller:
    """Clients of one identity, made once each."""

    url: str
    credentials: Credentials
    region: str = "us-east-1"
    clients: dict[str, Any] = field(default_factory=dict)

    def __call__(self, service: str, **given: Any) -> Any:
        key = f"{service}{given}"
        if key not in self.clients:
            session = boto3.Session(
                self.credentials.access_key, self.credentials.secret_key, self.credentials.session_token,
                given.get("region_name", self.region), botocore_session=_session(),
            )  # fmt: skip
            config = Config(retries={"total_max_attempts": 1}, signature_version=given.get("signature_version"))
            self.clients[key] = session.client(service, endpoint_url=self.url, config=config)
        return self.clients[key]

    def by(self, key: dict[str, str]) -> Caller:
        """Return the same cloud for another access key, as IAM or STS describe it."""
        found = Credentials(key["AccessKeyId"], key["SecretAccessKey"], key.get("SessionToken"))
        return Caller(self.url, found, self.region)


def _session() -> botocore.session.Session:
    """Return a session that shares the services' descriptions with all others; reading them takes most of the time."""
    session = botocore.session.Session()
    session.register_component("data_loader", _LOADER)
    return session


_LOADER = botocore.loaders.create_loader()


def code_of(call: Callable[[], object]) -> str:
    """Return the error code with which a call is refused; that it succeeds is the test's failure."""
    with pytest.raises(ClientError) as refused:
        call()
    return str(refused.value.response["Error"]["Code"])


class Ec2:
    """Short ways to do the usual things with EC2."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self._names = itertools.count()

    def group(self, **given: Any) -> str:
        name = f"group-{next(self._names)}"
        return str(self.client.create_security_group(GroupName=name, Description="for a test", **given)["GroupId"])

    def launch(self, **given: Any) -> dict[str, Any]:
        """Launch one instance and return it as RunInstances describes it."""
        wanted = {"ImageId": HOMEWORK_IMAGE, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1} | given
        instance: dict[str, Any] = self.client.run_instances(**wanted)["Instances"][0]
        return instance

    def running(self, **given: Any) -> dict[str, Any]:
        """Launch one instance and wait until it runs."""
        return self.reach(self.launch(**given)["InstanceId"], "running")

    def instance(self, id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.describe_instances(InstanceIds=[id])["Reservations"][0]["Instances"][0]
        return found

    def reach(self, id: str, state: str) -> dict[str, Any]:
        """Wait until an instance is in a state and return it."""
        return until(
            f"{id} is {state}", lambda: self.instance(id), timeout=10, is_done=lambda i: i["State"]["Name"] == state
        )

    def end(self, id: str) -> dict[str, Any]:
        self.client.terminate_instances(InstanceIds=[id])
        return self.reach(id, "terminated")

    def request(self, id: str) -> dict[str, Any]:
        """Return the spot request of an instance."""
        request = self.instance(id)["SpotInstanceRequestId"]
        found: dict[str, Any] = self.client.describe_spot_instance_requests(SpotInstanceRequestIds=[request])
        return dict(found["SpotInstanceRequests"][0])
