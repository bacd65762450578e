"""The roster, where outcomes are kept, the gradebook and the overview, without a cloud."""

from __future__ import annotations

import csv
import functools
import re

import pytest

from harness.aws import entrance, roles
from harness.catalogue import load
from harness.cloud import Cloud, Credentials, patience_called
from harness.cohort import crew, gradebook, overview, roster, student
from harness.cohort.gradebook import Line
from harness.cohort.shelf import Outcome, Shelf
from harness.errors import UsageError
from harness.grading.grade import grade
from harness.grading.reportjson import Report, Run
from harness.verdict import Judgement

HEADING = "student,role_arn,profile,submission\n"
ROLE = "arn:aws:iam::111122223333:role/grading"


@pytest.fixture
def read(tmp_path):
    (tmp_path / "ann").mkdir()
    path = tmp_path / "roster.csv"

    def read(text: str | bytes):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return roster.read(path)

    return read


def test_a_roster_says_whom_and_how_they_are_entered(read, tmp_path) -> None:
    ann, bob = read(f"\ufeff{HEADING}ann,{ROLE},,ann\nbob, ,bobs,ann\n")
    assert (ann.name, ann.role_arn, ann.account, ann.submission) == ("ann", ROLE, "111122223333", tmp_path / "ann")
    assert (bob.profile, bob.role_arn, bob.account) == ("bobs", "", "")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", ":1: the heading lacks student and submission"),
        (HEADING, "the roster names nobody"),
        (b"student,submission\n\xff,ann\n", "is not UTF-8"),
        ("student,submission,shoe_size\n", ":1: the heading has an unknown 'shoe_size'"),
        (f"{HEADING}ann,{ROLE},,nowhere\n", ":2: there is no directory"),
        (f"{HEADING}ann,,,ann\n", ":2: ann needs either a role_arn or a profile"),
        (f"{HEADING}ann,{ROLE},anns,ann\n", ":2: ann needs either a role_arn or a profile"),
        (f"{HEADING}ann,role/grading,,ann\n", ":2: 'role/grading' is not the ARN of a role"),
        (f"{HEADING}../ann,{ROLE},,ann\n", ":2: '../ann' is no name for a directory"),
        (f"{HEADING}ann,{ROLE},,ann\nAnn,{ROLE},,ann\n", ":3: Ann is in the roster twice"),
        (f"{HEADING}ann,{ROLE},,ann,more\n", ":2: this line has more or fewer fields"),
        (f"{HEADING}ann,{ROLE}\n", ":2: this line has more or fewer fields"),
        (f'{HEADING}"ann\n', "this is no CSV"),
    ],
)
def test_what_is_wrong_with_a_roster_is_said_with_its_line(read, text, sentence) -> None:
    with pytest.raises(UsageError, match=re.escape(sentence)):
        read(text)


def test_a_roster_that_is_not_there_is_one_sentence(tmp_path) -> None:
    with pytest.raises(UsageError, match="the roster cannot be read"):
        roster.read(tmp_path / "none.csv")


def test_what_is_graded_is_finished_and_trouble_is_not(tmp_path) -> None:
    shelf = Shelf(tmp_path)
    assert shelf.finished("ann", "live") is None
    shelf.put(Outcome("ann", "live", is_graded=False, trouble="no credentials"))
    assert shelf.finished("ann", "live") is None
    assert shelf.outcome("ann", "live").trouble == "no credentials"
    done = shelf.put(Outcome("ann", "live", is_graded=True, seconds=3.5))
    assert shelf.finished("ann", "live") == done
    assert shelf.finished("ann", "final") is None
    shelf.forget("ann", "live")
    assert shelf.finished("ann", "live") is None


def test_an_outcome_that_was_cut_short_is_none(tmp_path) -> None:
    shelf = Shelf(tmp_path)
    shelf.put(Outcome("ann", "live", is_graded=True))
    path = tmp_path / "students" / "ann" / "live.json"
    path.write_text(path.read_text()[:20])
    assert shelf.finished("ann", "live") is None


def line(student: str, verdicts: dict[str, str], trouble: str = "") -> Line:
    homework = load()
    judged = [Judgement(id, verdict, "cloud" if verdict == "not judged" else None) for id, verdict in verdicts.items()]
    phase = "all"
    run = Run(
        "r1",
        "real",
        "ec2",
        "student",
        phase,
        "1",
        "us-east-1",
        "2026-11-23T10:00:00+00:00",
        "2026-11-23T10:00:09+00:00",
    )
    report = Report(run, grade(judged, homework, phase=phase)) if verdicts else None
    return Line(student, report, f"students/{student}/live/report.html" if report else "", trouble)


def everything(verdict: str = "met", **changed: str) -> dict[str, str]:
    return {id: changed.get(id.replace(".", "_").replace("-", "_"), verdict) for id in load().requirements}


def test_the_gradebook_has_a_line_for_each_and_no_formula(tmp_path) -> None:
    wrong = line("bob", everything(account_key_mode="not met"))
    lines = [line("ann", everything()), wrong, line("@cid", {}, "=no credentials")]
    with gradebook.write(tmp_path / "gradebook.csv", lines, load()).open(newline="") as file:
        ann, bob, cid = csv.DictReader(file)
    assert (ann["score"], ann["bonus"], ann["is_grade"], ann["not_met"]) == ("100", "1", "yes", "")
    assert (bob["is_grade"], bob["not_met"], bob["account.key-mode"]) == ("yes", "account.key-mode", "not met")
    assert float(bob["score"]) == 100 - load().requirements["account.key-mode"].points
    assert (cid["student"], cid["score"], cid["is_grade"], cid["trouble"]) == ("'@cid", "", "no", "'=no credentials")
    assert cid["account.key-mode"] == ""


def test_the_overview_begins_with_who_is_not_judged_and_says_what_fails_most() -> None:
    lines = [
        line("ann", everything()),
        line("bob", everything(account_key_mode="not met", quota_gpu_vcpus="not met")),
        line("cid", everything(quota_gpu_vcpus="not met", spot_launched="not judged")),
        line("dan", {}, "no credentials"),
    ]
    seen = overview.overview(lines, load())
    assert [one.student for one in seen.lines] == ["dan", "cid", "bob", "ann"]
    assert [(one.requirement.id, one.count, one.judged) for one in seen.failing] == [
        ("quota.gpu-vcpus", 2, 3),
        ("account.key-mode", 1, 3),
    ]
    assert seen.graded == 2
    assert (
        seen.middle
        == 100 - (load().requirements["account.key-mode"].points + load().requirements["quota.gpu-vcpus"].points) / 2
    )


def test_the_overview_escapes_and_masks_what_a_run_said(tmp_path) -> None:
    hostile = line("eve", {}, "<script>alert(1)</script> aws_secret_access_key=abcdefghijklmnop")
    text = overview.write(tmp_path, [hostile, line("ann", everything())], load()).read_text()
    assert "<script" not in text
    assert "abcdefghijklmnop" not in text
    assert "&lt;script&gt;" in text
    assert "://" not in text


def test_columns_stand_below_their_stage() -> None:
    seen, homework = overview.overview([line("ann", everything())], load()), load()
    below = [title for title, width in seen.stages.items() for _ in range(width)]
    assert below == [homework.stages[one.stage].title for one in seen.requirements]
    assert len(below) == len(homework.requirements)


def test_a_scheduler_that_does_not_answer_is_one_sentence(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(crew, "ANSWERS", 0.2)
    arriving = crew.grade_all([], Shelf(tmp_path), "live", jobs=1, scheduler="tcp://127.0.0.1:1", limit=1)
    with pytest.raises(UsageError, match=r"--scheduler tcp://127\.0\.0\.1:1: no Dask scheduler answers there"):
        next(arriving)


def test_one_who_cannot_be_entered_is_told_and_graded_when_called_again(tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    nobody = roster.Student("ann", tmp_path, profile="nobodys")
    for _ in range(2):
        (outcome,) = crew.grade_all([nobody], Shelf(tmp_path), "live", jobs=2, scheduler=None, limit=60)
        assert outcome.is_graded is False
        assert "nobodys" in outcome.trouble


def test_the_grader_enters_once_and_again_when_a_role_is_refused(tmp_path, monkeypatch) -> None:
    entered, refused = [], {"bob"}

    def assume(_aws, role: str, session: str, _external_id: str) -> Credentials:
        if session.removeprefix("grading-") in refused:
            raise UsageError(f"{role} cannot be assumed")
        return Credentials("ASIA", "secret", "token")

    cloud = Cloud("real", "ec2", "111122223333", "eu-west-1", patience_called("offline"))
    monkeypatch.setattr(entrance, "enter", lambda region, *_, **__: entered.append(region) or cloud)
    monkeypatch.setattr(roles, "assume", assume)
    monkeypatch.setattr(student, "_judge", lambda *_: None)
    monkeypatch.setattr(student, "_entered", functools.cache(student._entered.__wrapped__))
    for name in ("ann", "cid", "bob", "dan"):
        outcome = student.grade(roster.Student(name, tmp_path, role_arn=ROLE), Shelf(tmp_path), "live", 60)
        assert outcome.is_graded is (name not in refused)
    assert len(entered) == 2
