"""The offline SageMaker on moto's own server, once for all these tests."""

from __future__ import annotations

import logging

import pytest

from tests.kmeans.support import BUCKET, create_account


@pytest.fixture(scope="session")
def installation():
    from harness.offline import loading, sagemaker

    loading.load()
    installed = sagemaker.install()
    installed.warm()
    yield installed
    installed.close()


@pytest.fixture(scope="session")
def url(installation):
    from moto.moto_server.threaded_moto_server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    yield "http://{}:{}".format(*server.get_host_and_port())
    server.stop()
    server._server.server_close()


@pytest.fixture(scope="session")
def account(url):
    return create_account(url)


@pytest.fixture(scope="session")
def trained(account):
    """A training job that worked."""
    return account.train("trained")


@pytest.fixture(scope="session")
def artifact(account, trained):
    return trained["ModelArtifacts"]["S3ModelArtifacts"]


@pytest.fixture(scope="session")
def centroids(account, artifact):
    from harness import ndarray

    key = artifact.removeprefix(f"s3://{BUCKET}/")
    return ndarray.unpack_model(account.client("s3").get_object(Bucket=BUCKET, Key=key)["Body"].read())


@pytest.fixture(scope="session")
def endpoint(account, artifact):
    """An endpoint that serves the trained model."""
    account.deploy("served", artifact)
    assert account.settled("served")["EndpointStatus"] == "InService"
    return "served"
