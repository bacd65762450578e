"""Machine images by owner and name."""

from __future__ import annotations

from harness.aws.answers import absence, filters
from harness.aws.session import Aws
from harness.errors import CloudTrouble
from harness.facts.instances import Image


def find_image(aws: Aws, id: str) -> Image:
    """Return an image; one that is no longer registered has neither name nor owner."""
    with absence("InvalidAMIID"):
        found = aws.client("ec2").describe_images(ImageIds=[id], IncludeDeprecated=True)["Images"]
        for image in found:
            return Image(id, image["OwnerId"], image.get("Name", ""), image.get("Architecture", ""))
    return Image(id, "", "", "")


def find_newest(aws: Aws, owner: str, name: str, architecture: str) -> Image:
    """Return the newest image of an owner (an account id) whose name matches a pattern.

    Raises :class:`~harness.errors.CloudTrouble` where the region offers none.
    """
    wanted = filters(name=name, architecture=architecture, state="available")
    found = aws.client("ec2").describe_images(Owners=[owner], Filters=wanted)["Images"]
    if not found:
        raise CloudTrouble(f"{aws.region} offers no image {name} of owner {owner}")
    newest = max(found, key=lambda image: image["CreationDate"])
    return Image(newest["ImageId"], newest["OwnerId"], newest["Name"], newest["Architecture"])
