"""Containers that serve: httpd as httpd does, Jupyter for real, their ports as published."""

from __future__ import annotations

import io
import re
import socket
import urllib.error
import urllib.request
from collections.abc import Iterator
from email.message import Message
from pathlib import Path
from typing import Any

import docker
import pytest

from harness.offline.engine.isolation import DIRECTORY
from harness.waiting import until
from tests.engine.machine import Running

DOCKERFILE = b"""FROM ubuntu
RUN apt-get update && apt-get install -y python3-pip
RUN pip3 install --break-system-packages pandas seaborn 'scikit-learn>=1' jupyter
VOLUME /notebook
WORKDIR /notebook
EXPOSE 8888
"""


def fetch(url: str, **headers: str) -> tuple[int, Message, bytes]:
    method = headers.pop("method", "GET")
    asked = urllib.request.Request(
        url, headers={name.replace("_", "-"): value for name, value in headers.items()}, method=method
    )
    try:
        with urllib.request.build_opener(NoRedirect).open(asked, timeout=20) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.headers, refused.read()


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


def answers(url: str) -> bool:
    try:
        fetch(url)
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@pytest.fixture(scope="module")
def site(running: Running) -> Path:
    folder = running.machine.root / "home/ubuntu/site"
    (folder / "sub").mkdir(parents=True)
    (folder / "secret").mkdir(mode=0o700)
    (folder / "index.html").write_text("<h1>mine</h1>\n")
    (folder / "sub/a b.txt").write_text("0123456789")
    (folder / "hidden.txt").write_text("x")
    (folder / "hidden.txt").chmod(0o600)
    return folder


@pytest.fixture(scope="module")
def web(client: docker.DockerClient, site: Path) -> Iterator[Any]:
    client.images.pull("httpd", tag="2.4")
    port = free_port()
    volumes = ["/home/ubuntu/site:/usr/local/apache2/htdocs/"]
    container = client.containers.run("httpd:2.4", detach=True, ports={"80/tcp": port}, volumes=volumes)
    container.url = f"http://127.0.0.1:{port}"
    until("httpd answers", lambda: answers(container.url), timeout=20)
    yield container
    container.remove(force=True)


def test_httpd_serves_the_mounted_directory(web: Any) -> None:
    status, headers, body = fetch(f"{web.url}/")
    assert (status, body) == (200, b"<h1>mine</h1>\n")
    assert re.fullmatch(r"Apache/2\.4\.\d+ \(Unix\)", headers["Server"])
    assert headers["Content-Type"] == "text/html"


def test_httpd_shows_an_edit_at_once(web: Any, site: Path) -> None:
    (site / "live.html").write_text("one")
    before = fetch(f"{web.url}/live.html")[2]
    (site / "live.html").write_text("two")
    assert (before, fetch(f"{web.url}/live.html")[2]) == (b"one", b"two")


def test_httpd_lists_a_directory_without_index(web: Any) -> None:
    status, _, body = fetch(f"{web.url}/sub/")
    assert status == 200
    assert b"<title>Index of /sub</title>" in body
    assert b'<a href="a%20b.txt"> a b.txt</a>' in body


@pytest.mark.parametrize(
    ("path", "status"),
    [("/nothing", 404), ("/secret/", 403), ("/hidden.txt", 403), ("/sub", 301), ("/index.html/", 404)],
)
def test_httpd_refuses(web: Any, path: str, status: int) -> None:
    assert fetch(f"{web.url}{path}")[0] == status


def test_httpd_answers_conditions_and_ranges(web: Any) -> None:
    _, headers, whole = fetch(f"{web.url}/sub/a%20b.txt")
    assert fetch(f"{web.url}/sub/a%20b.txt", If_None_Match=headers["ETag"])[0] == 304
    assert fetch(f"{web.url}/sub/a%20b.txt", If_Modified_Since=headers["Last-Modified"])[0] == 304
    status, ranged, part = fetch(f"{web.url}/sub/a%20b.txt", Range="bytes=2-4")
    assert (status, part, ranged["Content-Range"]) == (206, whole[2:5], "bytes 2-4/10")
    assert fetch(f"{web.url}/sub/a%20b.txt", Range="bytes=99-")[0] == 416
    assert fetch(f"{web.url}/sub/a%20b.txt", method="HEAD")[2] == b""


def test_httpd_logs_requests_on_standard_output(web: Any) -> None:
    fetch(f"{web.url}/logged-one")
    line = until(
        "the request is logged", lambda: re.search(r".*GET /logged-one.*", web.logs(stderr=False).decode()), timeout=5
    )
    assert re.fullmatch(r'127\.\S+ - - \[.+ \+0000\] "GET /logged-one HTTP/1\.1" 404 \d+|172\.\S+ - - .*', line[0])
    assert b"resuming normal operations" in web.logs(stdout=False)


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("-v", 0, "Server version: Apache/2.4.66 (Unix)"),
        ("-f conf/mine.conf", 1, "Could not open configuration file /usr/local/apache2/conf/mine.conf"),
    ],
)
def test_httpd_answers_its_options(web: Any, options: str, code: int, said: str) -> None:
    done = web.exec_run(f"httpd {options}")
    assert (done.exit_code, said in done.output.decode()) == (code, True), done.output


def test_httpd_without_its_configuration_ends(client: docker.DockerClient, site: Path) -> None:
    volumes = {"/home/ubuntu/site": {"bind": "/usr/local/apache2/conf", "mode": "ro"}}
    container = client.containers.run("httpd:2.4", detach=True, volumes=volumes)
    assert container.wait(timeout=20)["StatusCode"] == 1
    assert b"Could not open configuration file" in container.logs()
    container.remove()


def test_httpd_without_a_mount_says_that_it_works(client: docker.DockerClient) -> None:
    port = free_port()
    container = client.containers.run("httpd:2.4", detach=True, ports={"80/tcp": port})
    until("httpd answers", lambda: answers(f"http://127.0.0.1:{port}"), timeout=20)
    assert b"It works!" in fetch(f"http://127.0.0.1:{port}/")[2]
    container.stop(timeout=5)
    assert container.wait()["StatusCode"] == 0
    assert not answers(f"http://127.0.0.1:{port}")


# Jupyter


@pytest.fixture(scope="module")
def notebook_image(client: docker.DockerClient) -> str:
    client.images.build(fileobj=io.BytesIO(DOCKERFILE), tag="notebook-image", rm=True)
    return "notebook-image"


@pytest.fixture(scope="module")
def jupyter(client: docker.DockerClient, notebook_image: str) -> Iterator[Any]:
    port = free_port()
    command = ["sh", "-c", "jupyter notebook --no-browser --ip=0.0.0.0 --allow-root"]
    container = client.containers.run(notebook_image, command, detach=True, ports={"8888/tcp": port})
    container.url = f"http://127.0.0.1:{port}"
    log = until(
        "the token is logged",
        lambda: re.search(r"token=([0-9a-f]+)", container.logs(stdout=False).decode()),
        timeout=60,
    )
    container.token = log[1]
    until("Jupyter answers", lambda: answers(container.url), timeout=20)
    yield container
    container.remove(force=True)


def test_jupyter_wants_its_token(jupyter: Any) -> None:
    assert fetch(f"{jupyter.url}/api")[0] == 200
    assert fetch(f"{jupyter.url}/api/contents")[0] == 403
    assert fetch(f"{jupyter.url}/api/contents", Authorization="token wrong")[0] == 403
    assert fetch(f"{jupyter.url}/api/contents", Authorization=f"token {jupyter.token}")[0] == 200
    assert fetch(f"{jupyter.url}/tree?token={jupyter.token}")[0] in {200, 302}
    assert fetch(f"{jupyter.url}/login")[0] == 200


def test_jupyter_serves_the_volume(jupyter: Any, running: Running) -> None:
    mount = jupyter.attrs["Mounts"] or client_mounts(jupyter)
    place = running.machine.path(mount[0]["Source"])
    (place / "left.txt").write_text("here")
    assert b"left.txt" in fetch(f"{jupyter.url}/api/contents", Authorization=f"token {jupyter.token}")[2]


def client_mounts(container: Any) -> Any:
    container.reload()
    return container.attrs["Mounts"]


def test_image_has_the_libraries_that_it_installed(jupyter: Any) -> None:
    code, output = jupyter.exec_run(
        ["python3", "-c", "import pandas, sklearn, seaborn; print(pandas.__name__, seaborn.__embedded__)"]
    )
    assert (code, output.split(b"\n")[-2]) == (0, b"pandas True")


@pytest.mark.parametrize("module", ["boto3", "pytest", "keras"])
def test_image_has_no_other_libraries(jupyter: Any, module: str) -> None:
    code, output = jupyter.exec_run(["python3", "-c", f"import {module}"])
    assert code == 1
    assert f"ModuleNotFoundError: No module named '{module}'".encode() in output


def test_base_image_has_no_python(client: docker.DockerClient) -> None:
    with pytest.raises(docker.errors.APIError, match="executable file not found"):
        client.containers.run("ubuntu", ["python3", "-c", "pass"])


def test_server_on_its_own_loopback_is_not_reached(
    client: docker.DockerClient, notebook_image: str, running: Running
) -> None:
    if running.engine.isolation is DIRECTORY:
        # Without namespaces 127.0.0.1 is this machine's own, which the test's host relays to as well.
        pytest.skip("a loopback address of its own takes namespaces")
    port = free_port()
    script = "import socket; s = socket.create_server(('127.0.0.1', 8888)); print('listening', flush=True); s.accept()"
    container = client.containers.run(notebook_image, ["python3", "-c", script], detach=True, ports={"8888/tcp": port})
    until("it listens", lambda: b"listening" in container.logs(), timeout=20)
    with pytest.raises(OSError, match=r"reset|closed|Remote end"):
        fetch(f"http://127.0.0.1:{port}/")
    container.remove(force=True)
