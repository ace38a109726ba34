"""What a plan would suffer, as files: the changes and figures as JSON, units and detours as CSV, both on a map."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane.exports.geojson import DECIMALS, LON_LAT, feature_collection, polygons
from gunmane.exports.provenance import clean, notices, provenance
from gunmane.exports.studies.tables import csv_bytes
from gunmane.i18n import LANGUAGES
from gunmane.what_if import Consequences
from gunmane.what_if.words import change_sentence

WHAT_IF_FILES = (
    "what_if.json",
    "what_if_units.csv",
    "what_if_bundles.csv",
    "what_if_towns.csv",
    "what_if_detours.csv",
    "what_if.geojson",
)
"""Files of a what-if."""

MARK = '"gunmane-what-if/1"'
"""What tells an earlier `what_if.json` from a file of somebody's."""

DECIMALS_OF_FIGURES = 3


def what_if_files(found: Consequences) -> dict[str, bytes]:
    """
    Return the files of a what-if by name (`WHAT_IF_FILES`).

    Minutes that no way takes are empty, never infinite; free text of a ledger is only in the names.
    """
    return {
        "what_if.json": what_if_json(found),
        "what_if_units.csv": csv_bytes(_rounded(found.units)),
        "what_if_bundles.csv": csv_bytes(_rounded(found.bundles)),
        "what_if_towns.csv": csv_bytes(_rounded(found.towns)),
        "what_if_detours.csv": csv_bytes(_rounded(detour_rows(found))),
        "what_if.geojson": what_if_geojson(found),
    }


def what_if_json(found: Consequences) -> bytes:
    """Return the changes (they can be read back with `WhatIf.from_json`), the figures and what they rest on."""
    sentences = {
        f"changes_{lang}": [change_sentence(c, found.plan.ground, lang) for c in found.what_if.changes]
        for lang in LANGUAGES
    }
    told: dict[str, Any] = {
        **found.what_if.to_json(),
        **sentences,
        **notices(found.plan),
        "provenance": provenance(found.plan),
        "totals": found.totals.to_dict("records"),
        "bundles": found.bundles.to_dict("records"),
        "towns": found.towns.to_dict("records"),
        "rules": found.broken.to_dict("records"),
        "detours": detour_rows(found).to_dict("records"),
    }
    if found.replanned_totals is not None:
        told["replanned_totals"] = found.replanned_totals.to_dict("records")
    return json.dumps(clean(told), ensure_ascii=False, allow_nan=False, indent=1).encode()


def detour_rows(found: Consequences) -> pd.DataFrame:
    """Return the closed stretches; `has_detour` is "no" where no way is left, "" where it was not looked for."""
    table = pd.DataFrame(found.detours.table.drop(columns=["geometry", "edge"]))
    after = table["after_min"].astype("float64")
    table["has_detour"] = np.select([after.isna(), np.isinf(after)], ["", "no"], "yes")
    return table.replace([np.inf, -np.inf], np.nan)


def what_if_geojson(found: Consequences) -> bytes:
    """Return units with what becomes of them, closed stretches and the ways around them, as one collection."""
    units = found.units
    shapes = polygons(found.plan.ground.units.loc[units["unit_id"]].geometry)
    is_alone = (units["strand"] == "").all()
    ids = units["unit_id"] if is_alone else units["strand"] + ":" + units["unit_id"]
    own = _rounded(units).assign(feature="unit", id=ids)
    rows = own[["id", "feature", *units.columns]].to_dict("records")
    for name, table in (("closed", found.detours.table), ("detour", found.detours.ways)):
        if not len(table):
            continue
        shapes += [_line(shape) for shape in table.to_crs(LON_LAT).geometry]
        plain = pd.DataFrame(table.drop(columns="geometry")).drop(columns="edge", errors="ignore")
        plain = _rounded(plain.replace([np.inf, -np.inf], np.nan))
        plain.insert(0, "id", [f"{name}:{stretch}" for stretch in plain["stretch"]])
        rows += plain.assign(feature=name).to_dict("records")
    return feature_collection(found.plan, "what-if", shapes, rows)


def _line(shape: Any) -> dict[str, Any] | None:
    parts = [
        np.round(shapely.get_coordinates(part), DECIMALS).tolist()
        for part in shapely.get_parts(shape)
        if not shapely.is_empty(part)
    ]
    if not parts:
        return None
    if len(parts) == 1:
        return {"type": "LineString", "coordinates": parts[0]}
    return {"type": "MultiLineString", "coordinates": parts}


def _rounded(table: pd.DataFrame) -> pd.DataFrame:
    plain = pd.DataFrame(table.drop(columns="geometry")) if isinstance(table, gpd.GeoDataFrame) else table
    return plain.round(DECIMALS_OF_FIGURES)
