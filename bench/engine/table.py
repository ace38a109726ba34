"""The engine's table: each method's results summed up by size of the instance, in Markdown."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from statistics import median

from bench.engine.comparators import METHODS, NOTES, Result
from bench.engine.figures import both_inside, inside
from bench.report import number
from bench.rows import OURS

HEAD = (
    "method",
    "every rule kept",
    "rules broken",
    "outside window",
    "largest / mean",
    "smallest / mean",
    "travel h/year",
    "ours against it, both inside",
    "ours lower",
    "CPU s",
    "memory MB",
    "tries",
)


@dataclasses.dataclass(frozen=True)
class Bound:
    """What no plan of an instance can go below (hours a year), and what the bound took (CPU seconds)."""

    group: str
    instance: str
    hours: float
    cpu_s: float


def summary_rows(results: Sequence[Result]) -> list[list[str]]:
    """Return the cells of each method on the instances of one group: medians over those where it was finished."""
    count = len({result.instance for result in results})
    rows = []
    for method in METHODS:
        own = [result for result in results if result.method == method]
        done = [result for result in own if result.state == "done"]
        if not own:
            continue
        if not done:
            states = sorted({f"{result.state}: {result.note}" for result in own})
            rows.append([method, f"not finished on {len(own)} of {len(own)} tried", *[""] * 9, states[0]])
            continue
        pairs = both_inside(results, method)
        ratio = wins = ""
        if method != OURS and pairs:
            ratio = f"{median(a.hours / b.hours for a, b in pairs) - 1:+.1%}"
            wins = f"{sum(a.hours < b.hours for a, b in pairs)} of {len(pairs)}"
        elif method != OURS:
            ratio = "never inside"
        tried = "" if len(done) == count else f" ({len(done)} finished of {len(own)} tried)"
        rows.append(
            [
                method,
                f"{len(inside(results, method))} of {len(done)}{tried}",
                f"{median(result.violations for result in done):g}",
                f"{median(result.outside for result in done):g}",
                f"{median(result.most for result in done):.2f}",
                f"{median(result.least for result in done):.2f}",
                f"{median(result.hours for result in done):,.0f}",
                ratio,
                wins,
                number(median(result.cpu_s for result in done)),
                f"+{median(result.added_mb for result in done):,.0f}",
                f"{median(result.tries for result in done):,.0f}",
            ]
        )
    return rows


def region_rows(results: Sequence[Result]) -> list[list[str]]:
    """Return one row a region: hours of ours and of every method that was finished, each with its broken rules."""
    rows = []
    for name in dict.fromkeys(result.instance for result in results):
        own = {result.method: result for result in results if result.instance == name}
        rows.append([name, *[_region_cell(own.get(method)) for method in METHODS]])
    return rows


def _region_cell(result: Result | None) -> str:
    if result is None or result.state != "done":
        return "-"
    faults = result.violations + result.outside
    return f"{result.hours:,.0f}" + (f" ({faults})" if faults else "")


def bound_words(results: Sequence[Result], bounds: Sequence[Bound]) -> str:
    """Say how far our plans can be from the best at most."""
    known = {bound.instance: bound for bound in bounds}
    pairs = [(result, known[name]) for name, result in inside(results, OURS).items() if name in known]
    if not pairs:
        return ""
    gaps = [result.hours / bound.hours - 1 for result, bound in pairs]
    spent = median(bound.cpu_s for _, bound in pairs)
    return (
        f"Bound with free bases (window kept, connection left out): our hours are at most {median(gaps):.1%} above the "
        f"least possible (median of {len(gaps)}; {min(gaps):.1%} to {max(gaps):.1%}); {number(spent)} CPU s a bound."
    )


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table, its first column to the left."""
    lines = ["| " + " | ".join(head) + " |", "|---|" + "--:|" * (len(head) - 1)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def group_section(group: str, results: Sequence[Result], bounds: Sequence[Bound]) -> str:
    """Return heading, table, bound and notes of one group."""
    here = [result for result in results if result.group == group]
    if not here:
        return ""
    count = len({result.instance for result in here})
    if group == "regions":
        table = markdown_table(("region", *METHODS), region_rows(here))
        title = "The model regions: travel h/year (rules broken and bundles outside the window)"
    else:
        table = markdown_table(HEAD, summary_rows(here))
        title = f"{group} units: medians over {count} instances"
    notes = [f"- {name}: {note}" for name, note in NOTES.items() if any(r.method == name for r in here)]
    words = bound_words(here, [bound for bound in bounds if bound.group == group])
    return "\n\n".join(filter(None, [f"### {title}", table, words, "\n".join(notes)]))
