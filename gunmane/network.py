"""Road lines to a routable network as arrays: nodes, edges, speeds, components, gaps."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_array, csgraph
from scipy.spatial import cKDTree

from gunmane import schema
from gunmane.assumptions import Assumptions
from gunmane.graph import Bools, Floats, Ints, Network, travel_minutes
from gunmane.municipalities import Region
from gunmane.noding.edges import (
    Edges,
    Stops,
    divide_long_edges,
    join_loose_ends,
    make_edges,
    make_points,
    make_stops,
)
from gunmane.noding.gaps import find_gaps
from gunmane.noding.junctions import find_junctions
from gunmane.noding.lines import Lines, take_lines
from gunmane.travel import MINUTES_PER_HOUR

__all__ = ["Network", "at_speeds", "build_network", "rural_edges", "speed_of_class", "travel_minutes"]

M_PER_KM = 1000
URBAN_RADIUS_M = 1000  # the unit of the assumption `urban_people_within_1km`
SPEED_KEYS = {
    "unknown": "speed_kmh_unknown_class",
    "expressway": "speed_kmh_expressway",
    "national": "speed_kmh_national_road",
    "prefectural": "speed_kmh_prefectural_road",
}


def build_network(
    roads: gpd.GeoDataFrame,
    *,
    assumptions: Assumptions,
    snap_tolerance_m: float | None = None,
    region: Region | None = None,
) -> Network:
    """
    Make road lines routable.

    Parts of multi-lines are taken apart; lines are cut at shared vertices, touches and crossings (unless a
    bridge, tunnel or other level says that they pass); loose ends within the tolerance are joined; the same line
    drawn twice counts once; edges longer than `network_edge_max_m` are divided.

    Parameters
    ----------
    roads
        Lines in a metric CRS with columns of `schema.ROADS`; missing columns mean unknown class, two-way, on the
        ground. One-way lines run along their own direction.
    assumptions
        Speeds by class (km/h), `network_snap_tolerance_m`, `network_edge_max_m`, `piece_gap_max_m`,
        `asset_cut_length_m`, `urban_people_within_1km`, `speed_factor_rural`, `straight_line_detour_ratio`.
    snap_tolerance_m
        Tolerance (m, >= 0) in place of the assumption.
    region
        Gives the people and town points that tell built-up roads from rural ones, and the border for `lines_outside`;
        without it every road has the speed of built-up areas.

    Returns
    -------
    network
        Several components are normal; an empty table gives an empty network.

    Raises
    ------
    ValueError
        If the roads are not in a metric CRS, or the tolerance is negative.
    """
    if roads.crs is not None and roads.crs.is_geographic:
        msg = f"roads need a metric CRS, not {roads.crs.to_string()}"
        raise ValueError(msg)
    tolerance = (
        assumptions.value("network_snap_tolerance_m") if snap_tolerance_m is None else snap_tolerance_m
    )
    if not tolerance >= 0:
        msg = f"snap_tolerance_m must be >= 0, not {tolerance}"
        raise ValueError(msg)

    lines, facts = take_lines(roads)
    noding = find_junctions(lines)
    same = np.arange(len(noding.xy))
    drawn = make_edges(make_stops(lines, noding, noding.cuts, same))
    cuts, merged, snapped = join_loose_ends(lines, noding, drawn, tolerance_m=tolerance)
    cuts = noding.cuts.joined(cuts)
    edges = make_edges(make_stops(lines, noding, cuts, merged))
    limit_m = assumptions.value("network_edge_max_m")
    more, added_xy = divide_long_edges(lines, edges, limit_m=limit_m, first=len(noding.xy))
    merged = np.concatenate([merged, len(noding.xy) + np.arange(len(added_xy))])
    stops = make_stops(lines, noding, cuts.joined(more), merged)
    places = np.concatenate([noding.xy, added_xy])
    network = _network(lines, make_edges(stops), stops, places, assumptions)
    if region is not None:
        network = _with_rural_speeds(network, assumptions, region)
    facts |= {
        "split_crossings": float(noding.crossings),
        "passed_crossings": float(noding.passed),
        "snapped_gaps": float(snapped),
        "divided_edges": float(len(added_xy)),
    }
    facts |= _counts(network, lines) | _outside(roads, region)
    return dataclasses.replace(_with_gaps(network, assumptions), facts=facts)


def _network(lines: Lines, edges: Edges, stops: Stops, places: Floats, assumptions: Assumptions) -> Network:
    """Nodes numbered by place, edges in their order, speeds of built-up areas, points along the roads."""
    used = np.unique(np.concatenate([edges.source, edges.target]))
    order = np.lexsort((used, places[used, 1], places[used, 0]))
    number = np.full(len(places), -1, np.int32)
    number[used[order]] = np.arange(len(used), dtype=np.int32)

    length = edges.end_m - edges.start_m
    road_class, is_oneway = lines.road_class[edges.part], lines.is_oneway[edges.part]
    source, target = number[edges.source], number[edges.target]
    rank = np.lexsort((is_oneway, road_class, length, target, source))
    speed = speed_of_class(assumptions)[road_class]
    component = _components(source, target, length, len(used))
    px, py, junction, away = make_points(stops, spacing_m=assumptions.value("asset_cut_length_m"))
    return Network(
        x=places[used[order], 0],
        y=places[used[order], 1],
        source=source[rank],
        target=target[rank],
        length_m=length[rank],
        speed_kmh=speed[rank],
        travel_min=(length / M_PER_KM / speed * MINUTES_PER_HOUR)[rank],
        road_class=road_class[rank],
        is_oneway=is_oneway[rank],
        line=lines.row[edges.part][rank],
        component=component,
        facts={},
        point_x=px,
        point_y=py,
        point_node=number[junction],
        point_m=away,
    )


def speed_of_class(assumptions: Assumptions) -> Floats:
    """Speed (km/h) of each class of `schema.ROAD_CLASSES` in built-up areas; farm and forest as municipal."""
    keys = [SPEED_KEYS.get(name, "speed_kmh_municipal_road") for name in schema.ROAD_CLASSES]
    return np.array([assumptions.value(key) for key in keys])


def _components(source: Ints, target: Ints, length_m: Floats, count: int) -> Ints:
    """Component of each node, numbered by length; the one with the smallest node first among equals."""
    if count == 0:
        return np.empty(0, np.int32)
    pairs = coo_array((np.ones(len(source)), (source, target)), shape=(count, count))
    found, label = csgraph.connected_components(pairs, directed=False)
    total = np.bincount(label[source], weights=length_m, minlength=found)
    smallest = np.full(found, count)
    np.minimum.at(smallest, label, np.arange(count))
    rank = np.empty(found, np.int32)
    rank[np.lexsort((smallest, -np.round(total, 3)))] = np.arange(found, dtype=np.int32)
    return rank[label]


def _with_rural_speeds(network: Network, assumptions: Assumptions, region: Region) -> Network:
    """Multiply speeds outside built-up areas: those of the assumptions hold inside densely inhabited districts."""
    factor = np.where(rural_edges(network, assumptions, region), assumptions.value("speed_factor_rural"), 1.0)
    return dataclasses.replace(
        network, speed_kmh=network.speed_kmh * factor, travel_min=network.travel_min / factor
    )


def rural_edges(network: Network, assumptions: Assumptions, region: Region) -> Bools:
    """
    Tell which edges lie outside built-up areas.

    No table of the project has the borders of the densely inhabited districts. An edge counts as built up when
    enough people live within 1 km of the middle between its ends, the people of a municipality spread evenly over
    its town points. (Town points alone tell little: they stand as close in small castle towns as in cities.) Where
    no population is known, every edge counts as built up.

    Parameters
    ----------
    network, region
        The roads, and the people and town points along them.
    assumptions
        Gives `urban_people_within_1km`.
    """
    towns = region.towns
    known = region.statistics.get("population", pd.Series(dtype="float64"))
    people_per_town = (known / towns.groupby("muni_code").size()).dropna()
    if people_per_town.empty or len(network.source) == 0:
        return np.zeros(len(network.source), bool)
    middle_x = (network.x[network.source] + network.x[network.target]) / 2
    middle_y = (network.y[network.source] + network.y[network.target]) / 2
    middle = np.column_stack([middle_x, middle_y])
    people = np.zeros(len(middle))
    for code, per_town in people_per_town.sort_index().items():
        own = towns[towns["muni_code"] == code].geometry
        tree = cKDTree(np.column_stack([own.x, own.y]))
        people += per_town * tree.query_ball_point(middle, URBAN_RADIUS_M, return_length=True)
    is_rural: Bools = people < assumptions.value("urban_people_within_1km")
    return is_rural


def at_speeds(network: Network, assumptions: Assumptions, is_rural: Bools) -> Network:
    """
    Return the same roads driven at the speeds of other assumptions, without the gaps between their components.

    Parameters
    ----------
    network
        The roads.
    assumptions
        Speeds by class (km/h) and `speed_factor_rural`.
    is_rural
        Which edges lie outside built-up areas (`rural_edges`).
    """
    factor = np.where(is_rural, assumptions.value("speed_factor_rural"), 1.0)
    speed = speed_of_class(assumptions)[network.road_class] * factor
    minutes = network.length_m / M_PER_KM / speed * MINUTES_PER_HOUR
    return dataclasses.replace(
        network,
        speed_kmh=speed,
        travel_min=minutes,
        gap_source=network.gap_source[:0],
        gap_target=network.gap_target[:0],
        gap_m=network.gap_m[:0],
        gap_min=network.gap_min[:0],
    )


def _with_gaps(network: Network, assumptions: Assumptions) -> Network:
    """Add the gaps between components; driven at the speed of an unknown road, longer than the straight line."""
    gaps = find_gaps(network, limit_m=assumptions.value("piece_gap_max_m"))
    road_m = gaps.length_m * assumptions.value("straight_line_detour_ratio") + gaps.along_m
    minutes = road_m / M_PER_KM / assumptions.value("speed_kmh_unknown_class") * MINUTES_PER_HOUR
    return dataclasses.replace(
        network, gap_source=gaps.source, gap_target=gaps.target, gap_m=gaps.length_m, gap_min=minutes
    )


def _counts(network: Network, lines: Lines) -> dict[str, float]:
    total = float(network.length_m.sum())
    unknown = float(network.length_m[network.road_class == 0].sum())
    main = network.component[network.source] == 0
    return {
        "length_m": total,
        "line_count": float(len(lines.row)),
        "node_count": float(len(network.x)),
        "edge_count": float(len(network.source)),
        "component_count": float(network.component.max() + 1) if len(network.component) else 0.0,
        "longest_component_share": float(network.length_m[main].sum()) / total if total else 0.0,
        "unknown_class_share": unknown / total if total else 0.0,
        "oneway_count": float(lines.is_oneway.sum()),
    }


def _outside(roads: gpd.GeoDataFrame, region: Region | None) -> dict[str, float]:
    """How many lines lie wholly outside the region; they serve routing only."""
    if region is None or len(roads) == 0:
        return {}
    area = shapely.union_all(region.municipalities.geometry.to_numpy())
    shapely.prepare(area)
    shapes = np.asarray(roads.geometry.array, dtype=object)
    drawn = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    return {"lines_outside": float(np.sum(~shapely.intersects(area, drawn)))}
