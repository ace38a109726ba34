"""A region with other totals than the published ones, and how files name its bodies."""

from __future__ import annotations

import dataclasses
import unicodedata

import pandas as pd

from gunmane import schema
from gunmane.errors import FileError
from gunmane.municipalities.facts import PREFECTURES_JA, Region

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
# Denser than the densest city of Japan (Tokyo's wards: 20 km of road a km2).
MAX_ROAD_KM_PER_KM2 = 25.0
MAX_PARK_SHARE = 0.2


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
    chosen = totals[totals.index.isin(region.municipalities.index)]
    statistics = region.statistics.copy()
    replaced: list[tuple[str, str, float | None, float]] = []
    for column in TOTALS:
        if column.name not in chosen.columns:
            continue
        given = pd.to_numeric(chosen[column.name], errors="coerce").dropna().astype("float64")
        for code, value in given.sort_index().items():
            _check(region, str(code), column, float(value), file)
        before = statistics.get(column.name, pd.Series(index=statistics.index, dtype="float64"))
        after = before.astype("float64").copy()
        after.update(given)
        statistics[column.name] = after
        for code in given.index.sort_values():
            old = before.get(code)
            was = None if old is None or pd.isna(old) else float(old)
            if was != float(given[code]):
                replaced.append((str(code), column.name, was, float(given[code])))
    _check_together(region, statistics, {code for code, *_ in replaced}, file)
    statistics.attrs = {**region.statistics.attrs, "replaced": replaced}
    return dataclasses.replace(region, statistics=statistics)


def _check(region: Region, code: str, column: schema.Column, value: float, file: str) -> None:
    low, high = column.low or 0.0, column.high or float("inf")
    if not low <= value <= high:
        raise FileError(
            "totals_out_of_range",
            **_town(region, code, file),
            column_ja=NAMES_JA[column.name],
            column_en=column.meaning,
            value=f"{value:,.6f}".rstrip("0").rstrip("."),
            low=f"{low:,g}",
            high=f"{high:,.0f}",
        )


def _check_together(region: Region, statistics: pd.DataFrame, codes: set[str], file: str) -> None:
    for code in sorted(codes):
        row, town = statistics.loc[code], _town(region, code, file)
        if row["bridges_grade_3_4"] > row["bridges_inspected"]:
            raise FileError(
                "totals_more_bad_bridges",
                **town,
                bad=f"{row['bridges_grade_3_4']:,.0f}",
                count=f"{row['bridges_inspected']:,.0f}",
            )
        density = row["road_length_m"] / 1000 / row["area_km2"]
        if density > MAX_ROAD_KM_PER_KM2:
            raise FileError(
                "totals_roads_too_dense",
                **town,
                km=f"{row['road_length_m'] / 1000:,.0f}",
                area=f"{row['area_km2']:,.1f}",
                limit=f"{MAX_ROAD_KM_PER_KM2:g}",
            )
        if row["park_area_m2"] > row["area_km2"] * 1e6 * MAX_PARK_SHARE:
            raise FileError(
                "totals_parks_too_large",
                **town,
                ha=f"{row['park_area_m2'] / 1e4:,.0f}",
                area=f"{row['area_km2']:,.1f}",
                percent=f"{MAX_PARK_SHARE * 100:g}",
            )


def _town(region: Region, code: str, file: str) -> dict[str, str]:
    return {"file": file, "town_ja": region.name_of(code, "ja"), "town_en": region.name_of(code, "en")}


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
