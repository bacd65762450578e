"""The table of faults and requirements, as text and as a page."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

from harness import catalogue
from harness.verdict import Judgement
from tests.faults.model import Account
from tests.faults.registry import WHOLE

MARKS = {"met": "·", "not met": "✗", "not judged": "–"}


def summary(accounts: Sequence[Account]) -> str:
    """Return the line that says whether the tests can fail, and fail only what they should."""
    faults = [one for one in accounts if one.case.is_fault]
    right = [one for one in accounts if not one.case.is_fault]
    missed, collateral = sum(bool(one.missed) for one in faults), sum(bool(one.collateral) for one in faults)
    troubled = sum(bool(one.outcome.trouble) for one in accounts)
    return (
        f"faults {len(faults)}, caught exactly {sum(one.is_exact for one in faults)}, missed {missed}, "
        f"collateral {collateral}; right but different {len(right)}, kept 100 points "
        f"{sum(one.is_exact for one in right)}" + (f"; could not be run {troubled}" if troubled else "")
    )


def text(accounts: Sequence[Account]) -> str:
    """Return a line for each case: what was expected, what came of it, and the time it took."""
    lines = []
    for one in accounts:
        expected = ", ".join(one.case.breaks) or "all met"
        got = ", ".join(j.requirement for j in one.outcome.judgements if j.verdict == "not met") or "all met"
        waiting = sum(j.verdict == "not judged" for j in one.outcome.judgements)
        sign = "ok " if one.is_exact else "NOT"
        lines.append(
            f"{sign} {one.case.id}: expected {expected}; got {got}"
            f"{f', {waiting} not judged' if waiting else ''} of {len(one.outcome.judgements)}; {one.outcome.seconds} s"
        )
    return "\n".join(lines)


def problems(accounts: Sequence[Account]) -> str:
    """Return what did not come out as expected, with what was said of it."""
    lines = []
    for one in accounts:
        if one.is_exact:
            continue
        lines.append(f"\n{one.case.id}: {one.case.sentence}")
        lines += [f"  missed: {id}" for id in one.missed]
        said = {judgement.requirement: judgement for judgement in one.outcome.judgements}
        for id in one.collateral:
            judgement = said[id]
            lines.append(f"  collateral: {id} {judgement.verdict} ({judgement.cause}): {judgement.message}")
        if one.outcome.trouble:
            lines.append(f"  trouble: {one.outcome.trouble}")
    return "\n".join(lines) + "\n" if lines else ""


def page(accounts: Sequence[Account]) -> str:
    """Return the table as an HTML page: a row for each case, a column for each requirement."""
    ids = list(catalogue.load().requirements)
    head = "".join(f"<th><div>{html.escape(id)}</div></th>" for id in ids)
    whole = {judgement.requirement: judgement for one in accounts if one.case.id == WHOLE.id for judgement in _of(one)}
    rows = "\n".join(_row(one, ids, whole) for one in accounts)
    return PAGE.format(head=head, rows=rows, summary=html.escape(summary(accounts)))


def _of(one: Account) -> Sequence[Judgement]:
    return one.outcome.judgements


def _row(one: Account, ids: Sequence[str], whole: Mapping[str, Judgement]) -> str:
    said = {judgement.requirement: judgement for judgement in _of(one)}
    cells = []
    for id in ids:
        judgement = said.get(id)
        kind = "" if judgement is None else judgement.verdict.replace(" ", "-")
        wrong = " wrong" if id in one.missed or id in one.collateral else ""
        expected = " expected" if id in one.case.breaks else ""
        title = "" if judgement is None or judgement.verdict == "met" else html.escape(judgement.message, quote=True)
        mark = MARKS[judgement.verdict] if judgement else _out_of_reach(whole.get(id))
        cells.append(f'<td class="{kind}{expected}{wrong}" title="{title}">{mark}</td>')
    kind = "fault" if one.case.is_fault else "right"
    sign = "as expected" if one.is_exact else "NOT as expected"
    trouble = f"<br><b>{html.escape(one.outcome.trouble)}</b>" if one.outcome.trouble else ""
    name = f"<b>{html.escape(one.case.id)}</b><br>{html.escape(one.case.sentence)}{trouble}"
    return (
        f'<tr class="{kind}"><th class="case">{name}</th><td>{kind}</td><td>{sign}</td>'
        f"<td>{one.outcome.seconds:.1f}</td>{''.join(cells)}</tr>"
    )


def _out_of_reach(judgement: Judgement | None) -> str:
    """Return the mark of a requirement that a case cannot reach: what the whole of a right homework got for it."""
    return "∘" if judgement is not None and judgement.verdict == "met" else ""


PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Faults and requirements</title>
<style>
body {{ font: 13px/1.4 system-ui, sans-serif; margin: 1.5rem }}
table {{ border-collapse: collapse }}
th, td {{ border: 1px solid #ddd; padding: 2px 5px; text-align: center; font-weight: normal }}
thead th {{ position: sticky; top: 0; background: #fff; vertical-align: bottom }}
thead div {{ writing-mode: vertical-rl; transform: rotate(180deg); white-space: nowrap }}
.case {{ text-align: left; min-width: 24rem }}
.met {{ color: #999 }} .not-met {{ background: #f6c7c7 }} .not-judged {{ background: #eee }}
.expected {{ outline: 2px solid #a33; outline-offset: -2px }} .wrong {{ background: #f0b429 }}
.right .case {{ background: #eef7ee }}
</style>
<h1>Faults and requirements</h1>
<p>{summary}</p>
<p>· met, ✗ not met (hover for the message), – not judged for want of what the fault breaks, ∘ out of reach of the case
and not judged again with it: met by the whole homework, done right. Blank: not judged. A red frame marks what the case must break; yellow is not as expected.</p>
<table><thead><tr><th class="case">case</th><th>kind</th><th>result</th><th>seconds</th>{head}</tr></thead>
<tbody>
{rows}
</tbody></table></html>
"""
