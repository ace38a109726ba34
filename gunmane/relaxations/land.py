"""One strand as its rules see it: arrays, the units that rules tie together, the windows that bind its bundles."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gunmane.clusters import Problem, make_problem
from gunmane.relaxations.names import Names
from gunmane.scenario import Note
from gunmane.strands import Task

Rows = np.ndarray
# A value in words: Japanese, English.
Said = tuple[str, str]


@dataclasses.dataclass(frozen=True, eq=False)
class Land:
    """
    One strand as its rules see it.

    Parameters
    ----------
    task, problem
        The strand, and its arrays in the order of unit ids.
    measure
        What the work window measures: "jpy" or "structures".
    group
        Number of the units that rules tie to each other (municipality whole, must-links, locks), by unit.
    names
        Words for units and municipalities.
    """

    task: Task
    problem: Problem
    measure: str
    group: Rows
    names: Names

    @property
    def groups(self) -> list[Rows]:
        """Rows of the units of each group of tied units."""
        return split_by(self.group)

    def note(
        self, key: str, words: Mapping[str, object], rows: Iterable[int] = (), *, is_certain: bool = False
    ) -> Note:
        """
        Return a note that says which strand it speaks of, with the ids of its units.

        `is_certain` marks what no bundles whatever can mend under these rules.
        """
        ids = tuple(self.problem.unit_ids[row] for row in rows)
        values = {**words, **self.names.strand(self.task.name), "unit_ids": ids, "is_certain": is_certain}
        return Note.of(key, **values)

    def parts(self, parts: Sequence[Rows], values: Iterable[Said] = ()) -> dict[str, object]:
        """Return the names of parts of the land, each with a value in words behind it."""
        ids = [[self.problem.unit_ids[row] for row in part] for part in parts]
        return self.names.parts(ids, self.task.place.units, list(values))

    def pair(self, rows: Sequence[int]) -> dict[str, object]:
        """Return the names of two units."""
        a, b = rows
        return self.names.pair(self.problem.unit_ids[a], self.problem.unit_ids[b])

    def has_work(self, rows: Rows) -> bool:
        """Return whether there is any work in some units."""
        return bool((self.problem.measure[rows] > 0).any() or self.problem.is_needed[rows].any())


@dataclasses.dataclass(frozen=True, eq=False)
class Size:
    """One window of a strand: what it measures, the amount of each unit, its limits, and whether they are rules."""

    measure: str
    amount: Rows
    floor: float
    ceiling: float
    is_hard: bool


def sizes_of(land: Land) -> list[Size]:
    """Return the work window of a strand and every further one."""
    rules, load = land.task.rules, land.task.load.reindex(list(land.problem.unit_ids))
    found = [Size(land.measure, land.problem.measure, rules.floor, rules.ceiling, rules.is_window_hard)]
    for window in rules.windows:
        if window.column in load:
            values = load[window.column].to_numpy(dtype="float64")
            found.append(Size(window.column, values, window.floor, window.ceiling, window.is_hard))
    return found


def land_of(task: Task, measure: str, names: Names) -> Land:
    """Return a strand as its rules see it."""
    place = task.place
    problem = make_problem(place.units, place.links, task.load, place.travel_min, task.rules)
    return Land(task, problem, measure, _tied(problem, task), names)


def split_by(labels: Rows) -> list[Rows]:
    """Return the rows of each label, in the order of labels."""
    order = np.argsort(labels, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(labels[order])) + 1)


def ties_of(task: Task) -> list[tuple[str, str]]:
    """Return the pairs of units that must-links and locks tie together."""
    rules = task.rules
    first: dict[str, str] = {}
    locks = [(first.setdefault(name, unit), unit) for unit, name in rules.locked_units]
    bundles = [(bundle[0], unit) for bundle in rules.locked_bundles for unit in bundle]
    return [(a, b) for a, b in dict.fromkeys((*rules.must_link, *locks, *bundles)) if a != b]


def _tied(problem: Problem, task: Task) -> Rows:
    """Return the group of each unit: units that rules tie to each other, as far as a bundle may reach."""
    row = {unit: i for i, unit in enumerate(problem.unit_ids)}
    pairs = [(row[a], row[b]) for a, b in ties_of(task)]
    pairs = [(a, b) for a, b in pairs if problem.territory[a] == problem.territory[b]]
    whole = pd.Series(np.arange(problem.size)).groupby(problem.whole_group)
    for number, rows in whole:
        if number >= 0:
            pairs += [(int(rows.iloc[0]), int(other)) for other in rows]
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    graph = coo_array((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(problem.size, problem.size))
    found: Rows = connected_components(graph, directed=False)[1]
    return found
