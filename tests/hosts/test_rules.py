"""Security groups: who gets an answer, from one moment to the next."""

from __future__ import annotations

import asyncio
import socket
import subprocess

import pytest

from harness.offline.hosts.bpf import attach_source_filter
from harness.offline.hosts.door import Door
from harness.offline.hosts.rules import Addresses, admits, admitted, lets_out
from harness.waiting import until
from tests.hosts.support import connects, rule, way_out

# -- rules alone ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "port", "source", "expected"),
    [
        (rule(), 22, "127.0.0.1", True),
        (rule(), 23, "127.0.0.1", False),
        (rule(port=20, to=30), 25, "127.0.0.1", True),
        (rule(port=20, to=30), 31, "127.0.0.1", False),
        (rule(protocol="-1", port=-1), 8003, "127.0.0.1", True),
        (rule(protocol="udp"), 22, "127.0.0.1", False),
        (rule(protocol="icmp", port=-1), 22, "127.0.0.1", False),
        (rule("198.51.100.0/24"), 22, "127.0.0.1", False),
        (rule("127.0.0.1/32"), 22, "127.0.0.1", True),
        (rule("::/0"), 22, "127.0.0.1", False),
        (rule("172.31.0.0/16"), 22, "172.31.7.9", True),
    ],
)
def test_a_rule_admits(given, port, source, expected):
    assert admits([given], port, source) is expected


def test_groups_add_up():
    assert admits([rule("198.51.100.0/24"), rule(port=8003), rule("127.0.0.1/32")], 22, "127.0.0.1")


def test_no_rule_admits_nobody():
    assert not admits([], 22, "127.0.0.1")


@pytest.mark.parametrize(
    ("given", "port", "destination", "expected"),
    [
        (way_out(), 22, "172.31.7.9", True),
        (way_out(protocol="tcp", port=443), 22, "172.31.7.9", False),
        (way_out(protocol="tcp", port=22), 22, "172.31.7.9", True),
        (way_out("10.0.0.0/8"), 22, "172.31.7.9", False),
        (way_out("::/0"), 22, "172.31.7.9", False),
    ],
)
def test_a_rule_lets_out(given, port, destination, expected):
    assert lets_out([given], port, destination) is expected


ONE, OTHER = (Addresses(f"127.9.0.{n}", f"127.9.1.{n}", f"172.31.0.{n}") for n in (1, 2))
BOOK = {ONE: (way_out(),), OTHER: (way_out(),)}


@pytest.mark.parametrize(
    ("source", "at", "expected"),
    [
        ("0.0.0.0/0", "127.9.0.1", {"127.0.0.1", "127.9.0.1", "127.9.0.2"}),
        ("0.0.0.0/0", "127.9.1.1", {"127.9.1.1", "127.9.1.2"}),
        ("172.31.0.2/32", "127.9.1.1", {"127.9.1.2"}),
        ("172.31.0.2/32", "127.9.0.1", set()),
        ("127.9.0.2/32", "127.9.0.1", {"127.9.0.2"}),
        ("127.9.0.2/32", "127.9.1.1", set()),
    ],
)
def test_callers_are_seen_by_the_address_they_came_by(source, at, expected):
    assert admitted([rule(source)], 22, BOOK, at) == expected


@pytest.mark.parametrize(
    ("egress", "at", "is_let_out"),
    [
        ((), ONE.inside, False),
        ((), ONE.public, False),
        ((way_out("172.31.0.1/32"),), ONE.inside, True),
        ((way_out("172.31.0.1/32"),), ONE.public, False),
        ((way_out("127.9.0.1/32"),), ONE.public, True),
        ((way_out(port=22, protocol="tcp"), way_out("172.31.0.9/32")), ONE.inside, True),
    ],
)
def test_a_host_calls_where_its_own_groups_let_it_out(egress, at, is_let_out):
    caller = OTHER.inside if at == ONE.inside else OTHER.public
    assert (caller in admitted([rule()], 22, {ONE: (), OTHER: egress}, at)) is is_let_out


def test_private_addresses_mean_something_within_one_network_only():
    near, far = (
        Addresses(f"127.9.0.{n}", f"127.9.1.{n}", "172.31.0.2", network) for n, network in ((3, "a"), (4, "b"))
    )
    own = Addresses("127.9.0.1", "127.9.1.1", "172.31.0.1", "a")
    book = dict.fromkeys((own, near, far), (way_out(),))
    assert admitted([rule("172.31.0.2/32")], 22, book, own.inside) == {near.inside}
    assert admitted([rule("127.9.0.4/32")], 22, book, own.public) == {far.public}


# -- one door ---------------------------------------------------------------------------------------------------------


def filters_work() -> bool:
    with socket.socket() as trial:
        return attach_source_filter(trial, [])


@pytest.fixture(params=["filter", "no filter"])
def means(request):
    if request.param == "filter" and not filters_work():
        pytest.skip("this system keeps socket filters for root")
    return request.param == "filter"


def seen_from(source: str, address: str, port: int) -> str:
    with socket.socket() as caller:
        caller.bind((source, 0))
        caller.settimeout(0.3)
        try:
            caller.connect((address, port))
        except TimeoutError:
            return "no answer"
        except ConnectionRefusedError:
            return "refused"
        try:
            return "served" if caller.recv(1) else "closed"
        except TimeoutError:
            return "silence"


def test_a_door_opens_and_shuts_for_those_it_is_told(lab, means):
    async def walk() -> list[str]:
        loop = asyncio.get_running_loop()
        address, stranger = lab.hosts._site.lease.service(), "127.1.2.3"

        def serve(caller: socket.socket, _address: str) -> None:
            caller.send(b"x")
            caller.close()

        async def look(source: str = "127.0.0.1") -> str:
            return await loop.run_in_executor(None, seen_from, source, address, 4711)

        door = Door(loop, address, 4711, serve, filters=means)
        seen = [await look()]
        door.admit(frozenset({"127.0.0.1"}))
        seen += [await look(), await look(stranger)]
        door.admit(frozenset())
        seen += [await look(), await look()]
        door.admit(frozenset({"127.0.0.1"}))
        seen.append(await look())
        door.close()
        seen.append(await look())
        return seen

    refused_one = "no answer" if means else "silence"
    expected = ["no answer", "served", refused_one, "no answer", "no answer", "served", "refused"]
    assert asyncio.run(walk()) == expected


# -- hosts ------------------------------------------------------------------------------------------------------------


def test_rules_hold_from_the_moment_they_are_set(lab):
    host = lab.boot(rule("198.51.100.0/24"))
    assert host.ssh_answers() == "silent"
    host.allow(rule())
    assert host.ssh_answers(5) == "open"
    host.allow()
    assert host.ssh_answers() == "silent"
    host.allow(rule("::/0"))
    assert host.ssh_answers() == "silent"
    host.allow(rule(protocol="-1", port=-1))
    assert host.out("echo in") == "in"


def test_a_running_session_outlives_its_rule(lab):
    host = lab.boot()
    argv = [*host.ssh_argv(), "cat"]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=lab.environment) as client:
        client.stdin.write(b"one\n")
        client.stdin.flush()
        assert client.stdout.readline() == b"one\n"
        host.allow()
        client.stdin.write(b"two\n")
        client.stdin.close()
        assert client.stdout.readline() == b"two\n"
    assert client.returncode == 0


def test_a_published_port_is_behind_the_rules(lab):
    host = lab.boot()
    machine = lab.hosts._hosts[host.spec.instance_id]
    backend = socket.create_server((machine.service_address(), 0))
    backend.settimeout(10)

    def on_loop(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, lab.hosts.loop).result(10)

    close = on_loop(machine.publish(8003, backend.getsockname()))
    with pytest.raises(OSError, match="in use"):
        on_loop(machine.publish(8003, backend.getsockname()))
    assert connects(host.public, 8003) == "silent"
    host.allow(rule(), rule(port=8003))
    with socket.create_connection((host.public, 8003), 5) as caller:
        served, _ = backend.accept()
        served.sendall(b"hello")
        assert caller.recv(5) == b"hello"
        served.close()
    assert host.out("ss -tln | grep -c :8003") == "1"
    backend.close()
    # The reset may come before the connecting call has returned: then it is that call's error.
    with pytest.raises(ConnectionResetError), socket.create_connection((host.public, 8003), 5) as caller:
        caller.recv(1)
    on_loop(close())
    assert connects(host.public, 8003) == "refused"


def test_a_group_named_by_its_members_private_addresses(lab):
    one, other = lab.boot(), lab.boot()
    target = lab.boot(rule(f"{one.private}/32"))
    port = lab.port
    curl = f"curl -s -m 1 --http0.9 http://{target.private}:{port}/ | head -c 3"
    assert one.out(curl) == "SSH"
    assert other.out(curl) == ""
    target.allow(rule(f"{other.private}/32"))
    until("the other is let in", lambda: other.out(curl) == "SSH", timeout=5)
    assert one.out(curl) == ""


def test_what_a_host_may_send_is_held_back_at_the_others(lab):
    bastion, target = lab.boot(), lab.boot()
    curl = f"curl -s -m 1 --http0.9 http://{target.private}:{lab.port}/ | head -c 3"
    assert bastion.out(curl) == "SSH"
    bastion.allow(rule(), egress=(way_out("172.31.9.0/24"),))
    assert bastion.out(curl) == ""
    bastion.allow(rule(), egress=(way_out(f"{target.private}/32", port=22, protocol="tcp"),))
    assert bastion.out(curl) == "SSH"
