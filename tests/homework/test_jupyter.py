"""The notebook server on the bastion: its image, its container, its doors, its kernel, its end."""

import pytest


@pytest.mark.requirement("jupyter.image")
def test_image_is_built_from_the_dockerfile(notebook_image, context):
    """The image exposes its port, has its volume and directory, and starts Jupyter on all interfaces."""
    image, wanted = notebook_image, context.homework.jupyter
    name, port = wanted.image, f"{wanted.container_port}/tcp"
    assert port in image.exposed, f"image {name} exposes {', '.join(image.exposed) or 'no port'}, expected {port}"
    assert image.has_volume(wanted.directory), f"image {name} has no volume {wanted.directory} — add the line VOLUME"
    assert image.home == wanted.directory, f"image {name} works in {image.home}, expected {wanted.directory}"
    assert "jupyter" in image.command_line, f"image {name} runs {image.command_line!r}, expected Jupyter"
    assert image.listens_everywhere, f"image {name} runs {image.command_line!r} — let it listen with --ip=0.0.0.0"


@pytest.mark.requirement("jupyter.libraries")
def test_promised_libraries_import(libraries):
    """The libraries that the Dockerfile promises import inside the container."""
    assert not libraries.missing, f"inside the container these do not import: {'; '.join(libraries.missing)}"


@pytest.mark.requirement("jupyter.container")
def test_container_runs_from_the_image(notebook_container, notebook_image, context):
    """The container runs from the image, its port published."""
    container, wanted = notebook_container, context.homework.jupyter
    name, ports = container.name, container.ports_line
    assert name == wanted.container, f"the container is called {name}, expected {wanted.container}"
    assert container.is_running, f"{name} is {container.status}, expected running — {container.remedy}"
    own, current = container.image.id[7:19], notebook_image.id[7:19]
    other = f"{name} runs {container.image_name} ({own}), expected {wanted.image} as it is now ({current})"
    assert own == current, f"{other} — docker rm -f {name}, and run it from {wanted.image}"
    published = container.publishes(wanted.port, wanted.container_port)
    assert published, f"{name} publishes {ports}, expected {wanted.port}→{wanted.container_port}/tcp"


@pytest.mark.requirement("jupyter.token")
def test_log_shows_the_url_with_the_token(token_log):
    """The container's log shows the URL with the access token."""
    assert token_log.shows_token, "the container's log shows no URL with ?token="


@pytest.mark.requirement("jupyter.login")
def test_jupyter_opens_with_the_token_only(doors):
    """Jupyter opens with the token, and neither without nor with a wrong one."""
    inside = doors.with_token
    assert inside.is_in, f"with the token: {inside}, expected the page and the REST API — {inside.remedy}"
    assert doors.without_token.is_out, f"without token: {doors.without_token}, expected the login and a refusal"
    assert doors.with_wrong_token.is_out, f"with a wrong token: {doors.with_wrong_token}, expected a refusal"


@pytest.mark.requirement("jupyter.executes")
def test_cell_runs_there(execution):
    """A notebook cell really runs on the server."""
    seen = execution.problem or repr(execution.printed)
    assert execution.is_right, f"the cell {execution.code!r} gave {seen}, expected {execution.expected}"


@pytest.mark.requirement("jupyter.removed")
def test_notebook_container_is_removed(removed_notebook, context):
    """The notebook container is stopped and removed, and its port is silent."""
    left, port = removed_notebook.left, removed_notebook.port
    name = context.homework.jupyter.container
    assert removed_notebook.is_gone, f"docker ps -a still shows {name} ({left.status}) — docker rm {name}"
    assert port.outcome != "answered", f"{port} after the removal, expected silence"
