"""Rows that are parts of one asset (the spans of a bridge, the swings of a park): one asset with the worst grade."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gunmane.assets.duplicates import IDENTITY, are_sections, may_repeat, ordered, tell_doubles
from gunmane.assets.faults import Faults

# Assets of one place, that may stand in a ledger once for each part; a line is listed in sections, which add up.
OF_ONE_PLACE = ("bridge", "tunnel", "park")
# Of these a part may have a length of its own (the spans of a bridge).
OF_SPANS = ("bridge", "tunnel")
SIZES = ("length_m", "width_m", "area_m2")
FILLED = ("built_year", *SIZES, "annual_cost_jpy")
# Names that many assets bear.
NO_NAME = re.compile(
    r"無名.*|.*(不明|未定|なし)|名称?無し?|[0-9０-９\-]*"
    r"|(第?[0-9０-９一二三四五六七八九十]+号?|仮称?|[A-Za-zＡ-Ｚａ-ｚ])?"
    r"(橋梁?|公園|トンネル|隧道|((小|無名|農道|林道|水路|床版|石|木|土|歩道|人道|側道|里道|溝|暗渠)橋)"
    r"|ボックス(カルバート)?|函渠|カルバート|(児童|幼児|街区|近隣|団地|住宅|市営住宅|町営住宅|村営住宅|農村|開発|緑道)(公園|遊園)地?"
    r"|(ちびっこ|ちびっ子|こども|子ども|子供|児童|多目的|ふれあい|運動|開発|地区|集会所)?の?(広場|ひろば|遊園地?|遊び場|緑地))"
    r"([0-9０-９]+号?)?"
)


def merge_parts(table: pd.DataFrame, geometry: NDArray[Any], faults: Faults) -> None:
    """
    Take rows that are parts of one asset as this asset, under its first row; changes `table`.

    They share their number (or, without one, a real name), the place and the columns of `IDENTITY`, and their sizes do
    not differ; spans of one number, name, place and survey may each have a length, and these add up. Sections of
    roads, pipes and rivers at one point are no parts. At the point of a settlement, which many assets share, only
    bridges, tunnels and parks of one known size and year are so taken. The grade is the worst of the newest
    inspection. The other rows are rejected (`part_of_asset`), a grade that changed is listed (`part_grade_value`).
    Rows that agree in their grade and have no number are left to `drop_same_places`.

    Parameters
    ----------
    table
        The rows: `asset_id, sector, position, condition, condition_raw, inspected_year, part_of` and the columns of
        `IDENTITY` and `FILLED`.
    geometry
        Their geometries in the region's zone.
    faults
        List that is added to; rows whose id is their file and number have none of their own.
    """
    kind = _candidates(table, geometry, faults)
    if kind.empty:
        return
    group = kind.groupby(["shape", "sector", "position", *IDENTITY, "number"], dropna=False).ngroup()
    kind = kind[_are_parts(kind, group).to_numpy(dtype=bool)]
    if kind.empty:
        return
    group = group[kind.index]
    first = kind["asset_id"].groupby(group).transform("first")
    is_first = ~group.duplicated()
    at = kind["at"].to_numpy()
    _take_worst(table, kind, group, faults)
    by_asset = {name: kind[name].groupby(group) for name in FILLED}
    filled = {name: rows.transform("first") for name, rows in by_asset.items()}
    is_of_spans = by_asset["length_m"].transform("nunique") > 1
    filled["length_m"] = filled["length_m"].where(~is_of_spans, by_asset["length_m"].transform("sum"))
    for name, values in filled.items():
        table.loc[at[is_first], name] = values[is_first].to_numpy()
    tell_doubles(at[~is_first], table["asset_id"], first[~is_first], "part_of_asset", faults)


def _candidates(table: pd.DataFrame, geometry: NDArray[Any], faults: Faults) -> pd.DataFrame:
    """Rows with another of the same place, sorted by file and row: their columns, `at`, `shape` and `number`."""
    order = ordered(faults)
    order = order[table["position"].iloc[order].isin(["ledger", "town_point"]).to_numpy(dtype=bool)]
    order = order[~are_sections(table.iloc[order], geometry[order])]
    order = order[may_repeat(table["sector"].iloc[order], geometry[order])] if len(order) else order
    kind = table.iloc[order].assign(at=order)
    kind["shape"] = pd.factorize(pd.Series(shapely.to_wkb(geometry[order]), dtype=object))[0]
    own = faults.origins["source_file"] + "#" + faults.origins["row"].astype("str")
    kind["is_unnumbered"] = (kind["asset_id"] == own.iloc[order].to_numpy()) & (kind["part_of"] == "")
    is_repeated = kind["asset_id"].duplicated(keep=False)
    kind["number"] = kind["asset_id"].where(is_repeated, kind["part_of"])
    return kind


def _are_parts(kind: pd.DataFrame, group: pd.Series) -> pd.Series:
    """Whether each row is one of several parts of an asset."""

    def kinds(name: str) -> pd.Series:
        return kind[name].groupby(group).transform("nunique")

    is_several = group.groupby(group).transform("size") > 1
    is_named = (kind["name"] != "") & ~kind["name"].map(lambda name: bool(NO_NAME.fullmatch(name)))
    is_span = (
        kind["sector"].isin(OF_SPANS) & (kind["position"] == "ledger") & (kind["number"] != "") & is_named
    )
    is_span &= (kinds("inspected_year") <= 1) & (kinds("built_year") <= 1)
    for name in SIZES:
        is_several &= (kinds(name) <= 1) | (is_span if name == "length_m" else False)
    is_graded_apart = kinds("condition") > 1
    is_exact = (kind["position"] == "ledger") & ((kind["number"] != "") | is_named)
    is_exact &= is_graded_apart | (kind["part_of"] != "")
    is_sized = sum(kinds(name) for name in SIZES) > 0
    is_rough = (
        (kind["position"] == "town_point")
        & kind["sector"].isin(OF_ONE_PLACE)
        & (kind["name"] != "")
        & is_sized
    )
    is_rough &= (kinds("built_year") <= 1) & ((kind["number"] != "") | (is_named & kind["is_unnumbered"]))
    return is_several & (is_exact | is_rough)


def _take_worst(table: pd.DataFrame, kind: pd.DataFrame, group: pd.Series, faults: Faults) -> None:
    """Give the first row of each asset the worst grade of its newest inspection; changes `table`."""
    year = kind["inspected_year"].astype("float64").fillna(0)
    grade = kind["condition"].astype("float64")
    ranked = kind.assign(group=group, year=year, grade=grade).dropna(subset=["grade"])
    ranked = ranked.sort_values(["group", "year", "grade"], ascending=[True, False, False], kind="stable")
    worst = ranked.drop_duplicates("group").set_index("group")
    first = kind.assign(group=group).drop_duplicates("group").set_index("group").loc[worst.index]
    before, after = first["condition"].fillna(0), worst["condition"]
    is_other = (before != after).to_numpy(dtype=bool)
    at, source = first["at"].to_numpy()[is_other], worst["at"].to_numpy()[is_other]
    mask, became = np.zeros(len(table), dtype=bool), np.full(len(table), "", dtype=object)
    mask[at] = True
    became[at] = table["condition_raw"].to_numpy(dtype=object)[source]
    faults.add(
        mask,
        "condition_raw",
        table["condition_raw"].to_numpy(dtype=object),
        "part_grade_value",
        became=became,
    )
    for name in ("condition", "condition_raw", "inspected_year"):
        values = table[name].iloc[source].array
        table.loc[table.index[at], name] = values
