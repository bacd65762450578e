"""Docker on the bastion: the engine and the first containers gone wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.errors import Unmet
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table

TABLE = Table("docker")
fault, right = TABLE.fault, TABLE.right


def seen(fact: str, change: Callable[[Any], Any]) -> Callable[[Shown], None]:
    """Change a fact."""
    return lambda env: env.seen(fact, change)


def container(step: str, **changes: Any) -> Callable[[Shown], None]:
    """Change what is known of a fact's container."""
    return seen(step, lambda fact: replace(fact, container=replace(fact.container, **changes)))


# The engine.


@fault("docker", "docker.engine")
def docker_not_installed(env: Environment) -> None:
    """Docker was never installed on the bastion."""
    env.instead("containers.group_member", lambda: None)


@fault("docker", "docker.engine")
def service_stopped(env: Environment) -> None:
    """The service docker was stopped before anything was run."""
    env.after("containers.group_member", lambda _: env.bash("sudo systemctl stop docker.socket docker") and None)


for name, sentence, changes in (
    ("engine-of-a-snap", "Docker came as a snap, not as a package.", {"package": "", "package_version": ""}),
    ("service-not-active", "dockerd was started by hand; its service is not active.", {"is_service_active": False}),
    ("no-version", "What answers on the socket does not say its version.", {"version": ""}),
    ("no-api-version", "What answers on the socket speaks no version of the API.", {"api_version": ""}),
):

    def _engine(env: Shown, changes: dict[str, Any] = changes) -> None:  # type: ignore[assignment]
        env.seen("engine", lambda fact: replace(fact, **changes))

    TABLE.show(name, sentence, _engine, "docker", "docker.engine")


@right("docker")
def docker_io(env: Environment) -> None:
    """Ubuntu's docker.io was installed in place of docker-ce."""
    env.instead("containers.packages", lambda: (env.subject.containers.prepared(), env.bash(
        "sudo apt-get -y -q install docker.io"))[1])  # fmt: skip


@right("docker")
def docker_with_sudo(env: Environment) -> None:
    """The user is not in the group docker, and writes sudo."""
    env.instead("containers.group_member", env.subject.containers.packages)

    def run() -> Any:
        docker = env.subject.containers.docker()
        env.bash("sudo docker run hello-world")
        return docker.latest_from("hello-world")

    env.instead("containers.greeting_run", run)

    def created() -> Any:
        env.bash("sudo docker pull ubuntu")
        own = env.subject.containers
        own.docker().client.api.create_container("ubuntu", "bash", name="my_ubuntu", **own.interactive_options)
        return own.container("docker.interactive", "my_ubuntu")

    env.instead("containers.shell_created", created)
    env.instead("httpd.image_pulled", lambda: env.bash("sudo docker pull httpd"))


# hello-world.


@fault("docker", "docker.hello-world")
def another_image_for_hello_world(env: Environment) -> None:
    """busybox was run in place of hello-world."""

    def run() -> Any:
        docker = env.subject.containers.docker()
        env.bash("docker pull -q hello-world; docker run busybox echo hello")
        return docker.latest_from("busybox")

    env.instead("containers.greeting_run", run)


@fault("docker", "docker.hello-world")
def hello_world_removed_at_once(env: Environment) -> None:
    """hello-world was run with --rm, so no container of it is left."""

    def run() -> Any:
        env.bash("docker run --rm hello-world")
        raise Unmet("docker.hello-world", "no container from hello-world on the bastion")

    env.instead("containers.greeting_run", run)


TABLE.show("hello-world-failed", "hello-world ended with an error.", container("greeting", exit_code=1), "docker",
          "docker.hello-world")  # fmt: skip
TABLE.show("hello-world-never-started", "The container was created, but not started.",
          container("greeting", status="created"), "docker", "docker.hello-world")  # fmt: skip
TABLE.show("hello-world-still-listed", "The container is listed by docker ps, so it runs.",
          seen("greeting", lambda fact: replace(fact, is_listed=True)), "docker", "docker.hello-world")  # fmt: skip
TABLE.show("hello-world-not-listed", "docker ps -a does not show the container.",
          seen("greeting", lambda fact: replace(fact, is_listed_among_all=False)), "docker",
          "docker.hello-world")  # fmt: skip


# Removal.


@fault("docker", "docker.remove")
def removal_of_another_name(env: Environment) -> None:
    """docker rm was given a name that there is not."""
    own = env.subject.containers
    on_bastion = own.on_bastion

    def renamed(line: str) -> Any:
        gone = line.partition(" rm ")
        is_removal = gone[1] and "-f" not in line and "my_ubuntu" not in line
        return on_bastion(f"{gone[0]} rm hello_word" if is_removal else line)

    own.on_bastion = renamed  # type: ignore[method-assign]


TABLE.show("removed-container-listed", "docker rm was stopped by Ctrl-C; the container is still listed.",
          seen("removal", lambda fact: replace(fact, is_gone=False)), "docker", "docker.remove")  # fmt: skip
TABLE.show("removed-twice", "The container comes back after docker rm (a restart policy of somebody's).",
          seen("removal", lambda fact: replace(fact, again=replace(fact.again, exit_code=0))), "docker",
          "docker.remove")  # fmt: skip


# The interactive container.


def options(**chosen: bool) -> Callable[[Environment], None]:
    """Create the interactive container with other options."""
    return lambda env: env.change(
        "containers", interactive_options=lambda _: {"tty": True, "stdin_open": True, **chosen}
    )


TABLE.show("without-terminal", "my_ubuntu was started with -i only, without -t.",
          container("shell", has_terminal=False), "docker", "docker.interactive")  # fmt: skip
TABLE.show("without-input", "my_ubuntu was started with -t only, without -i.",
          container("shell", is_stdin_open=False), "docker", "docker.interactive")  # fmt: skip
TABLE.show("interactive-has-ended", "my_ubuntu had ended before anything was typed.",
          container("shell", status="exited"), "docker", "docker.interactive")  # fmt: skip
TABLE.show("nothing-executed", "The terminal of my_ubuntu does not answer.",
          seen("shell", lambda fact: replace(fact, output="")), "docker", "docker.interactive")  # fmt: skip
TABLE.show("interactive-misspelt", "The container is called my-ubuntu.",
          container("shell", name="my-ubuntu"), "docker", "docker.interactive")  # fmt: skip


@fault("docker", "docker.interactive")
def debian_for_ubuntu(env: Environment) -> None:
    """my_ubuntu runs from debian."""
    _from(env, "debian")


@fault("docker", "docker.interactive")
def retagged_debian(env: Environment) -> None:
    """my_ubuntu runs from debian that was given the tag ubuntu."""
    _from(env, "ubuntu", "docker pull debian", "docker tag debian ubuntu")


def _from(env: Environment, image: str, *lines: str) -> None:
    def created() -> Any:
        own = env.subject.containers
        own.docker()
        for line in ("docker pull ubuntu", f"docker pull {image}", *lines):
            env.bash(line)
        own.docker().client.api.create_container(image, "bash", name="my_ubuntu", **own.interactive_options)
        return own.container("docker.interactive", "my_ubuntu")

    env.instead("containers.shell_created", created)


@right("docker")
def ubuntu_of_another_release(env: Environment) -> None:
    """my_ubuntu runs from ubuntu:22.04."""
    _from(env, "ubuntu:22.04")


TABLE.show("left-by-exit", "The shell was left with exit in place of Ctrl-P Ctrl-Q.",
          container("detached", status="exited"), "docker", "docker.detach")  # fmt: skip
TABLE.show("terminal-stays-attached", "The detach keys were changed in the configuration, and did nothing.",
          seen("detached", lambda fact: replace(fact, is_stream_closed=False)), "docker",
          "docker.detach")  # fmt: skip
TABLE.show("never-left", "The container runs on after exit (it was typed into another shell).",
          container("left", status="running"), "docker", "docker.attach-exit")  # fmt: skip
TABLE.show("paused-in-place-of-left", "The container was paused.",
          container("left", status="paused"), "docker", "docker.attach-exit")  # fmt: skip
TABLE.show("another-container-left", "The shell that was left is that of another container.",
          container("left", id="0" * 64), "docker", "docker.attach-exit", "docker.restart")  # fmt: skip
TABLE.show("restart-fails", "The container ends again as soon as it is started.",
          container("restarted", status="exited"), "docker", "docker.restart")  # fmt: skip
TABLE.show("run-again-in-place-of-start", "docker run made a new container in place of docker start.",
          container("restarted", id="1" * 64), "docker", "docker.restart")  # fmt: skip


@fault("docker", "docker.force-remove")
def stopped_before_removal(env: Environment) -> None:
    """The container was stopped first, so plain rm removed it."""
    env.after("containers.shell_restarted", lambda _: env.bash("docker stop -t 0 my_ubuntu") and None)


TABLE.show("not-forced", "rm was called without -f, which is refused.",
          seen("forced_removal", lambda fact: replace(fact, forced=fact.refused, is_gone=False)), "docker",
          "docker.force-remove")  # fmt: skip
TABLE.show("forced-and-still-there", "The container is listed after rm -f.",
          seen("forced_removal", lambda fact: replace(fact, is_gone=False)), "docker",
          "docker.force-remove")  # fmt: skip
TABLE.show("forced-when-stopped", "The container was paused when it was removed.",
          seen("forced_removal", lambda fact: replace(fact, status_then="paused")), "docker",
          "docker.force-remove")  # fmt: skip
TABLE.show("removed-without-force", "Plain rm removed the running container.",
          seen("forced_removal", lambda fact: replace(fact, refused=fact.forced)), "docker",
          "docker.force-remove")  # fmt: skip


# Images.


@fault("docker", "docker.images")
def httpd_not_pulled(env: Environment) -> None:
    """httpd was not pulled."""
    env.instead("httpd.image_pulled", lambda: None)


@fault("docker", "docker.images")
def images_pruned(env: Environment) -> None:
    """The images were removed again."""
    env.after("httpd.image_pulled", lambda _: env.bash("docker rmi -f hello-world ubuntu:latest") and None)


@right("docker")
def other_containers(env: Environment) -> None:
    """The bastion has other containers and images."""
    env.after("containers.group_member", lambda _: env.subject.containers.on_bastion(
        "docker run -d --name other busybox sleep 600; docker pull debian") and None)  # fmt: skip


# What students also do.


@fault("docker", "docker.hello-world")
def retagged_hello_world(env: Environment) -> None:
    """busybox was given the tag hello-world, and printed something else."""

    def run() -> Any:
        docker = env.subject.containers.docker()
        env.bash("docker pull -q busybox && docker tag busybox hello-world && docker run hello-world echo hello")
        return docker.latest_from("hello-world")

    env.instead("containers.greeting_run", run)
