"""The mesh that every road of a sample is taken from: points at street spacing, joined so that no two lines cross."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import shapely
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import Delaunay, cKDTree

from gunmane.assumptions import Assumptions
from gunmane.sample.land import Bools, Floats, Ints, Land, Terrain, make_terrain, rng_of

# Streets that a corner of a block carries, in units of the corner spacing: a full grid has two.
CORNER_STREETS = 1.5

# Settlers' sections in Hokkaido are 300 ken wide; closer corners mark a town.
PLAIN_SECTION_M = 545.4
PLAIN_TOWN_SPACING_M = 140.0
BRIDGEHEAD_INLAND_M = 12.0


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
    block
        Spacing of street corners around the nearest settlement, at each point (m).
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
    block: Floats
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

    strait_m = assumptions.value("sample_strait_bridge_m")
    heads = _bridgeheads(land, strait_m=strait_m)
    first = np.vstack([seats, land.exits, heads])
    for _ in range(4):
        streets = _street_points(land, seats, seat_muni, spacing, assumptions=assumptions, seed=seed)
        points = _thin(np.vstack([first, streets]), keep=len(first), gap_m=0.55 * spacing.min())
        tighter = _tightened(land, points[len(first) :], seat_muni, spacing, assumptions=assumptions)
        if np.all(tighter >= 0.98 * spacing):
            break
        spacing = tighter
    gap = assumptions.value("sample_open_spacing_m")
    open_points = _open_points(land, gap_m=gap, seed=seed)
    far = cKDTree(points).query(open_points)[0]
    points = np.vstack([points, open_points[far > 0.7 * gap]])
    source, target = _edges_on_land(
        land, points, np.arange(len(first) - len(heads), len(first)), strait_m=strait_m
    )
    mesh = _finish(land, points, source, target, hamlet_muni, terrain)
    return dataclasses.replace(mesh, block=spacing[cKDTree(seats).query(mesh.xy)[1]])


def _street_need_m(land: Land) -> Floats:
    """Municipal road length that streets, not trunks, have to make up (m)."""
    official = land.official_road_m
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
    official = land.official_road_m
    dense = 1.3 * shapely.area(land.shapes) / official
    return np.clip(np.minimum(0.17 * near, dense[seat_muni]), urban, rural)


def _street_points(
    land: Land, seats: Floats, seat_muni: Ints, spacing: Floats, *, assumptions: Assumptions, seed: int
) -> Floats:
    """Street corners around each settlement, as leaning grids with noise, as far as its streets will reach."""
    count = np.bincount(seat_muni, minlength=len(land.codes))
    radius = _radii(land, seat_muni, spacing, count)
    nearest = cKDTree(seats)
    jitter = assumptions.value("sample_street_jitter_ratio")
    clouds = []
    for i, (centre, step) in enumerate(zip(seats, spacing, strict=True)):
        rng = rng_of(f"corners/{round(centre[0])}/{round(centre[1])}", seed=seed)
        lean = land.bearing + (0.0 if land.is_plain else rng.normal(0, 0.22))
        reach = int(np.ceil(radius[i] / step)) + 1
        across, along = np.meshgrid(np.arange(-reach, reach + 1) * 0.8, np.arange(-reach, reach + 1) * 1.25)
        grid = np.column_stack([along.ravel(), across.ravel()]) * step
        noise = jitter * (step / 100) ** 1.3 * (0.3 if land.is_plain else 1.0)
        grid += rng.normal(0, min(noise, 0.3) * step, grid.shape)
        grid = grid[np.hypot(*grid.T) <= radius[i]]
        turn = np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
        cloud = grid @ turn + centre
        clouds.append(cloud[nearest.query(cloud)[1] == i])
    corners = np.vstack(clouds)
    return corners[land.muni_of(corners) >= 0]


def _tightened(
    land: Land, corners: Floats, seat_muni: Ints, spacing: Floats, *, assumptions: Assumptions
) -> Floats:
    """Shorter spacings where the corners could not hold the streets that a municipality has."""
    if land.is_plain:
        return spacing
    count = len(land.codes)
    step = np.bincount(seat_muni, spacing, minlength=count) / np.maximum(
        np.bincount(seat_muni, minlength=count), 1
    )
    muni = land.muni_of(corners)
    room = CORNER_STREETS * step * np.bincount(muni[muni >= 0], minlength=count)
    official = land.official_road_m
    need = official * (1 + assumptions.value("trunk_to_municipal_length_ratio"))
    tighter = spacing * np.clip(room / need, 0.7, 1.0)[seat_muni]
    return np.maximum(tighter, np.minimum(spacing, assumptions.value("sample_street_spacing_urban_m", "low")))


def _radii(land: Land, seat_muni: Ints, spacing: Floats, count: Ints) -> Floats:
    """How far corners reach around each settlement (m): farther where blocks are wide."""
    need = _street_need_m(land) / np.maximum(count, 1)
    square = np.bincount(seat_muni, spacing**2, minlength=len(count)) / np.maximum(count, 1)
    mean = np.bincount(seat_muni, spacing, minlength=len(count)) / np.maximum(count, 1)
    blocks = np.sqrt(need * mean / 1.2 / np.pi / np.maximum(square, 1.0))
    reach = (1.5 * blocks[seat_muni] + 2) * spacing
    # In the open grid of Hokkaido only towns have streets between the section roads.
    return np.where(land.is_plain & (spacing > PLAIN_TOWN_SPACING_M), 0.6 * spacing, reach)


def _open_points(land: Land, *, gap_m: float, seed: int) -> Floats:
    west, south, east, north = land.whole.bounds
    step = PLAIN_SECTION_M if land.is_plain else gap_m
    x, y = np.meshgrid(np.arange(west, east, step), np.arange(south, north, step))
    points = np.column_stack([x.ravel(), y.ravel()])
    rng = rng_of(f"open/{land.region.region_id}", seed=seed)
    points = points + rng.uniform(-0.36, 0.36, points.shape) * step * (0.05 if land.is_plain else 1.0)
    return points[land.muni_of(points) >= 0]


def _thin(points: Floats, *, keep: int, gap_m: float) -> Floats:
    """Drop the later one of two points that lie too close; the first `keep` always stay."""
    pairs = cKDTree(points).query_pairs(gap_m, output_type="ndarray")
    later = pairs.max(axis=1)
    drop = np.zeros(len(points), dtype=bool)
    drop[later[later >= keep]] = True
    return points[~drop]


def _triangle_edges(points: Floats) -> tuple[Ints, Ints, Bools]:
    """
    Delaunay edges, and which are the longest of a triangle.

    Without those the triangles open into street blocks that still hang together (Urquhart 1980,
    doi:10.1049/el:19800394).
    """
    corners = Delaunay(points).simplices.astype(np.int64)
    ends = np.sort(np.stack([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]], axis=1), axis=2)
    length = np.hypot(*np.moveaxis(points[ends[..., 0]] - points[ends[..., 1]], -1, 0))
    keys = ends[..., 0] * len(points) + ends[..., 1]
    longest = keys[np.arange(len(keys)), np.argmax(np.round(length, 4), axis=1)]
    every = np.unique(keys)
    return every // len(points), every % len(points), np.isin(every, longest)


def _finish(
    land: Land, points: Floats, source: Ints, target: Ints, hamlet_muni: Ints, terrain: Terrain
) -> Mesh:
    """Give every edge one municipality, dividing those that cross a border."""
    muni = land.muni_of(points)
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
        block=np.ones(len(points)),
        hamlet_muni=hamlet_muni,
        terrain=terrain,
    )


def _edges_on_land(land: Land, points: Floats, heads: Ints, *, strait_m: float) -> tuple[Ints, Ints]:
    """Edges of blocks on land, and over each strait narrow enough for a bridge the shortest line."""
    source, target, is_longest = _triangle_edges(points)
    # A bridge between bridgeheads need not be an edge of the triangulation.
    source, target = np.concatenate([source, heads[::2]]), np.concatenate([target, heads[1::2]])
    is_longest = np.concatenate([is_longest, np.ones(len(heads) // 2, dtype=bool)])
    a, b = points[source], points[target]
    wet = np.zeros(len(source))
    for part in (0.1, 0.3, 0.5, 0.7, 0.9):
        at = a + (b - a) * part
        wet += ~shapely.contains_xy(land.whole, at[:, 0], at[:, 1])
    kept = ~is_longest & (wet * 0.2 * np.hypot(*(a - b).T) <= 20)
    # Bridgeheads may need any of their edges, dry ones too, to hang on to their own shore.
    wide = np.flatnonzero(~kept & ((wet > 0) | np.isin(source, heads) | np.isin(target, heads)))
    over = shapely.length(
        shapely.difference(shapely.linestrings(np.stack([a[wide], b[wide]], axis=1)), land.whole)
    )
    narrow = np.flatnonzero(over <= strait_m)
    joins = wide[narrow[np.argsort(np.round(over[narrow], 2), kind="stable")]]
    kept[_needed_straits(len(points), source, target, kept, joins)] = True
    return source[kept], target[kept]


def _bridgeheads(land: Land, *, strait_m: float) -> Floats:
    """Points on both shores where two pieces of land come nearest, as far as a bridge reaches."""
    parts = shapely.get_parts(land.whole)
    parts = parts[np.lexsort((np.round(shapely.area(parts)), -np.round(shapely.bounds(parts)[:, 0])))]
    i, j = np.triu_indices(len(parts), k=1)
    near = shapely.distance(parts[i], parts[j]) <= strait_m
    # A little inland, so that a head stands on land whatever shape the shore has.
    inner = shapely.buffer(parts, -BRIDGEHEAD_INLAND_M)
    lines = shapely.shortest_line(inner[i[near]], inner[j[near]])
    heads = shapely.get_coordinates(lines).reshape(-1, 2, 2)
    is_land = (land.muni_of(heads.reshape(-1, 2)) >= 0).reshape(-1, 2).all(axis=1)
    return heads[is_land].reshape(-1, 2)


def _needed_straits(count: int, source: Ints, target: Ints, kept: Bools, joins: Ints) -> Ints:
    """Of the edges over narrow water, only those that join what land does not."""
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
