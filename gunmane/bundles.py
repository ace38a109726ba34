"""Labels to bundles: what each bundle holds, how large it is, where it lies and who has a part in it."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane import schema
from gunmane.municipalities import Region
from gunmane.travel import driving_hours
from gunmane.window import Window

OUTLINE_GRID_M = 0.01
ROLE_ORDER = {"lead": 0, "co_lead": 1, "member": 2}


@dataclasses.dataclass(frozen=True, eq=False)
class Strand:
    """
    A part of a package that is planned on its own, with its solution.

    Parameters
    ----------
    name
        "" when everything is planned together, else the field or body that stays apart.
    work
        Rows of `schema.WORK`.
    load
        Crew-days, measure and need by unit.
    labels
        Number of the bundle of each unit, indexed by `unit_id`.
    bases
        Base unit of each number; "" where it is not known.
    """

    name: str
    work: pd.DataFrame
    load: pd.DataFrame
    labels: pd.Series
    bases: dict[int, str]


def assign_bundles(strands: list[Strand], prefix: str) -> pd.DataFrame:
    """Return `strand, unit_id, label, bundle_id`; bundles are numbered D1, D2 … over all strands."""
    parts, start = [], 1
    for strand in strands:
        labels = strand.labels.sort_index()
        numbers = {label: f"{prefix}{start + i}" for i, label in enumerate(sorted(set(labels)))}
        start += len(numbers)
        table = pd.DataFrame({"unit_id": labels.index.astype("str"), "label": labels.to_numpy()})
        table.insert(0, "strand", strand.name)
        table["bundle_id"] = table["label"].map(numbers)
        parts.append(table)
    return pd.concat(parts, ignore_index=True)


def bundle_members(
    assignment: pd.DataFrame, shares: pd.DataFrame, strand_of: pd.Series, package: str
) -> pd.DataFrame:
    """
    Return which part of which asset lies in which bundle (`schema.MEMBERS`).

    Parameters
    ----------
    assignment
        `strand, unit_id, bundle_id`.
    shares
        `asset_id, unit_id, share`.
    strand_of
        Strand of each planned asset, indexed by `asset_id`; other assets are left out.
    package
        "daily" or "structures".
    """
    parts = shares[["asset_id", "unit_id", "share"]].assign(strand=shares["asset_id"].map(strand_of))
    parts = parts[parts["strand"].notna()]
    joined = parts.merge(
        assignment[["strand", "unit_id", "bundle_id"]], on=["strand", "unit_id"], how="inner"
    )
    joined.insert(0, "package", package)
    table = joined[["package", "asset_id", "unit_id", "bundle_id", "share"]]
    return table.sort_values(["asset_id", "unit_id"], ignore_index=True)


def describe_bundles(
    strands: list[Strand],
    assignment: pd.DataFrame,
    members: pd.DataFrame,
    *,
    units: gpd.GeoDataFrame,
    assets: gpd.GeoDataFrame,
    travel: pd.DataFrame,
) -> gpd.GeoDataFrame:
    """
    Return one row a bundle with its figures, without lead, verdict and broken rules (see `judge_bundles`).

    Parameters
    ----------
    strands, assignment, members
        The solution.
    units
        GeoDataFrame of management units, indexed by `unit_id`.
    assets
        Table `assets`.
    travel
        Square table of minutes one way between units (index and columns `unit_id`).
    """
    rows = []
    by_bundle = _asset_figures(members, assets)
    for strand in strands:
        places = assignment[assignment["strand"] == strand.name]
        work = strand.work.merge(places[["unit_id", "bundle_id"]], on="unit_id", how="left")
        for (bundle_id, label), own in places.groupby(["bundle_id", "label"], sort=True):
            figures = _work_figures(work[work["bundle_id"] == bundle_id])
            base = strand.bases.get(int(label), "")
            drive = _travel_figures(strand.load, own["unit_id"], base, travel)
            chosen = units.loc[list(own["unit_id"])]
            rows.append(
                {
                    "bundle_id": bundle_id,
                    "strand": strand.name,
                    "muni_codes": sorted(set(chosen["muni_code"])),
                    "base_unit_id": base,
                    "base_name": str(units.at[base, "name"]) if base else "",
                    "unit_count": len(own),
                    **figures,
                    **drive,
                    "geometry": _outline(chosen),
                }
            )
    table = gpd.GeoDataFrame(rows, geometry="geometry", crs=units.crs)
    order = table["bundle_id"].str[1:].astype("int64").sort_values().index
    table = table.loc[order].set_index("bundle_id", drop=True)
    for column, default in (
        ("asset_count", 0),
        ("length_m", 0.0),
        ("area_m2", 0.0),
        ("worst_condition", pd.NA),
    ):
        table[column] = by_bundle[column].reindex(table.index)
        if default is not pd.NA:
            table[column] = table[column].fillna(default)
    table["asset_count"] = table["asset_count"].astype("int64")
    table["worst_condition"] = table["worst_condition"].astype("Int8")
    return table


def _outline(units: gpd.GeoDataFrame) -> Any:
    """Union of the units' cells; borders that differ by rounding only leave no slivers between them."""
    return shapely.union_all(shapely.make_valid(units.geometry.to_numpy()), grid_size=OUTLINE_GRID_M)


def _work_figures(work: pd.DataFrame) -> dict[str, Any]:
    fields = {schema.FIELD_OF_SECTOR[s] for s in work["sector"]}
    owners = sorted(set(work["owner_code"]))
    total = float(work["annual_jpy"].sum())
    return {
        "owner_codes": owners,
        "fields": [f for f in schema.FIELDS if f in fields],
        "is_wide_area": len(owners) > 1,
        "is_multi_sector": len(fields) > 1,
        "annual_jpy": total,
        "annual_jpy_low": float(work["annual_jpy_low"].sum()),
        "annual_jpy_high": float(work["annual_jpy_high"].sum()),
        "structure_count": float(round(work["pieces"].sum(), 6)),
        "onsite_hours": float(work["onsite_hours"].sum()),
        "grade_e_share": float(work["grade_e_jpy"].sum()) / total if total else 0.0,
    }


def _travel_figures(
    load: pd.DataFrame, unit_ids: pd.Series, base: str, travel: pd.DataFrame
) -> dict[str, Any]:
    place = load.index.get_indexer(unit_ids)
    place = place[place >= 0]
    place = place[load["is_needed"].to_numpy(dtype=bool)[place]]
    if not base:
        unknown = np.nan if len(place) else 0.0
        return {"travel_hours": unknown, "farthest_min": unknown, "unreached_units": 0}
    minutes = travel.to_numpy()
    start, ends = travel.index.get_loc(base), travel.index.get_indexer(load.index[place])
    out, back = minutes[start, ends].astype("float64"), minutes[ends, start].astype("float64")
    days = load["crew_days"].to_numpy(dtype="float64")[place]
    # No road leads to an island: its trips are not driven, so they are counted apart instead of as infinite hours.
    reached = np.isfinite(out) & np.isfinite(back)
    hours = float(driving_hours(days[reached], out[reached], back[reached]).sum())
    return {
        "travel_hours": hours,
        "farthest_min": float(out[reached].max()) if reached.any() else 0.0,
        "unreached_units": int((~reached).sum()),
    }


def _asset_figures(members: pd.DataFrame, assets: gpd.GeoDataFrame) -> pd.DataFrame:
    columns = ["asset_id", "length_m", "area_m2", "condition"]
    table = members.merge(pd.DataFrame(assets[columns]), on="asset_id", how="left")
    is_park = table["area_m2"].notna() & table["length_m"].isna()
    length = table["length_m"].where(~is_park).astype("float64") * table["share"]
    area = table["area_m2"].where(is_park).astype("float64") * table["share"]
    numbers = table.assign(length_m=length, area_m2=area, condition=table["condition"].astype("Float64"))
    grouped = numbers.groupby("bundle_id", sort=True)
    return pd.DataFrame(
        {
            "asset_count": grouped["asset_id"].nunique(),
            "length_m": grouped["length_m"].sum(),
            "area_m2": grouped["area_m2"].sum(),
            "worst_condition": grouped["condition"].max(),
        }
    )


def judge_bundles(
    bundles: gpd.GeoDataFrame, broken: pd.DataFrame, *, window: Window, region: Region, work: pd.DataFrame
) -> gpd.GeoDataFrame:
    """
    Return the bundles with `lead_code`, `window_verdict` and `rules_broken`.

    Parameters
    ----------
    bundles
        As `describe_bundles` gives them.
    broken
        `rule, bundle_id, …`: the rules that could not be kept.
    window
        What size a bundle should have.
    region
        Roles of the bodies.
    work
        Rows of `schema.WORK` with `bundle_id`, to find who has most of it.
    """
    table = bundles.copy()
    most = work.groupby(["bundle_id", "owner_code"])["annual_jpy"].sum()
    table["lead_code"] = [
        _lead(codes, most.get(bundle, default=pd.Series(dtype="float64")), region)
        for bundle, codes in table["owner_codes"].items()
    ]
    verdicts = []
    for row in table.itertuples():
        if window.measure == "jpy":
            verdicts.append(window.verdict(row.annual_jpy_low, row.annual_jpy, row.annual_jpy_high))
        else:
            verdicts.append(window.verdict(*(row.structure_count,) * 3))
    table["window_verdict"] = verdicts
    return mark_broken(table, broken)


def mark_broken(bundles: gpd.GeoDataFrame, broken: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return bundles with `rules_broken`: the rules that each could not keep, in the order of their names."""
    named = broken.groupby("bundle_id")["rule"].agg(lambda rules: sorted(set(rules))).to_dict()
    return bundles.assign(rules_broken=[named.get(bundle, []) for bundle in bundles.index])


def _lead(owner_codes: list[str], jpy_by_owner: pd.Series, region: Region) -> str:
    ranked = sorted(
        owner_codes,
        key=lambda code: (ROLE_ORDER.get(region.role_of(code), 3), -float(jpy_by_owner.get(code, 0.0)), code),
    )
    return ranked[0] if ranked else ""
