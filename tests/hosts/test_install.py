"""Installing Docker, by its documentation's steps and by the homework's older ones; what testinfra then sees."""

from __future__ import annotations

import pytest
import testinfra

from tests.hosts.test_login import spawn

# Docker's documentation, "Install Docker Engine on Ubuntu", section "Install using the apt repository".
OFFICIAL = """
sudo apt-get remove -y $(dpkg --get-selections docker.io docker-compose docker-doc podman-docker containerd | cut -f1)
sudo apt-get update
sudo apt-get install -y ca-certificates curl
sudo install -m 0755 -d /etc/apt/keyrings
sudo curl -fsSL https://download.docker.com/linux/ubuntu/gpg -o /etc/apt/keyrings/docker.asc
sudo chmod a+r /etc/apt/keyrings/docker.asc
{source}
sudo apt-get update
sudo apt-get install -y docker-ce docker-ce-cli containerd.io docker-buildx-plugin docker-compose-plugin
sudo usermod -aG docker $USER
"""
DEB822 = """sudo tee /etc/apt/sources.list.d/docker.sources <<EOF
Types: deb
URIs: https://download.docker.com/linux/ubuntu
Suites: $(. /etc/os-release && echo "${UBUNTU_CODENAME:-$VERSION_CODENAME}")
Components: stable
Architectures: $(dpkg --print-architecture)
Signed-By: /etc/apt/keyrings/docker.asc
EOF"""
ONE_LINE = """echo "deb [arch=$(dpkg --print-architecture) signed-by=/etc/apt/keyrings/docker.asc] \
https://download.docker.com/linux/ubuntu \
$(. /etc/os-release && echo "${UBUNTU_CODENAME:-$VERSION_CODENAME}") stable" | \
sudo tee /etc/apt/sources.list.d/docker.list > /dev/null"""


def install(lab, source):
    host = lab.boot()
    lab.services.clear()
    done = host.run("set -e\n" + OFFICIAL.replace("{source}", source))
    assert done.returncode == 0, done
    return host


@pytest.mark.parametrize("source", [DEB822, ONE_LINE], ids=["deb822", "one line"])
def test_the_official_steps_install_and_start_docker(lab, source):
    installed = install(lab, source)
    assert [service.running for service in lab.services] == [True]
    assert installed.out("dpkg-query -W -f '${Status}' docker-ce") == "install ok installed"
    assert installed.out("systemctl is-active docker; systemctl is-enabled docker") == "active\nenabled"
    assert installed.out("which docker; test -x /usr/bin/docker && echo yes") == "/usr/bin/docker\nyes"


@pytest.mark.parametrize(
    "script",
    [
        "curl -fsSL https://get.docker.com | sh",
        "curl -fsSL https://get.docker.com -o get-docker.sh && sudo sh ./get-docker.sh",
        "wget -qO- https://get.docker.com/ | sudo bash",
    ],
)
def test_the_convenience_script_installs_docker(lab, script):
    host = lab.boot()
    lab.services.clear()
    done = host.run(f"set -e; {script}; sudo usermod -aG docker ubuntu; id -nG ubuntu")
    assert (done.returncode, "docker" in done.stdout.splitlines()[-1]) == (0, True), done
    assert [service.running for service in lab.services] == [True]
    assert host.out("dpkg-query -W -f '${Status}' docker-ce") == "install ok installed"


def test_only_a_new_login_has_the_group(lab):
    host = lab.boot()
    script = "sudo apt-get update -q && sudo apt-get install -y docker.io && sudo usermod -aG docker ubuntu"
    done = host.run(f"({script}) >/dev/null; id -nG; docker ps")
    assert "docker" not in done.stdout
    assert "permission denied while trying to connect to the Docker daemon socket" in done.stderr
    assert "docker" in host.out("id -nG").split()


def test_docker_is_not_there_before_it_is_installed(lab):
    done = lab.boot().run("docker ps")
    assert done.returncode == 127
    assert "docker: command not found" in done.stderr


def test_testinfra_sees_package_service_file_user_and_socket(lab):
    installed = install(lab, DEB822)
    argv = installed.ssh_argv()
    extra = " ".join(argv[3:-1])
    remote = testinfra.get_host(
        f"ssh://ubuntu@{installed.public}",
        ssh_config=str(lab.hosts.ssh_config()),
        ssh_extra_args=extra,
        controlpersist=0,
    )
    package, service = remote.package("docker-ce"), remote.service("docker")
    assert package.is_installed
    assert package.version.startswith("5:")
    assert not remote.package("nginx").is_installed
    assert service.is_running
    assert service.is_enabled
    assert not remote.service("nginx").is_running
    passwd = remote.file("/etc/passwd")
    assert (passwd.is_file, passwd.user, passwd.group, passwd.mode) == (True, "root", "root", 0o644)
    assert passwd.contains("^ubuntu:")
    assert not remote.file("/no/such").exists
    assert remote.file("/home/ubuntu").user == "ubuntu"
    assert remote.user("ubuntu").home == "/home/ubuntu"
    assert "docker" in remote.user("ubuntu").groups
    assert remote.group("docker").exists
    assert (remote.system_info.distribution, remote.system_info.release) == ("ubuntu", "24.04")
    assert remote.socket("tcp://0.0.0.0:22").is_listening
    assert not remote.socket("tcp://0.0.0.0:8003").is_listening
    with remote.sudo():
        assert remote.user().name == "root"
        assert remote.file("/etc/shadow").exists


def test_docker_ce_needs_its_repository(lab):
    done = lab.boot().run("sudo apt-get update && sudo apt-get install -y docker-ce")
    assert done.returncode == 100
    assert "E: Unable to locate package docker-ce" in done.stderr


def test_nothing_is_installed_before_the_first_update(lab):
    done = lab.boot().run("sudo apt-get install -y docker.io")
    assert (done.returncode, "Unable to locate package docker.io" in done.stderr) == (100, True)


def test_a_repository_without_its_key_is_refused(lab):
    host = lab.boot()
    source = "deb [signed-by=/etc/apt/keyrings/docker.asc] https://download.docker.com/linux/ubuntu noble stable"
    done = host.run(f"echo '{source}' | sudo tee /etc/apt/sources.list.d/docker.list; sudo apt-get update")
    assert done.returncode == 100
    assert "is not signed" in done.stderr


def test_a_repository_of_another_release_is_not_found(lab):
    host = lab.boot()
    done = host.run(
        "curl -fsSL https://download.docker.com/linux/ubuntu/gpg | sudo gpg --dearmor -o /etc/apt/keyrings/docker.gpg;"
        "echo 'deb [signed-by=/etc/apt/keyrings/docker.gpg] https://download.docker.com/linux/ubuntu bionic stable'"
        " | sudo tee /etc/apt/sources.list.d/docker.list; sudo apt-get update"
    )
    assert done.returncode == 100
    assert "does not have a Release file" in done.stderr


def test_without_yes_apt_asks_and_nobody_answers(lab):
    done = lab.boot().run("sudo apt-get update -qq; sudo apt-get install docker.io")
    assert (done.returncode, "Do you want to continue? [Y/n]" in done.stdout) == (1, True)


def test_the_homeworks_own_steps_on_a_terminal(lab):
    """``sudo su`` and everything after it typed, questions answered, as a student of the homework does."""
    host = lab.boot()
    terminal = spawn(host)
    terminal.until("$ ")
    terminal.send("sudo su\r")
    for line, answer in (
        ("apt-get update", None),
        ("apt-get install apt-transport-https ca-certificates curl software-properties-common", None),
        ("curl -fsSL https://download.docker.com/linux/ubuntu/gpg | sudo apt-key add -", None),
        (
            'add-apt-repository "deb [arch=amd64] https://download.docker.com/linux/ubuntu $(lsb_release -cs) stable"',
            "[ENTER]",
        ),
        ("apt-get update", None),
        ("apt-get install docker-ce", "[Y/n]"),
    ):
        terminal.until("# ")
        terminal.send(f"{line}\r")
        if answer:
            terminal.until(answer)
            terminal.send("\r")
    terminal.until("Setting up docker-ce (")
    terminal.until("# ")
    terminal.send("exit\r")
    terminal.until("$ ")
    terminal.send("exit\r")
    terminal.close()
    assert host.out("systemctl is-active docker; dpkg-query -W -f '${Status}' docker-ce-cli").split()[0] == "active"


def test_removing_docker_stops_it(lab):
    host = lab.boot()
    lab.services.clear()
    assert host.run("sudo apt-get update -qq && sudo apt-get install -y docker.io").returncode == 0
    assert lab.services[0].running
    assert host.run("sudo apt-get remove -y docker.io").returncode == 0
    assert not lab.services[0].running
    assert host.run("systemctl is-active docker").returncode == 4
    assert host.run("docker ps").returncode == 127


def test_systemctl_starts_and_stops(lab):
    host = lab.boot()
    lab.services.clear()
    assert host.run("sudo apt-get update -qq && sudo apt-get install -y docker.io").returncode == 0
    assert host.run("sudo systemctl stop docker && systemctl is-active docker").stdout == "inactive\n"
    assert host.out("sudo service docker start && systemctl is-active docker") == "active"
    assert host.out("sudo systemctl restart docker; sudo systemctl disable docker; echo $?") == "0"
    assert lab.services[0].started == 3
    assert host.run("systemctl is-enabled docker").stdout == "disabled\n"
    assert "could not be found" in host.run("systemctl status nginx").stderr
