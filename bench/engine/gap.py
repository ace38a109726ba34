"""How far the search is from the proven optimum on drawn land of 20 to 40 units: mountain valleys, plains, towns."""

from __future__ import annotations

import dataclasses
import math
import statistics
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay

from bench.engine.instances import Instance, make_instance
from bench.rows import Target
from gunmane.clusters import Grouping, Proof, Rules, group_units, prove_grouping

SIZES = (20, 25, 30, 35, 40)
UNITS_PER_BUNDLE = 7
# Half widths of the hard work window around the mean; infinity sets none.
SLACKS = (0.10, 0.20, math.inf)
LANDS = ("mountain", "plain", "towns")
# Beside the mountain land, where roads are nearly a tree, units touch on all sides; so many of the links of the
# triangles between them are roads.
LINK_SHARE = 0.8
SIDE_KM, KMH = 40.0, 24.0
WINDING = (1.1, 1.6)
# Units of the towns' land: some in towns, close to each other, the others strung along the ways between.
TOWNS, TOWN_SHARE, TOWN_KM = 4, 0.6, 1.5
WORK_SPREAD = 0.6
NODE_LIMIT = 20_000
TIME_LIMIT_S = 180.0
MEDIAN_LIMIT, WORST_LIMIT = 0.01, 0.05


@dataclasses.dataclass(frozen=True)
class GapRow:
    """
    One instance solved by the search and by the proof.

    Parameters
    ----------
    seed, land, units, bundles, slack
        The instance: bundles within `slack` of the mean work (hard).
    search_breaks, best_breaks
        Rules broken by the plan of the search, and by the best plan known.
    search_hours, best_hours, bound_hours
        Hours a year; no plan that keeps the rules as well as the best has fewer than `bound_hours`.
    gap_ratio
        Hours of the search above the bound, over the bound; infinite where it keeps the rules less well than the best.
    is_proven
        Whether the best plan is proven; else `gap_ratio` may be too large, never too small.
    rounds, nodes
        Of the proof.
    search_cpu_s, proof_cpu_s
        CPU seconds; those of the proof hold a search of its own.
    """

    seed: int
    land: str
    units: int
    bundles: int
    slack: float
    search_breaks: int
    best_breaks: int
    search_hours: float
    best_hours: float
    bound_hours: float
    gap_ratio: float
    is_proven: bool
    rounds: int
    nodes: int
    search_cpu_s: float
    proof_cpu_s: float

    def as_dict(self) -> dict[str, Any]:
        """Return the row for a JSON file; what is infinite is null."""
        return {name: _plain(value) for name, value in dataclasses.asdict(self).items()}


def _plain(value: object) -> object:
    if not isinstance(value, float):
        return value
    return round(value, 6) if math.isfinite(value) else None


def gap_instance(seed: int, land: str) -> Instance:
    """Return the instance of a seed: size and width of the window change from seed to seed."""
    units = SIZES[seed % len(SIZES)]
    slack = SLACKS[seed % len(SLACKS)]
    drawn = make_instance(units, seed) if land == "mountain" else flat_instance(units, seed, land)
    count = round(units / UNITS_PER_BUNDLE)
    mean = float(drawn.load["measure"].sum()) / count
    window = {"floor": 0.0, "ceiling": math.inf}
    if math.isfinite(slack):
        window = {"floor": (1 - slack) * mean, "ceiling": (1 + slack) * mean}
    rules = dataclasses.replace(drawn.rules, bundle_count=count, target=mean, is_window_hard=True, **window)
    return dataclasses.replace(drawn, rules=rules, count=count)


def flat_instance(unit_count: int, seed: int, land: str) -> Instance:
    """Return units spread over a plain or gathered in towns, most of those that lie side by side joined by a road."""
    rng = np.random.default_rng([seed, unit_count, LANDS.index(land)])
    places = rng.uniform(0, SIDE_KM, (unit_count, 2))
    if land == "towns":
        home, other = rng.uniform(0, SIDE_KM, (TOWNS, 2))[rng.integers(TOWNS, size=(2, unit_count))]
        along = np.where(rng.random(unit_count) < TOWN_SHARE, 0.0, rng.random(unit_count))[:, None]
        places = home * (1 - along) + other * along + rng.normal(0, TOWN_KM, (unit_count, 2))
    ends, minutes = _roads(rng, places)
    ids = pd.Index([f"u{i:03d}" for i in range(unit_count)], name="unit_id")
    work = rng.lognormal(0, WORK_SPREAD, unit_count)
    days = work * rng.lognormal(0, WORK_SPREAD / 2, unit_count)
    return Instance(
        units=pd.DataFrame(
            {"muni_code": "1", "x_m": places[:, 0] * 1e3, "y_m": places[:, 1] * 1e3}, index=ids
        ),
        links=pd.DataFrame(
            {"source_id": ids[ends[:, 0]], "target_id": ids[ends[:, 1]], "travel_min": minutes}
        ),
        load=pd.DataFrame({"crew_days": days, "measure": work, "is_needed": True}, index=ids),
        travel_min=dijkstra(coo_array((minutes, ends.T), shape=(unit_count,) * 2), directed=False),
        rules=Rules(seed=seed),
        count=1,
        name=f"{land} of {unit_count} units, seed {seed}",
    )


def _roads(rng: np.random.Generator, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of units side by side that a road joins, and its minutes; the land hangs together."""
    corners = Delaunay(places).simplices
    ends = np.unique(np.sort(np.vstack([corners[:, p] for p in ([0, 1], [1, 2], [0, 2])]), axis=1), axis=0)
    km = np.linalg.norm(places[ends[:, 0]] - places[ends[:, 1]], axis=1) * rng.uniform(*WINDING, len(ends))
    kept = rng.random(len(ends)) < LINK_SHARE
    tree = minimum_spanning_tree(coo_array((km, ends.T), shape=(len(places),) * 2)).tocoo()
    in_tree = {tuple(sorted(pair)) for pair in zip(*(part.tolist() for part in tree.coords), strict=True)}
    kept |= np.array([tuple(pair) in in_tree for pair in ends.tolist()])
    return ends[kept], km[kept] / KMH * 60


def gap_rows(seeds: Iterable[int], tell: Callable[[str], None]) -> list[GapRow]:
    """Return the gap of the search on the instances of each seed."""
    rows = []
    for seed in seeds:
        for land in LANDS:
            instance = gap_instance(seed, land)
            task = (instance.units, instance.links, instance.load, instance.travel_min, instance.rules)
            tell(f"gap to the proven optimum, seed {seed}, {land}, {len(instance.units)} units")
            start = time.process_time()
            found = group_units(*task)
            between = time.process_time()
            proof = prove_grouping(
                *task, starts=[found.labels], node_limit=NODE_LIMIT, time_limit_s=TIME_LIMIT_S
            )
            cpu_s = (between - start, time.process_time() - between)
            rows.append(_row(seed, land, instance, found, proof, cpu_s=cpu_s))
    return rows


def _row(
    seed: int,
    land: str,
    instance: Instance,
    found: Grouping,
    proof: Proof[Grouping],
    *,
    cpu_s: tuple[float, float],
) -> GapRow:
    bound = proof.bound_hours
    is_as_good = not math.isnan(proof.gap_of(found.key))
    return GapRow(
        seed=seed,
        land=land,
        units=len(instance.units),
        bundles=instance.count,
        slack=SLACKS[seed % len(SLACKS)],
        search_breaks=found.key[0],
        best_breaks=proof.key[0],
        search_hours=found.objective_hours,
        best_hours=proof.grouping.objective_hours,
        bound_hours=bound,
        gap_ratio=max(0.0, found.objective_hours / bound - 1) if is_as_good and bound > 0 else math.inf,
        is_proven=proof.is_proven,
        rounds=proof.rounds,
        nodes=proof.nodes,
        search_cpu_s=cpu_s[0],
        proof_cpu_s=cpu_s[1],
    )


def gap_targets(rows: list[GapRow]) -> list[Target]:
    """
    Return median and worst gap beside what they should stay under, and on how many instances the rules are kept worse.

    Median and worst are of the proven instances where the search keeps the rules as well as the best plan: hours are
    not compared else. What a limit left open is counted in the note, with the most that its gap can be.
    """
    proven = [row for row in rows if row.is_proven]
    gaps = [row.gap_ratio for row in proven if math.isfinite(row.gap_ratio)]
    if not gaps:
        return []
    still_open = [row.gap_ratio for row in rows if not row.is_proven]
    scope = f"{len(gaps)} of {len(rows)} instances of {min(SIZES)}-{max(SIZES)} units"
    note = f"{scope}, proven and with the rules kept alike"
    if still_open:
        most = f"at most {max(still_open):.1%}" if math.isfinite(max(still_open)) else "unknown"
        note += f"; {len(still_open)} not proven in time, gap {most}"
    worse = [row for row in rows if row.search_breaks > row.best_breaks or math.isinf(row.gap_ratio)]
    mended = sum(row.best_breaks == 0 for row in worse)
    return [
        Target("gap to the proven optimum, median", statistics.median(gaps), MEDIAN_LIMIT, "ratio", note),
        Target("gap to the proven optimum, worst", max(gaps), WORST_LIMIT, "ratio", note),
        Target(
            "instances where a plan keeps the rules better than the search",
            float(len(worse)),
            0.0,
            f"of {len(rows)}",
            f"on {mended} of them a plan keeps all rules",
        ),
    ]
