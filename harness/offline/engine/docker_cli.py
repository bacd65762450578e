"""``docker`` for embedded hosts: ``python -I -S docker_cli.py ARGUMENT…`` talks to the engine at ``DOCKER_HOST``.

Needs nothing but the standard library, and little of that, so that it starts as quickly as a command should. The
verbs are in the folder ``cli`` beside it.
"""

from __future__ import annotations

import importlib
import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - pathlib would double the start
    sys.exit(importlib.import_module("cli.main").main(sys.argv[1:]))
