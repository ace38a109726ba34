"""The work window: floor, target and ceiling of a bundle, and the verdict of one range against it."""

from __future__ import annotations

import dataclasses

from gunmane.assumptions import LEVELS, Assumptions
from gunmane.errors import ScenarioError
from gunmane.scenario import Scenario

Range = tuple[float, float, float]


@dataclasses.dataclass(frozen=True)
class Window:
    """
    The size that a bundle should have.

    Parameters
    ----------
    measure
        "jpy" (JPY/year, tax included) or "structures" (bridges and tunnels).
    floor, target, ceiling
        Low, central, high in that measure.
    """

    measure: str
    floor: Range
    target: Range
    ceiling: Range

    def verdict(self, low: float, central: float, high: float) -> str:
        """
        Say how a bundle's work stands in the window: within, below, above, borderline, or none without work.

        A range that straddles the floor or the ceiling (their central values) is borderline: unit costs span more
        than three times, and "too small" would be more than is known.
        """
        if high <= 0 and central <= 0:
            return "none"
        if high < self.floor[1]:
            return "below"
        if low > self.ceiling[1]:
            return "above"
        return "within" if low >= self.floor[1] and high <= self.ceiling[1] else "borderline"


def work_window(scenario: Scenario, assumptions: Assumptions) -> Window:
    """
    Return the window of a scenario: what the user gave, else the assumptions.

    Daily work is measured in yen. Structures are counted (bridges and tunnels) until the user gives yen, because
    no ledger gives their cost and the unit costs are all graded E.

    Raises
    ------
    ScenarioError
        If the user's floor is above the assumed ceiling, or the other way round.
    """
    has_yen = scenario.floor_jpy is not None or scenario.ceiling_jpy is not None
    if scenario.layer == "structures" and not has_yen:
        return Window(
            "structures",
            _range(assumptions, "structures_bundle_pieces_floor"),
            _range(assumptions, "structures_bundle_pieces_target"),
            _range(assumptions, "structures_bundle_pieces_ceiling"),
        )
    prefix = "structures_bundle_annual_jpy" if scenario.layer == "structures" else "bundle_annual_jpy"
    floor, target, ceiling = (
        _range(assumptions, f"{prefix}_{end}") for end in ("floor", "target", "ceiling")
    )
    if scenario.floor_jpy is not None:
        floor = (scenario.floor_jpy,) * 3
    if scenario.ceiling_jpy is not None:
        ceiling = (scenario.ceiling_jpy,) * 3
    if floor[1] > ceiling[1]:
        raise ScenarioError("window_order", floor=f"{floor[1]:,.0f}", ceiling=f"{ceiling[1]:,.0f}")
    # The target stays inside a window that the user has narrowed.
    low, middle, high = (min(max(value, floor[1]), ceiling[1]) for value in target)
    return Window("jpy", floor, (low, middle, high), ceiling)


def travel_limit_min(scenario: Scenario, assumptions: Assumptions) -> float:
    """Return the limit from base to farthest unit (minutes, one way): the user's, else the package's row."""
    if scenario.travel_limit_min is not None:
        return scenario.travel_limit_min
    return assumptions.value(f"travel_limit_min_base_{scenario.layer}")


def _range(assumptions: Assumptions, key: str) -> Range:
    low, central, high = (assumptions.value(key, level) for level in LEVELS)
    return low, central, high
