"""OpenSSH client configurations: how the workstation and each host reach the hosts (ssh_config(5))."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.offline.hosts.rules import Addresses

# In a shell of its own, which keeps its output open until it has spoken: at its end ssh kills the command.
_UNRESOLVED = """/bin/sh -c "echo 'ssh: Could not resolve hostname %h: Name or service not known' >&2" """.strip()


@dataclass(frozen=True)
class Peer:
    """A host as others reach it; ``host_keys`` are its public keys in OpenSSH's one-line form."""

    instance_id: str
    addresses: Addresses
    public_dns: str | None
    private_dns: str
    host_keys: tuple[str, ...]

    @property
    def names_within(self) -> tuple[str, ...]:
        """Return the names and addresses that lead to the private address within a network."""
        short = self.private_dns.partition(".")[0]
        return tuple(filter(None, (self.addresses.private, self.private_dns, short, self.public_dns)))


def for_workstation(peers: Iterable[Peer], port: int, known_hosts: Path) -> str:
    """Return the configuration by which the world outside reaches hosts: by public address and public name only."""
    blocks = ["# Written by the offline cloud: its instances and no others.\n"]
    for peer in peers:
        if peer.addresses.public is not None:
            names = " ".join(filter(None, (peer.addresses.public, peer.public_dns)))
            options = [f"HostName {peer.addresses.public}", f"Port {port}", f"HostKeyAlias {peer.instance_id}"]
            options += [f"UserKnownHostsFile {_quoted(known_hosts)}", "GlobalKnownHostsFile /dev/null"]
            options += ["StrictHostKeyChecking yes", "CheckHostIP no", "UpdateHostKeys no"]
            blocks.append(_block(names, options))
    return "\n".join(blocks)


def known_hosts(peers: Iterable[Peer]) -> str:
    """Return the hosts' keys, as the workstation trusts them."""
    return "".join(f"{peer.instance_id} {key}\n" for peer in peers for key in peer.host_keys)


def for_host(own: Addresses, peers: Iterable[Peer], port: int, user: str, home: Path) -> str:
    """Return the configuration of one host's user.

    By private address, private name or public name one reaches a host from the private address, as names resolve
    within a VPC; by public address from the public one, and to another VPC by public name as well. A host's key is new
    to the user at first and asked about, as on a new instance: its known hosts are ``~/.ssh/known_hosts`` of the host.
    """
    blocks = []
    own_file = home / ".ssh" / "config"
    if own_file.is_file():
        blocks.append(f"Include {_quoted(own_file)}\n")
    for peer in peers:
        is_near = peer.addresses.network == own.network
        if is_near:
            blocks += [_way(name, peer.addresses.inside, own.inside, port) for name in peer.names_within]
        if peer.addresses.public is not None and own.public is not None:
            names = (peer.addresses.public,) if is_near else (peer.addresses.public, peer.public_dns)
            blocks += [_way(name, peer.addresses.public, own.public, port) for name in filter(None, names)]
    blocks.append(_way("localhost", own.inside, own.inside, port))
    identities = [f"IdentityFile {_quoted(home / '.ssh' / f'id_{kind}')}" for kind in ("rsa", "ecdsa", "ed25519")]
    options = [f"User {user}", f"UserKnownHostsFile {_quoted(home / '.ssh' / 'known_hosts')}"]
    options += ["GlobalKnownHostsFile /dev/null", *identities, f"ProxyCommand {_UNRESOLVED}"]
    return "\n".join([*blocks, _block("*", options)])


def _way(name: str, address: str, source: str, port: int) -> str:
    options = [f"HostName {address}", f"Port {port}", f"BindAddress {source}", f"HostKeyAlias {name}"]
    return _block(name, [*options, "CheckHostIP no", "ProxyCommand none"])


def _block(names: str, options: Sequence[str]) -> str:
    return f"Host {names}\n" + "".join(f"    {option}\n" for option in options)


def _quoted(path: Path) -> str:
    return f'"{path}"'
