"""Who drives from where: the base that serves each unit of a plan, and the driving that this takes."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np
import pandas as pd

from gunmane.plans import plan_tasks
from gunmane.scenario import Ground, Plan
from gunmane.strands import Task
from gunmane.travel import driving_hours
from gunmane.what_if.changes import AddBase, LoseBase, WhatIf

Bases = Mapping[str, tuple[str, ...]]


def served_units(plan: Plan, ground: Ground, bases: Bases, tasks: list[Task]) -> pd.DataFrame:
    """
    Return one row a strand and unit: which base serves it, and the driving.

    Parameters
    ----------
    plan
        Whose bundles.
    ground
        Whose minutes: the plan's own, or as they would be.
    bases
        Bundle -> units of its bases; none where the base is not known. Of several the quickest there and back serves.
    tasks
        Strands of the plan (`plans.plan_tasks`).

    Returns
    -------
    units
        `strand, unit_id, name, muni_code, bundle_id, base_id` ("" unknown), `out_min, back_min` (minutes; NaN where
        the base is unknown or no road leads), `travel_hours` (hours/year; 0 where no road leads), `crew_days`,
        `is_needed` (has trips), `is_known` (its base is known or it needs none), `is_unreached`.
    """
    tables = [_served(plan, ground, bases, task) for task in tasks]
    table = pd.concat(tables, ignore_index=True)
    units = ground.units
    table.insert(2, "name", table["unit_id"].map(units["name"]))
    table.insert(3, "muni_code", table["unit_id"].map(units["muni_code"]))
    return table


def _served(plan: Plan, ground: Ground, bases: Bases, task: Task) -> pd.DataFrame:
    own = plan.assignment[plan.assignment["strand"] == task.name]
    bundle_of = own.set_index("unit_id")["bundle_id"].reindex(task.place.units.index).astype("object")
    load = task.load.loc[bundle_of.index]
    ends = ground.units.index.get_indexer(bundle_of.index)
    best = np.full(len(ends), np.inf)
    out, back = best.copy(), best.copy()
    chosen = np.full(len(ends), "", dtype=object)
    most = max((len(bases.get(str(bundle), ())) for bundle in bundle_of.unique()), default=0)
    for turn in range(most):
        names = np.array([_nth(bases.get(str(bundle), ()), turn) for bundle in bundle_of], dtype=object)
        at = ground.units.index.get_indexer(names)
        there = np.where(at >= 0, ground.travel_min[at, ends].astype("float64"), np.inf)
        home = np.where(at >= 0, ground.travel_min[ends, at].astype("float64"), np.inf)
        # The first base is named where none can be reached.
        is_best = (there + home < best) | ((chosen == "") & (names != ""))
        best, out, back = (
            np.where(is_best, new, old) for new, old in ((there + home, best), (there, out), (home, back))
        )
        chosen = np.where(is_best, names, chosen)
    needed, days = load["is_needed"].to_numpy(bool), load["crew_days"].to_numpy("float64")
    reached, is_known = np.isfinite(best), (chosen != "") | ~needed
    hours = driving_hours(days, np.where(reached, out, 0), np.where(reached, back, 0))
    return pd.DataFrame(
        {
            "strand": task.name,
            "unit_id": bundle_of.index.to_numpy(),
            "bundle_id": bundle_of.to_numpy(),
            "base_id": chosen,
            "out_min": np.where(reached, out, np.nan),
            "back_min": np.where(reached, back, np.nan),
            "travel_hours": np.where(is_known, np.where(needed, hours, 0.0), np.nan),
            "crew_days": days,
            "is_needed": needed,
            "is_known": is_known,
            "is_unreached": needed & ~reached & (chosen != ""),
        }
    )


def _nth(names: tuple[str, ...], turn: int) -> str:
    return names[turn] if turn < len(names) else ""


def bases_of(plan: Plan) -> dict[str, tuple[str, ...]]:
    """Return the base of each bundle of a plan as `served_units` asks for it; () where it is not known."""
    told = plan.bundles["base_unit_id"].fillna("")
    return {str(bundle): (str(base),) if base else () for bundle, base in told.items()}


def idle_losses(plan: Plan, what_if: WhatIf) -> tuple[str, ...]:
    """
    Return the units that are said to lose a base where the plan has none: nothing is lost there.

    Parameters
    ----------
    plan
        The plan.
    what_if
        The changes.
    """
    standing = {base for bases in bases_of(plan).values() for base in bases}
    return tuple(change.unit_id for change in what_if.of(LoseBase) if change.unit_id not in standing)


def bases_after(plan: Plan, ground: Ground, what_if: WhatIf) -> dict[str, tuple[str, ...]]:
    """
    Return the bases of each bundle after some are lost and others added.

    A bundle that lost its base gets the best of its other units (fewest units unreached, then fewest hours), with
    bases in town halls first where the plan asks for them; a bundle whose units are all lost has no base.

    Parameters
    ----------
    plan
        Whose bundles.
    ground
        As it would be.
    what_if
        The changes.
    """
    lost = {change.unit_id for change in what_if.of(LoseBase)}
    new = sorted({change.unit_id for change in what_if.of(AddBase)})
    tasks = plan_tasks(plan)
    after = {}
    for bundle, bases in bases_of(plan).items():
        own = plan.assignment.loc[plan.assignment["bundle_id"] == bundle, "unit_id"].astype(str)
        more = tuple(unit for unit in new if unit in set(own) and unit not in bases)
        kept = tuple(base for base in bases if base not in lost)
        if bases and not kept and not more:
            kept = _best_base(plan, ground, tasks, bundle, sorted(set(own) - lost))
        after[bundle] = (*kept, *more)
    return after


def _best_base(
    plan: Plan, ground: Ground, tasks: list[Task], bundle: str, candidates: Collection[str]
) -> tuple[str, ...]:
    halls = set(ground.hall_units.values()) if plan.scenario.base_policy == "town_hall" else set()
    names = [unit for unit in candidates if unit in halls] or list(candidates)
    if not names:
        return ()
    own = plan.assignment[plan.assignment["bundle_id"] == bundle]
    task = next(task for task in tasks if task.name == own["strand"].iloc[0])
    load = task.load.loc[own["unit_id"]]
    needed, days = load["is_needed"].to_numpy(bool), load["crew_days"].to_numpy("float64")
    at, ends = (ground.units.index.get_indexer(ids) for ids in (names, load.index))
    both = ground.travel_min[np.ix_(at, ends)].astype("float64")
    both = both + ground.travel_min[np.ix_(ends, at)].T
    unreached = (np.isinf(both) & needed).sum(axis=1)
    minutes = (np.where(np.isinf(both), 0.0, both) * days).sum(axis=1).round(6)
    return (names[int(np.lexsort((np.arange(len(names)), minutes, unreached))[0])],)
