"""Logins, their negative twins, and the hop from the bastion to the private instance."""

from __future__ import annotations

import shlex
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path

from harness.facts.logins import Login, Outcome
from harness.hosts.ssh import UNREACHED, Ssh, Target
from harness.workstation import Finished

REFUSALS = ("Permission denied", "Too many authentication failures")
"""What ssh says of a host that it reached and that turned its keys away."""
WHO = "id -un"
MARK = "login:"
PLACES = (
    "/home", "/root", "/tmp", "/var/tmp", "/opt", "/srv", "/mnt", "/media", "/etc", "/usr/local", "/var",  # noqa: S108
)  # fmt: skip
"""Where people put files on a host beside their home directory."""
OTHERS = (
    "*/site-packages", "*/dist-packages", "*/lib/python[0-9]*", "*/node_modules", "*/.cargo", "*/.rustup", "*/go/src",
    "*/go/pkg", "*/var/lib/docker", "*/var/lib/containerd", "*/var/lib/snapd", "*/var/snap", "*/var/lib/fwupd",
    "*/var/lib/kubelet", "*/etc/kubernetes", "*/etc/letsencrypt", "*/etc/ssh/ssh_host_*_key",
    "*/etc/ssl/private/ssl-cert-snakeoil.key",
)  # fmt: skip
"""Where programs keep keys of their own, or of their tests; what containers have is not the bastion's."""
SECONDS = 30
"""For so long they are looked for: in a new instance it takes one or two, on a full disk nobody waits for the end."""
FIND_KEYS = (
    "as_root=; sudo -n true 2>/dev/null && as_root='sudo -n'; "
    'cd && $as_root timeout {seconds} find . {places} -xdev \\( -path "$HOME" {others} \\) -prune -o '
    r"-type f -size -64k "
    r"-exec grep -lsE -e '-----BEGIN ([A-Z0-9]+ )*PRIVATE KEY-----' -e '^PuTTY-User-Key-File' {{}} + "
    "2>/dev/null | sort -u | head -50"
)
"""Lists files that hold a private key: OpenSSH's, PEM's and PuTTY's own first lines."""


def login(ssh: Ssh, target: Target, *, timeout: float) -> Login:
    """Log in with the agent's key and ask the host who that is."""
    return _judge(ssh.run(target, _asking(WHO), timeout=timeout), target, "the agent's key")


def stranger(ssh: Ssh, target: Target, *, timeout: float) -> Login:
    """Try to log in with a key that was made this moment and that nobody has let in."""
    with tempfile.TemporaryDirectory(prefix="stranger-", dir=ssh.directory) as directory:
        key = Path(directory) / "key"
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key], check=True, timeout=timeout
        )
        options = (
            "IdentityAgent=none",
            "IdentitiesOnly=yes",
            f"IdentityFile={key}",
            "PreferredAuthentications=publickey",
        )
        return _judge(ssh.run(target, _asking(WHO), timeout=timeout, options=options), target, "a stranger's key")


def hop(
    ssh: Ssh, bastion: Target, user: str, address: str, *, forward: bool, wait: float, timeout: float
) -> tuple[Login, list[str]]:
    """Log in to the bastion and from there to ``address``, with the agent forwarded or not.

    Returns the login at the far end and the names and addresses that the machine there says it has. The inner ssh is
    the bastion's own, with its own keys and configuration: whatever gets in there without the agent is found out.
    """
    inner = [
        "ssh",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=accept-new",
        "-o",
        f"ConnectTimeout={round(wait)}",
    ]
    # The host at the end may have had this address before another instance had it.
    inner += ["-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", f"{user}@{address}"]
    inner.append(f"{_asking(WHO)}; hostname; hostname -I")
    options = ("IdentityFile=none", f"ForwardAgent={'yes' if forward else 'no'}", "ControlMaster=no")
    done = ssh.run(bastion, shlex.join(inner), timeout=timeout, options=options)
    by = "the forwarded agent" if forward else "no forwarded agent"
    judged = _judge(done, Target(user, address), f"{by} from the bastion")
    return judged, done.stdout.partition("\n")[2].split()[:20] if judged.outcome == "admitted" else []


def key_files(ssh: Ssh, target: Target, *, timeout: float, places: Iterable[str] = PLACES) -> tuple[str, ...]:
    """Return the paths of private key files in the home directory and in other places there, never their content."""
    others = " ".join(f"-o -path {shlex.quote(path)}" for path in OTHERS)
    line = FIND_KEYS.format(places=shlex.join(places), others=others, seconds=SECONDS)
    return tuple(line[:200] for line in ssh.run(target, line, timeout=timeout).stdout.splitlines() if line)


def _asking(question: str) -> str:
    """Mark the answer, so that a host's own banner or profile is not taken for it."""
    return f'echo "{MARK}$({question})"'


def _judge(done: Finished, target: Target, by: str) -> Login:
    answers = [line.removeprefix(MARK) for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.exit_code not in (UNREACHED, 124) and answers:
        return Login(target.user, target.host, by, "admitted", name=answers[0][:60])
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    outcome: Outcome = "refused" if any(word in done.stderr for word in REFUSALS) else "unreachable"
    return Login(target.user, target.host, by, outcome, said=said[-1][:200] if said else f"exit code {done.exit_code}")
