"""report.json is as its schema fixes it, reads back the same, and several of them merge into one grade."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from harness.catalogue import load
from harness.errors import UsageError
from harness.evidence import Evidence
from harness.grading.grade import grade
from harness.grading.reading import merge, read
from harness.grading.reportjson import SCHEMA, InvalidReport, Report, Run, document, validate, write
from harness.verdict import Judgement

HOMEWORK = load()
TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"
RUN = Run(
    "k3f9qz", "moto", "embedded", "reference", "all", "123456789012", "us-east-1",
    "2026-11-23T09:30:00+00:00", "2026-11-23T09:31:00.250+00:00",
)  # fmt: skip


def report_of(*different: Judgement, leaks: tuple[str, ...] = (), **about: object) -> Report:
    """Return a report with *met* for all of its phase but the judgements given."""
    run = replace(RUN, **about)
    ids = [r.id for r in HOMEWORK.requirement if run.phase in ("all", r.phase)]
    judgements = {id: Judgement(id, "met", seconds=0.5) for id in ids}
    judgements |= {judgement.requirement: judgement for judgement in different}
    return Report(run, grade(judgements.values(), HOMEWORK, phase=run.phase, leaks=leaks))


def row(data: dict, id: str) -> dict:
    return next(item for item in data["requirements"] if item["id"] == id)


def test_the_document_has_exactly_the_fields_that_are_fixed() -> None:
    data = document(report_of())
    assert list(data) == [
        "schema", "run_id", "aws", "hosts", "subject", "phase", "account", "region", "started", "finished",
        "score", "possible", "is_grade", "cost_usd", "requirements", "leaks",
    ]  # fmt: skip
    assert list(data["requirements"][0]) == [
        "id", "stage", "statement", "points", "verdict", "cause", "message", "hint", "evidence", "seconds",
    ]  # fmt: skip
    assert (data["score"], data["possible"], data["is_grade"]) == (100.0, 100.0, True)
    assert data["cost_usd"] == {"estimate": 0.0, "cap": None}


def test_a_report_holds_what_was_judged() -> None:
    seen = (Evidence("api", "describe-security-groups", "no rule for 22"),)
    data = document(report_of(Judgement("network.public-ssh", "not met", None, "closed", "Open it.", seen, 1.2345)))
    item = row(data, "network.public-ssh")
    assert item["stage"] == "network"
    assert (item["verdict"], item["cause"], item["message"], item["hint"]) == ("not met", None, "closed", "Open it.")
    assert item["evidence"] == [{"kind": "api", "what": "describe-security-groups", "saw": "no rule for 22"}]
    assert item["seconds"] == 1.234


def test_advice_on_what_is_met_is_its_hint() -> None:
    data = document(report_of(Judgement("bastion.launched", "met", hints=("t3 will do.", "And so on."))))
    assert row(data, "bastion.launched")["hint"] == "t3 will do.\nAnd so on."


def test_no_text_of_a_report_shows_a_secret_or_a_control_character() -> None:
    dirty = f"\x1b[31mhttp://h:8800/?token={TOKEN}\u202e"
    judgement = Judgement("jupyter.token", "not met", None, dirty, dirty, (Evidence("ssh", dirty, dirty),))
    text = json.dumps(document(report_of(judgement, leaks=(dirty,))), ensure_ascii=False)
    assert TOKEN not in text
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert text.count("[masked: secret]") == 5


def test_a_report_reads_back_as_it_was_written(tmp_path) -> None:
    seen = (Evidence("http", "GET /", "403"),)
    report = report_of(
        Judgement("jupyter.login", "not met", None, "two\nlines", "Do so.", seen, 2.5),
        Judgement("spot.price", "not judged", "cloud", "throttled"),
        Judgement("bastion.launched", "met", hints=("t3 will do.",)),
        leaks=("instance i-0abc is running",),
        estimate=1.25, cap=5.0,
    )  # fmt: skip
    write(tmp_path, report)
    assert read(tmp_path, HOMEWORK) == report
    first = (tmp_path / "report.json").read_bytes()
    write(tmp_path, read(tmp_path, HOMEWORK))
    assert (tmp_path / "report.json").read_bytes() == first
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


@pytest.mark.parametrize(
    ("place", "value", "named"),
    [
        (("schema",), 2, "schema"),
        (("aws",), "azure", "aws"),
        (("started",), "yesterday", "started"),
        (("started",), "2026-13-41T09:30:00Z", "started"),
        (("score",), "100", "score"),
        (("note",), "hello", "note"),
        (("leaks",), [""], "leaks"),
        (("requirements", 3, "verdict"), "passed", "requirements[3]"),
        (("requirements", 3, "verdict"), "not judged", "requirements[3]"),
        (("requirements", 3, "cause"), "suite", "requirements[3]"),
        (("requirements", 3, "bonus"), True, "requirements[3]"),
        (("requirements", 3, "evidence"), [{"kind": "rumour", "what": "", "saw": ""}], "requirements[3].evidence[0]"),
        (("requirements", 3, "seconds"), -1, "requirements[3]"),
        (("cost_usd", "cap"), "none", "cost_usd.cap"),
    ],
)
def test_a_document_that_breaks_the_schema_is_refused_with_the_place(place, value, named) -> None:
    data = document(report_of())
    at = data
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    with pytest.raises(InvalidReport, match=SCHEMA.name) as refused:
        validate(data)
    assert named in str(refused.value)


def test_an_invalid_report_is_a_fault_and_replaces_nothing(tmp_path) -> None:
    write(tmp_path, report_of())
    before = (tmp_path / "report.json").read_bytes()
    with pytest.raises(InvalidReport, match="account"):
        write(tmp_path, report_of(account="me"))
    assert (tmp_path / "report.json").read_bytes() == before


@pytest.mark.parametrize(
    "content", [None, b"", b"{", b"[]", b"\xff", b'{"schema": 1}', b'{"score": NaN}', b"[" * 100_000]
)
def test_what_is_no_report_is_refused_in_a_sentence(tmp_path, content) -> None:
    if content is not None:
        (tmp_path / "report.json").write_bytes(content)
    with pytest.raises(UsageError, match=r"report\.json: ") as refused:
        read(tmp_path, HOMEWORK)
    assert "\n" not in str(refused.value)


def test_a_number_that_is_none_is_refused(tmp_path) -> None:
    path = write(tmp_path, report_of())
    path.write_text(path.read_text().replace('"score": 100.0', '"score": NaN'))
    with pytest.raises(UsageError, match="NaN is no number"):
        read(tmp_path, HOMEWORK)


def test_a_report_of_another_catalogue_is_refused(tmp_path) -> None:
    path = write(tmp_path, report_of())
    path.write_text(path.read_text().replace('"bastion.ssh"', '"bastion.telnet"'))
    with pytest.raises(UsageError, match=r"report\.json: .*bastion\.telnet"):
        read(tmp_path, HOMEWORK)


def live(*different: Judgement, **about: object) -> Report:
    times = {"started": "2026-11-20T10:00:00+00:00", "finished": "2026-11-20T10:30:00+00:00"}
    return report_of(*different, **{"run_id": "live01", "phase": "live", "estimate": 0.5, **times, **about})


def final(*different: Judgement, **about: object) -> Report:
    times = {"started": "2026-11-21T10:00:00+02:00", "finished": "2026-11-21T10:01:00+02:00"}
    return report_of(*different, **{"run_id": "final1", "phase": "final", "estimate": 0.25, **times, **about})


def test_live_and_final_are_one_grade_in_either_order() -> None:
    for reports in ([live(), final()], [final(), live()]):
        merged = merge(reports, HOMEWORK)
        assert merged.grade.is_grade
        assert merged.grade.score == 100.0
        assert (merged.run.phase, merged.run.run_id) == ("all", "live01+final1")
        assert (merged.run.started, merged.run.finished) == (live().run.started, final().run.finished)
        assert (merged.run.estimate, merged.run.cap) == (0.75, None)
        assert document(merged)["is_grade"]


def test_two_live_runs_are_no_grade_of_both_phases() -> None:
    merged = merge([live(), live(run_id="live02")], HOMEWORK)
    assert merged.run.phase == "live"
    assert merged.grade.unselected == 0
    assert merged.grade.possible < 100


def test_a_run_that_judges_what_an_earlier_one_could_not_completes_it() -> None:
    troubled = live(Judgement("spot.price", "not judged", "cloud", "throttled"))
    again = live(run_id="live02", started="2026-11-20T11:00:00+00:00", finished="2026-11-20T11:30:00+00:00")
    assert merge([troubled, again, final()], HOMEWORK).grade.is_grade


def test_what_could_not_be_judged_replaces_no_verdict() -> None:
    refused = live(
        Judgement("spot.price", "not judged", "cloud"), run_id="live02", finished="2026-11-20T12:00:00+00:00"
    )
    assert merge([live(), refused, final()], HOMEWORK).grade.is_grade


def test_the_verdict_of_the_run_that_finished_last_counts_whatever_its_time_zone() -> None:
    worse = live(Judgement("bastion.ssh", "not met"), finished="2026-11-20T10:45:00+00:00")
    better = live(run_id="live02", finished="2026-11-20T11:15:00+02:00")
    assert merge([better, worse], HOMEWORK).grade.with_verdict("not met")


def test_leaks_of_every_run_stay() -> None:
    merged = merge([live(leaks=("a volume",)), final(leaks=("a volume", "a bucket"))], HOMEWORK)
    assert merged.grade.leaks == ("a volume", "a bucket")
    assert not merged.grade.is_grade


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("account", "210987654321"),
        ("region", "eu-west-1"),
        ("subject", "student"),
        ("aws", "real"),
        ("hosts", "docker"),
    ],
)
def test_runs_of_different_students_or_places_make_no_one_grade(name, value) -> None:
    with pytest.raises(UsageError, match=f"their {name} is .* and "):
        merge([live(), final(**{name: value})], HOMEWORK)
