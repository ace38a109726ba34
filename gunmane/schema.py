"""The columns of every table: name, dtype, unit or meaning, range, whether it must be there."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

SECTORS = ("road", "bridge", "tunnel", "park", "sewer", "water", "river")
FIELD_OF_SECTOR = {
    "road": "road",
    "bridge": "road",
    "tunnel": "road",
    "park": "park",
    "sewer": "sewer",
    "water": "water",
    "river": "river",
}
FIELDS = ("road", "park", "sewer", "water", "river")
ROAD_CLASSES = (
    "unknown",
    "expressway",
    "national",
    "prefectural",
    "municipal_1",
    "municipal_2",
    "municipal_other",
    "farm",
    "forest",
)
POSITIONS = ("ledger", "town_point", "town_hall")
PACKAGES = ("daily", "structures")
# What further windows on a bundle may count: yen and crew hours on site a year, bridges and tunnels, m of lines.
SIDE_COLUMNS = ("jpy", "structures", "onsite_hours", "length_m")
ROLES = ("lead", "co_lead", "member", "coordinator", "observer")
CONTRIBUTING_ROLES = ("lead", "co_lead", "member")


@dataclasses.dataclass(frozen=True)
class Column:
    """One column of a table: its name, pandas dtype, unit or meaning, and the values it may hold."""

    name: str
    dtype: str
    meaning: str
    low: float | None = None
    high: float | None = None
    allowed: tuple[str, ...] = ()
    is_required: bool = False


ASSETS = (
    Column("asset_id", "str", "Unique in a region", is_required=True),
    Column("sector", "str", "Kind of asset", allowed=SECTORS, is_required=True),
    Column("subtype", "str", "Class of road, kind of park, pump station, culvert, lighting …"),
    Column("name", "str", "Name in the ledger; free text"),
    Column("route_name", "str", "Road route, river, sewer district it belongs to, as the ledger names it"),
    Column("muni_code", "str", "5-digit code of the municipality where it lies", is_required=True),
    Column(
        "owner_code",
        "str",
        "Code of the body that keeps it: 5 digits, or 2 for a prefecture",
        is_required=True,
    ),
    Column("account_class", "str", "Account that pays", allowed=("general", "enterprise")),
    Column("built_year", "Int16", "Western year", low=1868, high=2100),
    Column("condition", "Int8", "1 sound … 4 urgent, common to all sectors", low=1, high=4),
    Column("condition_raw", "str", "Grade as the ledger has it"),
    Column(
        "inspected_year", "Int16", "Western year of the inspection that gave the grade", low=1950, high=2100
    ),
    Column("material", "str", "Material or kind of pipe, as the ledger has it"),
    Column("diameter_mm", "float64", "Inner diameter of a pipe (mm)", low=0, high=20000),
    Column("length_m", "float64", "m", low=0, high=1e6),
    Column("width_m", "float64", "m", low=0, high=200),
    Column("area_m2", "float64", "m2", low=0, high=1e10),
    Column("annual_cost_jpy", "float64", "JPY/year, tax included, if the ledger knows", low=0, high=1e12),
    Column(
        "position",
        "str",
        "How exact the place is: as the ledger gives it, the point of its settlement, its town hall",
        allowed=POSITIONS,
    ),
    Column("source", "str", "file#row, the row as in rejects"),
    Column("is_synthetic", "bool", "True where the row imitates a ledger"),
)

REJECTS = (
    Column("source_file", "str", "File the row came from", is_required=True),
    Column(
        "row",
        "Int64",
        "Row as the spreadsheet shows it (CSV, Excel: headings 1, first data row 2); GIS files: feature, first 1",
        low=1,
    ),
    Column("column", "str", "Column at fault"),
    Column("value", "str", "Value at fault, as text"),
    Column("became", "str", "What was taken instead, as text; empty where nothing was"),
    Column("rule", "str", "Rule that it breaks", is_required=True),
    Column("advice_key", "str", "Catalogue key of what to do", is_required=True),
)

READINGS = (
    Column("source_file", "str", "File the rows came from", is_required=True),
    Column("column", "str", "Column of ours", is_required=True),
    Column("value", "str", "Cell as the ledger has it"),
    Column("became", "str", "Value it was read as"),
    Column(
        "reading",
        "str",
        "How it was read",
        allowed=("era_year", "unit", "width", "code", "word", "grade", "name", "other"),
    ),
    Column("rows", "Int64", "Rows with this cell", low=1),
    Column("first_row", "Int64", "First such row, counted as in rejects", low=1),
)

ROADS = (
    Column("road_class", "str", "Class of road", allowed=ROAD_CLASSES),
    Column("is_oneway", "bool", "True where traffic runs along the line's direction only"),
    Column("is_bridge", "bool", "True where the line passes over others without meeting them"),
    Column("is_tunnel", "bool", "True where the line passes under others without meeting them"),
    Column("level", "Int8", "Layer above (+) or below (-) ground", low=-10, high=10),
)

UNITS = (
    Column("unit_id", "str", "muni_code and a number: 29212-003", is_required=True),
    Column("muni_code", "str", "Municipality it belongs to", is_required=True),
    Column("name", "str", "Town names it gathers, or 'piece N'"),
    Column("node", "int64", "Network node of its town point", low=0),
    Column("component", "int64", "Road component, 0 is the longest", low=0),
    Column("is_piece", "bool", "True where no own town point reaches these roads"),
)

LINKS = (
    Column("source_id", "str", "Unit, smaller id", is_required=True),
    Column("target_id", "str", "Unit, larger id", is_required=True),
    Column("travel_min", "float64", "Minutes between the two units' nodes by road", low=0),
    Column("crosses_border", "bool", "True where the two units lie in different municipalities"),
    Column("is_assumed", "bool", "True where a gap of the drawing is bridged in a straight line"),
    Column(
        "is_over_neighbour", "bool", "True where only a neighbour's roads join two parts of a municipality"
    ),
)

TASKS = (
    Column("sector", "str", "Kind of asset", allowed=SECTORS, is_required=True),
    Column("task", "str", "Kind of work", is_required=True),
    Column("package", "str", "Package that plans it", allowed=PACKAGES, is_required=True),
    Column(
        "quantity", "str", "What is counted", allowed=("length_km", "area_ha", "piece", "length_m", "area_m2")
    ),
)

SHARES = (
    Column("asset_id", "str", "Asset", is_required=True),
    Column("unit_id", "str", "Unit that holds this part of it", is_required=True),
    Column("share", "float64", "Part of the asset; shares of an asset sum to 1", low=0, high=1),
    Column("snap_m", "float64", "m from the asset to the nearest road", low=0),
)

WORK = (
    Column("unit_id", "str", "Unit", is_required=True),
    Column("owner_code", "str", "Body that keeps the assets", is_required=True),
    Column("sector", "str", "Kind of asset", allowed=SECTORS, is_required=True),
    Column("task", "str", "Kind of work", is_required=True),
    Column("package", "str", "Package that plans it", allowed=PACKAGES, is_required=True),
    Column("onsite_hours", "float64", "Crew hours on site a year", low=0),
    Column("annual_jpy", "float64", "JPY/year, central", low=0),
    Column("annual_jpy_low", "float64", "JPY/year, low", low=0),
    Column("annual_jpy_high", "float64", "JPY/year, high", low=0),
    Column("pieces", "float64", "Structures counted by the work window (bridges and tunnels)", low=0),
    Column("grade_e_jpy", "float64", "Part of annual_jpy whose coefficient is graded E", low=0),
    Column("shares_trip_with", "str", "sector:task whose trips it may share, or empty"),
)

MEMBERS = (
    Column("package", "str", "Package", allowed=PACKAGES, is_required=True),
    Column("asset_id", "str", "Asset", is_required=True),
    Column("unit_id", "str", "Unit", is_required=True),
    Column("bundle_id", "str", "Bundle", is_required=True),
    Column("share", "float64", "Part of the asset in this unit and bundle", low=0, high=1),
)

BUNDLES = (
    Column("bundle_id", "str", "Short label: D1, S2 …", is_required=True),
    Column("package", "str", "Package", allowed=PACKAGES, is_required=True),
    Column("muni_codes", "object", "Municipalities where it lies"),
    Column("owner_codes", "object", "Bodies whose assets it holds"),
    Column("fields", "object", "Fields of work: road, park, sewer, water, river"),
    Column("is_wide_area", "bool", "Two or more bodies contribute work"),
    Column("is_multi_sector", "bool", "Two or more fields"),
    Column("base_unit_id", "str", "Unit where its base lies"),
    Column("base_name", "str", "Name of that unit"),
    Column("unit_count", "int64", "Units", low=1),
    Column("annual_jpy", "float64", "JPY/year, central, tax included", low=0),
    Column("annual_jpy_low", "float64", "JPY/year, low", low=0),
    Column("annual_jpy_high", "float64", "JPY/year, high", low=0),
    Column("structure_count", "float64", "Bridges and tunnels", low=0),
    Column("onsite_hours", "float64", "Crew hours on site a year", low=0),
    Column("travel_hours", "float64", "Crew hours driving a year", low=0),
    Column("farthest_min", "float64", "Minutes from the base to its farthest unit with work, one way", low=0),
    Column("unreached_units", "int64", "Units with work that no road leads to from the base", low=0),
    Column("asset_count", "int64", "Assets with a part in it", low=0),
    Column("length_m", "float64", "m of lines", low=0),
    Column("area_m2", "float64", "m2 of parks", low=0),
    Column("worst_condition", "Int8", "Worst common condition", low=1, high=4),
    Column(
        "grade_e_share", "float64", "Part of annual_jpy that rests on coefficients graded E", low=0, high=1
    ),
    Column("lead_code", "str", "Body proposed to lead"),
    Column(
        "window_verdict",
        "str",
        "Against the work window",
        allowed=("within", "below", "above", "borderline", "none"),
    ),
    Column("rules_broken", "object", "Keys of the rules that could not be kept"),
)

TABLES = {
    "assets": ASSETS,
    "rejects": REJECTS,
    "readings": READINGS,
    "roads": ROADS,
    "units": UNITS,
    "links": LINKS,
    "tasks": TASKS,
    "shares": SHARES,
    "work": WORK,
    "members": MEMBERS,
    "bundles": BUNDLES,
}


def names(table: str) -> list[str]:
    """Return the column names of a table in their order."""
    return [column.name for column in TABLES[table]]


def check_table(frame: pd.DataFrame, table: str) -> pd.DataFrame:
    """
    Return `frame` when it keeps the schema of `table`; a stage calls it on what it hands on.

    Raises
    ------
    ValueError
        If a required column is missing or empty somewhere, a number is out of range or a word is not allowed;
        all faults are named at once.
    """
    faults = []
    for column in TABLES[table]:
        if column.name not in frame.columns:
            if column.is_required and column.name != frame.index.name:
                faults.append(f"{column.name} is missing")
            continue
        faults += _column_faults(frame[column.name], column)
    if faults:
        msg = f"table {table}: " + "; ".join(faults)
        raise ValueError(msg)
    return frame


def _column_faults(values: pd.Series, column: Column) -> list[str]:
    faults = []
    if column.is_required and values.isna().any():
        faults.append(f"{column.name} is empty in {int(values.isna().sum())} rows")
    known = values.dropna()
    if column.low is not None and len(known) and float(np.min(known.to_numpy(dtype=float))) < column.low:
        faults.append(f"{column.name} is below {column.low}")
    if (
        column.high is not None
        and len(known)
        and float(np.max(known.to_numpy(dtype=float))) > column.high + 1e-9
    ):
        faults.append(f"{column.name} is above {column.high}")
    if column.allowed and not known.isin((*column.allowed, "")).all():
        faults.append(f"{column.name} holds {sorted(set(known) - set(column.allowed))[:3]}")
    return faults
