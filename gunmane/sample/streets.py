"""Streets: branches to every settlement, then local streets outwards from where people live, to the official length."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra

from gunmane.assumptions import Assumptions
from gunmane.sample.curves import bend_edges
from gunmane.sample.land import Floats, Ints, Land, rng_of
from gunmane.sample.mesh import Mesh
from gunmane.sample.trunks import MUNICIPAL_2, MUNICIPAL_OTHER, PREFECTURAL, Trunks


@dataclasses.dataclass(frozen=True, eq=False)
class Streets:
    """
    Every road of a sample, one row a mesh edge.

    Parameters
    ----------
    edges
        Mesh edges, ascending.
    road_class
        Position in `trunks.CLASS_NAMES`.
    reach
        How far from a settlement the edge lies (m of cost); small where people live densest.
    seat
        The settlement nearest along the streets.
    coords, length_m
        Vertices (edge, vertex, 2) and length of the drawn line (m).
    """

    edges: Ints
    road_class: Ints
    reach: Floats
    seat: Ints
    coords: Floats
    length_m: Floats


def draw_streets(land: Land, mesh: Mesh, trunks: Trunks, *, assumptions: Assumptions, seed: int) -> Streets:
    """
    Return trunks, branches and streets, each municipality's own roads as long as its statistics say.

    Parameters
    ----------
    land, mesh, trunks
        The ground, its mesh and the trunk roads.
    assumptions
        `sample_loop_share_urban`, `sample_loop_share_rural`, `sample_urban_density_per_km2`.
    seed
        Seed of the sample.
    """
    class_of = np.full(len(mesh.source), -1, dtype=np.int64)
    class_of[trunks.edges] = trunks.road_class
    _branch_to_hamlets(mesh, class_of)
    reach, seat, key = _growth_order(land, mesh, class_of, assumptions=assumptions, seed=seed)
    official = land.region.statistics.reindex(list(land.codes))["road_length_m"].to_numpy(dtype=float)
    lean = rng_of(f"lean/{land.region.region_id}", seed=seed).normal(0, 0.16, len(mesh.source))
    lean *= np.clip(mesh.length_m / 150 - 0.6, 0.1, 1.0)
    goal = official.copy()
    for _ in range(5):
        chosen = _grow_to(mesh, class_of, key, goal)
        edges = np.flatnonzero(chosen >= 0)
        coords, length = bend_edges(
            mesh.xy, mesh.source[edges], mesh.target[edges], chosen[edges], lean[edges], point_count=6
        )
        is_own = chosen[edges] != PREFECTURAL
        made = np.bincount(mesh.muni[edges][is_own], length[is_own], minlength=len(goal))
        if np.all(np.abs(made - official) <= 0.002 * official):
            break
        goal += official - made
    return Streets(edges, chosen[edges], reach[edges], seat[edges], coords, length)


def _branch_to_hamlets(mesh: Mesh, class_of: Ints) -> None:
    """Mark the cheapest way from each hamlet to a trunk inside its municipality; changes `class_of`."""
    on_trunk = np.unique(np.concatenate([mesh.source[class_of >= 0], mesh.target[class_of >= 0]]))
    graph = mesh.graph(~mesh.is_border, mesh.cost)
    back = dijkstra(graph, indices=on_trunk, min_only=True, return_predecessors=True)[1]
    node = mesh.town_count + np.arange(mesh.hamlet_count)
    while len(node):
        node = node[back[node] >= 0]
        parent = back[node].astype(np.int64)
        edge = mesh.edge_of(node, parent)
        class_of[edge[class_of[edge] < 0]] = MUNICIPAL_2
        node = parent


def _growth_order(
    land: Land, mesh: Mesh, class_of: Ints, *, assumptions: Assumptions, seed: int
) -> tuple[Floats, Ints, Floats]:
    """Distance of each edge from the settlements, its settlement, and the order in which streets are built."""
    seat_count = mesh.town_count + mesh.hamlet_count
    is_seat = np.zeros(len(mesh.xy), dtype=bool)
    is_seat[:seat_count] = True
    on_road = np.zeros(len(mesh.xy), dtype=bool)
    on_road[mesh.source[class_of >= 0]] = True
    on_road[mesh.target[class_of >= 0]] = True
    rng = rng_of(f"growth/{land.region.region_id}", seed=seed)
    head = rng.exponential(220, len(mesh.xy)) + np.where(is_seat, 1.0, 650.0)
    starts = np.flatnonzero(on_road)
    inner = ~mesh.is_border
    u, v, w = mesh.source[inner], mesh.target[inner], mesh.cost[inner]
    root = len(mesh.xy)
    rows = np.concatenate([u, v, np.full(len(starts), root)])
    cols = np.concatenate([v, u, starts])
    graph = csr_matrix((np.concatenate([w, w, head[starts]]), (rows, cols)), shape=(root + 1, root + 1))
    cost, back = dijkstra(graph, indices=root, return_predecessors=True)
    far = np.maximum(cost[mesh.source], cost[mesh.target])
    is_tree = (back[mesh.source] == mesh.target) | (back[mesh.target] == mesh.source)
    density = land.region.statistics.reindex(list(land.codes))
    is_urban = (density["population"] / density["area_km2"]).to_numpy() >= assumptions.value(
        "sample_urban_density_per_km2"
    )
    loop = np.where(
        is_urban, assumptions.value("sample_loop_share_urban"), assumptions.value("sample_loop_share_rural")
    )
    late = np.where(rng.uniform(size=len(far)) < loop[mesh.muni], rng.exponential(60, len(far)), 2_500.0)
    key = far + np.where(is_tree, 0.0, 1e-3 + late)
    key[mesh.is_border | ~np.isfinite(far)] = np.inf
    return far, _seat_of(mesh, back, cost, starts), np.round(key, 3)


def _seat_of(mesh: Mesh, back: Ints, cost: Floats, starts: Ints) -> Ints:
    """The settlement nearest to each edge's first end in a straight line."""
    from scipy.spatial import cKDTree

    del back, cost, starts
    middle = (mesh.xy[mesh.source] + mesh.xy[mesh.target]) / 2
    return cKDTree(mesh.xy[: mesh.town_count + mesh.hamlet_count]).query(middle)[1].astype(np.int64)


def _grow_to(mesh: Mesh, class_of: Ints, key: Floats, goal: Floats) -> Ints:
    """Add streets in their order until each municipality's own roads reach the goal."""
    chosen = class_of.copy()
    is_own = class_of > PREFECTURAL
    have = np.bincount(mesh.muni[is_own], mesh.length_m[is_own], minlength=len(goal))
    order = np.lexsort((np.arange(len(key)), key, mesh.muni))
    order = order[(class_of[order] < 0) & np.isfinite(key[order])]
    muni = mesh.muni[order]
    total = np.cumsum(mesh.length_m[order])
    first = np.searchsorted(muni, np.arange(len(goal)))
    offset = np.where(first > 0, total[np.maximum(first - 1, 0)], 0.0)
    within = total - offset[muni] - mesh.length_m[order] / 2 <= (goal - have)[muni]
    chosen[order[within]] = MUNICIPAL_OTHER
    return chosen
