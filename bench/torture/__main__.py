"""Kill a run at every call that changes something, sweep it, and compare: ``python -m bench.torture``.

For every such call of a reference run, and for each moment around it (before the cloud does it, after it has and before
it says so, just after it said so), a run against an offline cloud in another process is killed with SIGKILL and swept
from a third process. Then the account must hold what it held before, bystanders that look alike included. Then, at
``--accidents`` moments spread over a run, other signals, and runs in several processes; here also what is left of
processes, files and open ports counts. The exit code is 1 where anything leaked, was touched, or could not be swept.
"""

from __future__ import annotations

import argparse
import sys
import time

from bench.torture import accidents
from bench.torture.executioner import MOMENTS, Point
from bench.torture.laboratory import STAGES, Laboratory, Outcome, laboratory, numbered


def main(arguments: list[str] | None = None) -> int:
    """Print a line per point, then the table."""
    options = _parser().parse_args(arguments)
    begun = time.monotonic()
    with laboratory() as lab:
        stages = [] if options.no_points else options.stage or list(STAGES)
        outcomes = [outcome for stage in stages for outcome in _torture(lab, stage, options)]
        outcomes += _accidents(lab, options)
    _print_table(outcomes, time.monotonic() - begun)
    return 0 if all(outcome.is_clean for outcome in outcomes) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.torture", description=__doc__)
    parser.add_argument("--stage", action="append", choices=tuple(STAGES), help="only this part of the homework")
    parser.add_argument("--moment", action="append", choices=MOMENTS, help="only this moment")
    parser.add_argument("--only", metavar="WORD", default="", help="only operations whose name holds this word")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only every N-th point")
    parser.add_argument("--begin", type=int, default=1, metavar="N", help="leave out the points before the N-th")
    parser.add_argument("--no-points", action="store_true", help="only the accidents")
    parser.add_argument("--accidents", type=int, default=20, metavar="N", help="so many runs meet a signal by time")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="what the moments are drawn from")
    return parser


def _torture(lab: Laboratory, stage: str, options: argparse.Namespace) -> list[Outcome]:
    calls = [call for call in numbered(lab.calls(STAGES[stage])) if options.only.lower() in call[0].lower()]
    points = [Point(*call, moment) for call in calls for moment in options.moment or MOMENTS]
    points = points[options.begin - 1 :: options.every]
    print(f"{stage}: {len(calls)} calls, {len(points)} points", flush=True)
    outcomes = []
    for point in points:
        outcomes.append(lab.strike(point, STAGES[stage]))
        _print(outcomes[-1])
    return outcomes


def _accidents(lab: Laboratory, options: argparse.Namespace) -> list[Outcome]:
    stages = [test for stage in options.stage or STAGES for test in STAGES[stage]]
    if options.accidents:
        lab.calls(stages)
        print(f"accidents: {options.accidents}, seed {options.seed}; a run makes {lab.usual} calls", flush=True)
    outcomes = []
    for accident in accidents.drawn(options.accidents, options.seed):
        outcomes.append(lab.suffer(accident, stages))
        _print(outcomes[-1])
    return outcomes


def _print(outcome: Outcome) -> None:
    said = "clean" if outcome.is_clean else "NOT CLEAN"
    print(f"  {outcome.point}: {said}{'' if outcome.was_struck else ' (the run ended before)'}", flush=True)
    if not outcome.is_clean:
        for word, things in (("leaked", outcome.leaked), ("touched", outcome.touched)):
            for thing in things:
                print(f"    {word}: {thing}", flush=True)
        print("".join(f"    | {line}\n" for line in outcome.sweep_output.splitlines()), end="", flush=True)


def _print_table(outcomes: list[Outcome], seconds: float) -> None:
    rows: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        what = outcome.point.moment if isinstance(outcome.point, Point) else outcome.point.number.name
        rows.setdefault(what, []).append(outcome)
    print(f"\n{'killed':12} {'points':>7} {'struck':>7} {'leaks':>7} {'bystanders touched':>19} {'unswept':>8}")
    for moment, found in [*rows.items(), ("all", outcomes)]:
        print(
            f"{moment:12} {len(found):7} {sum(o.was_struck for o in found):7} {sum(len(o.leaked) for o in found):7}"
            f" {sum(len(o.touched) for o in found):19} {sum(o.sweep_code != 0 for o in found):8}"
        )
    print(f"{seconds:.0f} s")


if __name__ == "__main__":
    sys.exit(main())
