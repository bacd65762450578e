"""Systems Manager's public parameters that name Canonical's newest images: moto knows those of Amazon's own images."""

from __future__ import annotations

from typing import Any

from harness.offline.call import Call, Reply
from harness.offline.layers import Next
from harness.offline.seeding import newest_images

_PREFIX = "/aws/service/canonical"


def know_canonicals(call: Call, forward: Next) -> Reply:
    """Is a layer: whoever gets parameters finds Canonical's among them; a list of one's own has them not, as on AWS."""
    if call.service == "ssm":
        from moto.ssm.models import ssm_backends

        parameters = ssm_backends[call.account][call.region]._parameters
        if call.operation.startswith("Get") and _PREFIX in str(call.parameters):
            parameters.update(_canonicals(call))
        else:
            for name in [name for name in parameters if name.startswith(f"{_PREFIX}/")]:
                del parameters[name]
    return forward(call)


def _canonicals(call: Call) -> dict[str, list[Any]]:
    from moto.ssm.models import Parameter

    return {
        name: [
            Parameter(  # type: ignore[abstract]  # moto makes them all the same
                account_id=call.account, name=name, value=image.id, parameter_type="String", description=None,
                allowed_pattern=None, keyid=None, version=1, data_type="aws:ec2:image",
                last_modified_date=image.created,
            )
        ]
        for name, image in newest_images(call.region).items()
    }  # fmt: skip
