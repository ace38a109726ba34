"""Why a bundle is as it is: places, members by body and field, rules, sources, neighbours."""

from __future__ import annotations

import dataclasses

import pandas as pd

from gunmane.errors import PlanError
from gunmane.explain.checks import rule_checklist, work_sources
from gunmane.explain.frame import WORK_SUMS, Frame, bundle_number, strand_frame, touching
from gunmane.scenario import Plan


@dataclasses.dataclass(frozen=True, eq=False)
class BundleReasons:
    """
    Why a bundle is as it is.

    Parameters
    ----------
    figures
        Its row of `schema.BUNDLES`.
    places
        Rows of `bundle_places`, indexed by `muni_code`.
    members
        One row a body and sector: `owner_code, sector, asset_count, length_m, area_m2, urgent_count` (common
        condition 3 or 4), `annual_jpy_low, annual_jpy, annual_jpy_high, onsite_hours, pieces, grade_e_share`.
    rules
        As `rule_checklist`, for this bundle alone.
    sources
        What its yen and hours rest on, as `work_sources`.
    neighbours
        Bundles of the same strand that a road leads to directly.
    apart
        Names of its units that lie off the main road network: islands and roads that do not meet.
    """

    figures: pd.Series
    places: pd.DataFrame
    members: pd.DataFrame
    rules: pd.DataFrame
    sources: pd.DataFrame
    neighbours: tuple[str, ...]
    apart: tuple[str, ...]


def explain_bundle(plan: Plan, bundle_id: str) -> BundleReasons:
    """
    Say why a bundle is as it is.

    Raises
    ------
    PlanError
        If the plan has no such bundle.
    """
    if bundle_id not in plan.bundles.index:
        raise PlanError("bundle_unknown", bundle=bundle_id)
    figures = plan.bundles.loc[bundle_id]
    frame = strand_frame(plan, str(figures["strand"]))
    units = frame.place.units.loc[frame.bundle_of.index[frame.bundle_of == bundle_id]]
    checks = rule_checklist(plan, bundle_id=bundle_id)
    places = bundle_places(plan)
    return BundleReasons(
        figures=figures,
        places=places[places["bundle_id"] == bundle_id].set_index("muni_code"),
        members=_members(frame, bundle_id),
        rules=checks,
        sources=work_sources(plan, frame.work[frame.work["bundle_id"] == bundle_id]),
        neighbours=tuple(sorted(touching(frame, bundle_id), key=bundle_number)),
        apart=tuple(units.loc[units["component"] != 0, "name"].astype("str")),
    )


def bundle_places(plan: Plan) -> pd.DataFrame:
    """
    Return where each bundle lies, municipality by municipality.

    Returns
    -------
    places
        `bundle_id, muni_code, unit_count, of_units` (units of that municipality in the same strand), `is_whole`,
        `is_apart` (every unit here lies off the main road network: an island, or roads that do not meet).
    """
    units = plan.ground.units[["muni_code", "component"]]
    table = plan.assignment.join(units, on="unit_id")
    table["is_apart"] = table["component"] != 0
    here = table.groupby(["strand", "bundle_id", "muni_code"], sort=True)
    places = here.agg(unit_count=("unit_id", "size"), is_apart=("is_apart", "all")).reset_index()
    everywhere = table.groupby(["strand", "muni_code"]).size().rename("of_units").reset_index()
    places = places.merge(everywhere, on=["strand", "muni_code"], how="left")
    places["is_whole"] = places["unit_count"] == places["of_units"]
    columns = ["bundle_id", "muni_code", "unit_count", "of_units", "is_whole", "is_apart"]
    return places[columns]


def _members(frame: Frame, bundle_id: str) -> pd.DataFrame:
    keys = ["owner_code", "sector"]
    work = frame.work[frame.work["bundle_id"] == bundle_id].groupby(keys)[WORK_SUMS].sum()
    parts = frame.plan.members[frame.plan.members["bundle_id"] == bundle_id]
    columns = ["asset_id", *keys, "length_m", "area_m2", "condition"]
    held = parts.merge(pd.DataFrame(frame.plan.ground.assets[columns]), on="asset_id", how="left")
    is_park = held["sector"] == "park"
    held = held.assign(
        length_m=held["length_m"].astype("float64").where(~is_park) * held["share"],
        area_m2=held["area_m2"].astype("float64").where(is_park) * held["share"],
        is_urgent=held["condition"].ge(3).fillna(False).astype("bool"),
    )
    grouped = held.groupby(keys, sort=True)
    table = pd.DataFrame(
        {
            "asset_count": grouped["asset_id"].nunique(),
            "length_m": grouped["length_m"].sum(),
            "area_m2": grouped["area_m2"].sum(),
            "urgent_count": held[held["is_urgent"]].groupby(keys)["asset_id"].nunique(),
        }
    ).join(work, how="outer")
    counts = ["asset_count", "urgent_count"]
    table[counts] = table[counts].fillna(0).astype("int64")
    table = table.fillna(0.0)
    total = table["annual_jpy"].where(table["annual_jpy"] > 0)
    table["grade_e_share"] = (table.pop("grade_e_jpy") / total).fillna(0.0)
    return table.reset_index()
