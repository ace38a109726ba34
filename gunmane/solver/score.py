"""What labels are worth: bases, hours, rules broken, soft terms, and the key by which plans are ordered."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from gunmane.solver.bases import base_candidates, best_base
from gunmane.solver.holdings import Holdings, hold_bundles
from gunmane.solver.link_bases import DECIMALS
from gunmane.solver.problem import Array, Problem, numbered_by_first
from gunmane.solver.rules.book import find_breaks
from gunmane.solver.rules.breaks import Break
from gunmane.solver.rules.windows import WINDOW_TOLERANCE, soft_excess, window_excess
from gunmane.solver.soft import soft_hours, soft_terms

__all__ = [
    "DECIMALS",
    "WINDOW_TOLERANCE",
    "Break",
    "Key",
    "Verdict",
    "base_candidates",
    "best_base",
    "judge",
    "pieces_of",
    "window_excess",
]

Key = tuple[int, float, float, int, float]


@dataclasses.dataclass(frozen=True, eq=False)
class Verdict:
    """
    Labels judged.

    Parameters
    ----------
    labels
        Bundle of each unit, numbered by the first unit of each.
    bases
        Row of the base unit of each bundle.
    hours
        Travel hours a year of each bundle, work that no road reaches left out (it is named as broken).
    breaks
        Rules not kept.
    window_excess
        Sum over bundles of the relative shortfall below a floor or overrun above a ceiling, where soft.
    soft_terms
        Every soft term by its name, without strengths.
    objective_hours
        Travel hours and what the soft terms add to them.
    key
        Order of plans: rules broken, by how much, soft window excess, distance from the count, objective hours.
    """

    labels: Array
    bases: Array
    hours: Array
    breaks: tuple[Break, ...]
    window_excess: float
    soft_terms: dict[str, float]
    objective_hours: float
    key: Key


def judge(
    problem: Problem, labels: Array, count_wanted: int, bases: Mapping[int, int] | None = None
) -> Verdict:
    """
    Judge labels against every rule.

    Parameters
    ----------
    problem
        The task.
    labels
        Bundle of each unit.
    count_wanted
        Bundles wanted.
    bases
        Row of the base unit of given labels; the others get their best base.
    """
    tidy = numbered_by_first(labels)
    given = {int(tidy[labels == label][0]): unit for label, unit in (bases or {}).items()}
    held = hold_bundles(problem, tidy, given=given)
    breaks = find_breaks(problem, held)
    hours = bundle_hours(problem, held)
    soft = soft_excess(problem, held)
    terms = soft_terms(problem, tidy)
    objective = float(hours.sum()) + soft_hours(problem, terms)
    key = (
        break_count(breaks),
        round(break_excess(breaks), DECIMALS),
        round(soft, DECIMALS),
        abs(held.count - count_wanted),
        round(objective, DECIMALS),
    )
    return Verdict(tidy, held.bases, hours, tuple(breaks), soft, terms, objective, key)


def bundle_hours(problem: Problem, held: Holdings) -> Array:
    """Return travel hours a year of each bundle held."""
    hours = problem.hours_of(held.both_min, held.rows)
    return np.bincount(held.place, weights=hours, minlength=len(held.bundles))


def break_count(breaks: Sequence[Break]) -> int:
    """Return how often rules are broken."""
    return sum(fault.count for fault in breaks)


def break_excess(breaks: Sequence[Break]) -> float:
    """Return by how much rules are broken in all (relative); the order of the breaks does not matter."""
    return float(sum(sorted(fault.excess for fault in breaks)))


def pieces_of(problem: Problem, units: Array) -> list[list[int]]:
    """Return the connected pieces of a set of units, largest first."""
    left = set(units.tolist())
    pieces = []
    for start in units.tolist():
        if start not in left:
            continue
        left.discard(start)
        piece = [start]
        for unit in piece:
            for other in problem.neighbours[unit]:
                if other in left:
                    left.discard(other)
                    piece.append(other)
        pieces.append(piece)
    return sorted(pieces, key=lambda piece: (-len(piece), piece))
