"""What an instance wrote to its console: the one way by which EC2 itself vouches for its host keys."""

from __future__ import annotations

import base64
import binascii
import re

from harness.aws.answers import absence
from harness.aws.errors import REFUSED
from harness.aws.session import Aws

# cloud-init, module "SSH": printed at every boot.
KEYS = re.compile(r"-----BEGIN SSH HOST KEY KEYS-----(?P<keys>.*?)-----END SSH HOST KEY KEYS-----", re.DOTALL)
KEY = re.compile(r"(?P<key>(?:ssh|ecdsa)-[\w@.-]+ [A-Za-z0-9+/=]{40,})")


def find_host_keys(aws: Aws, id: str) -> tuple[str, ...]:
    """Return an instance's public host keys, ``type key`` each.

    None while EC2 has no console output of it (minutes after the boot, on AWS), and for a caller who may not see it.
    """
    with absence("InvalidInstanceID", "UnsupportedOperation", *REFUSED):
        output = aws.client("ec2").get_console_output(InstanceId=id).get("Output", "")
        found = list(KEYS.finditer(_decoded(output)))
        return tuple(match["key"] for match in KEY.finditer(found[-1]["keys"])) if found else ()
    return ()


def _decoded(output: str) -> str:
    """Return the console's text, which botocore hands out as AWS sent it or decoded already."""
    try:
        return base64.b64decode(output, validate=True).decode(errors="replace")
    except (binascii.Error, ValueError):
        return output
