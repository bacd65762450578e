"""The homework document: what it says, what is wrong with it, and what has changed in it.

It is untrusted input: everything here reads and compares, nothing executes a line of it.

* :mod:`~harness.material.document` holds the nouns, :mod:`~harness.material.markdown` makes them from a file.
* :mod:`~harness.material.rules` holds the rules, each a small function with an id.
* :mod:`~harness.material.gate` puts rules, recorded clauses, waivers and a baseline together.
"""

from __future__ import annotations

from pathlib import Path

DEFAULT = Path(__file__).with_name("homework.md")
"""The project's own edition of the homework."""
