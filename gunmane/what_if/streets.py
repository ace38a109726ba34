"""The roads of a ground ready for changes: which stretch lies where, and the minutes when some cannot be driven."""

from __future__ import annotations

import dataclasses
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj
import shapely
from shapely.ops import substring

from gunmane.assumptions import load_assumptions
from gunmane.errors import PlanError
from gunmane.graph import Bools, Floats, Ints, Network
from gunmane.network import build_network, rural_edges
from gunmane.robustness.roads import Roads, join_roads
from gunmane.robustness.ways import minutes_between
from gunmane.scenario import Ground
from gunmane.units import make_units

LON_LAT = 4326
# Lines as near as that lie at the same place: coordinates of ledgers are not finer.
SAME_PLACE_M = 0.05
Matrix = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class Streets:
    """
    The roads that a ground's minutes rest on.

    Parameters
    ----------
    crs
        Plane zone of the ground.
    network
        Its network with the gaps of the drawing.
    node_unit
        Unit of each node, -1 outside the region.
    roads
        The same network taken apart (`robustness.roads`).
    is_against
        Pairs of units between which one-way is ignored: it alone would stop the way (`units.travel_matrix`).
    shapes
        Line of each row of the road table.
    tree, lines
        The rows that edges lie on, for looking up what is near, and their numbers.
    """

    crs: Any
    network: Network
    node_unit: Ints
    roads: Roads
    is_against: Bools
    shapes: npt.NDArray[Any]
    tree: shapely.STRtree
    lines: Ints

    def minutes(self, roads: Roads, travel_min: Floats, *, slower: float = 1.0) -> Matrix:
        """
        Return the minutes between all units.

        Parameters
        ----------
        roads
            The roads, or these with planned links.
        travel_min
            Minutes of each of their edges; infinite where nobody can drive.
        slower
            What the minutes over gaps of the drawing are multiplied by.
        """
        gaps = roads.assumed["travel_min"].to_numpy() * slower
        against = np.where(roads.network.is_oneway, np.inf, travel_min)
        found = minutes_between(roads.ways, np.concatenate([travel_min, against, gaps, gaps]))
        found = found[np.ix_(roads.position, roads.position)]
        if self.is_against.any():
            both = minutes_between(roads.ways, np.concatenate([travel_min, travel_min, gaps, gaps]))
            found = np.where(self.is_against, both[np.ix_(roads.position, roads.position)], found)
        return np.ascontiguousarray(found)

    def edges_of_lines(self, rows: npt.ArrayLike) -> Ints:
        """Return the edges that lie on rows of the road table."""
        return np.flatnonzero(np.isin(self.network.line, rows)).astype(np.int32)

    def edge_near(self, x: float, y: float) -> tuple[int, float]:
        """
        Return the edge nearest to a place, and the metres to it.

        Parameters
        ----------
        x, y
            The place (m, plane zone of the ground).

        Returns
        -------
        edge, away_m
            Among edges at one place the first counts, whatever the order of the road table; -1 and infinite where
            there are no roads.
        """
        spot = shapely.Point(x, y)
        found = self.tree.query_nearest(spot)
        if not len(found):
            return -1, float("inf")
        nearest = float(shapely.distance(self.shapes[self.lines[found[0]]], spot))
        near = self.tree.query(spot, predicate="dwithin", distance=nearest + SAME_PLACE_M)
        edges = self.edges_of_lines(self.lines[near])
        away = shapely.distance(self.edge_shapes(edges), spot)
        return int(edges[np.flatnonzero(away <= away.min() + SAME_PLACE_M)[0]]), nearest

    def node_near(self, x: float, y: float) -> tuple[int, float]:
        """Return the node nearest to a place (m), and the metres to it; -1 and infinite where there are none."""
        if not len(self.network.x):
            return -1, float("inf")
        away = np.hypot(self.network.x - x, self.network.y - y)
        node = int(np.argmin(away))
        return node, float(away[node])

    def edge_shapes(self, edges: Sequence[int] | npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the part of the road table's lines that each edge is."""
        network, shapes = self.network, np.empty(len(edges), dtype=object)
        for at, edge in enumerate(edges):
            ends = int(network.source[edge]), int(network.target[edge])
            shapes[at] = self.part_of_line(int(network.line[edge]), ends)
        return shapes

    def part_of_line(self, row: int, ends: tuple[int, int]) -> Any:
        """
        Return the part of a row's line between two of its nodes.

        Parameters
        ----------
        row
            Row of the road table.
        ends
            Numbers of the nodes; twice the same for a loop.
        """
        spots = [shapely.Point(self.network.x[node], self.network.y[node]) for node in ends]
        line = self.shapes[row]
        if line.geom_type != "LineString":
            return shapely.LineString(spots)
        begin, stop = sorted(float(line.project(spot)) for spot in spots)
        if begin == stop:
            # A loop comes back to where it began.
            return line if ends[0] == ends[1] else shapely.LineString(spots)
        return substring(line, begin, stop)

    def plane(self, lon: float, lat: float) -> tuple[float, float]:
        """Return a place in degrees as metres in the ground's plane zone."""
        change = pyproj.Transformer.from_crs(LON_LAT, self.crs, always_xy=True)
        x, y = change.transform(lon, lat)
        return float(x), float(y)


# By the ground itself: nobody finds the roads of a ground that he does not hold, and they go when it goes.
_KNOWN: weakref.WeakKeyDictionary[Ground, Streets] = weakref.WeakKeyDictionary()


def take_streets(ground: Ground) -> Streets:
    """
    Return the roads of a ground, built as `grounds.prepare_ground` does; once for every ground that is held.

    Raises
    ------
    PlanError
        If the roads do not give the ground's minutes (units whose roads are not at hand).
    """
    known = _KNOWN.get(ground)
    if known is None:
        known = _KNOWN[ground] = _built(ground)
    return known


def _built(ground: Ground) -> Streets:
    base = load_assumptions()
    network = build_network(ground.roads, assumptions=base, region=ground.region)
    if len(network.x) <= int(ground.units["node"].max()):
        raise PlanError("what_if_no_roads", region=ground.region.region_id)
    _, node_unit = make_units(network, ground.region)
    roads = join_roads(network, rural_edges(network, base, ground.region), ground.units, ground.links)
    lines = np.unique(network.line)
    shapes = np.asarray(ground.roads.geometry.array, dtype=object)
    nothing = np.zeros(ground.travel_min.shape, bool)
    tree = shapely.STRtree(shapes[lines])
    streets = Streets(ground.units.crs, network, node_unit, roads, nothing, shapes, tree, lines)
    directed = streets.minutes(roads, network.travel_min)
    if network.is_oneway.any():
        streets = dataclasses.replace(streets, is_against=np.isinf(directed))
        directed = streets.minutes(roads, network.travel_min)
    if not np.allclose(directed, ground.travel_min, rtol=1e-4, atol=1e-3):
        raise PlanError("what_if_no_roads", region=ground.region.region_id)
    return streets


def with_edges(roads: Roads, table: pd.DataFrame, units: pd.DataFrame, links: pd.DataFrame) -> Roads:
    """
    Return roads with more edges, open in both directions.

    Parameters
    ----------
    roads
        The roads.
    table
        `source, target` (nodes), `length_m`, `speed_kmh`, `travel_min`, `road_class` (code).
    units, links
        Of the ground.
    """
    network = added(roads.network, table)
    is_rural = np.concatenate([roads.is_rural, np.ones(len(table), bool)])
    return join_roads(network, is_rural, units, links)


def added(network: Network, table: pd.DataFrame) -> Network:
    """Return a network with more edges; see `with_edges`."""
    more = {name: table[name].to_numpy() for name in ("length_m", "speed_kmh", "travel_min")}
    columns: dict[str, Any] = {
        **more,
        "source": table["source"].to_numpy(np.int32),
        "target": table["target"].to_numpy(np.int32),
        "road_class": table["road_class"].to_numpy(np.int8),
        "is_oneway": np.zeros(len(table), bool),
        # No row of the road table is theirs.
        "line": np.full(len(table), -1, np.int32),
    }
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(network, name), rows]) for name, rows in columns.items()
    }
    return dataclasses.replace(network, **joined)
