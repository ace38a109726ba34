"""A region with other totals than the published ones, and how files name its bodies."""

from __future__ import annotations

import dataclasses
import unicodedata

import pandas as pd

from gunmane import schema
from gunmane.errors import FileError
from gunmane.municipalities.facts import Region
from gunmane.municipalities.prefectures import PREFECTURES_JA

# Totals that a region's sample is made from. The ranges are wider than any municipality of Japan (Sapporo has 5,600 km
# of municipal roads and 25 km2 of parks, Yokohama 9,300 km of roads); a slip of the pen (km taken for m) is outside.
TOTALS = (
    schema.Column("population", "float64", "Inhabitants", low=1, high=5e6),
    schema.Column("area_km2", "float64", "Land (km2)", low=0.1, high=3e3),
    schema.Column("road_length_m", "float64", "Municipal roads (m)", low=1, high=2e7),
    schema.Column("park_area_m2", "float64", "Municipal parks (m2)", low=0, high=3e7),
    schema.Column("public_housing_units", "float64", "Flats of public housing", low=0, high=2e5),
    schema.Column("sewered_population", "float64", "Inhabitants with public sewers", low=0, high=5e6),
    schema.Column("bridges_inspected", "float64", "Bridges", low=0, high=2e4),
    schema.Column("bridges_grade_3_4", "float64", "Bridges of grade III or IV", low=0, high=2e4),
    schema.Column("civil_engineers", "float64", "Civil engineers on the staff", low=0, high=2e4),
)
NAMES_JA = {
    "population": "人口",
    "area_km2": "面積（km²）",
    "road_length_m": "道路延長（m）",
    "park_area_m2": "公園面積（m²）",
    "public_housing_units": "公営住宅（戸）",
    "sewered_population": "下水道処理人口",
    "bridges_inspected": "橋数",
    "bridges_grade_3_4": "判定Ⅲ・Ⅳの橋数",
    "civil_engineers": "土木技師数",
}
# A tenth of the sparsest municipality of the model regions: what is below is km taken for m.
MIN_ROAD_KM_PER_KM2 = 0.05
# Denser than the densest city of Japan (Tokyo's wards: 20 km of road a km2).
MAX_ROAD_KM_PER_KM2 = 25.0
MAX_PARK_SHARE = 0.2
# Totals that a sample cannot do without: where nothing is on record of the others, nothing of theirs is drawn.
NEEDED = ("population", "road_length_m")
BRIDGE_COUNTS = {"bad": "bridges_grade_3_4", "count": "bridges_inspected"}


@dataclasses.dataclass(frozen=True)
class TotalFault:
    """
    A total that cannot be true.

    Parameters
    ----------
    code
        Municipality.
    columns
        The given columns that are in question, sorted.
    key
        Key of the sentence under `error.`.
    values
        What the sentence names.
    """

    code: str
    columns: tuple[str, ...]
    key: str
    values: dict[str, str]


def with_statistics(region: Region, totals: pd.DataFrame) -> Region:
    """
    Return a region whose statistics hold the given totals; a cell that is missing in `totals` stays as it was.

    `statistics.attrs["replaced"]` tells each cell that changed: `(muni_code, column, before, after)`.

    Parameters
    ----------
    region
        The region; it is not changed.
    totals
        Indexed by `muni_code`, columns of `TOTALS`; other columns and municipalities are ignored. `attrs["file"]`
        names where they come from.

    Raises
    ------
    FileError
        If a total is out of its range, more bridges are bad than there are, or roads are denser than anywhere.
    """
    file = str(totals.attrs.get("file", "")) or "-"
    for fault in total_faults(region, totals):
        raise FileError(fault.key, file=file, **fault.values)
    statistics, replaced = _replaced(region, totals)
    statistics.attrs = {**region.statistics.attrs, "replaced": replaced}
    return dataclasses.replace(region, statistics=statistics)


def total_faults(region: Region, totals: pd.DataFrame) -> list[TotalFault]:
    """
    Return the given totals that cannot be true, alone or beside the others; as for `with_statistics`.

    Totals that are out of their range are told alone; only when there are none are totals set beside each other.
    """
    given = _given(region, totals)
    alone = [
        fault
        for column in TOTALS
        if column.name in given.columns
        for code, value in given[column.name].dropna().sort_index().items()
        if (fault := _range_fault(region, str(code), column, float(value)))
    ]
    if alone:
        return alone
    statistics, replaced = _replaced(region, totals)
    found: list[TotalFault] = []
    for code in sorted({code for code, *_ in replaced}):
        here = set(given.columns[given.loc[code].notna()])
        found += _faults_together(region, code, statistics.loc[code], here)
    return found


def _given(region: Region, totals: pd.DataFrame) -> pd.DataFrame:
    chosen = totals[totals.index.isin(region.municipalities.index)]
    names = [column.name for column in TOTALS if column.name in chosen.columns]
    return chosen[names].apply(pd.to_numeric, errors="coerce").astype("float64")


def _replaced(
    region: Region, totals: pd.DataFrame
) -> tuple[pd.DataFrame, list[tuple[str, str, float | None, float]]]:
    """Return the statistics with the given totals in them, and each cell that changed."""
    statistics = region.statistics.copy()
    replaced: list[tuple[str, str, float | None, float]] = []
    for name, column in _given(region, totals).items():
        given = column.dropna()
        before = statistics.get(name, pd.Series(index=statistics.index, dtype="float64"))
        after = before.astype("float64").copy()
        after.update(given)
        statistics[name] = after
        for code in given.index.sort_values():
            old = before.get(code)
            was = None if old is None or pd.isna(old) else float(old)
            if was != float(given[code]):
                replaced.append((str(code), str(name), was, float(given[code])))
    return statistics, replaced


def _range_fault(region: Region, code: str, column: schema.Column, value: float) -> TotalFault | None:
    low, high = column.low or 0.0, column.high or float("inf")
    if low <= value <= high:
        return None
    values = {
        **_town(region, code),
        "column_ja": NAMES_JA[column.name],
        "column_en": column.meaning,
        "value": f"{value:,.6f}".rstrip("0").rstrip("."),
        "low": f"{low:,g}",
        "high": f"{high:,.0f}",
    }
    return TotalFault(code, (column.name,), "totals_out_of_range", values)


def _faults_together(region: Region, code: str, row: pd.Series, given: set[str]) -> list[TotalFault]:
    """Return what contradicts itself in a municipality's totals, where one of the given ones is in question."""
    town = _town(region, code)
    area = f"{row['area_km2']:,.1f}"
    found: list[tuple[tuple[str, ...], str, dict[str, str]]] = []
    if row["bridges_grade_3_4"] > row["bridges_inspected"]:
        counts = {name: f"{row[column]:,.0f}" for name, column in BRIDGE_COUNTS.items()}
        found.append((tuple(BRIDGE_COUNTS.values()), "totals_more_bad_bridges", counts))
    if row["road_length_m"] / 1000 / row["area_km2"] > MAX_ROAD_KM_PER_KM2:
        km, limit = f"{row['road_length_m'] / 1000:,.0f}", f"{MAX_ROAD_KM_PER_KM2:g}"
        values = {"km": km, "area": area, "limit": limit}
        found.append((("road_length_m", "area_km2"), "totals_roads_too_dense", values))
    if 0 < row["road_length_m"] / 1000 / row["area_km2"] < MIN_ROAD_KM_PER_KM2:
        values = {"m": f"{row['road_length_m']:,.0f}", "area": area}
        found.append((("road_length_m",), "totals_roads_too_thin", values))
    if row["park_area_m2"] > row["area_km2"] * 1e6 * MAX_PARK_SHARE:
        ha, percent = f"{row['park_area_m2'] / 1e4:,.0f}", f"{MAX_PARK_SHARE * 100:g}"
        values = {"ha": ha, "area": area, "percent": percent}
        found.append((("park_area_m2", "area_km2"), "totals_parks_too_large", values))
    faults = []
    for asked, key, values in found:
        named = tuple(name for name in asked if name in given)
        # Of a density it is the total that is in question, of land only where no other total is given.
        if named:
            is_count = set(asked) == set(BRIDGE_COUNTS.values())
            faults.append(TotalFault(code, named if is_count else named[:1], key, {**town, **values}))
    return faults


def _town(region: Region, code: str) -> dict[str, str]:
    return {"town_ja": region.name_of(code, "ja"), "town_en": region.name_of(code, "en")}


def towns_without_totals(region: Region) -> tuple[str, ...]:
    """Return the codes of the municipalities of which a total is missing that a sample needs, sorted."""
    table = region.statistics.reindex(columns=list(NEEDED))
    return tuple(sorted(str(code) for code in table.index[table.isna().any(axis=1)]))


def region_codes(region: Region) -> dict[str, str]:
    """Return our code by every way a file writes it: with check digit, without leading zero, with or without both."""
    codes: dict[str, str] = {}
    halls = region.halls["lg_code6"].to_dict()
    for code in region.municipalities.index:
        _add(codes, str(code), str(halls.get(code, "")))
    for prefecture in {*region.prefecture_codes, *(c for c in region.bodies["code"] if len(c) == 2)}:
        _add(codes, prefecture, long_code(prefecture))
        codes.setdefault(f"{prefecture}000", prefecture)
    return codes


def _add(codes: dict[str, str], code: str, long: str) -> None:
    for text in (code, long, code.lstrip("0"), long.lstrip("0")):
        if text:
            codes.setdefault(text, code)


def long_code(code: str) -> str:
    """
    Return the 6-digit code of a municipality (5 digits) or a prefecture (2 digits).

    The check digit is 11 minus the sum of the five digits weighted 6 to 2, modulo 11, its last digit.
    """
    five = f"{code}000" if len(code) == 2 else code
    total = sum(int(digit) * weight for digit, weight in zip(five, range(6, 1, -1), strict=True))
    return f"{five}{(11 - total % 11) % 10}"


def region_names(region: Region) -> dict[str, str]:
    """Return our code by the Japanese name of every municipality, body and prefecture of the region."""
    names = {str(name): str(code) for code, name in region.municipalities["name_ja"].items()}
    for code, name in zip(region.bodies["code"], region.bodies["name_ja"], strict=True):
        names.setdefault(str(name), str(code))
    for code in region.prefecture_codes:
        names.setdefault(PREFECTURES_JA[code], code)
    return {unicodedata.normalize("NFKC", name): code for name, code in names.items()}
