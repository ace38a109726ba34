"""A region that a user puts together from any municipalities of Japan."""

from __future__ import annotations

import functools
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse.csgraph import connected_components

from gunmane import schema
from gunmane.errors import RegionError
from gunmane.municipalities.facts import Region, known_statistics, place_points
from gunmane.municipalities.national import (
    NORTHERN_TERRITORIES,
    load_municipalities,
    national_halls,
    national_towns,
    plane_zone,
)
from gunmane.municipalities.prefectures import PREFECTURES_EN, PREFECTURES_JA

PREFIX = "own"
MAX_MUNICIPALITIES = 60
ZONE_BASE = 6668
# The polygons of neighbours share their corners; what is farther apart has water or another town between.
NEIGHBOUR_M = 30.0
# The borders are drawn to about 200 m; a hall farther outside stands in another municipality.
HALL_OUTSIDE_M = 1000.0
NAMES_IN_FULL = 3
STEM_LENGTH = 60
SECTORS = {"daily": ("road", "park", "sewer", "river"), "structures": ("bridge", "tunnel")}
KIND_OF_BODY = re.compile(r" (City|Town|Village|Ward)$")
Remark = tuple[str, dict[str, Any]]


def names_codes(text: str) -> bool:
    """Tell whether a text is the id of an own region or a list of codes of municipalities, right or wrong ones."""
    plain = _plain(text)
    if plain.startswith(f"{PREFIX}-") or plain == NORTHERN_TERRITORIES:
        return True
    parts = _parts(plain)
    return bool(parts) and all(re.fullmatch(r"\d{4,6}", part) for part in parts)


def codes_in(text: str) -> tuple[str, ...]:
    """Return the codes in the id of an own region or in a list with commas, blanks or hyphens, as they stand."""
    return tuple(_parts(_plain(text).removeprefix(f"{PREFIX}-")))


def _plain(text: str) -> str:
    return unicodedata.normalize("NFKC", str(text)).strip().casefold()


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[-,、\s]+", text) if part]


def own_region_id(codes: Iterable[str]) -> str:
    """Return the id of the region of some codes: "own-" and the sorted codes; an address or a command takes it back."""
    return "-".join([PREFIX, *sorted(set(codes))])


def file_stem(region_id: str) -> str:
    """Return a region's id as part of a file's name: that of many municipalities cut, with a hash of the whole."""
    if len(region_id) <= STEM_LENGTH:
        return region_id
    digest = hashlib.sha256(region_id.encode()).hexdigest()[:8]
    return f"{region_id[: STEM_LENGTH - 9].rstrip('-')}-{digest}"


def region_of_codes(codes: Iterable[str]) -> Region:
    """Return the own region of some codes under its usual name; as `own_region`, kept for the next caller."""
    return _kept(tuple(checked_codes(codes)))


@functools.lru_cache(maxsize=64)
def _kept(codes: tuple[str, ...]) -> Region:
    return own_region("", codes)


def own_region(name: str, codes: Iterable[str], *, package: str = "daily") -> Region:
    """
    Return a region of any municipalities of Japan, under an id made of their codes.

    Every municipality is a member; nothing is known of what they decided. Borders, settlements and town halls are those
    of `data/national`; statistics are carried for the municipalities of the eleven model regions alone, and missing for
    the others. What had to be assumed stands in `remarks`.

    Parameters
    ----------
    name
        What the user calls it; "" makes a name of the municipalities and prefectures.
    codes
        1-60 codes of 5 digits, or of 6 with a check digit; a designated city as one.
    package
        The package that its page opens on: "daily" or "structures".

    Raises
    ------
    RegionError
        If there is no code or more than 60, a code is no municipality's, or the Northern Territories are among them.
    ValueError
        If `package` is none of the two.
    """
    if package not in schema.PACKAGES:
        msg = f"package must be one of {schema.PACKAGES}, not {package!r}"
        raise ValueError(msg)
    chosen = checked_codes(codes)
    shapes = load_municipalities().loc[list(chosen)]
    epsg = ZONE_BASE + _zone(chosen)
    municipalities = shapes[["name_ja", "name_en", "geometry"]].to_crs(epsg)
    towns, remarks = _towns(municipalities)
    halls, hall_remarks = _halls(municipalities, towns)
    name_ja, name_en = (name, name) if name.strip() else _names(shapes)
    statistics = known_statistics().reindex(municipalities.index)
    first = _first_remarks(municipalities, statistics, {plane_zone(code) for code in chosen})
    return Region(
        region_id=own_region_id(chosen),
        name_ja=name_ja,
        name_en=name_en,
        kind="wide_area" if len(chosen) > 1 else "multi_sector",
        direction="horizontal" if len(chosen) > 1 else "",
        epsg=epsg,
        default_layer=package,
        default_sectors=SECTORS[package],
        has_snow_removal=False,
        bodies=pd.DataFrame({"code": list(chosen), "name_ja": shapes["name_ja"].to_list(), "role": "member"}),
        municipalities=municipalities,
        towns=towns,
        towns_without_place=0,
        halls=halls,
        statistics=statistics,
        remarks=(*first, *remarks, *hall_remarks),
    )


def checked_codes(codes: Iterable[str]) -> tuple[str, ...]:
    """
    Return codes of municipalities, each once and sorted, with their leading zero and without a check digit.

    Raises
    ------
    RegionError
        As `own_region`.
    """
    known = load_municipalities().index
    by_long = {str(long): str(code) for code, long in national_halls()["lg_code6"].items()}
    found: set[str] = set()
    for given in codes:
        text = _plain(given)
        if text == NORTHERN_TERRITORIES:
            raise RegionError("own_region_northern_territories")
        padded = [text, text.zfill(5), by_long.get(text, ""), by_long.get(text.zfill(6), "")]
        code = next((one for one in padded if one in known and one.isdecimal()), None)
        if code is None:
            near = [other for other in known if other.startswith(text.zfill(5)[:4]) and other.isdecimal()]
            raise RegionError("own_region_code_unknown", code=str(given), near=", ".join(near[:5]) or "-")
        found.add(code)
    if not 1 <= len(found) <= MAX_MUNICIPALITIES:
        raise RegionError("own_region_count", count=len(found), most=MAX_MUNICIPALITIES)
    return tuple(sorted(found))


def _zone(codes: Sequence[str]) -> int:
    """Return the plane zone of most municipalities; of several the one with the smallest number."""
    votes = Counter(plane_zone(code) for code in codes)
    return min(votes, key=lambda zone: (-votes[zone], zone))


def _names(shapes: gpd.GeoDataFrame) -> tuple[str, str]:
    prefectures = list(dict.fromkeys(code[:2] for code in shapes.index))
    where_ja = "・".join(PREFECTURES_JA[code] for code in prefectures[:NAMES_IN_FULL])
    where_en = ", ".join(
        PREFECTURES_EN[code].removesuffix(" Prefecture") for code in prefectures[:NAMES_IN_FULL]
    )
    if len(prefectures) > NAMES_IN_FULL:
        where_ja, where_en = f"{where_ja}など", f"{where_en} and others"
    plain_en = [KIND_OF_BODY.sub("", str(name)) for name in shapes["name_en"]]
    if len(shapes) <= NAMES_IN_FULL:
        told_en = " and ".join([*([", ".join(plain_en[:-1])] if len(shapes) > 1 else []), plain_en[-1]])
        return f"{'・'.join(shapes['name_ja'])} ({where_ja})", f"{told_en} ({where_en})"
    rest = len(shapes) - 1
    return (
        f"{shapes['name_ja'].iloc[0]}ほか {rest} 市町村 ({where_ja})",
        f"{plain_en[0]} and {rest} others ({where_en})",
    )


def _towns(municipalities: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Remark]]:
    """Return the settlements; a municipality without any gets one in its middle, which is told."""
    table = national_towns(municipalities.index)
    points = place_points(table, municipalities.crs.to_epsg())
    points["town"] = points["town"].fillna("").str.cat(points.pop("koaza").fillna(""))
    points = points[["muni_code", "town", "geometry"]]
    without = municipalities[~municipalities.index.isin(points["muni_code"])]
    if without.empty:
        return points, []
    middle = gpd.GeoDataFrame(
        {"muni_code": without.index.to_numpy(), "town": without["name_ja"].to_numpy()},
        geometry=without.geometry.representative_point().to_numpy(),
        crs=municipalities.crs,
    )
    joined = pd.concat([points, middle], ignore_index=True).sort_values("muni_code", kind="stable")
    return joined.reset_index(drop=True), [("own_region_no_towns", _named(without))]


def _halls(
    municipalities: gpd.GeoDataFrame, towns: gpd.GeoDataFrame
) -> tuple[gpd.GeoDataFrame, list[Remark]]:
    """Return the town halls; for one that is unknown or outside, a settlement in the middle stands in and is told."""
    known = national_halls().reindex(municipalities.index)
    halls = place_points(known.reset_index(), municipalities.crs.to_epsg()).set_index("muni_code")
    far = halls.geometry.distance(municipalities.geometry)
    stand_ins = municipalities[~(far <= HALL_OUTSIDE_M)]
    places = halls.geometry.copy()
    for code in stand_ins.index:
        places[code] = _middle_town(towns[towns["muni_code"] == code])
    halls = halls.set_geometry(places)[["name_ja", "lg_code6", "geometry"]]
    return halls, [("own_region_halls", _named(stand_ins))] if len(stand_ins) else []


def _middle_town(towns: gpd.GeoDataFrame) -> Any:
    """Return the settlement nearest the median of all: where most of them are."""
    xy = np.column_stack([towns.geometry.x, towns.geometry.y])
    reach = np.hypot(*(xy - np.median(xy, axis=0)).T)
    return towns.geometry.iloc[int(np.argmin(reach))]


def _first_remarks(
    municipalities: gpd.GeoDataFrame, statistics: pd.DataFrame, zones: set[int]
) -> list[Remark]:
    known = int(statistics["population"].notna().sum())
    remarks: list[Remark] = [("own_region", {"count": len(municipalities), "known": known})]
    if len(parts := _parts_of(municipalities)) > 1:
        told = {
            "count": len(parts),
            "names_ja": " / ".join("、".join(part["name_ja"]) for part in parts),
            "names_en": " / ".join(", ".join(part["name_en"]) for part in parts),
        }
        remarks.append(("own_region_apart", told))
    if len(zones) > 1:
        remarks.append(("own_region_zones", {"zones": ", ".join(str(zone) for zone in sorted(zones))}))
    return remarks


def _parts_of(municipalities: gpd.GeoDataFrame) -> list[gpd.GeoDataFrame]:
    """Return the groups of municipalities that share a border, in the order of their first code."""
    shapes = municipalities.geometry.to_numpy()
    near = municipalities.sindex.query(
        shapes, predicate="dwithin", distance=NEIGHBOUR_M, output_format="dense"
    )
    _, label = connected_components(near, directed=False)
    return [municipalities[label == one] for one in dict.fromkeys(label)]


def _named(municipalities: gpd.GeoDataFrame) -> dict[str, str]:
    return {
        "names_ja": "、".join(municipalities["name_ja"]),
        "names_en": ", ".join(municipalities["name_en"]),
    }
