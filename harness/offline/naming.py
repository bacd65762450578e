"""The DNS names that EC2 gives to addresses ("Amazon EC2 instance hostnames and domains")."""

from __future__ import annotations


def private_name(address: str, region: str) -> str:
    """Return the private DNS name of an address."""
    domain = "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"
    return f"ip-{address.replace('.', '-')}.{domain}"


def public_name(address: str, region: str) -> str:
    """Return the public DNS name of an address."""
    domain = "compute-1.amazonaws.com" if region == "us-east-1" else f"{region}.compute.amazonaws.com"
    return f"ec2-{address.replace('.', '-')}.{domain}"
