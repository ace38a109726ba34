"""Hours with which soft terms are weighed: every municipality on its own, from the data alone."""

from __future__ import annotations

import numpy as np

from gunmane.solver.medians import group_graph, inner_medians
from gunmane.solver.minutes import Array, Minutes
from gunmane.travel import MINUTES_PER_HOUR


def hours_apart(minutes: Minutes, crew_days: Array, parts: Array, pairs: Array, pair_minutes: Array) -> float:
    """
    Return hours a year if each part of the land had one best base of its own; way that no road leads is left out.

    With a table every unit is tried as the base. Along links a median is walked to, and hours are those of the ways
    inside each part.

    Parameters
    ----------
    minutes
        Minutes between units.
    crew_days
        Crew-days a year of each unit.
    parts
        Number of the part of each unit, 0 to k-1.
    pairs, pair_minutes
        Links, and minutes one way along each.
    """
    count = int(parts.max(initial=-1)) + 1
    if not minutes.has_table:
        start = np.unique(parts, return_index=True)[1]
        graph = group_graph(pairs, pair_minutes, parts, len(parts))
        found = inner_medians(graph, parts, crew_days, start)[1]
        return float((2 * np.where(np.isfinite(found), found, 0.0) * crew_days).sum() / MINUTES_PER_HOUR)
    total = 0.0
    for part in range(count):
        units = np.flatnonzero(parts == part)
        both = minutes.both(units, units)
        total += float((np.where(np.isfinite(both), both, 0.0) * crew_days[units]).sum(axis=1).min())
    return total / MINUTES_PER_HOUR
