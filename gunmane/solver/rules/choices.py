"""The choices that a grouping of units is made with: hard rules, soft terms, and how long it may search."""

from __future__ import annotations

import dataclasses
import math
import numbers
from collections.abc import Sized

# Rules that are given as pairs.
PAIRS = ("must_link", "cannot_link", "locked_units")


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, numbers.Integral) and not isinstance(value, bool) and int(value) >= least


def _is_text(value: object) -> bool:
    """Whether a value is one text: its letters would be taken for ids."""
    return isinstance(value, str)


def _is_pair(value: Sized) -> bool:
    return not _is_text(value) and len(value) == 2


@dataclasses.dataclass(frozen=True)
class SideWindow:
    """
    A further window on a bundle, beside the work window.

    Parameters
    ----------
    column
        Column of the load that is summed over a bundle (in the unit of that column).
    floor, ceiling
        Limits in that unit; a floor of 0 or a ceiling of infinity sets none.
    is_hard
        True makes the limits rules; False counts what lies outside them as soft excess.
    """

    column: str
    floor: float = 0.0
    ceiling: float = math.inf
    is_hard: bool = False

    def __post_init__(self) -> None:
        """
        Refuse limits that no bundle can lie between.

        Raises
        ------
        ValueError
            If the floor is negative, infinite or above the ceiling, or the ceiling is not above 0.
        """
        if not (0 <= self.floor < math.inf and self.ceiling > 0 and self.floor <= self.ceiling):
            msg = f"side window on {self.column}: floor={self.floor}, ceiling={self.ceiling} is out of range"
            raise ValueError(msg)


@dataclasses.dataclass(frozen=True)
class Soft:
    """
    Strengths of the soft terms (>= 0; 0 leaves a term out).

    A strength s adds `s * reference_hours * term` hours to the objective, each term 0 when perfect.

    Parameters
    ----------
    keeps_whole
        Bundles beyond one that each municipality is divided among, over the number of municipalities.
    status_quo
        Work that changes company: what does not lie in the largest overlap of each bundle with one of today's areas,
        and of each area with one bundle, over twice all work.
    compactness
        Links between units that lie in two bundles, over all links.
    evenness
        Distance of each bundle's measure from the mean, over the whole measure.
    similarity
        Mean chance that two hours of work in one bundle are of different trades.
    """

    keeps_whole: float = 0.0
    status_quo: float = 0.0
    compactness: float = 0.0
    evenness: float = 0.0
    similarity: float = 0.0

    def __post_init__(self) -> None:
        """
        Refuse strengths below 0.

        Raises
        ------
        ValueError
            Naming the first strength that is negative or no number.
        """
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if not 0 <= value < math.inf:
                msg = f"soft: {field.name}={value!r} is out of range"
                raise ValueError(msg)


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
    windows
        Further windows on other columns of the load, as many as wanted.
    site_limit_min, site_limit_m
        Most minutes one way (the longer direction) and most metres in a straight line between any two units with
        work in one bundle; infinite sets no limit. For works contracts only.
    locked_units
        (unit id, name of a lock): units with one name share a bundle, units with different names do not.
    locked_bundles
        Unit ids of which each set is a bundle by itself, exactly.
    base_count
        Most places that serve as bases; None sets no limit.
    most_municipalities
        Most municipalities that one bundle may hold a part of; None sets no limit.
    open_borders
        Pairs of municipality codes whose border may be crossed; None opens every border. Counts only where
        `may_cross_border` allows crossing at all.
    soft
        Strengths of the soft terms.
    uses_metis
        Whether METIS draws some of the starts of the search.
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
    move_budget: int = 400_000
    windows: tuple[SideWindow, ...] = ()
    site_limit_min: float = math.inf
    site_limit_m: float = math.inf
    locked_units: tuple[tuple[str, str], ...] = ()
    locked_bundles: tuple[tuple[str, ...], ...] = ()
    base_count: int | None = None
    most_municipalities: int | None = None
    open_borders: tuple[tuple[str, str], ...] | None = None
    soft: Soft = Soft()
    uses_metis: bool = False

    def __post_init__(self) -> None:
        """
        Refuse numbers that no rule can mean.

        Raises
        ------
        ValueError
            Naming the first field that is out of range.
        """
        checks = {
            "bundle_count": self.bundle_count is None or _is_whole(self.bundle_count, 1),
            "floor": 0 <= self.floor < math.inf,
            "target": self.target > 0,
            "ceiling": self.ceiling > 0 and self.ceiling >= self.floor,
            "travel_limit_min": self.travel_limit_min > 0,
            "split_above": self.split_above >= 0,
            "seed": _is_whole(self.seed, 0),
            "move_budget": _is_whole(self.move_budget, 0),
            "site_limit_min": self.site_limit_min > 0,
            "site_limit_m": self.site_limit_m > 0,
            "base_count": self.base_count is None or _is_whole(self.base_count, 1),
            "most_municipalities": self.most_municipalities is None or _is_whole(self.most_municipalities, 1),
            "locked_bundles": all(self.locked_bundles) and not any(map(_is_text, self.locked_bundles)),
            **{name: all(map(_is_pair, getattr(self, name))) for name in PAIRS},
            "open_borders": self.open_borders is None or all(map(_is_pair, self.open_borders)),
            "fixed_bases": not _is_text(self.fixed_bases),
            "base_units": not _is_text(self.base_units),
            "windows": all(isinstance(window, SideWindow) for window in self.windows),
            "soft": isinstance(self.soft, Soft),
        }
        wrong = [name for name, is_fine in checks.items() if not is_fine]
        if wrong:
            msg = f"rules: {wrong[0]}={getattr(self, wrong[0])!r} is out of range"
            raise ValueError(msg)

    @property
    def has_site_limit(self) -> bool:
        """Whether two units with work may lie too far apart for one bundle."""
        return math.isfinite(self.site_limit_min) or math.isfinite(self.site_limit_m)
