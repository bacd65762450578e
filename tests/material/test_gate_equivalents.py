"""Several commands in place of one that does the same, and paths named from elsewhere: no finding. What only looks so: one."""

from __future__ import annotations

import pytest

from harness.material.equivalents import meant, moved
from tests.material.gating import edited, found, near

KEY = "sudo chmod a+r /etc/apt/keyrings/docker.asc"
GPG = "https://download.docker.com/linux/ubuntu/gpg"
SAVED = f"sudo curl -fsSL {GPG} -o /etc/apt/keyrings/docker.asc"
PUT = "sudo install -m 0644 docker.sources /etc/apt/sources.list.d/docker.sources"
ENDED = "docker stop jupyter\ndocker rm jupyter\ndocker rm -f my-apache-app\n"
MADE = "mkdir -p site\ncd site\n"
MOUNT = '"$PWD":/usr/local/apache2/htdocs/'
BUILT = "docker build -t test notebook-image"

SAME = {
    "modes": [edited(KEY, KEY.replace("a+r", mode)) for mode in ("644", "0644", "+r", "ugo+r", "go+r", "u=rw,go=r")],
    "modes of a key": [edited("chmod 400 YOUR", f"chmod {mode} YOUR") for mode in ("0400", "u=r,go=", "u=r,g=,o=", "a-rwx,u+r")],
    "removed by force": [edited(ENDED, "docker rm -f jupyter\ndocker rm -f my-apache-app\n")],
    "removed by force, in a list": [edited(ENDED, f"docker rm {option} my-apache-app jupyter\n") for option in ("-f", "--force", "-fv")],
    "stopped and removed, in lists": [edited(ENDED, f"docker {group}stop my-apache-app jupyter\ndocker {group}rm my-apache-app jupyter\n") for group in ("", "container ")],
    "stopped, all of them first": [edited(ENDED, "docker stop jupyter\ndocker stop my-apache-app\ndocker rm jupyter\ndocker rm my-apache-app\n")],
    "killed": [edited(ENDED, ENDED.replace("stop", "kill"))],
    "stopped soon": [edited(ENDED, ENDED.replace("stop", "stop -t 5"))],
    "the other one first": [edited(ENDED, "docker rm -f my-apache-app\ndocker stop jupyter\ndocker rm jupyter\n")],
    "a mount from home": [edited(MOUNT, f"{source}:/usr/local/apache2/htdocs/") for source in ('"$HOME/site"', "~/site", '"${HOME}"/site', "/home/ubuntu/site", "`pwd`")],
    "a mount in words": [edited(f"-v {MOUNT}", '--mount type=bind,source="$PWD",target=/usr/local/apache2/htdocs')],
    "a directory from home": [edited(MADE, f"mkdir -p {home}/site\ncd {home}/site\n") for home in ("~", '"$HOME"', "/home/ubuntu")],
    "home": [edited("cd ..\n", f"{command}\n") for command in ("cd", "cd ~", 'cd "$HOME"')],
    "built from inside": [edited(BUILT, "cd notebook-image\ndocker build -t test .\ncd ..")],
    "built with its file": [edited(BUILT, "docker build -t test -f notebook-image/Dockerfile notebook-image")],
    "built by the plug-in": [edited(BUILT, "docker buildx build -t test notebook-image")],
    "a directory and its mode": [edited("sudo install -m 0755 -d", made) for made in ("sudo install -d -m 755", "sudo mkdir -p -m 0755", "sudo mkdir -p")],
    "a file put there": [edited(PUT, put) for put in (PUT.replace("0644", "644"), "sudo cp docker.sources /etc/apt/sources.list.d/")],
    "fetched and written": [edited(SAVED, f"curl -fsSL {GPG} | sudo tee /etc/apt/keyrings/docker.asc > /dev/null")],
    "fetched by wget": [edited(SAVED, f"sudo wget -qO /etc/apt/keyrings/docker.asc {GPG}"), edited("curl -s http", "wget -qO- http")],
    "a bucket emptied first": [edited("aws s3 rb s3://YOUR_BUCKET --force", "aws s3 rm s3://YOUR_BUCKET --recursive\naws s3 rb s3://YOUR_BUCKET")],
    "an image's whole name": [edited("docker pull httpd:2.4", "docker pull docker.io/library/httpd:2.4"), edited("docker pull", "docker image pull")],
    "another way out": [edited("ubuntu\nexit\n", "ubuntu\nlogout\n")],
    "another way into a group": [edited("sudo usermod -aG docker ubuntu", "sudo gpasswd -a ubuntu docker")],
    "a host's key": [edited("ssh ubuntu@YOUR_P", "ssh -o StrictHostKeyChecking=accept-new ubuntu@YOUR_P")],
}  # fmt: skip


@pytest.mark.parametrize("documents", SAME.values(), ids=SAME)
def test_what_does_the_same_raises_no_alarm(documents: list[str]) -> None:
    assert not [str(finding) for document in documents for finding in found(document)]


OTHER = {
    "modes": [edited(KEY, KEY.replace("a+r", mode)) for mode in ("600", "400", "a-r", "o-r", "a+w", "666", "777")],
    "one of two": [edited(ENDED, "docker rm -f jupyter\n")],
    "stopped only": [edited(ENDED, "docker stop jupyter my-apache-app\ndocker rm jupyter\n"), edited("docker rm -f my_ubuntu", "docker stop my_ubuntu")],
    "running yet": [edited(ENDED, "docker rm jupyter\ndocker stop jupyter\ndocker rm -f my-apache-app\n"), edited("docker rm -f my_ubuntu", "docker rm my_ubuntu")],
    "another directory": [edited(MOUNT, f"{source}:/usr/local/apache2/htdocs/") for source in ('"$HOME"', '"$HOME/sites"', "/site", "/root/site", ".ssh")],
    "nobody goes there": [edited(MADE, "mkdir -p site\n"), edited("/ httpd:2.4\ncd ..\n", "/ httpd:2.4\n")],
    "built from elsewhere": [edited(BUILT, f"cd site\n{BUILT}\ncd .."), edited(BUILT, "docker build -t test .")],
    "a file that few may read": [edited(PUT, PUT.replace("0644", "0600"))],
    "fetched into nothing": [edited(SAVED, f"curl -fsSL {GPG} | sudo tee /dev/null")],
    "not empty": [edited("YOUR_BUCKET --force", "YOUR_BUCKET")],
}  # fmt: skip


@pytest.mark.parametrize("documents", OTHER.values(), ids=OTHER)
def test_what_only_looks_the_same_is_found_where_it_stands(documents: list[str]) -> None:
    assert all(near(found(document), document) for document in documents)


@pytest.mark.parametrize(
    ("here", "target", "there"),
    [("~", "site", "~/site"), ("~/site", "..", "~"), ("~/a", "$HOME/b/", "~/b"), ("~/a", "$PWD", "~/a"), ("~", "..", "~"), ("~/a", "/", "/")],
)  # fmt: skip
def test_a_path_is_the_same_from_everywhere(here: str, target: str, there: str) -> None:
    assert moved(here, target) == there


def test_a_running_container_is_removed_by_force_where_that_is_judged() -> None:
    assert "RQ012" in {
        f.rule for f in found(edited("docker rm -f my_ubuntu", "docker stop my_ubuntu\ndocker rm my_ubuntu"))
    }


def test_another_machine_ends_nothing() -> None:
    steps = [str(step.deed) for step in meant(["bastion: docker stop one", "workstation: docker rm one"])]
    assert steps == ["docker stop one", "docker rm one"]
