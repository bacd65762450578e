"""Logging in, and what a session is."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import termios
import time

import pytest

from harness.waiting import until


def test_the_key_logs_in_as_ubuntu(host):
    assert host.out("whoami; id -un; echo $USER $LOGNAME").split() == ["ubuntu", "ubuntu", "ubuntu", "ubuntu"]


def test_another_key_is_refused(host):
    done = host.run("true", key="other")
    assert done.returncode == 255
    assert "Permission denied (publickey)" in done.stderr


def test_root_is_told_to_use_ubuntu(host):
    done = host.run("id", user="root")
    assert (done.returncode, done.stdout) == (142, 'Please login as the user "ubuntu" rather than the user "root".\n')


def test_another_user_is_refused(host):
    assert "Permission denied (publickey)" in host.run("id", user="admin").stderr


def test_a_host_without_key_pair_lets_nobody_in(lab):
    assert lab.boot(key=None).run("true").returncode == 255


def test_a_key_added_on_the_host_logs_in(lab):
    host = lab.boot()
    public = (lab.home / "other.pub").read_text()
    assert host.run("cat >> ~/.ssh/authorized_keys", input=public).returncode == 0
    assert host.run("whoami", key="other").stdout == "ubuntu\n"


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exit_codes(host, code):
    assert host.run(f"exit {code}").returncode == code


def test_streams_are_apart(host):
    done = host.run("echo out; echo err >&2")
    assert (done.stdout, done.stderr) == ("out\n", "err\n")


def test_input_and_its_end_arrive(host):
    data = "line\n" * 20_000
    assert host.run("wc -c; echo done", input=data).stdout.split() == [str(len(data)), "done"]


def test_standard_input_is_a_file_that_can_be_opened_again(host):
    assert host.run("cat /dev/stdin", input="again").stdout == "again"


def test_a_large_output_passes_whole_and_in_little_memory(host):
    """100 MB through, while this process, which serves them, grows by less than a tenth of that."""
    import psutil

    before = psutil.Process().memory_info().rss
    command = [*host.ssh_argv(), "head -c 100000000 /dev/zero"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=host.lab.environment
    ) as client:
        total = sum(len(block) for block in iter(lambda: client.stdout.read(1 << 20), b""))
    assert (client.returncode, total) == (0, 100_000_000)
    assert psutil.Process().memory_info().rss - before < 30_000_000


def test_a_slow_reader_holds_the_process_up(host):
    command = [*host.ssh_argv(), "yes | tee /dev/stderr 2>~/written | cat"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, env=host.lab.environment
    ) as client:
        written = host.root / "home/ubuntu/written"
        sizes: list[int] = []

        def has_stopped() -> bool:
            sizes.append(written.stat().st_size if written.exists() else 0)
            return len(sizes) > 3 and sizes[-1] == sizes[-4] > 0

        until("the output stops growing", has_stopped, timeout=20, every=0.05)
        client.kill()
    assert sizes[-1] < 32_000_000


def test_a_signal_ends_the_command(host):
    import asyncio

    import asyncssh

    async def interrupted() -> tuple[object, object]:
        options = {
            "client_keys": [str(host.lab.home / "key")],
            "known_hosts": None,
            "username": "ubuntu",
            "config": None,
        }
        async with asyncssh.connect(host.public, host.lab.port, **options) as connection:
            process = await connection.create_process("echo ready; exec sleep 60")
            await process.stdout.readline()
            process.send_signal("TERM")
            done = await process.wait()
            return done.exit_status, done.exit_signal[0]

    assert asyncio.run(interrupted()) == (-1, "TERM")


def test_nothing_of_the_callers_environment_leaks(host):
    names = {line.partition("=")[0] for line in host.out("env").splitlines()}
    assert not {name for name in names if name.startswith(("AWS_", "PYTEST"))}
    assert {"HOME", "USER", "SHELL", "SSH_CONNECTION"} <= names


def test_ssh_connection_shows_the_addresses_as_aws_would(host):
    client, _, server, port = host.out("echo $SSH_CONNECTION").split()
    assert (client, server, port) == ("127.0.0.1", host.private, "22")


def test_sessions_share_a_connection(host):
    path = host.lab.leash.directory("mux-") / "s"
    shared = ("-o", f"ControlPath={path}")
    with subprocess.Popen(
        [*host.ssh_argv(*shared, "-o", "ControlMaster=yes", "-N")], env=host.lab.environment, stdin=subprocess.DEVNULL
    ) as master:
        until("the master listens", path.exists, timeout=10, every=0.01)
        clients = [
            subprocess.Popen(
                [*host.ssh_argv(*shared), f"echo {number}"], stdout=subprocess.PIPE, env=host.lab.environment
            )
            for number in range(5)
        ]
        said = [client.communicate(timeout=30)[0] for client in clients]
        master.terminate()
    assert said == [f"{number}\n".encode() for number in range(5)]


# -- terminals --------------------------------------------------------------------------------------------------------


class Terminal:
    """An interactive ``ssh`` on a pseudo-terminal."""

    def __init__(self, host, *arguments: str) -> None:
        self.text = ""
        self.pid, self.descriptor = pty.fork()
        if self.pid == 0:
            argv = [word for word in host.ssh_argv("-tt") if word != "BatchMode=yes"]
            argv = [word for position, word in enumerate(argv) if not (word == "-o" and argv[position + 1] == "-tt")]
            os.execvpe("ssh", [*argv, *arguments], {**host.lab.environment, "TERM": "xterm-256color"})

    def until(self, expected: str, timeout: float = 20) -> str:
        deadline = time.monotonic() + timeout
        while expected not in self.text:
            left = deadline - time.monotonic()
            assert left > 0, f"no {expected!r} in {self.text!r}"
            if select.select([self.descriptor], [], [], left)[0]:
                try:
                    self.text += os.read(self.descriptor, 65536).decode(errors="replace")
                except OSError:
                    break
        assert expected in self.text, self.text
        before, _, self.text = self.text.partition(expected)
        return before

    def send(self, text: str) -> None:
        os.write(self.descriptor, text.encode())

    def close(self) -> int:
        code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        os.close(self.descriptor)
        return code


def spawn(host, *arguments: str) -> Terminal:
    # A fork of a process with threads is safe when it executes at once; Python 3.12 warns all the same.
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return Terminal(host, *arguments)


def test_redirections_typed_at_a_terminal_lead_to_the_hosts_files(host):
    """Also of a line that is pasted, or goes on; what a typed document says is left as it is."""
    terminal = spawn(host)
    terminal.until("$ ")
    lines = [
        "echo one > /tmp/typed",
        "echo two >> '/tmp/typed'; D=/home/ubuntu; echo three > $D/there",
        "cat > /tmp/document <<END\r> /tmp/kept\rEND",
        "\x1b[200~if true; then\necho four > /home/ubuntu/pasted\nfi\x1b[201~",
        "echo five > /etc/not-mine; echo is $?",
        "echo 'six > /tmp/quoted'",
    ]
    for line in lines:
        terminal.send(f"{line}\r")
    terminal.send("cat < /tmp/typed\r")
    terminal.until("Permission denied")
    terminal.until("is 1")
    terminal.until("\x1b[?2004l\rsix > /tmp/quoted\r")
    terminal.until("\rone\r\ntwo\r\n")
    terminal.send("exit\r")
    assert terminal.close() == 0
    files = {"tmp/document": "> /tmp/kept\n", "home/ubuntu/there": "three\n", "home/ubuntu/pasted": "four\n"}
    assert {name: (host.root / name).read_text() for name in files} == files
    assert not (host.root / "etc/not-mine").exists()


def test_an_interactive_shell(host):
    terminal = spawn(host)
    terminal.until("ubuntu@ip-172-31-7-")
    terminal.send("tty; echo $TERM; cd /etc\r")
    assert "/dev/pts/" in terminal.until("xterm-256color\r\n")
    terminal.until(":/etc$ ")
    terminal.send("exit 3\r")
    assert terminal.close() == 3


def test_ctrl_c_interrupts_and_the_shell_goes_on(host):
    terminal = spawn(host)
    terminal.until("$ ")
    terminal.send("""sh -c 'trap "exit 7" INT; echo ready; while :; do sleep 0.1; done'\r""")
    terminal.until("ready\r\n")
    terminal.send("\x03")
    terminal.until("^C")
    terminal.until("$ ")  # keys that are pressed while a shell makes its line ready may be lost, as on any terminal
    terminal.send("echo code $?\r")
    terminal.until("code 7\r\n")
    terminal.until("$ ")
    terminal.send("\x04")
    assert terminal.close() == 0


def test_a_login_ignores_no_signal_whatever_the_cloud_was_started_from(host):
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as of a program that a script starts in the background
    try:
        seen = host.run("sh -c 'kill -INT $$; echo ignored'; echo after")
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen.stdout == "after\n"


def test_the_window_size_is_passed_on_and_changes(host):
    terminal = spawn(host)
    terminal.until("$ ")
    termios.tcsetwinsize(terminal.descriptor, (33, 111))
    os.kill(terminal.pid, signal.SIGWINCH)
    for _ in range(50):
        terminal.send("stty size; echo end''mark\r")
        if "33 111" in terminal.until("endmark\r\n"):
            break
    else:
        pytest.fail("the window never became 33 × 111")
    terminal.send("exit\r")
    assert terminal.close() == 0


def test_a_terminal_of_a_command_ends_with_it(host):
    terminal = spawn(host, "printf hello; exit 5")
    terminal.until("hello")
    assert terminal.close() == 5


def test_sudo_su_on_a_terminal(host):
    terminal = spawn(host)
    terminal.until("$ ")
    terminal.send("sudo su\r")
    terminal.until("root@")
    terminal.until("# ")
    terminal.send("whoami; id -u\r")
    terminal.until("root\r\n0\r\n")
    terminal.send("exit\r")
    terminal.send("exit\r")
    assert terminal.close() == 0
