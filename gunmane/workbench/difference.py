"""Two plans beside each other: what moved, and every figure of bundles, towns and the whole with its change."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd
from scipy.optimize import linear_sum_assignment

from gunmane.errors import PlanError
from gunmane.explain import change_mark
from gunmane.scenario import Plan
from gunmane.strands import split_work
from gunmane.workbench.draft import name_order
from gunmane.workbench.towns import FIGURES as TOWN_FIGURES
from gunmane.workbench.towns import town_figures

# Bundles without work in common are matched by their units, which weigh this part of a yen each.
UNIT_WEIGHT = 1e-6
BUNDLE_FIGURES = (
    "unit_count",
    "annual_jpy_low",
    "annual_jpy",
    "annual_jpy_high",
    "structure_count",
    "onsite_hours",
    "travel_hours",
    "farthest_min",
    "unreached_units",
    "asset_count",
    "length_m",
    "area_m2",
)
WORK_KEY = ["unit_id", "owner_code", "sector"]


@dataclasses.dataclass(frozen=True, eq=False)
class Difference:
    """
    What is different in a second plan.

    Parameters
    ----------
    pairs
        One row a bundle: `before, after` (names in the two plans; "" where a bundle has no counterpart) and `jpy`
        (JPY/year of work that lies in both); the pairing shares most work in all.
    moved
        One row a unit and body whose work lies in another bundle than the counterpart of its own: `unit_id, name,
        muni_code, before, after, annual_jpy, onsite_hours`; units without work where the parts planned apart are the
        same in both plans.
    totals
        `figure, before, after, change, mark` ("better", "worse", "other", "same", "unknown") of the whole plans.
    bundles
        The same with the bundles' names in `bundle_before, bundle_after`; NaN where there is no counterpart.
    towns
        The same by `muni_code` (`towns.town_figures`).
    """

    pairs: pd.DataFrame
    moved: pd.DataFrame
    totals: pd.DataFrame
    bundles: pd.DataFrame
    towns: pd.DataFrame


def difference(before: Plan, after: Plan) -> Difference:
    """
    Compare any two plans of one region and its units, today's state too.

    Parameters
    ----------
    before, after
        The plans. They may differ in sectors, in what is planned apart and in the number of bundles.

    Raises
    ------
    PlanError
        If their units are not the same.
    """
    if list(before.ground.units.index) != list(after.ground.units.index):
        raise PlanError("plans_other_ground")
    shared = _shared(before, after)
    pairs = _pairs(before, after, shared)
    both = [(str(a), str(b)) for a, b in zip(pairs["before"], pairs["after"], strict=True)]
    towns = town_figures(before), town_figures(after)
    codes = sorted(set(towns[0].index) | set(towns[1].index))
    return Difference(
        pairs=pairs,
        moved=_moved(before, shared, dict(both)),
        totals=_changes(before.totals, after.totals, sorted({*before.totals} & {*after.totals})),
        bundles=_table(
            before.bundles, after.bundles, both, BUNDLE_FIGURES, names=("bundle_before", "bundle_after")
        ),
        towns=_table(*towns, [(c, c) for c in codes], TOWN_FIGURES, names=("muni_code", "")),
    )


def _shared(before: Plan, after: Plan) -> pd.DataFrame:
    """Return what both plans place: `unit_id, before, after, annual_jpy, onsite_hours, weight`, work by body."""
    work = _placed(before).merge(_placed(after), on=WORK_KEY, suffixes=("", "_after"))
    work = work.rename(columns={"bundle_id": "before", "bundle_id_after": "after"})
    places = before.assignment.merge(after.assignment, on=["strand", "unit_id"], suffixes=("", "_after"))
    if set(before.assignment["strand"]) != set(after.assignment["strand"]):
        places = places.iloc[:0]
    places = places.rename(columns={"bundle_id": "before", "bundle_id_after": "after"})
    places = places[["unit_id", "before", "after"]].assign(owner_code="", annual_jpy=0.0, onsite_hours=0.0)
    table = pd.concat([work, places], ignore_index=True)
    columns = ["unit_id", "owner_code", "before", "after", "annual_jpy", "onsite_hours"]
    return table[columns].assign(weight=table["annual_jpy"] + UNIT_WEIGHT)


def _placed(plan: Plan) -> pd.DataFrame:
    tables = []
    for strand, work in split_work(plan.work, plan.scenario).items():
        own = plan.assignment[plan.assignment["strand"] == strand]
        sums = work.groupby(WORK_KEY, as_index=False)[["annual_jpy", "onsite_hours"]].sum()
        tables.append(sums.merge(own[["unit_id", "bundle_id"]], on="unit_id"))
    return pd.concat(tables, ignore_index=True)


def _pairs(before: Plan, after: Plan, shared: pd.DataFrame) -> pd.DataFrame:
    rows, columns = (sorted(map(str, plan.bundles.index), key=name_order) for plan in (before, after))
    weights = shared.pivot_table(index="before", columns="after", values="weight", aggfunc="sum")
    table = weights.reindex(index=rows, columns=columns).fillna(0.0).to_numpy()
    mine, theirs = linear_sum_assignment(table, maximize=True)
    jpy = shared.groupby(["before", "after"])["annual_jpy"].sum()
    paired = [(rows[i], columns[j]) for i, j in zip(mine, theirs, strict=True) if table[i, j] > 0]
    gone = [(row, "") for row in rows if row not in {a for a, _ in paired}]
    new = [("", column) for column in columns if column not in {b for _, b in paired}]
    found = [(a, b, float(jpy.get((a, b), 0.0))) for a, b in [*paired, *gone, *new]]
    return pd.DataFrame(found, columns=["before", "after", "jpy"])


def _moved(before: Plan, shared: pd.DataFrame, counterpart: dict[str, str]) -> pd.DataFrame:
    elsewhere = shared[shared["before"].map(counterpart).fillna("") != shared["after"]]
    keys = ["unit_id", "before", "after"]
    sums = elsewhere.groupby(keys, as_index=False)[["annual_jpy", "onsite_hours"]].sum()
    units = before.ground.units[["name", "muni_code"]]
    table = sums.merge(pd.DataFrame(units), left_on="unit_id", right_index=True)
    return table[
        ["unit_id", "name", "muni_code", "before", "after", "annual_jpy", "onsite_hours"]
    ].reset_index(drop=True)


def _changes(before: object, after: object, figures: Sequence[str]) -> pd.DataFrame:
    rows = []
    for figure in figures:
        old, new = (float(side[figure]) if side is not None else float("nan") for side in (before, after))  # type: ignore[index]
        rows.append((figure, old, new, new - old, change_mark(figure, new - old)))
    return pd.DataFrame(rows, columns=["figure", "before", "after", "change", "mark"])


def _table(
    before: pd.DataFrame,
    after: pd.DataFrame,
    pairs: Sequence[tuple[str, str]],
    figures: Sequence[str],
    *,
    names: tuple[str, str],
) -> pd.DataFrame:
    """Return the changes of paired rows in long form, with the names of the rows in the first columns."""
    old = before.to_dict("index")
    new = after.to_dict("index")
    tables = []
    for a, b in pairs:
        table = _changes(old.get(a), new.get(b), figures)
        table.insert(0, names[0], a)
        if names[1]:
            table.insert(1, names[1], b)
        tables.append(table)
    return pd.concat(tables, ignore_index=True)
