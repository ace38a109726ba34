"""A region's sample rows as files: what a ledger for gunmane looks like, to open, change and read back."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import shapely

from gunmane import schema
from gunmane.exports.members import safe_text
from gunmane.i18n import t
from gunmane.municipalities import Region
from gunmane.own_folders import own_folder

LON_LAT = 4326
GRID_DEGREES = 1e-7
# What an earlier sample is known by.
README, README_TITLE = "README.md", "notice.sample.both"
FIXED_DATE = "1980-01-01T00:00:00.000Z"


def sample_files(assets: gpd.GeoDataFrame, roads: gpd.GeoDataFrame, region: Region) -> dict[str, bytes]:
    """
    Return sample assets and roads as GeoParquet, GeoPackage and CSV, with a README that says what they are.

    The same rows give the same bytes, except that GeoPackage names the version of its writer.

    Parameters
    ----------
    assets, roads
        Tables of `schema` in the region's plane zone.
    region
        Region they imitate.
    """
    own = assets[[*schema.names("assets"), "geometry"]]
    wanted = [c for c in schema.names("roads") if c in roads.columns]
    # A file read back must not pass for a real network.
    lines = roads[[*wanted, "geometry"]].assign(is_synthetic=True)
    contents = {README: _readme(region).encode()}
    for name, table in (("assets", own), ("roads", lines)):
        contents[f"{name}.parquet"] = _parquet(table)
        contents[f"{name}.gpkg"] = _geopackage(table, name)
    contents["assets.csv"] = _csv(own)
    return contents


def _parquet(table: gpd.GeoDataFrame) -> bytes:
    with own_folder() as folder:
        path = folder / "table.parquet"
        table.to_parquet(path, index=False)
        return path.read_bytes()


def _geopackage(table: gpd.GeoDataFrame, layer: str) -> bytes:
    # GDAL stamps the time of writing unless told a date.
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        with own_folder() as folder:
            path = folder / f"{layer}.gpkg"
            plain = table.astype(
                {c: "float64" for c in table.columns if str(table[c].dtype).startswith("Int")}
            )
            pyogrio.write_dataframe(plain, path, layer=layer)
            return path.read_bytes()
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": None})


def _csv(table: gpd.GeoDataFrame) -> bytes:
    shapes = shapely.set_precision(table.geometry.to_crs(LON_LAT).to_numpy(), GRID_DEGREES, mode="pointwise")
    plain = pd.DataFrame(table.drop(columns="geometry"))
    for column in plain.columns:
        if plain[column].dtype == bool:
            plain[column] = np.where(plain[column], "true", "false")
        elif not pd.api.types.is_numeric_dtype(plain[column]):
            known = {text: safe_text(str(text)) for text in plain[column].dropna().unique()}
            plain[column] = plain[column].map(known)
    plain["wkt"] = shapely.to_wkt(shapes, rounding_precision=7)
    text: str = plain.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8-sig")


def _readme(region: Region) -> str:
    lines = [f"# {t(README_TITLE, 'ja')}", "", t(README_TITLE, "en"), ""]
    lines += [f"{region.name_ja} / {region.name_en}", ""]
    for lang in ("ja", "en"):
        lines += [t("cli.sample_readme", lang, region=region.region_id), "", t("notice.disclaimer", lang), ""]
    lines += ["| column | type | meaning | range or words | required |", "|---|---|---|---|---|"]
    for column in schema.ASSETS:
        limits = "–".join(f"{v:g}" for v in (column.low, column.high) if v is not None)
        allowed = ", ".join(column.allowed) or limits
        needed = "yes" if column.is_required else ""
        lines.append(f"| {column.name} | {column.dtype} | {column.meaning} | {allowed} | {needed} |")
    return "\n".join([*lines, ""])
