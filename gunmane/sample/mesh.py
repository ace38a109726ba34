"""The mesh that every road of a sample is taken from: points at street spacing, joined so that no two lines cross."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from scipy.spatial import Delaunay, cKDTree

from gunmane.assumptions import Assumptions
from gunmane.sample.land import Bools, Floats, Ints, Land, Terrain, make_terrain, rng_of


@dataclasses.dataclass(frozen=True, eq=False)
class Mesh:
    """
    Points and the lines between them; roads are a choice of its edges.

    Parameters
    ----------
    xy
        Points (m): settlements first, then exits, then street corners, border points last.
    town_count, hamlet_count, exit_count
        How the first points divide.
    source, target
        Ends of each edge, source < target.
    muni
        Municipality of each edge.
    is_border
        True for the two halves of an edge that crosses a municipal border.
    length_m
        Straight length.
    cost
        Length made longer by slope and height.
    hamlet_muni
        Municipality of each hamlet.
    terrain
        Heights.
    """

    xy: Floats
    town_count: int
    hamlet_count: int
    exit_count: int
    source: Ints
    target: Ints
    muni: Ints
    is_border: Bools
    length_m: Floats
    cost: Floats
    hamlet_muni: Ints
    terrain: Terrain

    def graph(self, edges: Ints | Bools, cost: Floats) -> Any:
        """Return the chosen edges as a symmetric sparse matrix of costs."""
        u, v, w = self.source[edges], self.target[edges], cost[edges]
        return csr_matrix((np.r_[w, w], (np.r_[u, v], np.r_[v, u])), shape=(len(self.xy),) * 2)

    def edge_of(self, u: Ints, v: Ints) -> Ints:
        """Return the edge between each pair of points that are joined."""
        count = len(self.xy)
        keys = self.source * count + self.target
        order = np.argsort(keys, kind="stable")
        return order[np.searchsorted(keys[order], np.minimum(u, v) * count + np.maximum(u, v))]


def make_mesh(land: Land, *, assumptions: Assumptions, seed: int) -> Mesh:
    """
    Return the mesh of a region: fine where people live, coarse between.

    Parameters
    ----------
    land
        The ground.
    assumptions
        Spacings `sample_street_spacing_urban_m`, `…_rural_m`, `sample_open_spacing_m`, and
        `sample_hamlet_street_km` (km of streets that one settlement holds).
    seed
        Seed of the sample.
    """
    hamlet_xy, hamlet_muni = _hamlets(land, assumptions=assumptions, seed=seed)
    seats = np.vstack([land.town_xy, hamlet_xy])
    seat_muni = np.concatenate([land.town_muni, hamlet_muni])
    spacing = _spacings(land, seats, seat_muni, assumptions=assumptions)
    terrain = make_terrain(land, seats, seed=seed)

    first = np.vstack([seats, land.exits])
    streets = _street_points(land, seats, seat_muni, spacing, assumptions=assumptions, seed=seed)
    points = _thin(np.vstack([first, streets]), keep=len(first), gap_m=0.55 * spacing.min())
    gap = assumptions.value("sample_open_spacing_m")
    open_points = _open_points(land, gap_m=gap, seed=seed)
    far = cKDTree(points).query(open_points)[0]
    points = np.vstack([points, open_points[far > 0.7 * gap]])
    source, target = _urquhart(points)
    return _finish(land, points, source, target, hamlet_muni, terrain, assumptions=assumptions)


def _street_need_m(land: Land) -> Floats:
    """Municipal road length that streets, not trunks, have to make up (m)."""
    official = land.region.statistics.reindex(list(land.codes))["road_length_m"].to_numpy(dtype=float)
    return 0.75 * official


def _hamlets(land: Land, *, assumptions: Assumptions, seed: int) -> tuple[Floats, Ints]:
    """Settlements that the town list leaves out, where a town point would have to hold too many streets."""
    need = _street_need_m(land) / (1_000 * assumptions.value("sample_hamlet_street_km"))
    apart_m = assumptions.value("sample_hamlet_spacing_m")
    terrain = make_terrain(land, land.town_xy, seed=seed)
    places, owners = [land.town_xy[:0]], [land.town_muni[:0]]
    for i, code in enumerate(land.codes):
        count = int(np.ceil(need[i])) - int((land.town_muni == i).sum())
        if count <= 0:
            continue
        rng = rng_of(f"hamlets/{code}", seed=seed)
        west, south, east, north = land.shapes[i].bounds
        tried = rng.uniform([west, south], [east, north], size=(count * 60, 2))
        inner = shapely.buffer(land.shapes[i], -150)
        tried = tried[shapely.contains_xy(inner, tried[:, 0], tried[:, 1])]
        rank = terrain.heights(tried) * rng.uniform(0.5, 1.5, len(tried))
        tried = tried[np.argsort(rank, kind="stable")]
        chosen = _apart(tried, land.town_xy[land.town_muni == i], gap_m=apart_m, count=count)
        places.append(chosen)
        owners.append(np.full(len(chosen), i, dtype=np.int64))
    return np.vstack(places), np.concatenate(owners)


def _apart(points: Floats, taken: Floats, *, gap_m: float, count: int) -> Floats:
    chosen = list(taken)
    for point in points:
        if len(chosen) - len(taken) >= count:
            break
        if not chosen or np.min(np.hypot(*(np.array(chosen) - point).T)) >= gap_m:
            chosen.append(point)
    return np.array(chosen[len(taken) :]).reshape(-1, 2)


def _spacings(land: Land, seats: Floats, seat_muni: Ints, *, assumptions: Assumptions) -> Floats:
    """Distance between street corners around each settlement (m): short where settlements are close."""
    urban = assumptions.value("sample_street_spacing_urban_m")
    rural = assumptions.value("sample_street_spacing_rural_m")
    near = cKDTree(seats).query(seats, k=min(6, len(seats)))[0][:, -1]
    official = land.region.statistics.reindex(list(land.codes))["road_length_m"].to_numpy(dtype=float)
    dense = 1.3 * shapely.area(land.shapes) / official
    return np.clip(np.minimum(0.17 * near, dense[seat_muni]), urban, rural)


def _street_points(
    land: Land, seats: Floats, seat_muni: Ints, spacing: Floats, *, assumptions: Assumptions, seed: int
) -> Floats:
    """Street corners around each settlement, as leaning grids with noise, as far as its streets will reach."""
    count = np.bincount(seat_muni, minlength=len(land.codes))
    radius = _radii(land, seat_muni, spacing, count)
    nearest = cKDTree(seats)
    is_plain = land.region.prefecture_codes == ("01",)
    jitter = assumptions.value("sample_street_jitter_ratio")
    clouds = []
    for i, (centre, step) in enumerate(zip(seats, spacing, strict=True)):
        rng = rng_of(f"corners/{round(centre[0])}/{round(centre[1])}", seed=seed)
        lean = land.bearing + (0.0 if is_plain else rng.normal(0, 0.22))
        reach = int(np.ceil(radius[i] / step)) + 1
        across, along = np.meshgrid(np.arange(-reach, reach + 1) * 0.8, np.arange(-reach, reach + 1) * 1.25)
        grid = np.column_stack([along.ravel(), across.ravel()]) * step
        noise = jitter * (step / 100) ** 1.3 * (0.3 if is_plain else 1.0)
        grid += rng.normal(0, min(noise, 0.3) * step, grid.shape)
        grid = grid[np.hypot(*grid.T) <= radius[i]]
        turn = np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
        cloud = grid @ turn + centre
        clouds.append(cloud[nearest.query(cloud)[1] == i])
    corners = np.vstack(clouds)
    return corners[land.muni_of(corners) >= 0]


def _radii(land: Land, seat_muni: Ints, spacing: Floats, count: Ints) -> Floats:
    need = _street_need_m(land)
    mean_step = np.bincount(seat_muni, spacing, minlength=len(count)) / np.maximum(count, 1)
    area = need * mean_step / 1.2
    return (1.5 * np.sqrt(area / np.maximum(count, 1) / np.pi))[seat_muni] + 2 * spacing


def _open_points(land: Land, *, gap_m: float, seed: int) -> Floats:
    west, south, east, north = land.whole.bounds
    is_plain = land.region.prefecture_codes == ("01",)
    step = 545.4 if is_plain else gap_m
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    points = np.column_stack([x.ravel(), y.ravel()])
    rng = rng_of(f"open/{land.region.region_id}", seed=seed)
    points = points + rng.uniform(-0.36, 0.36, points.shape) * step * (0.05 if is_plain else 1.0)
    return points[land.muni_of(points) >= 0]


def _thin(points: Floats, *, keep: int, gap_m: float) -> Floats:
    """Drop the later one of two points that lie too close; the first `keep` always stay."""
    pairs = cKDTree(points).query_pairs(gap_m, output_type="ndarray")
    later = pairs.max(axis=1)
    drop = np.zeros(len(points), dtype=bool)
    drop[later[later >= keep]] = True
    return points[~drop]


def _urquhart(points: Floats) -> tuple[Ints, Ints]:
    """Delaunay edges that are not the longest of a triangle: street blocks instead of triangles."""
    corners = Delaunay(points).simplices.astype(np.int64)
    ends = np.sort(np.stack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]], axis=1), axis=2)
    length = np.hypot(*np.moveaxis(points[ends[..., 0]] - points[ends[..., 1]], -1, 0))
    keys = ends[..., 0] * len(points) + ends[..., 1]
    longest = keys[np.arange(len(keys)), np.argmax(length, axis=1)]
    kept = np.setdiff1d(np.unique(keys), longest)
    return kept // len(points), kept % len(points)


def _finish(
    land: Land,
    points: Floats,
    source: Ints,
    target: Ints,
    hamlet_muni: Ints,
    terrain: Terrain,
    *,
    assumptions: Assumptions,
) -> Mesh:
    muni = land.muni_of(points)
    strait_m = assumptions.value("sample_strait_bridge_m")
    source, target = _off_the_sea(land, points, source, target, strait_m=strait_m)
    exits = slice(
        len(land.town_xy) + len(hamlet_muni), len(land.town_xy) + len(hamlet_muni) + len(land.exits)
    )
    muni[exits] = land.exit_muni
    sea = np.flatnonzero(muni < 0)
    muni[sea] = land.town_muni[cKDTree(land.town_xy).query(points[sea])[1]]
    crosses = muni[source] != muni[target]
    a, b = source[crosses], target[crosses]
    cut = _border_points(land, points[a], points[b], muni[a])
    new = np.arange(len(points), len(points) + len(cut))
    source = np.concatenate([source[~crosses], a, b])
    target = np.concatenate([target[~crosses], new, new])
    own = np.concatenate([muni[source[: int((~crosses).sum())]], muni[a], muni[b]])
    points = np.vstack([points, cut])
    is_border = np.arange(len(source)) >= int((~crosses).sum())
    length = np.hypot(*(points[source] - points[target]).T)
    height = terrain.heights(points)
    slope = np.abs(height[source] - height[target]) / np.maximum(length, 1.0)
    cost = length * (1 + 5 * slope + np.maximum(height[source], height[target]) / 120)
    return Mesh(
        xy=points,
        town_count=len(land.town_xy),
        hamlet_count=len(hamlet_muni),
        exit_count=len(land.exits),
        source=source,
        target=target,
        muni=own,
        is_border=is_border,
        length_m=length,
        cost=cost,
        hamlet_muni=hamlet_muni,
        terrain=terrain,
    )


def _off_the_sea(
    land: Land, points: Floats, source: Ints, target: Ints, *, strait_m: float
) -> tuple[Ints, Ints]:
    """Keep edges on land, and those over a strait narrow enough for a bridge."""
    a, b = points[source], points[target]
    wet = np.zeros(len(source))
    for part in (0.1, 0.3, 0.5, 0.7, 0.9):
        at = a + (b - a) * part
        wet += ~shapely.contains_xy(land.whole, at[:, 0], at[:, 1])
    kept = wet * 0.2 * np.hypot(*(a - b).T) <= 20
    wide = np.flatnonzero(~kept)
    lines = shapely.linestrings(np.stack([a[wide], b[wide]], axis=1))
    over = shapely.length(shapely.difference(lines, land.whole))
    joins = wide[(over <= strait_m) & (over > 0)]
    joins = _needed_straits(len(points), source, target, kept, joins)
    kept[joins] = True
    return source[kept], target[kept]


def _needed_straits(count: int, source: Ints, target: Ints, kept: Bools, joins: Ints) -> Ints:
    """Of the edges over narrow water, only those that join what land does not."""
    from scipy.sparse.csgraph import connected_components

    ones = np.ones(int(kept.sum()))
    graph = csr_matrix((ones, (source[kept], target[kept])), shape=(count, count))
    label = connected_components(graph, directed=False)[1]
    pair = np.sort(np.column_stack([label[source[joins]], label[target[joins]]]), axis=1)
    apart = pair[:, 0] != pair[:, 1]
    _, first = np.unique(pair[apart], axis=0, return_index=True)
    return joins[apart][first]


def _border_points(land: Land, a: Floats, b: Floats, muni_a: Ints) -> Floats:
    """Where each straight line from a leaves a's municipality, kept off both ends so that no stub remains."""
    low, high = np.zeros(len(a)), np.ones(len(a))
    for _ in range(9):
        middle = (low + high) / 2
        inside = land.muni_of(a + (b - a) * middle[:, None]) == muni_a
        low, high = np.where(inside, middle, low), np.where(inside, high, middle)
    return a + (b - a) * np.clip(high, 0.15, 0.85)[:, None]


def part_names(values: NDArray[Any], limit: int = 12) -> list[str]:
    """Return the first names in order, as a list that fits a note."""
    return [str(v) for v in sorted(set(values))][:limit]
