"""What the land and the rules themselves say, before anything is searched: by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd

from gunmane.plans import scenario_assumptions
from gunmane.relaxations.land import Land, Rows, Said, land_of, sizes_of, split_by, ties_of
from gunmane.relaxations.names import Names, amounts
from gunmane.scenario import Ground, Note, Plan, Scenario
from gunmane.strands import strand_tasks
from gunmane.window import work_window

# Minutes are compared with a limit at this tolerance: they come as 32-bit numbers.
TOLERANCE_MIN = 1e-3
# Amounts are compared with the limits of a window at this tolerance (relative).
TOLERANCE = 1e-6
M_PER_KM = 1000


def rule_facts(scenario: Scenario, ground: Ground, work: pd.DataFrame) -> tuple[Note, ...]:
    """
    Return what stands against the rules of a scenario by itself: keys under `whynot.fact`.

    Islands, too little work for the floor, units or whole municipalities above the ceiling or wider than the travel
    limit, and rules that contradict each other.

    Parameters
    ----------
    scenario, ground
        The rules, and the region made ready.
    work
        `schema.WORK` that is planned.
    """
    assumptions = scenario_assumptions(scenario)
    window = work_window(scenario, assumptions)
    names = Names(ground)
    notes: list[Note] = []
    for task in strand_tasks(work, scenario, ground, window, assumptions):
        land = land_of(task, window.measure, names)
        for check in CHECKS:
            notes += check(land)
    return tuple(notes)


def is_refuted(notes: Iterable[Note]) -> bool:
    """Return whether some fact shows that no bundles whatever can keep the rules."""
    return any(dict(note.values).get("is_certain", False) for note in notes)


def unreached_facts(plan: Plan) -> tuple[Note, ...]:
    """Return the units with work that no road reaches from the base of their bundle, by name."""
    broken = plan.broken[plan.broken["rule"] == "travel_limit"]
    far = tuple(sorted(set(broken.loc[~np.isfinite(broken["amount"]), "unit_id"].astype("str"))))
    names = Names(plan.ground)
    return (Note.of("unreached", unit_ids=far, **names.strand(""), **names.units(far)),) if far else ()


def _said(measure: str, value: float) -> Said:
    words = amounts(measure, value=value)
    return str(words["value_ja"]), str(words["value_en"])


def _islands(land: Land) -> list[Note]:
    problem = land.problem
    parts = split_by(problem.component)
    main = max(parts, key=lambda part: (problem.measure[part].sum(), len(part)))
    apart = [part for part in parts if part is not main and land.has_work(part)]
    if not apart:
        return []
    return [land.note("islands", {"count": len(apart), **land.parts(apart)}, np.concatenate(apart))]


def _too_little(land: Land) -> list[Note]:
    notes = []
    for size in sizes_of(land):
        total, least = float(size.amount.sum()), size.floor * (1 - TOLERANCE)
        floor = amounts(size.measure, floor=size.floor)
        if total < least:
            words = {**amounts(size.measure, amount=total), **floor}
            notes.append(land.note("strand_below_floor", words, is_certain=size.is_hard))
            continue
        parts = [part for part in split_by(land.problem.territory) if land.has_work(part)]
        small = [part for part in parts if size.amount[part].sum() < least]
        if small:
            values = [_said(size.measure, float(size.amount[part].sum())) for part in small]
            words = {**land.parts(small, values), **floor}
            rows = np.concatenate(small)
            notes.append(land.note("parts_below_floor", words, rows, is_certain=size.is_hard))
    return notes


def _too_much(land: Land) -> list[Note]:
    notes = []
    for size in sizes_of(land):
        if not math.isfinite(size.ceiling):
            continue
        most = size.ceiling * (1 + TOLERANCE)
        tied = [rows for rows in land.groups if len(rows) > 1 and size.amount[rows].sum() > most]
        alone = [np.array([row]) for row in np.flatnonzero(size.amount > most)]
        for key, parts in (("tied_above_ceiling", tied), ("units_above_ceiling", alone)):
            if parts:
                said = [_said(size.measure, float(size.amount[part].sum())) for part in parts]
                words = {**land.parts(parts, said), **amounts(size.measure, ceiling=size.ceiling)}
                notes.append(land.note(key, words, np.concatenate(parts), is_certain=size.is_hard))
    return notes


def _too_wide(land: Land) -> list[Note]:
    limit, problem = land.task.rules.travel_limit_min, land.problem
    found = []
    for rows in land.groups:
        needed = rows[problem.is_needed[rows]]
        if not len(needed):
            continue
        bases = _possible_bases(land, rows)
        least = float(problem.minutes.out(bases, needed).max(axis=1).min())
        if limit + TOLERANCE_MIN < least < math.inf:
            found.append((rows, least))
    if not found:
        return []
    said = [_minutes(least) for _, least in found]
    parts = [rows for rows, _ in found]
    words = {**land.parts(parts, said), "limit": f"{limit:,.10g}"}
    return [land.note("too_wide", words, np.concatenate(parts), is_certain=True)]


def _possible_bases(land: Land, rows: Rows) -> Rows:
    """Return where a base of a bundle with these units may stand at all."""
    problem = land.problem
    fixed = np.intersect1d(rows, np.array(problem.fixed_bases, dtype=np.int64))
    if len(fixed):
        return fixed
    # A bundle that holds a place for a base has it there, so within the land that it may reach.
    reach = problem.territory if problem.may_be_base[rows].any() else problem.component
    is_near = reach == reach[rows[0]]
    allowed = np.flatnonzero(problem.may_be_base & is_near)
    if not len(allowed):
        return np.flatnonzero(is_near)
    # A bundle that holds a base asked for takes that one, wherever bases may stand otherwise.
    others = [unit for unit in problem.fixed_bases if is_near[unit]]
    return np.union1d(allowed, np.array(others, dtype=np.int64))


def _minutes(value: float) -> Said:
    # Rounded up, so that nobody reads a limit that does not suffice.
    return _said("minutes", math.ceil(value - TOLERANCE_MIN))


def _kilometres(value: float) -> Said:
    return _said("kilometres", math.ceil(value / M_PER_KM))


def _loose_ties(land: Land) -> list[Note]:
    """Say which units are to share a bundle though it cannot reach from one to the other."""
    problem, notes = land.problem, []
    row = {unit: i for i, unit in enumerate(problem.unit_ids)}
    for a, b in ties_of(land.task):
        ends = row[a], row[b]
        if problem.territory[ends[0]] == problem.territory[ends[1]]:
            continue
        if problem.component[ends[0]] != problem.component[ends[1]]:
            key = "tie_without_road"
        elif problem.locked_bundle[ends[0]] == problem.locked_bundle[ends[1]] >= 0:
            key = "lock_in_pieces"
        else:
            key = "tie_over_border"
        notes.append(land.note(key, land.pair(ends), ends, is_certain=True))
    return notes


def _tied_foes(land: Land) -> list[Note]:
    problem, bases = land.problem, sorted(land.problem.fixed_bases)
    twins = [(a, b) for i, a in enumerate(bases) for b in bases[i + 1 :]]
    return [
        land.note(key, land.pair(pair), pair, is_certain=True)
        for key, pairs in (
            ("foes_tied", (*problem.cannot_link, *_rival_locks(land))),
            ("bases_tied", twins),
        )
        for pair in pairs
        if land.group[pair[0]] == land.group[pair[1]]
    ]


def _rival_locks(land: Land) -> list[tuple[int, int]]:
    """Return pairs of units with different locks that other rules tie together, one pair a group."""
    names = land.problem.locked_name
    pairs = []
    for rows in land.groups:
        locked = rows[names[rows] >= 0]
        others = locked[names[locked] != names[locked[:1]]]
        if len(others):
            pairs.append((int(locked[0]), int(others[0])))
    return pairs


def _counts(land: Land) -> list[Note]:
    rules, problem = land.task.rules, land.problem
    asked = rules.bundle_count
    found: list[tuple[str, dict[str, object]]] = []
    if asked is not None:
        parts, groups, bases = len(split_by(problem.territory)), len(land.groups), len(problem.fixed_bases)
        if asked < parts:
            found.append(("count_below_parts", {"asked": asked, "parts": parts}))
        if asked > groups:
            found.append(("count_above_groups", {"asked": asked, "groups": groups}))
        if asked < bases:
            found.append(("count_below_bases", {"asked": asked, "bases": bases}))
    islands = len(np.unique(problem.component[problem.is_needed]))
    if rules.base_count is not None and rules.base_count < islands:
        found.append(("bases_below_parts", {"asked": rules.base_count, "parts": islands}))
    return [land.note(key, words, is_certain=True) for key, words in found]


def _tied_towns(land: Land) -> list[Note]:
    most = land.task.rules.most_municipalities
    wide = [
        rows
        for rows in land.groups
        if most is not None and len(np.unique(land.problem.municipality[rows])) > most
    ]
    if not wide:
        return []
    words = {"most": most, **land.parts(wide)}
    return [land.note("tied_municipalities", words, np.concatenate(wide), is_certain=True)]


def _sites(land: Land) -> list[Note]:
    rules = land.task.rules
    return [
        *_site_note(land, "sites_too_far", rules.site_limit_min, 1.0, _between_minutes, _minutes),
        *_site_note(land, "sites_too_wide", rules.site_limit_m, M_PER_KM, _between_metres, _kilometres),
    ]


def _site_note(
    land: Land,
    key: str,
    limit: float,
    scale: float,
    between: Callable[[Land, Rows], float],
    say: Callable[[float], Said],
) -> list[Note]:
    found = []
    for rows in land.groups if math.isfinite(limit) else []:
        sites = rows[land.problem.is_needed[rows]]
        if len(sites) > 1 and limit * (1 + TOLERANCE) < (widest := between(land, sites)) < math.inf:
            found.append((rows, widest))
    if not found:
        return []
    parts = [rows for rows, _ in found]
    words = {**land.parts(parts, [say(widest) for _, widest in found]), "limit": f"{limit / scale:,.10g}"}
    return [land.note(key, words, np.concatenate(parts), is_certain=True)]


def _between_minutes(land: Land, sites: Rows) -> float:
    return float(land.problem.minutes.out(sites, sites).max())


def _between_metres(land: Land, sites: Rows) -> float:
    places = land.problem.places[sites]
    return float(np.sqrt(((places[:, None] - places[None]) ** 2).sum(axis=2)).max())


CHECKS: tuple[Callable[[Land], list[Note]], ...] = (
    _islands,
    _too_little,
    _too_much,
    _too_wide,
    _loose_ties,
    _tied_foes,
    _counts,
    _tied_towns,
    _sites,
)
