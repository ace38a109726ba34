"""Steps (a) to (c): lines to a network, shortest paths, contiguity, each beside networkx, osmnx and libpysal."""

from __future__ import annotations

import collections
import itertools
from collections.abc import Callable, Iterator

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from scipy.sparse import csgraph

from bench.measure import timed
from bench.rows import OURS, Row
from bench.world import World
from gunmane.graph import nearest_source
from gunmane.network import build_network
from gunmane.units import link_units, make_units, travel_matrix

Progress = Callable[[str], None]
LOCAL_SPEED_M_PER_MIN = 500.0
GRID_M = 0.001
SAMPLED_SOURCES = 8
SAMPLED_PAIRS = 10
OSMNX_SPEEDS = {"road": 30.0}


# -- (a) lines to a network ---------------------------------------------------------------------------------


def build_steps(world: World, bound_s: float, tell: Progress) -> Iterator[Row]:
    """Lines to a network, and edges that are already cut to a graph."""
    step = "(a) road lines to a network"
    roads = world.roads
    tell(step)
    yield _row(step, OURS, _ours(world), bound_s, "true crossings, bridges, gaps and speeds included")
    yield _row(
        step, "networkx loop", lambda: _loop(roads), bound_s, "cut at shared vertices only, no crossings"
    )
    yield _row(
        step,
        "shapely.union_all + networkx loop",
        lambda: _union(roads),
        bound_s,
        "cut at every crossing, bridges too; classes and one-way lost",
    )
    yield _row(
        step,
        "osmnx: every vertex a node, simplify_graph",
        lambda: _osmnx_whole(roads),
        bound_s,
        "no crossings; geometry and attributes kept",
    )
    step = "(a) edges already cut to a graph"
    tell(step)
    network = world.network
    nodes, edges = _osmnx_tables(world)
    yield _row(step, OURS, lambda: _size(network.matrix()), bound_s, "arrays (CSR): minutes only")
    yield _row(
        step, "networkx loop", lambda: f"{_graph(world).number_of_edges():,} arcs", bound_s, "minutes only"
    )
    yield _row(
        step,
        "osmnx.graph_from_gdfs",
        lambda: _osmnx_graph(nodes, edges),
        bound_s,
        "geometry and attributes kept; speeds and times added",
    )


def _row(step: str, method: str, function: Callable[[], object], bound_s: float, note: str = "") -> Row:
    run = timed(function, bound_s=bound_s)
    return Row(step, method, run, str(run.result) if run.result is not None else "", note)


def _ours(world: World) -> Callable[[], str]:
    def build() -> str:
        network = build_network(world.roads, assumptions=world.assumptions, region=world.region)
        return f"{len(network.x):,} nodes, {len(network.source):,} edges"

    return build


def _words(graph: nx.Graph) -> str:
    return f"{graph.number_of_nodes():,} nodes, {graph.number_of_edges():,} edges"


def _size(matrix: object) -> str:
    return f"{matrix.nnz:,} arcs"  # type: ignore[attr-defined]


def _points(line: shapely.LineString) -> list[tuple[float, float]]:
    return [(round(x, 3), round(y, 3)) for x, y, *_ in line.coords]


def _loop(roads: gpd.GeoDataFrame) -> str:
    """The loop that most scripts have: count vertices, cut where two lines share one, add edges."""
    lines = [_points(line) for line in roads.geometry]
    uses = collections.Counter(point for line in lines for point in set(line))
    return _words(_cut(lines, uses))


def _cut(lines: list[list[tuple[float, float]]], uses: dict[tuple[float, float], int]) -> nx.MultiGraph:
    graph = nx.MultiGraph()
    for line in lines:
        start, length = line[0], 0.0
        for last, here in itertools.pairwise(line):
            length += float(np.hypot(here[0] - last[0], here[1] - last[1]))
            if uses[here] > 1 or here == line[-1]:
                graph.add_edge(start, here, length_m=length, travel_min=length / LOCAL_SPEED_M_PER_MIN)
                start, length = here, 0.0
    return graph


def _union(roads: gpd.GeoDataFrame) -> str:
    noded = shapely.get_parts(shapely.union_all(roads.geometry.to_numpy(), grid_size=GRID_M))
    graph = nx.MultiGraph()
    for line in noded:
        points = _points(line)
        graph.add_edge(points[0], points[-1], length_m=line.length)
    return _words(graph)


def _osmnx_whole(roads: gpd.GeoDataFrame) -> str:
    import osmnx

    graph = nx.MultiDiGraph(crs=roads.crs.to_string(), simplified=False)
    number: dict[tuple[float, float], int] = {}
    for line in roads.geometry:
        points = _points(line)
        for point in points:
            if point not in number:
                number[point] = len(number)
                graph.add_node(number[point], x=point[0], y=point[1])
        for last, here in itertools.pairwise(points):
            a, b = number[last], number[here]
            length = float(np.hypot(here[0] - last[0], here[1] - last[1]))
            graph.add_edge(a, b, length=length, osmid=0, highway="road")
            graph.add_edge(b, a, length=length, osmid=0, highway="road")
    return _words(osmnx.simplify_graph(graph))


def _osmnx_tables(world: World) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    network = world.network
    nodes = gpd.GeoDataFrame(
        {"x": network.x, "y": network.y},
        geometry=gpd.points_from_xy(network.x, network.y),
        crs=world.roads.crs,
    )
    start = np.concatenate([network.source, network.target[~network.is_oneway]])
    end = np.concatenate([network.target, network.source[~network.is_oneway]])
    length = np.concatenate([network.length_m, network.length_m[~network.is_oneway]])
    ends = np.stack([np.column_stack([network.x[n], network.y[n]]) for n in (start, end)], axis=1)
    edges = gpd.GeoDataFrame(
        {"u": start, "v": end, "length": length, "highway": "road", "oneway": False},
        geometry=shapely.linestrings(ends),
        crs=world.roads.crs,
    )
    edges["key"] = edges.groupby(["u", "v"]).cumcount()
    return nodes, edges.set_index(["u", "v", "key"])


def _osmnx_graph(nodes: gpd.GeoDataFrame, edges: gpd.GeoDataFrame) -> str:
    import osmnx

    graph = osmnx.graph_from_gdfs(nodes, edges)
    graph = osmnx.routing.add_edge_speeds(graph, hwy_speeds=OSMNX_SPEEDS)
    graph = osmnx.routing.add_edge_travel_times(graph)
    return f"{graph.number_of_edges():,} arcs"


def _graph(world: World) -> nx.DiGraph:
    """Arcs of the network as a networkx graph; of parallel ones the quickest, as in ours."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(world.network.x)))
    for a, b, minutes in zip(*(array.tolist() for array in world.network.arcs()), strict=True):
        if not graph.has_edge(a, b) or graph[a][b]["travel_min"] > minutes:
            graph.add_edge(a, b, travel_min=minutes)
    return graph


# -- (b) shortest paths -------------------------------------------------------------------------------------


def path_steps(world: World, bound_s: float, tell: Progress) -> Iterator[Row]:
    """Minutes between all units, and from the nearest of several bases to every road."""
    nodes = world.units["node"].to_numpy()
    matrix = world.network.matrix()
    graph = _graph(world)
    step = "(b) minutes between all units"
    tell(step)
    yield _row(step, OURS, lambda: _pairs(travel_matrix(world.network, world.units)), bound_s)
    yield _row(
        step,
        "scipy.csgraph.dijkstra, not contracted",
        lambda: _pairs(csgraph.dijkstra(matrix, indices=nodes)[:, nodes]),
        bound_s,
        f"all {len(nodes):,} x {len(matrix.indptr) - 1:,} numbers in memory at once",
    )
    chosen = nodes[:: max(1, len(nodes) // SAMPLED_SOURCES)][:SAMPLED_SOURCES]
    run = timed(lambda: _nx_minutes(graph, chosen), bound_s=bound_s, factor=len(nodes) / len(chosen))
    words = _agreement(world, run.result, chosen)
    yield Row(step, "networkx", run, words, f"{len(chosen)} of {len(nodes):,} sources run, the rest reckoned")
    pairs = list(zip(nodes[:SAMPLED_PAIRS].tolist(), nodes[-SAMPLED_PAIRS:].tolist(), strict=True))
    run = timed(
        lambda: _osmnx_pairs(graph, pairs), bound_s=bound_s, factor=len(nodes) * len(nodes) / len(pairs)
    )
    note = f"{len(pairs)} of {len(nodes) ** 2:,} pairs run, the rest reckoned; returns whole paths"
    yield Row(step, "osmnx.shortest_path", run, str(run.result or ""), note)

    step = "(b) minutes from the nearest of 20 bases to every road"
    tell(step)
    bases = np.unique(nodes[:: max(1, len(nodes) // 20)][:20])
    yield _row(step, OURS, lambda: _reached(nearest_source(matrix, bases)[0]), bound_s)
    yield _row(step, "networkx", lambda: _nx_nearest(graph, bases), bound_s)


def _pairs(minutes: np.ndarray) -> str:
    return f"{np.isfinite(minutes).sum():,} pairs"


def _reached(minutes: np.ndarray) -> str:
    return f"{np.isfinite(minutes).sum():,} nodes"


def _nx_minutes(graph: nx.DiGraph, sources: np.ndarray) -> dict[int, dict[int, float]]:
    return {
        int(s): nx.single_source_dijkstra_path_length(graph, int(s), weight="travel_min") for s in sources
    }


def _agreement(world: World, found: dict[int, dict[int, float]] | None, sources: np.ndarray) -> str:
    if not isinstance(found, dict):
        return ""
    node = world.units["node"].to_numpy()
    ours = travel_matrix(world.network, world.units)
    place = {int(n): row for row, n in enumerate(node)}
    farthest = 0.0
    for source in sources.tolist():
        theirs = np.array([found[source].get(int(n), np.inf) for n in node])
        mine = ours[place[source]]
        both = np.isfinite(theirs) & np.isfinite(mine)
        farthest = max(farthest, float(np.abs(theirs[both] - mine[both]).max(initial=0.0)))
    return f"largest difference from ours {farthest:.1g} min"


def _osmnx_pairs(graph: nx.DiGraph, pairs: list[tuple[int, int]]) -> str:
    import osmnx

    multi = nx.MultiDiGraph(graph)
    paths = osmnx.shortest_path(
        multi, [a for a, _ in pairs], [b for _, b in pairs], weight="travel_min", cpus=1
    )
    return f"{sum(path is not None for path in paths)} paths"


def _nx_nearest(graph: nx.DiGraph, bases: np.ndarray) -> str:
    return f"{len(nx.multi_source_dijkstra_path_length(graph, set(bases.tolist()), weight='travel_min')):,} nodes"


# -- (c) contiguity -----------------------------------------------------------------------------------------


def link_steps(world: World, bound_s: float, tell: Progress) -> Iterator[Row]:
    """Whose roads are nearest to which unit, and which units touch."""
    step = "(c) management units and the links between them"
    tell(step)
    graph = nx.Graph()
    graph.add_nodes_from(range(len(world.network.x)))
    graph.add_weighted_edges_from(
        zip(*(array.tolist() for array in world.network.arcs(is_directed=False)), strict=True)
    )
    units, cells = world.units, world.units.geometry
    yield _row(step, OURS, lambda: _own_links(world), bound_s, "names, cells and pieces included")
    yield _row(
        step,
        "networkx.voronoi_cells, one run a municipality",
        lambda: _nx_links(world, graph),
        bound_s,
        "pieces that no own town reaches are lost",
    )
    for name, make in _pysal_weights().items():
        run = timed(lambda make=make: _pysal_links(make, units, cells), bound_s=bound_s)
        note = "neighbours in the plane, whether or not a road joins them; cells or nodes are given"
        yield Row(step, name, run, _link_words(world, run.result), note)


def _own_links(world: World) -> str:
    units, node_unit = make_units(world.network, world.region)
    links = link_units(world.network, units, node_unit, assumptions=world.assumptions)
    return f"{len(units):,} units, {len(links):,} links"


def _nx_links(world: World, graph: nx.Graph) -> str:
    units = world.units
    own = units["muni_code"].to_numpy()[world.node_unit]
    label = np.full(len(world.network.x), -1)
    for code, rows in units[~units["is_piece"]].groupby("muni_code"):
        cells = nx.voronoi_cells(graph, set(rows["node"].tolist()))
        for centre, members in cells.items():
            if centre == "unreachable":
                continue
            inside = np.fromiter(members, int)
            inside = inside[(own[inside] == code) & (world.node_unit[inside] >= 0)]
            label[inside] = centre
    links = {
        (min(label[a], label[b]), max(label[a], label[b]))
        for a, b in graph.edges()
        if label[a] >= 0 and label[b] >= 0 and label[a] != label[b]
    }
    return f"{len(np.unique(label[label >= 0])):,} units, {len(links):,} links"


def _pysal_weights() -> dict[str, Callable[[gpd.GeoDataFrame, gpd.GeoSeries], object]]:
    from libpysal import graph, weights

    return {
        "libpysal Queen": lambda units, cells: weights.Queen.from_dataframe(units, use_index=False),
        "libpysal KNN (4)": lambda units, cells: graph.Graph.build_knn(cells.centroid, k=4).to_W(),
    }


def _pysal_links(
    make: Callable[[gpd.GeoDataFrame, gpd.GeoSeries], object], units: gpd.GeoDataFrame, cells: gpd.GeoSeries
) -> set[tuple[int, int]]:
    found = make(units, cells)
    rows = {name: row for row, name in enumerate(found.id_order)}  # type: ignore[attr-defined]
    return {
        (min(rows[a], rows[b]), max(rows[a], rows[b]))
        for a, others in found.neighbors.items()  # type: ignore[attr-defined]
        for b in others
        if a != b
    }


def _link_words(world: World, found: set[tuple[int, int]] | None) -> str:
    if not isinstance(found, set):
        return "" if found is None else str(found)
    row = {unit: i for i, unit in enumerate(world.units.index)}
    pairs = zip(world.links["source_id"].map(row), world.links["target_id"].map(row), strict=True)
    ours = {(min(a, b), max(a, b)) for a, b in pairs}
    graph = nx.Graph(list(found))
    graph.add_nodes_from(range(len(row)))
    parts = nx.number_connected_components(graph)
    return (
        f"{len(found):,} links, {len(found - ours):,} of them without a road, {len(ours - found):,} of ours missing; "
        f"{parts} parts"
    )
