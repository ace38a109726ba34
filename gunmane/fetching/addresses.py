"""Where open data is kept: the one table of addresses, laid out for a region."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Collection

import pandas as pd
import shapely

from gunmane.cache import data_folder
from gunmane.errors import FileError
from gunmane.municipalities import Region

TABLE = "downloads.csv"
LON_LAT = 4326
# Fetched only when named: it asks a public server to work, not to hand over a file.
ONLY_WHEN_NAMED = ("osm",)
# First-order mesh of JIS X 0410: two thirds of a degree of latitude by one degree of longitude from 100 degrees east.
MESH_ROWS_PER_DEGREE = 1.5
MESH_FIRST_LON = 100


@dataclasses.dataclass(frozen=True)
class Download:
    """
    One file to get.

    Parameters
    ----------
    id, kind, use
        Row of the table; "n03" … "osm"; what its rows are for ("roads", "assets", "borders", "reference",
        "conditions", "statistics").
    title_ja
        What it is.
    url
        Address of the file; "" where it is got by hand from `page`.
    file
        Name to keep it under; "" where `url` is.
    patterns
        Names under which it may lie in a folder carried in, `*` for any text, a folder before it if need be.
    version, licence, owner, credit, page
        State of the data, its terms, who answers for it, the line that must be shown, the page for people.
    sha256
        Of the file, where the table knows it; else "".
    confidence, checked, note
        How sure the address is (A-E), when it was opened ("no": never), what else to know.
    """

    id: str
    kind: str
    use: str
    title_ja: str
    url: str
    file: str
    patterns: tuple[str, ...]
    version: str
    licence: str
    owner: str
    credit: str
    page: str
    sha256: str
    confidence: str
    checked: str
    note: str

    @property
    def name(self) -> str:
        """The name that messages use: the file, or the title of what is got by hand."""
        return self.file or self.title_ja


def load_table() -> pd.DataFrame:
    """Return the table of addresses as text, missing as ""."""
    return pd.read_csv(data_folder() / TABLE, dtype="str", keep_default_na=False, encoding="utf-8")


def known_kinds() -> tuple[str, ...]:
    """Return the kinds of the table in its order."""
    return tuple(dict.fromkeys(load_table()["kind"]))


def wanted_downloads(region: Region, kinds: Collection[str] = ()) -> tuple[Download, ...]:
    """
    Return the files of a region in the order of the table; each once, however many prefectures or meshes share it.

    Parameters
    ----------
    region
        Region whose prefectures and first-order meshes fill the places in the addresses.
    kinds
        Kinds to take; none takes all but those that are fetched only when named.

    Raises
    ------
    FileError
        If a kind is not in the table.
    """
    table = load_table()
    unknown = sorted(set(kinds) - set(table["kind"]))
    if unknown:
        raise FileError("fetch_kind_unknown", kind=", ".join(unknown), known=", ".join(known_kinds()))
    chosen = table[table["kind"].isin(list(kinds))] if kinds else table[~table["kind"].isin(ONLY_WHEN_NAMED)]
    found: dict[str, Download] = {}
    for row in chosen.to_dict("records"):
        for places in _places(region, row):
            one = _filled(row, places)
            found.setdefault(one.file or one.id, one)
    return tuple(found.values())


def _places(region: Region, row: dict[str, str]) -> list[dict[str, str]]:
    """Return what fills the places of a row, one entry a file."""
    named = row["url"] + row["file"] + row["patterns"]
    listed = row["prefectures"].split()
    prefectures = [code for code in region.prefecture_codes if not listed or code in listed]
    if "{mesh}" in named:
        return [{"mesh": mesh} for mesh in mesh_codes(region)]
    if "{pref}" in named:
        return [{"pref": code} for code in prefectures]
    return [{"region": region.region_id}] if prefectures else []


def _filled(row: dict[str, str], places: dict[str, str]) -> Download:
    def fill(text: str) -> str:
        for name, value in places.items():
            text = text.replace(f"{{{name}}}", value)
        return text

    fields = {f.name for f in dataclasses.fields(Download)} - {"patterns"}
    patterns = tuple(part.strip() for part in fill(row["patterns"]).split(";") if part.strip())
    return Download(patterns=patterns, **{name: fill(row[name]) for name in fields})


def mesh_codes(region: Region) -> tuple[str, ...]:
    """Return the first-order meshes (JIS X 0410, four digits) that a region touches, sorted."""
    area = region.municipalities.to_crs(LON_LAT).union_all()
    west, south, east, north = area.bounds
    codes = []
    for row in range(math.floor(south * MESH_ROWS_PER_DEGREE), math.floor(north * MESH_ROWS_PER_DEGREE) + 1):
        for lon in range(math.floor(west), math.floor(east) + 1):
            low, high = row / MESH_ROWS_PER_DEGREE, (row + 1) / MESH_ROWS_PER_DEGREE
            if shapely.box(lon, low, lon + 1, high).intersects(area):
                codes.append(f"{row:02d}{lon - MESH_FIRST_LON:02d}")
    return tuple(sorted(codes))
