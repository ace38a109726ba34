"""Assets to units: which part of which asset lies in which management unit."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gunmane.assumptions import Assumptions, load_assumptions
from gunmane.graph import Ints, Network

LINES = (1, 2, 5)  # GEOS types of lines, rings and multi-lines


@dataclasses.dataclass(frozen=True, eq=False)
class _Visits:
    """Places to visit: row of the asset, weight within it, x and y (m)."""

    row: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]
    xy: npt.NDArray[np.float64]


def place_assets(
    assets: gpd.GeoDataFrame,
    units: gpd.GeoDataFrame,
    node_unit: Ints,
    network: Network,
    *,
    assumptions: Assumptions | None = None,
) -> pd.DataFrame:
    """
    Divide assets among the units of their own municipality.

    Each place of an asset belongs to the unit of the nearest road (the nearer end of the nearest edge). Lines are
    cut at their vertices, and where those lie farther apart than `asset_cut_length_m`; each piece goes where its
    middle lies. An area is one place to visit, a point inside it. An asset whose municipality has no unit goes to
    the nearest unit of all, one without a place to the first unit of its municipality: none is lost.

    Parameters
    ----------
    assets
        `schema.ASSETS` with geometry in the plane zone of the network; `asset_id` unique.
    units, node_unit
        As `make_units` returns them.
    network
        The network.
    assumptions
        Gives `asset_cut_length_m`; None takes those that ship with gunmane.

    Returns
    -------
    shares
        `schema.SHARES`, sorted by asset and unit. Shares follow the length of lines and sum to 1 for each asset;
        `snap_m` is the mean distance from this part of the asset to the road (missing without a place).

    Raises
    ------
    ValueError
        If an `asset_id` occurs twice, or there is no unit.
    """
    if assets["asset_id"].duplicated().any() or len(units) == 0:
        twice = list(assets.loc[assets["asset_id"].duplicated(), "asset_id"][:3])
        msg = f"placing needs at least one unit and unique asset_id; repeated: {twice}"
        raise ValueError(msg)

    known = assumptions or load_assumptions()
    table = assets.reset_index(drop=True)
    shapes = np.asarray(table.geometry.array, dtype=object)
    visits = _visits(shapes, known.value("asset_cut_length_m"))
    muni = table["muni_code"].astype("str").to_numpy()
    unit, snap = _units_of_visits(visits, muni, units, node_unit, network)
    return _shares(table["asset_id"], units, visits, unit, snap)


def _visits(shapes: npt.NDArray, cut_m: float) -> _Visits:
    """Middles of the pieces of lines by their length, one point of everything else."""
    is_line = np.asarray(np.isin(shapely.get_type_id(shapes), LINES) & (shapely.length(shapes) > 0))
    lines = np.flatnonzero(is_line)
    parts, of_part = shapely.get_parts(shapes[lines], return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    leads = (part[:-1] == part[1:]) & (xy[1:] != xy[:-1]).any(axis=1)
    same = np.flatnonzero(leads)
    step = xy[same + 1] - xy[same]
    length = np.hypot(step[:, 0], step[:, 1])
    pieces = np.maximum(np.ceil(length / cut_m), 1).astype(np.int64)
    segment = np.repeat(np.arange(len(same)), pieces)
    place = np.arange(len(segment)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    ratio = (place + 0.5) / pieces[segment]
    middle = xy[same[segment]] + ratio[:, None] * step[segment]

    others = np.flatnonzero(~is_line)
    corners = shapely.bounds(shapely.point_on_surface(shapes[others]))  # missing for an empty point, no error
    at = corners[:, :2]
    row = np.concatenate([lines[of_part[part[same[segment]]]], others]).astype(np.int64)
    weight = np.concatenate([(length / pieces)[segment], np.ones(len(others))])
    return _Visits(row, weight, np.concatenate([middle, at]))


def _units_of_visits(
    visits: _Visits, muni: npt.NDArray, units: gpd.GeoDataFrame, node_unit: Ints, network: Network
) -> tuple[npt.NDArray, npt.NDArray]:
    """Row of the unit of each visit, and metres to its road; searched within each municipality."""
    road_xy, road_unit = _road_points(network, node_unit)
    unit_muni = units["muni_code"].astype("str").to_numpy()
    road_muni = unit_muni[road_unit]
    unit = np.full(len(visits.row), -1)
    snap = np.full(len(visits.row), np.nan)
    has_place = np.isfinite(visits.xy.sum(axis=1))
    visit_muni = muni[visits.row]
    for code in np.unique(visit_muni):
        rows = np.flatnonzero(visit_muni == code)
        own_units = np.flatnonzero(unit_muni == code)
        roads = np.flatnonzero(road_muni == code)
        searched = roads if len(roads) else np.arange(len(road_unit))
        placed = rows[has_place[rows]]
        if len(searched) and len(placed):
            snap[placed], near = cKDTree(road_xy[searched]).query(visits.xy[placed])
            unit[placed] = road_unit[searched[near]]
        if len(own_units) and not len(roads):
            unit[rows] = own_units[0]
        missing = rows[unit[rows] < 0]
        unit[missing] = own_units[0] if len(own_units) else 0
    return unit, snap


def _road_points(network: Network, node_unit: Ints) -> tuple[npt.NDArray, npt.NDArray]:
    """Points along the roads that belong to a unit, and its row."""
    has_points = len(network.point_x) > 0
    x, y = (network.point_x, network.point_y) if has_points else (network.x, network.y)
    unit = node_unit[network.point_node] if has_points else node_unit
    inside = np.flatnonzero(unit >= 0)
    order = inside[np.lexsort((unit[inside], y[inside], x[inside]))]
    return np.column_stack([x[order], y[order]]), unit[order]


def _shares(
    asset_id: pd.Series, units: gpd.GeoDataFrame, visits: _Visits, unit: npt.NDArray, snap: npt.NDArray
) -> pd.DataFrame:
    """Sum the pieces of each asset in each unit, and divide by the whole."""
    key = visits.row * len(units) + unit
    pairs, of_pair = np.unique(key, return_inverse=True)
    weight = np.bincount(of_pair, weights=visits.weight)
    away = np.bincount(of_pair, weights=visits.weight * snap)
    row, place = pairs // len(units), pairs % len(units)
    total = np.bincount(row, weights=weight)[row] if len(row) else weight
    shares = pd.DataFrame(
        {
            "asset_id": pd.Series(asset_id.astype("str").to_numpy()[row], dtype="str"),
            "unit_id": pd.Series(units.index.to_numpy().astype(str)[place], dtype="str"),
            "share": weight / total,
            "snap_m": away / weight,
        }
    )
    return shares.sort_values(["asset_id", "unit_id"], ignore_index=True)
