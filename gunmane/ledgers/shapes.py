"""The shapes of a file in a coordinate system that is known, for readers that take lines and areas."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from gunmane.errors import FileError
from gunmane.ledgers.places import usable_shapes
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import Region


def shapes_of(raw: Raw, profile: Profile, *, region: Region | None) -> gpd.GeoSeries:
    """
    Return one shape a row in the file's system, without heights; missing where there is none that can be used.

    Parameters
    ----------
    raw
        The file as it came.
    profile
        Where its places stand; its coordinate system counts before the file's own.
    region
        Region that a table with columns for places belongs to.

    Raises
    ------
    FileError
        If nobody says in which coordinate system the shapes are, or the file has no place at all.
    """
    if raw.shapes is None:
        rows = understand(raw, profile, region=region)
        return gpd.GeoSeries(usable_shapes(rows.geometry.to_numpy()), index=raw.table.index, crs=rows.crs)
    named = profile.position.crs or raw.crs
    if named is None:
        key = "ledger_prj_missing" if raw.format == "shapefile" else "ledger_crs_missing"
        raise FileError(key, file=raw.file)
    try:
        crs = pyproj.CRS.from_user_input(named)
    except pyproj.exceptions.CRSError as error:
        raise FileError("ledger_crs_unusable", file=raw.file, crs=str(named)) from error
    shapes = usable_shapes(np.asarray(raw.shapes, dtype=object))
    if profile.position.is_swapped:
        shapes = shapely.transform(shapes, lambda places: places[:, ::-1])
    return gpd.GeoSeries(shapes, index=raw.table.index, crs=crs)
