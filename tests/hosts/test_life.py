"""Boot, reboot, stop, start, terminate; several clouds at once; and nothing left behind, whatever happens."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from harness.leash import MARKER, Leash, environment_of
from harness.offline.hosts.host import EmbeddedHost
from harness.waiting import until
from tests.hosts.support import connects, make_lab, rule, way_out

REPOSITORY = Path(__file__).parents[2]


# -- a machine's life -------------------------------------------------------------------------------------------------


def test_ssh_answers_only_a_moment_after_boot(tmp_path):
    with make_lab(tmp_path) as lab:
        lab.hosts._site.boot_delay = lambda: 0.5
        host = lab.boot(wait=False)
        assert host.ssh_answers() == "refused"
        lab.until_up(host)
        assert host.ssh_answers(5) == "open"


def test_a_name_leads_to_a_host_that_boots_and_not_to_one_that_is_down(tmp_path, monkeypatch):
    may_boot, prepare = threading.Event(), EmbeddedHost._prepare
    with make_lab(tmp_path) as lab:
        bastion = lab.boot()
        monkeypatch.setattr(EmbeddedHost, "_prepare", lambda host: may_boot.wait(60) and prepare(host))
        private = lab.boot(rule(f"{bastion.private}/32"), wait=False)
        asked = f"ssh -o BatchMode=yes {private.spec.private_dns} true"
        assert "Connection refused" in bastion.run(asked).stderr
        may_boot.set()
        lab.until_up(private)
        lab.hosts.halt(private.spec.instance_id)
        lab.hosts._finish(private.spec.instance_id)
        assert "Could not resolve hostname" in bastion.run(asked).stderr


def test_user_data_runs_as_root_at_the_first_boot_only(lab):
    script = "#!/bin/bash\nwhoami > /etc/by\necho ran >> /home/ubuntu/ran\necho on the console\n"
    host = lab.boot(user_data=script)
    console = lambda: lab.hosts.console_output(host.spec.instance_id)  # noqa: E731
    until("user data has run", lambda: "user data ended with exit code 0" in console(), timeout=20)
    assert "on the console\r\n" in console()
    assert host.out("cat /etc/by ran; cat /var/log/cloud-init-output.log") == "root\nran\non the console"
    lab.hosts.reboot(host.spec.instance_id)
    until("it is down", lambda: host.spec.instance_id not in lab.hosts._site.running, timeout=20, every=0.001)
    lab.until_up(host)
    assert host.out("cat ran") == "ran"


def test_user_data_that_never_ends_holds_nothing_up(lab):
    host = lab.boot(user_data="#!/bin/sh\necho begun\nsleep 600\n")
    until("user data runs", lambda: "begun" in lab.hosts.console_output(host.spec.instance_id), timeout=20)
    root = host.root
    lab.hosts.destroy(host.spec.instance_id)
    until("its files are gone", lambda: not root.exists(), timeout=20)


def test_a_terminated_host_does_not_come_back(lab):
    host = lab.boot()
    lab.hosts.destroy(host.spec.instance_id)
    lab.hosts.reboot(host.spec.instance_id)
    lab.hosts._finish(host.spec.instance_id)
    assert host.spec.instance_id not in lab.hosts._site.running
    assert not host.root.exists()


def test_the_console_shows_the_keys_that_ssh_shows(lab, host):
    text = lab.hosts.console_output(host.spec.instance_id)
    block = text.partition("-----BEGIN SSH HOST KEY KEYS-----\r\n")[2].partition("\r\n-----END")[0]
    shown = {" ".join(line.split()[:2]) for line in block.splitlines()}
    argv = ["ssh-keyscan", "-p", str(lab.port), "-t", "ed25519,ecdsa", host.public]
    scanned = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=True).stdout
    assert {" ".join(line.split()[1:3]) for line in scanned.splitlines()} == shown


def test_a_stop_ends_everything_and_a_start_finds_the_files(lab):
    host = lab.boot()
    assert host.run("echo kept > kept; nohup sleep 600 >/dev/null 2>&1 & echo $!").returncode == 0
    root = str(host.root)
    running = lambda: [p for p in psutil.process_iter() if root in variable(p, "HOST_ROOT")]  # noqa: E731
    assert running()
    lab.hosts.halt(host.spec.instance_id)
    until("its processes are gone", lambda: not running(), timeout=20)
    until("its port is closed", lambda: host.ssh_answers() == "refused", timeout=20)
    assert "Host " not in lab.hosts.ssh_config().read_text().partition(host.public)[0].splitlines()[-1]
    address = lab.hosts.allocate_public_ip()
    host.spec = replace(host.spec, public_ip=address, public_dns="ec2-new.compute-1.amazonaws.com")
    lab.hosts.boot(host.spec, (rule(),), (way_out(),))
    lab.until_up(host)
    assert host.out("cat kept") == "kept"


def variable(process: psutil.Process, name: str) -> str:
    """Return a variable of a process's environment, empty where it has none or is not there any more."""
    try:
        return environment_of(process).get(name, "")
    except psutil.Error:
        return ""


def test_poweroff_on_the_host_is_told(lab):
    host = lab.boot()
    host.run("sudo poweroff")
    until("the halt was told", lambda: host.spec.instance_id in lab.halted, timeout=20)
    assert host.ssh_answers() == "refused"


def test_reboot_on_the_host_brings_it_back(lab):
    host = lab.boot()
    before = host.out("cat /tmp/x 2>/dev/null; echo x > /tmp/x; echo y > y; cat y")
    host.run("sudo reboot")
    until("it is down", lambda: host.spec.instance_id not in lab.hosts._site.running, timeout=20, every=0.001)
    lab.until_up(host)
    assert before == "y"
    assert host.out("cat y; ls /tmp") == "y"
    assert host.spec.instance_id not in lab.halted


def test_a_terminated_host_leaves_nothing_but_its_console(lab):
    host = lab.boot()
    root = host.root
    lab.hosts.destroy(host.spec.instance_id)
    until("its files are gone", lambda: not root.exists(), timeout=20)
    assert connects(host.public, lab.port) == "refused"
    assert host.public not in lab.hosts.ssh_config().read_text()
    assert "BEGIN SSH HOST KEY" in lab.hosts.console_output(host.spec.instance_id)


def test_unknown_instances_are_nobodys(lab):
    for act in (lab.hosts.reboot, lab.hosts.halt, lab.hosts.destroy):
        act("i-unknown")
    lab.hosts.set_rules("i-unknown", ())
    assert lab.hosts.console_output("i-unknown") == ""


def test_two_clouds_side_by_side(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with make_lab(tmp_path / "one") as one, make_lab(tmp_path / "two") as two:
        here, there = one.boot(), two.boot()
        assert one.hosts._site.lease.network != two.hosts._site.lease.network
        assert here.spec.private_ip == there.spec.private_ip
        here.run("echo one > name")
        there.run("echo two > name")
        assert (here.out("cat name"), there.out("cat name")) == ("one", "two")
        assert there.run("true", key="other").returncode == 255


def test_closing_leaves_nothing(tmp_path):
    with make_lab(tmp_path) as lab:
        host = lab.boot()
        base, address, port = lab.hosts._site.base, host.public, lab.port
        host.run("sleep 600 >/dev/null 2>&1 &")
        marker = lab.leash.environment()[MARKER]
    assert not base.exists()
    assert connects(address, port) == "refused"
    assert not marked(marker)


def marked(marker: str) -> list[psutil.Process]:
    return [process for process in psutil.process_iter() if variable(process, MARKER) == marker]


# -- the leash --------------------------------------------------------------------------------------------------------


def test_closing_ends_processes_and_removes_directories():
    leash = Leash()
    directory = leash.directory("t-")
    assert directory.stat().st_mode & 0o777 == 0o700
    assert len(str(directory)) < 50
    child = leash.popen(["sleep", "600"])
    adopted = subprocess.Popen(["sleep", "600"])
    leash.adopt(adopted.pid)
    leash.close()
    assert child.returncode == -signal.SIGKILL
    assert adopted.wait(10) == -signal.SIGKILL
    assert not directory.exists()


def test_the_marker_finds_what_was_never_adopted():
    leash = Leash()
    child = subprocess.Popen(["sleep", "600"], env={**os.environ, **leash.environment()})
    stranger = subprocess.Popen(["sleep", "600"])
    leash.close()
    assert child.wait(10) == -signal.SIGKILL
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_end_takes_only_what_carries_the_mark():
    with Leash() as leash:
        mine, other = (
            leash.popen(["sleep", "600"], env={**os.environ, "HOST_ROOT": name}) for name in ("/one", "/other")
        )
        leash.end("HOST_ROOT", "/one")
        assert mine.wait(10) == -signal.SIGKILL
        assert other.poll() is None


def test_a_closed_leash_can_be_used_again_and_closed_twice():
    leash = Leash()
    leash.close()
    first = leash.directory()
    leash.close()
    leash.close()
    second = leash.directory()
    leash.close()
    assert not first.exists()
    assert not second.exists()


def test_a_directory_without_rights_is_removed_too():
    leash = Leash()
    inner = leash.directory() / "a" / "b"
    inner.mkdir(parents=True)
    (inner / "file").write_text("")
    inner.chmod(0)
    inner.parent.chmod(0)
    leash.close()
    assert not inner.parent.parent.exists()


def test_only_what_is_registered_is_touched(tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    leash = Leash()
    leash.register(tmp_path / "never-made")
    leash.register(tmp_path / "link")
    leash.close()
    assert tmp_path.stat().st_mode & 0o777 == 0o755
    assert (tmp_path / "elsewhere").exists()


HOLDER = """
import subprocess, sys
sys.path[:0] = [{repository!r}, {repository!r} + "/tests/hosts"]
from pathlib import Path
from support import make_lab
home = Path({home!r})
with make_lab(home) as lab:
    host = lab.boot()
    host.run("sleep 600 >/dev/null 2>&1 &")
    agent = lab.leash.directory("agent-") / "a"
    lab.leash.popen(["ssh-agent", "-D", "-a", str(agent)], stdout=subprocess.DEVNULL)
    loose = lab.leash.popen(["env", "-i", "sh", "-c", "sleep 600 & wait"])
    marker = lab.leash.environment()["HARNESS_LEASH"]
    print(marker, lab.hosts._site.base, agent.parent, host.public, lab.port, loose.pid)
    sys.stdout.flush()
    sys.stdin.read()
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, None])
def test_a_process_that_ends_takes_its_hosts_along(tmp_path, how):
    """Killed, terminated, or at its end: no process, port or directory is left."""
    script = HOLDER.format(repository=str(REPOSITORY), home=str(tmp_path))
    holder = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with holder:
        marker, base, agent, address, port, loose = holder.stdout.readline().split()
        assert marked(marker)
        assert Path(base).exists()
        assert connects(address, int(port), 10) == "open"
        if how is not None:
            holder.send_signal(how)
        holder.stdin.close()
    until("the keeper has done its work", lambda: not (Path(base).exists() or Path(agent).exists()), timeout=30)
    until("every process is gone", lambda: not marked(marker) and not psutil.pid_exists(int(loose)), timeout=30)
    assert connects(address, int(port)) == "refused"


def test_the_lease_is_free_again_when_its_holder_is_gone():
    from harness.offline.hosts.lease import _LEASE_PORT, AddressLease

    lease = AddressLease()
    first = lease.network.partition("/")[0].rpartition(".")[0] + ".1"
    with socket.socket() as trial, pytest.raises(OSError, match="in use"):
        trial.bind((first, _LEASE_PORT))
    lease.close()
    with socket.socket() as trial:
        trial.bind((first, _LEASE_PORT))


def test_addresses_are_handed_out_once_and_come_back_last():
    from harness.errors import UsageError
    from harness.offline.hosts.lease import AddressLease

    lease = AddressLease()
    taken = [lease.public() for _ in range(254)]
    assert len(set(taken)) == 254
    with pytest.raises(UsageError, match="254 instances"):
        lease.public()
    lease.release(taken[3])
    lease.release(taken[3])
    assert lease.public() == taken[3]
    lease.close()
