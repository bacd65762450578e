"""What an instance does when it boots: packet filter, addresses and names; at the first boot also keys and user data.

What it is told comes as cloud-init gets it from a local data source (NoCloud: ``meta-data`` and ``user-data`` below
:data:`SEED`); of user data, scripts are run and cloud-config is not.
"""

from __future__ import annotations

import json
import os
import pwd
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

SEED = Path("/var/lib/cloud/seed/nocloud")
STATE = Path("/var/lib/cloud/instance")
FILTER = Path("/etc/instance/filter.nft")
LINK = "eth0"
_KEYS = {"ed25519": "ED25519", "ecdsa": "ECDSA"}


def say(line: str) -> None:
    """Write a line to the console."""
    sys.stdout.write(f"{line}\r\n")
    sys.stdout.flush()


def told() -> dict[str, Any]:
    """Return the meta-data."""
    found: dict[str, Any] = json.loads((SEED / "meta-data").read_text(encoding="utf-8"))
    return found


def network(data: dict[str, Any]) -> None:
    """Put filter, addresses and names in place, in this order: no packet comes in before the filter is in force."""
    must("nft", "-f", str(FILTER))
    must("ip", "address", "flush", "dev", LINK)
    for address in data["addresses"]:
        must("ip", "address", "add", address, "dev", LINK)
    must("ip", "link", "set", LINK, "up")
    if data["gateway"]:
        must("ip", "route", "replace", "default", "via", data["gateway"])
    for address in data["addresses"]:
        _announce(address.partition("/")[0])
    name = data["local-hostname"]
    Path("/etc/hosts").write_text(f"127.0.0.1 localhost\n::1 ip6-localhost ip6-loopback\n127.0.1.1 {name}\n")
    Path("/etc/resolv.conf").write_text(f"nameserver {data['resolver']}\nsearch {data['domain']}\n")
    Path("/etc/hostname").write_text(f"{name}\n")


def _announce(address: str) -> None:
    """Tell the neighbours who has an address now: another machine may have had it a moment ago."""
    mac = bytes.fromhex(Path(f"/sys/class/net/{LINK}/address").read_text().strip().replace(":", ""))
    own = socket.inet_aton(address)
    arp = b"\x00\x01\x08\x00\x06\x04\x00\x01" + mac + own + b"\xff" * 6 + own
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as wire:
        wire.bind((LINK, 0))
        wire.send(b"\xff" * 6 + mac + b"\x08\x06" + arp)


def must(*argv: str) -> None:
    """Run a command of the boot; a failure is shown on the console, and the machine stays down."""
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        say(f"boot: {' '.join(argv)}: {done.stderr.strip()}")
        sys.exit(70)


def control_groups() -> None:
    """Keep the nested engine's control groups below this container's own, so that they go with it.

    With version 2 no group may hold processes beside groups: the machine's own move to one below.
    """
    mine = next((line.split(":", 2)[2] for line in Path("/proc/self/cgroup").read_text().splitlines() if line), "/")
    unified = Path("/sys/fs/cgroup/cgroup.controllers")
    if unified.exists():
        own = Path(f"/sys/fs/cgroup{mine}")
        (own / "machine").mkdir(exist_ok=True)
        (own / "machine/cgroup.procs").write_text(str(os.getpid()))
        controllers = " ".join(f"+{name}" for name in (own / "cgroup.controllers").read_text().split())
        (own / "cgroup.subtree_control").write_text(controllers)
    daemon = Path("/etc/docker/daemon.json")
    if not daemon.exists():
        daemon.parent.mkdir(parents=True, exist_ok=True)
        # The older store keeps layers as they are; the newer one compresses each that is built, for minutes.
        told = {"cgroup-parent": mine, "storage-driver": "overlay2", "features": {"containerd-snapshotter": False}}
        daemon.write_text(json.dumps(told, indent=1) + "\n")


def host_keys(name: str) -> None:
    """Make the host keys where there are none, and show them on the console as cloud-init does."""
    fingerprints, keys = [], []
    for kind in _KEYS:
        path = Path(f"/etc/ssh/ssh_host_{kind}_key")
        if not path.exists():
            must("ssh-keygen", "-q", "-t", kind, "-N", "", "-C", f"root@{name}", "-f", str(path))
        public = path.with_suffix(".pub")
        keys.append(public.read_text().strip())
        shown = subprocess.run(["ssh-keygen", "-l", "-f", public], capture_output=True, text=True, check=False)
        fingerprints.append(shown.stdout.strip())
    for title, lines in (("FINGERPRINTS", fingerprints), ("KEYS", keys)):
        say(f"-----BEGIN SSH HOST KEY {title}-----")
        for line in lines:
            say(line)
        say(f"-----END SSH HOST KEY {title}-----")


def authorize(user: str, keys: Sequence[str]) -> None:
    """Let the key pair in, and nobody else."""
    home, entry = Path("/home", user), pwd.getpwnam(user)
    folder = home / ".ssh"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / "authorized_keys"
    path.write_text("".join(f"{key}\n" for key in keys))
    path.chmod(0o600)
    for each in (folder, path):
        os.chown(each, entry.pw_uid, entry.pw_gid)
    if not keys:
        say(f"ci-info: no authorized SSH keys fingerprints found for user {user}.")


def is_first(data: dict[str, Any]) -> bool:
    """Say whether this is the first boot of this instance."""
    mark = STATE / "instance-id"
    if mark.exists() and mark.read_text() == data["instance-id"]:
        return False
    STATE.mkdir(parents=True, exist_ok=True)
    mark.write_text(data["instance-id"])
    return True


def user_data(spawn: Callable[[list[str]], int], wait: Callable[[int], int | None]) -> None:
    """Run the script that the instance was launched with, as root, its output on the console."""
    path = SEED / "user-data"
    if not path.exists() or not path.stat().st_size:
        return
    if not path.read_bytes().startswith(b"#!"):
        say("cloud-init: user data that is no script is not run here")
        return
    script = STATE / "part-001"
    script.write_bytes(path.read_bytes())
    script.chmod(0o700)
    say(f"cloud-init: user data ended with exit code {wait(spawn([str(script)]))}")
