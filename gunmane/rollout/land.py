"""The land of one bundle: how much of it is in, and with what load, while only some parts have joined."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gunmane.assumptions import Assumptions
from gunmane.rollout.parts import Part
from gunmane.strands import Place, Task, full_load
from gunmane.window import Window

Array = np.ndarray[Any, np.dtype[Any]]


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
        Its parts by their numbers.
    window, assumptions
        What the load is counted with.
    """

    def __init__(
        self,
        task: Task,
        place: Place,
        base: str,
        parts: dict[int, Part],
        *,
        window: Window,
        assumptions: Assumptions,
    ) -> None:
        self.task, self.place, self.base, self.parts = task, place, base, frozenset(parts)
        self._part_of, self._window, self._assumptions = parts, window, assumptions
        ids, town = place.units.index, place.units["muni_code"]
        self._ends = tuple(ids.get_indexer(place.links[end]) for end in ("source_id", "target_id"))
        self._brings = {
            i: (town == part.owner_code).to_numpy() | ids.isin(part.work["unit_id"])
            for i, part in parts.items()
        }
        self._is_open = ~town.isin([part.owner_code for part in parts.values()]).to_numpy()
        self._trades = {i: set(_trade(part.work)) for i, part in parts.items()}
        self._absent = _without_work(task.work, set().union(*self._trades.values()))
        self._loads: dict[tuple[int, frozenset[str]], pd.DataFrame] = {}
        self._columns = self._load_of(min(parts), frozenset(_trade(task.work))).columns

    def rows_in(self, joined: frozenset[int]) -> Array:
        """
        Return which units are in once these parts have joined.

        A body brings its own land, a prefecture the units where it has something. Land of municipalities without
        work of their own in the bundle comes with what it touches; with its last part the bundle is whole.
        """
        if joined == self.parts:
            return np.ones(len(self._is_open), dtype=bool)
        is_in: Array = np.any([self._brings[i] for i in joined], axis=0)
        may = is_in | self._is_open
        used = may[self._ends[0]] & may[self._ends[1]]
        size = len(is_in)
        ends = (self._ends[0][used], self._ends[1][used])
        graph = coo_array((np.ones(used.sum()), ends), shape=(size, size))
        _, component = connected_components(graph, directed=False)
        return may & np.isin(component, component[is_in])

    def load(self, joined: frozenset[int]) -> pd.DataFrame:
        """
        Return the load of these parts on all units of the land.

        A task saves trips only once the task that it rides along with has joined the bundle too. One that the bundle
        never has is taken to be there, as the plan takes it, so that the last step is the plan.
        """
        present = set(_trade(self._absent)).union(*(self._trades[i] for i in joined))
        tables = []
        for i in sorted(joined):
            hosts = present & set(self._part_of[i].work["shares_trip_with"])
            tables.append(self._load_of(i, frozenset(hosts)).reindex(columns=self._columns, fill_value=0.0))
        total = sum(table.to_numpy(dtype="float64") for table in tables)
        made = pd.DataFrame(total, index=self.place.units.index, columns=self._columns)
        made["is_needed"] = made["is_needed"] > 0
        if "length_m" in made:
            made["length_m"] = tables[0]["length_m"]
        return made

    def _load_of(self, number: int, hosts: frozenset[str]) -> pd.DataFrame:
        """Return the load of one part beside tasks that its own may ride along with."""
        key = number, hosts
        if key not in self._loads:
            own, everything = self._part_of[number].work, self.task.work
            beside = _without_work(everything[_trade(everything).isin(hosts)], set())
            rows = pd.concat([own, beside.assign(unit_id=self.place.units.index[0])], ignore_index=True)
            self._loads[key] = full_load(rows, self.place, self._window, self._assumptions)
        return self._loads[key]


def _without_work(work: pd.DataFrame, known: set[str]) -> pd.DataFrame:
    """Return one row without any work for each task that is not known."""
    rows = work[~_trade(work).isin(known)].drop_duplicates(["sector", "task"]).copy()
    amounts = rows.select_dtypes("number").columns
    rows[amounts] = rows[amounts] * 0
    return rows


def _trade(work: pd.DataFrame) -> pd.Series:
    return work["sector"].str.cat(work["task"], sep=":")


def place_of(place: Place, rows: Array) -> Place:
    """Return a part of a place: the units of these rows."""
    ids = place.units.index[rows]
    links = place.links[place.links["source_id"].isin(ids) & place.links["target_id"].isin(ids)]
    return Place(place.units.iloc[rows], links, place.travel_min[np.ix_(rows, rows)])


def with_hosts(place: Place, whole: Place, hosts: Iterable[str]) -> Place:
    """
    Return a part of a place with units that only lend it a base: nothing joins them, and they are nobody's land.

    Parameters
    ----------
    place
        The part.
    whole
        The place that it is a part of.
    hosts
        Units outside the part.
    """
    added = list(hosts)
    rows = whole.units.index.get_indexer([*place.units.index, *added])
    units = whole.units.iloc[rows].copy()
    units.loc[added, "muni_code"] = [f"host {unit}" for unit in added]
    return Place(units, place.links, whole.travel_min[np.ix_(rows, rows)])
