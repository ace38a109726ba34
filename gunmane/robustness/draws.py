"""One draw of what a plan assumes: coefficients, speeds, the road price of each body, what its ledgers lack."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import zlib
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csgraph

from gunmane.assumptions import LEVELS, Assumptions
from gunmane.graph import Floats
from gunmane.scenario import Scenario
from gunmane.workload import RoadPrices, load_tasks

Numbers = npt.NDArray[np.int64]

# From slow to fast: a lower class of road is never drawn faster than a higher one.
CLASS_SPEEDS = (
    "speed_kmh_municipal_road",
    "speed_kmh_prefectural_road",
    "speed_kmh_national_road",
    "speed_kmh_expressway",
)
# Rows that say the same thing of two cases, or that only make sense in their order: high together, low together.
TOGETHER = (
    ("bundle_annual_jpy_floor", "bundle_annual_jpy_target", "bundle_annual_jpy_ceiling"),
    (
        "structures_bundle_annual_jpy_floor",
        "structures_bundle_annual_jpy_target",
        "structures_bundle_annual_jpy_ceiling",
    ),
    (
        "structures_bundle_pieces_floor",
        "structures_bundle_pieces_target",
        "structures_bundle_pieces_ceiling",
    ),
    ("bridge_inspection_onsite_hours_short", "bridge_inspection_onsite_hours_long"),
    ("bridge_inspection_short_jpy_per_bridge", "bridge_inspection_long_jpy_per_bridge"),
    ("speed_kmh_municipal_road", "speed_kmh_unknown_class"),
)
WINDOWS = ("bundle_annual_jpy", "structures_bundle_annual_jpy")
TRIES = 1000  # of speeds in order; the shipped ranges need two on average


@dataclasses.dataclass(frozen=True, eq=False)
class Draw:
    """
    One draw.

    Parameters
    ----------
    assumptions
        The rows with their drawn value as central; low and high stay.
    upkeep, snow_removal
        What a km of road costs each body a year (JPY/km/year), indexed by `owner_code`.
    copies
        How often each ledger row counts: 0 (it is there once too often), 1, or 2 (one like it is missing).
    """

    assumptions: Assumptions
    upkeep: pd.Series
    snow_removal: pd.Series
    copies: Numbers


@dataclasses.dataclass(frozen=True, eq=False)
class Ranges:
    """
    What is drawn, and within which ranges.

    Parameters
    ----------
    assumptions
        The rows of the scenario, with the user's own ranges.
    prices
        Road prices of each body with their ranges.
    ledger
        Number of the ledger (one body's assets of one sector) of each ledger row, in the order of `asset_id`.
    floor_jpy, ceiling_jpy
        The ends of the work window that the user set: a drawn row never crosses them.
    """

    assumptions: Assumptions
    prices: RoadPrices
    ledger: Numbers
    floor_jpy: float | None = None
    ceiling_jpy: float | None = None

    def drawn(self, seed: int, number: int) -> Draw:
        """
        Return one draw, which depends on the seed and its number only.

        Each row, bodies and ledgers have generators of their own, so that one more row leaves all others as they
        were. Bodies are drawn apart from each other: what a settlement leaves out differs from town to town.
        """
        bodies, ledgers = (np.random.default_rng([seed, number, part]) for part in (1, 2))
        assumptions = self._drawn_rows(seed, number)
        upkeep = _drawn_prices(self.prices.upkeep, bodies)
        snow = _drawn_prices(self.prices.snow_removal, bodies)
        return Draw(assumptions, upkeep, snow, self._drawn_copies(ledgers))

    def _drawn_rows(self, seed: int, number: int) -> Assumptions:
        table = self.assumptions.table.sort_index()
        first = linked_rows(tuple(table.index))
        rngs = [
            np.random.default_rng([seed, number, 0, zlib.crc32(str(key).encode())]) for key in table.index
        ]
        for _ in range(TRIES):
            level = np.array([rng.random() for rng in rngs])[first]
            central = pd.Series(triangular(level, *(table[name].to_numpy() for name in LEVELS)), table.index)
            if central[list(CLASS_SPEEDS)].is_monotonic_increasing:
                break
        for prefix in WINDOWS:
            floor, ceiling = f"{prefix}_floor", f"{prefix}_ceiling"
            central[ceiling] = max(central[ceiling], self.floor_jpy or 0.0)
            central[floor] = min(central[floor], self.ceiling_jpy or np.inf)
        return Assumptions(
            self.assumptions.table.assign(central=central.reindex(self.assumptions.table.index))
        )

    def _drawn_copies(self, rng: np.random.Generator) -> Numbers:
        """Draw the part of each ledger that is missing or too much, then which of its rows stand for it."""
        count = int(self.ledger.max(initial=-1)) + 1
        missing = triangular(rng.random(count), *self._levels("ledger_missing_ratio"))[self.ledger]
        extra = triangular(rng.random(count), *self._levels("ledger_extra_ratio"))[self.ledger]
        is_there = rng.random(len(self.ledger)) >= extra
        # A part m of what is there is not in the ledger: one more for m / (1 - m) of the rows.
        has_double = rng.random(len(self.ledger)) * (1 - missing) < missing
        return is_there * (1 + has_double.astype(np.int64))

    def _levels(self, key: str) -> tuple[float, float, float]:
        low, central, high = (self.assumptions.value(key, level) for level in LEVELS)
        return low, central, high


def _drawn_prices(prices: pd.DataFrame, rng: np.random.Generator) -> pd.Series:
    table = prices.sort_index()
    level = rng.random(len(table))
    return pd.Series(triangular(level, *(table[name].to_numpy(float) for name in LEVELS)), table.index)


def triangular(
    level: npt.ArrayLike, low: npt.ArrayLike, central: npt.ArrayLike, high: npt.ArrayLike
) -> Floats:
    """
    Return the value below which a part `level` (0-1) of a triangular distribution lies; `central` is the likeliest.

    Of two distributions the one with the higher ends and middle gives the higher value at the same level, so that
    rows drawn at one level keep their order.
    """
    part, least, mode, most = (np.asarray(values, float) for values in (level, low, central, high))
    span = most - least
    rising = least + np.sqrt(part * span * (mode - least))
    falling = most - np.sqrt((1 - part) * span * (most - mode))
    drawn: Floats = np.where(part * span < mode - least, rising, falling)
    return drawn


@functools.cache
def linked_rows(keys: tuple[str, ...]) -> Numbers:
    """
    Return for each row the position of the first row that is drawn together with it, itself included.

    Hours and yen of one task belong together (more hours cost more), besides `TOGETHER`.

    Parameters
    ----------
    keys
        Keys of the rows in ascending order.
    """
    position = {key: i for i, key in enumerate(keys)}
    tasks = load_tasks()
    pairs = [*_neighbours(TOGETHER), *zip(tasks["hours_key"], tasks["cost_key"], strict=True)]
    known = [(position[a], position[b]) for a, b in pairs if a in position and b in position]
    one, other = np.array(known, dtype=np.int64).reshape(-1, 2).T
    graph = coo_array((np.ones(len(one)), (one, other)), shape=(len(keys), len(keys)))
    part = csgraph.connected_components(graph, directed=False)[1]
    first: Numbers = np.unique(part, return_index=True)[1][part]
    return first


def _neighbours(groups: Iterable[tuple[str, ...]]) -> list[tuple[str, str]]:
    return [pair for group in groups for pair in itertools.pairwise(group)]


def take_ranges(
    scenario: Scenario, assumptions: Assumptions, prices: RoadPrices, assets: pd.DataFrame
) -> Ranges:
    """
    Return what is drawn for a scenario.

    Parameters
    ----------
    scenario
        The choices; ends of the work window among them stay.
    assumptions, prices
        The rows of the scenario, and the road prices that follow from them.
    assets
        `owner_code, sector` of each ledger row, in the order of `asset_id`.
    """
    ledger = assets.groupby(["owner_code", "sector"], sort=True).ngroup().to_numpy(np.int64)
    return Ranges(assumptions, prices, ledger, scenario.floor_jpy, scenario.ceiling_jpy)
