"""A file as it came: its own columns and shapes, before anyone says what they mean."""

from __future__ import annotations

import dataclasses
from typing import Any

import pandas as pd
import pyproj


@dataclasses.dataclass(frozen=True, eq=False)
class Raw:
    """
    Rows of a file under the file's own column names.

    Parameters
    ----------
    file
        Name of the file that the user knows (of the zip where it came in one).
    format
        "csv", "xlsx", "xls", "ods", "geojson", "gpkg", "geoparquet", "fgb", "shapefile", "json", "citygml", "osm",
        "graphml", "pbf" or "postgis".
    table
        The cells without the shapes; text, or numbers where the format has numbers. The index is the row's number
        as the user counts it: of a spreadsheet its own row number, of a GIS file 1 for the first feature.
    shapes
        One shapely geometry or None a row; None where the file has no geometry at all.
    crs
        System of `shapes`; None where the file does not say.
    told
        What was found out while reading: `encoding`, `separator`, `sheet`, `sheets` (all that have rows),
        `heading_row`, `heading_rows`, `title`, `layer`, `layers`, `has_prj`, `formulas_without_value` (count) …; only
        what applies.
    """

    file: str
    format: str
    table: pd.DataFrame
    shapes: Any = None
    crs: pyproj.CRS | None = None
    told: dict[str, Any] = dataclasses.field(default_factory=dict)
