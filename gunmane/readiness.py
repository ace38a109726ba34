"""How ready a region's data is: body by body and sector by sector, what is real, complete, dated and shared."""

from __future__ import annotations

from collections.abc import Mapping

import geopandas as gpd
import pandas as pd

from gunmane import schema
from gunmane.ledgers.profiles import Answers
from gunmane.municipalities import Region
from gunmane.summaries import body_facts

OFFICIAL = {"bridge": "bridges_inspected", "road": "road_length_m", "park": "park_area_m2"}
"""Sector -> the column of official statistics that counts the same thing."""

COUNTS = ("assets", "sample", "with_size", "with_condition", "with_year")
STATES = ("real", "mixed", "sample", "none")


def readiness(assets: gpd.GeoDataFrame, sources: Mapping[str, Answers], region: Region) -> pd.DataFrame:
    """
    Return one row a body and sector: what its data is, and what is known of it.

    Nothing is made into one percentage: each count stands beside `assets`, of which it is a part.

    Parameters
    ----------
    assets
        `schema.ASSETS`, sample rows among them.
    sources
        File name (the part of `source` before "#") -> who answers for it. Files that are not named have said
        nothing.
    region
        Region whose bodies the rows are.

    Returns
    -------
    readiness
        Indexed by `owner_code` and `sector`: every body that takes part and every other one that keeps an asset,
        each in the order of `schema.SECTORS`. Columns:

        `state` ("real", "mixed", "sample", "none"), `assets, sample` (count), `with_size` (length, of parks area),
        `with_condition, with_year` (counts), `newest_inspected_year` (western year, missing where none is known),
        `at_ledger, at_town_point, at_town_hall` (counts by `position`), `dates, licences, may_share` (what the
        files of its real rows say, each once, joined by "; "; "" where none says), `files` (count),
        `silent_files` (those that do not say whether they may be shared), `ours` and `official` (bridges counted,
        roads in m, parks in m2; missing where nothing official counts the same).
    """
    rows = _facts(assets)
    table = rows.groupby(["owner_code", "sector"]).agg(
        **{name: (name, "sum") for name in (*COUNTS, "at_ledger", "at_town_point", "at_town_hall")},
        newest_inspected_year=("inspected_year", "max"),
        length_m=("length_m", "sum"),
        area_m2=("area_m2", "sum"),
    )
    bodies = sorted({*region.contributing_codes, *rows["owner_code"]})
    whole = pd.MultiIndex.from_product([bodies, schema.SECTORS], names=["owner_code", "sector"])
    table = table.reindex(whole)
    counted = [*COUNTS, "at_ledger", "at_town_point", "at_town_hall"]
    table[counted] = table[counted].fillna(0).astype("int64")
    table.insert(0, "state", _states(table))
    said = _said(assets, sources).reindex(whole)
    for name in ("dates", "licences", "may_share"):
        table[name] = said[name].astype("str").fillna("")
    for name in ("files", "silent_files"):
        table[name] = said[name].fillna(0).astype("int64")
    table["ours"] = _ours(table)
    table["official"] = _official(whole, region)
    return table.drop(columns=["length_m", "area_m2"])


def _facts(assets: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return each asset's part of every count."""
    size = assets["length_m"].where(assets["sector"] != "park", assets["area_m2"])
    position = _column(assets, "position").fillna("").replace("", "ledger")
    return pd.DataFrame(
        {
            "owner_code": assets["owner_code"].astype("str"),
            "sector": assets["sector"].astype("str"),
            "assets": 1,
            "sample": assets["is_synthetic"].astype("int64"),
            "with_size": size.notna().astype("int64"),
            "with_condition": assets["condition"].notna().astype("int64"),
            "with_year": assets["built_year"].notna().astype("int64"),
            **{f"at_{name}": (position == name).astype("int64") for name in schema.POSITIONS},
            "inspected_year": pd.to_numeric(_column(assets, "inspected_year")).astype("Int64"),
            "length_m": assets["length_m"].astype("float64"),
            "area_m2": assets["area_m2"].astype("float64"),
        }
    )


def _column(assets: gpd.GeoDataFrame, name: str) -> pd.Series:
    """Return a column that older tables may lack."""
    return assets[name] if name in assets.columns else pd.Series(None, index=assets.index, dtype="object")


def _states(table: pd.DataFrame) -> pd.Series:
    state = pd.Series("mixed", index=table.index, dtype="str")
    state[table["sample"] == 0] = "real"
    state[table["sample"] == table["assets"]] = "sample"
    state[table["assets"] == 0] = "none"
    return state


def _said(assets: gpd.GeoDataFrame, sources: Mapping[str, Answers]) -> pd.DataFrame:
    """Return what the files of the real rows say of themselves, by body and sector."""
    real = assets[~assets["is_synthetic"].astype(bool)]
    file = real["source"].astype("str").str.replace(r"#\d+$", "", regex=True)
    pairs = pd.DataFrame({"owner_code": real["owner_code"], "sector": real["sector"], "file": file})
    pairs = pairs.drop_duplicates().sort_values(["owner_code", "sector", "file"])
    answers = [sources.get(str(name), Answers()) for name in pairs["file"]]
    pairs["dates"] = [answer.date for answer in answers]
    pairs["licences"] = [answer.licence for answer in answers]
    pairs["may_share"] = [answer.may_share for answer in answers]
    pairs["silent"] = [int(not answer.may_share) for answer in answers]
    return pairs.groupby(["owner_code", "sector"]).agg(
        dates=("dates", _each_once),
        licences=("licences", _each_once),
        may_share=("may_share", _each_once),
        files=("file", "size"),
        silent_files=("silent", "sum"),
    )


def _each_once(values: pd.Series) -> str:
    return "; ".join(sorted({str(value) for value in values if value}))


def _ours(table: pd.DataFrame) -> pd.Series:
    """Return the amount that official statistics count too, missing for other sectors."""
    sector = table.index.get_level_values("sector")
    amount = table["assets"].astype("float64").where(sector == "bridge")
    amount = amount.mask(sector == "road", table["length_m"].fillna(0.0))
    return amount.mask(sector == "park", table["area_m2"].fillna(0.0))


def _official(whole: pd.MultiIndex, region: Region) -> list[float]:
    facts = body_facts(region)
    return [
        float(facts.at[code, OFFICIAL[sector]])
        if sector in OFFICIAL and code in facts.index and pd.notna(facts.at[code, OFFICIAL[sector]])
        else float("nan")
        for code, sector in whole
    ]
