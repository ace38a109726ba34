"""Surfaces and lines of a three-dimensional model made into the one flat shape that a ledger row needs."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

# Degrees between which all of Japan lies.
JAPAN_LAT = (20.0, 46.0)
JAPAN_LON = (122.0, 154.0)
JGD2011 = 6668
# Bounds of the machine: more faces than that are taken by their outline.
MAX_FACES = 20_000
# Faces smaller than that on the map stand upright (m2).
UPRIGHT_M2 = 1e-4


@dataclasses.dataclass(frozen=True)
class Made:
    """
    A feature's shape.

    Parameters
    ----------
    shape
        Flat geometry, east then north.
    lod
        Level of detail that it was made from.
    how
        "drawn" where the model has it so, "derived" where it was made from surfaces.
    length_m, width_m
        Long and short side of the narrowest rectangle around a derived shape (m); NaN of a drawn one.
    """

    shape: Any
    lod: int
    how: str
    length_m: float
    width_m: float


class Parts:
    """Coordinates of one feature by level of detail, as they come from the file."""

    def __init__(self) -> None:
        self.by_lod: dict[int, dict[str, list[NDArray[np.float64]]]] = {}
        self.count = 0

    @property
    def has_any(self) -> bool:
        """Whether anything was drawn."""
        return bool(self.by_lod)

    def add(self, lod: int, kind: str, coords: list[float], dimension: int) -> None:
        """Keep the first two of every `dimension` numbers; what does not divide is broken and left out."""
        self.count += len(coords)
        if lod < 0 or not coords or len(coords) % dimension:
            return
        pairs = np.asarray(coords, dtype="float64").reshape(-1, dimension)[:, :2]
        if np.isfinite(pairs).all():
            self.by_lod.setdefault(lod, {}).setdefault(kind, []).append(pairs)

    def first_pair(self) -> tuple[float, float]:
        """Return the first coordinates that were read."""
        level = next(iter(self.by_lod.values()))
        first = next(iter(level.values()))[0][0]
        return float(first[0]), float(first[1])


class ShapeMaker:
    """
    Make flat shapes in one coordinate system.

    Parameters
    ----------
    crs
        System of the file, with or without heights.
    is_guessed
        Whether the file did not say it.
    """

    def __init__(self, crs: pyproj.CRS, *, is_guessed: bool = False) -> None:
        self.crs = _flat(crs)
        self.is_guessed = is_guessed
        self._is_north_first = self.crs.axis_info[0].direction == "north"

    @staticmethod
    def guessed(pair: tuple[float, float]) -> ShapeMaker | None:
        """Return a maker for JGD2011 degrees where a pair is a latitude and a longitude of Japan, else None."""
        if _in_japan(*pair) or _in_japan(*reversed(pair)):
            return ShapeMaker(pyproj.CRS(JGD2011), is_guessed=True)
        return None

    def make(self, parts: Parts, kind: str) -> Made | None:
        """
        Return the shape of a feature, or None where it has no usable one.

        Parameters
        ----------
        parts
            What was drawn.
        kind
            "line" for pipes and tunnels, "area" for bridges.
        """
        for lod in sorted(parts.by_lod):
            drawn = parts.by_lod[lod]
            rings = [self._east_north(ring) for ring in drawn.get("ring", [])]
            lines = [self._east_north(line) for line in drawn.get("line", []) if len(line) >= 2]
            made = self._line(lines, rings, lod) if kind == "line" else self._area(lines, rings, lod)
            if made is not None:
                return made
            if points := drawn.get("point"):
                shape = shapely.Point(self._east_north(points[0])[0])
                return Made(shape, lod, "drawn", float("nan"), float("nan"))
        return None

    def _east_north(self, pairs: NDArray[np.float64]) -> NDArray[np.float64]:
        is_north_first = self._is_north_first
        if self.crs.is_geographic:
            # Some writers put the longitude first against the rule; in Japan the two cannot be confused.
            is_north_first = not _in_japan(pairs[0][1], pairs[0][0])
        return np.ascontiguousarray(pairs[:, ::-1]) if is_north_first else pairs

    def _line(self, lines: list[Any], rings: list[Any], lod: int) -> Made | None:
        drawn = [line for line in lines if np.ptp(line, axis=0).any()]
        if drawn:
            shape = shapely.line_merge(shapely.MultiLineString([shapely.LineString(line) for line in drawn]))
            return Made(shape, lod, "drawn", float("nan"), float("nan"))
        if not rings:
            return None
        axis = self._axis(np.concatenate(rings))
        return None if axis is None else Made(axis[0], lod, "derived", axis[1], axis[2])

    def _area(self, lines: list[Any], rings: list[Any], lod: int) -> Made | None:
        closed = [line for line in lines if len(line) >= 4 and np.array_equal(line[0], line[-1])]
        if not rings and len(lines) == 1 and not closed:
            return self._line(lines, [], lod)
        # Several lines draw the two edges, not the middle.
        rings = rings or closed or lines
        if not rings:
            return None
        axis = self._axis(np.concatenate(rings))
        if axis is None:
            return None
        return Made(self._cover(rings), lod, "derived", axis[1], axis[2])

    def _axis(self, pairs: NDArray[np.float64]) -> tuple[Any, float, float] | None:
        """Middle line of the narrowest rectangle around points, its length and its width (m)."""
        metres, back = self._in_metres(pairs)
        box = shapely.minimum_rotated_rectangle(shapely.MultiPoint(metres))
        corners = shapely.get_coordinates(box)
        if box.geom_type == "LineString":
            return shapely.LineString(back(corners)), float(shapely.length(box)), 0.0
        if box.geom_type != "Polygon":
            return None
        sides = np.hypot(*(corners[1:3] - corners[:2]).T)
        i = int(np.argmin(np.round(sides, 3)))
        ends = np.array([corners[i] + corners[i + 1], corners[(i + 2) % 4] + corners[(i + 3) % 4]]) / 2
        # From west to east, so that the same points give the same line.
        ends = ends[np.lexsort((ends[:, 1], ends[:, 0]))]
        return shapely.LineString(back(ends)), float(sides.max()), float(sides.min())

    def _cover(self, rings: list[NDArray[np.float64]]) -> Any:
        """Area that faces cover on the map; what encloses them where they are many or stand upright."""
        metres, back = self._in_metres(np.concatenate(rings))
        hull = shapely.convex_hull(shapely.MultiPoint(metres))
        shape = hull
        if len(rings) <= MAX_FACES:
            starts = np.cumsum([len(ring) for ring in rings])[:-1]
            faces = [shapely.Polygon(ring) for ring in np.split(metres, starts) if len(ring) >= 4]
            whole = np.array(
                [face for face in faces if face.is_valid and face.area > UPRIGHT_M2], dtype=object
            )
            covered = shapely.union_all(whole) if len(whole) else hull
            shape = covered if covered.geom_type in ("Polygon", "MultiPolygon") else hull
        return shapely.transform(shape, back)

    def _in_metres(self, pairs: NDArray[np.float64]) -> tuple[NDArray[np.float64], Any]:
        """Return pairs as metres, and what brings metres back into the system of the file."""
        if not self.crs.is_geographic:
            return pairs, lambda metres: metres
        # One plane a tenth of a degree: close enough for a shape, and few projections to set up.
        lon, lat = np.round(pairs[0], 1)
        there, back = _planes(self.crs.to_wkt(), float(lon), float(lat))
        metres = np.column_stack(there.transform(pairs[:, 0], pairs[:, 1]))
        return metres, lambda xy: np.column_stack(back.transform(xy[:, 0], xy[:, 1]))


@functools.lru_cache(maxsize=256)
def _planes(wkt: str, lon: float, lat: float) -> tuple[pyproj.Transformer, pyproj.Transformer]:
    plane = pyproj.CRS.from_proj4(
        f"+proj=tmerc +lat_0={lat} +lon_0={lon} +k=1 +ellps=GRS80 +units=m +no_defs"
    )
    degrees = pyproj.CRS.from_wkt(wkt)
    there = pyproj.Transformer.from_crs(degrees, plane, always_xy=True)
    return there, pyproj.Transformer.from_crs(plane, degrees, always_xy=True)


def _flat(crs: pyproj.CRS) -> pyproj.CRS:
    """Horizontal part of a system with heights."""
    if crs.is_compound:
        return crs.sub_crs_list[0]
    return crs.to_2d() if len(crs.axis_info) > 2 else crs


def _in_japan(lat: float, lon: float) -> bool:
    return JAPAN_LAT[0] <= lat <= JAPAN_LAT[1] and JAPAN_LON[0] <= lon <= JAPAN_LON[1]
