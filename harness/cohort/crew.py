"""Grading many students side by side, on an engine made for that: Dask distributed.

Without a scheduler's address, a cluster of threads inside this process does it, which opens no port but those of
Dask's own pages, on loopback; a student's run is a process of its own either way. Workers of another scheduler see
this directory at the same path, have AWS credentials and the project's directory as their current one
(``python -m distributed.cli.dask_worker tcp://… --nthreads 2``); no credentials pass through the scheduler.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import warnings
from collections.abc import Generator, Iterator, Sequence
from typing import TYPE_CHECKING

from harness.cohort import student
from harness.cohort.roster import Student
from harness.cohort.shelf import Outcome, Shelf
from harness.errors import UsageError
from harness.grading.grade import Phases
from harness.leash import Leash

if TYPE_CHECKING:
    from distributed import Client, Future

ANSWERS = 10
"""Seconds in which a scheduler must answer, and have a worker."""

HERE = "127.0.0.1:0"
"""Where Dask's own pages are: it cannot be without, and by itself takes port 8787 of every address."""


def grade_all(
    students: Sequence[Student], shelf: Shelf, phase: Phases, *, jobs: int | None, scheduler: str | None, limit: float
) -> Generator[Outcome]:
    """Grade the students, at most ``jobs`` at a time (by default as many as there are threads), as they come.

    A student's own ``limit`` is in seconds. Raises :class:`~harness.errors.UsageError` where no scheduler answers.
    """
    from distributed import as_completed

    with _client(jobs, scheduler) as client:
        waiting = iter(students)

        def begin(number: int) -> dict[Future[Outcome], Student]:
            chosen = itertools.islice(waiting, number)
            return {client.submit(student.grade, one, shelf, phase, limit, pure=False): one for one in chosen}

        going = begin(jobs or sum(client.nthreads().values()))
        arriving = as_completed(list(going))
        for future in arriving:
            yield _outcome(future, going.pop(future), phase)
            further = begin(1)
            going.update(further)
            arriving.update(list(further))


def _outcome(future: Future[Outcome], one: Student, phase: Phases) -> Outcome:
    """Return what a worker brought back; one that is lost costs one student's outcome, and is said."""
    error = future.exception()
    if error is None:
        found: Outcome = future.result()
        return found
    return Outcome(one.name, phase, is_graded=False, trouble=f"{type(error).__name__}: {error}")


def _client(jobs: int | None, scheduler: str | None) -> contextlib.AbstractContextManager[Client]:
    return _threads(jobs or os.cpu_count() or 1) if scheduler is None else _workers(scheduler)


@contextlib.contextmanager
def _threads(jobs: int) -> Iterator[Client]:
    import dask
    import distributed

    with contextlib.ExitStack() as stack, warnings.catch_warnings():
        # Dask asks which address leads out, for a name of its own; without a network it says that it found none.
        warnings.filterwarnings("ignore", "Couldn't detect a suitable IP", RuntimeWarning)
        scratch = str(stack.enter_context(Leash()).directory("cohort-"))
        stack.enter_context(dask.config.set({"temporary-directory": scratch}))  # the scheduler's too
        cluster = distributed.LocalCluster(
            n_workers=1, threads_per_worker=jobs, processes=False, memory_limit=None, silence_logs="ERROR",
            dashboard_address=HERE, worker_dashboard_address=HERE,
        )  # fmt: skip
        # What an interrupt cuts short in Dask is no news to who interrupts; what goes wrong for a student comes back.
        logging.getLogger("distributed").setLevel(logging.CRITICAL)
        stack.enter_context(cluster)
        yield stack.enter_context(distributed.Client(cluster))


@contextlib.contextmanager
def _workers(scheduler: str) -> Iterator[Client]:
    import distributed

    try:
        client = distributed.Client(scheduler, timeout=ANSWERS)
    except (OSError, ValueError) as error:
        raise UsageError(
            f"--scheduler {scheduler}: no Dask scheduler answers there; start one, or leave it out."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=ANSWERS)
        except TimeoutError as error:
            raise UsageError(
                f"--scheduler {scheduler}: it has no workers; start one with `dask worker {scheduler}`."
            ) from error
        yield client
