"""Small pictures of a plan: its bundles in their colours, and hatched what lies in another bundle than before."""

from __future__ import annotations

import base64
import html
from collections.abc import Iterable

import geopandas as gpd
import pandas as pd
import shapely

WIDTH, HEIGHT = 320, 260
EDGE = 4
# A picture shows no detail smaller than this part of its width.
FINEST = 1 / 400
INK = "#1F2933"
MOVED = (
    '<pattern id="moved" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    f'<path d="M0,0V5" stroke="{INK}" stroke-width="2.4" stroke-opacity="0.75"/></pattern>'
)


def outline_picture(
    plan_bundles: gpd.GeoDataFrame, colours: pd.Series, moved: gpd.GeoSeries, *, alt: str
) -> str:
    """
    Return a picture of bundles as an HTML image that shrinks with its column.

    Parameters
    ----------
    plan_bundles
        Areas indexed by `bundle_id`, none covering another.
    colours
        "#rrggbb" by `bundle_id`, as on the map; its hatchings are left out, because here they mean what moved.
    moved
        Areas to hatch in the same reference system.
    alt
        What the picture shows, for those who do not see it.
    """
    frame = _Frame(plan_bundles.total_bounds)
    parts = [f"<defs>{MOVED}</defs>"]
    parts += [
        f'<path d="{frame.path(area)}" fill="{colours[bundle]}" fill-opacity="0.6"/>'
        for bundle, area in plan_bundles.geometry.items()
    ]
    if len(moved):
        whole = shapely.union_all(shapely.make_valid(moved.to_numpy()), grid_size=1.0)
        parts.append(f'<path d="{frame.path(whole)}" fill="url(#moved)" stroke="{INK}" stroke-width="0.6"/>')
    parts += [
        f'<path d="{frame.path(area)}" fill="none" stroke="{INK}" stroke-width="1.4"/>'
        for area in plan_bundles.geometry
    ]
    size = f'viewBox="0 0 {WIDTH} {frame.height:.0f}" width="{WIDTH}" height="{frame.height:.0f}"'
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(parts)}</svg>'
    address = "data:image/svg+xml;base64," + base64.b64encode(svg.encode()).decode()
    style = f"display:block;width:100%;max-height:{HEIGHT}px;object-fit:contain"
    return f'<img src="{address}" alt="{html.escape(alt)}" style="{style}">'


class _Frame:
    """Puts metres into the picture, north up."""

    def __init__(self, bounds: Iterable[float]) -> None:
        self._west, south, east, self._north = map(float, bounds)
        wide, tall = max(east - self._west, 1.0), max(self._north - south, 1.0)
        self._scale = (WIDTH - 2 * EDGE) / wide
        self.height = tall * self._scale + 2 * EDGE
        self._finest = wide * FINEST

    def path(self, area: shapely.Geometry) -> str:
        simple = shapely.simplify(area, self._finest)
        rings = [
            ring
            for part in shapely.get_parts(simple)
            if part.geom_type == "Polygon"
            for ring in (part.exterior, *part.interiors)
        ]
        return "".join(self._ring(shapely.get_coordinates(ring)) for ring in rings)

    def _ring(self, places: Iterable[Iterable[float]]) -> str:
        points = [
            f"{EDGE + (x - self._west) * self._scale:.1f},{EDGE + (self._north - y) * self._scale:.1f}"
            for x, y in places
        ]
        return f"M{'L'.join(points[:-1])}Z"
