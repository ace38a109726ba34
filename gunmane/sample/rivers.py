"""Streams that run downhill to the coast or out of the region, and the rivers that towns keep."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from gunmane.assumptions import Assumptions
from gunmane.sample.curves import bend_edges
from gunmane.sample.land import Floats, Ints, Land, Terrain, rng_of
from gunmane.sample.rows import built_years, make_rows, nth, place_names

STREAM_STEP_M = 260.0
BORDER_LIFT_M = 45.0  # water prefers the coast to a land border of equal height


@dataclasses.dataclass(frozen=True, eq=False)
class Streams:
    """
    A tree of streams, one row a link to the next point downstream.

    Parameters
    ----------
    xy
        Points (m).
    upper, lower
        Ends of each link.
    muni
        Municipality of each link.
    catchment
        Points that drain through the link.
    coords
        Vertices (link, vertex, 2), upstream end first.
    length_m
        Length of each link (m).
    """

    xy: Floats
    upper: Ints
    lower: Ints
    muni: Ints
    catchment: Ints
    coords: Floats
    length_m: Floats


def draw_streams(land: Land, terrain: Terrain, *, seed: int) -> Streams:
    """
    Return the streams of a region: every point drains over the lowest pass, to the coast where there is one.

    The minimum spanning tree over heights, rooted outside, is the drainage of a terrain whose pits are filled
    (priority flood: Barnes et al. 2014, doi:10.1016/j.cageo.2013.04.024).
    """
    rng = rng_of(f"streams/{land.region.region_id}", seed=seed)
    west, south, east, north = land.whole.bounds
    x, y = np.meshgrid(np.arange(west, east, STREAM_STEP_M), np.arange(south, north, STREAM_STEP_M))
    xy = np.column_stack([x.ravel(), y.ravel()])
    xy = xy + rng.uniform(-0.42, 0.42, xy.shape) * STREAM_STEP_M
    muni = land.muni_of(xy)
    xy, muni = xy[muni >= 0], muni[muni >= 0]
    back, order = _drainage(land, terrain, xy)
    catchment = np.ones(len(xy) + 1, dtype=np.int64)
    for node in order[:0:-1].tolist():
        catchment[back[node]] += catchment[node]
    upper = np.flatnonzero((back[:-1] >= 0) & (back[:-1] < len(xy)))
    lower = back[upper].astype(np.int64)
    lean = rng.normal(0, 0.3, len(upper))
    rank = -np.log2(catchment[upper]).astype(np.int64)
    coords, length = bend_edges(xy, upper, lower, rank - rank.min(initial=0), lean, point_count=6)
    return Streams(xy, upper, lower, muni[upper], catchment[upper], coords, length)


def _drainage(land: Land, terrain: Terrain, xy: Floats) -> tuple[Ints, Ints]:
    corners = Delaunay(xy).simplices.astype(np.int64)
    ends = np.sort(np.vstack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]]), axis=1)
    ends = np.unique(ends[:, 0] * len(xy) + ends[:, 1])
    u, v = ends // len(xy), ends % len(xy)
    length = np.hypot(*(xy[u] - xy[v]).T)
    u, v, length = (
        u[length < 4 * STREAM_STEP_M],
        v[length < 4 * STREAM_STEP_M],
        length[length < 4 * STREAM_STEP_M],
    )
    middle = (xy[u] + xy[v]) / 2
    is_dry = shapely.contains_xy(land.whole, middle[:, 0], middle[:, 1])
    u, v, length = u[is_dry], v[is_dry], length[is_dry]
    height = terrain.heights(xy)
    far, nearest = cKDTree(land.border_xy).query(xy)
    mouths = np.flatnonzero(far < 1.2 * STREAM_STEP_M)
    lift = np.where(land.border_is_coast[nearest[mouths]], 0.0, height[mouths] + BORDER_LIFT_M)
    cost = 1 + np.concatenate([np.maximum(height[u], height[v]) + length * 1e-4, lift])
    root = len(xy)
    rows, cols = np.concatenate([u, mouths]), np.concatenate([v, np.full(len(mouths), root)])
    tree = minimum_spanning_tree(coo_matrix((cost, (rows, cols)), shape=(root + 1, root + 1)))
    order, back = breadth_first_order(tree, root, directed=False, return_predecessors=True)
    return back, order


def draw_rivers(
    land: Land, streams: Streams, *, assumptions: Assumptions, seed: int
) -> tuple[gpd.GeoDataFrame | None, dict[str, dict[str, Any]]]:
    """
    Return the rivers that towns keep, where a number of them is known or assumed, and what was made.

    Parameters
    ----------
    land, streams
        The ground and its streams.
    assumptions
        `sample_river_count_CODE` and `sample_river_km_CODE` name the municipalities that have some.
    seed
        Seed of the sample.
    """
    parts, facts = [], {}
    for i, code in enumerate(land.codes):
        key = f"sample_river_count_{code}"
        if key not in assumptions.table.index:
            continue
        rng = rng_of(f"rivers/{code}", seed=seed)
        count, goal_m = int(assumptions.value(key)), 1_000 * assumptions.value(f"sample_river_km_{code}")
        lines = _river_lines(streams, i, count, goal_m, rng)
        part = _river_rows(land, i, lines, assumptions=assumptions, rng=rng)
        parts.append(part)
        made = round(float(part["length_m"].sum()))
        is_estimated = assumptions.confidence(key) == "E"
        facts[code] = {
            "rivers": len(part),
            "river_m": made,
            "river_target_m": goal_m,
            "rivers_estimated": is_estimated,
        }
    return (pd.concat(parts, ignore_index=True) if parts else None), facts


def _river_lines(
    streams: Streams, muni: int, count: int, goal_m: float, rng: np.random.Generator
) -> list[Any]:
    """Stems of the stream tree, each from its mouth upstream, cut to lengths that sum to the goal."""
    links = np.flatnonzero(streams.muni == muni)
    by_lower: dict[int, list[int]] = {}
    for link in links[np.argsort(streams.catchment[links], kind="stable")].tolist():
        by_lower.setdefault(int(streams.lower[link]), []).append(link)
    has_above = np.zeros(len(streams.xy), dtype=bool)
    has_above[streams.upper[links]] = True
    stems = []
    for link in links[np.argsort(-streams.catchment[links], kind="stable")].tolist():
        siblings = by_lower[int(streams.lower[link])]
        if siblings[-1] == link and has_above[streams.lower[link]]:
            continue
        stem = [link]
        while (above := by_lower.get(int(streams.upper[stem[-1]]))) is not None:
            stem.append(above[-1])
        stems.append((float(streams.length_m[stem].sum()), stem))
    wish = np.sort(rng.lognormal(0, 0.5, count))[::-1]
    wish *= goal_m / wish.sum()
    # The longest stems are rivers of the state or the prefecture; towns keep the next ones.
    stems = sorted(stems, key=lambda s: (-round(s[0], 2), s[1][0]))
    skip = min(max(0, len(stems) - count), max(0, sum(length > wish[0] * 2 for length, _ in stems)))
    stems = stems[skip : skip + count]
    got = np.minimum(wish[: len(stems)], [length for length, _ in stems])
    room = np.array([length for length, _ in stems]) - got
    got += room * min(1.0, max(0.0, goal_m - got.sum()) / max(room.sum(), 1e-9))
    return [_cut(streams, stem, length) for (_, stem), length in zip(stems, got, strict=True)]


def _cut(streams: Streams, stem: list[int], length_m: float) -> Any:
    """The lowest `length_m` of a stem as one line, its source first."""
    coords = np.vstack([streams.coords[link][::-1][(0 if n == 0 else 1) :] for n, link in enumerate(stem)])
    line = shapely.LineString(coords)
    from shapely.ops import substring

    return shapely.reverse(substring(line, 0, min(length_m, line.length)))


def _river_rows(
    land: Land, muni: int, lines: list[Any], *, assumptions: Assumptions, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    geometry = np.array(lines, dtype=object)
    code = np.full(len(lines), muni, dtype=np.int64)
    middle = shapely.get_coordinates(shapely.line_interpolate_point(geometry, 0.5, normalized=True))
    towns = place_names(land, middle, code)
    forms = np.array(["{}川", "{}沢川", "上{}川", "{}谷川", "小{}川", "下{}川"], dtype=object)
    number = nth(code, towns)
    names = [forms[n % len(forms)].format(t) for n, t in zip(number, towns, strict=True)]
    return make_rows(
        land,
        "river",
        geometry,
        code,
        subtype="普通河川",
        name=names,
        length_m=shapely.length(geometry),
        width_m=np.round(rng.uniform(1.5, 8.0, len(lines)), 1),
        built_year=built_years(len(lines), "river", assumptions=assumptions, rng=rng),
    )
