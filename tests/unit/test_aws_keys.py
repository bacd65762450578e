"""Private key files are read in every form that EC2 and OpenSSH write, and their fingerprints are EC2's."""

from __future__ import annotations

import base64
import hashlib
import subprocess
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives import serialization as s
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from harness.aws.keys import read_private_key
from harness.facts.account import KeyPair
from harness.grading.recording import structure, unstructure

RSA = rsa.generate_private_key(65537, 2048)
ED25519 = ed25519.Ed25519PrivateKey.generate()
FORMATS = {
    "PKCS #1": s.PrivateFormat.TraditionalOpenSSL,
    "PKCS #8": s.PrivateFormat.PKCS8,
    "SSH": s.PrivateFormat.OpenSSH,
}


def written(directory, key, form=s.PrivateFormat.OpenSSH, lock=None):
    path = directory / "key.pem"
    path.write_bytes(key.private_bytes(s.Encoding.PEM, form, lock or s.NoEncryption()))
    path.chmod(0o400)
    return path


@pytest.mark.parametrize("form", FORMATS.values(), ids=FORMATS)
def test_rsa_key_has_the_fingerprint_of_a_created_and_of_an_imported_pair(tmp_path, form):
    key = read_private_key(written(tmp_path, RSA, form))
    private = RSA.private_bytes(s.Encoding.DER, s.PrivateFormat.PKCS8, s.NoEncryption())
    public = RSA.public_key().public_bytes(s.Encoding.DER, s.PublicFormat.SubjectPublicKeyInfo)
    assert key.type == "rsa"
    assert key.fingerprints == (hashlib.sha1(private).digest().hex(":"), hashlib.md5(public).digest().hex(":"))


def test_ed25519_fingerprint_and_public_half_are_those_of_ssh_keygen(tmp_path):
    path = written(tmp_path, ED25519)
    key = read_private_key(path)
    shown = subprocess.run(["ssh-keygen", "-l", "-f", path], capture_output=True, text=True, check=True).stdout
    public = subprocess.run(["ssh-keygen", "-y", "-f", path], capture_output=True, text=True, check=True).stdout
    assert key.fingerprints[0].rstrip("=") == shown.split()[1]
    assert len(base64.b64decode(key.fingerprints[0].removeprefix("SHA256:"))) == 32
    assert key.public_key == " ".join(public.split()[:2])


def test_unusable_files_say_why(tmp_path):
    locked = written(tmp_path, RSA, s.PrivateFormat.PKCS8, s.BestAvailableEncryption(b"secret"))
    assert "passphrase" in read_private_key(locked).problem
    curve = tmp_path / "curve"
    curve.mkdir()
    assert (
        "type that EC2 does not take"
        in read_private_key(written(curve, ec.generate_private_key(ec.SECP256R1()))).problem
    )
    for content, said in (
        (b"PuTTY-User-Key-File-3: ssh-rsa", "PuTTY"),
        (b"ssh-rsa AAAA", "no private key"),
        (b"", "no private"),
    ):
        other = tmp_path / "other"
        other.write_bytes(content)
        assert said in read_private_key(other).problem
    assert "cannot be read" in read_private_key(tmp_path / "absent").problem


def test_content_of_the_key_is_in_no_fact(tmp_path):
    path = written(tmp_path, ED25519)
    secret = path.read_text().splitlines()[2]
    assert secret not in repr(read_private_key(path))


@pytest.mark.parametrize(
    ("own", "other"),
    [(RSA, rsa.generate_private_key(65537, 2048)), (ED25519, ed25519.Ed25519PrivateKey.generate())],
    ids=["rsa", "ed25519"],
)
def test_recorded_key_pair_is_still_that_of_its_key_and_of_no_other(tmp_path, own, other):
    (tmp_path / "other").mkdir()
    key, lost = read_private_key(written(tmp_path, own)), read_private_key(written(tmp_path / "other", other))
    pair = KeyPair("hw02", "key-1", key.type, key.fingerprints[0], key)
    assert structure(unstructure(pair)).is_at_hand
    assert not structure(unstructure(replace(pair, private_key=lost))).is_at_hand
