"""Figures beside their targets: the largest region, 100,000 units, one move's price, hours against METIS."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from statistics import median

from bench.engine import metis
from bench.engine.comparators import METIS, Result, judged
from bench.engine.instances import make_instance, region_instance
from bench.engine.large import run_large
from bench.engine.parts import make_parts
from bench.engine.record import recorded, seconds_to
from bench.engine.trials import best_labels, run_trial
from bench.rows import OURS, Target
from gunmane.clusters import group_units, move_prices

Tell = Callable[[str], None]

LARGEST_REGION = "hyogo_tajima"
LONG_S = 600.0
WITHIN = 0.01
REGION_S = 2.0
FIRST_PLAN_S, GOOD_PLAN_S, LARGE_MB = 5.0, 60.0, 1_024.0
LARGE_UNITS = 100_000
PRICE_UNITS = 10_000
PRICE_MS = 20.0
# Hours against METIS, by size of the instance: at most this part of METIS's.
AGAINST_METIS = {"1k": 0.97, "10k": 0.98}


def region_figures(tell: Tell, *, long_s: float = LONG_S, region: str = LARGEST_REGION) -> Iterator[Target]:
    """Measure how soon the search on a region is within 1 % of what ten minutes find."""
    instance = region_instance(region)
    tell(f"{region}: a run as in a plan")
    short, record, end = recorded(instance, move_budget=None, keeps_labels=True)
    pace = short.moves / max(end.cpu_s, 1e-3)
    tell(f"{region}: {long_s:.0f} s")
    # The search cools by its number of moves, so the long run is given about as many as fit, and a little slack.
    goal, _, long_end = recorded(
        instance, move_budget=round(pace * long_s), keeps_labels=False, cpu_s=1.3 * long_s
    )
    reached = seconds_to(instance, [*record.moments, end], goal, within=WITHIN)
    note = (
        f"{len(instance.units):,} units, {instance.count} bundles; CPU; whole run {end.cpu_s:.2f} s "
        f"({short.moves:,} moves) {short.travel_hours:,.0f} hours, {long_end.cpu_s:.0f} s ({goal.moves:,} moves) "
        f"{goal.travel_hours:,.0f} hours"
    )
    name = f"{region}: time to within {WITHIN:.0%} of a run of {long_s:.0f} s"
    if reached is None:
        # Never reached is missed, not "not measured".
        yield Target(name, math.inf, REGION_S, "s", f"not reached; {note}")
    else:
        yield Target(name, reached, REGION_S, "s", note)


def large_figures(
    seed: int, tell: Tell, *, units: int = LARGE_UNITS, move_budget: int | None = None
) -> tuple[list[Target], list[Result]]:
    """Measure a run on the largest size in a process of its own, beside METIS with the same CPU time."""
    instance = make_instance(units, seed)
    tell(f"{instance.name}: {OURS}")
    run = run_large(instance, move_budget)
    group = size_name(units)
    results = [judged(instance, group, OURS, run.trial)]
    tell(f"{instance.name}: {METIS}")
    parts = make_parts(instance)
    cpu_s = run.trial.cpu_s
    trial = run_trial(lambda: best_labels(parts, metis.mended_starts, cpu_s=cpu_s, seed=seed), cpu_s=cpu_s)
    results.append(judged(instance, group, METIS, trial))
    ours, theirs = results
    against = ""
    if theirs.state == "done":
        against = f"; {ours.hours / theirs.hours - 1:+.1%} hours against METIS ({theirs.outside} outside the window)"
    wall = "" if run.first_wall_s is None else f"wall {run.first_wall_s:.1f} s; "
    note = f"{wall}CPU from the call, tables read, compiled loops loaded from the cache"
    good = run.trial.cpu_s if run.end_inside and ours.violations == 0 else math.inf
    return [
        Target(f"{units:,} units: first valid plan", run.first_cpu_s or math.inf, FIRST_PLAN_S, "s", note),
        Target(
            f"{units:,} units: good plan",
            good,
            GOOD_PLAN_S,
            "s",
            f"the whole run, {run.trial.tries:,} moves; wall {run.wall_s:.0f} s; {ours.violations} rules broken, "
            f"{ours.outside} bundles outside the window{against}",
        ),
        Target(f"{units:,} units: peak memory", run.peak_mb, LARGE_MB, "MB", "the whole process"),
    ], results


def price_figures(seed: int, tell: Tell, *, units: int = PRICE_UNITS) -> Iterator[Target]:
    """Measure what the price of one move takes, over every possible single move of a plan, and of one unit alone."""
    instance = make_instance(units, seed)
    task = (instance.units, instance.links, instance.load, instance.travel_min, instance.rules)
    tell(f"{instance.name}: prices of moves")
    labels = group_units(*task).labels
    begin = time.process_time()
    prices = move_prices(labels, *task)
    spent = time.process_time() - begin
    first = [str(prices["unit_id"].iloc[0])]
    begin = time.process_time()
    move_prices(labels, *task, unit_ids=first)
    alone = time.process_time() - begin
    note = (
        f"CPU; {len(prices):,} moves of a whole plan in {spent:.1f} s, reading the tables counted; "
        f"a call for one unit alone {1_000 * alone:.0f} ms, most of it reading the tables"
    )
    yield Target(f"price of one move at {units:,} units", 1_000 * spent / len(prices), PRICE_MS, "ms", note)


def metis_targets(results: Sequence[Result]) -> Iterator[Target]:
    """Say how hours stand against multi-start METIS where both keep every rule, by size."""
    for group, limit in AGAINST_METIS.items():
        here = [result for result in results if result.group == group]
        if not here:
            continue
        pairs = both_inside(here, METIS)
        wins = sum(ours.hours < theirs.hours for ours, theirs in pairs)
        ratio = median(ours.hours / theirs.hours for ours, theirs in pairs) if pairs else math.inf
        count = len({result.instance for result in here})
        note = (
            f"median of {len(pairs)} of {count} instances where both keep every rule; fewer hours on {wins}"
        )
        yield Target(f"{group} units: hours against multi-start METIS", ratio, limit, "of METIS's", note)
        broken = sum(not result.is_inside for result in here if result.method == OURS)
        name = f"{group} units: instances with a rule broken"
        yield Target(
            name, float(broken), 0, "", f"of {count}; METIS mended keeps all on {len(inside(here, METIS))}"
        )


def inside(results: Sequence[Result], method: str) -> dict[str, Result]:
    """Return the results of a method that keep every rule, by instance."""
    return {result.instance: result for result in results if result.method == method and result.is_inside}


def both_inside(results: Sequence[Result], method: str) -> list[tuple[Result, Result]]:
    """Return our result and another method's where both keep every rule."""
    ours, theirs = inside(results, OURS), inside(results, method)
    return [(ours[name], theirs[name]) for name in ours if name in theirs]


def size_name(units: int) -> str:
    """Return "10k" for 10,000."""
    return f"{units // 1_000}k" if units >= 1_000 else str(units)
