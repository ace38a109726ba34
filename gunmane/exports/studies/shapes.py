"""The studies of a plan on a map: other ways to divide the region, firm and fragile borders, steps of a roll-out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane.alternatives import Alternatives
from gunmane.exports.geojson import DECIMALS, LON_LAT, feature_collection, polygons
from gunmane.exports.studies.tables import alternative_units, rounded
from gunmane.robustness import Firmness
from gunmane.rollout import Rollout
from gunmane.scenario import Plan

# Cells of units meet within a centimetre.
MEETING_GRID_M = 0.01
LINES = (1, 5)


def study_layers(plan: Plan) -> dict[str, bytes]:
    """Return the layers of the studies that a plan has as GeoJSON, by the name of their file without its ending."""
    return {
        name: make(plan, plan.studies[key]) for key, (name, make) in LAYERS.items() if key in plan.studies
    }


def _alternatives(plan: Plan, found: Alternatives) -> bytes:
    return _units(plan, "alternatives", alternative_units(plan, found))


def _rollout(plan: Plan, found: Rollout) -> bytes:
    return _units(plan, "rollout", found.units)


def _units(plan: Plan, name: str, table: pd.DataFrame) -> bytes:
    """Return one feature a unit (and strand) with the columns of a table of units."""
    rows = table.sort_values(["strand", "unit_id"], ignore_index=True)
    units = plan.ground.units.loc[rows["unit_id"]]
    properties = rows.assign(name=units["name"].to_numpy(), muni_code=units["muni_code"].to_numpy())
    is_alone = (rows["strand"] == "").all()
    properties["id"] = rows["unit_id"] if is_alone else rows["strand"] + ":" + rows["unit_id"]
    first = ["id", "unit_id", "name", "muni_code", "strand", "bundle_id"]
    columns = [*first, *(column for column in properties.columns if column not in first)]
    return feature_collection(plan, name, polygons(units.geometry), properties[columns].to_dict("records"))


def _borders(plan: Plan, found: Firmness) -> bytes:
    lines = border_lines(plan, found)
    rows = rounded(found.borders).assign(id=found.borders["bundle_id"] + "-" + found.borders["to_bundle_id"])
    columns = ["id", *found.borders.columns]
    shapes = [_line_mapping(shape) for shape in lines.to_crs(LON_LAT)]
    return feature_collection(plan, "borders", shapes, rows[columns].to_dict("records"))


def border_lines(plan: Plan, found: Firmness) -> gpd.GeoSeries:
    """
    Return the line of each border of `Firmness.borders`: where the cells of neighbouring units meet.

    Units that a road joins without their cells meeting are joined by a straight line instead.
    """
    across = found.pairs[~found.pairs["is_together"]]
    cells = plan.ground.units.geometry
    meeting = shapely.intersection(
        cells.loc[across["source_id"]].to_numpy(),
        cells.loc[across["target_id"]].to_numpy(),
        grid_size=MEETING_GRID_M,
    )
    ends = [
        shapely.get_coordinates(cells.loc[across[end]].representative_point().to_numpy())
        for end in ("source_id", "target_id")
    ]
    straight = shapely.linestrings(np.stack(ends, axis=1)) if len(across) else np.array([], dtype=object)
    own = [_lines(shape) for shape in meeting]
    shapes = [a if a is not None else b for a, b in zip(own, straight, strict=True)]
    keys = [_border_key(*row) for row in across[["strand", "bundle_id", "to_bundle_id"]].to_numpy()]
    parts: dict[tuple[str, str, str], list[Any]] = {}
    for key, shape in zip(keys, shapes, strict=True):
        parts.setdefault(key, []).append(shape)
    rows = found.borders[["strand", "bundle_id", "to_bundle_id"]].to_numpy()
    lines = [shapely.line_merge(shapely.union_all(parts.get(_border_key(*row), []))) for row in rows]
    return gpd.GeoSeries(lines, index=found.borders.index, crs=plan.ground.units.crs)


def _border_key(strand: str, one: str, other: str) -> tuple[str, str, str]:
    first, last = sorted((one, other))
    return strand, first, last


def _lines(shape: Any) -> Any:
    """Return the lines of a shape as one; None where it has none."""
    parts = [part for part in shapely.get_parts(shape) if shapely.get_type_id(part) in LINES]
    return shapely.union_all(parts) if parts else None


def _line_mapping(shape: Any) -> dict[str, Any] | None:
    """Return the GeoJSON geometry of a line; None where rounding leaves none."""
    rounded = shapely.set_precision(shape, 10.0**-DECIMALS)
    parts = [part for part in shapely.get_parts(rounded) if not shapely.is_empty(part)]
    drawn = [np.round(shapely.get_coordinates(part), DECIMALS).tolist() for part in parts]
    if not drawn:
        return None
    if len(drawn) == 1:
        return {"type": "LineString", "coordinates": drawn[0]}
    return {"type": "MultiLineString", "coordinates": drawn}


LAYERS: dict[str, tuple[str, Callable[[Plan, Any], bytes]]] = {
    "alternatives": ("alternatives", _alternatives),
    "robustness": ("borders", _borders),
    "rollout": ("rollout", _rollout),
}
