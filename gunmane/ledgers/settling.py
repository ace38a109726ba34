"""What headings alone do not settle: ids that repeat, years in two columns, the municipality of a whole ledger."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Mapping

import pandas as pd

from gunmane.ledgers.addresses import names_municipality
from gunmane.ledgers.bodies import named_town, texts_of_ledger
from gunmane.ledgers.headings import bare, plain, vocabulary
from gunmane.ledgers.places import looked_at
from gunmane.ledgers.profiles import Position
from gunmane.ledgers.raw import Raw
from gunmane.municipalities import Region
from gunmane.scenario import Note

Columns = dict[str, tuple[str, ...]]
# Of a hundred filled ids this many repeat an earlier one: told beyond the first; beyond the second it is no id.
REPEATED_IDS, MOSTLY_REPEATED = 0.05, 0.5
# Addresses that name their municipality: where half of them do, those that do not are told one by one.
NAMED_SHARE = 0.5
YEARS = ("built_year", "inspected_year")
ERA_ALONE = re.compile(r"明治?|大正?|昭和?|平成?|令和?|[mtshr]", re.IGNORECASE)
YEAR_OF_ERA = re.compile(r"(元|\d{1,2}(\.0)?)年?度?")
YEAR_MARKS = ("年", "元号", "和暦", "year", "era")
INSPECTED = ("点検", "調査", "診断")


def settle_ids(columns: Mapping[str, tuple[str, ...]], raw: Raw) -> tuple[Columns, list[Note]]:
    """
    Return the columns without an id that does not tell rows apart, and what to say of ids that repeat.

    A heading that names the id (管理番号) stays unless most of its cells repeat; one that may number something else
    (番号, 路線番号: `loose` in `headings.toml`) only where hardly any does.

    Parameters
    ----------
    columns
        Our column -> the file's.
    raw
        The file.
    """
    kept = dict(columns)
    heading = kept.get("asset_id", ("asset_id",))[0]
    if heading.strip().lower() == "asset_id":
        return kept, []
    found = raw.table[heading]
    column = found.iloc[:, 0] if isinstance(found, pd.DataFrame) else found
    cells = column.dropna().astype("str").str.strip()
    is_repeated = cells[cells != ""].duplicated()
    share = float(is_repeated.mean()) if len(is_repeated) else 0.0
    if share <= REPEATED_IDS:
        return kept, []
    is_loose = bool({plain(heading), bare(heading)} & set(vocabulary().loose))
    is_left_out = is_loose or share > MOSTLY_REPEATED
    if is_left_out:
        del kept["asset_id"]
    key = "profile_ids_left_out" if is_left_out else "profile_ids_repeat"
    return kept, [Note.of(key, file=raw.file, column=heading, rows=int(is_repeated.sum()))]


def with_eras(columns: Mapping[str, tuple[str, ...]], table: pd.DataFrame) -> Columns:
    """
    Return the columns with the pairs of an era (昭和) and, right beside it, its year (55) as one year.

    Parameters
    ----------
    columns
        Our column -> the file's.
    table
        Rows that are looked at.
    """
    kept = dict(columns)
    names = [str(name) for name in table.columns]
    for at, pair in enumerate(itertools.pairwise(names)):
        if not any(mark in name.casefold() for mark in YEAR_MARKS for name in pair):
            continue
        if not (_all_match(table.iloc[:, at], ERA_ALONE) and _all_match(table.iloc[:, at + 1], YEAR_OF_ERA)):
            continue
        ours = next((year for year in YEARS if set(pair) & set(kept.get(year, ()))), "")
        is_inspected = any(word in name for word in INSPECTED for name in pair)
        ours = ours or ("inspected_year" if is_inspected else "built_year")
        kept = {name: tuple(h for h in headings if h not in pair) for name, headings in kept.items()}
        kept[ours] = (*kept.get(ours, ()), *pair)
        kept = {name: headings for name, headings in kept.items() if headings}
    return kept


def _all_match(values: pd.Series, pattern: re.Pattern[str]) -> bool:
    """Return whether a column has cells and each is what the pattern says."""
    words = [unicodedata.normalize("NFKC", str(word)).strip() for word in values.dropna().unique()]
    words = [word for word in words if word]
    return bool(words) and all(pattern.fullmatch(word) for word in words)


def town_of_all(
    raw: Raw, columns: Mapping[str, tuple[str, ...]], place: Position, region: Region | None
) -> tuple[dict[str, str], list[Note]]:
    """
    Return the municipality of all rows of a ledger whose addresses name none, as its title, sheet or name says.

    Parameters
    ----------
    raw
        The file.
    columns
        Our column -> the file's.
    place
        How its places are read: only addresses without coordinates need a municipality.
    region
        Region that the file belongs to, if known.

    Returns
    -------
    constants
        `muni_code`, or nothing.
    notes
        What to tell of it.
    """
    if (
        region is None
        or "muni_code" in columns
        or not place.address
        or place != Position(address=place.address)
    ):
        return {}, []
    rows = raw.table.iloc[looked_at(len(raw.table))][list(place.address)].fillna("").astype("str")
    addresses = rows.agg("".join, axis="columns").str.strip()
    addresses = addresses[addresses != ""]
    code = named_town(texts_of_ledger(raw), region)
    if addresses.empty or names_municipality(addresses, region).mean() >= NAMED_SHARE:
        return {}, []
    if not code:
        is_one = len(region.municipalities) == 1
        return {}, [] if is_one else [Note.of("place_town_unnamed", file=raw.file)]
    names = {f"name_{lang}": region.name_of(code, lang) for lang in ("ja", "en")}
    return {"muni_code": code}, [Note.of("place_town_named", file=raw.file, **names)]
