"""Key pairs: fingerprints as EC2 computes them.

moto hashes the public key in every case. EC2 does so for imported RSA keys only ("Verify the fingerprint of your key
pair", EC2 user guide).
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from moto.ec2.exceptions import EC2ClientError, InvalidKeyPairFormatError


class KeyPairs:
    """Gives a key pair the fingerprint that EC2 shows."""

    def create_key_pair(self, name: str, key_type: str, tags: dict[str, str]) -> Any:
        pair = super().create_key_pair(name, key_type, tags)  # type: ignore[misc]
        pair.key_fingerprint = _of_ed25519(pair) if pair.key_type == "ed25519" else _of_created_rsa(pair)
        return pair

    def import_key_pair(self, key_name: str, public_key_material: bytes, tags: dict[str, str]) -> Any:
        try:
            pair = super().import_key_pair(key_name, public_key_material, tags)  # type: ignore[misc]
        except (InvalidKeyPairFormatError, UnsupportedAlgorithm) as error:
            raise EC2ClientError("InvalidKey.Format", "Key is not in valid OpenSSH public key format") from error
        if pair.key_type == "ed25519":
            pair.key_fingerprint = _of_ed25519(pair)
        return pair


def _of_created_rsa(pair: Any) -> str:
    """Return the SHA-1 of the private key as PKCS #8 DER, in pairs of hex digits."""
    key = serialization.load_pem_private_key(pair.material, password=None)
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return hashlib.sha1(der, usedforsecurity=False).digest().hex(":")


def _of_ed25519(pair: Any) -> str:
    """Return the SHA-256 of the public key's SSH wire form, in base64, as ``ssh-keygen -l`` computes it."""
    wire = base64.b64decode(pair.material_public.split()[1])
    return base64.b64encode(hashlib.sha256(wire).digest()).decode()
