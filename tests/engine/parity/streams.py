"""Cases: logs, attach, exec."""

from __future__ import annotations

import re
import socket
from typing import Any

from harness.waiting import until
from tests.engine.parity.bench import Bench, case

BOTH = ["sh", "-c", "echo one; echo two; sleep 0.1; echo bad >&2; sleep 0.1; printf last"]


@case()
def logs_apart(e: Bench) -> Any:
    c = e.ended(BOTH)
    return [c.logs(stdout=True, stderr=False), c.logs(stdout=False, stderr=True), c.logs()]


@case()
def logs_tail(e: Bench) -> Any:
    c = e.ended(BOTH)
    return [c.logs(tail=2), c.logs(tail=0), c.logs(tail="all") == c.logs()]


@case()
def logs_timestamps(e: Bench) -> Any:
    lines = e.ended("echo hello").logs(timestamps=True).decode().splitlines()
    return [bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z hello", line)) for line in lines]


@case()
def logs_followed(e: Bench) -> Any:
    # Its last line ends: one that does not may be lost by a real engine.
    return b"".join(e.run(["sh", "-c", "echo one; sleep 0.2; echo two"]).logs(stream=True, follow=True))


@case()
def logs_of_terminal(e: Bench) -> Any:
    return e.ended(BOTH, tty=True).logs()


@case()
def logs_since_the_future(e: Bench) -> Any:
    return e.ended(BOTH).logs(since=4102444800)


@case(400, r"Bad parameters: you must choose at least one stream")
def logs_of_no_stream(e: Bench) -> Any:
    e.client.api._raise_for_status(e.raw(f"/containers/{e.create().id}/logs", "get"))


@case(404, r"No such container: missing-one")
def logs_missing(e: Bench) -> Any:
    return e.client.api.logs("missing-one")


@case()
def logs_grow_over_runs(e: Bench) -> Any:
    c = e.ended("echo again")
    c.start()
    c.wait()
    return c.logs()


# Attach


@case()
def attach_apart(e: Bench) -> Any:
    c = e.create(["sh", "-c", "sleep 0.2; echo out; sleep 0.1; echo err >&2"])
    stream = c.attach(stream=True, demux=True)
    c.start()
    return list(stream)


@case()
def attach_replays(e: Bench) -> Any:
    c = e.ended("echo before")
    return until("its log is read back", lambda: c.attach(logs=True, stream=False), timeout=10)


@case(404, r"No such container: missing-one")
def attach_missing(e: Bench) -> Any:
    return e.client.api.attach("missing-one")


@case(400, r"[Ii]nvalid detach keys")
def attach_bad_detach_keys(e: Bench) -> Any:
    c = e.run(tty=True)
    e.client.api._raise_for_status(
        e.raw(f"/containers/{c.id}/attach", params={"stream": 1, "detachKeys": "ctrl-nothing"})
    )


def conversation(container: Any, **params: Any) -> socket.socket:
    found = container.attach_socket(params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1, **params})
    return found._sock


def read_until(connection: socket.socket, mark: bytes) -> bytes:
    connection.settimeout(20)
    seen = b""
    while mark not in seen and (data := connection.recv(4096)):
        seen += data
    return seen


@case()
def attach_detach_keys(e: Bench) -> Any:
    c = e.run("sh", tty=True, stdin_open=True)
    connection = conversation(c)
    connection.sendall(b"echo $((20+3))\n")
    seen = b"23" in read_until(connection, b"23\r\n")
    connection.sendall(b"\x10\x11")
    closed = read_until(connection, b"never") is not None
    connection.close()
    c.reload()
    return [seen, closed, c.status]


@case()
def attach_own_detach_keys(e: Bench) -> Any:
    c = e.run("sh", tty=True, stdin_open=True)
    connection = conversation(c, detachKeys="a,b")
    connection.sendall(b"ab")
    read_until(connection, b"never")
    connection.close()
    c.reload()
    return c.status


@case()
def attach_and_leave(e: Bench) -> Any:
    c = e.run("sh", tty=True, stdin_open=True)
    connection = conversation(c)
    connection.sendall(b"exit 4\n")
    read_until(connection, b"never")
    connection.close()
    code = c.wait()["StatusCode"]
    c.start()
    c.reload()
    return [code, c.status]


@case()
def attach_input_to_its_end(e: Bench) -> Any:
    c = e.create("cat", stdin_open=True)
    config = {"Image": "ubuntu", "Cmd": ["cat"], "OpenStdin": True, "StdinOnce": True}
    c.remove()
    identity = e.client.api.create_container_from_config(config, e.name("one"))["Id"]
    c = e.client.containers.get(identity)
    connection = conversation(c)
    c.start()
    connection.sendall(b"said\n")
    connection.shutdown(socket.SHUT_WR)
    seen = read_until(connection, b"never")
    connection.close()
    return [seen, c.wait()["StatusCode"]]


@case()
def resize_terminal(e: Bench) -> Any:
    c = e.run(["sh", "-c", "read line; stty size"], tty=True, stdin_open=True)
    c.resize(33, 77)
    connection = conversation(c)
    connection.sendall(b"\n")
    seen = read_until(connection, b"33 77")
    connection.close()
    c.wait()
    return b"33 77" in seen


@case(409, r"ontainer ID64 is not running")
def resize_not_running(e: Bench) -> Any:
    return e.create(tty=True).resize(10, 10)


# Exec


@case()
def execute(e: Bench) -> Any:
    c = e.run()
    return [tuple(c.exec_run(["sh", "-c", "echo hi; exit 3"])), tuple(c.exec_run("pwd", workdir="/tmp"))]


@case()
def execute_apart(e: Bench) -> Any:
    return tuple(e.run().exec_run(["sh", "-c", "echo o; sleep 0.1; echo e >&2"], demux=True))


@case()
def execute_with_environment(e: Bench) -> Any:
    return tuple(e.run(environment={"A": "1"}).exec_run(["sh", "-c", "echo $A$B"], environment={"B": "2"}))


@case()
def execute_in_terminal(e: Bench) -> Any:
    return tuple(e.run().exec_run(["sh", "-c", "test -t 1 && echo terminal"], tty=True))


@case()
def execute_detached(e: Bench) -> Any:
    c = e.run()
    c.exec_run(["touch", "/tmp/made"], detach=True)
    return until(
        "the file is made", lambda: c.exec_run(["ls", "/tmp/made"]).output, timeout=20, is_done=b"/tmp/made\n".__eq__
    )


@case()
def execute_sees_the_container(e: Bench) -> Any:
    c = e.run(hostname="box")
    c.exec_run(["sh", "-c", "echo text > /root/file"])
    return [c.exec_run(["cat", "/root/file"]).output, c.exec_run("hostname").output, c.exec_run("id -u").output]


@case(409, r"ontainer ID64 is not running")
def execute_not_running(e: Bench) -> Any:
    return e.create().exec_run("true")


@case(409, r"ontainer ID64 is paused, unpause the container before exec")
def execute_paused(e: Bench) -> Any:
    c = e.run()
    c.pause()
    return c.exec_run("true")


@case(400, r"No exec command specified")
def execute_nothing(e: Bench) -> Any:
    return e.run().exec_run([])


@case(404, r"No such exec instance: missing")
def execute_missing(e: Bench) -> Any:
    return e.client.api.exec_start("missing")


@case(differs="exit code 126 up to 20.10, 127 since 23.0")
def execute_unknown_command(e: Bench) -> Any:
    code, output = e.run().exec_run("no-such-command")
    return [code, re.sub(r"^.*unable to start container process: ", "", output.decode())]


@case(differs="other words by version of runc")
def execute_in_missing_folder(e: Bench) -> Any:
    code, output = e.run().exec_run("true", workdir="/no/such/place")
    return [code != 0, b"no such file or directory" in output]


@case(
    400,
    r"(OCI runtime exec failed: .*)?unable to find user nobody-knows: no matching entries in passwd file",
    differs="told by stream or status",
)
def execute_as_unknown_user(e: Bench) -> Any:
    c = e.run()
    identity = e.client.api.exec_create(c.id, "true", user="nobody-knows")["Id"]
    e.client.api.exec_start(identity, detach=True)


@case(409, r"has already run|is already running")
def execute_twice(e: Bench) -> Any:
    c = e.run()
    identity = e.client.api.exec_create(c.id, "true")["Id"]
    e.client.api.exec_start(identity)
    e.client.api.exec_start(identity, detach=True)


@case()
def execute_inspected(e: Bench) -> Any:
    c = e.run()
    identity = e.client.api.exec_create(c.id, ["sh", "-c", "exit 2"])["Id"]
    before = e.client.api.exec_inspect(identity)
    e.client.api.exec_start(identity)
    after = e.client.api.exec_inspect(identity)
    config = after["ProcessConfig"]
    return [
        before["Running"],
        before["ExitCode"],
        after["Running"],
        after["ExitCode"],
        config["entrypoint"],
        config["arguments"],
        after["ContainerID"] == c.id,
    ]
