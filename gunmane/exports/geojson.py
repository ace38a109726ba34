"""Bundles and units as GeoJSON (RFC 7946): longitude and latitude, right-hand rings, no more digits than known."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from gunmane.exports.credits import credit_members
from gunmane.exports.members import approximate_assets
from gunmane.exports.provenance import LANGS, clean, notices, provenance, rounded_jpy
from gunmane.exports.words import bundle_names
from gunmane.scenario import Plan
from gunmane.summaries import sample_part

LON_LAT = 4326
# A tenth of a metre: finer than any border here, and within RFC 7946's advice of 7 at most.
DECIMALS = 6
POLYGONS = (3, 6)
HOURS_DECIMALS = 1


def bundles_geojson(plan: Plan) -> bytes:
    """
    Return the bundles of a plan as an RFC 7946 FeatureCollection in UTF-8.

    The same plan gives the same bytes. Yen are rounded to the thousand, hours and minutes to a tenth.
    """
    rows = bundle_properties(plan)
    return feature_collection(plan, "bundles", polygons(plan.bundles.geometry), rows)


def units_geojson(plan: Plan) -> bytes:
    """Return the management units with their bundles and work as an RFC 7946 FeatureCollection in UTF-8."""
    units = plan.ground.units.sort_index()
    work = plan.work.groupby("unit_id")[
        ["onsite_hours", "annual_jpy_low", "annual_jpy", "annual_jpy_high"]
    ].sum()
    work = work.reindex(units.index).fillna(0.0)
    bundle_ids = {
        unit: dict(zip(own["strand"], own["bundle_id"], strict=True))
        for unit, own in plan.assignment.sort_values(["unit_id", "strand"]).groupby("unit_id")
    }
    is_sample = _synthetic_units(plan)
    approximate = approximate_counts(plan, "unit_id")
    rows = []
    for unit, place in units.iterrows():
        held = bundle_ids.get(unit, {})
        rows.append(
            {
                "unit_id": unit,
                "name": place["name"],
                "muni_code": place["muni_code"],
                "muni_name_ja": plan.ground.region.name_of(place["muni_code"], "ja"),
                "muni_name_en": plan.ground.region.name_of(place["muni_code"], "en"),
                "package": plan.scenario.layer,
                "bundle_id": ";".join(held.values()),
                "bundle_ids": {strand or "all": bundle for strand, bundle in held.items()},
                "is_piece": bool(place["is_piece"]),
                "onsite_hours": round(float(work.at[unit, "onsite_hours"]), HOURS_DECIMALS),
                **{key: rounded_jpy(float(work.at[unit, key])) for key in work.columns if "jpy" in key},
                "approximate_place_count": approximate.get(unit, 0),
                "is_synthetic": unit in is_sample,
            }
        )
    return feature_collection(plan, "units", polygons(units.geometry), rows)


def bundle_properties(plan: Plan) -> list[dict[str, Any]]:
    """Return what files say of each bundle, in the order of the bundles; free text of a ledger is not in it."""
    region = plan.ground.region
    parts = sample_of_bundles(plan)
    approximate = approximate_counts(plan, "bundle_id")
    labels = {lang: bundle_names(plan, lang) for lang in LANGS}
    rows = []
    for bundle_id, row in plan.bundles.iterrows():
        codes, owners = list(row["muni_codes"]), list(row["owner_codes"])
        rows.append(
            {
                "bundle_id": bundle_id,
                "label_ja": f"{plan.titled(str(bundle_id))} {labels['ja'][bundle_id]}",
                "label_en": f"{plan.titled(str(bundle_id))} {labels['en'][bundle_id]}",
                "package": plan.scenario.layer,
                "strand": row["strand"],
                "fields": list(row["fields"]),
                "muni_codes": codes,
                "muni_names_ja": [region.name_of(code, "ja") for code in codes],
                "muni_names_en": [region.name_of(code, "en") for code in codes],
                "owner_codes": owners,
                "owner_names_ja": [region.name_of(code, "ja") for code in owners],
                "lead_code": row["lead_code"],
                "is_wide_area": row["is_wide_area"],
                "is_multi_sector": row["is_multi_sector"],
                "base_unit_id": row["base_unit_id"],
                "base_name": row["base_name"],
                "unit_count": row["unit_count"],
                "asset_count": row["asset_count"],
                "structure_count": _tenth(row["structure_count"]),
                "annual_jpy_low": rounded_jpy(row["annual_jpy_low"]),
                "annual_jpy": rounded_jpy(row["annual_jpy"]),
                "annual_jpy_high": rounded_jpy(row["annual_jpy_high"]),
                "grade_e_share": round(float(row["grade_e_share"]), 3),
                "onsite_hours": _tenth(row["onsite_hours"]),
                "travel_hours": _tenth(row["travel_hours"]),
                "farthest_min": _tenth(row["farthest_min"]),
                "worst_condition": row["worst_condition"],
                "window_verdict": row["window_verdict"],
                "rules_broken": list(row["rules_broken"]),
                "approximate_place_count": approximate.get(bundle_id, 0),
                "is_synthetic": parts[bundle_id] != "none",
                "sample_part": parts[bundle_id],
            }
        )
    return rows


def approximate_counts(plan: Plan, by: str) -> dict[str, int]:
    """Return how many assets of each unit or bundle (`by`) stand at a point that is not their own place."""
    found = plan.members[plan.members["asset_id"].isin(approximate_assets(plan))]
    return {str(key): int(count) for key, count in found.groupby(by)["asset_id"].nunique().items()}


def sample_of_bundles(plan: Plan) -> dict[str, str]:
    """Return how much of each bundle's data is sample, roads and assets together: "all", "some" or "none"."""
    has_sample_roads = sample_part(plan.ground) in {"both", "mixed", "roads"}
    is_sample = plan.members["asset_id"].isin(_sample_assets(plan))
    seen = is_sample.groupby(plan.members["bundle_id"]).agg(["all", "any"])
    seen = seen.reindex(plan.bundles.index, fill_value=has_sample_roads)
    return {
        bundle_id: "all"
        if row["all"] and has_sample_roads
        else "some"
        if row["any"] or has_sample_roads
        else "none"
        for bundle_id, row in seen.iterrows()
    }


def _synthetic_units(plan: Plan) -> set[str]:
    """Return the units that hold work on a sample asset."""
    return set(plan.members.loc[plan.members["asset_id"].isin(_sample_assets(plan)), "unit_id"])


def _sample_assets(plan: Plan) -> set[str]:
    assets = plan.ground.assets
    return set(assets.loc[assets["is_synthetic"].astype(bool), "asset_id"])


def _tenth(value: float) -> float:
    return round(float(value), HOURS_DECIMALS)


def polygons(geometry: gpd.GeoSeries) -> list[dict[str, Any] | None]:
    """Return polygons as GeoJSON geometries; None where nothing is left of one."""
    return [mapping(shape) for shape in lon_lat_shapes(geometry)]


def feature_collection(
    plan: Plan, name: str, shapes: Sequence[dict[str, Any] | None], rows: list[dict[str, Any]]
) -> bytes:
    """
    Return features as GeoJSON in UTF-8, with what every file of a plan says of itself.

    Parameters
    ----------
    plan
        The plan that they belong to.
    name
        What they are: "bundles", "units".
    shapes
        GeoJSON geometry of each feature.
    rows
        Properties of each feature; the first is its id.
    """
    features = [
        {"type": "Feature", "id": next(iter(row.values())), "properties": clean(row), "geometry": shape}
        for row, shape in zip(rows, shapes, strict=True)
    ]
    table = {
        "type": "FeatureCollection",
        "name": f"{plan.scenario.region_id}-{plan.scenario.layer}-{name}",
        **notices(plan),
        **credit_members(plan.ground.provenance),
        "provenance": provenance(plan),
        "features": features,
    }
    return json.dumps(table, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def lon_lat_shapes(geometry: gpd.GeoSeries) -> np.ndarray:
    """
    Return polygons in longitude and latitude, rounded, valid, exterior rings counter-clockwise.

    A shape that vanishes when rounded comes back empty.
    """
    shapes = geometry.to_crs(LON_LAT).to_numpy()
    rounded = shapely.set_precision(shapely.make_valid(shapes), 10.0**-DECIMALS)
    return shapely.orient_polygons(np.array([_areas(shape) for shape in rounded], dtype=object))


def _areas(shape: Any) -> Any:
    """Return the polygons of a shape: rounding may leave lines or points beside them."""
    if shape is None or shapely.get_type_id(shape) in POLYGONS:
        return shape
    parts = shapely.get_parts(shape)
    flat = [p for part in parts for p in shapely.get_parts(part)]
    return shapely.MultiPolygon([p for p in flat if shapely.get_type_id(p) == POLYGONS[0]])


def mapping(shape: Any) -> dict[str, Any] | None:
    """Return the GeoJSON geometry of a polygon or multipolygon; None where it is empty."""
    if shape is None or shapely.is_empty(shape):
        return None
    polygons = [_rings(polygon) for polygon in shapely.get_parts(shape)]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _rings(polygon: Any) -> list[list[list[float]]]:
    rings = [polygon.exterior, *polygon.interiors]
    return [np.round(shapely.get_coordinates(ring), DECIMALS).tolist() for ring in rings]
