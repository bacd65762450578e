"""What a run saw is written down without secrets, reads back the same, and can name no code."""

from __future__ import annotations

import dataclasses
import json

import pytest

from harness.errors import CloudTrouble, RecordedFault, Unmet, UsageError
from harness.facts.containers import Command, Image
from harness.facts.httpd import Answer
from harness.grading import recording
from harness.grading.recording import Raised, Recording, clean, read, structure, types, unstructure, write
from tests.reports.support import CANARIES, seen


def test_every_fact_of_a_run_reads_back_as_it_was(tmp_path) -> None:
    before = seen()
    after = read(write(tmp_path, before))

    assert len(before.facts) > 50
    assert {name: fact for name, fact in after.facts.items() if fact != before.facts[name]} == {}
    assert after == before


def test_every_kind_of_fact_can_be_recorded() -> None:
    assert {type(fact) for fact in seen().facts.values()} <= set(types().values())
    assert all(dataclasses.is_dataclass(kind) for kind in types().values())


@pytest.mark.parametrize(("raised", "kind"), [
    (Raised("unmet", "there is none", "httpd.container", "Start it."), Unmet),
    (Raised("trouble", "EC2 refused"), CloudTrouble),
    (Raised("fault", "KeyError: 'x'"), RecordedFault),
])  # fmt: skip
def test_what_was_raised_in_a_facts_place_is_raised_again(raised, kind) -> None:
    again = structure(json.loads(json.dumps(unstructure(raised))))

    assert again == raised
    error = again.error()
    assert type(error) is kind
    assert raised.message in str(error)


@pytest.mark.parametrize("name", CANARIES)
def test_no_secret_is_recorded_wherever_it_stands(name) -> None:
    printed, secret = CANARIES[name]
    facts = (
        Command(printed, 0, f"before {printed} after", printed),
        Image("sha256:1", (printed,), (), {"NOTE": printed, printed: "x"}),
        Answer("http://h/", "answered", headers={"X": printed}, body=printed, said=printed),
        Raised("fault", printed, hint=printed),
    )

    text = json.dumps([unstructure(fact) for fact in facts])

    assert secret not in text
    assert "[masked" in text


@pytest.mark.parametrize(("name", "value"), [
    ("JUPYTER_TOKEN", "short"), ("POSTGRES_PASSWORD", "x1y"), ("Set-Cookie", "sid=1234"),
    ("Authorization", "Basic YWJj"),
])  # fmt: skip
def test_a_value_is_masked_by_the_name_that_it_has(name, value) -> None:
    assert value not in json.dumps(clean({"environment": {name: value}}))


def test_what_only_looks_long_stays_to_be_judged() -> None:
    kept = {"id": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "body": "<h1>It works!</h1>\n"}
    assert clean(kept) == kept


def test_a_text_of_megabytes_is_cut_and_says_so() -> None:
    kept = clean("head " + "x" * 2_000_000 + " tail")
    assert len(kept) <= recording.LONGEST
    assert kept.startswith("head ")
    assert kept.endswith(" tail")
    assert "characters cut]" in kept


@pytest.mark.parametrize("data", [
    {"type": "subprocess.Popen", "value": {"args": ["id"]}},
    {"type": "os.system", "value": {}},
    {"type": "containers.Command", "value": {"line": "x", "exit_code": 0, "strange": 1}},
    {"type": "containers.Command", "value": "x"},
    {"type": ["containers.Command"], "value": {}},
    {"raised": {"kind": "other", "message": "x"}},
    [], "x", None,
])  # fmt: skip
def test_nothing_but_facts_is_made_of_a_recording(data) -> None:
    with pytest.raises(UsageError):
        structure(data)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "nonsense", '{"schema": 2}', '{"schema": 1, "facts": []}', "[" * 100_000]
)
def test_what_is_no_recording_is_refused_in_a_sentence(tmp_path, text) -> None:
    path = tmp_path / "facts.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=r"facts\.json"):
        read(path)


def test_of_two_recordings_what_was_seen_outweighs_what_was_raised() -> None:
    one = seen()
    fact = one.facts["bastion"]
    live = Recording(one.run, ("bastion.ssh",), ("a",), {"bastion": fact, "hop": Raised("trouble", "x")})
    final = Recording(one.run, ("final.turn-in",), ("a", "b"), {"bastion": Raised("unmet", "gone", "bastion.launched")})

    both = recording.merge([live, final], one.run, 5.0, 10.0)

    assert both.facts == {"bastion": fact, "hop": Raised("trouble", "x")}
    assert (both.selected, both.leaks) == (("bastion.ssh", "final.turn-in"), ("a", "b"))
