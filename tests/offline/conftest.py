"""One offline cloud per file of tests, with hosts that record what they are told."""

from __future__ import annotations

import pytest

from harness.offline.cloud import OfflineCloud
from tests.offline.support import Caller, Ec2, RecordingHosts


@pytest.fixture(scope="module")
def hosts():
    return RecordingHosts()


@pytest.fixture(scope="module")
def offline(tmp_path_factory, hosts):
    with OfflineCloud(tmp_path_factory.mktemp("cloud"), hosts=hosts, settle=0.02) as offline:
        yield offline


@pytest.fixture(scope="module")
def root(offline):
    return Caller(offline.cloud.endpoint_url, offline.cloud.owner)


@pytest.fixture(scope="module")
def ec2(root):
    return Ec2(root("ec2"))


@pytest.fixture(scope="module")
def vpc(ec2):
    return ec2.client.describe_vpcs()["Vpcs"][0]["VpcId"]
