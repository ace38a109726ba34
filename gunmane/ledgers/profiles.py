"""A profile: what the columns of a file mean, as a person may read and correct it in a small TOML."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from gunmane.scenario import Note

ROLES = ("assets", "roads", "conditions", "statistics", "borders", "reference", "unknown")


@dataclasses.dataclass(frozen=True)
class Position:
    """
    Where a row's place stands.

    Parameters
    ----------
    crs
        System of the shapes or of `x` and `y` ("EPSG:6674"); "" takes what the file says.
    lon, lat
        Columns with degrees.
    lon_parts, lat_parts
        Columns with the minutes and seconds of these where the degrees are whole.
    x, y
        Columns with plane coordinates as the file names them.
    is_x_north
        True where X points north, as Japan's plane coordinates have it.
    lat_lon
        One column with "latitude,longitude" as text.
    wkt
        Column with shapes as text.
    address
        Columns that make up an address when joined.
    is_swapped
        True where the shapes of the file have latitude (north) before longitude (east).
    """

    crs: str = ""
    lon: str = ""
    lat: str = ""
    lon_parts: tuple[str, ...] = ()
    lat_parts: tuple[str, ...] = ()
    x: str = ""
    y: str = ""
    is_x_north: bool = True
    lat_lon: str = ""
    wkt: str = ""
    address: tuple[str, ...] = ()
    is_swapped: bool = False


@dataclasses.dataclass(frozen=True)
class Layout:
    """How a table lies in its file; "" and 0 mean: find out."""

    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    heading_row: int = 0
    heading_rows: int = 0
    layer: str = ""


@dataclasses.dataclass(frozen=True)
class Answers:
    """
    Who answers for the data.

    Parameters
    ----------
    owner
        Body that keeps the ledger, as text ("宇陀市 建設課").
    licence, credit
        Terms of use ("CC BY 4.0", "庁内限り") and the line that must be shown.
    date
        State of the data, as text (2025-03-31, 令和6年度末).
    may_share
        "yes", "no" or "" (not said): may the other members of the region see it?
    """

    owner: str = ""
    licence: str = ""
    credit: str = ""
    date: str = ""
    may_share: str = ""


@dataclasses.dataclass(frozen=True)
class Profile:
    """
    What a file is and what its columns mean.

    Parameters
    ----------
    kind
        What it was recognised as: "own", "table", "n03" … "xroad_bridge", "osm" … (`kind.…` in the catalogues).
    role
        One of `ROLES`: what its rows are for.
    columns
        Our column -> the file's columns, of which the first filled one counts.
    constants
        Our column -> the value of every row that has none.
    values
        Our column -> the file's word -> our word.
    position, layout, answers
        See there.
    year_style
        "auto", "western" or "era": how years are written.
    grade_scale
        Scale of `condition_raw` (`scale` in `data/model_regions/grades.csv`); "" takes the usual one of the sector.
    factors
        Our column -> what its numbers are multiplied by to be in our unit (ha: `area_m2` 10000).
    units
        Our column -> the file's column with the unit of each row (ha, ㎡); it counts instead of a factor.
    notes
        What the reader must know of how it was proposed; neither kept in the file nor compared.
    """

    kind: str = "table"
    role: str = "assets"
    columns: Mapping[str, tuple[str, ...]] = dataclasses.field(default_factory=dict)
    constants: Mapping[str, str] = dataclasses.field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = dataclasses.field(default_factory=dict)
    position: Position = Position()
    layout: Layout = Layout()
    answers: Answers = Answers()
    year_style: str = "auto"
    grade_scale: str = ""
    factors: Mapping[str, float] = dataclasses.field(default_factory=dict)
    units: Mapping[str, str] = dataclasses.field(default_factory=dict)
    notes: tuple[Note, ...] = dataclasses.field(default=(), compare=False)
