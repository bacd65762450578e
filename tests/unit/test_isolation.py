"""Offline means offline: no address but loopback, and nothing of the caller's AWS."""

from __future__ import annotations

import os
import socket
import sys
import urllib.error
import urllib.request

import pytest

from harness import isolation


@pytest.fixture
def closed():
    with isolation.offline():
        yield


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("address", [("198.51.100.7", 80), ("10.0.0.1", 22), ("169.254.169.254", 80)])
def test_an_address_outside_is_refused_by_name(address):
    with socket.socket() as client, pytest.raises(isolation.OutsideError, match=address[0]):
        client.connect(address)


@pytest.mark.usefixtures("closed")
def test_no_datagram_leaves():
    with socket.socket(type=socket.SOCK_DGRAM) as client, pytest.raises(isolation.OutsideError):
        client.sendto(b"x", ("198.51.100.7", 53))


@pytest.mark.usefixtures("closed")
def test_no_name_is_asked_outside():
    with pytest.raises(isolation.OutsideError, match=r"sts\.amazonaws\.com"):
        socket.getaddrinfo("sts.amazonaws.com", 443)


@pytest.mark.usefixtures("closed")
def test_a_library_gets_the_same_answer():
    with pytest.raises((urllib.error.URLError, isolation.OutsideError), match="nothing may leave this machine"):
        urllib.request.urlopen("http://198.51.100.7/", timeout=1)


@pytest.mark.usefixtures("closed")
@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.8.7", "localhost"])
def test_loopback_is_open(host):
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        with socket.create_connection((host, server.getsockname()[1]), timeout=5) as client:
            assert client.getpeername()[1] == server.getsockname()[1]


def test_the_way_out_is_open_again_afterwards(monkeypatch):
    monkeypatch.setattr(isolation, "_closed", False)  # the session that runs this test has closed it
    with isolation.offline(), pytest.raises(isolation.OutsideError):
        sys.audit("socket.connect", None, ("198.51.100.7", 80))

    sys.audit("socket.connect", None, ("198.51.100.7", 80))


def test_the_callers_credentials_are_hidden_and_put_back(monkeypatch):
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    monkeypatch.setenv("AWS_PROFILE", "prod")
    monkeypatch.setenv("https_proxy", "http://198.51.100.7:3128")

    with isolation.offline():
        assert "canary" not in os.environ.values()
        assert not {"AWS_PROFILE", "https_proxy"} & set(os.environ)
        assert os.environ["AWS_CONFIG_FILE"] == os.devnull

    assert os.environ["AWS_SECRET_ACCESS_KEY"] == "canary"
    assert os.environ["https_proxy"].endswith("3128")
