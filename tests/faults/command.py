"""Runs the table in several processes, in a random order, and writes what came of it as text and as a page."""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime
import fnmatch
import json
import multiprocessing
import os
import random
import resource
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.faults.model import Account, Case, Outcome, account
from tests.faults.mutants import share, unneeded
from tests.faults.registry import cases
from tests.faults.report import page, problems, summary, text

RUNS = Path(__file__).parents[2] / ".runs"
SLOW_FIRST = (
    "student",
    "student-end",
    "student-control",
    "all",
    "jupyter",
    "web",
    "docker",
    "hand-in",
    "control",
    "sagemaker",
    "account",
    "paper",
)


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; returns 0 where everything came out as expected, else 1."""
    asked = _parser().parse_args(arguments)
    chosen = [case for case in cases() if not asked.only or any(fnmatch.fnmatch(case.id, p) for p in asked.only)]
    if not chosen:
        print(f"no case is called {' or '.join(asked.only)}", file=sys.stderr)
        return 2
    random.Random(asked.seed).shuffle(chosen)
    began = time.monotonic()
    directory = asked.run_dir or RUNS / f"faults-{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}"
    directory.mkdir(parents=True, exist_ok=True)
    with (directory / "faults.jsonl").open("w", encoding="utf-8") as journal:  # a run cut short keeps what it saw
        accounts = run_all(chosen, asked.jobs, lambda one: print(json.dumps(_plain(one)), file=journal, flush=True))
    accounts.sort(key=lambda one: [case.id for case in cases()].index(one.case.id))
    (directory / "faults.json").write_text(json.dumps([_plain(one) for one in accounts], indent=1), encoding="utf-8")
    (directory / "faults.txt").write_text(text(accounts) + "\n" + summary(accounts) + "\n", encoding="utf-8")
    (directory / "faults.html").write_text(page(accounts), encoding="utf-8")
    print(text(accounts))
    print(problems(accounts), end="")
    spent = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, took = spent.ru_utime + spent.ru_stime, time.monotonic() - began
    print(f"table: {directory / 'faults.html'} (seed {asked.seed}, {took:.0f} s, {cpu:.0f} s of processors)")
    if not asked.only:
        print("\n".join(f"no fault needs the assertion at {place}" for place in unneeded(accounts)))
        print(share(accounts))
    print(summary(accounts))
    return 0 if all(one.is_exact for one in accounts) else 1


def _plain(one: Account) -> dict[str, Any]:
    """Return what came of a case as plain values, for whoever reads the messages afterwards."""
    outcome = one.outcome
    said = [asdict(judgement) for judgement in outcome.judgements if judgement.verdict != "met"]
    return {
        "case": one.case.id, "sentence": one.case.sentence, "breaks": one.case.breaks, "is_exact": one.is_exact,
        "seconds": outcome.seconds, "trouble": outcome.trouble, "needed": outcome.needed, "judgements": said,
    }  # fmt: skip


def run_all(chosen: list[Case], jobs: int, record: Callable[[Account], Any] = str) -> list[Account]:
    """Run cases in so many processes, the slow ones first; each is recorded at once, and a line on standard error."""
    known = {case.id: case for case in chosen}
    batches = sorted(_batches(chosen), key=lambda batch: SLOW_FIRST.index(batch[0].scope))
    accounts: list[Account] = []
    spawn = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(jobs, spawn, end_with_the_command) as pool:
        futures = [pool.submit(run_batch, [case.id for case in batch]) for batch in batches]
        for future in concurrent.futures.as_completed(futures):
            for done in future.result():
                accounts.append(one := account(known[done.case], done))
                record(one)
                said = "as expected" if one.is_exact else "NOT AS EXPECTED"
                sys.stderr.write(problems([one]))
                print(f"[{len(accounts)}/{len(chosen)}] {done.case}: {said}, {done.seconds} s", file=sys.stderr)
    return accounts


def end_with_the_command() -> None:
    """Have this process end, and its leashes with it, when the command is killed: the pool would wait for ever."""
    command = multiprocessing.parent_process()
    assert command is not None

    def watch() -> None:
        command.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True, name="watch").start()


def _batches(chosen: list[Case]) -> list[list[Case]]:
    """Return the cases that are run in one environment: each alone, but those that leave it as it was together."""
    together: dict[str, list[Case]] = {}
    for case in chosen:
        together.setdefault(case.scope if case.show or case.change else case.id, []).append(case)
    return list(together.values())


def run_batch(ids: list[str]) -> list[Outcome]:
    """Run the cases of these ids; for a process of its own."""
    from tests.faults.running import run_together

    known = {case.id: case for case in cases()}
    return run_together([known[id] for id in ids])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("only", nargs="*", help="patterns of ids, such as 'network/*' (default: the whole table)")
    parser.add_argument("-n", "--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the order (default: random)")
    parser.add_argument("--run-dir", type=Path, help="where the table goes (default: .runs/faults-TIME)")
    return parser
