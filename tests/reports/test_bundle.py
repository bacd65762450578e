"""A bundle is the very bytes that a run sealed, or it is refused."""

from __future__ import annotations

import io
import json
import random
import shutil
import tarfile
from pathlib import Path

import pytest

from harness.__main__ import main
from harness.errors import UsageError
from harness.grading import bundle
from harness.grading.bundle import extract, key_of, pack, seal, unpack
from tests.reports.support import recorded_run


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return recorded_run(tmp_path / "run")


@pytest.fixture
def packed(run: Path, tmp_path: Path) -> Path:
    return pack(run, tmp_path / "evidence.tar").path


def test_bundle_holds_what_the_run_saw_and_nothing_else(run, packed) -> None:
    (run / "ledger.jsonl").write_text("{}")
    unpacked = unpack(packed)

    assert sorted(unpacked.files) == [
        "facts.json",
        "pictures/centroids.png",
        "pictures/clusters.png",
        "seal.json",
        "timeline.json",
    ]
    assert all(data == (run / name).read_bytes() for name, data in unpacked.files.items())
    assert unpacked.key == key_of(run)
    assert unpacked.key.startswith("SHA256:")


def test_bundle_is_the_same_bytes_every_time(run, packed, tmp_path) -> None:
    shutil.copytree(run, tmp_path / "copy")
    assert pack(tmp_path / "copy", tmp_path / "again.tar").path.read_bytes() == packed.read_bytes()


def test_every_changed_byte_is_refused(packed, tmp_path) -> None:
    data, other = packed.read_bytes(), tmp_path / "other.tar"
    places = {*range(512), *range(len(data) - 64, len(data)), *random.Random(8).sample(range(len(data)), 100)}

    for place in sorted(places):
        other.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(UsageError):
            unpack(other)


@pytest.mark.parametrize("change", [
    lambda data: data[:-1], lambda data: data + b"\0", lambda data: data[: len(data) // 2], lambda data: b"",
    lambda data: data * 2,
], ids=["shorter", "longer", "half", "empty", "twice"])  # fmt: skip
def test_a_bundle_of_another_length_is_refused(packed, change) -> None:
    packed.write_bytes(change(packed.read_bytes()))
    with pytest.raises(UsageError):
        unpack(packed)


@pytest.mark.parametrize("name", ["facts.json", "timeline.json", "pictures/centroids.png"])
def test_a_run_whose_results_changed_is_not_packed(run, name, tmp_path) -> None:
    (run / name).write_bytes((run / name).read_bytes() + b" ")
    with pytest.raises(UsageError, match=f"{name} changed since the run sealed it"):
        pack(run, tmp_path / "x.tar")


def test_a_picture_that_came_later_is_not_packed(run, tmp_path) -> None:
    shutil.copyfile(run / "pictures/centroids.png", run / "pictures/other.png")
    with pytest.raises(UsageError, match=r"other\.png changed"):
        pack(run, tmp_path / "x.tar")


def test_hashes_that_were_mended_by_hand_are_refused(run, tmp_path) -> None:
    signed = json.loads((run / "seal.json").read_text())
    signed["manifest"]["run_id"] = "other1"
    (run / "seal.json").write_text(json.dumps(signed, sort_keys=True, separators=(",", ":")))
    with pytest.raises(UsageError, match="signature"):
        pack(run, tmp_path / "x.tar")


def test_a_letter_of_the_signature_that_means_the_same_is_refused_too(run, tmp_path) -> None:
    signed = json.loads((run / "seal.json").read_text())
    text = signed["signature"]
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    signed["signature"] = text[:-3] + letters[letters.index(text[-3]) ^ 1] + "=="  # its last four bits are padding
    (run / "seal.json").write_text(json.dumps(signed, sort_keys=True, separators=(",", ":")))
    with pytest.raises(UsageError, match="seal is broken"):
        pack(run, tmp_path / "x.tar")


def test_a_seal_made_anew_has_another_key(run) -> None:
    before = key_of(run)
    assert seal(run, "m9bnn4") != before


@pytest.mark.parametrize("name", ["../evil.json", "/etc/evil", "pictures/../../x.png", "deep/down/x"])
def test_nothing_is_written_outside_the_directory(name, tmp_path) -> None:
    with pytest.raises(UsageError, match="holds no"):
        extract(bundle.Bundle("x", "k", {name: b"x"}, tmp_path), tmp_path / "in" / "here")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_links_and_devices_are_no_bundle(tmp_path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("seal.json")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(member)
    (tmp_path / "x.tar").write_bytes(buffer.getvalue())
    with pytest.raises(UsageError, match="no bundle"):
        unpack(tmp_path / "x.tar")


def test_a_file_of_gigabytes_is_not_read(tmp_path) -> None:
    with (tmp_path / "x.tar").open("wb") as stream:
        stream.truncate(3 * 2**30)
    with pytest.raises(UsageError, match="larger than any bundle"):
        unpack(tmp_path / "x.tar")


def test_command_says_where_the_bundle_is_and_by_which_key(run, capsys) -> None:
    assert main(["bundle", str(run)]) == 0

    said = capsys.readouterr().out
    assert f"bundle: {run / 'evidence-m9bnn4.tar'}\n" in said
    assert f"sealed by {key_of(run)}\n" in said


@pytest.mark.parametrize("argument", [".", "missing"])
def test_command_wants_a_run_that_ended(tmp_path, capsys, argument) -> None:
    assert main(["bundle", str(tmp_path / argument)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
