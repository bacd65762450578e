"""EC2 key pairs, and private key files by their fingerprints."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from harness.aws.answers import absence, filters, pages, specification, tag_filters, tags_of, until_listed
from harness.aws.kinds import RUN_TAG, Kind, Rank
from harness.aws.session import Aws
from harness.facts.account import KeyPair, PrivateKey
from harness.ledger import Entry

ABSENT = "InvalidKeyPair.NotFound"
LOCKED = (
    "it is locked with a passphrase, so its fingerprint cannot be computed — hand in a copy without one: "
    "ssh-keygen -p -f COPY"
)


def create_key_pair(aws: Aws, name: str, tags: Mapping[str, str]) -> str:
    """Create an ED25519 key pair; returns the private key, which EC2 shows this once.

    Where an answer was lost, so is the key: a pair of that name that carries the tags is deleted and made anew.
    """

    def create() -> str:
        answer = aws.client("ec2").create_key_pair(
            KeyName=name, KeyType="ed25519", KeyFormat="pem", TagSpecifications=[specification("key-pair", tags)]
        )
        return str(answer["KeyMaterial"])

    with absence("InvalidKeyPair.Duplicate"):
        return create()
    wanted = [*filters(key_name=name), *tag_filters(tags)]
    if until_listed(aws, f"key pair {name}", lambda: _described(aws, wanted)):
        delete_key_pair(aws, name)
    return create()


def find_key_pair(aws: Aws, name: str, private_key: Path) -> KeyPair | None:
    """Return EC2's key pair of that name beside the private key at hand, or ``None`` where EC2 has none."""
    with absence(ABSENT):
        pair = aws.client("ec2").describe_key_pairs(KeyNames=[name])["KeyPairs"][0]
        local = read_private_key(private_key)
        return KeyPair(name, pair["KeyPairId"], pair.get("KeyType", "rsa"), _named(pair["KeyFingerprint"]), local)
    return None


def find_matching(aws: Aws, private_key: Path) -> KeyPair | None:
    """Return the region's key pair that the private key belongs to, whatever it is called."""
    return next((pair for pair in find_pairs(aws, private_key) if pair.is_at_hand), None)


def find_pairs(aws: Aws, private_key: Path) -> tuple[KeyPair, ...]:
    """Return all key pairs of the region, each beside the private key; those of a run of this suite left out."""
    local = read_private_key(private_key)
    return tuple(
        KeyPair(pair["KeyName"], pair["KeyPairId"], pair.get("KeyType", "rsa"), _named(pair["KeyFingerprint"]), local)
        for pair in pages(aws, "ec2", "describe_key_pairs", "KeyPairs")
        if RUN_TAG not in tags_of(pair)
    )


def read_private_key(path: Path) -> PrivateKey:
    """Read a private key file as EC2 or ssh-keygen writes it; says in ``problem`` why it cannot be used."""
    try:
        content = path.read_bytes()
        key = _load(content)
    except OSError as error:
        return _unusable(path, f"it cannot be read ({error.strerror})")
    except TypeError:
        return _unusable(path, LOCKED)
    except (ValueError, UnsupportedAlgorithm):
        is_putty = content.startswith(b"PuTTY-User-Key-File")
        return _unusable(path, "it is a PuTTY key, not a .pem file" if is_putty else "it holds no private key")
    if isinstance(key, RSAPrivateKey):
        return PrivateKey(str(path), "rsa", _rsa_fingerprints(key), _public_line(key))
    if isinstance(key, Ed25519PrivateKey):
        return PrivateKey(str(path), "ed25519", _ed25519_fingerprints(key), _public_line(key))
    return _unusable(path, "it is of a type that EC2 does not take; EC2 takes RSA and ED25519")


def written_anew(path: Path) -> bytes:
    """Return a private key that :func:`read_private_key` has no problem with, in OpenSSH's own form; it is a secret."""
    key: RSAPrivateKey | Ed25519PrivateKey = _load(path.read_bytes())
    return key.private_bytes(s.Encoding.PEM, s.PrivateFormat.OpenSSH, s.NoEncryption())


def _load(content: bytes) -> Any:
    loads = s.load_ssh_private_key if b"BEGIN OPENSSH" in content else s.load_pem_private_key
    return loads(content, password=None)


def _unusable(path: Path, problem: str) -> PrivateKey:
    return PrivateKey(str(path), "", (), "", problem)


def _rsa_fingerprints(key: RSAPrivateKey) -> tuple[str, ...]:
    """Return both of EC2's forms: of a pair that EC2 created and of one that was imported.

    "Verify the fingerprint of your key pair", EC2 user guide: SHA-1 of the private key as PKCS #8 DER, and MD5 of the
    public key as DER.
    """
    private = key.private_bytes(s.Encoding.DER, s.PrivateFormat.PKCS8, s.NoEncryption())
    public = key.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    created = hashlib.sha1(private, usedforsecurity=False)
    imported = hashlib.md5(public, usedforsecurity=False)
    return tuple(digest.digest().hex(":") for digest in (created, imported))


def _ed25519_fingerprints(key: Ed25519PrivateKey) -> tuple[str, ...]:
    """Return the SHA-256 that EC2 and ``ssh-keygen -l`` show, created or imported alike: of the key's SSH wire form."""
    wire = base64.b64decode(_public_line(key).split()[1])
    return (_named(base64.b64encode(hashlib.sha256(wire).digest()).decode()),)


def _named(fingerprint: str) -> str:
    """Return a fingerprint with the name of its hash, which EC2 leaves out: a report tells it from a secret by that."""
    return fingerprint if ":" in fingerprint else f"SHA256:{fingerprint}"


def _public_line(key: RSAPrivateKey | Ed25519PrivateKey) -> str:
    return key.public_key().public_bytes(s.Encoding.OpenSSH, s.PublicFormat.OpenSSH).decode()


def delete_key_pair(aws: Aws, name: str) -> None:
    """Delete a key pair; EC2 does not mind where there is none."""
    aws.client("ec2").delete_key_pair(KeyName=name)


def _described(aws: Aws, wanted: list[dict[str, Any]]) -> list[Any]:
    return list(aws.client("ec2").describe_key_pairs(Filters=wanted)["KeyPairs"])


def _pair_of(aws: Aws, entry: Entry) -> tuple[str, ...]:
    found = _described(aws, filters(key_name=entry.find["name"]))
    return tuple(pair["KeyName"] for pair in found if entry.find["run"] in tags_of(pair).values())


def _is_gone(aws: Aws, name: str) -> bool:
    return not _described(aws, filters(key_name=name))


def _tagged(aws: Aws, tags: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(pair["KeyName"] for pair in _described(aws, tag_filters(tags)))


KINDS = (Kind("key-pair", Rank.KEY_PAIR, _pair_of, delete_key_pair, _is_gone, tagged=_tagged),)
