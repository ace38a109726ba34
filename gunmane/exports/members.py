"""Members of bundles as a table: which part of which asset, where, in whose keeping."""

from __future__ import annotations

import pandas as pd

from gunmane.exports.sheets import FORMULA_STARTS
from gunmane.scenario import Plan

COLUMNS = (
    ("package", "code"),
    ("bundle_id", "code"),
    ("unit_id", "code"),
    ("unit_name", "code"),
    ("muni_code", "code"),
    ("muni_name", "code"),
    ("owner_code", "code"),
    ("owner_name", "code"),
    ("asset_id", "code"),
    ("sector", "code"),
    ("share", "any"),
    ("length_m", "decimal"),
    ("area_m2", "decimal"),
    ("built_year", "any"),
    ("condition", "any"),
    ("position", "code"),
    ("is_synthetic", "code"),
)
SHARE_DECIMALS = 6
LEDGER = "ledger"
APPROXIMATE = ("town_point", "town_hall")


def member_table(plan: Plan, lang: str = "ja") -> pd.DataFrame:
    """
    Return one row a part of an asset, sorted by bundle, unit and asset.

    Columns are `COLUMNS`; `position` says how certain the asset's place is (`positions`); `length_m` and `area_m2`
    are the part's own. Free text of a ledger (names, remarks) is left out; the asset's id is its only word.

    Parameters
    ----------
    plan
        Plan whose members are told.
    lang
        Language of the names of units, municipalities and bodies.
    """
    region = plan.ground.region
    wanted = [
        "asset_id",
        "sector",
        "owner_code",
        "built_year",
        "condition",
        "length_m",
        "area_m2",
        "is_synthetic",
    ]
    assets = pd.DataFrame(plan.ground.assets[wanted])
    assets["position"] = positions(plan.ground.assets)
    units = pd.DataFrame(plan.ground.units[["name", "muni_code"]]).rename(columns={"name": "unit_name"})
    table = plan.members.merge(assets, on="asset_id", how="left").merge(
        units, left_on="unit_id", right_index=True, how="left"
    )
    for code, name in (("muni_code", "muni_name"), ("owner_code", "owner_name")):
        known = {c: region.name_of(c, lang) for c in sorted(set(table[code].dropna()))}
        table[name] = table[code].map(known)
    for size in ("length_m", "area_m2"):
        table[size] = (table[size].astype("float64") * table["share"]).round(1)
    table["share"] = table["share"].round(SHARE_DECIMALS)
    order = table["bundle_id"].str.extract(r"(\d+)$")[0].astype("float64")
    table = table.assign(order=order).sort_values(["order", "unit_id", "asset_id"], ignore_index=True)
    return table[[name for name, _ in COLUMNS]]


def positions(assets: pd.DataFrame) -> pd.Series:
    """Return how certain each asset's place is: one of `schema.POSITIONS`, "sample" for sample rows."""
    if "position" not in assets.columns:
        place = pd.Series(LEDGER, index=assets.index, dtype="object")
    else:
        place = assets["position"].astype("object").where(assets["position"].notna(), "").replace("", LEDGER)
    return place.mask(assets["is_synthetic"].astype(bool), "sample")


def approximate_assets(plan: Plan) -> set[str]:
    """Return the ids of the assets that stand at the point of a settlement or at a town hall."""
    assets = plan.ground.assets
    return set(assets.loc[positions(assets).isin(APPROXIMATE), "asset_id"])


def members_csv(plan: Plan) -> bytes:
    """
    Return the members as CSV: UTF-8 with a byte-order mark (Excel reads it so), lines ended by a line feed.

    Text that a spreadsheet would take for a formula gets an apostrophe before it, and control characters become
    spaces. Excel drops the leading zero of codes in any CSV: the workbook beside it keeps them.
    """
    table = member_table(plan)
    for name, kind in COLUMNS:
        if kind == "code" and name != "is_synthetic":
            known = {text: safe_text(text) for text in table[name].dropna().unique()}
            table[name] = table[name].map(known)
    table["is_synthetic"] = table["is_synthetic"].map({True: "true", False: "false"})
    text: str = table.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8-sig")


def safe_text(text: str) -> str:
    """Return text that no spreadsheet takes for a formula and that stays on its line."""
    flat = "".join(" " if ord(c) < 32 or ord(c) == 127 else c for c in str(text))
    return f"'{flat}" if str(text).startswith(FORMULA_STARTS) or flat.startswith(FORMULA_STARTS) else flat
