"""The page as text: in one file, complete, escaped, and quick to write."""

from __future__ import annotations

import base64
import hashlib
import html
import re
import time

import pytest

from harness import costs, timeline
from harness.grading import html as pages
from harness.grading import outputs
from harness.grading.html.gantt import chart
from harness.timeline import Recorder, Span
from harness.verdict import Judgement
from tests.reports.support import HOMEWORK, HOSTILE, report_of

KINDS = ("all-met", "half-met", "stormy", "hostile")


def text_of(page: str) -> str:
    """Return what a reader sees of a page, roughly: its text without style, script and tags."""
    without = re.sub(r"<(style|script)>.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", without)).split())


@pytest.fixture
def page(runs):
    return lambda kind: (runs(kind) / "report.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", KINDS)
def test_page_loads_nothing(page, kind) -> None:
    tags = re.findall(r"<[a-z][^>]*>", re.sub(r"<(style|script)>.*?</\1>", "", page(kind), flags=re.DOTALL))
    loaded = [tag for tag in tags if re.search(r"\s(?:src|srcset|href|data|action|poster|background)=", tag)]
    assert [tag[:80] for tag in loaded if not re.search(r"""(?:href="#|src="data:image/png;base64,)""", tag)] == []
    assert "@import" not in page(kind)
    assert "url(http" not in page(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_policy_names_this_pages_own_style_and_script(page, kind) -> None:
    for tag in ("style", "script"):
        (inner,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page(kind), flags=re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inner.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in page(kind) or f"{tag}-src 'sha256-{digest}'" in page(kind)
    assert not re.search(r"<[^>]+\sstyle=", page(kind))
    assert "default-src 'none'" in html.unescape(page(kind))


def test_everything_that_was_judged_is_there(page) -> None:
    text = text_of(page("half-met"))
    for requirement in HOMEWORK.requirement:
        assert requirement.id in text
        assert requirement.statement in text
    assert "63 of 100 points" in text
    assert "What is missing for the rest" in text
    assert "Connect with ssh -A" in text
    assert text.index("ssh ubuntu@private works") < text.index(
        "my-apache-app runs from"
    )  # what is worth most comes first


def test_a_day_of_trouble_says_what_is_open_left_and_spent(page) -> None:
    text = text_of(page("stormy"))
    assert "Cloud trouble" in text
    assert "Fault of this suite" in text
    assert "InsufficientInstanceCapacity" in text
    assert "Left behind instance i-0abc1234def567890" in text
    assert "0.3 h of ml.m4.xlarge 0.0720" in text
    assert "Together 0.1091" in text
    assert "The limit was 2.50 US$" in text


def test_verdicts_are_words_and_shapes_not_only_colours(page) -> None:
    for verdict in ("met", "not met", "not judged"):
        assert f'<use href="#mark-{verdict.replace(" ", "-")}"' in page("half-met")
        assert re.search(rf'class="badge {verdict.replace(" ", "-")}">.*?</svg>\s*{verdict}</span>', page("half-met"))


def test_hostile_text_is_shown_as_text_and_says_what_was_cut(page) -> None:
    text, source = text_of(page("hostile")), page("hostile")
    assert len(source) < 400_000
    assert source.count("<script>") == 1
    assert "\x1b" not in source
    assert "\u202e" not in source
    assert "\\u202egnp.exe" in text
    assert "\\x1b[31mred" in text
    assert "{{ 7*7 }}" in source
    cut = [int(number) for number in re.findall(r"\[(\d+) characters cut\]", text)]
    assert max(cut) > 5_200_000
    assert "more observations are in report.json" in text


def test_a_page_costs_a_run_next_to_nothing(tmp_path, runs) -> None:
    report = report_of()
    outputs.write(tmp_path, report, HOMEWORK)  # what is imported and compiled once is not of the page
    directory = runs("all-met")

    before = time.process_time()
    pages.write(directory, report, HOMEWORK)
    assert time.process_time() - before < 0.3


def test_a_run_without_recordings_has_a_page_all_the_same(tmp_path) -> None:
    outputs.write(tmp_path, report_of(Judgement("httpd.container", "not met", None, "none", "Start it.")), HOMEWORK)
    text = text_of((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert "98 of 100 points" in text
    assert "my-apache-app not seen" in text
    assert "Timeline" not in text
    assert "nobody: merged or unfinished" in text


def test_broken_recordings_do_not_hinder_a_page(tmp_path) -> None:
    for name in ("facts.json", "timeline.json", "cost.json", "seal.json"):
        (tmp_path / name).write_text('{"schema": 1, "spans": [{}], "items": 3}')
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "evil.png").write_text("<svg onload=alert(1)>")
    outputs.write(tmp_path, report_of(), HOMEWORK)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "100 of 100" in text_of(page)
    assert "data:image" not in page


def test_costs_read_back_and_hostile_ones_are_escaped(tmp_path) -> None:
    items = (costs.Item(HOSTILE, HOSTILE, 0.5, "kmeans", HOSTILE),)
    costs.write(tmp_path, items)
    assert costs.read(tmp_path)[0].usd == 0.5
    outputs.write(tmp_path, report_of(), HOMEWORK)
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<script>") == 1
    assert "Cost by item" in page


def test_timeline_draws_what_waited_for_what() -> None:
    spans = (
        Span("phase", "teardown", 110.0, 112.0),
        Span("step", "instances.launched", 100.0, 104.0, process=1),
        Span("step", "containers.engine", 100.0, 108.0, process=1),
        Span("wait", "instances.launched", 100.0, 104.0, by="containers.engine", process=1),
        Span("step", "containers._asked", 105.0, 106.0, "TimedOut", by="containers.engine", process=1),
        Span("test", "docker.engine", 103.0, 108.0, process=1),
        Span("wait", "containers.engine", 103.0, 108.0, process=1),
        Span("step", "spot.quick", 103.0, 103.01, process=1),
    )
    drawn = chart(spans)

    assert [(bar.name, bar.begun) for bar in drawn.phases] == [("tests", 3.0), ("teardown", 10.0)]
    engine = next(bar for bar in drawn.steps if bar.name == "containers: engine")
    assert engine.waited == "instances: launched 4.0 s, containers: asked 1.0 s"
    assert (engine.piece.left, engine.piece.width) == (0.0, 66.667)
    assert [bar.outcome for bar in drawn.steps if bar.name == "containers: asked"] == ["TimedOut"]
    assert drawn.tests[0].waited == "containers: engine 5.0 s"
    assert drawn.short_steps == 1
    assert drawn.work == pytest.approx(4 + 3 + 1 + 0.01)


def test_recorder_notes_who_did_what_and_how_it_ended(tmp_path) -> None:
    recorder = Recorder()
    with recorder.doing("step", "a.outer"), recorder.doing("step", "a.inner"), recorder.doing("wait", "b.other"):
        assert [going.name for going in recorder.going()] == ["a.outer", "a.inner", "b.other"]
    with pytest.raises(ValueError, match="x"), recorder.doing("step", "a.broken"):
        raise ValueError("x")
    with recorder.doing("wait", "until it is there", 5.0):
        assert recorder.going()[0].limit == 5.0

    noted = {span.name: span for span in recorder.spans()}
    assert {name: (span.kind, span.by, span.outcome) for name, span in noted.items()} == {
        "a.outer": ("step", "", "done"),
        "a.inner": ("step", "a.outer", "done"),
        "b.other": ("wait", "a.inner", "done"),
        "a.broken": ("step", "", "ValueError"),
    }
    assert recorder.going() == ()
    timeline.write(tmp_path, recorder.spans())
    assert [span.name for span in timeline.read(tmp_path)] == list(noted)
