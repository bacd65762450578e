"""The container images that the offline cloud can run: k-means, from the registry of each region."""

from __future__ import annotations

import re

from harness.builtin_images import is_kmeans, kmeans_image

from .errors import Refused

_URI = re.compile(
    r"(?P<path>(?P<account>\d{12})\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/(?P<repository>[^:@]+))([:@].+)?"
)


def check_image(uri: str, region: str, role: str) -> None:
    """Refuse an image that SageMaker would not find in this region.

    Images of other built-in algorithms, and those in the account's own registry, do not exist offline.
    """
    if is_kmeans(uri, region):
        return
    found = _URI.fullmatch(uri)
    if found is None:
        raise Refused(f"Invalid image URI {uri}. Please provide a valid Amazon Elastic Container Registry path.")
    if found["path"] == (kmeans_image(region) or "").partition(":")[0]:
        raise Refused(f"Requested image {uri} not found.")
    raise Refused(
        f"Cannot find repository: {found['repository']} in registry ID: {found['account']} Please check if your ECR"
        f" repository exists and role {role} has proper pull permissions for SageMaker:"
        " ecr:BatchCheckLayerAvailability, ecr:BatchGetImage, ecr:GetDownloadUrlForLayer"
    )
