"""Where the borders between bundles run, to be drawn as firm or fragile."""

from __future__ import annotations

import geopandas as gpd
import shapely

from gunmane.robustness.firm import Firmness
from gunmane.scenario import Plan

# Outlines of neighbours agree to rounding only (`bundles` joins cells on a grid of 1 cm).
SAME_PLACE_M = 0.05


def border_lines(plan: Plan, made: Firmness) -> gpd.GeoDataFrame:
    """
    Return `Firmness.borders` with the line between the outlines of both bundles.

    Parameters
    ----------
    plan
        The plan that `made` is about.
    made
        What the draws gave.

    Returns
    -------
    lines
        The rows of `made.borders` in their order, in the CRS of the plan; an empty line where two bundles are joined by
        a road but do not touch (an island, a piece of road inside another bundle).
    """
    edges = plan.bundles.geometry.boundary
    one = edges.reindex(made.borders["bundle_id"]).to_numpy()
    other = edges.reindex(made.borders["to_bundle_id"]).to_numpy()
    shared = shapely.intersection(one, shapely.buffer(other, SAME_PLACE_M, cap_style="flat"))
    lines = [shapely.line_merge(shapely.MultiLineString(_line_parts(shape))) for shape in shared]
    return gpd.GeoDataFrame(made.borders.copy(), geometry=lines, crs=plan.bundles.crs)


def _line_parts(shape: shapely.Geometry) -> list[shapely.LineString]:
    """Parts long enough to be a border: where another border meets it, a stub within the tolerance remains."""
    parts = shapely.get_parts(shape)
    return [part for part in parts if part.geom_type == "LineString" and part.length > 4 * SAME_PLACE_M]
