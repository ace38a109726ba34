"""Road lines as flat arrays: parts taken apart, repeated points and lines dropped and counted."""

from __future__ import annotations

import dataclasses
from typing import Any, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from gunmane import schema
from gunmane.graph import Bools, Floats, Ints

GRID_M = (
    0.001  # points nearer than this are one point: below any survey's precision, above rounding of float64
)


@dataclasses.dataclass(frozen=True, eq=False)
class Lines:
    """
    Lines taken apart into single parts, and their vertices one after another.

    Parameters
    ----------
    xy
        Vertices (m), shape (n, 2).
    part
        Part of each vertex, ascending.
    along_m
        Metres from the start of the part to each vertex.
    row
        Row of the road table, one value a part.
    road_class, is_oneway, level
        As in `schema.ROADS`, one value a part; the class as its code.
    is_over
        True for bridges and tunnels, which pass others without meeting them.
    """

    xy: Floats
    part: Ints
    along_m: Floats
    row: Ints
    road_class: npt.NDArray[np.int8]
    is_oneway: Bools
    level: npt.NDArray[np.int8]
    is_over: Bools

    @property
    def starts(self) -> Ints:
        """Vertices from which a segment leads to the next vertex."""
        return np.flatnonzero(self.part[:-1] == self.part[1:]).astype(np.int32)

    @property
    def is_end(self) -> Bools:
        """True for the first and last vertex of each part."""
        ends = np.ones(len(self.part), bool)
        same = self.part[:-1] == self.part[1:]
        ends[1:-1] = ~(same[:-1] & same[1:])
        return ends

    @property
    def is_turn(self) -> Bools:
        """True for vertices at which a line runs straight back on itself: the tip of a road without an end."""
        turns = np.zeros(len(self.part), bool)
        if len(self.part) < 3:
            return turns
        into, out = self.xy[1:-1] - self.xy[:-2], self.xy[2:] - self.xy[1:-1]
        inside = (self.part[:-2] == self.part[1:-1]) & (self.part[1:-1] == self.part[2:])
        aside = np.abs(into[:, 0] * out[:, 1] - into[:, 1] * out[:, 0])
        longer = np.maximum(np.hypot(*into.T), np.hypot(*out.T))
        turns[1:-1] = inside & ((into * out).sum(axis=1) < 0) & (aside <= GRID_M * longer)
        return turns


def take_lines(roads: gpd.GeoDataFrame) -> tuple[Lines, dict[str, float]]:
    """
    Take road lines apart.

    Parts are put in an order of their own geometry, so that the order of the rows does not show.

    Parameters
    ----------
    roads
        Lines in metres with columns of `schema.ROADS`; a missing column means unknown class, two-way, on the
        ground.

    Returns
    -------
    lines, facts
        The parts that lead somewhere, and counts: `skipped_geometries` (no line, or a point without a place),
        `dropped_zero_length`, `dropped_duplicates` (the same line again, in either direction).
    """
    parts, row = _parts(roads)
    is_line = np.isin(shapely.get_type_id(parts), [1, 2]) & np.isfinite(shapely.bounds(parts)).all(axis=1)
    empty = int((roads.geometry.is_empty | roads.geometry.isna()).sum())
    strange = int(np.sum(~is_line & ~shapely.is_empty(parts)))
    facts = {"skipped_geometries": float(empty + strange)}
    parts, row = parts[is_line], row[is_line]

    is_long = shapely.length(parts) > GRID_M
    facts["dropped_zero_length"] = float(np.sum(~is_long))
    parts, row = parts[is_long], row[is_long]

    table = _attributes(roads, row)
    kept, is_oneway = _without_duplicates(parts, table)
    facts["dropped_duplicates"] = float(len(parts) - len(kept))
    table = table.iloc[kept].assign(is_oneway=is_oneway)
    return _flatten(parts[kept], row[kept], table), facts


def _parts(roads: gpd.GeoDataFrame) -> tuple[Any, Ints]:
    shapes = shapely.force_2d(np.asarray(roads.geometry.array, dtype=object))
    parts, row = shapely.get_parts(shapes, return_index=True)
    while np.isin(shapely.get_type_id(parts), [4, 5, 6, 7]).any():
        parts, inner = shapely.get_parts(parts, return_index=True)
        row = row[inner]
    return parts, row.astype(np.int32)


def _attributes(roads: gpd.GeoDataFrame, row: Ints) -> pd.DataFrame:
    """Class code, direction, level and bridge or tunnel of each part; what is not known gets its default."""

    def column(name: str, default: object) -> Any:
        if name not in roads.columns:
            return np.full(len(row), default)
        values = roads[name].iloc[row]
        return values.where(values.notna(), default).to_numpy()

    codes = {name: code for code, name in enumerate(schema.ROAD_CLASSES)}
    names = column("road_class", "unknown")
    is_over = column("is_bridge", False).astype(bool) | column("is_tunnel", False).astype(bool)
    return pd.DataFrame(
        {
            "road_class": np.array([codes.get(str(name), 0) for name in names], np.int8),
            "is_oneway": column("is_oneway", False).astype(bool),
            "level": column("level", 0).astype(np.int8),
            "is_over": is_over,
        }
    )


def _without_duplicates(parts: Any, table: pd.DataFrame) -> tuple[Ints, Bools]:
    """
    Positions of the parts to keep, in order of their geometry, and whether each is one-way.

    Of equal lines the best known class stays; it is one-way only if all of them are, in the same direction.
    """
    normal = shapely.normalize(parts)
    shape = np.unique(np.asarray(shapely.to_wkb(normal), dtype=object), return_inverse=True)[1]
    is_ring = shapely.is_closed(parts)
    forward = shapely.equals_exact(shapely.get_point(parts, 0), shapely.get_point(normal, 0), 0.0)
    if is_ring.any():
        forward[is_ring] = shapely.is_ccw(parts[is_ring]) == shapely.is_ccw(normal[is_ring])
    known = np.where(table["road_class"] == 0, 99, table["road_class"])
    frame = table.assign(shape=shape, known=known, forward=~forward, position=np.arange(len(parts)))
    frame["runs"] = np.where(table["is_oneway"], np.where(forward, 1, 2), 3)
    runs = np.zeros(int(shape.max()) + 1 if len(shape) else 0, np.int64)
    np.bitwise_or.at(runs, shape, frame["runs"].to_numpy())
    keys = ["shape", "known", "is_over", "level", "runs", "forward", "position"]
    first = frame.sort_values(keys).drop_duplicates("shape")
    kept = first["position"].to_numpy(np.int32)
    is_oneway = first["is_oneway"].to_numpy() & (runs[first["shape"]] == first["runs"].to_numpy())
    return kept, cast(Bools, is_oneway)


def _flatten(parts: Any, row: Ints, table: pd.DataFrame) -> Lines:
    xy, part = shapely.get_coordinates(parts, return_index=True)
    moved = np.ones(len(xy), bool)
    same = part[1:] == part[:-1]
    step = np.hypot(*(xy[1:] - xy[:-1]).T)
    moved[1:] = ~(same & (step <= 0))
    xy, part = xy[moved], part[moved].astype(np.int32)

    step = np.zeros(len(xy))
    inside = part[1:] == part[:-1]
    step[1:] = np.where(inside, np.hypot(*(xy[1:] - xy[:-1]).T), 0.0)
    total = np.cumsum(step)
    first = np.searchsorted(part, np.arange(len(row)))
    along = total - total[first][part] if len(row) else total
    return Lines(
        xy=xy,
        part=part,
        along_m=along,
        row=row,
        road_class=table["road_class"].to_numpy(np.int8),
        is_oneway=table["is_oneway"].to_numpy(bool),
        level=table["level"].to_numpy(np.int8),
        is_over=table["is_over"].to_numpy(bool),
    )
