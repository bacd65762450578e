"""The life of an instance: pending, running, stopping, stopped, shutting-down, terminated ("Instance lifecycle")."""

from __future__ import annotations

import re
from collections.abc import Callable
from copy import copy
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.exceptions import EC2ClientError
from moto.ec2.models import instances as moto

from harness.offline.call import current

CODES = {"pending": 0, "running": 16, "shutting-down": 32, "terminated": 48, "stopping": 64, "stopped": 80}

INTERRUPTED = "Server.SpotInstanceTermination"


class Instance(moto.Instance):
    """An instance whose transitions take a moment; named as moto's, whose serializer goes by class names."""

    def __init__(self, ec2_backend: Any, image_id: str, user_data: Any, security_groups: Any, **given: Any) -> None:
        self._launch_groups: list[Any] = security_groups
        self.nics: dict[int, Any] = {}
        given["nics"] = [{"DeleteOnTermination": True, **nic} for nic in given.get("nics") or []] or [
            {"DeviceIndex": 0, "DeleteOnTermination": True}
        ]
        super().__init__(ec2_backend, image_id, user_data, security_groups, **given)
        self.reboots = 0
        self.reservation_id = ""
        self.spot_instance_request_id: str | None = None
        key = ec2_backend.key_pairs.get(self.key_name)
        self.authorized_key: str | None = key.public_key.strip() if key else None
        self.release = _release(ec2_backend, self.image_id)
        self._enter("pending")
        self._later("pending", "running", self._meet_the_market)

    # What the interfaces say, also when there are none left.

    @property
    def security_groups(self) -> list[Any]:
        """Return the primary interface's groups, however they were asked for at launch."""
        return list(self.nics[0].group_set) if 0 in self.nics else self._launch_groups

    @security_groups.setter
    def security_groups(self, groups: list[Any]) -> None:
        self._launch_groups = groups
        if 0 in self.nics:
            self.nics[0]._group_set = list(groups)

    @property
    def private_ip(self) -> str | None:
        return self.nics[0].private_ip_address if 0 in self.nics else None

    private_ip_address = private_ip

    @property
    def public_ip(self) -> str | None:
        return self.nics[0].public_ip if 0 in self.nics else None

    public_ip_address = public_ip

    @property
    def private_dns_name(self) -> str:
        return str(super().private_dns_name) if self.private_ip else ""

    @property
    def public_dns_name(self) -> str:
        return self.ec2_backend.site.hosts.public_name(self.public_ip, self.region_name) if self.public_ip else ""

    @property
    def state_code_text(self) -> str:
        """Return the state's number as filters compare it."""
        return str(self.state_code)

    # Transitions.

    def start(self) -> Any:
        if self.state == "running":
            return copy(self._state)
        self._must_be("stopped", "started")
        before = copy(self._state)
        for nic in self.nics.values():
            nic.start()
        self._reason, self.state_reason = "", moto.StateReason()
        self._enter("pending")
        self._later("pending", "running")
        return before

    def stop(self) -> Any:
        _refuse_hibernation()
        if self.state in ("stopping", "stopped"):
            return copy(self._state)
        self._must_be("running", "stopped")
        self._must_be_stoppable()
        before = copy(self._state)
        self._say_why("Client.UserInitiatedShutdown: User initiated shutdown")
        self._enter("stopping")
        self._later("stopping", "stopped", self._release_addresses)
        return before

    def terminate(self) -> Any:
        before = copy(self._state)
        if self.state in ("shutting-down", "terminated"):
            return before
        self._say_why("Client.UserInitiatedShutdown: User initiated shutdown")
        self._enter("shutting-down")
        self._later("shutting-down", "terminated", self._give_everything_back)
        return before

    def reboot(self) -> None:
        self._must_be("running", "rebooted")
        self.reboots += 1

    def shut_down(self) -> None:
        """Follow a machine that shut itself down: stop or terminate, as the instance was told at launch."""
        if self.state != "running":
            return
        if self.instance_initiated_shutdown_behavior == "terminate" or self._is_one_time_spot():
            self.terminate()
        else:
            self.stop()
        self._say_why("Client.InstanceInitiatedShutdown: Instance initiated shutdown")

    def _enter(self, name: str) -> None:
        self._state.name, self._state.code = name, CODES[name]

    def _later(self, now: str, then: str, work: Callable[[], None] = lambda: None) -> None:
        def arrive() -> None:
            if self.state == now:  # otherwise somebody was quicker: terminated while pending
                work()
                self._enter(then)

        site = self.ec2_backend.site
        site.after(site.weather.seconds(f"instance.{now}"), arrive)

    def _meet_the_market(self) -> None:
        """Let EC2 take a spot instance back some time after it began to run, where the weather has it so."""
        seconds = self.ec2_backend.site.weather.interruption() if self._is_one_time_spot() else None
        if seconds is not None:
            self.ec2_backend.site.after(seconds, self._interrupt)

    @property
    def was_taken_back(self) -> bool:
        """Say whether EC2 ended it for itself."""
        return self.state in ("shutting-down", "terminated") and self.state_reason.code == INTERRUPTED

    def _interrupt(self) -> None:
        if self.state == "running":
            self.terminate()
            self._reason = ""
            self.state_reason = moto.StateReason(f"{INTERRUPTED}: Spot instance termination", INTERRUPTED)

    def _release_addresses(self) -> None:
        for nic in self.nics.values():
            nic.stop()

    def _give_everything_back(self) -> None:
        reason = self._reason, self.state_reason
        self.ec2_backend.site.linger(frozenset(group.id for nic in self.nics.values() for group in nic.group_set))
        super().terminate()
        self._reason, self.state_reason = reason
        self.nics.clear()
        self._launch_groups, self._subnet_id = [], None

    def _must_be(self, state: str, done: str) -> None:
        if self.state != state:
            raise EC2ClientError(
                "IncorrectInstanceState", f"The instance '{self.id}' is not in a state from which it can be {done}."
            )

    def _must_be_stoppable(self) -> None:
        if self._is_one_time_spot():
            raise EC2ClientError(
                "UnsupportedOperation",
                f"You can't stop the Spot Instance '{self.id}' because it is associated with a one-time Spot Instance "
                "request. You can only stop Spot Instances associated with persistent Spot Instance requests.",
            )

    def _is_one_time_spot(self) -> bool:
        request = self.ec2_backend.spot_instance_requests.get(self.spot_instance_request_id)
        return request is not None and request.type == "one-time"

    def _say_why(self, message: str) -> None:
        self._reason = f"User initiated ({utcnow().strftime('%Y-%m-%d %H:%M:%S GMT')})"
        self.state_reason = moto.StateReason(message, message.partition(":")[0])


def _refuse_hibernation() -> None:
    """Refuse what an instance that was not launched for it cannot do, and none is here."""
    call = current()
    if call and call.operation == "StopInstances" and call.parameters.get("Hibernate"):
        raise EC2ClientError("UnsupportedHibernationConfiguration", "The instance is not enabled for hibernation.")


def _release(backend: Any, image_id: str) -> str:
    """Return the Ubuntu release of an image, by its name or by the instance it was made from."""
    image = backend.amis.get(image_id)
    named = re.search(r"-(\d\d\.\d\d)-", getattr(image, "name", None) or "")
    source = getattr(image, "instance", None)
    return named.group(1) if named else getattr(source, "release", "24.04")
