"""One way to open a file of any kind: its own columns and shapes, before anyone says what they mean."""

from __future__ import annotations

import dataclasses
import importlib
import pathlib
import re
from collections.abc import Callable, Collection
from typing import Any

from gunmane.errors import FileError
from gunmane.ledgers.archives import unpacked
from gunmane.ledgers.delimited import open_delimited
from gunmane.ledgers.files import BOOKS, TEXTS, checked_file
from gunmane.ledgers.profiles import Layout
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.sheets import open_sheets
from gunmane.ledgers.vectors import open_vector

ANY_LAYOUT = Layout()
# Formats with a reader of their own, brought in only when such a file comes: suffix -> module, function.
MODEL_READERS = {
    ".json": ("gunmane.ledgers.xroad", "open_json"),
    ".gml": ("gunmane.ledgers.citygml", "open_citygml"),
    ".osm": ("gunmane.ledgers.osm", "open_osm"),
    ".graphml": ("gunmane.ledgers.osm", "open_osm"),
    ".pbf": ("gunmane.ledgers.osm", "open_osm"),
}
# Of those the ones that can stop early, for a first look.
STOPPABLE = (".gml",)
SNIFFED_BYTES = 1 << 16
# What a JSON file says of itself near its start when it is GeoJSON.
GEOJSON_WORDS = re.compile(rb'"type"\s*:\s*"(?:FeatureCollection|Feature)"|"features"\s*:\s*\[')
JSON_START = re.compile(rb"(?:\xef\xbb\xbf)?\s*[\[{]")


def open_raw(
    path: pathlib.Path,
    *,
    layout: Layout = ANY_LAYOUT,
    columns: Collection[str] | None = None,
    max_rows: int | None = None,
) -> Raw:
    """
    Return the rows of a file under its own column names, with its shapes where it has some.

    Parameters
    ----------
    path
        Table (CSV, Excel, OpenDocument), GIS file (GeoJSON, GeoPackage, GeoParquet, FlatGeobuf, shapefile), zip of one
        of them, OpenStreetMap, CityGML or JSON of a facility database.
    layout
        Encoding, separator, sheet, heading rows and layer where the user named them; in a zip of several files `layer`
        names the file.
    columns
        Columns to keep, besides the shapes; None keeps all.
    max_rows
        Rows to read at most, for a first look.

    Returns
    -------
    raw
        See `Raw`; text in tables is as it came, blank cells are missing, rows that are wholly blank are left out.

    Raises
    ------
    FileError
        If the file cannot be used as a whole: missing, of an unknown kind, too large, broken, cut off, locked, or
        without rows; or the layout counts rows below 0.
    """
    path = checked_file(pathlib.Path(path))
    _check_layout(layout, path.name)
    kind = path.suffix.lower()
    if kind == ".zip":
        return _open_inner(path, layout, columns, max_rows)
    if kind in TEXTS:
        return open_delimited(path, layout=layout, columns=columns, max_rows=max_rows)
    if kind in BOOKS:
        return open_sheets(path, layout=layout, columns=columns, max_rows=max_rows)
    if kind in MODEL_READERS and not (kind == ".json" and is_geojson(path)):
        read = _model_reader(kind)
        model = read(path, max_rows=max_rows) if kind in STOPPABLE else read(path)
        return _narrowed(model, columns, max_rows)
    return open_vector(path, layout=layout, columns=columns, max_rows=max_rows)


def _check_layout(layout: Layout, file: str) -> None:
    for name in ("heading_row", "heading_rows"):
        if getattr(layout, name) < 0:
            raise FileError("ledger_layout_row", file=file, name=name, value=getattr(layout, name))


def open_layer(path: pathlib.Path, name: str) -> Raw:
    """
    Open a file as `open_raw` does; of several layers with shapes take the one that bears the expected name.

    Raises
    ------
    FileError
        As `open_raw`.
    """
    raw = open_raw(path)
    if name != raw.told.get("layer") and name in raw.told.get("spatial_layers", ()):
        return open_raw(path, layout=Layout(layer=name))
    return raw


def is_geojson(path: pathlib.Path) -> bool:
    """Tell from its start whether a `.json` file is GeoJSON, or at least no other JSON."""
    with path.open("rb") as stream:
        start = stream.read(SNIFFED_BYTES)
    return bool(GEOJSON_WORDS.search(start)) or not JSON_START.match(start)


def _model_reader(kind: str) -> Callable[..., Raw]:
    module, function = MODEL_READERS[kind]
    reader: Callable[..., Raw] = getattr(importlib.import_module(module), function)
    return reader


def _open_inner(
    path: pathlib.Path, layout: Layout, columns: Collection[str] | None, max_rows: int | None
) -> Raw:
    """Open the ledger in a zip; what is told names the zip, which the user knows."""
    with unpacked(path, wanted=layout.layer) as (inner, name, left_out):
        said = pathlib.PurePosixPath(name)
        is_file_name = layout.layer.casefold() in {n.casefold() for n in (name, said.name, said.stem)}
        own = dataclasses.replace(layout, layer="") if is_file_name else layout
        try:
            raw = open_raw(inner, layout=own, columns=columns, max_rows=max_rows)
        except FileError as error:
            raise FileError(error.key, **{**error.values, "file": path.name}) from error
    told: dict[str, Any] = {**raw.told, "member": name}
    if left_out:
        told["left_out"] = left_out
    return dataclasses.replace(raw, file=path.name, told=told)


def _narrowed(raw: Raw, columns: Collection[str] | None, max_rows: int | None) -> Raw:
    """Return what was asked for of a file that can only be read whole."""
    table = raw.table
    if columns is not None:
        table = table[[name for name in table.columns if name in columns]]
    if max_rows is None or len(table) <= max_rows:
        return dataclasses.replace(raw, table=table)
    shapes = None if raw.shapes is None else raw.shapes[:max_rows]
    return dataclasses.replace(raw, table=table.head(max_rows), shapes=shapes)
