"""Cases: lists, inspection, ports, volumes, networks, events, the engine itself."""

from __future__ import annotations

import io
import tarfile
import time
from typing import Any

from tests.engine.parity.bench import Bench, case


@case()
def ping(e: Bench) -> Any:
    return e.client.ping()


@case()
def version(e: Bench) -> Any:
    found = e.client.version()
    return [
        found["Os"],
        found["Arch"],
        sorted(set(found) & {"Version", "ApiVersion", "MinAPIVersion", "KernelVersion", "Components"}),
    ]


@case()
def info(e: Bench) -> Any:
    found = e.client.info()
    return [
        found["OSType"],
        found["Architecture"],
        found["NCPU"],
        found["Swarm"]["LocalNodeState"],
        found["DefaultRuntime"],
    ]


@case()
def list_running_only(e: Bench) -> Any:
    e.ended()
    running = e.run(short="two")
    return [c.id == running.id for c in e.client.containers.list(filters={"name": e.prefix})]


@case()
def list_filters(e: Bench) -> Any:
    first = e.ended(["sh", "-c", "exit 4"], labels={"kind": e.prefix})
    e.run(short="two", labels={"kind": "other"})
    asked = [
        {"status": "exited", "name": e.prefix}, {"label": f"kind={e.prefix}"}, {"exited": "4", "name": e.prefix},
        {"id": first.id}, {"ancestor": "ubuntu", "name": e.prefix}, {"since": first.id, "name": e.prefix},
        {"name": "no-such-name"},
    ]  # fmt: skip
    return [sorted(e.plain(c.name) for c in e.client.containers.list(all=True, filters=one)) for one in asked]


@case(400, r"[Ii]nvalid filter '?colour")
def list_bad_filter(e: Bench) -> Any:
    return e.client.containers.list(filters={"colour": "red"})


@case(400, r"(?i)(Unrecognised filter value for status|invalid filter 'status=)")
def list_bad_status(e: Bench) -> Any:
    return e.client.containers.list(filters={"status": "sleepy"})


@case()
def list_entry(e: Bench) -> Any:
    c = e.run(["sh", "-c", "sleep 60"], ports={"80/tcp": None}, labels={"a": "b"})
    found = next(one for one in e.client.api.containers(filters={"id": c.id}))
    ports = [{key: port[key] for key in ("PrivatePort", "Type")} for port in found["Ports"]][:1]
    return [
        found["Command"],
        found["Image"],
        found["State"],
        found["Labels"],
        ports,
        [e.plain(n) for n in found["Names"]],
    ]


@case(404, r"No such container: missing-one")
def inspect_missing(e: Bench) -> Any:
    return e.client.containers.get("missing-one")


@case()
def inspect_by_beginning_of_id(e: Bench) -> Any:
    c = e.create()
    return e.client.containers.get(c.id[:12]).id == c.id


@case()
def published_port(e: Bench) -> Any:
    c = e.run(ports={"80/tcp": 28003})
    c.reload()
    hosts = c.attrs["NetworkSettings"]["Ports"]["80/tcp"]
    return [
        {"HostIp": "0.0.0.0", "HostPort": "28003"} in hosts,
        c.attrs["HostConfig"]["PortBindings"],
        list(c.attrs["Config"]["ExposedPorts"]),
    ]


@case()
def random_port(e: Bench) -> Any:
    c = e.run(ports={"80/tcp": None})
    c.reload()
    return int(c.ports["80/tcp"][0]["HostPort"]) >= 32768


@case()
def ports_after_exit(e: Bench) -> Any:
    c = e.ended(ports={"80/tcp": None})
    c.reload()
    return c.ports


@case(
    500,
    r"driver failed programming external connectivity on endpoint PREFIX-two \(ID64\): "
    r"Bind for 0\.0\.0\.0:28004 failed: port is already allocated",
)
def port_already_allocated(e: Bench) -> Any:
    e.run(ports={"80/tcp": 28004})
    return e.run(short="two", ports={"80/tcp": 28004})


@case()
def environment_and_hostname(e: Bench) -> Any:
    c = e.ended(
        ["sh", "-c", "echo $A $HOME $(hostname) $(pwd)"],
        environment=["A=b c"],
        hostname="box",
        working_dir="/made/here",
    )
    return c.logs()


@case()
def default_hostname(e: Bench) -> Any:
    c = e.ended("hostname")
    return c.logs().decode().strip() == c.id[:12]


@case()
def first_process(e: Bench) -> Any:
    return e.ended(["sh", "-c", "echo $$"]).logs()


@case()
def top(e: Bench) -> Any:
    found = e.run("sleep 61").top()
    return [found["Titles"], [row[-1] for row in found["Processes"]]]


@case(409, r"ontainer ID64 is not running")
def top_not_running(e: Bench) -> Any:
    return e.create().top()


@case()
def stats(e: Bench) -> Any:
    found = e.run().stats(stream=False)
    return sorted({"cpu_stats", "memory_stats", "pids_stats", "read", "name", "id"} & set(found))


@case()
def events_of_a_life(e: Bench) -> Any:
    begun = int(time.time()) - 1
    c = e.ended("true")
    c.remove()
    found = e.client.api.events(since=begun, until=int(time.time()) + 1, filters={"container": c.id}, decode=True)
    return [event["Action"] for event in found if event["Action"] in {"create", "start", "die", "destroy", "kill"}]


@case()
def events_attributes(e: Bench) -> Any:
    begun = int(time.time()) - 1
    c = e.ended(["sh", "-c", "exit 6"], labels={"own": "label"})
    event = next(
        e.client.api.events(
            since=begun, until=int(time.time()) + 1, filters={"container": c.id, "event": "die"}, decode=True
        )
    )
    attributes = event["Actor"]["Attributes"]
    return [
        event["Type"],
        event["Actor"]["ID"] == c.id,
        attributes["exitCode"],
        attributes["own"],
        attributes["image"],
        e.plain(attributes["name"]),
    ]


# Archives


def packed(name: str, text: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        member = tarfile.TarInfo(name)
        member.size = len(text)
        tar.addfile(member, io.BytesIO(text))
    return buffer.getvalue()


@case()
def archive_in_and_out(e: Bench) -> Any:
    c = e.create(["cat", "/root/note"])
    put = c.put_archive("/root", packed("note", b"hello"))
    chunks, described = c.get_archive("/root/note")
    with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as tar:
        names = tar.getnames()
    c.start()
    c.wait()
    return [put, names, described["name"], described["size"], described["linkTarget"], c.logs()]


@case(404, r"Could not find the file /no/where in container (ID64|PREFIX-one)")
def archive_of_nothing(e: Bench) -> Any:
    return e.create().get_archive("/no/where")


@case(404, r"Could not find the file /no/where in container (ID64|PREFIX-one)")
def archive_to_nowhere(e: Bench) -> Any:
    return e.create().put_archive("/no/where", packed("a", b"b"))


# Volumes


@case()
def volume_life(e: Bench) -> Any:
    v = e.client.volumes.create(e.name("vol"), labels={"a": "b"})
    seen = [
        v.attrs["Driver"],
        v.attrs["Labels"],
        v.attrs["Scope"],
        v.attrs["Mountpoint"].endswith(f"/volumes/{v.name}/_data"),
    ]
    v.remove()
    return seen


@case(404, r"no such volume|No such volume")
def volume_missing(e: Bench) -> Any:
    return e.client.volumes.get("missing-volume")


@case(400, r"includes invalid characters for a local volume name")
def volume_bad_name(e: Bench) -> Any:
    return e.client.volumes.create("not allowed")


@case(409, r"remove PREFIX-vol: volume is in use - \[ID64\]")
def volume_in_use(e: Bench) -> Any:
    e.create(volumes=[f"{e.name('vol')}:/data"])
    return e.client.volumes.get(e.name("vol")).remove()


@case()
def volume_keeps_files(e: Bench) -> Any:
    e.ended(["sh", "-c", "echo kept > /data/file"], volumes=[f"{e.name('vol')}:/data"])
    return e.ended(["cat", "/data/file"], "two", volumes=[f"{e.name('vol')}:/data"]).logs()


@case()
def volume_read_only(e: Bench) -> Any:
    c = e.ended(["sh", "-c", "echo x > /data/file"], volumes=[f"{e.name('vol')}:/data:ro"])
    c.reload()
    mount = c.attrs["Mounts"][0]
    return [
        c.wait()["StatusCode"] != 0,
        mount["RW"],
        mount["Type"],
        mount["Destination"],
        e.plain(mount["Name"]),
        b"Read-only" in c.logs(),
    ]


@case()
def bind_mount_is_made(e: Bench) -> Any:
    place = f"/tmp/{e.prefix}"
    c = e.create(["ls", "/data"], volumes=[f"{place}:/data"])
    c.reload()
    mount = c.attrs["Mounts"][0]
    return [mount["Type"], e.plain(mount["Source"]), mount["Destination"], mount["RW"], mount["Propagation"]]


# Networks


@case()
def predefined_networks(e: Bench) -> Any:
    return sorted((n.name, n.attrs["Driver"]) for n in e.client.networks.list() if n.name in {"bridge", "host", "none"})


@case(404, r"network missing-network not found")
def network_missing(e: Bench) -> Any:
    return e.client.networks.get("missing-network")


@case(403, r"bridge is a pre-defined network and cannot be removed")
def network_remove_predefined(e: Bench) -> Any:
    return e.client.networks.get("bridge").remove()


@case(409, r"network with name PREFIX-net already exists")
def network_twice(e: Bench) -> Any:
    e.client.networks.create(e.name("net"), check_duplicate=True)
    return e.client.networks.create(e.name("net"), check_duplicate=True)


@case()
def container_in_bridge(e: Bench) -> Any:
    c = e.run()
    c.reload()
    settings = c.attrs["NetworkSettings"]
    return [
        list(settings["Networks"]),
        settings["IPAddress"].startswith("172."),
        settings["IPPrefixLen"],
        settings["MacAddress"][:6],
    ]


@case()
def disk_usage(e: Bench) -> Any:
    return sorted({"LayersSize", "Images", "Containers", "Volumes"} & set(e.client.df()))


@case(404, r"page not found")
def unknown_route(e: Bench) -> Any:
    e.client.api._raise_for_status(e.raw("/no/such/route", "get"))


@case(400, r"(?i)(invalid JSON|EOF|unexpected end|invalid character|body)", differs="status 500 up to 20.10")
def malformed_body(e: Bench) -> Any:
    headers = {"Content-Type": "application/json"}
    e.client.api._raise_for_status(e.raw("/containers/create", data="{", headers=headers))


@case(503, r"This node is not a swarm manager")
def swarm(e: Bench) -> Any:
    return e.client.services.list()
