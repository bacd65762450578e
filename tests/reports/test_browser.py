"""The page in a real browser: it opens, folds, filters and prints, on a phone and on a desk, and anybody can use it."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.reports.browsing import DESK, PHONE, asked_of, serious

KINDS = ("all-met", "half-met", "stormy", "hostile")


@pytest.fixture
def show_run(show: Callable[..., Any], runs: Callable[[str], Path]) -> Callable[..., Any]:
    """Open a run's page."""
    return lambda kind, *size, **how: show(runs(kind) / "report.html", *size, **how)


def find(browser: Any, selector: str) -> Any:
    return browser.find_element("css selector", selector)


def shown(browser: Any) -> list[str]:
    script = "return [...document.querySelectorAll('.requirement')].filter(e => e.offsetParent).map(e => e.id)"
    return browser.execute_script(script)


@pytest.mark.parametrize("size", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("kind", KINDS)
def test_page_opens_from_one_file_without_a_complaint(show_run, kind, size) -> None:
    browser = show_run(kind, size)

    assert browser.get_log("browser") == []
    assert len(shown(browser)) == 64
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert asked_of(browser) <= {"file", "data", "about"}


@pytest.mark.parametrize(("kind", "size", "dark"), [
    ("all-met", DESK, False), ("half-met", DESK, True), ("half-met", PHONE, False), ("stormy", PHONE, True),
    ("hostile", DESK, False),
])  # fmt: skip
def test_axe_finds_nothing_serious(show_run, kind, size, dark) -> None:
    browser = show_run(kind, size, dark=dark)
    browser.execute_script("document.querySelectorAll('details').forEach((one, n) => { one.open = n % 2 === 0; })")

    assert serious(browser) == []


def test_evidence_is_folded_and_opens_by_the_keyboard(show_run) -> None:
    browser = show_run("half-met")
    details = find(browser, "#private-agent-forwarding details")
    summary = find(browser, "#private-agent-forwarding summary")

    assert details.get_attribute("open") is None
    summary.send_keys("\n")
    assert details.get_attribute("open") is not None
    assert "what it said" in details.text


def test_all_evidence_unfolds_and_folds_by_one_button(show_run) -> None:
    browser = show_run("half-met")
    still_closed = "return document.querySelectorAll('.requirement details:not([open])').length"
    button = find(browser, "#unfold")

    button.click()
    assert browser.execute_script(still_closed) == 0
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert browser.execute_script(still_closed) > 0


@pytest.mark.parametrize(("verdict", "count"), [("not met", 12), ("not judged", 5), ("met", 47), ("all", 64)])
def test_filter_shows_one_verdict_and_says_so(show_run, verdict, count) -> None:
    browser = show_run("half-met")

    for value in ("met", "not met", verdict):
        browser.execute_script(f"document.querySelector('.filter input[value=\"{value}\"]').click()")

    assert len(shown(browser)) == count
    assert browser.execute_script("return document.getElementById('shown').textContent").startswith(f"{count} ")
    empty = ".stage:not([hidden]):not(:has(.requirement:not([hidden])))"
    assert browser.find_elements("css selector", empty) == []


def test_filter_is_moved_by_arrow_keys(show_run) -> None:
    browser = show_run("half-met")
    find(browser, '.filter input[value="all"]').send_keys("\ue014")  # arrow right

    assert browser.execute_script("return document.querySelector('.filter').elements.verdict.value") == "not met"
    assert len(shown(browser)) == 12


def test_link_leads_to_a_requirement_that_the_filter_hides(show_run) -> None:
    browser = show_run("half-met")
    browser.execute_script("document.querySelector('.filter input[value=\"met\"]').click()")

    browser.execute_script("document.querySelector('.missing a[href=\"#private-agent-forwarding\"]').click()")
    browser.execute_async_script("setTimeout(arguments[0], 0)")

    assert "private-agent-forwarding" in shown(browser)
    assert browser.switch_to.active_element.get_attribute("id") == "private-agent-forwarding"


@pytest.mark.parametrize(("size", "seen", "hidden"), [(DESK, "wide", "narrow"), (PHONE, "narrow", "wide")])
def test_drawing_is_the_one_for_the_screen_and_can_be_followed(show_run, size, seen, hidden) -> None:
    browser = show_run("half-met", size)

    assert find(browser, f".drawing.{seen}").is_displayed()
    assert not find(browser, f".drawing.{hidden}").is_displayed()
    smallest = browser.execute_script(
        "return Math.min(...[...document.querySelectorAll(`.drawing.${arguments[0]} text`)]"
        ".map(t => t.getBoundingClientRect().height))", seen)  # fmt: skip
    assert smallest >= 10
    link = find(browser, f'.drawing.{seen} a[href="#kmeans-endpoint"]')
    assert link.get_attribute("aria-label") == "Endpoint not seen: not met"


def test_no_text_of_the_drawing_leaves_its_box(show_run) -> None:
    script = """
      return [...document.querySelectorAll('.drawing.' + arguments[0] + ' .box')].flatMap(box => {
        const frame = box.querySelector('rect').getBoundingClientRect();
        return [...box.querySelectorAll(':scope > text')].filter(t => {
          const r = t.getBoundingClientRect();
          return r.left < frame.left || r.right > frame.right + 1 || r.bottom > frame.bottom + 1;
        }).map(t => t.textContent);
      })"""
    assert show_run("half-met", DESK).execute_script(script, "wide") == []
    assert show_run("half-met", PHONE).execute_script(script, "narrow") == []


def test_print_shows_what_went_wrong_and_hides_what_is_for_screens(show_run) -> None:
    browser = show_run("half-met")

    browser.execute_script("dispatchEvent(new Event('beforeprint'))")
    assert find(browser, "#private-agent-forwarding details").get_attribute("open") is not None
    assert find(browser, "#account-cli details").get_attribute("open") is None
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    assert not find(browser, ".filter").is_displayed()
    assert find(browser, ".drawing.wide").is_displayed()
    browser.execute_script("dispatchEvent(new Event('afterprint'))")
    assert find(browser, "#private-agent-forwarding details").get_attribute("open") is None

    pdf = base64.b64decode(browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})["data"])
    assert pdf.startswith(b"%PDF-")
    assert len(pdf) > 20_000


def test_nothing_that_a_host_printed_runs_or_becomes_markup(show_run) -> None:
    browser = show_run("hostile")

    assert browser.title.startswith("97 of 100")
    assert browser.execute_script("return document.scripts.length") == 1
    assert browser.find_elements("css selector", "[onerror], a[href^=javascript], iframe") == []
    assert "document.title='owned'" in find(browser, "#httpd-reachable").text
    assert browser.execute_script("return document.querySelector('.message').innerHTML.includes('&lt;script&gt;')")
    assert browser.get_log("browser") == []


def test_policy_stops_a_script_even_if_one_came_in(show_run) -> None:
    browser = show_run("all-met")

    browser.execute_script(
        "const script = document.createElement('script'); script.textContent = 'document.title = \"owned\"';"
        "document.body.append(script)"
    )

    assert browser.title.startswith("100 of 100")


def test_browser_keeps_its_temporary_files_where_they_are_removed(chromium) -> None:
    """Else a directory of its own, org.chromium.Chromium.*, is left of every run."""
    home = Path(psutil.Process(chromium.service.process.pid).environ().get("TMPDIR", tempfile.gettempdir()))

    assert home != Path(tempfile.gettempdir())
    assert any("hromium" in path.name for path in home.iterdir())
