"""A host's console and its host keys, which the console is known for (cloud-init's module ``ssh``)."""

from __future__ import annotations

import asyncssh

from harness.offline.hosts.protocol import MachineSpec
from harness.offline.hosts.sandbox import Release, Sandbox

_KINDS = {"ssh-ed25519": "ed25519", "ecdsa-sha2-nistp256": "ecdsa"}


class HostKeys:
    """The key pairs by which a host is known; they stay when it is stopped and started."""

    def __init__(self) -> None:
        self.pairs: list[asyncssh.SSHKey] = [asyncssh.generate_private_key(algorithm) for algorithm in _KINDS]

    def public(self) -> tuple[str, ...]:
        """Return the public halves in OpenSSH's one-line form, without comment."""
        return tuple(" ".join(key.export_public_key().decode().split()[:2]) for key in self.pairs)

    def fingerprints(self) -> tuple[str, ...]:
        """Return a line on each key, as ``ssh-keygen -l`` gives it, its comment left open as ``{}``."""
        names = (name.upper() for name in _KINDS.values())
        return tuple(f"256 {key.get_fingerprint()} {{}} ({name})" for key, name in zip(self.pairs, names, strict=True))

    def save(self, sandbox: Sandbox, owner: str) -> None:
        """Write them where sshd has them."""
        for key, public, name in zip(self.pairs, self.public(), _KINDS.values(), strict=True):
            path = sandbox.root / f"etc/ssh/ssh_host_{name}_key"
            path.write_bytes(key.export_private_key())
            path.chmod(0o600)
            path.with_suffix(".pub").write_text(f"{public} {owner}\n")


class Console:
    """What a host wrote to its console. Reading is safe from any thread."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def log(self, line: str) -> None:
        """Write a line."""
        self._lines.append(line)

    def text(self, end: str = "\r\n") -> str:
        """Return everything so far."""
        return end.join([*self._lines, ""])

    def log_boot(self, spec: MachineSpec, keys: HostKeys, *, is_first: bool) -> None:
        """Write what a boot says; the first shows the host keys."""
        hostname = spec.private_dns.partition(".")[0]
        self.log(f"{Release(spec.release).title} {hostname} ttyS0")
        if not is_first:
            return
        if not spec.authorized_key:
            self.log("ci-info: no authorized SSH keys fingerprints found for user ubuntu.")
        self._block("FINGERPRINTS", [line.format(f"root@{hostname}") for line in keys.fingerprints()])
        self._block("KEYS", [f"{key} root@{hostname}" for key in keys.public()])

    def _block(self, name: str, lines: list[str]) -> None:
        self._lines += [f"-----BEGIN SSH HOST KEY {name}-----", *lines, f"-----END SSH HOST KEY {name}-----"]
