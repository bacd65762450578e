"""A cohort's overview in a real browser, on a phone and on a desk."""

from __future__ import annotations

import pytest

from harness import catalogue
from harness.cohort import overview
from harness.cohort.gradebook import Line
from harness.grading import reading
from tests.reports.browsing import DESK, PHONE, asked_of, serious
from tests.reports.support import HOSTILE

KINDS = ("all-met", "half-met", "stormy", "hostile")


@pytest.fixture(scope="module")
def page(runs, tmp_path_factory):
    """Write the overview of a class in which everything happened."""
    homework, directory = catalogue.load(), tmp_path_factory.mktemp("cohort")
    lines = [Line(f"{kind} {number}", reading.read(runs(kind), homework), f"{kind}/report.html", "")
             for number in range(5) for kind in KINDS]  # fmt: skip
    return overview.write(directory, [*lines, Line("nobody", None, "", f"no credentials {HOSTILE}")], homework)


@pytest.mark.parametrize(("size", "dark"), [(PHONE, False), (PHONE, True), (DESK, False), (DESK, True)])
def test_overview_opens_from_one_file_and_anybody_can_use_it(show, page, size, dark) -> None:
    browser = show(page, size, dark=dark)

    assert browser.get_log("browser") == []
    assert asked_of(browser) <= {"file", "data", "about"}
    assert browser.execute_script("return document.documentElement.scrollWidth") <= size[0]
    assert "owned" not in browser.title
    assert serious(browser) == []
