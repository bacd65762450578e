"""``python -m harness sweep`` removes what a run left, and nothing while the run is going on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from harness import runrecord, sweep
from harness.__main__ import main
from harness.aws.kinds import Kind, Rank
from harness.facts.account import Caller
from harness.ledger import Ledger
from harness.runrecord import RunRecord, read_record, write_record


def run_directory(directory: Path, aws: str = "moto", **other: str) -> Path:
    """Record a run whose process has ended."""
    record = {"run_id": "k3f9qz", "aws": aws, "account": "123456789012", "region": "us-east-1"}
    (directory / "run.json").write_text(json.dumps({**record, "process": -1, "born": 1.0, **other}))
    return directory


@pytest.fixture
def shelf(monkeypatch) -> dict[str, str]:
    """Stand in for a cloud: a kind of things that are there until they are deleted; a stuck one stays."""
    things: dict[str, str] = {}

    def delete(_aws, id) -> None:
        if things[id] != "stuck":
            del things[id]
        else:
            raise RuntimeError("it is stuck")

    kind = Kind(
        "thing",
        Rank.VOLUME,
        find=lambda _aws, entry: tuple(id for id in things if id == entry.find.get("name")),
        delete=delete,
        is_gone=lambda _aws, one: one not in things,
        tagged=lambda _aws, tags: tuple(id for id in things if things[id] == tags["acceptance-run"]),
    )
    monkeypatch.setattr(sweep, "KINDS", {"thing": kind})
    monkeypatch.setattr("harness.aws.entrance.find_caller", lambda _: Caller("arn:aws:iam::1:user/u", "123456789012"))
    return things


def ledger_of(directory: Path, **things: str) -> Ledger:
    ledger = Ledger(directory / "ledger.jsonl")
    for name, state in things.items():
        with ledger.creating("thing", "us-east-1", name=name) as creation:
            creation.id = name
        if state != "created":
            ledger.mark(creation.entry.__class__(**{**creation.entry.__dict__, "id": name}), state)
    return ledger


def states(ledger: Ledger) -> dict[str | None, str]:
    return {entry.id: entry.state for entry in ledger.entries()}


def test_a_run_is_swept_to_nothing_and_nothing_else_is(tmp_path, shelf, capsys) -> None:
    run = run_directory(tmp_path, "real")
    shelf.update(known="", tagged="k3f9qz", foreign="other1")
    ledger = ledger_of(run, known="created")
    assert main(["sweep", "--run-dir", str(run)]) == 0
    assert shelf == {"foreign": "other1"}
    assert set(states(ledger).values()) == {"gone"}
    assert {"thing known: gone", "thing tagged: gone"} <= set(capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    "line",
    [
        '{"key": "k", "kind": "thing", "region": "us-east-1", "find": {}, "of": "a later edition"}',
        '{"key": "k", "kind": "thing", "region": "us-east-1", "find": {}, "at": "yesterday"}',
        '{"key": "k", "kind": "thing", "region": "us-east-1", "find": {}, "at": "2026-11-23T10:00:00"}',
        '["key"]',
        "\x00\x7f\ufffd",
    ],
    ids=["newer", "no time", "no zone", "list", "garbage"],
)
def test_a_ledger_that_is_not_understood_is_a_sentence_and_the_rest_is_swept(tmp_path, shelf, capsys, line) -> None:
    run = run_directory(tmp_path, "real")
    shelf.update(known="", tagged="k3f9qz", foreign="other1")
    path = ledger_of(run, known="created").path
    path.write_text(path.read_text() + f"{line}\n")
    for arguments in (("--dry-run",), (), ()):
        assert main(["sweep", "--run-dir", str(run), *arguments]) == 1
        assert f"{path}: no entry is understood in line 3; sweep by the edition" in capsys.readouterr().out
    assert shelf == {"foreign": "other1"}


def test_a_ledger_that_was_torn_or_is_no_text_is_swept_by_what_is_there(tmp_path, shelf) -> None:
    run = run_directory(tmp_path, "real")
    shelf.update(known="", tagged="k3f9qz")
    path = ledger_of(run, known="created").path
    path.write_bytes(path.read_bytes() + b'{"key": "1f", "kind": "thing", "find": {"name": "\xc3')
    for _ in range(2):
        assert main(["sweep", "--run-dir", str(run)]) == 0
    assert shelf == {}


def test_what_was_kept_on_purpose_is_swept_when_asked(tmp_path, shelf) -> None:
    run = run_directory(tmp_path, "real")
    shelf["kept"] = ""
    ledger_of(run, kept="kept")
    assert main(["sweep", "--run-dir", str(run)]) == 0
    assert not shelf


def test_what_stays_is_named_with_its_reason_and_the_exit_code(tmp_path, shelf, capsys) -> None:
    run = run_directory(tmp_path, "real")
    shelf.update(known="stuck", other="k3f9qz")
    ledger_of(run, known="created")
    assert main(["sweep", "--run-dir", str(run)]) == 1
    assert shelf == {"known": "stuck"}
    assert "left: thing known in us-east-1: RuntimeError: it is stuck" in capsys.readouterr().out.splitlines()


def test_a_dry_run_changes_nothing(tmp_path, shelf, capsys) -> None:
    run = run_directory(tmp_path, "real")
    shelf.update(known="", tagged="k3f9qz")
    ledger_of(run, known="created", vanished="created", gone="gone")
    before = (run / "ledger.jsonl").read_bytes()
    assert main(["sweep", "--run-dir", str(run), "--dry-run"]) == 1
    assert shelf == {"known": "", "tagged": "k3f9qz"}
    assert (run / "ledger.jsonl").read_bytes() == before
    assert sorted(capsys.readouterr().out.splitlines()) == [
        "thing known in us-east-1: would be removed",
        "thing tagged in us-east-1: would be removed",
    ]


def test_a_dry_run_where_nothing_is_left_is_clean(tmp_path, shelf, capsys) -> None:
    assert main(["sweep", "--run-dir", str(run_directory(tmp_path, "real")), "--dry-run"]) == 0
    assert capsys.readouterr().out == ""


def test_another_accounts_credentials_sweep_nothing(tmp_path, shelf, monkeypatch, capsys) -> None:
    run = run_directory(tmp_path, "real")
    shelf["known"] = ""
    ledger_of(run, known="created")
    monkeypatch.setattr("harness.aws.entrance.find_caller", lambda _: Caller("arn:aws:iam::2:user/u", "210987654321"))
    assert main(["sweep", "--run-dir", str(run)]) == 2
    assert "these credentials are of account 210987654321" in capsys.readouterr().err
    assert shelf


def test_missing_credentials_are_a_sentence(tmp_path, monkeypatch, capsys) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    assert main(["sweep", "--run-dir", str(run_directory(tmp_path, "real"))]) == 2
    assert "there are no usable credentials" in capsys.readouterr().err


def test_an_endpoint_that_is_no_address_is_a_sentence(tmp_path, monkeypatch, capsys) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "nonsense")
    assert main(["sweep", "--run-dir", str(run_directory(tmp_path, "real"))]) == 2
    assert "AWS at nonsense cannot be entered in us-east-1" in capsys.readouterr().err


def test_an_offline_run_left_nothing_behind(tmp_path, capsys) -> None:
    run = run_directory(tmp_path)
    ledger = ledger_of(run, one="created", two="gone", three="kept")
    for _ in range(2):
        assert main(["sweep", "--run-dir", str(run)]) == 0
    assert set(states(ledger).values()) == {"gone"}
    assert capsys.readouterr().out.splitlines() == [
        "thing three: gone with the run's offline cloud",
        "thing one: gone with the run's offline cloud",
    ]


def test_a_dry_run_of_an_offline_run_marks_nothing(tmp_path) -> None:
    run = run_directory(tmp_path)
    ledger = ledger_of(run, one="created")
    assert main(["sweep", "--run-dir", str(run), "--dry-run"]) == 0
    assert states(ledger) == {"one": "created"}


def test_a_run_that_is_going_on_is_left_alone(tmp_path, capsys) -> None:
    write_record(tmp_path, run_id="k3f9qz", aws="moto", account="123456789012", region="us-east-1")
    ledger = ledger_of(tmp_path, one="created")
    assert main(["sweep", "--run-dir", str(tmp_path)]) == 2
    assert "run k3f9qz is still going on" in capsys.readouterr().err
    assert states(ledger) == {"one": "created"}


@pytest.mark.parametrize("region", ["", "mars-north-1", "us-east-1 ", "../../etc"])
def test_a_region_that_is_none_is_a_sentence_at_once(tmp_path, shelf, capsys, region) -> None:
    assert main(["sweep", "--run-dir", str(run_directory(tmp_path, "real", region=region))]) == 2
    assert f"run k3f9qz is recorded in {region!r}, which is not a region of AWS" in capsys.readouterr().err


def test_an_entry_in_a_region_that_is_none_is_left_with_its_reason(tmp_path, shelf, capsys) -> None:
    run = run_directory(tmp_path, "real")
    shelf["known"] = ""
    path = ledger_of(run, known="created").path
    path.write_text(path.read_text().replace("us-east-1", "mars-north-1"))
    assert main(["sweep", "--run-dir", str(run)]) == 1
    assert capsys.readouterr().out == "left: thing known in mars-north-1: there is no such region\n"


@pytest.mark.parametrize("other", [{"run_id": "*"}, {"run_id": ""}, {"run_id": "a b"}, {"aws": "mars"}])
def test_a_record_that_no_run_wrote_sweeps_nothing(tmp_path, shelf, capsys, other) -> None:
    shelf["tagged"] = "k3f9qz"
    assert main(["sweep", "--run-dir", str(run_directory(tmp_path, **{"aws": "real", **other}))]) == 2
    assert "this is no record of a run; it was changed, or cut short." in capsys.readouterr().err
    assert shelf


@pytest.mark.parametrize("content", [None, "", "[]", "{}", '{"run_id": 3}', "\x00"])
def test_what_is_no_run_is_a_sentence(tmp_path, capsys, content) -> None:
    if content is not None:
        (tmp_path / "run.json").write_text(content)
    assert main(["sweep", "--run-dir", str(tmp_path)]) == 2
    printed = capsys.readouterr().err
    assert "run.json: " in printed
    assert printed.count("\n") == 1


def test_a_record_reads_back_and_knows_whether_its_process_lives(tmp_path, monkeypatch) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        monkeypatch.setattr(runrecord.os, "getpid", lambda: child.pid)
        write_record(tmp_path, run_id="k3f9qz", aws="real", account="1", region="eu-west-1")
        record = read_record(tmp_path)
        assert record.is_going_on
        assert record == RunRecord("k3f9qz", "real", "1", "eu-west-1", child.pid, record.born)
        later = RunRecord("k3f9qz", "real", "1", "eu-west-1", child.pid, record.born - 1)
        assert not later.is_going_on
        child.communicate(b"\n")
    assert not record.is_going_on
