"""The ground that a sample is drawn on: land, settlements, ways out of the region, and a terrain that never was."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from gunmane.assumptions import Assumptions
from gunmane.municipalities import Region, load_japan

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# How the border of the region is walked to tell coast from neighbouring land.
BORDER_STEP_M = 200.0
M2_PER_KM2 = 1e6
OUTWARD_M = 1_500.0


def rng_of(purpose: str, *, seed: int) -> np.random.Generator:
    """
    Return a generator that depends on nothing but a purpose and the seed.

    Parameters
    ----------
    purpose
        What it draws, and for which place: "bridges/29212".
    seed
        Seed of the sample.
    """
    digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest[:8], "big"))


@dataclasses.dataclass(frozen=True, eq=False)
class Land:
    """
    A region as the drawing sees it; every array is in metres of the region's plane zone.

    Parameters
    ----------
    region
        The region.
    codes
        Municipality codes, ascending; `muni` arrays hold positions in it.
    shapes
        One polygon a municipality.
    whole
        Union of the municipalities.
    town_xy, town_muni, town_name
        Town points after near ones were merged.
    hall_towns
        For each municipality the town nearest its hall.
    merged
        Town points that a nearer one stands for, per municipality.
    exits
        Points on the land border through which roads leave the region, and the municipality they lie in.
    border_xy, border_is_coast
        Points along the outer border; True where the sea is beyond.
    bearing
        Direction that street grids lean to (radians).
    is_plain
        True in Hokkaido, where settlers' land was divided into a square grid.
    """

    region: Region
    codes: tuple[str, ...]
    shapes: NDArray[Any]
    whole: Any
    town_xy: Floats
    town_muni: Ints
    town_name: NDArray[Any]
    hall_towns: Ints
    merged: Ints
    exits: Floats
    exit_muni: Ints
    border_xy: Floats
    border_is_coast: Bools
    bearing: float
    is_plain: bool

    @property
    def statistics(self) -> pd.DataFrame:
        """The region's statistics in the order of `codes`; land that is not on record is that of the polygons."""
        table = self.region.statistics.reindex(list(self.codes))
        drawn = pd.Series(shapely.area(self.shapes) / M2_PER_KM2, index=table.index)
        return table.assign(area_km2=table["area_km2"].fillna(drawn))

    @property
    def official_road_m(self) -> Floats:
        """Length of municipal roads by the statistics (m)."""
        return self.statistics["road_length_m"].to_numpy(dtype="float64")

    def is_urban(self, assumptions: Assumptions) -> Bools:
        """Return per municipality whether its inhabitants/km2 reach `sample_urban_density_per_km2`."""
        density = (self.statistics["population"] / self.statistics["area_km2"]).to_numpy(dtype="float64")
        return np.asarray(density >= assumptions.value("sample_urban_density_per_km2"))

    def muni_of(self, xy: Floats) -> Ints:
        """Return the municipality of each point, -1 on the sea or outside the region."""
        found = np.full(len(xy), -1, dtype=np.int64)
        for i, shape in enumerate(self.shapes):
            west, south, east, north = shape.bounds
            near = np.flatnonzero(
                (found < 0)
                & (xy[:, 0] >= west)
                & (xy[:, 0] <= east)
                & (xy[:, 1] >= south)
                & (xy[:, 1] <= north)
            )
            found[near[shapely.contains_xy(shape, xy[near, 0], xy[near, 1])]] = i
        return found


def read_land(region: Region, *, assumptions: Assumptions) -> Land:
    """
    Return the ground of a region: merged towns, coast, and where roads leave it.

    Parameters
    ----------
    region
        The region.
    assumptions
        `sample_town_merge_m`, `sample_exit_spacing_m`, `sample_exit_far_m`.
    """
    codes = tuple(region.municipalities.index)
    is_plain = region.prefecture_codes == ("01",)
    shapes = np.array(region.municipalities.geometry.to_numpy(), dtype=object)
    shapely.prepare(shapes)
    whole = shapely.union_all(shapely.buffer(shapes, 1.0))
    shapely.prepare(whole)
    towns = _merge_towns(region, codes, shapes, merge_m=assumptions.value("sample_town_merge_m"))
    town_xy, town_muni, town_name, merged = towns
    halls = region.halls.reindex(list(codes)).geometry
    hall_xy = np.column_stack([halls.x.to_numpy(), halls.y.to_numpy()])
    hall_towns = np.empty(len(codes), dtype=np.int64)
    for i in range(len(codes)):
        own = np.flatnonzero(town_muni == i)
        hall_towns[i] = own[np.argmin(np.hypot(*(town_xy[own] - hall_xy[i]).T))]
    border_xy, outward = _walk_border(whole)
    is_coast = _is_sea(region, border_xy + outward)
    exits, exit_muni = _exits(
        border_xy[~is_coast],
        town_xy,
        town_muni,
        spacing_m=assumptions.value("sample_exit_spacing_m"),
        far_m=assumptions.value("sample_exit_far_m"),
    )
    return Land(
        region=region,
        codes=codes,
        shapes=shapes,
        whole=whole,
        town_xy=town_xy,
        town_muni=town_muni,
        town_name=town_name,
        hall_towns=hall_towns,
        merged=merged,
        exits=exits,
        exit_muni=exit_muni,
        border_xy=border_xy,
        border_is_coast=is_coast,
        bearing=0.0 if is_plain else _bearing(town_xy),
        is_plain=is_plain,
    )


def _merge_towns(
    region: Region, codes: tuple[str, ...], shapes: NDArray[Any], *, merge_m: float
) -> tuple[Floats, Ints, NDArray[Any], Ints]:
    towns = region.towns
    xy = np.column_stack([towns.geometry.x.to_numpy(), towns.geometry.y.to_numpy()])
    muni = np.array([codes.index(c) for c in towns["muni_code"]], dtype=np.int64)
    name = towns["town"].to_numpy(dtype=object)
    for i, shape in enumerate(shapes):
        own = np.flatnonzero(muni == i)
        off = own[~shapely.contains_xy(shape, xy[own, 0], xy[own, 1])]
        inner = shapely.buffer(shape, -60)
        for row in off:
            xy[row] = shapely.get_coordinates(shapely.shortest_line(inner, shapely.Point(xy[row])))[0]
    order = np.lexsort((xy[:, 1], xy[:, 0], name.astype(str), muni))
    xy, muni, name = xy[order], muni[order], name[order]
    pairs = cKDTree(xy).query_pairs(merge_m, output_type="ndarray")
    pairs = pairs[muni[pairs[:, 0]] == muni[pairs[:, 1]]]
    ones = np.ones(len(pairs))
    _, group = connected_components(
        coo_matrix((ones, (pairs[:, 0], pairs[:, 1])), shape=(len(xy),) * 2), directed=False
    )
    # A chain of near points would merge a whole street; only the points near the first one of a group go.
    _, first = np.unique(group, return_index=True)
    is_kept = (np.arange(len(xy)) == first[group]) | (np.hypot(*(xy - xy[first[group]]).T) > merge_m)
    merged = np.bincount(muni[~is_kept], minlength=len(codes))
    return xy[is_kept], muni[is_kept], name[is_kept], merged


def _walk_border(whole: Any) -> tuple[Floats, Floats]:
    parts = shapely.get_parts(shapely.boundary(whole))
    points, outward = [], []
    for ring in parts[np.argsort(-shapely.length(parts), kind="stable")]:
        steps = np.arange(0, ring.length, BORDER_STEP_M)
        here = shapely.get_coordinates(shapely.line_interpolate_point(ring, steps))
        ahead = shapely.get_coordinates(
            shapely.line_interpolate_point(ring, np.minimum(steps + 50, ring.length))
        )
        along = ahead - here
        length = np.maximum(np.hypot(*along.T), 1e-9)[:, None]
        normal = np.column_stack([along[:, 1], -along[:, 0]]) / length
        inside = shapely.contains_xy(whole, *(here + normal * 30).T)
        points.append(here)
        outward.append(np.where(inside[:, None], -normal, normal) * OUTWARD_M)
    return np.vstack(points), np.vstack(outward)


def _is_sea(region: Region, xy: Floats) -> Bools:
    japan = load_japan().to_crs(region.epsg)
    japan = shapely.union_all(
        shapely.buffer(japan.cx[slice(*_span(xy, 0)), slice(*_span(xy, 1))].geometry, 300)
    )
    shapely.prepare(japan)
    own = shapely.union_all(region.municipalities.geometry.to_numpy())
    return ~(shapely.contains_xy(japan, xy[:, 0], xy[:, 1]) | shapely.contains_xy(own, xy[:, 0], xy[:, 1]))


def _span(xy: Floats, axis: int) -> tuple[float, float]:
    return float(xy[:, axis].min()) - 5_000, float(xy[:, axis].max()) + 5_000


def _exits(
    inland_xy: Floats, town_xy: Floats, town_muni: Ints, *, spacing_m: float, far_m: float
) -> tuple[Floats, Ints]:
    """Roads leave over land where towns lie near the border, and not twice within the spacing."""
    if not len(inland_xy):
        return inland_xy, np.empty(0, dtype=np.int64)
    far, nearest = cKDTree(town_xy).query(inland_xy)
    chosen: list[int] = []
    for i in np.argsort(np.round(far), kind="stable").tolist():
        if far[i] <= far_m and all(np.hypot(*(inland_xy[i] - inland_xy[j])) >= spacing_m for j in chosen):
            chosen.append(i)
    chosen.sort()
    return inland_xy[chosen], town_muni[nearest[chosen]]


def _bearing(xy: Floats) -> float:
    """Direction along which the towns stretch: a coast, a valley."""
    centred = xy - xy.mean(axis=0)
    spread = centred.T @ centred
    return float(0.5 * np.arctan2(2 * spread[0, 1], spread[0, 0] - spread[1, 1]))


@dataclasses.dataclass(frozen=True, eq=False)
class Terrain:
    """
    Heights (m) that put settlements into valleys and ridges between them; no real terrain is used.

    Parameters
    ----------
    settlements
        Points that lie low.
    coast
        Points of the coast, or none.
    waves
        Directions and wavelengths (rad/m) of the ridges; `phases`, `weights` go with them.
    """

    settlements: cKDTree
    coast: cKDTree | None
    waves: Floats
    phases: Floats
    weights: Floats

    def heights(self, xy: Floats) -> Floats:
        """Return the height of each point (m, >= 0)."""
        away = np.minimum(self.settlements.query(xy)[0], 3_000.0)
        ridge = np.abs(np.cos(xy @ self.waves.T + self.phases) @ self.weights)
        height = 0.10 * away + 160 * ridge * np.minimum(away / 1_200 + 0.15, 1.0)
        if self.coast is not None:
            height = height * np.minimum(self.coast.query(xy)[0] / 2_500 + 0.03, 1.0)
        return np.round(height, 2)


def make_terrain(land: Land, settlements: Floats, *, seed: int) -> Terrain:
    """Return the terrain of a region around its settlements."""
    rng = rng_of(f"terrain/{land.region.region_id}", seed=seed)
    wavelength = np.exp(rng.uniform(np.log(1_500), np.log(9_000), 40))
    angle = rng.uniform(0, np.pi, 40)
    waves = (2 * np.pi / wavelength)[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
    weights = wavelength**0.5
    coast = land.border_xy[land.border_is_coast]
    return Terrain(
        settlements=cKDTree(settlements),
        coast=cKDTree(coast) if len(coast) > 5 else None,
        waves=waves,
        phases=rng.uniform(0, 2 * np.pi, 40),
        weights=weights / np.sqrt((weights**2).sum() / 2),
    )
