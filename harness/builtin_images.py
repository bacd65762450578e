"""Where SageMaker's built-in k-means lives: one registry per region.

Source: AWS, "Docker Registry Paths and Example Code" (Amazon SageMaker AI), one page per region, section KMeans; a test
compares the table with the SDK's own.
"""

from __future__ import annotations

KMEANS_REGISTRIES = {
    "af-south-1": "455444449433",
    "ap-east-1": "286214385809",
    "ap-northeast-1": "351501993468",
    "ap-northeast-2": "835164637446",
    "ap-northeast-3": "867004704886",
    "ap-south-1": "991648021394",
    "ap-south-2": "628508329040",
    "ap-southeast-1": "475088953585",
    "ap-southeast-2": "712309505854",
    "ap-southeast-3": "951798379941",
    "ap-southeast-4": "106583098589",
    "ca-central-1": "469771592824",
    "ca-west-1": "190319476487",
    "cn-north-1": "390948362332",
    "cn-northwest-1": "387376663083",
    "eu-central-1": "664544806723",
    "eu-central-2": "680994064768",
    "eu-north-1": "669576153137",
    "eu-south-1": "257386234256",
    "eu-south-2": "104374241257",
    "eu-west-1": "438346466558",
    "eu-west-2": "644912444149",
    "eu-west-3": "749696950732",
    "il-central-1": "898809789911",
    "me-central-1": "272398656194",
    "me-south-1": "249704162688",
    "sa-east-1": "855470959533",
    "us-east-1": "382416733822",
    "us-east-2": "404615174143",
    "us-gov-east-1": "237065988967",
    "us-gov-west-1": "226302683700",
    "us-west-1": "632365934929",
    "us-west-2": "174872318107",
}


def kmeans_image(region: str) -> str | None:
    """Return the image URI of the built-in k-means in a region, or ``None`` where there is none."""
    registry = KMEANS_REGISTRIES.get(region)
    suffix = "amazonaws.com.cn" if region.startswith("cn-") else "amazonaws.com"
    return f"{registry}.dkr.ecr.{region}.{suffix}/kmeans:1" if registry else None


def is_kmeans(image: str, region: str) -> bool:
    """Say whether an image URI is the region's built-in k-means, by tag ``1``, ``latest`` or none."""
    builtin = kmeans_image(region)
    repository, _, tag = image.rpartition(":") if ":" in image else (image, "", "latest")
    return builtin is not None and repository == builtin.rpartition(":")[0] and tag in ("1", "latest")
