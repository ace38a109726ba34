"""Cells of the units on the map: nearest town point in a straight line, clipped to the municipality."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import shapely

SHIFT_M = 0.01  # sites at one place are set apart by this, so that each has a cell


def unit_cells(sites: npt.NDArray, unit: npt.NDArray, count: int, area: Any) -> npt.NDArray:
    """
    Divide an area among units by their nearest site.

    Parameters
    ----------
    sites
        Places (m), shape (n, 2).
    unit
        Unit (0 to count - 1) of each site; a unit may have several sites, their cells are joined.
    count
        Number of units.
    area
        Polygon or multi-polygon to divide.

    Returns
    -------
    cells
        One polygon or multi-polygon a unit; together they cover the area.
    """
    if count == 1:
        return np.array([area], dtype=object)
    order = np.lexsort((unit, sites[:, 1], sites[:, 0]))
    points, owner = _apart(sites[order]), unit[order]
    cells = _voronoi(points, area)
    parts = _polygons(shapely.intersection(cells, area))
    return np.array([_polygons(shapely.union_all(parts[owner == u])) for u in range(count)], dtype=object)


def _apart(sites: npt.NDArray) -> npt.NDArray:
    """Shift sites that lie at one place; sites come sorted by place."""
    moved = sites.astype(np.float64).copy()
    for i in range(1, len(moved)):
        if np.hypot(*(sites[i] - sites[i - 1])) < SHIFT_M:
            moved[i] = moved[i - 1] + [SHIFT_M, SHIFT_M]
    return moved


def _voronoi(points: npt.NDArray, area: Any) -> npt.NDArray:
    """Cell of each point, in their order."""
    shapes = shapely.points(points)
    every = shapely.multipoints(shapes)
    around = shapely.union(shapely.envelope(area), shapely.envelope(every))
    cells = shapely.get_parts(shapely.voronoi_polygons(every, extend_to=around))
    tree = shapely.STRtree(cells)
    site, cell = tree.query(shapes, predicate="intersects")
    _, first = np.unique(site, return_index=True)
    return np.asarray(cells[cell[first]], dtype=object)


def _polygons(shapes: Any) -> Any:
    """Keep the areas of shapes that an intersection may leave with lines and points."""
    one = np.atleast_1d(np.asarray(shapes, dtype=object))
    mixed = ~np.isin(shapely.get_type_id(one), [3, 6])
    for i in np.flatnonzero(mixed):
        parts = shapely.get_parts(one[i])
        one[i] = shapely.union_all(parts[np.isin(shapely.get_type_id(parts), [3, 6])])
    return one if np.ndim(shapes) else one[0]
