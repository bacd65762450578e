"""Docker on the bastion: the engine, hello-world, and the life of an interactive container."""

import pytest


@pytest.mark.requirement("docker.engine")
def test_engine_is_installed_and_answers(engine, context, advise):
    """Docker Engine is installed on the bastion and answers."""
    wanted = context.homework.docker
    assert engine.package, (
        f"bastion: neither {wanted.package} nor {' nor '.join(wanted.accepted_packages)} is installed"
    )
    assert engine.is_service_active, "bastion: the service docker is not active — sudo systemctl start docker"
    assert engine.version, "bastion: the engine does not say its version"
    assert engine.api_version, "bastion: the engine does not say its API's version"
    if engine.package != wanted.package:
        advise(f"{engine.package} will do; Docker's own package is {wanted.package}.")
    if engine.needs_sudo:
        advise("Add your user to the group docker (sudo usermod -aG docker ubuntu) and log in again.")


@pytest.mark.requirement("docker.hello-world")
def test_hello_world_runs_to_its_end(greeting, context):
    """hello-world runs to its end: greeting, exit code 0, shown by ps -a and not by ps."""
    wanted, container = context.homework.docker.greeting, greeting.container
    assert wanted in greeting.output, f"{container.name} printed {greeting.output[:80]!r}, expected {wanted!r}"
    assert container.status == "exited", f"{container.name} is {container.status}, expected exited"
    assert container.exit_code == 0, f"{container.name} ended with exit code {container.exit_code}, expected 0"
    assert greeting.is_listed_among_all, f"docker ps -a does not show {container.name}, expected it there"
    assert not greeting.is_listed, f"docker ps shows {container.name}, expected only running containers there"


@pytest.mark.requirement("docker.remove")
def test_exited_container_is_removed(removal):
    """An exited container can be removed, once."""
    removed = f"{removal.removed.line} ({removal.removed.said or 'no answer'})"
    assert removal.is_gone, f"docker ps -a still shows the container after {removed}"
    assert removal.again.exit_code != 0, f"{removal.again.line} succeeded a second time, expected an error"


@pytest.mark.requirement("docker.interactive")
def test_ubuntu_runs_with_a_terminal(shell):
    """The interactive container runs from ubuntu with a terminal and executes a command inside."""
    container, name, image = shell.container, shell.asked, shell.container.image
    # A tag can be given to any image; where an image was pulled, its digest says from where.
    is_ubuntu = image.is_pulled_from("ubuntu") if image.digests else image.is_release("ubuntu")
    assert container.name == name, f"the container is called {container.name}, expected {name}"
    origin = ", pulled from ".join((container.image_name, *image.repositories))
    assert is_ubuntu, f"{name} runs from {origin}, expected ubuntu — docker pull ubuntu, and run that"
    assert container.has_terminal, f"{name} has no terminal — start it with -ti"
    assert container.is_stdin_open, f"{name} does not read its input — start it with -ti"
    assert container.is_running, f"{name} is {container.status}, expected running"
    assert shell.has_executed, f"{name}: {shell.typed!r} did not show {shell.expected!r} but {shell.output[-80:]!r}"


@pytest.mark.requirement("docker.detach")
def test_detaching_leaves_it_running(detached):
    """Detaching with Ctrl-P Ctrl-Q leaves the container running."""
    name, status = detached.container.name, detached.container.status
    assert detached.is_stream_closed, f"{name}: the terminal was still attached after {detached.deed}"
    assert detached.container.is_running, f"{name} is {status} after {detached.deed}, expected running"


@pytest.mark.requirement("docker.attach-exit")
def test_leaving_the_shell_stops_it(left, detached):
    """Attaching again and leaving the shell stops the container."""
    name, status = left.container.name, left.container.status
    assert left.container.id == detached.container.id, f"{name} is another container than the one detached from"
    assert status == "exited", f"{name} is {status} after {left.deed} at its terminal, expected exited"


@pytest.mark.requirement("docker.restart")
def test_start_brings_it_up_again(restarted, left):
    """docker start brings the same container up again."""
    name, status = restarted.container.name, restarted.container.status
    assert restarted.container.is_running, f"{name} is {status} after docker start, expected running"
    assert restarted.container.id == left.container.id, f"{name} is a new container — use docker start, not docker run"


@pytest.mark.requirement("docker.force-remove")
def test_force_removes_it_while_it_runs(forced_removal):
    """docker rm -f removes the container while it runs, and plain docker rm does not."""
    refused, forced = forced_removal.refused, forced_removal.forced
    then = forced_removal.status_then
    assert then == "running", f"the container was {then} before {forced.line}, expected running — docker start it first"
    assert refused.exit_code != 0, f"{refused.line} removed a running container, expected a refusal"
    removed = f"{forced.line} ({forced.said or 'no answer'})"
    assert forced_removal.is_gone, f"docker ps -a still shows the container after {removed}"


@pytest.mark.requirement("docker.images")
def test_images_are_on_the_bastion(images, context):
    """The images used are on the bastion."""
    lacking = images.lacks(context.homework.docker.images)
    assert not lacking, f"bastion: no image of {', '.join(lacking)} — docker pull {' '.join(lacking[:1])}"
