"""Land drawn from a seed (mountain valleys, towns, islands) to measure the engine on, and the model regions."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd
from scipy.ndimage import gaussian_filter, map_coordinates
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from bench.bundling import make_task
from gunmane.clusters import Rules

Array = np.ndarray[Any, np.dtype[Any]]

DEVELOPMENT_SEEDS = range(10)
HELD_OUT_SEEDS = range(100, 120)

# Units and bundles of the three sizes; between them the number follows a straight line in logarithms.
SIZES = {1_000: 10, 10_000: 40, 100_000: 150}
SLACK = 0.10
ANSWERED_UNITS = 200  # no fewer have a plan inside the window for certain
DENSE_UNITS = 3_000  # no more than so many have a square table of minutes
NODES_PER_UNIT = 2.5
MEAN_DEGREE = 2.4
TOWNS = (5, 12)
# Bundles' worth of land on each island; whole numbers, so that a plan inside the window exists.
ISLANDS = ((4, ()), (20, (1,)), (100, (1, 2)), (math.inf, (1, 2, 4)))

NODE_SPACING_M = 420.0
RELIEF_CELLS = 192
RIDGE_M = 5_000.0  # distance between ridges, about
STEEPNESS = 2.2  # how much dearer a road is to build for each standard deviation of height climbed in 1 km
WINDING = 1.25  # length of a road against the straight line
VALLEY_KMH, MOUNTAIN_KMH, TOWN_KMH = 42.0, 28.0, 24.0
TOWN_RADIUS_M = 2_000.0
LOOP_SPREAD = 0.7
IDLE_SHARE = 0.05  # units without work: forest
WORK_SPREAD = 0.6
MOST_WORK = 5.0  # a unit's work against the mean unit's
DAYS_SPREAD = 0.25
WORK_PER_BUNDLE_JPY = 50e6
DAYS_PER_BUNDLE = 800.0
SOURCES_AT_ONCE = 256


@dataclasses.dataclass(frozen=True, eq=False)
class Instance:
    """
    A grouping task as `gunmane.clusters.group_units` takes it.

    Parameters
    ----------
    units
        Indexed by `unit_id`: `muni_code, x_m, y_m`.
    links
        `source_id, target_id, travel_min` (minutes one way along the link).
    load
        Indexed by `unit_id`: `crew_days, measure, is_needed`.
    travel_min
        Square minutes one way in the order of `units`; None: the shortest ways along `links`.
    rules
        The rules; floor and ceiling are hard.
    count
        Bundles wanted.
    name
        What the instance is called in a table.
    road_degree
        Mean degree of the road nodes that the units stand on; NaN where the land is not drawn.
    moved_work
        Part of the work that was moved so that a plan inside the window exists.
    """

    units: pd.DataFrame
    links: pd.DataFrame
    load: pd.DataFrame
    travel_min: Array | None
    rules: Rules
    count: int
    name: str = ""
    road_degree: float = math.nan
    moved_work: float = 0.0


@dataclasses.dataclass(frozen=True, eq=False)
class Roads:
    """Road nodes (metres), edges between them with minutes one way, towns (metres); the land of nodes and towns."""

    nodes: Array
    edges: Array
    minutes: Array
    towns: Array
    land: Array
    town_land: Array


def make_instance(unit_count: int, seed: int) -> Instance:
    """
    Draw land and its units from a seed.

    Roads follow valleys: they are the cheapest tree over drawn nodes where climbing is dear, and loops up to a mean
    degree of 2.4, most of them in towns. Units stand on road nodes and touch where the road leads from the nodes
    nearest to one to those nearest to the other. No bridge or ferry leads to an island; each island, and the main
    land, carries the work of a whole number of mean bundles, because a window of +/-10 % around the mean could
    otherwise never be kept there. Only the work is scaled for it (evenly over the island), never the land. From 200
    units on a plan inside the window exists (`answers.with_answer`).

    Parameters
    ----------
    unit_count
        Units, at least 20.
    seed
        Seed; equal seeds draw equal land on every machine.

    Returns
    -------
    instance
        The task: as many bundles as `bundle_count_for` says, each within 10 % of the mean work (hard).

    Raises
    ------
    ValueError
        If fewer than 20 units are asked for.
    """
    if unit_count < 20:
        msg = f"unit_count must be at least 20, not {unit_count}"
        raise ValueError(msg)
    count = bundle_count_for(unit_count)
    rng = np.random.default_rng([seed, unit_count])
    shares = land_shares(count)
    sizes = [round(unit_count * share / count) for share in shares[1:]]
    sizes = [unit_count - sum(sizes), *sizes]
    roads = _join([_land(rng, size, is_main=i == 0) for i, size in enumerate(sizes)])
    sites = np.concatenate(
        [rng.choice(np.flatnonzero(roads.land == i), size, replace=False) for i, size in enumerate(sizes)]
    )
    units, sites = _units(roads, sites)
    graph = _graph(roads.edges, roads.minutes, len(roads.nodes))
    links, cell = _links(roads, graph, sites, units.index)
    load = _load(rng, roads, sites, cell, np.array(shares), units.index)
    mean = float(load["measure"].sum()) / count
    rules = Rules(
        bundle_count=count,
        floor=(1 - SLACK) * mean,
        target=mean,
        ceiling=(1 + SLACK) * mean,
        is_window_hard=True,
        seed=seed,
    )
    travel_min = _minutes(graph, sites) if unit_count <= DENSE_UNITS else None
    degree = 2 * len(roads.edges) / len(roads.nodes)
    name = f"{unit_count:,} units, seed {seed}"
    drawn = Instance(units, links, load, travel_min, rules, count, name, degree)
    if unit_count < ANSWERED_UNITS:
        return drawn
    from bench.engine.answers import with_answer

    return with_answer(drawn)


def region_instance(region: str) -> Instance:
    """
    Return the largest connected part of a model region, with the rules of its default plan.

    Whole municipalities are left out: no comparator knows them. The window there is wide and soft, because single
    units may carry more than half of a bundle's work.
    """
    task = make_task(region)
    units = pd.DataFrame({"muni_code": task.units["muni_code"]}, index=task.units.index)
    units = units.assign(x_m=task.points["x"].to_numpy(), y_m=task.points["y"].to_numpy())
    return Instance(units, task.links, task.load, task.travel_min, task.rules, task.count, region)


def bundle_count_for(unit_count: int) -> int:
    """Return the bundles wanted of so many units: 10 of 1,000, 40 of 10,000, 150 of 100,000; two at least."""
    sizes = np.log([100, *SIZES])
    return max(2, round(float(np.exp(np.interp(np.log(unit_count), sizes, np.log([3, *SIZES.values()]))))))


def land_shares(count: int) -> list[int]:
    """Return the bundles of the main land, then those of each island."""
    islands = next(islands for below, islands in ISLANDS if count < below)
    return [count - sum(islands), *islands]


def _land(rng: np.random.Generator, unit_count: int, *, is_main: bool) -> Roads:
    """Draw one piece of land around its own origin."""
    node_count = max(12, round(unit_count * NODES_PER_UNIT))
    side = NODE_SPACING_M * math.sqrt(node_count)
    relief = _relief(rng, side)
    towns = _towns(rng, relief, side, int(rng.integers(TOWNS[0], TOWNS[1] - 2)) if is_main else 1)
    nodes = _nodes(rng, relief, side, towns, node_count)
    edges, minutes = _edges(rng, nodes, relief, side, towns)
    return Roads(nodes, edges, minutes, towns, np.zeros(len(nodes), int), np.zeros(len(towns), int))


def _relief(rng: np.random.Generator, side: float) -> Array:
    """Return heights (in standard deviations) on a square raster: long ridges with smaller ones on them."""
    width = max(2.0, RELIEF_CELLS * RIDGE_M / max(side, RIDGE_M) / 2)
    noise = rng.standard_normal((2, RELIEF_CELLS, RELIEF_CELLS))
    large = gaussian_filter(noise[0], (width, width / 2), mode="wrap")
    small = gaussian_filter(noise[1], max(1.0, width / 3), mode="wrap")
    height = large / large.std() + 0.4 * small / small.std()
    return height / height.std()


def _height(relief: Array, side: float, points: Array) -> Array:
    places = np.clip(points / side, 0, 1) * (RELIEF_CELLS - 1)
    return map_coordinates(relief, places.T, order=1, mode="nearest")


def _towns(rng: np.random.Generator, relief: Array, side: float, count: int) -> Array:
    """Return valley floors far from each other."""
    drawn = rng.uniform(0.05, 0.95, (60 * count, 2)) * side
    low = drawn[np.argsort(_height(relief, side, drawn), kind="stable")][: 20 * count]
    chosen = [0]
    for _ in range(count - 1):
        away = np.min(np.linalg.norm(low[:, None] - low[chosen][None], axis=2), axis=1)
        chosen.append(int(np.argmax(away * rng.uniform(0.6, 1.0, len(low)))))
    return low[chosen]


def _nodes(rng: np.random.Generator, relief: Array, side: float, towns: Array, count: int) -> Array:
    """Return drawn road nodes: dense in towns, along valley floors, few on ridges."""
    around = rng.choice(len(towns), count // 4)
    reach = min(TOWN_RADIUS_M, side / 6)
    urban = towns[around] + rng.normal(0, reach / 1.5, (count // 4, 2))
    kept = [urban[((urban > 0) & (urban < side)).all(axis=1)]]
    left = count - len(kept[0])
    while left > 0:
        drawn = rng.uniform(0, side, (4 * left + 16, 2))
        is_kept = rng.random(len(drawn)) < np.exp(-1.3 * (_height(relief, side, drawn) + 1.5))
        kept.append(drawn[is_kept][:left])
        left -= len(kept[-1])
    return np.concatenate(kept)


def _edges(
    rng: np.random.Generator, nodes: Array, relief: Array, side: float, towns: Array
) -> tuple[Array, Array]:
    """Return roads as node pairs, and the minutes of each: the cheapest tree and the loops worth most."""
    corners = Delaunay(nodes).simplices
    pairs = np.sort(np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [0, 2]]]), axis=1)
    pairs = np.unique(pairs, axis=0)
    length = np.linalg.norm(nodes[pairs[:, 0]] - nodes[pairs[:, 1]], axis=1) + 1.0
    height = _height(relief, side, nodes)
    middle = _height(relief, side, nodes[pairs].mean(axis=1))
    ends = height[pairs]
    # A road over a ridge climbs to the ridge, however low both ends lie.
    climb = np.abs(ends[:, 0] - ends[:, 1]) + 2 * np.clip(middle - ends.max(axis=1), 0, None)
    cost = length + STEEPNESS * 1_000.0 * climb
    tree = minimum_spanning_tree(csr_array(coo_array((cost, pairs.T), shape=(len(nodes),) * 2))).tocoo()
    size = len(nodes)
    in_tree = np.isin(
        pairs[:, 0] * size + pairs[:, 1], np.minimum(*tree.coords) * size + np.maximum(*tree.coords)
    )
    loops = np.flatnonzero(~in_tree)
    worth = cost[loops] * rng.lognormal(0, LOOP_SPREAD, len(loops))
    wanted = max(0, round(MEAN_DEGREE * size / 2) - int(in_tree.sum()))
    chosen = np.concatenate([np.flatnonzero(in_tree), loops[np.argsort(worth, kind="stable")[:wanted]]])
    chosen.sort()
    away = cKDTree(towns).query(nodes[pairs[chosen]].mean(axis=1))[0]
    kmh = np.where(np.maximum(middle[chosen], ends[chosen].max(axis=1)) > 0.3, MOUNTAIN_KMH, VALLEY_KMH)
    kmh = np.where(away < TOWN_RADIUS_M / 2, TOWN_KMH, kmh) * rng.uniform(0.8, 1.2, len(chosen))
    return pairs[chosen], WINDING * length[chosen] / 1_000 / kmh * 60


def _join(lands: list[Roads]) -> Roads:
    """Put lands beside each other in one sea."""
    offset, right = 0, 0.0
    nodes, edges, towns = [], [], []
    for land in lands:
        shift = np.array([right, 0.0])
        nodes.append(land.nodes + shift)
        towns.append(land.towns + shift)
        edges.append(land.edges + offset)
        offset += len(land.nodes)
        right = float(nodes[-1][:, 0].max()) + RIDGE_M
    return Roads(
        np.concatenate(nodes),
        np.concatenate(edges),
        np.concatenate([land.minutes for land in lands]),
        np.concatenate(towns),
        np.repeat(np.arange(len(lands)), [len(land.nodes) for land in lands]),
        np.repeat(np.arange(len(lands)), [len(land.towns) for land in lands]),
    )


def _graph(edges: Array, minutes: Array, size: int) -> csr_array:
    both = np.concatenate([edges, edges[:, ::-1]])
    return csr_array(coo_array((np.tile(minutes, 2), both.T), shape=(size, size)))


def _units(roads: Roads, sites: Array) -> tuple[pd.DataFrame, Array]:
    """Return units named after their municipality (that of the nearest town on the same land), and their nodes."""
    at = roads.nodes[sites]
    land = roads.land[sites]
    town = np.empty(len(sites), dtype=np.int64)
    for number in range(int(land.max()) + 1):
        own = np.flatnonzero(roads.town_land == number)
        town[land == number] = own[cKDTree(roads.towns[own]).query(at[land == number])[1]]
    order = np.lexsort((sites, town))
    number = np.arange(len(sites)) - np.searchsorted(town[order], town[order])
    codes = [f"9{t + 1:04d}" for t in town[order].tolist()]
    ids = [f"{code}-{n:06d}" for code, n in zip(codes, number.tolist(), strict=True)]
    frame = pd.DataFrame(
        {"muni_code": codes, "x_m": at[order, 0], "y_m": at[order, 1]}, index=pd.Index(ids, name="unit_id")
    )
    return frame, sites[order]


def _links(roads: Roads, graph: csr_array, sites: Array, ids: pd.Index) -> tuple[pd.DataFrame, Array]:
    """Return links between units whose nodes touch, with the shortest minutes, and the unit of each node."""
    away, _, source = dijkstra(graph, indices=sites, min_only=True, return_predecessors=True)
    row = np.full(len(roads.nodes), -1)
    row[sites] = np.arange(len(sites))
    cell = row[source]
    ends = np.sort(cell[roads.edges], axis=1)
    minutes = away[roads.edges].sum(axis=1) + roads.minutes
    between = ends[:, 0] != ends[:, 1]
    frame = pd.DataFrame({"a": ends[between, 0], "b": ends[between, 1], "travel_min": minutes[between]})
    frame = frame.groupby(["a", "b"], as_index=False)["travel_min"].min()
    links = pd.DataFrame(
        {"source_id": ids[frame["a"]], "target_id": ids[frame["b"]], "travel_min": frame["travel_min"]}
    )
    return links, cell


def _load(
    rng: np.random.Generator, roads: Roads, sites: Array, cell: Array, shares: Array, ids: pd.Index
) -> pd.DataFrame:
    """Return work by the roads around each unit; each land carries whole bundles' work."""
    ends = cell[roads.edges]
    around = np.bincount(ends.ravel(), weights=np.repeat(roads.minutes, 2), minlength=len(sites))
    work = np.sqrt(around / around.mean()) * rng.lognormal(0, WORK_SPREAD, len(sites))
    work = np.minimum(work, MOST_WORK * work.mean()) * (rng.random(len(sites)) >= IDLE_SHARE)
    land = roads.land[sites]
    of_land = np.bincount(land, weights=work)
    measure = work * (shares * WORK_PER_BUNDLE_JPY / of_land)[land]
    days = measure * rng.lognormal(0, DAYS_SPREAD, len(sites)) * DAYS_PER_BUNDLE / WORK_PER_BUNDLE_JPY
    return pd.DataFrame({"crew_days": days, "measure": measure, "is_needed": measure > 0}, index=ids)


def _minutes(graph: csr_array, sites: Array) -> Array:
    rows = [
        dijkstra(graph, indices=sites[at : at + SOURCES_AT_ONCE])[:, sites]
        for at in range(0, len(sites), SOURCES_AT_ONCE)
    ]
    return np.concatenate(rows)
