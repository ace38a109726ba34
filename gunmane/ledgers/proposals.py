"""A first profile of any file: what it was recognised as, and what its columns seem to mean."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pandas as pd
import shapely

from gunmane import schema
from gunmane.ledgers.codelists import ROAD_CLASS_WORDS
from gunmane.ledgers.competing import settle_columns
from gunmane.ledgers.headings import (
    PLACE_COLUMNS,
    STRONG,
    factor_of,
    match_headings,
    plain,
    sector_of_title,
    vocabulary,
    votes_of_headings,
)
from gunmane.ledgers.joins import is_key
from gunmane.ledgers.places import looked_at
from gunmane.ledgers.positions import propose_position
from gunmane.ledgers.profiles import Layout, Position, Profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import recognise_source
from gunmane.ledgers.settling import settle_ids, town_of_all, with_eras
from gunmane.municipalities import Region
from gunmane.scenario import Note

DBF_NAME_LENGTH = 10
LINES = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.LINEARRING,
    shapely.GeometryType.MULTILINESTRING,
)
PUMP_STATION_WORDS = dict.fromkeys(
    ("ポンプ場", "中継ポンプ場", "排水ポンプ場", "雨水ポンプ場", "汚水ポンプ場"), "pump_station"
)
ERA_YEAR = re.compile(r"^(明治|大正|昭和|平成|令和|[MTSHRmtshr])\s*\.?\s*(元|\d{1,2})")
WESTERN_YEAR = re.compile(r"^(18|19|20)\d\d(\D|$)")
CODE = re.compile(r"[0-9\-]{1,6}(\.0)?")
# What a heading says where its bare numbers are years of an era (昭和 55).
ERA_HEADINGS = ("和暦", "昭和", "元号")
BARE_ERA_YEAR = re.compile(r"^\d{1,2}(\.0)?$")


def propose_profile(raw: Raw, *, region: Region | None = None) -> Profile:
    """
    Return what a file seems to be and what its columns seem to mean.

    Known sources come first (kind of its own), then our own column names ("own"), then Japanese and English headings
    ("table"). Lines of which no column says anything are the network ("lines", role "roads"), unless the file's name
    speaks of another sector. Where no sector can be told the role is "unknown" and a note says so.

    Parameters
    ----------
    raw
        The file, whole or its first rows.
    region
        Region that it belongs to, if known: it decides between plane zones, and names of bodies become codes.
    """
    known = recognise_source(raw)
    if known is not None:
        return _of_source(raw, known, region)
    headings = [str(column) for column in raw.table.columns]
    own = own_columns(headings)
    sector, sector_notes = ("", []) if "sector" in own else sector_of_ledger(raw)
    matched = match_headings([h for h in headings if h not in own.values()], sector)
    if "sector" not in own and _says_sectors(raw, matched, sector):
        matched = match_headings(headings, "") | {"sector": matched["subtype"]}
        sector_notes = [Note.of("profile_sector_by_rows", file=raw.file, column=matched["sector"][0])]
    columns: dict[str, tuple[str, ...]] = {ours: (heading,) for ours, heading in own.items()}
    columns |= {ours: names for ours, names in matched.items() if ours not in columns}
    place = {ours: names for ours, names in columns.items() if ours in PLACE_COLUMNS}
    columns = {ours: names for ours, names in columns.items() if ours not in PLACE_COLUMNS}
    table = raw.table.iloc[looked_at(len(raw.table))]
    columns, id_notes = settle_ids(columns, raw)
    settled = settle_columns(
        with_eras(columns, table),
        raw.table,
        "" if "sector" in columns else sector,
        file=raw.file,
        taken=[name for names in place.values() for name in names],
        title=str(raw.told.get("title") or ""),
    )
    columns, values = _words(settled.columns, table, region)
    values |= _subtypes(columns, table, sector)
    if "sector" in columns:
        sector = ""
    position, notes = propose_position(raw, place, region=region)
    notes += id_notes + settled.notes
    if not columns and sector in {"", "road"} and _is_bare_lines(raw):
        return _network(raw, position, notes)
    notes += sector_notes
    is_told = bool(sector) or "sector" in columns
    if not is_told and not sector_notes:
        notes.append(Note.of("profile_no_sector", file=raw.file))
    town, town_notes = town_of_all(raw, columns, position, region)
    return Profile(
        kind="own" if "sector" in own else "table",
        role="assets" if is_told else "unknown",
        columns={name: columns[name] for name in schema.names("assets") if name in columns},
        constants={**({"sector": sector} if sector else {}), **town, **settled.constants},
        values=values,
        position=position,
        layout=layout_of(raw),
        year_style=_year_style(columns, table),
        grade_scale=settled.grade_scale if sector else "",
        factors=_factors(columns, settled.units) | settled.factors,
        units=settled.units,
        notes=(*notes, *town_notes),
    )


def _network(raw: Raw, position: Position, notes: Sequence[Note]) -> Profile:
    return Profile(
        kind="lines",
        role="roads",
        constants={"sector": "road"},
        position=position,
        layout=layout_of(raw),
        notes=(*notes, Note.of("profile_lines_as_roads", file=raw.file)),
    )


def _is_bare_lines(raw: Raw) -> bool:
    """Whether a file is lines alone, without a key by which a table could find them."""
    if raw.shapes is None:
        return False
    kinds = shapely.get_type_id(np.asarray(raw.shapes, dtype=object))
    kinds = kinds[kinds >= 0]
    return bool(len(kinds)) and bool(np.isin(kinds, LINES).all()) and not any(map(is_key, raw.table.columns))


def sector_of_ledger(raw: Raw) -> tuple[str, list[Note]]:
    """
    Return the sector that headings and title of a file speak of most, "" if none or two alike, and what to tell.

    Parameters
    ----------
    raw
        The file; of its sheet, layer, title and name the first that says a sector counts.
    """
    votes = votes_of_headings([str(column) for column in raw.table.columns])
    titles = (raw.told.get("sheet", ""), raw.told.get("layer", ""), raw.told.get("title", ""), raw.file)
    titled = next((s for s in (sector_of_title(str(title)) for title in titles) if s), "")
    if titled:
        votes[titled] += STRONG
    best, second = sorted(votes, key=lambda sector: -votes[sector])[:2]
    if not votes[best]:
        return "", []
    if votes[best] == votes[second]:
        return "", [Note.of("profile_sector_open", file=raw.file, sectors=f"{best}, {second}")]
    if titled in {"", best}:
        return best, []
    return best, [Note.of("profile_sector_headings", file=raw.file, sector=best, sectors=titled)]


def _says_sectors(raw: Raw, matched: Mapping[str, tuple[str, ...]], sector: str) -> bool:
    """Whether the kind of each row (種別) is its sector (橋梁, トンネル), where no heading names the asset itself."""
    votes = votes_of_headings([str(column) for column in raw.table.columns])
    if "sector" in matched or "subtype" not in matched or max(votes.values()) >= STRONG:
        return False
    classes = {plain(word) for word in ROAD_CLASS_WORDS}
    words = [word for word in _distinct(raw.table, matched["subtype"][0]) if plain(word) not in classes]
    said = {_sector_word(word) for word in words} - {""}
    is_most = sum(bool(_sector_word(word)) for word in words) * 2 >= len(words)
    return is_most and (len(said) > 1 or bool(said - {sector}))


def unread_columns(raw: Raw, profile: Profile) -> tuple[str, ...]:
    """Return the file's columns that a profile does not use."""
    place = profile.position
    used = {name for names in profile.columns.values() for name in names} | set(place.address)
    used |= {place.lon, place.lat, place.x, place.y, place.lat_lon, place.wkt}
    used |= {*profile.units.values()}
    used |= {*place.lon_parts, *place.lat_parts}
    return tuple(str(column) for column in raw.table.columns if str(column) not in used)


def own_columns(headings: list[str]) -> dict[str, str]:
    """
    Return our column -> the heading that is its name.

    Case and blanks do not count, and a dbf cuts names to ten letters. Of "sector" and "Sector" the one spelt as
    ours counts, else the first.
    """
    wanted = schema.names("assets")
    present = {heading.strip().lower() for heading in headings}
    names: dict[str, str] = {}
    for heading in headings:
        key = heading.strip().lower()
        cut = [w for w in wanted if len(key) == DBF_NAME_LENGTH and w.startswith(key) and w not in present]
        if key in wanted:
            if key not in names and (heading == key or key not in headings):
                names[key] = heading
        elif len(cut) == 1 and cut[0] not in names:
            names[cut[0]] = heading
    return names


def layout_of(raw: Raw) -> Layout:
    """Return how a table lay in its file, as far as it was told while reading."""
    told = raw.told
    # Of a zip with several ledgers the file counts, of a file with several layers the layer.
    layer = told.get("member") if told.get("left_out") else told.get("layer") if told.get("layers") else ""
    return Layout(
        encoding=str(told.get("encoding") or ""),
        separator=str(told.get("separator") or ""),
        sheet=str(told.get("sheet") or ""),
        heading_row=int(told.get("heading_row") or 0),
        heading_rows=int(told.get("heading_rows") or 0),
        layer=str(layer or ""),
    )


def _of_source(raw: Raw, known: Profile, region: Region | None) -> Profile:
    """Return the profile of a known source with a place: what it says of that, else what the file shows."""
    place, notes = known.position, list[Note]()
    if place == Position(address=place.address) or place == Position(crs=place.crs, address=place.address):
        headings = [str(column) for column in raw.table.columns]
        names = {k: v for k, v in match_headings(headings, "").items() if k in PLACE_COLUMNS}
        found, notes = propose_position(raw, names, region=region)
        address = place.address or (found.address if known.role == "assets" else ())
        place = dataclasses.replace(
            found, crs=found.crs or ("" if raw.crs is not None else place.crs), address=address
        )
    notes = notes if known.role in {"assets", "roads", "borders", "reference"} else []
    layout = layout_of(raw)
    if known.layout.heading_rows:
        own = known.layout
        layout = dataclasses.replace(layout, heading_row=own.heading_row, heading_rows=own.heading_rows)
    return dataclasses.replace(known, position=place, layout=layout, notes=tuple(notes))


def _words(
    columns: Mapping[str, tuple[str, ...]], table: pd.DataFrame, region: Region | None
) -> tuple[dict[str, tuple[str, ...]], dict[str, dict[str, str]]]:
    """Return the columns whose words can be read, and the words for sectors; names of bodies are the intake's."""
    kept, values = dict(columns), dict[str, dict[str, str]]()
    if "sector" in kept and kept["sector"][0].strip().lower() != "sector":
        known = {word: _sector_word(word) for word in _distinct(table, kept["sector"][0])}
        if any(known.values()):
            values["sector"] = {w: s for w, s in known.items() if s and w != s}
        else:
            del kept["sector"]
    if "muni_code" in kept and kept["muni_code"][0].strip().lower() != "muni_code":
        words = _distinct(table, kept["muni_code"][0])
        if words and all(CODE.fullmatch(unicodedata.normalize("NFKC", word)) for word in words):
            # The code of a prefecture says who keeps the ledger, not where a row lies.
            if _are_prefectures(words) and "owner_code" not in kept:
                kept["owner_code"] = kept.pop("muni_code")
        elif region is not None and not any(_names_town(word, region) for word in words):
            del kept["muni_code"]
    return kept, {ours: words for ours, words in values.items() if words}


def _names_town(word: str, region: Region) -> bool:
    return any(str(name) in word for name in region.municipalities["name_ja"])


def _subtypes(
    columns: Mapping[str, tuple[str, ...]], table: pd.DataFrame, sector: str
) -> dict[str, dict[str, str]]:
    """Return the words of road classes or pump stations as ours, where the ledger has any: work is counted by them."""
    known = {"road": ROAD_CLASS_WORDS, "sewer": PUMP_STATION_WORDS}.get(sector, {})
    if not known or "subtype" not in columns or columns["subtype"][0].strip().lower() == "subtype":
        return {}
    spelt = {plain(word) for word in known}
    is_met = any(plain(word) in spelt for word in _distinct(table, columns["subtype"][0]))
    # All of them: a first look at a few rows must not leave out the words of the others.
    return {"subtype": dict(known)} if is_met else {}


def _distinct(table: pd.DataFrame, column: str) -> list[str]:
    cells = table[column].dropna().astype("str").str.strip()
    return sorted(cells[cells != ""].unique())


def _sector_word(word: str) -> str:
    text = plain(word)
    if text in schema.SECTORS:
        return text
    return next((sector for known, sector in vocabulary().words.items() if plain(known) == text), "")


def _are_prefectures(words: list[str]) -> bool:
    """Whether codes are those of prefectures: two digits, or six whose middle three are zero."""
    digits = [word.split(".")[0].replace("-", "") for word in words]
    return all(len(d) <= 2 or (len(d) in {5, 6} and d.zfill(6)[2:5] == "000") for d in digits)


def _factors(columns: Mapping[str, tuple[str, ...]], units: Collection[str]) -> dict[str, float]:
    named = {ours: names[0] for ours, names in columns.items() if names[0] != ours and ours not in units}
    found = {ours: factor_of(name, ours) for ours, name in named.items()}
    return {ours: factor for ours, factor in found.items() if factor != 1}


def _year_style(columns: Mapping[str, tuple[str, ...]], table: pd.DataFrame) -> str:
    """Return "western" or "era" where every year in the table is written so, else "auto"."""
    named = [c for ours in ("built_year", "inspected_year") for c in columns.get(ours, ())]
    styles: set[str] = set()
    for column in named:
        is_era = any(word in column for word in ERA_HEADINGS)
        for word in map(_letters, _distinct(table, column)):
            if ERA_YEAR.match(word) or (is_era and BARE_ERA_YEAR.match(word)):
                styles.add("era")
            elif WESTERN_YEAR.match(word):
                styles.add("western")
            elif any(mark.isdigit() for mark in word):
                styles.add("auto")
    return styles.pop() if len(styles) == 1 else "auto"


def _letters(word: str) -> str:
    return "".join(unicodedata.normalize("NFKC", word).split()).casefold()
