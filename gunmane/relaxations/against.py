"""A relaxed plan held against the rules as they were: how much of a relaxation it needs, and where."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pandas as pd

from gunmane.clusters import evaluate_labels
from gunmane.relaxations.levers import Lever
from gunmane.scenario import Plan
from gunmane.strands import Task

# Rules of which a bundle is told by the municipalities that it lies in; of the others the unit is named.
OF_BUNDLES = frozenset(
    {"floor", "ceiling", "side_floor", "side_ceiling", "border_crossed", "municipality_limit"}
)
COLUMNS = ("rule", "bundle_id", "unit_id", "amount", "column")


def old_breaks(tasks: Sequence[Task], made: Plan) -> pd.DataFrame | None:
    """
    Return what a plan breaks of the rules of other tasks, its bundles and bases as they are.

    Parameters
    ----------
    tasks
        The strands under their rules.
    made
        A plan of the same ground and work.

    Returns
    -------
    breaks
        `rule, bundle_id, unit_id, amount, column`; None where the plan has other strands.
    """
    own = {
        str(name): rows.set_index("unit_id")["bundle_id"] for name, rows in made.assignment.groupby("strand")
    }
    if own.keys() != {task.name for task in tasks}:
        return None
    tables = [_of_strand(task, own[task.name].reindex(task.place.units.index), made) for task in tasks]
    return pd.concat(tables, ignore_index=True)


def _of_strand(task: Task, bundle_of: pd.Series, made: Plan) -> pd.DataFrame:
    bases = made.bundles["base_unit_id"].reindex(bundle_of.unique()).astype("str").to_dict()
    place = task.place
    judged = evaluate_labels(
        bundle_of, place.units, place.links, task.load, place.travel_min, task.rules, bases=bases
    )
    name_of = pd.Series(bundle_of.reindex(judged.labels.index).to_numpy(), index=judged.labels.to_numpy())
    names = name_of[~name_of.index.duplicated()].to_dict()
    table = judged.broken.assign(bundle_id=judged.broken["label"].map(names).fillna(""))
    return table.reindex(columns=list(COLUMNS), fill_value="")


def needed_value(lever: Lever, breaks: pd.DataFrame | None) -> float | None:
    """
    Return the value of a number that a plan needs, from what it breaks of the rules as they were.

    Parameters
    ----------
    lever
        A lever that moves a limit.
    breaks
        As `old_breaks` gives them.

    Returns
    -------
    value
        The limit as it was where the plan keeps it; a multiple of the lever's step beyond it where it does not;
        None where no limit would do.
    """
    if breaks is None:
        return None
    amounts = _rows(lever, breaks)["amount"]
    if amounts.empty:
        return float(lever.before)
    is_rising = lever.loosest > lever.before
    worst = float(amounts.max() if is_rising else amounts.min())
    if not math.isfinite(worst):
        return None
    return snapped(lever, worst / lever.scale)


def snapped(lever: Lever, value: float) -> float:
    """Return the nearest multiple of a lever's step at or beyond a value, on the side that is relaxed."""
    parts = value / lever.step
    # Minutes come as 32-bit numbers: 74.0000004 is 74.
    near = round(parts)
    if math.isclose(parts, near, rel_tol=1e-7):
        return near * lever.step
    return (math.ceil(parts) if lever.loosest > lever.before else math.floor(parts)) * lever.step


def _rows(lever: Lever, breaks: pd.DataFrame) -> pd.DataFrame:
    chosen = breaks[breaks["rule"].isin(lever.rules)]
    return chosen[chosen["column"] == lever.column] if lever.column else chosen


def places_needing(lever: Lever, breaks: pd.DataFrame | None, made: Plan) -> tuple[str, ...]:
    """
    Return where a relaxed plan needs a lever: ids of units, or codes of municipalities.

    Parameters
    ----------
    lever
        The lever.
    breaks
        As `old_breaks` gives them.
    made
        The relaxed plan.
    """
    if breaks is None:
        return ()
    rows = _rows(lever, breaks)
    of_bundles = rows[rows["rule"].isin(OF_BUNDLES)]
    codes = {
        code
        for bundle in of_bundles["bundle_id"]
        if bundle in made.bundles.index
        for code in made.bundles.at[bundle, "muni_codes"]
    }
    units = {str(unit) for unit in rows.loc[~rows["rule"].isin(OF_BUNDLES), "unit_id"] if unit}
    if "municipality_whole" in lever.rules:
        return tuple(sorted(set(made.ground.units.loc[sorted(units), "muni_code"].astype("str"))))
    return tuple(sorted(codes)) + tuple(sorted(units))
