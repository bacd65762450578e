"""EC2 GetConsoleOutput: what the host really wrote, host keys included; moto has one sample text."""

from __future__ import annotations

import base64
import datetime

from moto.ec2.models import ec2_backends

from harness.offline.call import Call
from harness.offline.layers import Result
from harness.offline.site import Site


class Console:
    """Answers with the hosts' console output."""

    def __init__(self, site: Site) -> None:
        self.site = site

    def get_console_output(self, call: Call) -> Result:
        """Answer with the text so far; empty before the first boot and after termination, as on AWS."""
        instance = ec2_backends[call.account][call.region].get_instance(call.parameters["InstanceId"])
        text = self.site.hosts.console_output(instance.id) if instance.state == "running" else ""
        output = base64.b64encode(text.encode()).decode()
        return {"InstanceId": instance.id, "Output": output, "Timestamp": datetime.datetime.now(datetime.UTC)}
