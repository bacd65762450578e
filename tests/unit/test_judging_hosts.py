"""What is said of right and wrong facts: bastion, private instance, Docker, web server and Jupyter."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness import catalogue
from harness.facts.containers import (
    Command,
    Container,
    Engine,
    Greeting,
    Image,
    Images,
    Moment,
    Mount,
    Port,
    Removal,
    Shell,
)
from harness.facts.containers import ForcedRemoval as Forced
from harness.facts.httpd import Answer, Closed, Edit, Page, Server
from harness.facts.instances import GroupRef, Instance
from harness.facts.instances import Image as MachineImage
from harness.facts.jupyter import Doors, Execution, Import, Knocks, Libraries, Removed, TokenLog
from harness.facts.launches import Launch
from harness.facts.logins import Entrance, Hop, Login
from harness.facts.network import Group
from tests.homework import test_bastion, test_docker, test_httpd, test_jupyter, test_private

CONTEXT = SimpleNamespace(homework=catalogue.load())

MACHINE_IMAGE = MachineImage(
    "ami-1", "099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261101", "x86_64"
)
PUBLIC = Group("sg-1", "PublicSG", "ssh", "vpc-1", ())
BASTION = Instance(
    id="i-1", type="t2.large", state="running", image=MACHINE_IMAGE, key_name="key", vpc="vpc-1", subnet="subnet-1",
    groups=(GroupRef("sg-1", "PublicSG"),), private_ip="172.31.0.4", private_dns="ip-172-31-0-4.ec2.internal",
    public_ip="198.51.100.4", public_dns="ec2-198-51-100-4.compute-1.amazonaws.com", lifecycle="on-demand",
    spot_request=None, volumes=("vol-1",), launched="2026-11-23T16:00:00+00:00", region="us-east-1",
)  # fmt: skip
LAUNCH = Launch(BASTION, "vpc-1", PUBLIC, "key")
PRIVATE = replace(BASTION, id="i-2", type="t2.micro", public_ip=None, public_dns=None)
PRIVATE_LAUNCH = replace(LAUNCH, instance=PRIVATE)

OURS = Login("ubuntu", "bastion", "the agent's key", "admitted", name="ubuntu")
REFUSED = Login("ubuntu", "bastion", "a stranger's key", "refused", said="Permission denied (publickey).")
LOST = Login("ubuntu", "bastion", "the agent's key", "unreachable", said="Connection timed out")
HOP = Hop(OURS, REFUSED, ("172.31.0.5", "ip-172-31-0-5"), ("ip-172-31-0-5", "172.31.0.5"), ())

UBUNTU = Image("sha256:u", tags=("ubuntu:latest",), digests=("ubuntu@sha256:1",))
SHELL = Container("c1", "my_ubuntu", "ubuntu", UBUNTU, "running", 0, True, True, "t1")
STOPPED = replace(SHELL, status="exited")
HELLO = Container("c2", "merry_bell", "hello-world", Image("sha256:h"), "exited", 0, False, False, "t1")
HTTPD = Image("sha256:a", tags=("httpd:2.4",), digests=("httpd@sha256:2",), environment={"HTTPD_VERSION": "2.4.66"})
WEB = Container(
    "c3", "my-apache-app", "httpd:2.4", HTTPD, "running", 0, False, False, "t1",
    ports=(Port(80, "tcp", "0.0.0.0", 8003),),
    mounts=(Mount("bind", "/home/ubuntu/site", "/usr/local/apache2/htdocs", True),),
)  # fmt: skip
SERVER = Server(WEB, "/home/ubuntu/site")
NOTEBOOK = Image(
    "sha256:n", tags=("test:latest",), exposed=("8888/tcp",), volumes=("/notebook",), directory="/notebook",
    command=("jupyter", "notebook", "--no-browser", "--ip=0.0.0.0", "--allow-root"),
)  # fmt: skip
JUPYTER = Container(
    "c4", "jupyter", "test", NOTEBOOK, "running", 0, False, False, "t1", ports=(Port(8888, "tcp", "0.0.0.0", 8800),)
)

ENGINE = Engine("docker-ce", "5:29", True, True, "29.0.2", "1.52")
DONE, FAILED = Command("docker rm c", 0), Command("docker rm c", 1, stderr="Error: No such container: c")
GREETING = Greeting(HELLO, "\nHello from Docker!\n", False, True)
SHOWN = Shell(SHELL, "echo sum=$((1+2))", "sum=3", "root@c1:/# echo sum=$((1+2))\r\nsum=3\r\n", "my_ubuntu")
DETACHED, LEFT, RESTARTED = Moment("Ctrl-P Ctrl-Q", SHELL), Moment("exit", STOPPED), Moment("start", SHELL)
FORCED = Forced(FAILED, "running", DONE, True)

OK = Answer("http://198.51.100.4:8003/", "answered", 200, "OK", body="<p>page</p>")
SILENT = Answer(OK.url, "silent", said="no answer within 6 s")
PAGE, CLOSED = Page("site/index.html", "<p>page</p>", OK), Closed(True, SILENT)
EDIT = Edit("<p>edited</p>", replace(OK, body="<p>edited</p>"), WEB, WEB)

IN = Knocks(Answer("http://h:8800/tree", "answered", 200), Answer("http://h:8800/api/contents", "answered", 200))
OUT = Knocks(Answer("http://h:8800/login", "answered", 200), Answer("http://h:8800/api/contents", "answered", 403))
NOBODY = Knocks(replace(SILENT), replace(SILENT))
DOORS = Doors(IN, OUT, OUT)
RAN = Execution("python3", "print(1+1)", "2", "2\n")
REMOVED = Removed((DONE, DONE), None, SILENT)


def _judge(test, *facts):
    """Call a test of the homework with these facts, the context and an ear for advice where it asks for them."""
    heard = []
    extra = {"context": CONTEXT, "advise": heard.append}
    names = test.__code__.co_varnames[: test.__code__.co_argcount]
    given = iter(facts)
    test(**{name: extra[name] if name in extra else next(given) for name in names})
    return heard


RIGHT = [
    (test_bastion.test_bastion_is_launched_as_asked, LAUNCH),
    (test_bastion.test_bastion_has_a_public_address_and_name, BASTION),
    (test_bastion.test_key_opens_the_bastion_and_no_other_does, Entrance(OURS, REFUSED)),
    (test_private.test_private_instance_is_launched_as_asked, PRIVATE_LAUNCH),
    (test_private.test_private_instance_is_reached_by_the_forwarded_agent, HOP),
    (test_docker.test_engine_is_installed_and_answers, ENGINE),
    (test_docker.test_hello_world_runs_to_its_end, GREETING),
    (test_docker.test_exited_container_is_removed, Removal(DONE, True, FAILED)),
    (test_docker.test_ubuntu_runs_with_a_terminal, SHOWN),
    (test_docker.test_detaching_leaves_it_running, DETACHED),
    (test_docker.test_leaving_the_shell_stops_it, LEFT, DETACHED),
    (test_docker.test_start_brings_it_up_again, RESTARTED, LEFT),
    (test_docker.test_force_removes_it_while_it_runs, FORCED),
    (test_docker.test_images_are_on_the_bastion, Images(("ubuntu:latest", "hello-world:latest", "httpd:2.4"))),
    (test_httpd.test_web_server_runs_from_its_image, SERVER),
    (test_httpd.test_page_is_served_through_its_rule_only, PAGE, CLOSED),
    (test_httpd.test_edit_shows_without_a_restart, EDIT),
    (test_jupyter.test_image_is_built_from_the_dockerfile, NOTEBOOK),
    (test_jupyter.test_promised_libraries_import, Libraries((Import("keras", True),))),
    (test_jupyter.test_container_runs_from_the_image, JUPYTER, NOTEBOOK),
    (test_jupyter.test_log_shows_the_url_with_the_token, TokenLog("http://h:8888/?token=[masked]")),
    (test_jupyter.test_jupyter_opens_with_the_token_only, DOORS),
    (test_jupyter.test_cell_runs_there, RAN),
    (test_jupyter.test_notebook_container_is_removed, REMOVED),
]


@pytest.mark.parametrize("judged", RIGHT, ids=lambda judged: judged[0].__name__)
def test_right_homework_is_met_without_advice(judged):
    assert _judge(*judged) == []


def _web(**changed):
    return test_httpd.test_web_server_runs_from_its_image, Server(replace(WEB, **changed), "site")


def _page(answer, **changed):
    return test_httpd.test_page_is_served_through_its_rule_only, replace(PAGE, answer=answer, **changed), CLOSED


def _launched(**changed):
    return test_bastion.test_bastion_is_launched_as_asked, replace(LAUNCH, instance=replace(BASTION, **changed))


def _private(**changed):
    return test_private.test_private_instance_is_launched_as_asked, replace(
        PRIVATE_LAUNCH, instance=replace(PRIVATE, **changed)
    )


def _hop(**changed):
    return test_private.test_private_instance_is_reached_by_the_forwarded_agent, replace(HOP, **changed)


def _image(**changed):
    return test_jupyter.test_image_is_built_from_the_dockerfile, replace(NOTEBOOK, **changed)


def _doors(**changed):
    return test_jupyter.test_jupyter_opens_with_the_token_only, replace(DOORS, **changed)


def _shell(**changed):
    return test_docker.test_ubuntu_runs_with_a_terminal, replace(SHOWN, container=replace(SHELL, **changed))


WRONG = {
    "bastion stopped": (_launched(state="stopped"), "is stopped, expected running"),
    "bastion too small": (_launched(type="t2.micro"), "is a t2.micro, expected t2.large"),
    "somebody else's image": (_launched(image=replace(MACHINE_IMAGE, owner="1")), "not an Ubuntu server image"),
    "other vpc": (_launched(vpc="vpc-2"), "is in vpc-2, expected the default VPC vpc-1"),
    "default group": (_launched(groups=(GroupRef("sg-9", "default"),)), "is in default, expected PublicSG"),
    "group of a second interface": (
        _launched(groups=(GroupRef("sg-9", "default"), GroupRef("sg-1", "PublicSG", 1))),
        "is in default, PublicSG (of network interface 1), expected PublicSG",
    ),
    "no key": (_launched(key_name=None), "has no key, expected key"),
    "no address": (
        (test_bastion.test_bastion_has_a_public_address_and_name, replace(BASTION, public_ip=None)),
        "no public IP",
    ),
    "another user": (
        (test_bastion.test_key_opens_the_bastion_and_no_other_does, Entrance(replace(OURS, name="root"), REFUSED)),
        "admitted as root",
    ),
    "everybody let in": (
        (
            test_bastion.test_key_opens_the_bastion_and_no_other_does,
            Entrance(OURS, replace(OURS, by="a stranger's key")),
        ),
        "with a stranger's key: admitted as ubuntu, expected to be refused",
    ),
    "private in both groups": (
        _private(groups=(GroupRef("sg-1", "PrivateSG"), GroupRef("sg-2", "PublicSG"))),
        "PrivateSG, PublicSG, expected",
    ),
    "private rule missing": (_hop(forwarded=LOST), "unreachable (Connection timed out), expected to be let in"),
    "agent not forwarded": (_hop(forwarded=REFUSED), "refused (Permission denied"),
    "another machine": (_hop(found=("bastion", "172.31.0.4")), "the hop ended at bastion, 172.31.0.4, expected"),
    "key copied to the bastion": (_hop(key_files=("./.ssh/id_rsa",)), "private keys on the bastion: ./.ssh/id_rsa"),
    "hop needs no agent": (_hop(unforwarded=OURS), "expected to be refused"),
    "engine from nowhere": (
        (test_docker.test_engine_is_installed_and_answers, replace(ENGINE, package="")),
        "neither docker-ce nor docker.io",
    ),
    "engine stopped": (
        (test_docker.test_engine_is_installed_and_answers, replace(ENGINE, is_service_active=False)),
        "is not active",
    ),
    "no greeting": ((test_docker.test_hello_world_runs_to_its_end, replace(GREETING, output="exec format")), "Hello"),
    "hello-world failed": (
        (test_docker.test_hello_world_runs_to_its_end, replace(GREETING, container=replace(HELLO, exit_code=1))),
        "code 1",
    ),
    "not removed": ((test_docker.test_exited_container_is_removed, Removal(DONE, False, FAILED)), "still shows"),
    "removed twice": ((test_docker.test_exited_container_is_removed, Removal(DONE, True, DONE)), "a second time"),
    "no terminal": (_shell(has_terminal=False), "no terminal"),
    "input closed": (_shell(is_stdin_open=False), "does not read its input"),
    "another distribution": (
        _shell(image=Image("1", tags=("debian:latest",), digests=("debian@sha256:1",)), image_name="debian"),
        "runs from debian, pulled from debian, expected ubuntu",
    ),
    "only echoed": (
        (test_docker.test_ubuntu_runs_with_a_terminal, replace(SHOWN, output="echo sum=$((1+2))")),
        "did not show 'sum=3'",
    ),
    "detached by exit": (
        (test_docker.test_detaching_leaves_it_running, replace(DETACHED, container=STOPPED)),
        "exited",
    ),
    "left by detaching": ((test_docker.test_leaving_the_shell_stops_it, RESTARTED, DETACHED), "expected exited"),
    "run anew": (
        (test_docker.test_start_brings_it_up_again, Moment("run", replace(SHELL, id="c9")), LEFT),
        "is a new container",
    ),
    "plain rm did it": (
        (test_docker.test_force_removes_it_while_it_runs, replace(FORCED, refused=DONE)),
        "removed a running container",
    ),
    "stopped first": (
        (test_docker.test_force_removes_it_while_it_runs, replace(FORCED, status_then="exited")),
        "was exited before",
    ),
    "image missing": ((test_docker.test_images_are_on_the_bastion, Images(("ubuntu:latest",))), "hello-world, httpd"),
    "server named otherwise": (_web(name="web"), "is called web, expected my-apache-app"),
    "server restarting": (_web(status="restarting"), "is restarting, expected running — docker logs my-apache-app"),
    "server paused": (_web(status="paused"), "is paused, expected running — docker unpause my-apache-app"),
    "server stopped": (_web(status="exited"), "is exited, expected running — docker start my-apache-app"),
    "server never started": (_web(status="created"), "is created, expected running — docker start my-apache-app"),
    "8030 for 8003": (_web(ports=(Port(80, "tcp", "0.0.0.0", 8030),)), "0.0.0.0:8030→80/tcp, expected 8003→80/tcp"),
    "bound to loopback": (_web(ports=(Port(80, "tcp", "127.0.0.1", 8003),)), "127.0.0.1:8003→80/tcp, expected"),
    "copied, not mounted": (_web(mounts=()), "no directory of the host is mounted"),
    "named volume": (_web(mounts=(replace(WEB.mounts[0], kind="volume"),)), "no directory of the host is mounted"),
    "nginx by that tag": (
        _web(image=replace(HTTPD, digests=("nginx@sha256:3",))),
        "was not pulled from httpd — run httpd:2.4 itself",
    ),
    "another release": (
        _web(image=Image("1", tags=("httpd:2.2",)), image_name="httpd:2.2"),
        "runs httpd:2.2, expected",
    ),
    "port never opened": (
        (test_httpd.test_page_is_served_through_its_rule_only, replace(PAGE, answer=SILENT), CLOSED),
        "silent (no answer",
    ),
    "port not published": (
        _page(replace(SILENT, outcome="refused")),
        "see with docker ps that the container runs and publishes the port",
    ),
    "port shut": (_page(SILENT), "let the bastion's security group accept the port"),
    "page for its owner only": (_page(replace(OK, status=403)), "chmod a+r site/index.html"),
    "no page": (_page(replace(OK, body="Index of /"), file=""), "write that page, into the directory"),
    "directory made anew": (_page(replace(OK, body="Index of /")), "needs docker restart"),
    "open before its rule": (
        (test_httpd.test_page_is_served_through_its_rule_only, PAGE, Closed(True, OK)),
        "while no rule let anybody in",
    ),
    "not shown to be closed": (
        (test_httpd.test_page_is_served_through_its_rule_only, PAGE, Closed(False, SILENT)),
        "did not run before",
    ),
    "httpd's own page": (
        (
            test_httpd.test_page_is_served_through_its_rule_only,
            replace(PAGE, answer=replace(OK, body="It works!")),
            CLOSED,
        ),
        "served 'It works!'",
    ),
    "edit of a copy": (
        (test_httpd.test_edit_shows_without_a_restart, replace(EDIT, answer=OK)),
        "does not show the edit",
    ),
    "restarted for it": (
        (test_httpd.test_edit_shows_without_a_restart, replace(EDIT, after=replace(WEB, started_at="t2"))),
        "was restarted",
    ),
    "nothing exposed": (_image(exposed=()), "exposes no port, expected 8888/tcp"),
    "no volume": (_image(volumes=()), "has no volume /notebook"),
    "root directory": (_image(directory=""), "expected /notebook"),
    "bash for Jupyter": (_image(command=("/bin/bash",)), "expected Jupyter"),
    "listens to itself": (_image(command=("jupyter", "notebook", "--ip=127.0.0.1")), "let it listen with --ip=0.0.0.0"),
    "library missing": (
        (test_jupyter.test_promised_libraries_import, Libraries((Import("keras", False, "ModuleNotFoundError"),))),
        "keras",
    ),
    "jupyter on 8888": (
        (
            test_jupyter.test_container_runs_from_the_image,
            replace(JUPYTER, ports=(Port(8888, "tcp", "0.0.0.0", 8888),)),
            NOTEBOOK,
        ),
        "expected 8800→8888/tcp",
    ),
    "from another image": (
        (test_jupyter.test_container_runs_from_the_image, JUPYTER, replace(NOTEBOOK, id="sha256:other")),
        "jupyter runs test (n), expected test as it is now (other) — docker rm -f jupyter, and run it from test",
    ),
    "token not in the log": ((test_jupyter.test_log_shows_the_url_with_the_token, TokenLog("")), "no URL with ?token="),
    "token disabled": (_doors(without_token=IN), "without token: page HTTP 200, REST API HTTP 200, expected the login"),
    "any token": (_doors(with_wrong_token=IN), "with a wrong token"),
    "page without token": (_doors(without_token=replace(IN, api=OUT.api)), "without token"),
    "jupyter unreachable": (
        _doors(with_token=NOBODY, without_token=NOBODY),
        "the page and the REST API — let PublicSG accept the port",
    ),
    "no kernel": (
        (test_jupyter.test_cell_runs_there, replace(RAN, printed="", problem="no kernel was started: HTTP 500")),
        "HTTP 500",
    ),
    "canned answer": ((test_jupyter.test_cell_runs_there, replace(RAN, printed="3\n")), "gave '3\\n', expected 2"),
    "stopped, not removed": (
        (test_jupyter.test_notebook_container_is_removed, replace(REMOVED, left=replace(JUPYTER, status="exited"))),
        "still shows jupyter (exited)",
    ),
    "still answering": (
        (test_jupyter.test_notebook_container_is_removed, replace(REMOVED, port=OK)),
        "expected silence",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_homework_is_not_met(name):
    judged, said = WRONG[name]
    with pytest.raises(AssertionError) as failure:
        _judge(*judged)

    assert said in str(failure.value)


ADVISED = {
    "t3": (_launched(type="t3.large"), "t3.large will do"),
    "private with an address": (_private(public_ip="198.51.100.5"), "has a public address"),
    "docker.io": ((test_docker.test_engine_is_installed_and_answers, replace(ENGINE, package="docker.io")), "will do"),
    "sudo": ((test_docker.test_engine_is_installed_and_answers, replace(ENGINE, needs_sudo=True)), "group docker"),
}


@pytest.mark.parametrize("name", ADVISED)
def test_right_in_another_way_is_met_with_advice(name):
    judged, said = ADVISED[name]
    (advice,) = _judge(*judged)

    assert said in advice


DIFFERENT = {
    "by digest": _web(image=Image("1", digests=("httpd@sha256:9",), environment={"HTTPD_VERSION": "2.4.70"})),
    "restarted server": _web(restarts=3),
    "bound to one address": _web(ports=(Port(80, "tcp", "172.31.0.4", 8003),)),
    "sub-directory": _web(mounts=(replace(WEB.mounts[0], source="/home/ubuntu/site/public"),)),
    "a second port": _web(ports=(*WEB.ports, Port(443, "tcp", "0.0.0.0", 8443))),
    "shell form": _image(command=("/bin/sh", "-c", "jupyter notebook --ip=0.0.0.0 --allow-root")),
    "slashes at the end": _image(volumes=("/notebook/",), directory="/notebook/"),
    "lab": _image(command=("jupyter", "lab", "--ip", "0.0.0.0")),
    "a third group": _launched(groups=(*BASTION.groups, GroupRef("sg-3", "more"))),
    "ubuntu by release": _shell(image=Image("1", tags=("ubuntu:24.04",), digests=("ubuntu@sha256:1",))),
    "refused, not redirected": _doors(
        without_token=replace(OUT, page=replace(OUT.page, status=403, url="http://h/tree"))
    ),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_right_in_another_way_is_met(name):
    assert _judge(*DIFFERENT[name]) == []
