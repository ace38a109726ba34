"""Rows of a sample: the columns that every sector fills, and plausible years, grades and names."""

from __future__ import annotations

import re
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane import schema
from gunmane.assumptions import Assumptions
from gunmane.sample.land import Floats, Ints, Land

Objects = NDArray[Any]
ROMAN = np.array(["", "Ⅰ", "Ⅱ", "Ⅲ", "Ⅳ"], dtype=object)
_BLOCK = re.compile(r"([一二三四五六七八九十〇0-9]+丁目|^大字|^字|[（(].*)")


def make_rows(land: Land, sector: str, geometry: Objects, muni: Ints, **columns: Any) -> gpd.GeoDataFrame:
    """
    Return asset rows of one sector; columns not given are missing.

    Parameters
    ----------
    land
        The ground.
    sector
        Sector of every row.
    geometry
        Shapely geometries.
    muni
        Position of each row's municipality in `land.codes`.
    **columns
        Other columns of `schema.ASSETS`; `owner_code` defaults to the municipality.
    """
    codes = np.array(land.codes, dtype=object)[muni]
    table: dict[str, Any] = {
        "sector": sector,
        "subtype": "",
        "name": "",
        "route_name": "",
        "muni_code": codes,
        "owner_code": codes,
        "account_class": "general",
        "built_year": pd.array([pd.NA] * len(muni), dtype="Int16"),
        "condition": pd.array([pd.NA] * len(muni), dtype="Int8"),
        "condition_raw": "",
        "inspected_year": pd.array([pd.NA] * len(muni), dtype="Int16"),
        "material": "",
        "diameter_mm": np.nan,
        "length_m": np.nan,
        "width_m": np.nan,
        "area_m2": np.nan,
        "annual_cost_jpy": np.nan,
        "position": "ledger",
        **columns,
    }
    return gpd.GeoDataFrame(table, geometry=geometry, crs=land.region.epsg)


def number_rows(parts: list[gpd.GeoDataFrame]) -> gpd.GeoDataFrame:
    """Return all rows with `asset_id`, `source` and `is_synthetic`, numbered within each municipality."""
    rows = pd.concat(parts, ignore_index=True)
    number = (rows.groupby("muni_code").cumcount() + 1).to_numpy()
    code = rows["muni_code"].to_numpy()
    rows["asset_id"] = [f"{c}-{s}-{n:06d}" for c, s, n in zip(code, rows["sector"], number, strict=True)]
    rows["source"] = [f"sample:{c}#{n}" for c, n in zip(code, number, strict=True)]
    rows["is_synthetic"] = True
    for column in schema.ASSETS:
        rows[column.name] = rows[column.name].astype(column.dtype)
    return rows[[*schema.names("assets"), "geometry"]]


def built_years(count: int, sector: str, *, assumptions: Assumptions, rng: np.random.Generator) -> Any:
    """Return years of construction (Int16), some of them unknown."""
    key = f"sample_built_year_{sector}"
    low, mode, high = (assumptions.value(key, level) for level in ("low", "central", "high"))
    years = np.floor(rng.triangular(low, mode, high, count)).astype("int64")
    is_unknown = rng.uniform(size=count) < assumptions.value("sample_year_unknown_share")
    return pd.array(np.where(is_unknown, pd.NA, years), dtype="Int16")


def grades(share: dict[int, float], count: int, *, rng: np.random.Generator) -> Ints:
    """Return grades drawn by their shares; 0 takes what is left."""
    edges = np.cumsum(list(share.values()))
    return np.array([*share, 0], dtype=np.int64)[
        np.searchsorted(edges, rng.uniform(size=count), side="right")
    ]


def as_condition(grade: Ints) -> Any:
    """Return grades 1-4 as Int8; 0 is missing."""
    return pd.array(np.where(grade > 0, grade, pd.NA), dtype="Int8")


def place_names(land: Land, xy: Floats, muni: Ints) -> Objects:
    """Return the short name of the nearest town of the same municipality for each point."""
    from scipy.spatial import cKDTree

    names = np.empty(len(xy), dtype=object)
    short = np.array([_BLOCK.sub("", str(n)) or str(n) for n in land.town_name], dtype=object)
    for i in range(len(land.codes)):
        here, own = np.flatnonzero(muni == i), np.flatnonzero(land.town_muni == i)
        if len(here):
            names[here] = short[own[cKDTree(land.town_xy[own]).query(xy[here])[1]]]
    return names


def nth(muni: Ints, names: Objects) -> Ints:
    """Return for each row how many rows before it have the same municipality and name."""
    return pd.DataFrame({"muni": muni, "name": names}).groupby(["muni", "name"]).cumcount().to_numpy()
