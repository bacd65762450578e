"""What the tests of the reports share: recorded runs, and a browser where one is installed."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.leash import Leash
from tests.reports import support
from tests.reports.browsing import DESK


@pytest.fixture(scope="session")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Return the directory of a run with its reports: all-met, half-met, stormy or hostile; each is made once."""
    made: dict[str, Path] = {}

    def run(kind: str) -> Path:
        if kind not in made:
            made[kind] = support.KINDS[kind](tmp_path_factory.mktemp(kind))
        return made[kind]

    return run


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Return a browser without a window; what needs one is skipped where there is none.

    It leaves a directory of its own (org.chromium.Chromium.*) among the temporary files, which are therefore its own.
    """
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    lacking = [name for name, path in programs.items() if path is None]
    lacking += [name for name in ("selenium", "axe_core_python") if importlib.util.find_spec(name) is None]
    if lacking:
        pytest.skip(f"not installed: {', '.join(lacking)}")
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = programs["chromium"]
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    with Leash() as leash:
        environment = {**os.environ, **leash.environment(), "TMPDIR": str(leash.directory("browser-"))}
        browser = webdriver.Chrome(options=options, service=Service(programs["chromedriver"], env=environment))
        browser.set_page_load_timeout(120)
        browser.set_script_timeout(120)
        yield browser
        browser.quit()


@pytest.fixture
def show(chromium: Any) -> Callable[..., Any]:
    """Open a page in a window of a size, light or dark."""

    def opened(page: Path, size: tuple[int, int] = DESK, *, dark: bool = False, at: str = "") -> Any:
        width, height = size
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        chromium.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "", "features": [scheme]})
        chromium.get("about:blank")
        chromium.get_log("browser")
        chromium.get_log("performance")
        chromium.get(f"{page.as_uri()}{at}")
        return chromium

    return opened
