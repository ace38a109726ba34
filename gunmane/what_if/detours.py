"""Around what is closed: the way that is left, how much longer it is, and whose way to the base went through there."""

from __future__ import annotations

import dataclasses
import itertools
from collections import defaultdict

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import csgraph

from gunmane.graph import Ints, Network, arc_matrix
from gunmane.scenario import Ground
from gunmane.what_if.applying import Altered, edges_of, winter_ratio
from gunmane.what_if.changes import CLOSINGS
from gunmane.what_if.lines import Lines
from gunmane.what_if.streets import Streets

# So many closed stretches are looked at one by one, those that most units drive first: a whole road has hundreds.
STRETCHES_MOST = 60

COLUMNS = [
    "change",
    "stretch",
    "edge",
    "length_m",
    "before_min",
    "after_min",
    "added_min",
    "units",
    "unit_ids",
]


@dataclasses.dataclass(frozen=True, eq=False)
class Detours:
    """
    What is closed, and the ways around it.

    Parameters
    ----------
    table
        GeoDataFrame, one row a closed stretch between two nodes: `change` (its place among the changes), `stretch`
        (from 1), `edge`, `length_m`, `before_min` along it and `after_min` around it (infinite where no way is left,
        NaN where it was not looked at), `added_min`, `units` (number of units whose way from the base led over it) and
        `unit_ids`; geometry: the stretch.
    ways
        GeoDataFrame, one row a stretch with a way around it: `change, stretch`; geometry: that way.
    """

    table: gpd.GeoDataFrame
    ways: gpd.GeoDataFrame


def find_detours(altered: Altered | None, served: pd.DataFrame) -> Detours:
    """
    Return what is closed and the ways around it.

    Parameters
    ----------
    altered
        Roads with the changes, all of which hold on the ways around; None where no road changes.
    served
        Units and bases before the changes (`served_units`).
    """
    rows: list[tuple[int, int]] = []
    for at, change in enumerate(altered.what_if.changes if altered else ()):
        if isinstance(change, CLOSINGS) and altered:
            rows += [
                (at, edge)
                for edge in edges_of(change, altered.ground, altered.streets, altered.lines).tolist()
            ]
    if altered is None or not rows:
        return _no_detours()
    table = pd.DataFrame(rows, columns=["change", "edge"]).drop_duplicates("edge")
    users = _users(altered.ground, altered.streets, table["edge"].tolist(), served)
    table = table.assign(
        unit_ids=[users.get(edge, []) for edge in table["edge"]],
        units=[len(users.get(edge, [])) for edge in table["edge"]],
    )
    order = np.lexsort((table["edge"], -table["units"].to_numpy()))
    table = table.iloc[order].reset_index(drop=True)
    return _measured(altered, table.assign(stretch=np.arange(1, len(table) + 1)))


def _no_detours() -> Detours:
    empty = gpd.GeoDataFrame({name: [] for name in COLUMNS}, geometry=[])
    return Detours(empty, empty[["change", "stretch", "geometry"]])


def _measured(altered: Altered, table: pd.DataFrame) -> Detours:
    """Add minutes before and after to the stretches, and the ways around the first of them."""
    streets, edges = altered.streets, table["edge"].to_numpy(np.int64)
    network, left = streets.network, altered.network(winter_ratio(altered.what_if))
    start, end = network.source[edges], network.target[edges]
    after = np.full(len(edges), np.nan)
    ways: list[tuple[int, int, shapely.Geometry]] = []
    graph, number = _graph(left, streets), _edge_numbers(left)
    for at in range(min(len(edges), STRETCHES_MOST)):
        minutes, back = csgraph.dijkstra(graph, indices=int(start[at]), return_predecessors=True)
        after[at] = minutes[end[at]]
        if np.isfinite(after[at]):
            shape = _drawn(altered.lines, left, number, _chain(back, int(start[at]), int(end[at])))
            ways.append((int(table["change"].iloc[at]), int(table["stretch"].iloc[at]), shape))
    before = network.travel_min[edges]
    told = table.assign(
        length_m=network.length_m[edges], before_min=before, after_min=after, added_min=after - before
    )
    return Detours(
        gpd.GeoDataFrame(told[COLUMNS], geometry=altered.lines.edge_shapes(edges), crs=streets.crs),
        gpd.GeoDataFrame(
            {"change": [w[0] for w in ways], "stretch": [w[1] for w in ways]},
            geometry=[w[2] for w in ways],
            crs=streets.crs,
        ),
    )


def _graph(network: Network, streets: Streets) -> object:
    """Minutes between neighbouring nodes, over gaps of the drawing too where the ground assumes a link."""
    assumed = streets.roads.assumed
    ends = assumed["source"].to_numpy(), assumed["target"].to_numpy()
    start, end, minutes = network.arcs()
    return arc_matrix(
        np.concatenate([start, *ends]),
        np.concatenate([end, *ends[::-1]]),
        np.concatenate([minutes, assumed["travel_min"], assumed["travel_min"]]),
        len(network.x),
    )


def _edge_numbers(network: Network) -> dict[tuple[int, int], int]:
    """Return the quickest edge from each node to each neighbour."""
    slowest_first = np.argsort(-network.travel_min, kind="stable")
    found = {}
    for edge in slowest_first.tolist():
        pair = int(network.source[edge]), int(network.target[edge])
        found[pair] = edge
        if not network.is_oneway[edge]:
            found[pair[::-1]] = edge
    return found


def _chain(back: Ints, start: int, end: int) -> list[int]:
    """Return the nodes from start to end along the predecessors."""
    nodes = [end]
    while nodes[-1] != start and back[nodes[-1]] >= 0:
        nodes.append(int(back[nodes[-1]]))
    return nodes[::-1]


def _drawn(
    lines: Lines, network: Network, number: dict[tuple[int, int], int], nodes: list[int]
) -> shapely.Geometry:
    """Return the way along some nodes; what no road table has (planned links, assumed ones) is straight."""
    shapes = []
    for ends in itertools.pairwise(nodes):
        line = int(network.line[number[ends]]) if ends in number else -1
        spots = [(network.x[node], network.y[node]) for node in ends]
        shapes.append(shapely.LineString(spots) if line < 0 else lines.part_of_line(line, ends))
    return shapely.line_merge(shapely.MultiLineString([list(shape.coords) for shape in shapes]))


def _users(ground: Ground, streets: Streets, edges: list[int], served: pd.DataFrame) -> dict[int, list[str]]:
    """Return, for each closed edge, the units whose quickest way from their base led over it."""
    if not edges:
        return {}
    network = streets.network
    quickest = _edge_numbers(network)
    closed = {pair: edge for pair, edge in quickest.items() if edge in set(edges)}
    asked = served[served["is_needed"] & served["out_min"].notna()]
    node = ground.units["node"].astype(int)
    found: dict[int, set[str]] = defaultdict(set)
    graph = _graph(network, streets)
    for base, rows in asked.groupby("base_id", sort=True):
        start = int(node[base])
        _, back = csgraph.dijkstra(graph, indices=start, return_predecessors=True)
        for unit in rows["unit_id"]:
            at = int(node[unit])
            while at != start and back[at] >= 0:
                before = int(back[at])
                if (before, at) in closed:
                    found[closed[before, at]].add(str(unit))
                at = before
    return {edge: sorted(units) for edge, units in found.items()}
