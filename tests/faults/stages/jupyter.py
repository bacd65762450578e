"""The notebook server: image, container, token, doors, kernel and end gone wrong."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.facts.jupyter import Import, TokenLog
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table

TABLE = Table("jupyter")
fault, right = TABLE.fault, TABLE.right
LINE = "docker run --name jupyter -p 8800:8888 -d test"


def built_with(*changes: tuple[str, str]) -> Callable[[Environment], None]:
    """Build the image from another Dockerfile."""

    def apply(env: Environment) -> None:
        text = env.subject.jupyter.dockerfile()
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        env.subject.jupyter.dockerfile = lambda: text  # type: ignore[method-assign]

    return apply


def run_with(old: str, new: str) -> Callable[[Environment], None]:
    """Run the container with another line."""
    assert old in LINE, old
    return lambda env: env.change("jupyter", run_line=lambda _: LINE.replace(old, new))


CMD = '"--ip=0.0.0.0", "--allow-root"'
for name, sentence, apply, breaks in (
    ("no-expose", "The Dockerfile has no EXPOSE.", built_with(("EXPOSE 8888", "")), ("jupyter.image",)),
    ("no-volume", "The Dockerfile has no VOLUME.", built_with(("VOLUME /notebook", "RUN mkdir -p /notebook")),
     ("jupyter.image",)),
    ("another-directory", "The Dockerfile works in /root.", built_with(("WORKDIR /notebook", "WORKDIR /root")),
     ("jupyter.image",)),
    ("bound-to-loopback", "Jupyter listens on 127.0.0.1 inside the container.",
     built_with(("--ip=0.0.0.0", "--ip=127.0.0.1")), ("jupyter.image", "jupyter.login")),
    ("token-off", "Jupyter was started with an empty token.",
     built_with((CMD, CMD + ', "--IdentityProvider.token="')), ("jupyter.token", "jupyter.login")),
    ("tables-missing", "tables was left out.", built_with((" tables", "")), ("jupyter.libraries",)),
    ("seaborn-missing", "seaborn was left out.", built_with((" seaborn", "")), ("jupyter.libraries",)),
    ("another-container-name", "The container is called notebook.", run_with("--name jupyter", "--name notebook"),
     ("jupyter.container",)),
    ("jupyter-port-8888", "The container publishes 8888.", run_with("8800:8888", "8888:8888"),
     ("jupyter.container", "jupyter.login")),
    ("jupyter-ports-swapped", "The ports are swapped.", run_with("8800:8888", "8888:8800"),
     ("jupyter.container", "jupyter.login")),
    ("jupyter-restart-policy", "The container restarts by itself.",
     run_with("-d test", "-d --restart always test"), ()),
    ("jupyter-image-by-tag", "The image is named with its tag.", run_with("-d test", "-d test:latest"), ()),
):  # fmt: skip
    TABLE.add(name, sentence, apply, "jupyter", *breaks)


def seen(fact: str, change: Callable[[Any], Any]) -> Callable[[Shown], None]:
    """Change a fact."""
    return lambda env: env.seen(fact, change)


def _doors(**changes: Callable[[Any], Any]) -> Callable[[Shown], None]:
    return seen("doors", lambda doors: replace(doors, **{n: c(getattr(doors, n)) for n, c in changes.items()}))


def _opened(knocks: Any) -> Any:
    return replace(knocks, api=replace(knocks.api, status=200, reason="OK"))


for name, sentence, apply, breaks in (
    ("command-is-a-shell", "The image runs a shell, and Jupyter was started by hand.",
     seen("notebook_image", lambda image: replace(image, command=("bash", "--ip=0.0.0.0"))), ("jupyter.image",)),
    ("image-for-the-loopback", "The image's command has no --ip.",
     seen("notebook_image", lambda image: replace(image, command=("jupyter", "notebook"))), ("jupyter.image",)),
    ("library-broken", "keras is there, but its import fails.",
     seen("libraries", lambda fact: replace(
         fact, imports=(*fact.imports[1:], Import("keras", False, "ImportError: no backend")))),
     ("jupyter.libraries",)),
    ("container-of-an-older-image", "The image was built again, and the container is the older one's.",
     seen("notebook_container", lambda fact: replace(fact, image=replace(fact.image, id="sha256:" + "0" * 64))),
     ("jupyter.container",)),
    ("jupyter-restarting", "The container is started again and again.",
     seen("notebook_container", lambda fact: replace(fact, status="restarting")), ("jupyter.container",)),
    ("jupyter-renamed", "The container is called jupyter_1.",
     seen("notebook_container", lambda fact: replace(fact, name="jupyter_1")), ("jupyter.container",)),
    ("log-without-token", "The log was cut before the URL.",
     seen("token_log", lambda _: TokenLog("")), ("jupyter.token",)),
    ("open-without-token", "The server is open to whoever comes without a token.", _doors(without_token=_opened),
     ("jupyter.login",)),
    ("open-with-any-token", "The server takes any token.", _doors(with_wrong_token=_opened), ("jupyter.login",)),
    ("token-is-not-taken", "The token of the log is refused.",
     _doors(with_token=lambda knocks: replace(knocks, api=replace(knocks.api, status=403))), ("jupyter.login",)),
    ("no-kernel", "The server has no Python kernel.",
     seen("execution", lambda fact: replace(fact, printed="", problem="no kernel was started: HTTP 500")),
     ("jupyter.executes",)),
    ("kernel-dies", "The kernel dies before it prints.",
     seen("execution", lambda fact: replace(fact, printed="", problem="the kernel died")), ("jupyter.executes",)),
    ("kernel-computes-wrongly", "What is printed is not what the cell computes.",
     seen("execution", lambda fact: replace(fact, printed="42")), ("jupyter.executes",)),
    ("port-answers-after-the-end", "Something else answers on the port after the removal.",
     seen("removed_notebook", lambda fact: replace(
         fact, port=replace(fact.port, outcome="answered", status=200, reason="OK"))),
     ("jupyter.removed",)),
):  # fmt: skip
    TABLE.show(name, sentence, apply, "jupyter", *breaks)


@fault("jupyter", "jupyter.removed")
def stopped_not_removed(env: Environment) -> None:
    """The notebook container was stopped, but not removed."""
    env.change("jupyter", removal_lines=lambda _: ("docker stop -t 1 jupyter",))


@fault("jupyter", "jupyter.removed")
def rm_of_a_running_container(env: Environment) -> None:
    """docker rm was called without stop, which is refused."""
    env.change("jupyter", removal_lines=lambda _: ("docker rm jupyter",))


@right("jupyter")
def forced_end(env: Environment) -> None:
    """The notebook container was removed with rm -f."""
    env.change("jupyter", removal_lines=lambda _: ("docker rm -f jupyter",))


@right("jupyter")
def more_libraries(env: Environment) -> None:
    """The image has more libraries than were asked for."""
    built_with((" pandas", " pandas requests"))(env)


@right("jupyter")
def listens_on_all_by_a_star(env: Environment) -> None:
    """Jupyter listens with --ip=*."""
    built_with(("--ip=0.0.0.0", "--ip=*"))(env)


# What students also do.

HASHED = "argon2:$argon2id$v=19$m=10240,t=10,p=8$c2FsdHNhbHRzYWx0$" + "A" * 43

for name, sentence, apply, breaks in (
    ("started-for-the-loopback", "The image is right, but docker run was given a command that listens on 127.0.0.1.",
     run_with("-d test", "-d test jupyter notebook --no-browser --ip=127.0.0.1 --allow-root"), ("jupyter.login",)),
    ("directory-of-the-host", "A directory of the host is mounted at /notebook.",
     run_with("-d test", '-v "$PWD":/notebook -d test'), ()),
    ("token-of-ones-own", "Jupyter was told its token, which it then does not write into its log.",
     built_with((CMD, CMD + ', "--NotebookApp.token=let-me-in-42"')), ("jupyter.token",)),
    ("token-by-its-variable", "Jupyter was told its token by a variable.",
     run_with("-d test", "-e JUPYTER_TOKEN=let-me-in-42 -d test"), ("jupyter.token",)),
    ("password-for-a-token", "Jupyter asks for a password in place of a token.",
     built_with((CMD, f'{CMD}, "--PasswordIdentityProvider.hashed_password={HASHED}"')),
     ("jupyter.token", "jupyter.login")),
    ("not-as-root", "Without --allow-root Jupyter ends as soon as it finds out who runs it.",
     built_with((CMD, '"--ip=0.0.0.0"')), ("jupyter.container", "jupyter.token", "jupyter.login")),
    ("below-a-path", "Jupyter serves below /nb only.",
     built_with((CMD, CMD + ', "--ServerApp.base_url=/nb"')), ("jupyter.login",)),
    ("another-port-inside", "Jupyter listens on 8889 inside the container.",
     built_with((CMD, CMD + ', "--port=8889"')), ("jupyter.login",)),
    ("created-not-run", "The container was created, and never started.",
     run_with("run --name jupyter -p 8800:8888 -d", "create --name jupyter -p 8800:8888"),
     ("jupyter.container", "jupyter.token", "jupyter.login")),
    ("any-port", "The port is published under a number of Docker's choice.", run_with("-p 8800:8888", "-P"),
     ("jupyter.container", "jupyter.login")),
    ("exposed-for-udp", "The Dockerfile exposes 8888/udp.", built_with(("EXPOSE 8888", "EXPOSE 8888/udp")),
     ("jupyter.image",)),
    ("slash-at-the-end", "Volume and directory are written with a slash at the end.",
     built_with(("VOLUME /notebook", "VOLUME /notebook/"), ("WORKDIR /notebook", "WORKDIR /notebook/")), ()),
    ("shell-form", "The command is written as a line for the shell.",
     built_with((f'["jupyter", "notebook", "--no-browser", {CMD}]',
                 "jupyter notebook --no-browser --ip=0.0.0.0 --allow-root")), ()),
    ("entry-point", "The command is an entry point.", built_with(("CMD [", "ENTRYPOINT [")), ()),
    ("jupyter-lab", "The command starts JupyterLab.", built_with(('"notebook", "--no', '"lab", "--no')), ()),
):  # fmt: skip
    TABLE.add(name, sentence, apply, "jupyter", *breaks)


@right("jupyter")
def restarted_since(env: Environment) -> None:
    """The container was restarted, so the token that its log shows of its first start is over."""
    line = "until docker logs jupyter 2>&1 | grep -q token=; do :; done; docker restart -t 1 jupyter"
    env.after("jupyter.libraries", lambda _: env.bash(line) and None)


# Settings in a file of Jupyter's own, in the image or mounted into the container.

OPEN = "c.ServerApp.ip = '0.0.0.0'\n"
SERVER, CLASSIC = "jupyter_server_config.py", "jupyter_notebook_config.py"


def configured(text: str, file: str = SERVER, *, is_mounted: bool = False) -> Callable[[Environment], None]:
    """Have no address in the image's command, and a file with settings where Jupyter looks for one."""

    def apply(env: Environment) -> None:
        place = f"{env.subject.jupyter.directory}/settings"
        copied = ("EXPOSE", f"COPY settings/{file} /root/.jupyter/\nEXPOSE")
        built_with(('"--ip=0.0.0.0", ', ""), *[copied] * (not is_mounted))(env)
        line = f"mkdir -p {place} && printf %s {shlex.quote(text)} > {place}/{file}"
        env.before("jupyter.built", lambda: env.bash(line))
        if is_mounted:
            run_with("-d test", f'-v "$PWD"/{place}:/root/.jupyter -d test')(env)

    return apply


for name, sentence, apply, breaks in (
    ("address-in-a-file", "The address is in a file of the image.", configured(OPEN), ()),
    ("address-in-a-mounted-file", "The address is in a mounted file.", configured(OPEN, is_mounted=True), ()),
    ("address-as-a-star-in-a-file", "The address is a star, under the name that it had in earlier releases.",
     configured("c.NotebookApp.ip = '*'\n", CLASSIC), ()),
    ("loopback-in-a-file", "The file has Jupyter listen on 127.0.0.1.", configured("c.ServerApp.ip = '127.0.0.1'\n"),
     ("jupyter.image", "jupyter.login")),
    ("no-address-at-all", "Neither the command nor a file gives an address.", configured("c.ServerApp.open_browser = False\n"),
     ("jupyter.image", "jupyter.login")),
    ("token-off-in-a-file", "The file has an empty token.", configured(f"{OPEN}c.NotebookApp.token = ''\n", CLASSIC),
     ("jupyter.token", "jupyter.login")),
    ("token-in-a-file", "The file has a token of one's own.", configured(f"{OPEN}c.ServerApp.token = 'let-me-in-42'\n"),
     ("jupyter.token",)),
    ("password-in-a-file", "The file has a password.", configured(f"{OPEN}c.ServerApp.password = '{HASHED}'\n"),
     ("jupyter.token", "jupyter.login")),
):  # fmt: skip
    TABLE.add(name, sentence, apply, "jupyter", *breaks)
TABLE.add("empty-variable", "The variable for the token is empty, so that Jupyter makes one.",
          run_with("-d test", "-e JUPYTER_TOKEN= -d test"), "jupyter")  # fmt: skip
TABLE.add("port-inside-published", "Jupyter listens on 8800 inside as well, and that is published.",
          run_with("8800:8888 -d test",
                   "8800:8800 -d test jupyter notebook --no-browser --ip=0.0.0.0 --port=8800 --allow-root"),
          "jupyter", "jupyter.container")  # fmt: skip


@fault("jupyter", "jupyter.image")
def address_by_docker_run(env: Environment) -> None:
    """Only docker run says where Jupyter listens; the image's own command does not."""
    built_with(('"--ip=0.0.0.0", ', ""))(env)
    run_with("-d test", "-d test jupyter notebook --no-browser --ip=0.0.0.0 --allow-root")(env)
