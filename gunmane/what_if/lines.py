"""Which line of the road table each edge of a network lies on: what is near a place, and the shape of an edge."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import shapely
from shapely.ops import substring

from gunmane.graph import Ints, Network
from gunmane.scenario import Ground

# Lines as near as that lie at the same place: coordinates of ledgers are not finer.
SAME_PLACE_M = 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class Lines:
    """
    The lines that the edges of a network lie on.

    Parameters
    ----------
    network
        The network.
    shapes
        Line of each row of the road table.
    tree, rows
        The rows that edges lie on, for looking up what is near, and their numbers.
    """

    network: Network
    shapes: npt.NDArray[Any]
    tree: shapely.STRtree
    rows: Ints

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
        nearest = float(shapely.distance(self.shapes[self.rows[found[0]]], spot))
        near = self.tree.query(spot, predicate="dwithin", distance=nearest + SAME_PLACE_M)
        edges = self.edges_of_lines(self.rows[near])
        away = shapely.distance(self.edge_shapes(edges), spot)
        return int(edges[np.flatnonzero(away <= away.min() + SAME_PLACE_M)[0]]), nearest

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


def take_lines(ground: Ground, network: Network) -> Lines:
    """Return the lines of a ground's road table under its network."""
    rows = np.unique(network.line)
    shapes = np.asarray(ground.roads.geometry.array, dtype=object)
    return Lines(network, shapes, shapely.STRtree(shapes[rows]), rows)
