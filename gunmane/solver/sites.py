"""Sites too far from each other for one works contract: by road, or in a straight line."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gunmane.solver.minutes import Array

if TYPE_CHECKING:
    from gunmane.solver.problem import Problem

# Minutes are compared with limits at this tolerance: travel times arrive as 32-bit numbers.
MINUTES_TOLERANCE = 1e-4
# Numbers of one block of pairs that are held at once.
BLOCK = 4_000_000


def site_minutes(problem: Problem, units: Array, others: Array) -> Array:
    """Return units x others: minutes one way in the longer direction."""
    out = problem.minutes.out(units, others)
    # Along links the way back is as long as the way out.
    return np.maximum(out, problem.minutes.out(others, units).T) if problem.minutes.has_table else out


def site_metres(problem: Problem, units: Array, others: Array) -> Array:
    """Return units x others: metres in a straight line."""
    way = problem.places[units][:, None, :] - problem.places[others][None, :, :]
    return np.hypot(way[..., 0], way[..., 1])


def far_pairs(problem: Problem) -> tuple[Array, Array]:
    """
    Return the pairs of units with work in one part of the network that lie too far apart, as (indptr, indices).

    Parameters
    ----------
    problem
        The task; its rules give the limits.
    """
    rules = problem.rules
    busy = np.flatnonzero(problem.is_needed)
    step = max(1, BLOCK // max(1, len(busy)))
    found = [np.zeros((0, 2), dtype=np.int64)]
    for start in range(0, len(busy), step):
        units = busy[start : start + step]
        is_far = np.zeros((len(units), len(busy)), dtype=bool)
        if np.isfinite(rules.site_limit_min):
            is_far |= site_minutes(problem, units, busy) > rules.site_limit_min + MINUTES_TOLERANCE
        if np.isfinite(rules.site_limit_m):
            is_far |= site_metres(problem, units, busy) > rules.site_limit_m
        is_far &= problem.component[units][:, None] == problem.component[busy][None, :]
        here, there = np.nonzero(is_far)
        found.append(np.column_stack([units[here], busy[there]]))
    pairs = np.vstack(found)
    indptr = np.zeros(problem.size + 1, dtype=np.int64)
    indptr[1:] = np.cumsum(np.bincount(pairs[:, 0], minlength=problem.size))
    return indptr, pairs[:, 1]
