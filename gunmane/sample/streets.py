"""Streets: branches to every settlement, then local streets outwards from where people live, to the official length."""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from gunmane.assumptions import Assumptions
from gunmane.sample.curves import bend_edges
from gunmane.sample.land import Floats, Ints, Land, rng_of
from gunmane.sample.mesh import Mesh
from gunmane.sample.trunks import MUNICIPAL_2, MUNICIPAL_OTHER, PREFECTURAL, Trunks

# A town block; growth is counted in these.
BLOCK_M = 100.0
# Corners closer than this lie in a town, also where the municipality as a whole is rural.
TOWN_BLOCK_M = 130.0
# Loops that stay open come after everything else, and only where the length is not met without them.
NEVER_M = 2_500.0


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
        The nearest settlement.
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
    reach, key = _growth_order(land, mesh, class_of, assumptions=assumptions, seed=seed)
    official = land.official_road_m
    lean = rng_of(f"lean/{land.region.region_id}", seed=seed).normal(0, 0.16, len(mesh.source))
    lean *= np.clip(mesh.length_m / 150 - 0.6, 0.1, 1.0)
    _cross_borders(mesh, class_of, _grow_to(mesh, class_of, key, official), reach, lean)
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
    middle = (mesh.xy[mesh.source[edges]] + mesh.xy[mesh.target[edges]]) / 2
    seat = cKDTree(mesh.xy[: mesh.town_count + mesh.hamlet_count]).query(middle)[1]
    return Streets(edges, chosen[edges], reach[edges], seat.astype(np.int64), coords, length)


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


def _cross_borders(mesh: Mesh, class_of: Ints, chosen: Ints, reach: Floats, draw: Floats) -> None:
    """Let some streets run on into the neighbouring municipality where both sides have one; changes `class_of`."""
    used = np.zeros(len(mesh.xy), dtype=bool)
    # Streets of the outer fringe may still go when lengths are adjusted, so borders are crossed well inside it.
    fringe = np.zeros(int(mesh.muni.max()) + 1)
    np.maximum.at(fringe, mesh.muni[chosen >= 0], reach[chosen >= 0])
    inner = np.flatnonzero((chosen >= 0) & (reach <= 0.85 * fringe[mesh.muni]))
    used[mesh.source[inner]] = True
    used[mesh.target[inner]] = True
    half = np.flatnonzero(mesh.is_border & (class_of < 0))
    at = mesh.target[half]
    far_end = used[mesh.source[half]]
    whole = np.bincount(at, far_end, minlength=len(mesh.xy))[at] == 2
    drawn = np.zeros(len(mesh.xy))
    np.maximum.at(drawn, at, draw[half])
    class_of[half[whole & (drawn[at] > 0)]] = MUNICIPAL_OTHER


def _growth_order(
    land: Land, mesh: Mesh, class_of: Ints, *, assumptions: Assumptions, seed: int
) -> tuple[Floats, Floats]:
    """
    Distance of each edge from the settlements, and the order in which streets are built.

    Distances count blocks, not metres: wide blocks in the country reach farther out than those of a town.
    An edge of the tree of shortest ways comes in its turn; another closes a loop and comes a little later, or
    stays open. No street starts at a border point, so that each municipality's streets hang on its own roads.
    """
    rng = rng_of(f"growth/{land.region.region_id}", seed=seed)
    head = rng.exponential(220, len(mesh.xy)) + 650.0
    head[: mesh.town_count + mesh.hamlet_count] -= 649.0
    on_road = np.zeros(len(mesh.xy), dtype=bool)
    on_road[mesh.source[class_of >= 0]] = True
    on_road[mesh.target[class_of >= 0]] = True
    on_road[: mesh.town_count] = True  # an island's only town has no trunk road
    starts = np.flatnonzero(on_road)
    inner = ~mesh.is_border
    block = np.maximum(mesh.block[mesh.source], mesh.block[mesh.target]) / BLOCK_M
    u, v = mesh.source[inner], mesh.target[inner]
    w = (mesh.cost / np.maximum(block, 1.0))[inner]
    root = len(mesh.xy)
    rows = np.concatenate([u, v, np.full(len(starts), root)])
    cols = np.concatenate([v, u, starts])
    graph = csr_matrix((np.concatenate([w, w, head[starts]]), (rows, cols)), shape=(root + 1, root + 1))
    cost, back = dijkstra(graph, indices=root, return_predecessors=True)
    far = np.maximum(cost[mesh.source], cost[mesh.target])
    is_tree = (back[mesh.source] == mesh.target) | (back[mesh.target] == mesh.source)
    loop = _loop_shares(land, mesh, assumptions=assumptions)
    late = np.where(rng.uniform(size=len(far)) < loop, rng.exponential(60, len(far)), NEVER_M)
    key = far + np.where(is_tree, 0.0, 1e-3 + late)
    key[mesh.is_border | ~np.isfinite(far)] = np.inf
    return far, np.round(key, 3)


def _loop_shares(land: Land, mesh: Mesh, *, assumptions: Assumptions) -> Floats:
    """How many of the edges that would close a loop do so: most in towns, few in valleys."""
    urban, rural = (assumptions.value(f"sample_loop_share_{kind}") for kind in ("urban", "rural"))
    if land.is_plain:
        return np.full(len(mesh.muni), urban)
    block = np.maximum(mesh.block[mesh.source], mesh.block[mesh.target])
    is_dense = land.is_urban(assumptions)[mesh.muni] | (block < TOWN_BLOCK_M)
    return np.where(is_dense, urban, rural)


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
