"""What a reader wants to know of a region before a plan: its card, its bodies, its data, its decisions."""

from __future__ import annotations

import functools

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.assumptions import load_assumptions
from gunmane.municipalities import Region, find_region, load_decisions, load_regions
from gunmane.scenario import Ground, Plan
from gunmane.workload import own_upkeep_jpy_per_km

LON_LAT = 4326
INFERENCE = "E"
GRADES = (1, 2, 3, 4)
OLDEST_DECADE = 1940
NO_YEAR = -1
STAGES = (
    ("検討中", "study"),
    ("方針公表", "policy"),
    ("試行", "trial"),
    ("第1弾実施", "first_round"),
)
"""How the phase of a row of decisions.csv begins, and the stage that it stands for."""
UNDER_WAY = "手続中"
FACTS = (
    "population",
    "area_km2",
    "road_length_m",
    "bridges_inspected",
    "bridges_grade_3_4",
    "park_area_m2",
    "sewered_population",
    "road_bridge_spend_jpy",
)


@functools.cache
def _cards() -> gpd.GeoDataFrame:
    rows, places = [], []
    for region_id in load_regions()["region_id"]:
        region = find_region(str(region_id))
        facts = body_facts(region)
        rows.append(
            {
                "region_id": region.region_id,
                "name_ja": region.name_ja,
                "name_en": region.name_en,
                "kind": region.kind,
                "direction": region.direction,
                "body_count": len(region.bodies),
                **{name: facts[name].sum(min_count=1) for name in FACTS},
                "bridges_unknown": int(
                    facts.loc[region.municipalities.index, "bridges_inspected"].isna().sum()
                ),
                "has_decision": _has_decision(region.region_id),
            }
        )
        places.append(region.municipalities.to_crs(LON_LAT).union_all().representative_point())
    table = pd.DataFrame(rows).set_index("region_id")
    return gpd.GeoDataFrame(table, geometry=places, crs=LON_LAT)


def region_cards() -> gpd.GeoDataFrame:
    """
    Return one row a region for the opening page, indexed by `region_id`, a point in WGS84 each.

    Columns: `name_ja, name_en, kind, direction, body_count`, the sums of official figures `population, area_km2,
    road_length_m` (municipal roads), `bridges_inspected, bridges_grade_3_4, park_area_m2, sewered_population,
    road_bridge_spend_jpy`, `bridges_unknown` (municipalities without a bridge count, which the sum leaves out) and
    `has_decision` (False where all that is known is an inference or the fields are not published).
    """
    return _cards().copy()


def _has_decision(region_id: str) -> bool:
    rows = decisions(region_id)
    return bool(((rows["sectors"] != "") & ~rows["is_inference"]).any())


def decisions(region_id: str) -> pd.DataFrame:
    """
    Return what a region undertakes, in the order of the facts, with `number` (1, 2 …), `is_inference`, `stage`.

    `stage` follows the phase: "study", "policy", "procedure", "trial", "first_round"; "inference" where the
    confidence is E, which is nobody's decision; a phase in other words counts as under study.
    """
    table = load_decisions()
    rows = table[table["region_id"] == region_id].reset_index(drop=True)
    is_inference = rows["confidence"].str.contains(INFERENCE)
    stage = rows["phase"].map(_stage).mask(is_inference, "inference")
    return rows.assign(number=np.arange(1, len(rows) + 1), is_inference=is_inference, stage=stage)


def _stage(phase: str) -> str:
    if UNDER_WAY in phase:
        return "procedure"
    return next((stage for start, stage in STAGES if phase.startswith(start)), "study")


def body_facts(region: Region) -> pd.DataFrame:
    """
    Return one row a body and municipality of a region with its official figures, indexed by `code`.

    Columns: `name_ja, name_en, role`, then the figures of `FACTS` and `upkeep_jpy_per_km` (own spending on road
    upkeep per km, where published). Missing stays missing; an area of parks that is a placeholder counts as missing,
    and so does everything of a prefecture.
    """
    codes = list(dict.fromkeys([*region.bodies["code"], *region.municipalities.index]))
    statistics = region.statistics.reindex(codes)
    table = statistics[list(FACTS)].apply(pd.to_numeric)
    placeholder_m2 = load_assumptions().value("sample_park_placeholder_m2")
    table["park_area_m2"] = table["park_area_m2"].where(table["park_area_m2"] > placeholder_m2)
    table["upkeep_jpy_per_km"] = own_upkeep_jpy_per_km(region).reindex(codes)
    table.insert(0, "role", [region.role_of(code) for code in codes])
    table.insert(0, "name_en", [region.name_of(code, "en") for code in codes])
    table.insert(0, "name_ja", [region.name_of(code, "ja") for code in codes])
    return table.rename_axis("code")


def completeness(ground: Ground) -> pd.DataFrame:
    """
    Count, for each sector, how complete the tables are.

    Returns
    -------
    completeness
        Indexed by `sector`, sectors in the order of `schema.SECTORS`, only those with an asset: `assets,
        outside_plan` (kept by a body that does not take part), `synthetic, without_size` (no length, for parks no
        area; bridges and pump stations are counted by the piece), `without_condition, without_built_year,
        length_m, area_m2`.
    """
    assets = ground.assets
    by_area = assets["sector"] == "park"
    by_piece = (assets["sector"] == "bridge") | (assets["subtype"] == "pump_station").fillna(False)
    size = assets["length_m"].where(~by_area, assets["area_m2"])
    table = pd.DataFrame(
        {
            "sector": assets["sector"],
            "assets": 1,
            "outside_plan": ~assets["owner_code"].isin(ground.region.contributing_codes),
            "synthetic": assets["is_synthetic"],
            "without_size": size.isna() & ~by_piece,
            "without_condition": assets["condition"].isna(),
            "without_built_year": assets["built_year"].isna(),
            "length_m": assets["length_m"].astype("float64").fillna(0.0),
            "area_m2": assets["area_m2"].astype("float64").fillna(0.0),
        }
    )
    counts = [name for name in table.columns if name not in ("sector", "length_m", "area_m2")]
    summed = table.groupby("sector").sum().astype(dict.fromkeys(counts, "int64"))
    return summed.reindex([sector for sector in schema.SECTORS if sector in summed.index])


def sample_part(ground: Ground) -> str:
    """
    Return which part of a ground is sample: "both", "mixed" (roads and some assets), "roads", "assets" or "none".

    Sample roads that were written to a file and read back are sample still.
    """
    given = ground.provenance
    is_written_sample = bool((given.get("road_file_facts") or {}).get("is_synthetic"))
    has_roads = given.get("roads_source", "sample") == "sample" or is_written_sample
    is_sample = ground.assets["is_synthetic"]
    if has_roads:
        return "both" if is_sample.all() else "mixed" if is_sample.any() else "roads"
    return "assets" if is_sample.any() else "none"


def lengths_beside_official(ground: Ground) -> pd.DataFrame:
    """
    Return the road length in the tables beside the official one, by municipality that takes part.

    Returns
    -------
    lengths
        Indexed by `muni_code`: `table_m` (roads kept by the municipality itself) and `official_m` (m), missing where
        not published.
    """
    assets = ground.assets
    codes = [code for code in ground.region.municipalities.index if code in ground.region.contributing_codes]
    roads = assets[(assets["sector"] == "road") & assets["owner_code"].isin(codes)]
    length = roads.groupby("owner_code")["length_m"].sum().reindex(codes)
    official = ground.region.statistics["road_length_m"].reindex(codes)
    return pd.DataFrame({"table_m": length, "official_m": official}).rename_axis("muni_code")


def find_assets(assets: gpd.GeoDataFrame, text: str, *, limit: int) -> gpd.GeoDataFrame:
    """
    Return the assets whose name or id holds a text, sorted by name; at most `limit`, none for an empty text.

    Case and full-width letters make no difference.
    """
    wanted = _plain(pd.Series([text])).iloc[0]
    if not wanted:
        return assets.iloc[:0]
    name = _plain(assets["name"].fillna("").astype("str"))
    is_hit = name.str.contains(wanted, regex=False) | _plain(assets["asset_id"]).str.contains(
        wanted, regex=False
    )
    hits = assets[is_hit]
    return hits.sort_values(["name", "asset_id"]).head(limit)


def _plain(text: pd.Series) -> pd.Series:
    return text.astype("str").str.normalize("NFKC").str.strip().str.casefold()


def with_conditions(assets: gpd.GeoDataFrame, conditions: tuple[int, ...]) -> gpd.GeoDataFrame:
    """Return the assets of some common conditions; 0 stands for those without a record."""
    grade = pd.to_numeric(assets["condition"], errors="coerce").fillna(0).astype("int64")
    return assets[grade.isin(conditions)]


def reject_groups(rejects: pd.DataFrame) -> pd.DataFrame:
    """
    Return the faults of ledger rows grouped: `source_file, rule, column, rows, first_row, value, advice_key`.

    `value` is one example. The order is that of the files, the most frequent fault of a file first.
    """
    columns = ["source_file", "rule", "column", "rows", "first_row", "value", "advice_key"]
    if rejects.empty:
        return pd.DataFrame({name: [] for name in columns})
    table = rejects.fillna({"column": "", "value": ""})
    keys = ["source_file", "rule", "column", "advice_key"]
    grouped = table.groupby(keys, sort=True, as_index=False).agg(
        rows=("row", "size"), first_row=("row", "min"), value=("value", "first")
    )
    return grouped.sort_values(["source_file", "rows", "rule"], ascending=[True, False, True])[
        columns
    ].reset_index(drop=True)


def conditions_by_age(assets: pd.DataFrame, sector: str) -> pd.DataFrame:
    """
    Count the assets of a sector by the decade of their building and their condition.

    Parameters
    ----------
    assets
        Assets with `sector`, `built_year` (Western year, may be missing) and `condition` (1-4, may be missing).
    sector
        One of `schema.SECTORS`.

    Returns
    -------
    counts
        Indexed by `decade` (1960 stands for 1960-1969; `OLDEST_DECADE` for all before its end), every decade between
        the first and the last; the last row is missing (<NA>): no year is known. Columns 1, 2, 3, 4 and 0 (no grade).
        Empty where the sector has no asset.
    """
    rows = assets[assets["sector"] == sector]
    if rows.empty:
        return pd.DataFrame(columns=[*GRADES, 0], dtype="int64")

    decade = (rows["built_year"].astype("Int64") // 10 * 10).clip(lower=OLDEST_DECADE)
    grade = rows["condition"].astype("Int64").fillna(0)
    told = pd.crosstab(decade.fillna(NO_YEAR), grade).reindex(columns=[*GRADES, 0], fill_value=0)
    known = [int(year) for year in told.index if year != NO_YEAR]
    every = [*range(min(known), max(known) + 1, 10)] if known else []
    table = told.reindex([*every, NO_YEAR], fill_value=0).astype("int64")
    table.index = pd.Index([*every, pd.NA], dtype="Int64", name="decade")
    return table.rename_axis(columns=None)


def yearly_work(plan: Plan) -> pd.DataFrame:
    """
    Sum a year's work by the body that keeps the assets and by sector.

    Returns
    -------
    work
        Columns `owner_code, sector, annual_jpy, annual_jpy_low, annual_jpy_high` (JPY/year, tax included; the sums of
        the low and of the high values), bodies in the order of the region, sectors in that of `schema.SECTORS`.
    """
    amounts = ["annual_jpy", "annual_jpy_low", "annual_jpy_high"]
    work = plan.work.groupby(["owner_code", "sector"], observed=True)[amounts].sum().reset_index()
    bodies = list(
        dict.fromkeys([*plan.ground.region.bodies["code"], *plan.ground.region.municipalities.index])
    )
    places = {code: number for number, code in enumerate(bodies)}
    order = work["owner_code"].map(places).fillna(len(places)) * len(schema.SECTORS)
    order += work["sector"].map(schema.SECTORS.index).astype("int64")
    return work.iloc[order.argsort(kind="stable")].reset_index(drop=True)
