"""Grades without a place (道路メンテナンス年報) matched to the bridges of a ledger, and the rest at the town hall."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane import schema
from gunmane.assets.bridge_names import name_key, route_key
from gunmane.assets.grades import read_grade
from gunmane.assets.intake import take_assets
from gunmane.municipalities import Region

# Lists round lengths to 0.1 m or to whole metres.
SAME_LENGTH_M = 0.5
# Pairs of bridges compared at once; more than this many of one name cannot be told apart anyway.
MAX_PAIRS = 4_000_000
# Bridges of farm roads stand in no list of the road law: the sample's stay when its others make way.
FARM_BRIDGE = "農道橋"

REASONS = (
    "no_grade",
    "no_bridge",
    "name_missing",
    "same_name",
    "route_differs",
    "ledger_newer",
    "older_inspection",
    "no_place",
    "rejected",
)


@dataclasses.dataclass(frozen=True, eq=False)
class Matched:
    """
    What became of grades without a place.

    Parameters
    ----------
    assets
        `schema.ASSETS`, sorted by `asset_id`: matched bridges with their new grade, and the placed ones.
    unmatched
        The rows that no bridge took, with `reason` (of `REASONS`; `advice.condition_…` in the catalogues) and
        `asset_id` where one was found that kept its own grade.
    placed
        The bridges that stand at a town hall, as in `assets`: `position` "town_hall", `source` "file#row".
    replaced
        What a ledger's row had before: `asset_id, column, before, after, source`.
    rejects
        Faults of the placed rows (`schema.REJECTS`).
    sample_removed
        Owner -> sample bridges that made way for its placed ones.
    matched, bridges_left
        Rows that found their bridge; real bridges of these owners that no row names.
    """

    assets: gpd.GeoDataFrame
    unmatched: pd.DataFrame
    placed: gpd.GeoDataFrame
    replaced: pd.DataFrame
    rejects: pd.DataFrame
    sample_removed: Mapping[str, int]
    matched: int
    bridges_left: int


def match_conditions(
    assets: gpd.GeoDataFrame,
    conditions: pd.DataFrame,
    *,
    region: Region,
    places_at_town_hall: bool = False,
) -> Matched:
    """
    Give the ledger's bridges the grades of a list that names bridges without saying where they are.

    A row and a bridge of the same owner are one where name and route are the same and both stand once; then by name
    alone; of several with one name (or none) only those that length and year tell apart. The newer inspection counts;
    a ledger's grade stays where nobody can tell which is newer. The order of the rows changes nothing.

    Parameters
    ----------
    assets
        Assets of the region (`schema.ASSETS`); sample bridges are never matched.
    conditions
        `owner_code, muni_code, name, route_name, condition_raw, inspected_year, built_year, length_m, width_m,
        source`.
    region
        Gives the town halls.
    places_at_town_hall
        Whether rows that name a bridge which the ledger lacks become assets at their owner's town hall, marked so.
        The sample's bridges of an owner without any real one make way for them.
    """
    rows = _keyed(conditions)
    is_bridge = (assets["sector"] == "bridge") & ~assets["is_synthetic"].astype(bool)
    bridges = _bridge_keys(assets[is_bridge & assets["owner_code"].isin(rows["owner_code"])])
    pair, reason = _pairs(rows, bridges)
    changed, replaced, kept = _apply(assets, rows, pair)
    reason = reason.where(~reason.index.isin(kept.index), kept.reindex(reason.index).fillna(""))
    nothing = assets.iloc[:0]
    rejects = pd.DataFrame(columns=schema.names("rejects"))
    placed = nothing
    removed: dict[str, int] = {}
    if places_at_town_hall:
        placed, rejects, reason = _placed(rows, reason, changed, region)
        changed, removed = _without_sample(changed, placed, bridges)
        changed = _joined(changed, placed)
    is_left = (reason != "").to_numpy()
    unmatched = rows.loc[is_left, [c for c in conditions.columns if c in rows.columns]]
    unmatched = unmatched.assign(reason=reason[is_left], asset_id=pair.reindex(unmatched.index).fillna(""))
    return Matched(
        assets=changed,
        unmatched=unmatched.reset_index(drop=True),
        placed=placed,
        replaced=replaced,
        rejects=rejects,
        sample_removed=removed,
        matched=len(pair),
        bridges_left=len(bridges) - len(pair),
    )


def _keyed(conditions: pd.DataFrame) -> pd.DataFrame:
    rows = conditions.assign(
        name_key=conditions["name"].fillna("").map(name_key).astype("str"),
        route_key=conditions["route_name"].fillna("").map(route_key).astype("str"),
        length=conditions["length_m"].astype("float64"),
        year=conditions["built_year"].astype("Float64").astype("float64"),
    )
    order = ["owner_code", "name_key", "route_key", "length", "year", "source"]
    return rows.sort_values(order, kind="stable", ignore_index=True)


def _bridge_keys(bridges: gpd.GeoDataFrame) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "asset_id": bridges["asset_id"],
            "owner_code": bridges["owner_code"],
            "name_key": bridges["name"].fillna("").map(name_key).astype("str"),
            "route_key": bridges["route_name"].fillna("").map(route_key).astype("str")
            if "route_name" in bridges.columns
            else "",
            "length": bridges["length_m"].astype("float64"),
            "year": bridges["built_year"].astype("Float64").astype("float64"),
        }
    )
    return table.sort_values("asset_id", ignore_index=True)


def _pairs(rows: pd.DataFrame, bridges: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Row -> asset_id of those that found their bridge; and of every row why it has none, "" where it has."""
    reason = pd.Series("", index=rows.index, dtype="str")
    older = _older(rows)
    reason[older] = "older_inspection"
    pair: dict[int, int] = {}
    free_rows = rows[~rows.index.isin(older)]
    steps = (
        (["owner_code", "name_key", "route_key"], "named", 0),
        (["owner_code", "name_key", "route_key"], "named", 1),
        (["owner_code", "name_key"], "named", 1),
        (["owner_code", "name_key"], "blank_route", 0),
        (["owner_code", "route_key"], "unnamed", 1),
        (["owner_code"], "unnamed", 2),
    )
    for keys, kind, needed in steps:
        left = free_rows[~free_rows.index.isin(pair)]
        right = bridges[~bridges.index.isin(pair.values())]
        if kind == "unnamed":
            left, right = left[left["name_key"] == ""], right[right["name_key"] == ""]
        else:
            left, right = left[left["name_key"] != ""], right[right["name_key"] != ""]
        pair |= _step(left, right, keys, needed=needed, only_blank_routes=kind == "blank_route")
    left = free_rows[~free_rows.index.isin(pair)]
    right = bridges[~bridges.index.isin(pair.values())]
    reason[left.index] = _reasons(left, right)
    found = pd.Series({row: bridges.at[at, "asset_id"] for row, at in sorted(pair.items())}, dtype="str")
    return found, reason


def _older(rows: pd.DataFrame) -> NDArray[Any]:
    """Rows of a bridge whose newer inspection is in the list too: alike in all else, each year once."""
    alike = ["owner_code", "name_key", "route_key", "length", "year"]
    known = rows[(rows["name_key"] != "") & rows["inspected_year"].notna()]
    groups = known.groupby(alike, dropna=False)["inspected_year"]
    is_series = (groups.transform("nunique") == groups.transform("size")) & (groups.transform("size") > 1)
    is_older = is_series & (known["inspected_year"] < groups.transform("max"))
    return known.index[is_older.to_numpy(dtype=bool)].to_numpy()


def _step(
    left: pd.DataFrame, right: pd.DataFrame, keys: list[str], *, needed: int, only_blank_routes: bool
) -> dict[int, int]:
    """Pairs of one step; `needed` counts how many of length and year must agree, 0 asks that both stand once."""
    found: dict[int, int] = {}
    by_key = right.groupby(keys).indices
    for key, at in left.groupby(keys).indices.items():
        others = by_key.get(key)
        if others is None:
            continue
        mine, theirs = left.iloc[at], right.iloc[others]
        if needed == 0:
            if len(mine) == len(theirs) == 1 and not (only_blank_routes and _routes_differ(mine, theirs)):
                found[int(mine.index[0])] = int(theirs.index[0])
        elif len(mine) * len(theirs) <= MAX_PAIRS:
            found |= _told_apart(mine, theirs, needed)
    return found


def _routes_differ(mine: pd.DataFrame, theirs: pd.DataFrame) -> bool:
    one, other = str(mine["route_key"].iloc[0]), str(theirs["route_key"].iloc[0])
    return bool(one and other and one != other)


def _told_apart(mine: pd.DataFrame, theirs: pd.DataFrame, needed: int) -> dict[int, int]:
    """Pairs where length and year do not contradict, enough of them agree, and no other would fit either of the two."""
    length = np.abs(mine["length"].to_numpy()[:, None] - theirs["length"].to_numpy()[None, :])
    year = np.abs(mine["year"].to_numpy()[:, None] - theirs["year"].to_numpy()[None, :])
    with np.errstate(invalid="ignore"):
        contradicts = (length > SAME_LENGTH_M + 1e-9) | (year > 0)
        agree = (length <= SAME_LENGTH_M + 1e-9).astype(np.int8) + (year == 0)
    fits = ~contradicts & (agree >= needed)
    found: dict[int, int] = {}
    while True:
        single = fits & (fits.sum(axis=1) == 1)[:, None] & (fits.sum(axis=0) == 1)[None, :]
        rows, columns = np.nonzero(single)
        if not len(rows):
            return found
        found |= {int(mine.index[i]): int(theirs.index[j]) for i, j in zip(rows, columns, strict=True)}
        fits[rows, :] = False
        fits[:, columns] = False


def _reasons(left: pd.DataFrame, right: pd.DataFrame) -> pd.Series:
    """Why each row has no bridge, by what is left of its owner's bridges."""
    count = right.groupby(["owner_code", "name_key"]).size()
    mine = left.groupby(["owner_code", "name_key"])["source"].transform("size")
    keys = pd.MultiIndex.from_frame(left[["owner_code", "name_key"]])
    theirs = count.reindex(keys).fillna(0).to_numpy()
    is_single = (theirs == 1) & (mine == 1).to_numpy()
    reason = np.select(
        [theirs == 0, (left["name_key"] == "").to_numpy(), is_single],
        ["no_bridge", "name_missing", "route_differs"],
        "same_name",
    )
    return pd.Series(reason, index=left.index, dtype="str")


def _apply(
    assets: gpd.GeoDataFrame, rows: pd.DataFrame, pair: pd.Series
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.Series]:
    """Assets with the newer grades; what they had before; and row -> why a matched row changed nothing."""
    changed = assets.copy()
    place = pd.Series(np.arange(len(changed)), index=changed["asset_id"].to_numpy())
    kept: dict[int, str] = {}
    before: list[tuple[str, str, str, str, str]] = []
    new: dict[str, dict[int, Any]] = {"condition": {}, "condition_raw": {}, "inspected_year": {}}
    for row, asset_id in pair.items():
        line, at = rows.loc[row], int(place[asset_id])
        grade = read_grade(str(line["condition_raw"]), "bridge")
        own = assets.iloc[at]
        why = _why_kept(own, line, grade)
        if why:
            kept[int(str(row))] = why
            continue
        for column, value in (
            ("condition", grade),
            ("condition_raw", line["condition_raw"]),
            ("inspected_year", line["inspected_year"]),
        ):
            had = _shown(own[column]) if column in assets.columns else ""
            if had != _shown(value) and not (column == "inspected_year" and pd.isna(value)):
                before.append((str(asset_id), column, had, _shown(value), str(line["source"])))
                new[column][at] = value
    for column, values in new.items():
        if values:
            whole = changed[column].copy()
            whole.iloc[list(values)] = list(values.values())
            changed[column] = whole
    replaced = pd.DataFrame(before, columns=["asset_id", "column", "before", "after", "source"], dtype="str")
    return changed, replaced, pd.Series(kept, dtype="str")


def _why_kept(own: pd.Series, line: pd.Series, grade: int | None) -> str:
    if not grade:
        return "no_grade"
    if pd.isna(own["condition"]):
        return ""
    inspected = own.get("inspected_year")
    if pd.isna(line["inspected_year"]):
        return "ledger_newer"
    if pd.isna(inspected) or int(line["inspected_year"]) > int(inspected):
        return ""
    is_same = int(line["inspected_year"]) == int(inspected) and int(own["condition"]) == grade
    return "" if is_same else "ledger_newer"


def _shown(value: Any) -> str:
    if value is None or pd.isna(value):
        return ""
    return str(int(value)) if isinstance(value, int | float | np.number) else str(value)


def _placed(
    rows: pd.DataFrame, reason: pd.Series, assets: gpd.GeoDataFrame, region: Region
) -> tuple[gpd.GeoDataFrame, pd.DataFrame, pd.Series]:
    """Bridges that the ledger lacks, at the hall of their town; their faults; and the reasons that are left."""
    lost = rows[reason == "no_bridge"]
    towns = lost["owner_code"].where(
        lost["owner_code"].isin(region.halls.index), lost["muni_code"].fillna("")
    )
    has_hall = towns.isin(region.halls.index)
    reason = reason.copy()
    reason[lost.index[~has_hall.to_numpy()]] = "no_place"
    lost, towns = lost[has_hall], towns[has_hall]
    grades = [read_grade(str(raw), "bridge") or None for raw in lost["condition_raw"]]
    table = lost[
        ["name", "route_name", "owner_code", "condition_raw", "length_m", "width_m", "source"]
    ].assign(
        asset_id=_ids(lost),
        sector="bridge",
        muni_code=towns,
        built_year=lost["built_year"].astype("Float64").astype("float64"),
        inspected_year=lost["inspected_year"].astype("Float64").astype("float64"),
        condition=pd.Series(grades, index=lost.index, dtype="float64"),
        position="town_hall",
    )
    points = region.halls.geometry.reindex(towns.to_numpy()).to_numpy()
    frame = gpd.GeoDataFrame(table, geometry=points, crs=region.epsg)
    taken, rejects = take_assets(frame, region=region, source="-")
    is_new = ~taken["asset_id"].isin(assets["asset_id"])
    placed = taken[is_new].assign(position=pd.array(["town_hall"] * int(is_new.sum()), dtype="str"))
    is_placed = lost["source"].isin(placed["source"]).to_numpy()
    reason[lost.index[is_placed]] = ""
    reason[lost.index[~is_placed]] = "rejected"
    return placed.reset_index(drop=True), rejects, reason


def _ids(lost: pd.DataFrame) -> list[str]:
    """File, row and year: the report of every year comes as a file of the same name."""
    years = lost["inspected_year"].astype("Int64").astype("str").replace("<NA>", "")
    return [
        f"{source}@{year}" if year else source for source, year in zip(lost["source"], years, strict=True)
    ]


def _without_sample(
    assets: gpd.GeoDataFrame, placed: gpd.GeoDataFrame, bridges: pd.DataFrame
) -> tuple[gpd.GeoDataFrame, dict[str, int]]:
    owners = sorted(set(placed["owner_code"]) - set(bridges["owner_code"]))
    is_out = (
        (assets["sector"] == "bridge")
        & assets["is_synthetic"].astype(bool)
        & assets["owner_code"].isin(owners)
        & (assets["subtype"].fillna("") != FARM_BRIDGE)
    )
    removed = assets.loc[is_out, "owner_code"].value_counts().sort_index()
    return assets[~is_out], {str(owner): int(count) for owner, count in removed.items()}


def _joined(assets: gpd.GeoDataFrame, placed: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    if placed.empty:
        return assets.reset_index(drop=True)
    whole = pd.concat([assets, placed.to_crs(assets.crs)], ignore_index=True)
    whole = whole.astype({c.name: c.dtype for c in schema.ASSETS if c.name in whole.columns})
    return schema.check_table(whole.sort_values("asset_id", ignore_index=True), "assets")
