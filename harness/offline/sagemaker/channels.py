"""A training job's input: from S3 to the hosts that read it."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

from harness import recordio

from .account import Account, split_uri
from .errors import Refused
from .tasks import AlgorithmError, Channel

_KNOWN = ("train", "test")


def check_sources(account: Account, channels: list[dict[str, Any]], role: str) -> None:
    """Refuse a job whose input is not in S3 at all."""
    for channel in channels:
        source = _source(channel)
        uri = source["S3Uri"]
        if not account.keys(uri):
            bucket, _ = split_uri(uri)
            raise Refused(
                f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket'
                f" exists in the selected region ({account.region}), that objects exist under that S3 prefix, and"
                f' that the role "{role}" has "s3:ListBucket" permissions on bucket "{bucket}".'
            )


def read_channels(account: Account, channels: list[dict[str, Any]], hosts: int) -> dict[str, Channel]:
    """Download every channel. Raises :class:`AlgorithmError` where an object is missing, or a channel unknown."""
    names = [channel["ChannelName"] for channel in channels]
    unexpected = [name for name in names if name not in _KNOWN]
    if "train" not in names:
        raise _unconfigured("'train' is a required property")
    if unexpected:
        raise _unconfigured(f"Additional properties are not allowed ('{unexpected[0]}' was unexpected)")
    return {channel["ChannelName"]: _read_channel(account, channel, hosts) for channel in channels}


def _read_channel(account: Account, channel: dict[str, Any], hosts: int) -> Channel:
    source = _source(channel)
    keys = _listed_keys(account, source)
    unpack = gzip.decompress if channel.get("CompressionType") == "Gzip" else bytes
    contents = [_download(account, bucket, key, unpack) for bucket, key in keys]
    if source.get("S3DataDistributionType") == "ShardedByS3Key":
        shares = tuple(tuple(contents[host::hosts]) for host in range(hosts))
    else:
        # Every host reads everything, which k-means' result does not depend on: once is enough.
        shares = (tuple(contents),)
    return Channel(channel["ChannelName"], channel.get("ContentType") or recordio.CONTENT_TYPE, shares)


def _listed_keys(account: Account, source: dict[str, Any]) -> list[tuple[str, str]]:
    uri = source["S3Uri"]
    bucket, key = split_uri(uri)
    if source["S3DataType"] == "S3Prefix":
        return [(bucket, name) for name in account.keys(uri)]
    content = account.read(bucket, key)
    if content is None:
        raise AlgorithmError(f"ClientError: Data download failed:Manifest file {uri} does not exist.")
    return _read_manifest(uri, content)


def _read_manifest(uri: str, content: bytes) -> list[tuple[str, str]]:
    """Return what a manifest names: ``[{"prefix": "s3://…/"}, "name", …]`` (AWS: "S3DataSource")."""
    try:
        first, *names = json.loads(content)
        prefix = first["prefix"]
    except (ValueError, TypeError, KeyError):
        raise AlgorithmError(f"ClientError: Data download failed:Manifest file {uri} is not valid.") from None
    return [split_uri(f"{prefix}{name}") for name in names]


def _download(account: Account, bucket: str, key: str, unpack: Any) -> bytes:
    content = account.read(bucket, key)
    if content is None:
        raise AlgorithmError(
            f"ClientError: Data download failed:Failed to download data. Object s3://{bucket}/{key} does not exist."
        )
    try:
        unpacked: bytes = unpack(content)
    except (OSError, EOFError, zlib.error):
        reason = f"ClientError: Data download failed:Object s3://{bucket}/{key} is not in Gzip format."
        raise AlgorithmError(reason) from None
    return unpacked


def _source(channel: dict[str, Any]) -> dict[str, Any]:
    source: dict[str, Any] | None = channel["DataSource"].get("S3DataSource")
    if source is None:
        raise Refused(f"Channel {channel['ChannelName']} has no S3DataSource; the offline cloud has no other source.")
    if source["S3DataType"] not in {"S3Prefix", "ManifestFile"}:
        raise Refused(f"S3DataType {source['S3DataType']} is not supported by the algorithm.")
    return source


def _unconfigured(why: str) -> AlgorithmError:
    return AlgorithmError(
        "ClientError: Unable to initialize the algorithm. Failed to validate input data configuration."
        f" (caused by ValidationError)\n\nCaused by: {why}"
    )
