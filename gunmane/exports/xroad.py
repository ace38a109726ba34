"""Bridges and tunnels back in the columns of xROAD, for those who keep its records."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane.errors import FileError
from gunmane.exports.members import safe_text
from gunmane.municipalities import Region, long_code

LON_LAT = 4326
SECTORS = ("bridge", "tunnel")
# 0.1 m on the ground, as xROAD's own ids have it.
DEGREE_DECIMALS = 7
# Ours; xROAD has no such column. Only where sample rows are written at all.
MARK = "gunmane.is_synthetic"
NUMBER = re.compile(r"([0-9]+)")


def xroad_csv(assets: gpd.GeoDataFrame, region: Region, *, with_sample: bool = False) -> bytes:
    """
    Return bridges and tunnels as CSV in xROAD's column form: UTF-8 with a byte-order mark, in the ledger's order.

    `shisetsu_id` is "lat,lon" (of a line or an area: a point on it), codes carry their check digit, years are western,
    `tenken.kiroku.hantei_kubun` is 1 to 4. `shisetsu_bangou` holds the ledger's id, whatever it is. Text that a
    spreadsheet would take for a formula gets an apostrophe before it. Bridges at a town hall or at the point of their
    settlement are left out: their place is not theirs.

    Parameters
    ----------
    assets
        Assets of the region (`schema.ASSETS`).
    region
        Gives the names and codes of owners and municipalities.
    with_sample
        Whether sample rows are written too, each marked `gunmane.is_synthetic` = true.

    Raises
    ------
    FileError
        If no row is left to write.
    """
    chosen = written_rows(assets, with_sample=with_sample)
    if chosen.empty:
        left = left_out(assets, with_sample=with_sample)
        raise FileError(
            "xroad_nothing_to_export", sample=left["sample"], other=sum(left.values()) - left["sample"]
        )
    table = _table(chosen, region)
    if with_sample:
        table[MARK] = np.where(chosen["is_synthetic"].astype(bool), "true", "false")
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8-sig")


def written_rows(assets: gpd.GeoDataFrame, *, with_sample: bool = False) -> gpd.GeoDataFrame:
    """
    Return the rows that `xroad_csv` writes, in the order of their ledgers: by file and row, then by id.

    Numbers within a name count as numbers, so that row 2 goes before row 11; of a table without `source` the id does.
    """
    chosen = assets[_is_written(assets, with_sample=with_sample)]
    names = chosen["source"] if "source" in chosen.columns else chosen["asset_id"]
    keys = [
        (_numbered(str(name)), str(asset_id))
        for name, asset_id in zip(names.fillna(""), chosen["asset_id"], strict=True)
    ]
    return chosen.iloc[sorted(range(len(keys)), key=keys.__getitem__)]


def _numbered(text: str) -> tuple[tuple[int, str], ...]:
    """A text as it is sorted when the numbers in it count as numbers."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in NUMBER.split(text) if part)


def left_out(assets: gpd.GeoDataFrame, *, with_sample: bool = False) -> dict[str, int]:
    """Return how many rows `xroad_csv` leaves out: `sample`, `no_place` (not at their own place), `other_sector`."""
    is_ours = assets["sector"].isin(SECTORS)
    is_sample = is_ours & assets["is_synthetic"].astype(bool) & (not with_sample)
    is_elsewhere = is_ours & ~is_sample & ~_has_place(assets)
    return {
        "sample": int(is_sample.sum()),
        "no_place": int(is_elsewhere.sum()),
        "other_sector": int((~is_ours).sum()),
    }


def _is_written(assets: gpd.GeoDataFrame, *, with_sample: bool) -> pd.Series:
    is_real = ~assets["is_synthetic"].astype(bool) | with_sample
    return assets["sector"].isin(SECTORS) & is_real & _has_place(assets)


def _has_place(assets: gpd.GeoDataFrame) -> pd.Series:
    if "position" not in assets.columns:
        return pd.Series(True, index=assets.index)
    return ~assets["position"].fillna("").isin(["town_point", "town_hall"])


def _table(chosen: gpd.GeoDataFrame, region: Region) -> pd.DataFrame:
    is_bridge = chosen["sector"] == "bridge"
    owner, place = chosen["owner_code"], chosen["muni_code"]
    prefecture = place.str[:2]
    length = chosen["length_m"]
    table = pd.DataFrame(index=chosen.index)
    table["shisetsu_id"] = _lat_lon(chosen)
    table["shisetsu_bangou"] = _texts(chosen["asset_id"])
    table["shisetsu_kubun"] = _texts(
        chosen["subtype"].where(chosen["subtype"] == "横断歩道橋", np.where(is_bridge, "橋梁", "トンネル"))
    )
    table["syogen.shisetsu.meisyou"] = _texts(chosen["name"])
    table["syogen.rosen.meisyou"] = _texts(chosen["route_name"]) if "route_name" in chosen.columns else ""
    table["syogen.kanrisya.meisyou"] = owner.map(lambda code: region.name_of(code, "ja"))
    table["kanrisya_code"] = owner.map(long_code)
    table["syogen.kasetsu_nendo"] = _whole(chosen, "built_year")
    table["syogen.kyouchou"] = length.where(is_bridge)
    table["syogen.enchou"] = length.where(~is_bridge)
    table["syogen.fukuin"] = chosen["width_m"]
    table["syogen.gyousei_kuiki.todoufuken_mei"] = prefecture.map(lambda code: region.name_of(code, "ja"))
    table["syogen.gyousei_kuiki.todoufuken_code"] = prefecture
    table["syogen.gyousei_kuiki.shikuchouson_mei"] = place.map(lambda code: region.name_of(code, "ja"))
    table["syogen.gyousei_kuiki.shikuchouson_code"] = place.map(long_code)
    table["tenken.nendo"] = _whole(chosen, "inspected_year")
    table["tenken.kiroku.hantei_kubun"] = _whole(chosen, "condition")
    return table


def _lat_lon(chosen: gpd.GeoDataFrame) -> list[str]:
    shapes = chosen.geometry.to_numpy()
    points = np.where(shapely.get_type_id(shapes) == 0, shapes, shapely.point_on_surface(shapes))
    degrees = gpd.GeoSeries(points, crs=chosen.crs).to_crs(LON_LAT)
    return [
        f"{y:.{DEGREE_DECIMALS}f},{x:.{DEGREE_DECIMALS}f}" for x, y in zip(degrees.x, degrees.y, strict=True)
    ]


def _texts(values: pd.Series) -> pd.Series:
    known = {text: safe_text(str(text)) for text in values.dropna().unique()}
    return values.map(known).fillna("")


def _whole(chosen: gpd.GeoDataFrame, name: str) -> pd.Series:
    if name not in chosen.columns:
        return pd.Series("", index=chosen.index)
    return chosen[name].astype("Int64").astype("str").replace("<NA>", "")
