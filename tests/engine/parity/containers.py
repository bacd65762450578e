"""Cases: the life of containers."""

from __future__ import annotations

from typing import Any

from docker.types import Mount

from harness.waiting import until
from tests.engine.parity.bench import Bench, case

START_FAILED = r"OCI runtime create failed: .*unable to start container process: .*"
HANDLES_TERM = ["sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.05; done"]


def until_ready(container: Any) -> None:
    for chunk in container.logs(stream=True, follow=True):
        if b"ready" in chunk:
            return


@case()
def create(e: Bench) -> Any:
    c = e.create(
        ["sleep", "5"],
        environment={"A": "1"},
        labels={"l": "v"},
        working_dir="/tmp",
        hostname="box",
        tty=True,
        stdin_open=True,
    )
    c.reload()
    config, keys = (
        c.attrs["Config"],
        ("Cmd", "Image", "Tty", "OpenStdin", "Hostname", "WorkingDir", "Labels", "Entrypoint"),
    )
    plain = [c.attrs[key] for key in ("Path", "Args", "RestartCount", "Mounts")]
    state = [c.attrs["State"][key] for key in ("Status", "StartedAt")]
    return [{key: config[key] for key in keys}, "A=1" in config["Env"], plain, state, e.plain(c.attrs["Name"])]


@case(404, r"No such image: nope-nope:latest")
def create_unknown_image(e: Bench) -> Any:
    return e.create(image="nope-nope")


@case(400, r"Invalid container name \(.*\), only \[a-zA-Z0-9\]\[a-zA-Z0-9_.-\] are allowed")
def create_bad_name(e: Bench) -> Any:
    return e.create(short="not allowed")


@case(
    409,
    r'Conflict\. The container name "/PREFIX-one" is already in use by container "?ID64"?\. You have to remove',
)
def create_name_conflict(e: Bench) -> Any:
    e.create()
    return e.create()


@case(400, r"the working directory 'sub' is invalid, it needs to be an absolute path")
def create_relative_workdir(e: Bench) -> Any:
    return e.create(working_dir="sub")


@case(400, r"invalid restart policy")
def create_bad_restart_policy(e: Bench) -> Any:
    return e.create(restart_policy={"Name": "sometimes"})


@case(400, r"maximum retry count can(not|\s*only) be used with")
def create_retry_count_with_always(e: Bench) -> Any:
    return e.create(restart_policy={"Name": "always", "MaximumRetryCount": 3})


@case(400, r"can't create 'AutoRemove' container with restart policy")
def create_auto_remove_and_restart(e: Bench) -> Any:
    return e.create(auto_remove=True, restart_policy={"Name": "always"})


@case(500, r"mount path must be absolute")
def create_relative_mount_point(e: Bench) -> Any:
    return e.create(volumes=["/tmp:relative"])


@case(500, r"destination can't be '/'")
def create_mount_over_root(e: Bench) -> Any:
    return e.create(volumes=["/tmp:/"])


@case(400, r"Duplicate mount point: /data")
def create_duplicate_mount_point(e: Bench) -> Any:
    return e.create(volumes=["/tmp:/data", "/var:/data"])


@case(400, r'invalid mount config for type "bind": bind source path does not exist: /no/such/place')
def create_mount_of_nothing(e: Bench) -> Any:
    return e.create(mounts=[Mount("/data", "/no/such/place", type="bind")])


@case(500, r"invalid mode: .*wrong")
def create_bad_mount_mode(e: Bench) -> Any:
    return e.create(volumes=["/tmp:/data:wrong"])


@case(400, r"Minimum memory limit allowed is [46]MB")
def create_too_little_memory(e: Bench) -> Any:
    return e.create(mem_limit="1m")


@case(404, r"network nowhere not found", differs="the real engine finds out at the start")
def create_in_unknown_network(e: Bench) -> Any:
    return e.run(network="nowhere")


@case()
def start(e: Bench) -> Any:
    c = e.create()
    status = e.post(f"/containers/{c.id}/start")
    c.reload()
    return [status, c.attrs["State"]["Running"], c.attrs["State"]["Pid"] > 0, c.attrs["State"]["FinishedAt"]]


@case()
def start_running(e: Bench) -> Any:
    return e.post(f"/containers/{e.run().id}/start")


@case(404, r"No such container: missing-one")
def start_missing(e: Bench) -> Any:
    return e.client.api.start("missing-one")


@case(400, START_FAILED + r'exec: "no-such-command": executable file not found in \$PATH')
def start_unknown_command(e: Bench) -> Any:
    return e.run("no-such-command")


@case(400, START_FAILED + r'exec: "/no/such/file": stat /no/such/file: no such file or directory')
def start_unknown_file(e: Bench) -> Any:
    return e.run("/no/such/file")


@case(
    400,
    START_FAILED + r'exec: "/etc": (is a directory|permission denied)',
    differs="a directory has words of its own since 23.0",
)
def start_directory(e: Bench) -> Any:
    return e.run("/etc")


@case(400, START_FAILED + r'exec: "/etc/os-release": permission denied')
def start_not_executable(e: Bench) -> Any:
    return e.run("/etc/os-release")


@case()
def stop_after_timeout(e: Bench) -> Any:
    c = e.run("sleep 60")
    return [e.post(f"/containers/{c.id}/stop", params={"t": 1}), c.wait()["StatusCode"]]


@case()
def stop_handled(e: Bench) -> Any:
    c = e.run(HANDLES_TERM)
    until_ready(c)
    c.stop(timeout=20)
    return c.wait()["StatusCode"]


@case()
def stop_not_running(e: Bench) -> Any:
    return e.post(f"/containers/{e.create().id}/stop")


@case(404, r"No such container: missing-one")
def stop_missing(e: Bench) -> Any:
    return e.client.api.stop("missing-one")


@case()
def kill(e: Bench) -> Any:
    c = e.run()
    return [e.post(f"/containers/{c.id}/kill"), c.wait()["StatusCode"]]


@case(409, r"annot kill container: .*ontainer ID64 is not running")
def kill_not_running(e: Bench) -> Any:
    return e.create().kill()


@case(400, r"[Ii]nvalid signal: SIGNONE")
def kill_bad_signal(e: Bench) -> Any:
    return e.run().kill("SIGNONE")


@case()
def kill_with_handled_signal(e: Bench) -> Any:
    c = e.run(["sh", "-c", "trap 'echo got' USR1; trap 'exit 9' USR2; echo ready; while :; do sleep 0.05; done"])
    until_ready(c)
    c.kill("USR1")
    for chunk in c.logs(stream=True, follow=True):
        if b"got" in chunk:
            break
    c.kill(12)
    return [c.wait()["StatusCode"], c.logs()]


@case()
def kill_ignored_by_first_process(e: Bench) -> Any:
    c = e.run()
    c.kill("SIGTERM")
    c.reload()
    return c.status


@case()
def restart(e: Bench) -> Any:
    c = e.ended("true")
    before = c.id
    status = e.post(f"/containers/{c.id}/restart", params={"t": 0})
    c.wait()
    return [status, c.id == before]


@case(404, r"No such container: missing-one")
def restart_missing(e: Bench) -> Any:
    return e.client.api.restart("missing-one")


@case()
def pause_and_unpause(e: Bench) -> Any:
    c = e.run()
    c.pause()
    c.reload()
    seen = [c.status, c.attrs["State"]["Paused"], c.attrs["State"]["Running"]]
    c.unpause()
    c.reload()
    return [*seen, c.status]


@case(409, r"ontainer ID64 is not running")
def pause_not_running(e: Bench) -> Any:
    return e.create().pause()


@case(409, r"ontainer ID64 is already paused")
def pause_twice(e: Bench) -> Any:
    c = e.run()
    c.pause()
    return c.pause()


@case(500, r"ontainer ID64 is not paused")
def unpause_not_paused(e: Bench) -> Any:
    return e.run().unpause()


@case(409, r"annot start a paused container, try unpause instead")
def start_paused(e: Bench) -> Any:
    c = e.run()
    c.pause()
    return c.start()


@case()
def remove(e: Bench) -> Any:
    return e.raw(f"/containers/{e.ended().id}", "delete").status_code


@case(404, r"No such container: missing-one")
def remove_missing(e: Bench) -> Any:
    return e.client.api.remove_container("missing-one")


@case(
    409,
    r"(?i)cannot remove (a running )?container .*(stop the container before (attempting removal|removing))",
)
def remove_running(e: Bench) -> Any:
    return e.run().remove()


@case()
def remove_by_force(e: Bench) -> Any:
    return e.run().remove(force=True)


@case()
def remove_with_anonymous_volume(e: Bench) -> Any:
    c = e.ended(volumes=["/data"])
    c.reload()
    name = c.attrs["Mounts"][0]["Name"]
    c.remove(v=True)
    return e.raw(f"/volumes/{name}", "get").status_code


@case()
def auto_remove(e: Bench) -> Any:
    c = e.create("true", auto_remove=True)
    before = e.client.api.events(decode=True, filters={"container": c.id, "event": "destroy"})
    c.start()
    next(before)
    before.close()
    return e.raw(f"/containers/{c.id}/json", "get").status_code


@case()
def rename(e: Bench) -> Any:
    c = e.create()
    c.rename(e.name("two"))
    c.reload()
    return e.plain(c.name)


@case(409, r'Conflict\. The container name "/PREFIX-two" is already in use')
def rename_conflict(e: Bench) -> Any:
    e.create(short="two")
    return e.create().rename(e.name("two"))


@case(400, r"Invalid container name \(.*\), only")
def rename_invalid(e: Bench) -> Any:
    return e.create().rename("not allowed")


@case(404, r"No such container: missing-one")
def rename_missing(e: Bench) -> Any:
    return e.client.api.rename("missing-one", e.name("two"))


@case(400, r"Renaming a container with the same name as its current name")
def rename_same(e: Bench) -> Any:
    return e.create().rename(e.name("one"))


@case()
def wait_for_exit_code(e: Bench) -> Any:
    return e.run(["sh", "-c", "exit 7"]).wait()["StatusCode"]


@case()
def wait_not_running(e: Bench) -> Any:
    return e.create().wait()["StatusCode"]


@case(400, r"invalid condition: \"?sometime", differs="any condition was taken up to 20.10")
def wait_bad_condition(e: Bench) -> Any:
    return e.create().wait(condition="sometime")


@case(404, r"No such container: missing-one")
def wait_missing(e: Bench) -> Any:
    return e.client.api.wait("missing-one")


@case()
def restart_on_failure(e: Bench) -> Any:
    c = e.create("false", restart_policy={"Name": "on-failure", "MaximumRetryCount": 2})
    c.start()
    c.wait()
    until("the container has ended for good", lambda: (c.reload(), c.status)[1], timeout=30, is_done="exited".__eq__)
    return [c.attrs["RestartCount"], c.attrs["State"]["ExitCode"]]


@case()
def stop_ends_restarting(e: Bench) -> Any:
    c = e.run("sleep 60", restart_policy={"Name": "always"})
    c.stop(timeout=0)
    c.reload()
    return [c.status, c.attrs["State"]["Restarting"], c.attrs["RestartCount"]]


@case()
def update_restart_policy(e: Bench) -> Any:
    c = e.create()
    c.update(restart_policy={"Name": "on-failure", "MaximumRetryCount": 4})
    c.reload()
    return c.attrs["HostConfig"]["RestartPolicy"]


@case()
def prune_by_label(e: Bench) -> Any:
    c = e.ended(labels={e.prefix: "1"})
    e.run(short="two", labels={e.prefix: "1"})
    return e.client.containers.prune(filters={"label": [e.prefix]})["ContainersDeleted"] == [c.id]


@case()
def state_after_failure(e: Bench) -> Any:
    c = e.ended(["sh", "-c", "exit 3"])
    c.reload()
    state = c.attrs["State"]
    return [state["Status"], state["Running"], state["ExitCode"], state["Pid"], state["Error"], state["OOMKilled"]]
