"""The preflight: what is looked at before a run creates anything in an account that costs somebody money.

Who calls, and that it is not the account's root; what the region offers; quotas, permissions, and the bill. What would
make a run useless stops it in one sentence; the rest is said.
"""

from __future__ import annotations

from harness.preflight.bill import Bill
from harness.preflight.checks import examine
from harness.preflight.needs import Needs

__all__ = ["Bill", "Needs", "examine"]
