"""Streams that run downhill to the coast or out of the region."""

from __future__ import annotations

import dataclasses

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from gunmane.sample.curves import bend_edges
from gunmane.sample.land import Floats, Ints, Land, Terrain, rng_of

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
