"""Roads that come in several mesh files, joined into the one file that a plan takes."""

from __future__ import annotations

import pathlib
import zipfile
from collections.abc import Sequence

import geopandas as gpd
import pandas as pd
import pyogrio

from gunmane.cache import atomic_path
from gunmane.errors import FileError
from gunmane.municipalities import Region

LAYER = "roads"
LON_LAT = 4326
# Roads of the neighbours may be driven on: how far beyond the border they are taken (m).
MARGIN_M = 2000.0


def join_meshes(files: Sequence[pathlib.Path], region: Region, target: pathlib.Path) -> int:
    """
    Join road files of 国土数値情報 into one GeoPackage of the region with its margin; return how many lines it has.

    Parameters
    ----------
    files
        Zips with one shapefile or GeoJSON each, or GeoJSON.
    region
        Region; lines whose frame touches its own, widened by 2 km, are taken.
    target
        File to write, as a whole or not at all; the columns are those of the files.

    Raises
    ------
    FileError
        If a file cannot be read, none has a line there, or the target cannot be written.
    """
    parts = [_lines(path, region) for path in sorted(files)]
    rows = pd.concat([part.to_crs(parts[0].crs) for part in parts], ignore_index=True)
    if rows.empty:
        raise FileError(
            "fetch_no_lines_here", file=target.name, files=", ".join(p.name for p in sorted(files))
        )
    # A line on the seam of two meshes may stand in both.
    rows["geometry_wkb"] = rows.geometry.to_wkb()
    told = [name for name in rows.columns if name not in {"geometry", "id"}]
    rows = rows.drop_duplicates(subset=told, ignore_index=True)
    rows = rows.drop(columns="geometry_wkb")
    try:
        with atomic_path(target) as temporary:
            temporary.unlink()
            rows.to_file(temporary, layer=LAYER, driver="GPKG", engine="pyogrio")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError("output_not_written", folder=str(target.parent), reason=reason) from error
    return len(rows)


def _lines(path: pathlib.Path, region: Region) -> gpd.GeoDataFrame:
    frame = region.municipalities.buffer(MARGIN_M).to_crs(LON_LAT).total_bounds
    source = _inner(path) if path.suffix.lower() == ".zip" else str(path)
    try:
        return pyogrio.read_dataframe(source, bbox=tuple(frame), use_arrow=True)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError, ValueError) as error:
        raise FileError("ledger_unreadable", file=path.name) from error


def _inner(path: pathlib.Path) -> str:
    """Return GDAL's name of the one shapefile or GeoJSON inside a zip."""
    with zipfile.ZipFile(path) as archive:
        names = [name for name in archive.namelist() if "__MACOSX" not in name and ".." not in name]
    for suffix in (".shp", ".geojson"):
        fitting = sorted(name for name in names if name.lower().endswith(suffix))
        if len(fitting) == 1:
            return f"/vsizip/{{{path.resolve()}}}/{fitting[0]}"
    raise FileError("ledger_zip_choice", file=path.name, found=", ".join(names[:6]) or "-")
