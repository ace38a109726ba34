"""Links: which units touch along a road, and the minutes between their nodes by that road."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import csgraph

from gunmane.assumptions import Assumptions
from gunmane.graph import Bools, Floats, Ints, Network, nearest_source
from gunmane.units.sweeps import open_gaps, sweep_by_municipality

UNITS_AT_ONCE = 64


def link_units(
    network: Network, units: gpd.GeoDataFrame, node_unit: Ints, *, assumptions: Assumptions
) -> pd.DataFrame:
    """
    Link units that touch along a road, or across an open gap of the drawing.

    The minutes of a link are the shortest over the edges that join both: from one unit's node to the edge, along
    it, and to the other's node; one-way is ignored. Nodes outside the region's municipalities belong to the unit
    nearest by road, so that two units joined by a road outside are linked too.

    Parameters
    ----------
    network
        The network.
    units, node_unit
        As `make_units` returns them.
    assumptions
        Gives `drawing_gap_max_m`.

    Returns
    -------
    links
        `schema.LINKS`, sorted; `is_assumed` where only a gap joins the two.
    """
    is_open = open_gaps(network, units["node"].to_numpy()[~units["is_piece"].to_numpy()], assumptions)
    label, minutes = _home_minutes(network, units, node_unit, is_open)
    start = np.concatenate([network.source, network.gap_source[is_open]])
    end = np.concatenate([network.target, network.gap_target[is_open]])
    along = np.concatenate([network.travel_min, network.gap_min[is_open]])
    is_gap = np.arange(len(start)) >= len(network.source)
    a, b = label[start], label[end]
    joins = (a != b) & (a >= 0) & (b >= 0)
    total = (minutes[start] + along + minutes[end])[joins]
    a, b, is_gap = a[joins], b[joins], is_gap[joins]
    table = pd.DataFrame({"one": np.minimum(a, b), "other": np.maximum(a, b), "gap": is_gap, "min": total})
    table = table[np.isfinite(table["min"])]
    extra = _roadless_links(units, label, minutes)
    table = pd.concat([table, extra], ignore_index=True).astype({"gap": bool})
    best = table.sort_values(["one", "other", "gap", "min"]).drop_duplicates(["one", "other"])
    return _as_links(best, units)


def _as_links(best: pd.DataFrame, units: gpd.GeoDataFrame) -> pd.DataFrame:
    ids = units.index.to_numpy().astype(str)
    muni = units["muni_code"].to_numpy()
    one, other = best["one"].to_numpy(int), best["other"].to_numpy(int)
    swap = ids[one] > ids[other]
    one, other = np.where(swap, other, one), np.where(swap, one, other)
    links = pd.DataFrame(
        {
            "source_id": pd.Series(ids[one], dtype="str"),
            "target_id": pd.Series(ids[other], dtype="str"),
            "travel_min": best["min"].to_numpy(np.float64),
            "crosses_border": muni[one] != muni[other],
            "is_assumed": best["gap"].to_numpy(bool),
        }
    )
    return links.sort_values(["source_id", "target_id"], ignore_index=True)


def _home_minutes(
    network: Network, units: gpd.GeoDataFrame, node_unit: Ints, is_open: Bools
) -> tuple[Ints, Floats]:
    """Unit of every node (outside the region: the nearest by road), and the minutes from that unit's node."""
    graph = network.matrix(is_directed=False, is_open=is_open)
    nodes = units["node"].to_numpy(np.int32)
    muni = pd.factorize(units["muni_code"], sort=True)[0]
    inside = node_unit >= 0
    node_muni = np.where(inside, muni[np.where(inside, node_unit, 0)], -1)
    label, minutes = sweep_by_municipality(graph, nodes, muni, node_muni)
    _set_right(graph, nodes, node_unit, label, minutes)

    has_road = np.isin(np.arange(len(nodes)), node_unit)
    rows = np.flatnonzero(has_road)
    away, position = nearest_source(graph, nodes[rows]) if len(rows) else (minutes, label)
    outside = ~inside & (position >= 0)
    full = node_unit.copy()
    full[outside] = rows[position[outside]]
    return full, np.where(inside, minutes, np.where(outside, away, np.inf))


def _set_right(graph: npt.ArrayLike, nodes: Ints, node_unit: Ints, label: Ints, minutes: Floats) -> None:
    """Set the minutes of nodes whose unit is not the nearest one across gaps (changes `minutes`)."""
    wrong = np.flatnonzero((node_unit >= 0) & (label != node_unit))
    needed = np.unique(node_unit[wrong])
    for begin in range(0, len(needed), UNITS_AT_ONCE):
        chunk = needed[begin : begin + UNITS_AT_ONCE]
        away = csgraph.dijkstra(graph, indices=nodes[chunk])
        own = wrong[np.isin(node_unit[wrong], chunk)]
        minutes[own] = away[np.searchsorted(chunk, node_unit[own]), own]


def _roadless_links(units: gpd.GeoDataFrame, label: Ints, minutes: Floats) -> pd.DataFrame:
    """Assumed links of units that hold no road: to the unit at whose node they stand."""
    empty = np.setdiff1d(np.arange(len(units)), label)
    node = units["node"].to_numpy()[empty]
    host = label[node]
    fits = (host >= 0) & (host != empty)
    empty, host = empty[fits], host[fits]
    return pd.DataFrame(
        {
            "one": np.minimum(empty, host),
            "other": np.maximum(empty, host),
            "gap": True,
            "min": minutes[units["node"].to_numpy()[empty]],
        }
    )
