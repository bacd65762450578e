"""AWS as one identity in one region sees it."""

from __future__ import annotations

import functools
import threading
from typing import Any

import boto3
import botocore.config
import botocore.session

from harness.aws.newborn import Newborns
from harness.cloud import Cloud, Credentials


@functools.cache
def _loader() -> Any:
    """Return the reader of the services' models; it keeps what it read, a quarter of a second for every identity."""
    return botocore.session.Session().get_component("data_loader")


class Aws:
    """The boto3 clients of one identity; the only way to AWS for everything above ``harness.aws``.

    Clients retry by botocore's standard mode, ask again for what they created a moment ago, and are made once each
    (making one is slow and not thread-safe, using one is).
    """

    def __init__(self, cloud: Cloud, credentials: Credentials | None) -> None:
        self.cloud = cloud
        self.region = cloud.region
        core = botocore.session.Session()
        core.register_component("data_loader", _loader())
        self._session = boto3.Session(
            botocore_session=core,
            aws_access_key_id=credentials.access_key if credentials else None,
            aws_secret_access_key=credentials.secret_key if credentials else None,
            aws_session_token=credentials.session_token if credentials else None,
            region_name=cloud.region,
        )
        self._newborns = Newborns(cloud.patience)
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @property
    def session(self) -> boto3.Session:
        """Return the boto3 session, for libraries that want one (the SageMaker SDK)."""
        return self._session

    def client(self, service: str, *, region: str | None = None) -> Any:
        """Return the client of a service; clients are typed ``Any``, as boto3 makes them at run time."""
        key = f"{service}@{region or self.region}"
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._made(service, region or self.region)
            return self._clients[key]

    def _made(self, service: str, region: str) -> Any:
        retries = {"mode": "standard", "max_attempts": 5}
        config = botocore.config.Config(retries=retries, connect_timeout=10, read_timeout=60)
        client = self._session.client(service, region_name=region, endpoint_url=self.cloud.endpoint_url, config=config)
        self._newborns.attach(client)
        return client
