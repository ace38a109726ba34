"""Trunk roads: towns that see each other are joined along the easiest ground, the busiest lines are prefectural."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree
from scipy.spatial import cKDTree

from gunmane.assumptions import Assumptions
from gunmane.sample.land import Bools, Floats, Ints, Land
from gunmane.sample.mesh import Mesh

PREFECTURAL, MUNICIPAL_1, MUNICIPAL_2, MUNICIPAL_OTHER = range(4)
CLASS_NAMES = np.array(["prefectural", "municipal_1", "municipal_2", "municipal_other"], dtype=object)


@dataclasses.dataclass(frozen=True, eq=False)
class Trunks:
    """
    The trunk roads of a region.

    Parameters
    ----------
    edges
        Mesh edges, ascending.
    road_class
        Position in `CLASS_NAMES` of each edge.
    is_thinned
        Per municipality: True where the whole Gabriel graph would have been longer than its length allows.
    gabriel_m
        Per municipality: length of the whole Gabriel graph as drawn (m).
    """

    edges: Ints
    road_class: Ints
    is_thinned: Bools
    gabriel_m: Floats


def draw_trunks(land: Land, mesh: Mesh, *, assumptions: Assumptions) -> Trunks:
    """
    Return the trunk roads: the Gabriel graph of town points and ways out, along the cheapest lines of the mesh.

    Two towns are joined when no third lies in the circle on their connecting line (Gabriel and Sokal 1969,
    doi:10.2307/2412323). Where that is longer than a municipality's road length allows, the minimum spanning tree
    stays and those lines come back first that save the longest detour.

    Parameters
    ----------
    land, mesh
        The ground and its mesh.
    assumptions
        `trunk_to_municipal_length_ratio`, `sample_municipal_trunk_share_max`, `sample_municipal_1_share`.
    """
    pairs, paths = _pairs_and_paths(mesh)
    pairs = _rank_pairs(pairs)
    paths = paths.merge(pairs[["pair", "rank"]], on="pair")
    official = land.official_road_m
    ratio = assumptions.value("trunk_to_municipal_length_ratio")
    limit = official * (ratio + assumptions.value("sample_municipal_trunk_share_max"))
    kept, is_thinned, gabriel = _thin_to(paths, mesh, limit)
    edges = np.unique(kept["edge"].to_numpy())
    flow = _flows(mesh, edges, sources=_seats(mesh))
    is_urban = land.is_urban(assumptions)
    road_class = _classes(mesh, edges, flow, official, is_urban, assumptions=assumptions)
    return Trunks(edges=edges, road_class=road_class, is_thinned=is_thinned, gabriel_m=gabriel)


def _seats(mesh: Mesh) -> Ints:
    exits = mesh.town_count + mesh.hamlet_count + np.arange(mesh.exit_count)
    return np.concatenate([np.arange(mesh.town_count), exits])


def _pairs_and_paths(mesh: Mesh) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Neighbouring towns with the cost between them, and the mesh edges of each such path."""
    towns = np.arange(mesh.town_count)
    graph = mesh.graph(np.arange(len(mesh.source)), mesh.cost)
    cost, back, seat = dijkstra(graph, indices=towns, min_only=True, return_predecessors=True)
    u, v = mesh.source, mesh.target
    meets = np.flatnonzero((seat[u] != seat[v]) & np.isfinite(cost[u]) & np.isfinite(cost[v]))
    table = pd.DataFrame(
        {
            "edge": meets,
            "a": np.minimum(seat[u[meets]], seat[v[meets]]),
            "b": np.maximum(seat[u[meets]], seat[v[meets]]),
            "cost": cost[u[meets]] + mesh.cost[meets] + cost[v[meets]],
        }
    )
    table = table.sort_values(["a", "b", "cost", "edge"]).drop_duplicates(["a", "b"]).reset_index(drop=True)
    table["is_gabriel"] = _is_gabriel(mesh.xy[towns], mesh.xy[table["a"]], mesh.xy[table["b"]])
    tree = minimum_spanning_tree(coo_matrix((table["cost"], (table["a"], table["b"])), shape=graph.shape))
    in_tree = set(zip(*tree.tocoo().coords, strict=True))
    pairs = zip(table["a"], table["b"], strict=True)
    table["is_tree"] = np.array([pair in in_tree for pair in pairs], dtype=bool)
    table = table[table["is_gabriel"] | table["is_tree"]]
    table = pd.concat([table, _ways_out(mesh, cost, back, seat)], ignore_index=True)
    table["pair"] = np.arange(len(table))
    return table, _paths(mesh, table, back)


def _ways_out(mesh: Mesh, cost: Floats, back: Ints, seat: Ints) -> pd.DataFrame:
    """A way out of the region hangs on its nearest town alone."""
    exits = mesh.town_count + mesh.hamlet_count + np.arange(mesh.exit_count)
    exits = exits[np.isfinite(cost[exits]) & (back[exits] >= 0)]
    edge = mesh.edge_of(exits, back[exits].astype(np.int64))
    way = {"edge": edge, "a": seat[exits].astype(np.int64), "b": exits, "cost": cost[exits]}
    return pd.DataFrame({**way, "is_gabriel": True, "is_tree": True})


def _paths(mesh: Mesh, table: pd.DataFrame, back: Ints) -> pd.DataFrame:
    """The edges of each pair: its middle edge, then from both ends of that back to the towns."""
    rows = [(table["pair"].to_numpy(), table["edge"].to_numpy())]
    for end in (mesh.source, mesh.target):
        pair, node = table["pair"].to_numpy(), end[table["edge"].to_numpy()]
        while len(pair):
            goes_on = back[node] >= 0
            pair, node = pair[goes_on], node[goes_on]
            parent = back[node].astype(np.int64)
            rows.append((pair, mesh.edge_of(node, parent)))
            node = parent
    pairs, edges = (np.concatenate(part) for part in zip(*rows, strict=True))
    return pd.DataFrame({"pair": pairs, "edge": edges})


def _is_gabriel(seats: Floats, a: Floats, b: Floats) -> Bools:
    radius = np.hypot(*(a - b).T) / 2
    nearest = cKDTree(seats).query((a + b) / 2)[0]
    return np.asarray(nearest >= radius - 0.01)


def _rank_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Number the pairs: the spanning tree first, then by the detour that a line saves, largest first."""
    if pairs.empty:
        return pairs.assign(rank=np.zeros(0, dtype=np.int64))
    tree = pairs[pairs["is_tree"]]
    used, compact = np.unique(pairs[["a", "b"]].to_numpy(), return_inverse=True)
    compact = compact.reshape(-1, 2)
    in_tree = pairs["is_tree"].to_numpy()
    graph = coo_matrix(
        (tree["cost"], (compact[in_tree, 0], compact[in_tree, 1])), shape=(len(used),) * 2
    ).tocsr()
    detour = dijkstra(graph, directed=False)[compact[:, 0], compact[:, 1]] / pairs["cost"].to_numpy()
    order = np.lexsort((pairs["b"], pairs["a"], -np.round(detour, 6), ~in_tree))
    rank = np.empty(len(pairs), dtype=np.int64)
    rank[order] = np.arange(len(pairs))
    # The whole tree counts as one rank: without it towns would be cut off.
    return pairs.assign(rank=np.where(in_tree, 0, rank))


def _thin_to(paths: pd.DataFrame, mesh: Mesh, limit: Floats) -> tuple[pd.DataFrame, Bools, Floats]:
    edges = paths.groupby("edge", as_index=False)["rank"].min().sort_values(["rank", "edge"])
    edges["muni"] = mesh.muni[edges["edge"]]
    edges["length"] = mesh.length_m[edges["edge"]]
    edges["sum"] = edges.groupby("muni")["length"].cumsum()
    gabriel = np.bincount(edges["muni"], edges["length"], minlength=len(limit))
    over = edges[edges["sum"] > limit[edges["muni"]]]
    ceiling = over.groupby("muni")["rank"].min().reindex(range(len(limit)), fill_value=np.iinfo(np.int64).max)
    stops = ceiling.to_numpy()[mesh.muni[paths["edge"]]]
    dropped = paths.loc[(paths["rank"] > 0) & (paths["rank"] >= stops), "pair"].unique()
    kept = paths[~paths["pair"].isin(dropped)]
    return kept, gabriel > limit, gabriel.astype("float64")


def _flows(mesh: Mesh, edges: Ints, *, sources: Ints, most: int = 160) -> Floats:
    """How many trips between towns use each trunk edge (edge betweenness from a fixed choice of towns)."""
    nodes, compact = np.unique(np.concatenate([mesh.source[edges], mesh.target[edges]]), return_inverse=True)
    u, v = compact[: len(edges)], compact[len(edges) :]
    graph = coo_matrix((mesh.length_m[edges], (u, v)), shape=(len(nodes),) * 2).tocsr()
    is_seat = np.isin(nodes, sources)
    starts = np.flatnonzero(is_seat)
    starts = starts[:: max(1, len(starts) // most)]
    cost, back = dijkstra(graph, directed=False, indices=starts, return_predecessors=True)
    order = np.argsort(-np.where(np.isfinite(cost), np.round(cost, 3), -1.0), axis=1, kind="stable")
    load = np.tile(is_seat.astype(float), (len(starts), 1)) * np.isfinite(cost)
    row = np.arange(len(starts))
    for at in order.T:
        parent = back[row, at]
        has = parent >= 0
        load[row[has], parent[has]] += load[row[has], at[has]]
    flow = np.zeros(len(edges))
    for child, parent in ((u, v), (v, u)):
        flow += (load[:, child] * (back[:, child] == parent[None, :])).sum(axis=0)
    return flow


def _classes(
    mesh: Mesh, edges: Ints, flow: Floats, official: Floats, is_urban: Bools, *, assumptions: Assumptions
) -> Ints:
    """Whole stretches between junctions become prefectural, the busiest first, until the share is reached."""
    u, v = mesh.source[edges], mesh.target[edges]
    degree = np.bincount(np.concatenate([u, v]), minlength=len(mesh.xy))
    stretch = _stretches(u, v, degree)
    length = mesh.length_m[edges]
    table = pd.DataFrame(
        {"stretch": stretch, "muni": mesh.muni[edges], "length": length, "flow": flow * length}
    )
    parts = table.groupby(["muni", "stretch"], as_index=False)[["length", "flow"]].sum()
    parts["flow"] = (parts["flow"] / parts["length"]).round(6)
    parts = parts.sort_values(["muni", "flow", "stretch"], ascending=[True, False, True])
    before = parts.groupby("muni")["length"].cumsum() - parts["length"] / 2
    total = parts.groupby("muni")["length"].transform("sum")
    low, usual = (assumptions.value("trunk_to_municipal_length_ratio", level) for level in ("low", "central"))
    # Dense towns have many streets for every trunk road, so their ratio lies in the lower half of the range.
    wish = (np.where(is_urban, (low + usual) / 2, usual) * official)[parts["muni"]]
    goal = np.minimum(wish, np.maximum(0.7 * total, 1.1 * low * official[parts["muni"]]))
    rest = (before - goal) / np.maximum(total - goal, 1.0)
    share = assumptions.value("sample_municipal_1_share")
    parts["road_class"] = np.where(
        before <= goal, PREFECTURAL, np.where(rest <= share, MUNICIPAL_1, MUNICIPAL_2)
    )
    known = parts.set_index(["muni", "stretch"])["road_class"]
    return known.loc[list(zip(table["muni"], table["stretch"], strict=True))].to_numpy()


def _stretches(u: Ints, v: Ints, degree: Ints) -> Ints:
    """Label edges so that those which meet at a point with no third edge belong together."""
    edge = np.tile(np.arange(len(u)), 2)
    node = np.concatenate([u, v])
    joins = degree[node] == 2
    order = np.lexsort((edge[joins], node[joins]))
    pairs = edge[joins][order].reshape(-1, 2)
    graph = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(u),) * 2)
    return connected_components(graph, directed=False)[1].astype(np.int64)
