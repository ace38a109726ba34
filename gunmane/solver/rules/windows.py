"""Rules on how much a bundle may hold: the work window and further windows, hard or soft."""

from __future__ import annotations

import math

import numpy as np

from gunmane.solver.holdings import Holdings
from gunmane.solver.minutes import Array
from gunmane.solver.problem import Problem
from gunmane.solver.rules.breaks import Break
from gunmane.solver.rules.choices import Rules, SideWindow

# A measure this close to a window limit (relative) lies inside it.
WINDOW_TOLERANCE = 1e-9
# The work window counts the measure, which is no column of its own.
WORK = ""


def window_excess(measure: Array, floor: float, ceiling: float) -> Array:
    """
    Return how far each measure lies outside the window, relative to the limit that it passes.

    Parameters
    ----------
    measure
        Measure of each bundle.
    floor, ceiling
        Limits; 0 and infinity set none.
    """
    excess = np.zeros(measure.shape)
    if floor > 0:
        excess = np.maximum(1 - measure / floor, 0.0)
    if math.isfinite(ceiling):
        excess = np.maximum(excess, measure / ceiling - 1)
    return np.where(excess > WINDOW_TOLERANCE, excess, 0.0)


def work_window(rules: Rules) -> SideWindow:
    """Return the work window in the form of the further ones."""
    return SideWindow(WORK, rules.floor, rules.ceiling, rules.is_window_hard)


def windows_of(problem: Problem) -> list[tuple[SideWindow, Array]]:
    """Return every window with what each unit adds to it, the work window first."""
    further = zip(problem.windows, problem.amounts.T, strict=True)
    return [(work_window(problem.rules), problem.measure), *further]


def is_counted(problem: Problem, held: Holdings) -> Array:
    """
    Return whether each bundle is asked for an amount.

    Land without any work cannot be asked for a contract of some size; bundles that share land with work can.
    """
    return held.sums(problem.has_work[problem.territory].astype(float)) > 0


def soft_excess(problem: Problem, held: Holdings) -> float:
    """Return the summed excess of the windows that are preferences."""
    counted = is_counted(problem, held)
    return float(
        sum(
            (window_excess(held.sums(values), window.floor, window.ceiling) * counted).sum()
            for window, values in windows_of(problem)
            if not window.is_hard
        )
    )


class Windows:
    """The amounts of a bundle lie inside the windows that are rules."""

    names = ("floor", "ceiling", "side_floor", "side_ceiling")

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return one break a bundle and window that it lies outside of."""
        counted = is_counted(problem, held)
        breaks = []
        for window, values in windows_of(problem):
            if not window.is_hard:
                continue
            amounts = held.sums(values)
            excess = window_excess(amounts, window.floor, window.ceiling) * counted
            for i in np.flatnonzero(excess).tolist():
                amount, over = float(amounts[i]), float(excess[i])
                breaks.append(_outside(window, int(held.bundles[i]), int(held.first[i]), amount, over))
        return breaks


def _outside(window: SideWindow, label: int, unit: int, amount: float, excess: float) -> Break:
    end, limit = ("floor", window.floor) if amount < window.floor else ("ceiling", window.ceiling)
    if window.column == WORK:
        return Break(end, label, unit, amount, limit, excess)
    return Break(f"side_{end}", label, unit, amount, limit, excess, window.column)
