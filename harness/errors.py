"""What can go wrong, by whose doing it went wrong.

::

    HarnessError
    ├── UsageError      the caller asked for something impossible: one sentence, exit code 4
    ├── CloudTrouble    the cloud had a bad day: the requirement is not judged (cloud)
    ├── Unmet           the homework lacks something: the named requirement is not met, and
    │                   whatever builds on it is not judged (missing)
    ├── TimedOut        something awaited did not come; whose fault that is, the caller decides
    ├── Gone            what is asked for was there and is no more: not judged (missing)
    ├── RunEnded        work begun early came too late: the run is being torn down
    ├── NotRecorded     a recorded run did not see what a test of today asks for: not judged (missing)
    └── RecordedFault   a recorded run met a fault of this suite: not judged (suite)

Every other exception that leaves a fixture or a test is a fault of this suite.
"""

from __future__ import annotations


class HarnessError(Exception):
    """Is the base of every error that this package raises on purpose."""


class UsageError(HarnessError):
    """Says in one sentence what the caller must change before anything can run."""


class CloudTrouble(HarnessError):
    """Says that the cloud refused or failed for reasons outside the homework."""


class Unmet(HarnessError):
    """Says that one requirement is not met, found while its facts were gathered.

    ``requirement`` is the catalogue's id. The test of that requirement turns it into *not met*; any
    other test that needed the same facts becomes *not judged (missing)* and names it.
    """

    def __init__(self, requirement: str, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.requirement = requirement
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.requirement}: {self.message}" + (f" — {self.hint}" if self.hint else "")


class TimedOut(HarnessError):
    """Says what was awaited, for how long (seconds), and the state last seen."""

    def __init__(self, awaited: str, seconds: float, last: object) -> None:
        super().__init__(f"waited {seconds:.0f} s until {awaited}; last seen: {last}")
        self.awaited = awaited
        self.seconds = seconds
        self.last = last


class Gone(HarnessError):
    """Says that what is to be judged was there, as a record shows, and can no longer be looked at."""


class RunEnded(HarnessError):
    """Says that a resource was about to be created while the run is being torn down."""


class NotRecorded(HarnessError):
    """Says that a recorded run, judged again, holds nothing of what a test asks for."""


class RecordedFault(HarnessError):
    """Says what fault of this suite a recorded run met; the message names the error as it was then."""
