"""Both kinds of hosts side by side: ``python -m bench.parity [--table]``; exit code 1 where they differ for no reason.

First a table of what a machine does when it is logged in to, asked for facts, told to run containers or given much to
say, each line typed over OpenSSH on an embedded host and on a container. Then (unless ``--table``) the acceptance run
on both, requirement by requirement. What differs is printed with the reason, where there is one.
"""

from __future__ import annotations

import contextlib
import ipaddress
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import isolation
from harness.offline.hosts.protocol import EgressRule, HostKind, IngressRule, MachineSpec
from harness.waiting import until

ROOT = Path(__file__).parent.parent
ANYWHERE = ipaddress.ip_network("0.0.0.0/0")
RULES = tuple(IngressRule("tcp", port, port, ANYWHERE) for port in (22, 8003))
OUT = (EgressRule("-1", 0, 65535, ANYWHERE),)
PATIENCE = 100
"""Seconds that a line may take; installing Docker takes most of them on a busy machine."""
MASKS = (
    (r"\b\d{1,3}(\.\d{1,3}){3}\b", "ADDRESS"), (r"\b[0-9a-f]{12,64}\b", "ID"), (r"\bi-[0-9a-f]+\b", "INSTANCE"),
    (r"\d{4}-\d\d-\d\d[T ][\d:.]+\S*", "TIME"), (r"\b\d+(\.\d+)? ?s\b", "SECONDS"), (r"ec2-[\w.-]+", "ADDRESS"),
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """A line that is typed; ``reason`` says why it may differ. ``input`` goes to its standard input."""

    name: str
    line: str
    reason: str = ""
    input: str = ""
    options: tuple[str, ...] = ()
    key: str = "ours"


@dataclass(frozen=True)
class Outcome:
    """How it ended, and what it wrote to standard output."""

    code: int
    output: str


HTTPD = "docker run -d --name web -p 8003:80 httpd:2.4 > /dev/null"
CASES = (
    Case("login", "id -un"),
    Case("login, groups", "id -nG | tr ' ' '\\n' | grep -cx -e ubuntu -e sudo -e adm"),
    Case("login with a stranger's key", "true", key="stranger"),
    Case("environment", 'echo "$USER $SHELL $(basename $HOME)"'),
    Case("home directory", 'echo "$HOME"', reason="an embedded host is a directory of this machine, and paths show it"),
    Case("host name", "hostname"),
    Case("agent not forwarded", "ssh-add -L; echo $?"),
    Case("agent forwarded", "ssh-add -L | cut -d' ' -f1", options=("-A",)),
    Case("terminal", "test -t 0 && echo yes", options=("-tt",)),
    Case("no terminal", "test -t 0 || echo none"),
    Case("standard input", "cat; echo end", input="a\nb\n"),
    Case("exit code", "exit 7"),
    Case("unknown command", "no-such-command"),
    Case("not executable", "touch f; ./f"),
    Case("not executable, of the machine", "/etc/hostname", reason="an embedded host's shell looks for it on this machine"),
    Case("killed by a signal", "sh -c 'kill -9 $$'"),
    Case("terminated", "sh -c 'kill -TERM $$'"),
    Case("trapped signal", "sh -c 'trap \"echo caught; exit 3\" TERM; kill -TERM $$; sleep 1'"),
    Case("time-out", "timeout 0.2 sleep 5"),
    Case("pipeline", "seq 5 | tail -n 1"),
    Case("large output", "seq 1 200000"),
    Case("large output, binary", "head -c 1000000 /dev/zero | tr '\\0' x"),
    Case("large input", "wc -c", input="x" * 500_000),
    Case("file modes", "cd $(mktemp -d) && touch f && mkdir d && stat -c %a f d"),
    Case("file modes, changed", "cd $(mktemp -d) && touch f && chmod 0400 f && stat -c %a f"),
    Case("owner of a file", "cd && touch f && stat -c %U f", reason="an embedded host's files are of whoever runs it"),
    Case("authorized keys", "stat -c %a ~/.ssh ~/.ssh/authorized_keys"),
    Case("not root", "touch /etc/refused"),
    Case("sudo", "sudo id -un"),
    Case("sudo, a file", "echo told | sudo tee /etc/told > /dev/null; cat /etc/told; stat -c %U /etc/told"),
    Case("release", ". /etc/os-release; echo $ID $VERSION_ID $VERSION_CODENAME"),
    Case("package installed", "dpkg-query -W -f '${Status}\\n' openssh-server"),
    Case("package absent", "dpkg-query -W -f '${Status}\\n' no-such-package"),
    Case("service active", "systemctl is-active ssh"),
    Case("service enabled", "systemctl is-enabled ssh"),
    Case("service unknown", "systemctl is-active no-such-service"),
    Case("service, not root", "systemctl stop ssh"),
    Case("service stopped and started", "sudo systemctl stop cron; systemctl is-active cron; sudo systemctl start cron; systemctl is-active cron"),
    Case("apt, unknown package", "sudo apt-get install -y no-such-package > /dev/null 2>&1"),
    Case("docker installed", "sudo DEBIAN_FRONTEND=noninteractive sh -c 'apt-get -q update && apt-get -q -y install docker.io' > /dev/null 2>&1"),
    Case("docker package", "dpkg-query -W -f '${Status}\\n' docker.io"),
    Case("docker service", "systemctl is-active docker; systemctl is-enabled docker"),
    Case("docker without the group", "docker ps > /dev/null 2>&1"),
    Case("docker group", "sudo usermod -aG docker ubuntu; getent group docker | cut -d: -f1,4"),
    Case("docker ps", "docker ps -q"),
    Case("docker run hello-world", "docker run hello-world | grep -c 'Hello from Docker!'"),
    Case("docker ps -a", "docker ps -a --format '{{.Image}} {{.State}}'"),
    Case("docker pull", "docker pull -q ubuntu"),
    Case("docker pull, unknown", "docker pull no-such-image > /dev/null 2>&1"),
    Case("docker run httpd", HTTPD),
    Case("docker inspect", "docker inspect -f '{{.State.Status}} {{(index .HostConfig.PortBindings \"80/tcp\" 0).HostPort}}' web"),
    Case(
        "docker inspect, a map", "docker inspect -f '{{.HostConfig.PortBindings}}' web",
        reason="Docker 29 prints a structure of its own there; the embedded engine prints what 28 and earlier do",
    ),
    Case("docker rm, running", "docker rm web > /dev/null 2>&1"),
    Case("published port, on the host", "curl -s -o /dev/null -w '%{http_code}' http://localhost:8003/"),
    Case("docker exec", "docker exec web sh -c 'echo in; exit 4'"),
    Case("docker run, taken name", "docker run --name web ubuntu true > /dev/null 2>&1"),
    Case("docker run, taken port", "docker run -d -p 8003:80 httpd:2.4 > /dev/null 2>&1"),
    Case("docker run, unknown command", "docker run --rm ubuntu no-such-command > /dev/null 2>&1"),
    Case("docker run, exit code", "docker run --rm ubuntu sh -c 'exit 9'"),
    Case("docker run, input", "docker run --rm -i ubuntu cat", input="given\n"),
    Case("docker stop and start", "docker stop web && docker start web && docker inspect -f '{{.State.Running}}' web"),
    Case("docker kill", "docker kill web && docker inspect -f '{{.State.ExitCode}}' web"),
    Case("docker rm", "docker rm web; docker rm web 2> /dev/null"),
    Case("docker images", "docker images --format '{{.Repository}}:{{.Tag}}' | sort"),
)  # fmt: skip


@dataclass(frozen=True)
class Machine:
    """One host of a kind, and how it is reached."""

    spec: MachineSpec
    config: Path | None
    keys: dict[str, Path]
    agent: str

    def type(self, case: Case) -> Outcome:
        """Type a line in a login of its own."""
        base = ["-F", str(self.config)] if self.config else ["-F", "none", "-o", "UserKnownHostsFile=/dev/null"]
        base += [] if self.config else ["-o", "StrictHostKeyChecking=no"]
        base += ["-o", "BatchMode=yes", "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=5"]
        base += ["-o", "IdentitiesOnly=yes", "-i", str(self.keys[case.key]), *case.options]
        argv = ["ssh", *base, f"ubuntu@{self.spec.public_ip}", case.line]
        env = {**os.environ, "SSH_AUTH_SOCK": self.agent}
        try:
            done = subprocess.run(
                argv, capture_output=True, text=True, input=case.input, timeout=PATIENCE, check=False, env=env
            )
        except subprocess.TimeoutExpired:
            return Outcome(124, f"nothing came back within {PATIENCE} s")
        return Outcome(done.returncode, masked(done.stdout))


def masked(text: str) -> str:
    """Return text without what is another one each time."""
    for pattern, word in MASKS:
        text = re.sub(pattern, word, text)
    return text


def embedded(state: Path) -> HostKind:
    from harness.offline.hosts.embedded import EmbeddedHosts

    return EmbeddedHosts(state, lambda _: None)


def containers(_: Path) -> HostKind:
    from harness.offline.hosts.containers.kind import ContainerHosts

    return ContainerHosts(lambda _: None, run_id="parity")


KINDS: dict[str, Callable[[Path], HostKind]] = {"embedded": embedded, "docker": containers}


@contextlib.contextmanager
def machine(kind: str, folder: Path) -> Iterator[tuple[Machine, HostKind]]:
    """Boot a machine of a kind, with keys and an agent."""
    keys = {name: folder / name for name in ("ours", "stranger")}
    for path in keys.values():
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path], check=True)
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", folder / "agent"], stdout=subprocess.DEVNULL)
    env = {**os.environ, "SSH_AUTH_SOCK": str(folder / "agent")}
    hosts = KINDS[kind](folder / "state")
    try:
        until("the agent holds the key", lambda: added(keys["ours"], env), timeout=10, every=0.05)
        public = hosts.allocate_public_ip()
        line = keys["ours"].with_suffix(".pub").read_text().strip()
        name = hosts.public_name(public, "us-east-1")
        spec = MachineSpec(
            "i-0abc",
            "t2.large",
            public,
            name,
            "172.31.5.5",
            "ip-172-31-5-5.ec2.internal",
            line,
            "24.04",
            None,
            "us-east-1",
        )
        hosts.boot(spec, RULES, OUT)
        found = Machine(spec, hosts.ssh_config(), keys, str(folder / "agent"))
        until("it lets us in", lambda: found.type(Case("", "true")).code == 0, timeout=60, every=0.1)
        yield found, hosts
    finally:
        hosts.close()
        agent.terminate()
        agent.wait()


def added(key: Path, env: dict[str, str]) -> bool:
    return subprocess.run(["ssh-add", "-q", key], env=env, capture_output=True, check=False).returncode == 0


def knock(address: str, port: int) -> str:
    """Return how a port answers the workstation."""
    try:
        with socket.create_connection((address, port), 1.5):
            return "open"
    except TimeoutError:
        return "silent"
    except OSError:
        return "closed"


def published(found: Machine, hosts: HostKind) -> dict[str, Outcome]:
    """Return how a published port answers here while a rule admits it, and when none does."""
    address, id = str(found.spec.public_ip), found.spec.instance_id
    until("the port is open", lambda: knock(address, 8003) == "open", timeout=20, every=0.1)
    hosts.set_rules(id, RULES[:1], OUT)
    refused = knock(address, 8003)
    hosts.set_rules(id, RULES, OUT)
    return {
        "published port, refused": Outcome(0, refused),
        "published port, admitted again": Outcome(0, knock(address, 8003)),
    }


def behaviours(kind: str) -> dict[str, Outcome]:
    """Return what became of every case on a machine of a kind."""
    with tempfile.TemporaryDirectory(prefix="parity-") as folder, machine(kind, Path(folder)) as (found, hosts):
        outcomes = {}
        for case in CASES:
            outcomes[case.name] = found.type(case)
            if case.name == "docker run httpd":
                outcomes |= published(found, hosts)
        return outcomes


def compare_tables() -> int:
    """Print the table's differences; returns how many have no reason."""
    one, other = (behaviours(kind) for kind in KINDS)
    reasons = {case.name: case.reason for case in CASES}
    unexplained = 0
    for name in one:
        if one[name] != other[name]:
            reason = reasons.get(name, "")
            unexplained += not reason
            print(f"{name}: {reason or 'NO REASON IS KNOWN'}")
            for kind, outcome in zip(KINDS, (one[name], other[name]), strict=True):
                print(f"    {kind:<9} exit code {outcome.code}, {outcome.output[:200]!r}")
    print(f"{len(one)} behaviours, {sum(one[n] != other[n] for n in one)} differ, {unexplained} for no known reason")
    return unexplained


def judged(kind: str, folder: Path) -> dict[str, tuple[str, str]]:
    """Return verdict and message of every requirement of a run."""
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", f"--hosts={kind}", f"--run-dir={folder / kind}"]
    subprocess.run(argv, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
    report: dict[str, Any] = json.loads((folder / kind / "report.json").read_text())
    return {one["id"]: (one["verdict"], masked(one["message"])) for one in report["requirements"]}


def compare_runs() -> int:
    """Print where the acceptance runs differ; returns in how many requirements."""
    with tempfile.TemporaryDirectory(prefix="parity-") as directory:
        one, other = (judged(kind, Path(directory)) for kind in KINDS)
    differing = [id for id in one if one[id] != other.get(id)]
    for id in differing:
        print(f"{id}:\n    embedded  {one[id]}\n    docker    {other.get(id)}")
    print(f"{len(one)} requirements, {len(differing)} are judged otherwise")
    return len(differing)


def main() -> int:
    """Compare, and say by the exit code whether anything differs for no reason."""
    with isolation.offline():
        unexplained = compare_tables()
    if "--table" not in sys.argv[1:]:
        unexplained += compare_runs()
    return int(bool(unexplained))


if __name__ == "__main__":
    sys.exit(main())
