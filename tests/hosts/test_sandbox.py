"""The host's file system: what commands see, what they may change, and that nothing else is touched."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from harness.offline.hosts import confine
from harness.offline.hosts.redirects import redirection_rule, rewrite, rewrite_stream
from harness.offline.hosts.sandbox import Release, Sandbox

CONFINED = pytest.mark.skipif(not confine.is_available(), reason="this system has no Landlock")


# -- paths ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sandbox(tmp_path):
    made = Sandbox(tmp_path / "root")
    made.create(Release("24.04"), "ip-10-0-0-1", None)
    return made


@pytest.mark.parametrize(
    ("path", "cwd", "expected"),
    [
        ("/etc/hostname", "/", "etc/hostname"),
        ("notes", "/home/ubuntu", "home/ubuntu/notes"),
        ("/../../etc/passwd", "/", "etc/passwd"),
        ("../../../..", "/home/ubuntu", ""),
        ("/var/run/docker.sock", "/", "run/docker.sock"),
        ("/bin/bash", "/", "usr/lib/standins/mapped"),
        ("./a/./b//c", "/srv", "srv/a/b/c"),
    ],
)
def test_paths_are_mapped(sandbox, path, cwd, expected):
    assert sandbox.path(path, cwd) == sandbox.root / expected


def test_a_path_of_the_root_stays(sandbox):
    assert sandbox.path(f"{sandbox.root}/home/ubuntu") == sandbox.root / "home/ubuntu"


@pytest.mark.parametrize("target", ["/etc", "../../../../../../etc", "/../../etc"])
def test_links_do_not_lead_out(sandbox, target):
    (sandbox.root / "home/ubuntu/out").symlink_to(target)
    assert sandbox.path("/home/ubuntu/out/hostname") == sandbox.root / "etc/hostname"


def test_a_loop_of_links_ends(sandbox):
    (sandbox.root / "a").symlink_to("b")
    (sandbox.root / "b").symlink_to("a")
    assert sandbox.path("/a/x").is_relative_to(sandbox.root)


def test_a_link_itself(sandbox):
    assert sandbox.path("/bin", follow=False) == sandbox.root / "bin"


@pytest.mark.parametrize(("version", "codename"), [("18.04", "bionic"), ("22.04", "jammy"), ("24.04", "noble")])
def test_the_release_is_the_images(version, codename):
    text = Release(version).os_release()
    assert f"VERSION_CODENAME={codename}\n" in text
    assert f'VERSION_ID="{version}"\n' in text


# -- a shell's own redirections ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("echo a > /etc/x", "echo a > /R/etc/x"),
        ("echo a >>/etc/x 2>/dev/null", "echo a >>/R/etc/x 2>/dev/null"),
        ("wc < /etc/x", "wc < /R/etc/x"),
        ('echo a > "/etc/x y"', 'echo a > "/R/etc/x y"'),
        ("echo 'a > /etc/x'", "echo 'a > /etc/x'"),
        ('echo "a > /etc/x"', 'echo "a > /etc/x"'),
        ('echo "$(cat < /etc/x)"', 'echo "$(cat < /R/etc/x)"'),
        ("cat <<E\na > /etc/x\nE\necho > /etc/y", "cat <<E\na > /etc/x\nE\necho > /R/etc/y"),
        ("cat <<< /etc/x", "cat <<< /etc/x"),
        ("echo a # > /etc/x", "echo a # > /etc/x"),
        ("echo a \\> /etc/x", "echo a \\> /etc/x"),
        ("(echo a) &> /tmp/x", "(echo a) &> /R/tmp/x"),
        ("echo > /R/tmp/x", "echo > /R/tmp/x"),
        ("echo 'unclosed > /etc/x", "echo 'unclosed > /etc/x"),
        ("echo a > $D/x", 'echo a > "$(__host_target "$D/x")"'),
        ('echo a >> "${D}/x y"; b', 'echo a >> "$(__host_target "${D}/x y")"; b'),
        ("echo a >&$n", "echo a >&$n"),
        ("echo '> $D' > $(mktemp)", "echo '> $D' > $(mktemp)"),
    ],
)
def test_redirections_of_root_are_led_into_the_root(text, expected):
    assert rewrite(text, "/R", redirection_rule("/R", "root")) == expected


def test_a_users_redirection_to_what_is_not_theirs_is_left_to_fail():
    rule = redirection_rule("/R", "ubuntu")
    assert rewrite("echo > /etc/x; echo > /home/ubuntu/y", "/R", rule) == "echo > /etc/x; echo > /R/home/ubuntu/y"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["echo > /x\n", "echo > /y\n"], ["echo > /R/x\n", "echo > /R/y\n"]),
        (["echo 'a\n", "> /x'\n", "b > /y"], ["echo 'a\n> /x'\n", "b > /R/y"]),
        (["cat > /x <<E\n", "it's > /y\n", "E\n", "b\n"], ["cat > /R/x <<E\nit's > /y\nE\n", "b\n"]),
        (["a \\\n", "> /x\n"], ["a \\\n> /R/x\n"]),
        (["it's\n", *["> /x\n"] * 4000], ["it's\n", *["> /x\n"] * 4000]),
    ],
)
def test_what_a_shell_reads_is_passed_on_as_soon_as_it_can_be_run(lines, expected):
    parts = list(rewrite_stream(lines, "/R", redirection_rule("/R", "root")))
    assert "".join(parts) == "".join(expected)
    assert len(lines) > 1000 or [part for part in parts if part] == expected


def test_absolute_commands_that_the_host_has_are_its_own(sandbox):
    root = str(sandbox.root)
    text = "X=1 /bin/bash -c y && /no/such/thing; echo /bin/bash"
    expected = f"X=1 {root}/bin/bash -c y && /no/such/thing; echo /bin/bash"
    assert rewrite(text, root, redirection_rule(root, "root")) == expected


# -- what a host's commands see ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pwd", "/home/ubuntu"),
        ("cat /etc/hostname", "ip-172-31-7-1"),
        ("hostname", "ip-172-31-7-1"),
        ("hostname -I", "172.31.7.1"),
        (". /etc/os-release && echo $VERSION_CODENAME", "noble"),
        ("lsb_release -cs", "noble"),
        ("test -d /run/systemd/system/ && echo yes", "yes"),
        ("[ -f /etc/passwd ] && [ ! -e /etc/no-such ] && echo yes", "yes"),
        ("cd /etc/apt && pwd && cd - >/dev/null && pwd", "/etc/apt\n/home/ubuntu"),
        ("cd / && cd ../.. && pwd", "/"),
        ("grep -c '^ubuntu:' /etc/passwd", "1"),
        ("sed -n 's/^root:.*/root/p' /etc/passwd", "root"),
        ("awk -F: '/^ubuntu/ {print $6}' /etc/passwd", "/home/ubuntu"),
        ("sg adm 'id -gn'; sg adm -c 'id -gn'", "adm\nadm"),
        ("realpath /var/run", "/run"),
        ("find /etc -name hostname", "/etc/hostname"),
        ("grep -l noble /etc/os-release", "/etc/os-release"),
        ("stat -c '%U %G' /home/ubuntu /etc/passwd", "ubuntu ubuntu\nroot root"),
        ("echo hi > /tmp/hi && cat /tmp/hi && cat < /tmp/hi", "hi\nhi"),
        ("sudo sh -c 'echo motd > /etc/motd' && cat /etc/motd", "motd"),
        ("echo line | sudo tee /etc/tee", "line"),
        ("sudo -u ubuntu whoami; sudo whoami; sudo -i pwd", "ubuntu\nroot\n/root"),
        ("printf 'whoami\\nid -u\\n' | sudo su", "root\n0"),
        ("sudo su - ubuntu -c 'whoami; pwd'", "ubuntu\n/home/ubuntu"),
        ("which cat; /usr/bin/cat /etc/hostname", "/usr/bin/cat\nip-172-31-7-1"),
        ("which docker apk rpm initctl", None),
        ("id -nG", "ubuntu adm cdrom sudo dip lxd"),
        ("getent passwd ubuntu | cut -d: -f6", "/home/ubuntu"),
        ("sudo chown root:root ~ && stat -c %U /home/ubuntu; sudo chown ubuntu:ubuntu ~", "root"),
        ("nohup sh -c 'echo back > ~/back' >/dev/null 2>&1 & wait; cat ~/back", "back"),
        ("cat /etc/passwd | head -1 | cut -d: -f1", "root"),
        ("xargs -n1 echo < /etc/hostname", "ip-172-31-7-1"),
        ("x=$(mktemp) && echo t > $x && cat $x", "t"),
        ("uname -s; uname -n", "Linux\nip-172-31-7-1"),
        ("ps -ef | grep -c '[p]ytest'", None),
    ],
)
def test_commands(host, command, expected):
    done = host.run(command)
    assert done.stdout.strip() == ("0" if "ps -ef" in command else expected or ""), done


@pytest.mark.parametrize(
    "command",
    [
        "mkdir /etc/new",
        "touch /etc/new",
        "echo x | tee /etc/new",
        "cp /etc/hostname /etc/new",
        "rm /etc/hostname",
        "cat /etc/shadow",
        "apt-get update",
        "usermod -aG sudo ubuntu",
        "systemctl restart ssh",
        "poweroff",
    ],
)
def test_what_needs_root_is_refused_without(host, command):
    done = host.run(command)
    assert done.returncode != 0
    assert any(word in done.stderr for word in ("Permission denied", "denied", "are you root", "required")), done


SCRIPT = """\
folder=/home/ubuntu/made-$1
mkdir -p $folder
say() { echo "$1" > $folder/"$2"; }
say one "a b"
say two c; cat < /home/ubuntu/made-$1/c
cat > /tmp/made-$1 <<E
it's > /etc/not
E
cat "/tmp/made-$1" "$folder/a b"
/bin/echo "$0 ${#@}" | sed "s,.*/,,"
"""
SAID = "two\nit's > /etc/not\none\n{} 1\n"


@pytest.mark.parametrize("how", ["", "bash -s {}", "sudo bash -s {}", "sh made-{0}.sh {0}", "./made-{0}.sh {0}"])
def test_a_script_writes_where_it_says_however_it_is_run(host, how):
    name = how.split()[0].strip("./") if how else "login"
    path = host.root / f"home/ubuntu/made-{name}.sh"
    path.write_text("#!/bin/bash -e\n" + SCRIPT)
    path.chmod(0o755)
    is_read = not how or "-s" in how
    script = SCRIPT if how else f"set {name}\n{SCRIPT}"
    done = host.run(how.format(name), input=script if is_read else "")
    assert (done.stderr, done.returncode) == ("" if how else done.stderr, 0)
    assert done.stdout == SAID.format("bash" if is_read else path.name)
    assert (host.root / f"tmp/made-{name}").exists()
    assert (host.root / f"home/ubuntu/made-{name}/c").read_text() == "two\n"


def test_commands_of_a_script_that_is_read_read_on_in_it(host):
    script = 'read -r line\nfirst\necho "$line"; cat > /tmp/rest\nit\'s\n'
    assert host.run("bash", input=script).stdout == "first\n"
    assert host.out("cat /tmp/rest") == "it's"


@CONFINED
@pytest.mark.parametrize("user", ["ubuntu", "root"])
def test_a_redirection_out_of_the_host_fails_and_writes_nothing(host, tmp_path, user):
    """By a program of the machine, which no stand-in and no rewriting sees."""
    outside = tmp_path / "outside"
    script = f"import os; open({str(outside)!r}, 'w')"
    (host.root / "home/ubuntu/write.py").write_text(script)
    command = "sudo python3 write.py" if user == "root" else "python3 write.py"
    done = host.run(command)
    assert "PermissionError" in done.stderr, done
    done = host.run(f"eval 'echo x > {outside}'")
    assert "Permission denied" in done.stderr, done
    assert not outside.exists()


@CONFINED
def test_the_callers_home_cannot_be_read(host, tmp_path):
    secret = tmp_path / "credentials"
    secret.write_text("secret")
    (host.root / "home/ubuntu/read.py").write_text(f"print(open({str(secret)!r}).read())")
    done = host.run("python3 read.py")
    assert "PermissionError" in done.stderr
    assert "secret" not in done.stdout


@CONFINED
def test_devices_and_terminals_stay_usable(host):
    assert host.out("head -c 3 /dev/zero | wc -c; echo x > /dev/null; echo e >/dev/stderr; echo ok").split() == [
        "3",
        "ok",
    ]


def test_nothing_leaves_the_machine_by_curl(host):
    done = host.run("curl -sS https://example.com/")
    assert (done.returncode, done.stderr) == (6, "curl: (6) Could not resolve host: example.com\n")


# -- files over ssh ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("legacy", [(), ("-O",)])
def test_scp_both_ways(host, tmp_path, legacy):
    (tmp_path / "up").write_bytes(os.urandom(300_000))
    common = ["scp", "-q", *legacy, *host.ssh_argv()[1:-1]]
    remote = f"ubuntu@{host.public}:"
    for argv in ([*common, str(tmp_path / "up"), f"{remote}copy"], [*common, f"{remote}copy", str(tmp_path / "down")]):
        done = subprocess.run(argv, env=host.lab.environment, capture_output=True, timeout=60, check=False)
        assert done.returncode == 0, done
    assert (tmp_path / "down").read_bytes() == (tmp_path / "up").read_bytes()
    assert (host.root / "home/ubuntu/copy").exists()


def sftp(host, *lines: str):
    argv = ["sftp", "-q", "-b", "-", *host.ssh_argv()[1:-1], f"ubuntu@{host.public}"]
    text = "\n".join(lines) + "\n"
    return subprocess.run(
        argv, input=text, env=host.lab.environment, capture_output=True, text=True, timeout=60, check=False
    )


def test_sftp_sees_the_host(host, tmp_path):
    (tmp_path / "file").write_text("content")
    done = sftp(host, "pwd", f"put {tmp_path}/file /home/ubuntu/file", "chmod 600 file", "rename file moved", "ls -1")
    assert done.returncode == 0, done
    assert "Remote working directory: /home/ubuntu" in done.stdout
    assert "moved" in done.stdout
    assert (host.root / "home/ubuntu/moved").stat().st_mode & 0o777 == 0o600


def test_sftp_does_not_write_what_is_roots(host, tmp_path):
    (tmp_path / "file").write_text("content")
    done = sftp(host, f"put {tmp_path}/file /etc/file")
    assert "Permission denied" in done.stderr
    assert not (host.root / "etc/file").exists()


def test_sftp_does_not_follow_links_out(host, tmp_path):
    (tmp_path / "secret").write_text("secret")
    link = host.root / "home/ubuntu/out"
    link.symlink_to(tmp_path / "secret")
    done = sftp(host, f"get out {tmp_path}/stolen")
    link.unlink()
    assert done.returncode != 0
    assert not (tmp_path / "stolen").exists()


def test_the_confinement_is_a_program_of_its_own(tmp_path):
    argv = confine.command(["/bin/sh", "-c", "echo in > inner; cat inner"], writable=[tmp_path])
    done = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert done.stdout == "in\n", done
    assert Path(tmp_path / "inner").exists()
