"""Which model region a file belongs to, when nobody has said."""

from __future__ import annotations

import dataclasses
import functools
import unicodedata
from collections import Counter

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane.assets import plain_code
from gunmane.errors import FileError
from gunmane.ledgers.profiles import Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.understanding import understand
from gunmane.municipalities import Region, find_region, load_japan, load_regions

LON_LAT = 4326
CODE_COLUMNS = ("muni_code", "owner_code")
# What a reader told of a table that stands above its rows.
ABOVE = ("title", "sheet", "layer")


@dataclasses.dataclass(frozen=True)
class Home:
    """
    Where a file lies.

    Parameters
    ----------
    region_id
        The model region that holds most of its rows, or "".
    rows
        Rows looked at, and of these `inside` in that region.
    prefecture
        Name of the prefecture that holds most of its places, or "".
    placed
        Rows with a place, of those looked at.
    """

    region_id: str
    rows: int
    inside: int
    prefecture: str = ""
    placed: int = 0


def find_home(raw: Raw, profile: Profile) -> Home:
    """
    Return the model region in which most rows of a file lie: by their places, else by codes and names.

    Where no row tells, the name of a municipality in the title, the sheet or the file's name does.

    Parameters
    ----------
    raw, profile
        First look at a file (`deliveries.recognise`).
    """
    points = _points(raw, _understood(raw, profile))
    prefecture = _prefecture(points)
    if len(points):
        joined = gpd.sjoin(points, _all_towns(), predicate="within")
        votes = Counter(joined["region_id"])
    else:
        votes = Counter(_named(raw, profile)) or Counter(_named_above(raw, profile))
    if not votes:
        return Home("", len(raw.table), 0, prefecture, len(points))
    # Of two regions with as many rows the first by id counts, so that the same file gives the same answer.
    region_id, inside = min(votes.items(), key=lambda item: (-item[1], item[0]))
    return Home(region_id, len(raw.table), inside, prefecture, len(points))


@functools.cache
def _regions() -> tuple[Region, ...]:
    return tuple(find_region(str(region_id)) for region_id in load_regions()["region_id"])


@functools.cache
def _all_towns() -> gpd.GeoDataFrame:
    parts = [
        region.municipalities[["geometry"]].to_crs(LON_LAT).assign(region_id=region.region_id)
        for region in _regions()
    ]
    return pd.concat(parts, ignore_index=True)


def _understood(raw: Raw, profile: Profile) -> gpd.GeoDataFrame | None:
    """Rows with their places, where the file is a ledger and says enough."""
    if profile.role != "assets":
        return None
    try:
        return understand(raw, profile, region=None)
    except FileError:
        # X and Y whose system is open without a region; names and codes may still tell.
        return None


def _points(raw: Raw, rows: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """One point a row in WGS84; rows without a place, or with one that no system reaches, are left out."""
    if rows is not None:
        shapes, crs = rows.geometry.to_numpy(), rows.crs
    else:
        shapes, crs = raw.shapes, raw.crs
    if shapes is None or crs is None:
        return gpd.GeoDataFrame(geometry=[], crs=LON_LAT)
    shapes = np.asarray(shapes, dtype=object)
    usable = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    points = gpd.GeoSeries(shapely.point_on_surface(usable), crs=crs).to_crs(LON_LAT)
    is_placed = np.isfinite(shapely.bounds(points.to_numpy())).all(axis=1) if len(points) else []
    return gpd.GeoDataFrame(geometry=points[is_placed].reset_index(drop=True), crs=LON_LAT)


def _prefecture(points: gpd.GeoDataFrame) -> str:
    if points.empty:
        return ""
    joined = gpd.sjoin(points, load_japan(), predicate="within")
    counts = joined["pref_ja"].value_counts()
    return str(sorted(counts[counts == counts.max()].index)[0]) if len(counts) else ""


def _named(raw: Raw, profile: Profile) -> list[str]:
    """Regions that codes or names of municipalities point to, one vote a row and region."""
    names, towns = _names()
    known = frozenset(code for code in names if code.isdecimal())
    coded = {name for ours in CODE_COLUMNS for name in profile.columns.get(ours, ())}
    votes: list[str] = []
    for _, row in raw.table.fillna("").astype("str").iterrows():
        found = {names.get(plain_code(cell, known), "") for name, cell in row.items() if name in coded}
        text = " ".join(row)
        found |= {region_id for town, region_id in towns.items() if town in text}
        votes += sorted(found - {""})
    return votes


def _named_above(raw: Raw, profile: Profile) -> list[str]:
    """Regions named once for all rows: by a constant of the profile, the title, the sheet or the file's name."""
    names, towns = _names()
    known = frozenset(code for code in names if code.isdecimal())
    constants = [profile.constants.get(ours, "") for ours in CODE_COLUMNS]
    found = {names.get(plain_code(code, known), "") for code in constants if code}
    said = (*(raw.told.get(key, "") for key in ABOVE), raw.file, profile.answers.owner)
    text = unicodedata.normalize("NFKC", " ".join(map(str, said)))
    found |= {region_id for town, region_id in towns.items() if town in text}
    return sorted(found - {""})


@functools.cache
def _names() -> tuple[dict[str, str], dict[str, str]]:
    """Region of every code and name of a municipality, and of the names alone."""
    names: dict[str, str] = {}
    for region in _regions():
        for code, town in region.municipalities["name_ja"].items():
            names[str(code)] = names[str(town)] = region.region_id
    return names, {name: region_id for name, region_id in names.items() if not name.isdecimal()}
