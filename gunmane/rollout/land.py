"""The land of one bundle, and how much of it is in while only some parts have joined."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gunmane.rollout.parts import Part
from gunmane.scenario import Plan
from gunmane.strands import Place, Task

Array = np.ndarray[Any, np.dtype[Any]]


@dataclasses.dataclass(frozen=True, eq=False)
class Land:
    """
    One bundle of the finished plan.

    Parameters
    ----------
    task
        The strand that it belongs to.
    place
        Its units, and what leads between them.
    base
        The plan's base.
    parts
        Numbers of the parts that it is joined from.
    bodies
        Whose work it has.
    absent
        Rows without any work, one for each task of the strand that the bundle does not have: as in the plan, work
        rides along with such a task all the same.
    """

    task: Task
    place: Place
    base: str
    parts: frozenset[int]
    bodies: frozenset[str]
    absent: pd.DataFrame

    def units_in(self, joined: Sequence[Part]) -> pd.Index:
        """
        Return the units that are in once these parts have joined.

        A body brings its own land, a prefecture the units where it has something. Land of municipalities without
        work of their own in the bundle comes with what it touches; with its last part the bundle is whole.
        """
        units = self.place.units
        if len(joined) == len(self.parts):
            return units.index
        town = units["muni_code"]
        worked = {unit for part in joined for unit in part.work["unit_id"]}
        is_in = (town.isin([part.owner_code for part in joined]) | units.index.isin(worked)).to_numpy()
        return units.index[_with_open_land(self.place, is_in, ~town.isin(self.bodies).to_numpy())]


def lands_of(plan: Plan, tasks: dict[str, Task], parts: Sequence[Part]) -> dict[str, Land]:
    """Return the land of each bundle that something joins, by its id, in the order of the parts."""
    units_of = plan.assignment.groupby("bundle_id")["unit_id"].agg(sorted)
    numbers: dict[str, list[int]] = {}
    for number, part in enumerate(parts):
        numbers.setdefault(part.bundle_id, []).append(number)
    lands = {}
    for bundle_id, own in numbers.items():
        task = tasks[parts[own[0]].strand]
        lands[bundle_id] = Land(
            task=task,
            place=place_of(task.place, pd.Index(units_of[bundle_id])),
            base=str(plan.bundles.at[bundle_id, "base_unit_id"]),
            parts=frozenset(own),
            bodies=frozenset(parts[i].owner_code for i in own),
            absent=_absent(task.work, [parts[i].work for i in own]),
        )
    return lands


def _absent(all_work: pd.DataFrame, own: list[pd.DataFrame]) -> pd.DataFrame:
    known = {name for work in own for name in _trade(work)}
    rows = all_work[~_trade(all_work).isin(known)].drop_duplicates(["sector", "task"]).copy()
    amounts = rows.select_dtypes("number").columns
    rows[amounts] = rows[amounts] * 0
    return rows


def _trade(work: pd.DataFrame) -> pd.Series:
    return work["sector"].str.cat(work["task"], sep=":")


def _with_open_land(place: Place, is_in: Array, is_open: Array) -> Array:
    """Return which units are in, with the open ones that touch them directly or over other open ones."""
    ids = place.units.index
    may = is_in | is_open
    ends = [ids.get_indexer(place.links[end]) for end in ("source_id", "target_id")]
    used = may[ends[0]] & may[ends[1]]
    graph = coo_array((np.ones(used.sum()), (ends[0][used], ends[1][used])), shape=(len(ids), len(ids)))
    _, component = connected_components(graph, directed=False)
    return may & np.isin(component, component[is_in])


def place_of(place: Place, ids: pd.Index) -> Place:
    """Return a part of a place."""
    if len(ids) == len(place.units):
        return place
    rows = place.units.index.get_indexer(ids)
    links = place.links[place.links["source_id"].isin(ids) & place.links["target_id"].isin(ids)]
    return Place(place.units.iloc[rows], links, place.travel_min[np.ix_(rows, rows)])
