"""What a search had at each moment: noted from its progress, judged afterwards."""

from __future__ import annotations

import dataclasses
import time
from typing import Any

import numpy as np
import pandas as pd

from bench.engine.instances import Instance
from bench.engine.parts import TOLERANCE, Array
from gunmane.clusters import Grouping, evaluate_labels, group_units


@dataclasses.dataclass(frozen=True, eq=False)
class Moment:
    """CPU and wall seconds since the search was called, whether every bundle was inside the window, the labels."""

    cpu_s: float
    wall_s: float
    is_inside: bool
    labels: Array | None


class Record:
    """
    The moments at which a search had something new.

    Parameters
    ----------
    instance
        What is searched.
    keeps_labels
        Whether to keep the labels of each moment.
    cpu_s
        CPU seconds after which the search is told to end.
    """

    def __init__(self, instance: Instance, *, keeps_labels: bool, cpu_s: float = np.inf) -> None:
        self.moments: list[Moment] = []
        self._work = instance.load["measure"].sort_index().to_numpy(dtype=float)
        self._rules, self._count = instance.rules, instance.count
        self._keeps, self._limit_s = keeps_labels, cpu_s
        self._last: Array | None = None
        self._begin = (time.process_time(), time.perf_counter())

    def __call__(self, best: Any, _part: float) -> bool:
        """Note the best so far if it has changed; say whether to go on."""
        now = (time.process_time() - self._begin[0], time.perf_counter() - self._begin[1])
        labels = best.labels.to_numpy()
        if self._last is None or not np.array_equal(labels, self._last):
            self._last = labels
            kept = labels.astype(np.int32) if self._keeps else None
            self.moments.append(Moment(*now, self.is_inside(labels), kept))
        return now[0] < self._limit_s

    def is_inside(self, labels: Array) -> bool:
        """Return whether every bundle is inside the window and their number is right."""
        work = np.bincount(labels, weights=self._work)
        low, high = self._rules.floor * (1 - TOLERANCE), self._rules.ceiling * (1 + TOLERANCE)
        return len(work) == self._count and bool(((work >= low) & (work <= high)).all())

    def first_inside(self) -> Moment | None:
        """Return the first moment at which every bundle was inside the window."""
        return next((moment for moment in self.moments if moment.is_inside), None)


def recorded(
    instance: Instance, *, move_budget: int | None, keeps_labels: bool, cpu_s: float = np.inf
) -> tuple[Grouping, Record, Moment]:
    """Group the units of an instance; return the grouping, its record and the moment of its end."""
    rules = instance.rules
    if move_budget is not None:
        rules = dataclasses.replace(rules, move_budget=move_budget)
    record = Record(instance, keeps_labels=keeps_labels, cpu_s=cpu_s)
    begin = (time.process_time(), time.perf_counter())
    found = group_units(
        instance.units, instance.links, instance.load, instance.travel_min, rules, progress=record
    )
    end = (time.process_time() - begin[0], time.perf_counter() - begin[1])
    labels = found.labels.sort_index().to_numpy()
    return found, record, Moment(*end, record.is_inside(labels), labels)


def seconds_to(instance: Instance, moments: list[Moment], goal: Grouping, *, within: float) -> float | None:
    """
    Return the CPU seconds after which labels were as good as a goal but for a part of its hours, or None.

    Parameters
    ----------
    instance
        What was searched.
    moments
        With labels.
    goal
        Its rules broken, its window excess and its distance from the number must be reached in full.
    within
        How much more travel is allowed, relative.
    """
    ids = pd.Index(sorted(instance.units.index))
    for moment in moments:
        labels = pd.Series(moment.labels, index=ids)
        found = evaluate_labels(
            labels, instance.units, instance.links, instance.load, instance.travel_min, instance.rules
        )
        if found.key[:4] <= goal.key[:4] and found.travel_hours <= goal.travel_hours * (1 + within):
            return moment.cpu_s
    return None
