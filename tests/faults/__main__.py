"""``python -m tests.faults``: run the table and print it."""

from __future__ import annotations

import sys

from tests.faults.command import main

sys.exit(main())
