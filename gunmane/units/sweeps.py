"""Which unit each road node belongs to: sweeps from the units' nodes."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gunmane.assumptions import Assumptions
from gunmane.graph import Bools, Floats, Ints, Network, nearest_source


def node_municipality(network: Network, municipalities: gpd.GeoDataFrame) -> Ints:
    """
    Return the row of `municipalities` in which each node lies; -1 outside all.

    A node on a border belongs to the municipality with the smaller code.
    """
    inside = np.full(len(network.x), -1, np.int32)
    ranked = np.argsort(municipalities.index.to_numpy().astype(str), kind="stable")
    for row in ranked[::-1]:
        area = municipalities.geometry.iloc[row]
        shapely.prepare(area)
        inside[shapely.intersects_xy(area, network.x, network.y)] = row
    return inside


def open_gaps(network: Network, town_nodes: npt.ArrayLike, assumptions: Assumptions) -> Bools:
    """
    Return which gaps of the drawing may be driven over.

    Those up to `drawing_gap_max_m`; and up to `piece_gap_max_m` (to which the network has them) those that lead
    to roads without a town point. Roads with a town point farther away are an island.

    Parameters
    ----------
    network
        The network.
    town_nodes
        Nodes of the units that have a town point.
    assumptions
        Gives `drawing_gap_max_m`.
    """
    has_town = np.zeros(int(network.component.max()) + 1 if len(network.component) else 0, bool)
    has_town[network.component[np.asarray(town_nodes, np.int32)]] = True
    both = has_town[network.component[network.gap_source]] & has_town[network.component[network.gap_target]]
    return (network.gap_m <= assumptions.value("drawing_gap_max_m")) | ~both


def sweep_by_municipality(
    graph: Any, nodes: Ints, unit_muni: npt.NDArray, node_muni: npt.NDArray
) -> tuple[Ints, Floats]:
    """
    Sweep each municipality from its own units; the roads of others may be driven on.

    Parameters
    ----------
    graph
        Minutes between neighbouring nodes, one-way ignored.
    nodes, unit_muni
        Node and municipality of each unit; two units may share a node only in different municipalities.
    node_muni
        Municipality of each node.

    Returns
    -------
    label, minutes
        Nearest unit of a node's own municipality (-1 where none leads there), and the minutes from its node.
    """
    label = np.full(len(node_muni), -1, np.int32)
    minutes = np.full(len(node_muni), np.inf)
    for muni in np.unique(unit_muni):
        units = np.flatnonzero(unit_muni == muni)
        away, position = nearest_source(graph, nodes[units])
        own = (node_muni == muni) & (position >= 0)
        label[own] = units[position[own]]
        minutes[own] = away[own]
    return label, minutes


def fragment_lengths(network: Network, fragment: npt.NDArray) -> pd.Series:
    """
    Return the metres of road of each fragment.

    Parameters
    ----------
    network
        The network.
    fragment
        Number of the fragment of each node, -1 for none; half of each edge counts for each of its ends.
    """
    ends = np.concatenate([fragment[network.source], fragment[network.target]])
    half = np.concatenate([network.length_m, network.length_m]) / 2
    known = ends >= 0
    return pd.Series(half[known]).groupby(ends[known]).sum()
