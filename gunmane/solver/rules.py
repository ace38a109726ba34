"""The rules that a grouping of units is made with."""

from __future__ import annotations

import dataclasses
import math


@dataclasses.dataclass(frozen=True)
class Rules:
    """
    What a grouping must keep, what it aims at, and how long it may search.

    Parameters
    ----------
    bundle_count
        Bundles wanted; None takes the number from the measure and `target` in each part of the land.
    floor, target, ceiling
        Work window of one bundle in the measure of the load (yen a year, or structures);
        a floor of 0 or a ceiling of infinity sets no limit. `target` is > 0.
    is_window_hard
        True makes floor and ceiling rules; False counts what lies outside them as soft excess.
    travel_limit_min
        Minutes one way from the base to any unit with work (> 0, may be infinite).
    may_cross_border
        False keeps units of two municipalities out of one bundle.
    keeps_municipality_whole
        True: the units of a municipality stay together, False: each unit moves alone,
        None: a municipality stays whole unless its measure is above `split_above`.
    split_above
        Measure above which a municipality may be divided when `keeps_municipality_whole` is None.
    must_link, cannot_link
        Pairs of unit ids that share, or must not share, a bundle.
    fixed_bases
        Unit ids that must be the bases of their bundles.
    base_units
        Unit ids where a base may stand; None allows every unit. A bundle without such a unit takes the best one
        outside it; land that reaches none takes any of its own units.
    seed
        Seed of the one random generator.
    move_budget
        Moves that the search may evaluate (>= 0).
    """

    bundle_count: int | None = None
    floor: float = 0.0
    target: float = math.inf
    ceiling: float = math.inf
    is_window_hard: bool = False
    travel_limit_min: float = math.inf
    may_cross_border: bool = True
    keeps_municipality_whole: bool | None = False
    split_above: float = math.inf
    must_link: tuple[tuple[str, str], ...] = ()
    cannot_link: tuple[tuple[str, str], ...] = ()
    fixed_bases: tuple[str, ...] = ()
    base_units: tuple[str, ...] | None = None
    seed: int = 0
    move_budget: int = 20_000

    def __post_init__(self) -> None:
        """
        Refuse numbers that no rule can mean.

        Raises
        ------
        ValueError
            Naming the first field that is out of range.
        """
        checks = {
            "bundle_count": self.bundle_count is None or self.bundle_count >= 1,
            "floor": 0 <= self.floor < math.inf,
            "target": self.target > 0,
            "ceiling": self.ceiling > 0 and self.ceiling >= self.floor,
            "travel_limit_min": self.travel_limit_min > 0,
            "split_above": self.split_above >= 0,
            "seed": self.seed >= 0,
            "move_budget": self.move_budget >= 0,
        }
        wrong = [name for name, is_fine in checks.items() if not is_fine]
        if wrong:
            msg = f"rules: {wrong[0]}={getattr(self, wrong[0])!r} is out of range"
            raise ValueError(msg)
