"""What the tests that drive a browser share: windows, and what axe-core says of a page."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

PHONE, DESK = (390, 844), (1280, 900)


def asked_of(browser: Any) -> set[str]:
    """Return the schemes of whatever the page asked for."""
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = [e["params"]["request"]["url"] for e in events if e["method"] == "Network.requestWillBeSent"]
    return {url.partition(":")[0] for url in asked}


def serious(browser: Any) -> list[str]:
    """Return what axe-core calls a serious or critical violation."""
    package = importlib.util.find_spec("axe_core_python")
    # Through the driver: the page's own policy lets no other script in.
    browser.execute_script(Path(package.submodule_search_locations[0], "axe.min.js").read_text(encoding="utf-8"))
    found = browser.execute_async_script("axe.run().then(arguments[0], e => arguments[0]({error: String(e)}))")
    assert "error" not in found
    assert len(found["passes"]) > 10, "axe-core looked at next to nothing"
    bad = [one for one in found["violations"] if one["impact"] in ("serious", "critical")]
    return [f"{one['id']}: {node['target']} {node['failureSummary']}" for one in bad for node in one["nodes"]]
