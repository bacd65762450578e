"""The web server: container, page, port and edit gone wrong."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.facts.httpd import Closed
from harness.waiting import until
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table

TABLE = Table("httpd")
fault, right, shown = TABLE.fault, TABLE.right, TABLE.shown
LINE = 'cd site && docker run -d --name my-apache-app -p8003:80 -v "$PWD":/usr/local/apache2/htdocs/ httpd:2.4'


def run_with(old: str, new: str, *before: str, after: tuple[str, ...] = ()) -> Callable[[Environment], None]:
    """Run the web server with another line."""
    assert old in LINE, old
    line = " && ".join([*before, LINE.replace(old, new), *after])
    return lambda env: env.change("httpd", run_line=lambda _: line)


for name, sentence, apply, breaks in (
    ("container-misspelt", "The container is called my-apache.", run_with("my-apache-app", "my-apache"),
     ("httpd.container",)),
    ("port-8003-inside", "The port inside is 8003 as well.", run_with("8003:80", "8003:8003"),
     ("httpd.container", "httpd.reachable")),
    ("another-port", "The container publishes 8030.", run_with("8003:80", "8030:80"),
     ("httpd.container", "httpd.reachable")),
    ("no-port", "No port is published.", run_with(" -p8003:80", ""), ("httpd.container", "httpd.reachable")),
    ("loopback-only", "The port is published on the bastion's loopback only.",
     run_with("-p8003:80", "-p127.0.0.1:8003:80"), ("httpd.container", "httpd.reachable")),
    ("nothing-mounted", "No directory is mounted.", run_with(' -v "$PWD":/usr/local/apache2/htdocs/', ""),
     ("httpd.container", "httpd.reachable", "httpd.live-edit")),
    ("mounted-elsewhere", "The directory is mounted at /var/www/html.",
     run_with("/usr/local/apache2/htdocs/", "/var/www/html"),
     ("httpd.container", "httpd.reachable", "httpd.live-edit")),
    ("alpine-image", "The image is httpd:alpine.", run_with("httpd:2.4", "httpd:alpine"), ()),
    ("latest-image", "The image is httpd:latest, which is 2.4.", run_with("httpd:2.4", "httpd:latest"), ()),
    ("read-only-mount", "The directory is mounted read-only.", run_with("htdocs/ ", "htdocs/:ro "), ()),
    ("restart-policy", "The container restarts by itself.", run_with("-d ", "-d --restart unless-stopped "), ()),
    ("restarted", "The container was restarted.",
     run_with("-d ", "-d ", after=("docker restart -t 0 my-apache-app",)), ()),
):  # fmt: skip
    TABLE.add(name, sentence, apply, "web", *breaks)


def container(**changes: Any) -> Callable[[Shown], None]:
    """Change what was seen of the container."""
    return lambda env: env.seen("web_server", lambda seen: replace(seen, container=replace(seen.container, **changes)))


TABLE.show("container-restarting", "The container is started again and again.", container(status="restarting"), "web",
          "httpd.container")  # fmt: skip


@shown("web", "httpd.container")
def server_with_another_name(env: Shown) -> None:
    """The container that serves the page is called web."""
    container(name="web")(env)


@shown("web", "httpd.container")
def image_of_an_older_release(env: Shown) -> None:
    """The image is an httpd 2.2."""
    env.seen("web_server", lambda seen: replace(seen, container=replace(
        seen.container, image_name="httpd:2.2",
        image=replace(seen.container.image, tags=("httpd:2.2",), environment={"HTTPD_VERSION": "2.2.34"}),
    )))  # fmt: skip


@shown("web", "httpd.container")
def image_retagged(env: Shown) -> None:
    """The image is another one that was given the tag httpd:2.4."""
    env.seen("web_server", lambda seen: replace(seen, container=replace(
        seen.container, image=replace(seen.container.image, digests=("nginx@sha256:" + "0" * 64,)))))  # fmt: skip


@fault("web", "httpd.reachable")
def no_page(env: Environment) -> None:
    """There is no index.html in the mounted directory."""
    env.after("httpd.started", lambda _: env.bash("mv site/index.html site/home.html") and None)


@shown("web", "httpd.reachable")
def page_not_readable(env: Shown) -> None:
    """The server refuses the page."""
    env.seen("page", lambda seen: replace(seen, answer=replace(seen.answer, status=403, reason="Forbidden")))


@shown("web", "httpd.reachable")
def page_of_another_server(env: Shown) -> None:
    """What answers on the port is the server's own page, not the student's."""
    env.seen("page", lambda seen: replace(
        seen, answer=replace(seen.answer, body="<html><body><h1>It works!</h1></body></html>")))  # fmt: skip


@shown("web", "httpd.reachable")
def rule_before_the_server(env: Shown) -> None:
    """The port was open to all by another rule before its own was authorized."""
    env.seen(
        "closed_port",
        lambda seen: Closed(seen.is_running, replace(seen.answer, outcome="answered", status=200, reason="OK")),
    )


@shown("web", "httpd.reachable")
def server_not_running_before_the_rule(env: Shown) -> None:
    """The server did not run before its rule was authorized, so its silence showed nothing."""
    env.seen("closed_port", lambda seen: replace(seen, is_running=False))


@fault("web", "httpd.live-edit")
def editor_saves_elsewhere(env: Environment) -> None:
    """The edit went into a copy of the page in another directory."""
    env.subject.httpd._replace = lambda path, text: env.subject.instances.write(  # type: ignore[method-assign]
        "httpd.live-edit", "copy.html", text)  # fmt: skip


@fault("web", "httpd.live-edit")
def restarted_for_the_edit(env: Environment) -> None:
    """The container was restarted to show the edit."""
    own = env.subject.httpd
    write = own._replace
    own._replace = lambda path, text: (write(path, text), env.bash("docker restart -t 0 my-apache-app"))[0]  # type: ignore[method-assign]
    get = own._served
    own._served = lambda path: _patiently(lambda: get(path))  # type: ignore[method-assign]


def _patiently(get: Callable[[], Any]) -> Any:
    """Ask until a server that was just restarted answers."""
    return until("the server is back", get, timeout=20, is_done=lambda answer: answer.outcome == "answered")


@fault("web", "httpd.live-edit")
def edit_breaks_the_page(env: Environment) -> None:
    """The edit made the page unreadable for the server."""
    own = env.subject.httpd
    own._replace = lambda path, text: env.bash(f"rm {path}") and None  # type: ignore[method-assign]


@right("web")
def mount_option(env: Environment) -> None:
    """The directory is mounted with --mount in place of -v."""
    run_with(
        '-v "$PWD":/usr/local/apache2/htdocs/', '--mount type=bind,source="$PWD",target=/usr/local/apache2/htdocs'
    )(env)


@right("web")
def page_elsewhere(env: Environment) -> None:
    """The page lies in a directory of another name."""
    env.subject.httpd.directory = "public-html"
    line = LINE.replace("cd site", "cd public-html")
    env.change("httpd", run_line=lambda _: line)


# What students also do.

for name, sentence, apply, breaks in (
    ("volume-for-directory", "A named volume is mounted in place of the directory.",
     run_with('"$PWD":', "site:"), ("httpd.container", "httpd.reachable", "httpd.live-edit")),
    ("web-server-detached-with-a-terminal", "The container has a terminal as well.", run_with("-d ", "-dti "), ()),
    ("port-for-udp", "The port is published for udp.", run_with("8003:80", "8003:80/udp"),
     ("httpd.container", "httpd.reachable")),
    ("network-of-the-host", "The container has the bastion's network in place of a port.",
     run_with("-p8003:80", "--network host"), ("httpd.container", "httpd.reachable")),
    ("created-not-run", "The container was created, and never started.", run_with("run -d", "create"),
     ("httpd.container", "httpd.reachable")),
    ("paused", "The container was paused.", run_with("-d ", "-d ", after=("docker pause my-apache-app",)),
     ("httpd.container", "httpd.reachable")),
    ("mounted-over-the-configuration", "The directory is mounted where httpd has its configuration.",
     run_with("apache2/htdocs/", "apache2/conf/"), ("httpd.container", "httpd.reachable")),
    ("shell-in-place-of-the-server", "The container was given a shell as its command.",
     run_with(" httpd:2.4", " -ti httpd:2.4 bash"), ("httpd.reachable",)),
    ("page-for-its-owner-only", "Nobody but its owner may read the page.",
     run_with("-d ", "-d ", "chmod 600 site/index.html"), ("httpd.reachable",)),
    ("built-on-httpd", "The image was built from httpd:2.4.",
     run_with("httpd:2.4", "web", "mkdir web", "printf 'FROM httpd:2.4\\nLABEL own=yes\\n' > web/Dockerfile",
              "docker build -q -t web web"),
     ("httpd.container",)),
    ("major-release-only", "The image is httpd:2, which is 2.4.", run_with("httpd:2.4", "httpd:2"), ()),
    ("small-image", "The image is httpd:2.4-alpine.", run_with("httpd:2.4", "httpd:2.4-alpine"), ()),
    ("second-port", "The container publishes a second port.", run_with("-p8003:80", "-p8003:80 -p8080:80"), ()),
):  # fmt: skip
    TABLE.add(name, sentence, apply, "web", *breaks)


@right("web")
def image_by_digest(env: Environment) -> None:
    """The image is named by its digest."""

    def run() -> Any:
        env.bash("docker pull -q httpd:2.4")
        digest = env.bash("docker inspect -f '{{index .RepoDigests 0}}' httpd:2.4").stdout.strip()
        assert "@sha256:" in digest, digest
        return env.bash(LINE.replace("httpd:2.4", digest))

    env.instead("httpd.started", lambda: (env.subject.httpd.image_pulled(), env.subject.httpd.page_written(), run())[2])
