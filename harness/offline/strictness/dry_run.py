"""DryRun, for every operation of EC2: permission is checked before, nothing is done."""

from __future__ import annotations

from harness.offline.call import AwsError, Call, Reply
from harness.offline.layers import Next


def dry_run(call: Call, forward: Next) -> Reply:
    """Is a layer that stands behind authorization and answers a dry run as EC2 does."""
    if call.service == "ec2" and call.parameters.get("DryRun") is True:
        raise AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)
    return forward(call)
