"""Runs the table in several processes, in a random order, and writes what came of it as text and as a page."""

from __future__ import annotations

import argparse
import concurrent.futures
import datetime
import fnmatch
import multiprocessing
import random
import sys
import time
from pathlib import Path

from tests.faults.model import Account, Case, account
from tests.faults.registry import cases
from tests.faults.report import page, problems, summary, text

RUNS = Path(__file__).parents[2] / ".runs"
SLOW_FIRST = ("all", "jupyter", "web", "docker", "hand-in", "control", "sagemaker", "account", "paper")


def main(arguments: list[str] | None = None) -> int:
    """Run what was asked for; returns 0 where everything came out as expected, else 1."""
    asked = _parser().parse_args(arguments)
    chosen = [case for case in cases() if not asked.only or any(fnmatch.fnmatch(case.id, p) for p in asked.only)]
    if not chosen:
        print(f"no case is called {' or '.join(asked.only)}", file=sys.stderr)
        return 2
    random.Random(asked.seed).shuffle(chosen)
    began = time.monotonic()
    accounts = run_all(chosen, asked.jobs)
    directory = asked.run_dir or RUNS / f"faults-{datetime.datetime.now(datetime.UTC):%Y%m%d-%H%M%S}"
    directory.mkdir(parents=True, exist_ok=True)
    accounts.sort(key=lambda one: [case.id for case in cases()].index(one.case.id))
    (directory / "faults.txt").write_text(text(accounts) + "\n" + summary(accounts) + "\n", encoding="utf-8")
    (directory / "faults.html").write_text(page(accounts), encoding="utf-8")
    print(text(accounts))
    print(problems(accounts), end="")
    print(f"table: {directory / 'faults.html'} (seed {asked.seed}, {time.monotonic() - began:.0f} s)")
    print(summary(accounts))
    return 0 if all(one.is_exact for one in accounts) else 1


def run_all(chosen: list[Case], jobs: int) -> list[Account]:
    """Run cases in so many processes, the slow ones first; a line on standard error for each."""
    known = {case.id: case for case in chosen}
    ordered = sorted(chosen, key=lambda case: SLOW_FIRST.index(case.scope))
    accounts = []
    with concurrent.futures.ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn")) as pool:
        futures = [pool.submit(run_one, case.id) for case in ordered]
        for number, future in enumerate(concurrent.futures.as_completed(futures), start=1):
            one = future.result()
            accounts.append(one := Account(known[one.case.id], one.outcome, one.missed, one.collateral))
            said = "as expected" if one.is_exact else "NOT AS EXPECTED"
            sys.stderr.write(problems([one]))
            print(f"[{number}/{len(chosen)}] {one.case.id}: {said}, {one.outcome.seconds} s", file=sys.stderr)
    return accounts


def run_one(id: str) -> Account:
    """Run the case of that id; for a process of its own."""
    from tests.faults.running import run

    case = next(case for case in cases() if case.id == id)
    done = account(case, run(case))
    return Account(_sent(case), done.outcome, done.missed, done.collateral)


def _sent(case: Case) -> Case:
    """Return the case without its function, which cannot be sent between processes."""
    return Case(case.id, case.sentence, str, case.scope, case.breaks)  # type: ignore[arg-type]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("only", nargs="*", help="patterns of ids, such as 'network/*' (default: the whole table)")
    parser.add_argument("-n", "--jobs", type=int, default=2, help="processes (default: 2)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the order (default: random)")
    parser.add_argument("--run-dir", type=Path, help="where the table goes (default: .runs/faults-TIME)")
    return parser
