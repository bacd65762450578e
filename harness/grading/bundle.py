"""The evidence bundle: what a run saw, sealed when the run ended, in one file that can be handed in and judged again.

A run seals its recorded results as it ends: it makes an Ed25519 key, signs the SHA-256 hashes of the files with it,
and forgets the private half at once (``seal.json`` holds hashes, public key and signature). ``pack`` puts the sealed
files into a tar archive; ``unpack`` takes nothing but the very bytes that ``pack`` writes for them.

What the seal proves: these files are, byte for byte, what some run of this suite sealed, and all are of one run; not
even whoever ran it can change them afterwards under the same key. So where the key's fingerprint was seen by somebody
trusted as the run ended (a grader's terminal, the log of a CI server), the bundle is what that run saw.
What it does not prove: who ran it, when, or against which account. Anybody can make up facts, and seal these with a
key of their own. A grader who has not seen the fingerprint has the student's word, with its later editing excluded.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from harness import timeline
from harness.errors import UsageError
from harness.grading import recording

SEAL = "seal.json"
PICTURES = "pictures"
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,200}")
LARGEST = 64 * 2**20
"""Bytes of the largest bundle that is read."""


@dataclass(frozen=True)
class Bundle:
    """The sealed files of one run, by name, the fingerprint of the key that sealed them, and where the bundle is."""

    run_id: str
    key: str
    files: Mapping[str, bytes]
    path: Path


def seal(directory: Path, run_id: str) -> str:
    """Seal a run's recorded results as they are now; return the fingerprint of the key, which is forgotten."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    private = Ed25519PrivateKey.generate()
    public = private.public_key().public_bytes_raw()
    hashes = {name: hashlib.sha256(data).hexdigest() for name, data in _results(directory).items()}
    manifest = {"schema": 1, "run_id": run_id, "files": hashes, "key": _text(public)}
    signed = {"manifest": manifest, "signature": _text(private.sign(_canonical(manifest)))}
    (directory / SEAL).write_bytes(_canonical(signed))
    return fingerprint(public)


def _results(directory: Path) -> dict[str, bytes]:
    pictures = sorted(path for path in (directory / PICTURES).glob("*.png") if path.is_file())
    paths = [directory / recording.NAME, directory / timeline.NAME, *pictures]
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths if path.is_file()}


def fingerprint(key: bytes) -> str:
    """Return a public key's fingerprint as OpenSSH writes them: ``SHA256:`` and the hash in base64."""
    return "SHA256:" + _text(hashlib.sha256(key).digest()).rstrip("=")


def key_of(directory: Path) -> str:
    """Return the fingerprint of the key that sealed a run's results, or nothing where they are not sealed."""
    try:
        return fingerprint(_bytes(json.loads((directory / SEAL).read_bytes())["manifest"]["key"]))
    except (OSError, ValueError, TypeError, LookupError):
        return ""


def pack(directory: Path, target: Path | None = None) -> Bundle:
    """Write the bundle of a run, into its directory unless told otherwise.

    Raises :class:`~harness.errors.UsageError` where the run is not as it was sealed.
    """
    try:
        seal_bytes = (directory / SEAL).read_bytes()
    except OSError as error:
        raise UsageError(f"{directory}: no sealed run is there ({error.strerror}); name one that ended.") from error
    bundle = _checked({SEAL: seal_bytes, **_results(directory)}, directory)
    path = target or directory / f"evidence-{bundle.run_id}.tar"
    path.write_bytes(_archive(bundle.files))
    return replace(bundle, path=path)


def unpack(path: Path) -> Bundle:
    """Read a bundle; raises :class:`~harness.errors.UsageError` unless every byte is as ``pack`` wrote it."""
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise UsageError(f"{path}: no bundle can be read there ({error.strerror}).") from error
    if len(data) > LARGEST:
        raise UsageError(f"{path}: larger than any bundle ({LARGEST // 2**20} MB).")
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            files = {member.name: _content(archive, member) for member in archive}
    except (tarfile.TarError, ValueError, EOFError, OverflowError) as error:
        raise UsageError(f"{path}: this is no bundle, or not a whole one.") from error
    bundle = _checked(files, path)
    if _archive(bundle.files) != data:
        raise UsageError(f"{path}: refused, the archive was changed since it was made.")
    return bundle


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    stream = archive.extractfile(member) if member.isreg() else None
    if stream is None:
        raise ValueError(f"{member.name} is no file")
    return stream.read()


def _checked(files: Mapping[str, bytes], source: Path) -> Bundle:
    """Return the files as a bundle, once hashes and signature were found right."""
    try:
        signed = json.loads(files[SEAL])
        manifest, key = signed["manifest"], _bytes(signed["manifest"]["key"])
        _verify(key, _bytes(signed["signature"]), _canonical(manifest))
        hashes, run_id = dict(manifest["files"]), str(manifest["run_id"])
        if not _PLAIN.fullmatch(run_id):
            raise ValueError("it names no run")
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise UsageError(f"{source}: refused, its seal is broken ({error}).") from error
    found = {name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name != SEAL}
    changed = sorted(name for name in {*found, *hashes} if found.get(name) != hashes.get(name))
    if changed or _canonical(signed) != files[SEAL]:
        what = ", ".join(name[:80] for name in changed) or SEAL
        raise UsageError(f"{source}: refused, {what} changed since the run sealed it.")
    return Bundle(run_id, fingerprint(key), {name: files[name] for name in (SEAL, *sorted(found))}, source)


def _verify(key: bytes, signature: bytes, message: bytes) -> None:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except InvalidSignature:
        raise ValueError("the signature is not that of its key") from None


def _archive(files: Mapping[str, bytes]) -> bytes:
    """Return the one archive that holds these files: names, sizes and contents decide every byte."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def extract(bundle: Bundle, directory: Path) -> None:
    """Write a bundle's files into a directory of the caller's; names that a run would not give are refused."""
    for name, data in bundle.files.items():
        path = Path(name)
        if path.parent.as_posix() not in (".", PICTURES) or path.name != name.rpartition("/")[2] or ".." in path.parts:
            raise UsageError(f"a bundle holds no {name[:80]!r}; it was not made by this suite.")
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)


def _canonical(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _bytes(text: str) -> bytes:
    data = base64.b64decode(text, validate=True)
    if _text(data) != text:  # the last letter has bits that mean nothing
        raise ValueError("a text in base64 is not as it was written")
    return data
