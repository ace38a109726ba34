"""PLATEAU's CityGML: bridges, tunnels and buried pipes, one row each, read as a stream of bounded size."""

from __future__ import annotations

import contextlib
import dataclasses
import pathlib
import re
from collections import Counter
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler

import numpy as np
import pandas as pd
import pyproj
from defusedxml.common import DefusedXmlException
from defusedxml.expatreader import DefusedExpatParser

from gunmane.errors import FileError
from gunmane.ledgers.citygml_shapes import Parts, ShapeMaker
from gunmane.ledgers.files import MAX_ROWS, MAX_UNPACKED_BYTES, MEGABYTE
from gunmane.ledgers.plateau_codes import with_words
from gunmane.ledgers.raw import Raw

# Which family of names a namespace belongs to, whatever its version.
FAMILIES = (
    ("/citygml/bridge/", "brid"),
    ("/citygml/tunnel/", "tun"),
    ("/citygml/cityfurniture/", "frn"),
    ("/citygml/generics/", "gen"),
    ("/iur/uro/", "uro"),
    ("/citygml/", "core"),
    ("opengis.net/gml", "gml"),
)
# What becomes a row: one of each, and what it is drawn as.
KINDS = {"brid:Bridge": "area", "tun:Tunnel": "line", "uro:SewerPipe": "line", "uro:WaterPipe": "line"}
# A column that every file of the kind gets, by which the profile in `known` recognises it.
MARKS = {
    "brid:Bridge": "brid:class",
    "tun:Tunnel": "tun:class",
    "uro:SewerPipe": "uro:year",
    "uro:WaterPipe": "uro:year",
}
# Points of the sewers that its pipes already stand for: counted, never rows.
MANHOLES = ("uro:Manhole", "uro:Handhole")
MEMBERS = ("core:cityObjectMember", "gml:featureMember")
RINGS_AND_LINES = {
    "gml:LinearRing": "ring",
    "gml:LineString": "line",
    "gml:LineStringSegment": "line",
    "gml:Point": "point",
}
# Names that stand inside parts of a structure as well, where they tell of the part.
OF_PARTS = re.compile(
    r"(Installation|ConstructionElement|Room|Furniture|HollowSpace|DisasterRiskAttribute|Surface)$"
)
PARTS = ("brid:BridgePart", "tun:TunnelPart")
SHAPE_PROPERTY = re.compile(r"^lod([0-4])(?!.*TerrainIntersection)")
LEFT_OUT = re.compile(
    r"^(geometrySrcDesc|thematicSrcDesc|appearanceSrcDesc|srcScale|dmCode|geometryType|mapLevel|shapeType|lod[0-4])"
)
UNIT_M = {"m": 1.0, "mm": 0.001, "cm": 0.01}
EPSG = re.compile(r"EPSG\D+(?:\d+(?:\.\d+)?/)?(\d{4,6})\s*$", re.IGNORECASE)

# Bounds of the machine: PLATEAU nests about 20 deep and its files hold some thousand features.
MAX_DEPTH = 200
MAX_COLUMNS = 300
MAX_TEXT = 8 * MEGABYTE
MAX_NUMBERS = 10_000_000
BLOCK_BYTES = MEGABYTE


def open_citygml(path: pathlib.Path, *, max_rows: int | None = None) -> Raw:
    """
    Return the bridges, tunnels, sewer and water pipes of a PLATEAU file, one row each.

    Parts of a bridge or tunnel count as one. Heights are left out. Where a feature has several levels of
    detail, the lowest one counts. Pipes and tunnels become a line: as drawn in level 0, else the middle line of
    the narrowest rectangle around their surfaces; bridges become the area that they cover.

    Parameters
    ----------
    path
        CityGML 2.0 file (`.gml`) with uro 2 or 3.
    max_rows
        Stop after so many rows, for a first look.

    Returns
    -------
    raw
        Columns: `plateau_class` (Bridge, Tunnel, SewerPipe, WaterPipe), `plateau_lod`, `plateau_shape`
        ("drawn", "derived", ""), `plateau_length_m` and `plateau_width_m` (of derived shapes, m),
        `plateau_diameter_mm`, then the file's own names (`gml:id`, `uro:year`, `brid:class` …) as text; the word of
        a code stands in `uro:material.word` where the model's folder has its code list.
        Shapes lie east, north in the horizontal part of the file's system. A feature without a usable shape keeps
        its row. `told`: `manholes` (left out, count), `others` (left out, class -> count), `derived`, `shapeless`
        (counts), `crs_guessed`.

    Raises
    ------
    FileError
        If it is no sound XML, is cut off, defines entities, nests too deep, is GML of another kind, has no
        coordinate system, or holds none of these features.
    """
    path = pathlib.Path(path)
    reader = _Reader(path.name, max_rows=max_rows)
    with contextlib.suppress(_EnoughError):
        _feed(path, reader)
    if not reader.rows:
        found = ", ".join(
            f"{name} {count:,}" for name, count in sorted((reader.others + reader.manholes).items())
        )
        raise FileError("citygml_no_features", file=path.name, found=found[:200] or "-")
    raw = _raw(path.name, reader)
    return dataclasses.replace(raw, table=with_words(raw.table, reader.code_spaces, path))


def _feed(path: pathlib.Path, reader: _Reader) -> None:
    parser = DefusedExpatParser(namespaceHandling=1, forbid_dtd=True)
    parser.setContentHandler(reader)
    read = 0
    try:
        with path.open("rb") as file:
            while block := file.read(BLOCK_BYTES):
                read += len(block)
                if read > MAX_UNPACKED_BYTES:
                    raise FileError(
                        "ledger_too_large",
                        file=path.name,
                        size=path.stat().st_size // MEGABYTE,
                        limit=MAX_UNPACKED_BYTES // MEGABYTE,
                    )
                parser.feed(block)
        if not read:
            raise FileError("ledger_empty", file=path.name)
        parser.close()
    except DefusedXmlException as error:
        raise FileError("citygml_entities", file=path.name) from error
    except SAXException as error:
        line = getattr(error, "getLineNumber", lambda: None)() or 0
        raise FileError(
            "citygml_broken", file=path.name, line=f"{line:,}", rows=f"{len(reader.rows):,}"
        ) from error
    except (OSError, UnicodeError, LookupError, ValueError) as error:
        raise FileError("ledger_unreadable", file=path.name) from error


def _raw(file: str, reader: _Reader) -> Raw:
    table = pd.DataFrame(reader.rows, index=pd.RangeIndex(1, len(reader.rows) + 1))
    first = ["plateau_class", "plateau_lod", "plateau_shape", "plateau_length_m", "plateau_width_m"]
    first += ["plateau_diameter_mm", "gml:id"]
    for name in first:
        if name not in table.columns:
            table[name] = np.nan if name.endswith(("_m", "_mm")) else ""
    table = table[[*first, *sorted(c for c in table.columns if c not in first)]]
    texts = [c for c in table.columns if not c.endswith(("_m", "_mm"))]
    table = table.astype(dict.fromkeys(texts, "str"))
    table[texts] = table[texts].where(table[texts] != "")
    shapes = np.empty(len(table), dtype=object)
    shapes[:] = reader.shapes
    made = Counter(row["plateau_shape"] for row in reader.rows)
    told: dict[str, Any] = {
        "manholes": sum(reader.manholes.values()),
        "others": dict(sorted(reader.others.items())),
        "derived": made["derived"],
        "shapeless": made[""],
        "crs_guessed": reader.maker.is_guessed if reader.maker else False,
    }
    crs = reader.maker.crs if reader.maker else None
    return Raw(
        file,
        "citygml",
        table,
        shapes=shapes,
        crs=crs,
        told={k: v for k, v in told.items() if v or k == "manholes"},
    )


class _EnoughError(Exception):
    """The rows of a first look are there."""


class _Reader(ContentHandler):
    """Take the events of the parser and keep one row a feature; nothing else stays in memory."""

    def __init__(self, file: str, *, max_rows: int | None = None) -> None:
        super().__init__()
        self.file = file
        self.max_rows = max_rows
        self.rows: list[dict[str, Any]] = []
        self.shapes: list[Any] = []
        self.manholes: Counter[str] = Counter()
        self.others: Counter[str] = Counter()
        self.maker: ShapeMaker | None = None
        self.epsg = 0
        self._depth = 0
        self._stack: list[tuple[str, int, int]] = []
        self._lod = -1
        self._dimension = 3
        self._names: dict[tuple[str | None, str], str] = {}
        self._columns: set[str] = set()
        self._feature = ""
        self._is_member = False
        self._is_of_part = 0
        self._part = 0
        self._text: list[str] | None = None
        self._text_size = 0
        self._unit = ""
        self._code_space = ""
        self.code_spaces: dict[str, str] = {}
        self._generic = ""
        self._coords: list[float] | None = None
        self._coords_dimension = 3
        self._shape_kind = ""
        self._values: dict[str, str] = {}
        self._part_values: dict[str, str] = {}
        self._diameter_mm = float("nan")
        self._parts = Parts()

    def characters(self, content: str) -> None:
        """Keep the text of the element that is open."""
        if self._text is not None:
            self._text.append(content)
            self._text_size += len(content)
            if self._text_size > MAX_TEXT:
                raise FileError("citygml_too_large", file=self.file, feature=self._feature)

    def startElementNS(self, name: tuple[str | None, str], _qname: Any, attrs: Any) -> None:  # noqa: N802
        """Open a feature, a shape or a value."""
        tag = self._names.get(name) or self._name(name)
        if not self._stack:
            self._check_root(tag, name)
        if len(self._stack) >= MAX_DEPTH:
            raise FileError("citygml_too_deep", file=self.file, limit=MAX_DEPTH)
        self._stack.append((tag, self._lod, self._dimension))
        self._unit = self._code_space = ""
        if len(attrs):
            self._take_attributes(tag, attrs)
        if not self._feature:
            self._open_member(tag)
            return
        if tag in RINGS_AND_LINES:
            self._coords, self._shape_kind = [], RINGS_AND_LINES[tag]
        local = tag.partition(":")[2]
        if found := SHAPE_PROPERTY.match(local):
            self._lod = int(found[1])
        elif local.startswith("lod"):
            self._lod = -1
        if OF_PARTS.search(local):
            self._is_of_part += 1
        elif tag in PARTS:
            self._part += 1
        self._text, self._text_size = [], 0

    def endElementNS(self, _name: tuple[str | None, str], _qname: Any) -> None:  # noqa: N802
        """Close a feature, a shape or a value."""
        tag, lod, dimension = self._stack.pop()
        if self._feature:
            self._close_inner(tag)
        self._text = None
        self._lod, self._dimension = lod, dimension
        if tag in MEMBERS:
            self._is_member = False
        if self._feature and len(self._stack) == self._depth:
            self._close_feature()

    def _name(self, name: tuple[str | None, str]) -> str:
        uri = (name[0] or "").lower()
        family = next((family for part, family in FAMILIES if part in uri), "")
        if len(self._names) > 10_000:
            raise FileError("ledger_unreadable", file=self.file)
        tag = f"{family}:{name[1]}"
        self._names[name] = tag
        return tag

    def _check_root(self, tag: str, name: tuple[str | None, str]) -> None:
        if tag == "core:CityModel" and "/citygml/2.0" in (name[0] or ""):
            return
        uri = name[0] or ""
        if tag == "core:CityModel":
            raise FileError("citygml_version", file=self.file, found=uri)
        if "nlftp.mlit.go.jp" in uri or "/ksj/" in uri:
            raise FileError("citygml_ksj", file=self.file)
        raise FileError("citygml_other", file=self.file, found=name[1][:60])

    def _open_member(self, tag: str) -> None:
        if tag in MEMBERS:
            self._is_member = True
            return
        if not self._is_member or self._stack[-2][0] not in MEMBERS:
            return
        if tag in MANHOLES:
            self.manholes[tag.partition(":")[2]] += 1
        elif tag not in KINDS:
            self.others[tag.partition(":")[2]] += 1
        else:
            if len(self.rows) >= MAX_ROWS:
                raise FileError(
                    "ledger_too_many_rows", file=self.file, rows=f"> {MAX_ROWS:,}", limit=f"{MAX_ROWS:,}"
                )
            self._feature, self._depth = tag, len(self._stack) - 1

    def _take_attributes(self, tag: str, attrs: Any) -> None:
        for (_, key), value in attrs.items():
            if key == "srsName":
                self._take_crs(value)
            elif key == "srsDimension" and value in ("2", "3"):
                self._dimension = int(value)
            elif key == "uom":
                self._unit = value.strip().lower()
            elif key == "codeSpace":
                self._code_space = value
            elif key == "id" and (tag in KINDS and self._is_member) and not self._feature:
                self._values["gml:id"] = value
            elif key == "name" and tag.startswith("gen:"):
                self._generic = value.strip()
        if tag == "gml:Envelope":
            # The envelope's dimension is that of every shape that does not say its own.
            self._stack = [(name, lod, self._dimension) for name, lod, _ in self._stack]

    def _take_crs(self, name: str) -> None:
        found = EPSG.search(name)
        if not found:
            return
        epsg = int(found[1])
        if self.epsg and epsg != self.epsg:
            raise FileError("citygml_many_crs", file=self.file, found=f"EPSG:{self.epsg}, EPSG:{epsg}")
        if not self.epsg:
            try:
                self.maker = ShapeMaker(pyproj.CRS(epsg))
            except pyproj.exceptions.CRSError as error:
                raise FileError("ledger_crs_unusable", file=self.file, crs=name[:60]) from error
            self.epsg = epsg

    def _close_inner(self, tag: str) -> None:
        family, _, local = tag.partition(":")
        if self._coords is not None and tag in ("gml:posList", "gml:pos"):
            self._coords_dimension = self._dimension
            self._coords += _floats("".join(self._text or ()))
            if self._parts.count + len(self._coords) > MAX_NUMBERS:
                raise FileError("citygml_too_large", file=self.file, feature=self._feature)
        elif tag in RINGS_AND_LINES and self._coords is not None:
            self._parts.add(self._lod, self._shape_kind, self._coords, self._coords_dimension)
            self._coords = None
        elif self._text and self._coords is None:
            self._take_value(tag, family, local)
        if OF_PARTS.search(local):
            self._is_of_part -= 1
        elif tag in PARTS:
            self._part -= 1

    def _take_value(self, tag: str, family: str, local: str) -> None:
        text = "".join(self._text or ()).strip()
        if not text or self._is_of_part or not family or LEFT_OUT.match(local):
            return
        if tag == "gen:value":
            tag = f"gen:{self._generic}"
        if tag not in self._columns:
            if len(self._columns) >= MAX_COLUMNS:
                return
            self._columns.add(tag)
        if self._code_space:
            self.code_spaces.setdefault(tag, self._code_space)
        values = self._part_values if self._part else self._values
        values.setdefault(tag, text)
        if local in ("innerDiamiter", "innerDiameter") and self._unit in UNIT_M:
            number = _floats(text)
            self._diameter_mm = number[0] * UNIT_M[self._unit] * 1000 if number else float("nan")

    def _close_feature(self) -> None:
        kind = KINDS[self._feature]
        if self.maker is None and self._parts.has_any:
            self.maker = ShapeMaker.guessed(self._parts.first_pair())
            if self.maker is None:
                raise FileError("citygml_no_crs", file=self.file)
        made = self.maker.make(self._parts, kind) if self.maker else None
        row: dict[str, Any] = {"plateau_class": self._feature.partition(":")[2]}
        row["plateau_lod"] = "" if made is None else str(made.lod)
        row["plateau_shape"] = "" if made is None else made.how
        row["plateau_length_m"] = float("nan") if made is None else made.length_m
        row["plateau_width_m"] = float("nan") if made is None else made.width_m
        row["plateau_diameter_mm"] = self._diameter_mm
        self.rows.append({**row, MARKS[self._feature]: "", **self._part_values, **self._values})
        self.shapes.append(None if made is None else made.shape)
        self._feature, self._lod, self._is_of_part, self._part = "", -1, 0, 0
        self._values, self._part_values, self._parts = {}, {}, Parts()
        self._diameter_mm, self._coords = float("nan"), None
        if self.max_rows is not None and len(self.rows) >= self.max_rows:
            raise _EnoughError


def _floats(text: str) -> list[float]:
    """Numbers of a list of coordinates; NaN alone where a word is none, so that the shape counts as broken."""
    try:
        return list(map(float, text.split()))
    except ValueError:
        return [float("nan")]
