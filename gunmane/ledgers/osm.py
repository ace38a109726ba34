"""OpenStreetMap files: `.osm` and `.graphml` through osmnx, `.osm.pbf` through pyosmium."""

from __future__ import annotations

import contextlib
import pathlib
import threading
import xml.etree.ElementTree
import xml.parsers.expat
import xml.sax
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely

from gunmane.errors import FileError
from gunmane.ledgers.files import MAX_FILE_BYTES, MAX_ROWS, MEGABYTE
from gunmane.ledgers.osm_ways import AGAINST, TAGS, Shapes, Ways, read_ways
from gunmane.ledgers.raw import Raw

FORMATS = {".osm": "osm", ".graphml": "graphml", ".pbf": "pbf"}
LICENCE = "ODbL 1.0"
CREDIT = "© OpenStreetMap contributors"
LON_LAT = pyproj.CRS.from_epsg(4326)

# Bounds of the machine: osmnx keeps a dictionary for every node, pyosmium only numbers for those of roads. Both
# give the same rows of a `.osm`, so larger ones are read by the second.
MAX_BYTES = {".osm": MAX_FILE_BYTES, ".graphml": 100 * MEGABYTE, ".pbf": MAX_FILE_BYTES}
OSMNX_BYTES = 20 * MEGABYTE
HEAD_BYTES = 1024**2
BLOCK_BYTES = 65_536
# A simplified edge may hold several ways: the largest road names it.
LARGEST_FIRST = (
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "track",
)

# osmnx keeps its settings in one place for the whole process.
_settings_lock = threading.RLock()


def open_osm(path: pathlib.Path) -> Raw:
    """
    Return the ways of an OpenStreetMap file that carry `highway`, one row a way, in the order of their ids.

    A simplified graph (`.graphml`) has one row an edge; the two directions of an edge count once. Shapes of one-way
    roads run in the direction of driving, and `oneway` then says "yes".

    Parameters
    ----------
    path
        `.osm` (XML), `.graphml` as osmnx writes it, or `.osm.pbf`.

    Returns
    -------
    raw
        `table`: `osm_id` and `TAGS` as text, "" where a way has no such tag; `told`: `licence`, `credit`, and where
        they apply `twins` (edges of the opposite direction left out), `nodes_missing` (nodes that ways name and the
        file does not hold) and `date`. A way of which fewer than two nodes are known has no shape.

    Raises
    ------
    FileError
        If the file cannot be read as a whole, is too large, declares a document type, or has no way with `highway`.
    """
    path = pathlib.Path(path)
    kind = checked_kind(path)
    reader = {".osm": _read_xml, ".graphml": _read_graphml, ".pbf": read_ways}[kind]
    table, shapes, told = reader(path)
    crs = told.pop("crs", LON_LAT)
    if table.empty:
        raise FileError("osm_no_roads", file=path.name)
    if len(table) > MAX_ROWS:
        raise FileError("ledger_too_many_rows", file=path.name, rows=f"{len(table):,}", limit=f"{MAX_ROWS:,}")
    table.index = pd.RangeIndex(1, len(table) + 1)
    return Raw(
        file=path.name,
        format=FORMATS[kind],
        table=table,
        shapes=shapes,
        crs=crs,
        told={"licence": LICENCE, "credit": CREDIT, **told},
    )


def checked_kind(path: pathlib.Path) -> str:
    """
    Return which kind of OpenStreetMap file this is, by its name; its bytes were looked at as far as needed.

    Raises
    ------
    FileError
        If it is missing, empty, too large, of another kind, or declares a document type (entities that unfold).
    """
    kind = path.suffix.lower()
    if kind not in FORMATS:
        raise FileError("ledger_kind_unknown", file=path.name, kinds=" ".join(FORMATS))
    if not path.is_file():
        raise FileError("ledger_missing", file=str(path))
    size = path.stat().st_size
    if size == 0:
        raise FileError("ledger_empty", file=path.name)
    if size > MAX_BYTES[kind]:
        limit = MAX_BYTES[kind] // MEGABYTE
        raise FileError("osm_too_large", file=path.name, size=size // MEGABYTE, limit=limit)
    if kind != ".pbf":
        root = xml_root(path)
        if root != FORMATS[kind]:
            raise FileError("osm_other_root", file=path.name, root=root[:40], wanted=FORMATS[kind])
    return kind


def xml_root(path: pathlib.Path) -> str:
    """
    Return the name of an XML file's root element without its namespace; nothing behind it is read.

    Raises
    ------
    FileError
        If a document type is declared before it (only there could entities be), or no root element comes within
        the first megabyte.
    """
    found: list[str] = []
    parser = xml.parsers.expat.ParserCreate()

    def refuse(*_: Any) -> None:
        raise FileError("osm_document_type", file=path.name)

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, _: found.append(name.rpartition(":")[2])
    try:
        with path.open("rb") as file:
            for _ in range(HEAD_BYTES // BLOCK_BYTES):
                block = file.read(BLOCK_BYTES)
                if not block or found:
                    break
                parser.Parse(block, False)
    except (xml.parsers.expat.ExpatError, OSError, ValueError) as error:
        if not found:
            raise FileError("ledger_unreadable", file=path.name) from error
    if not found:
        raise FileError("ledger_unreadable", file=path.name)
    return found[0]


@contextlib.contextmanager
def osmnx_settings(**values: Any) -> Iterator[Any]:
    """
    Yield osmnx with some of its settings changed, and put them back afterwards.

    Its settings belong to the whole process: only one thread at a time is let in.
    """
    import osmnx

    with _settings_lock:
        before = {name: getattr(osmnx.settings, name) for name in values}
        try:
            for name, value in values.items():
                setattr(osmnx.settings, name, value)
            yield osmnx
        finally:
            for name, value in before.items():
                setattr(osmnx.settings, name, value)


def way_settings() -> dict[str, Any]:
    """Return the osmnx settings under which a graph holds each way once, with its tags as they are written."""
    return {"all_oneway": True, "useful_tags_way": list(TAGS), "useful_tags_node": [], "use_cache": False}


# -- .osm -----------------------------------------------------------------------------------------------------


def _read_xml(path: pathlib.Path) -> Ways:
    from osmnx._errors import InsufficientResponseError

    if path.stat().st_size > OSMNX_BYTES:
        return read_ways(path)
    with osmnx_settings(**way_settings()) as osmnx:
        try:
            graph = osmnx.graph_from_xml(path, simplify=False, retain_all=True)
        except InsufficientResponseError as error:
            raise FileError("osm_no_roads", file=path.name) from error
        except (
            xml.sax.SAXException,
            xml.etree.ElementTree.ParseError,
            UnicodeError,
            LookupError,
            TypeError,
            AttributeError,
            OSError,
        ) as error:
            raise FileError("ledger_unreadable", file=path.name) from error
        except ValueError:
            # An extract may name nodes that it does not hold; pyosmium lets us keep the rest of such a way.
            return read_ways(path)
    return ways_of(graph)


def ways_of(graph: Any) -> Ways:
    """
    Return the ways of an unsimplified graph that was made under `way_settings`, one row a way.

    Parameters
    ----------
    graph
        networkx.MultiDiGraph of osmnx; edges without `highway` are no roads.
    """
    edges = [(u, v, data) for u, v, data in graph.edges(data=True) if data.get("highway")]
    ids = np.array([data["osmid"] for _, _, data in edges], dtype=np.int64)
    places = {node: (data["x"], data["y"]) for node, data in graph.nodes(data=True)}
    ends = np.array([(places[u], places[v]) for u, v, _ in edges], dtype=np.float64).reshape(-1, 2, 2)
    order = np.argsort(ids, kind="stable")
    ways, first, number = np.unique(ids[order], return_index=True, return_inverse=True)
    segments = shapely.linestrings(ends[order])
    shapes = shapely.line_merge(
        shapely.multilinestrings(segments, indices=number) if len(ways) else segments, directed=True
    )
    rows = [edges[order[i]][2] for i in first]
    table = pd.DataFrame(
        {"osm_id": ways.astype("str"), **{tag: [str(row.get(tag, "")) for row in rows] for tag in TAGS}}
    ).astype("str")
    # osmnx has already turned the ways that are driven against the order of their nodes.
    table["oneway"] = table["oneway"].where(~table["oneway"].isin(AGAINST), "yes")
    return table, shapes, {}


# -- .graphml -------------------------------------------------------------------------------------------------


def _read_graphml(path: pathlib.Path) -> Ways:
    import networkx
    import osmnx

    try:
        graph = osmnx.load_graphml(path, edge_dtypes={"oneway": str, "reversed": str, "osmid": str})
        crs = pyproj.CRS.from_user_input(graph.graph["crs"])
        places = {node: (data["x"], data["y"]) for node, data in graph.nodes(data=True)}
        edges = [(u, v, data) for u, v, data in graph.edges(data=True) if data.get("highway")]
        lines = [
            data["geometry"] if "geometry" in data else shapely.LineString([places[u], places[v]])
            for u, v, data in edges
        ]
        shapes = np.array(lines, dtype=object)
    except xml.etree.ElementTree.ParseError as error:
        raise FileError("ledger_unreadable", file=path.name) from error
    # A graph of another program has other names, other types, nested values: osmnx fails on each in its own way.
    except (
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OverflowError,
        RecursionError,
        MemoryError,
        OSError,
        networkx.NetworkXException,
        shapely.errors.ShapelyError,
        pyproj.exceptions.CRSError,
    ) as error:
        raise FileError("osm_not_osmnx", file=path.name) from error
    table = pd.DataFrame(
        {
            "osm_id": [_joined(data.get("osmid")) for _, _, data in edges],
            **{tag: [_tag(data.get(tag), tag) for _, _, data in edges] for tag in TAGS},
            "is_turned": [_joined(data.get("reversed")) == "True" for _, _, data in edges],
        }
    )
    told = {"crs": crs, "date": str(graph.graph.get("created_date", ""))[:10]}
    return _without_twins(table, shapes, told)


def _tag(value: Any, tag: str) -> str:
    if tag == "oneway":
        return {"True": "yes", "False": "no"}.get(_joined(value), _joined(value))
    if tag == "highway" and isinstance(value, list):
        words = [str(word) for word in value]
        ranks = {name: i for i, name in enumerate(LARGEST_FIRST)}
        return min(words, key=lambda word: (ranks.get(word.removesuffix("_link"), len(ranks)), word))
    return _joined(value)


def _joined(value: Any) -> str:
    """Return a value of a simplified edge as text: several in one order, whatever order they were written in."""
    if isinstance(value, list | tuple | set | frozenset):
        return ";".join(sorted({str(part) for part in value}))
    return "" if value is None else str(value)


def _without_twins(table: pd.DataFrame, shapes: Shapes, told: dict[str, Any]) -> Ways:
    """Leave out the second of the two directions of an edge; opposite one-way roads both stay."""
    is_against = table["oneway"].isin(AGAINST).to_numpy()
    # Graphs with all edges one-way hold the value of the way; osmnx has turned the line already.
    table["oneway"] = table["oneway"].where(~is_against, "yes")
    is_oneway = table["oneway"].isin(["yes", "true", "1"]).to_numpy()
    drawn = shapely.to_wkb(shapes)
    either = shapely.to_wkb(shapely.normalize(shapes))
    table["shape"] = np.where(is_oneway, drawn, either)
    table["drawn"] = drawn
    table = table.sort_values(["osm_id", "is_turned", "drawn"], kind="stable")
    is_twin = table.duplicated(["osm_id", "shape"]).to_numpy()
    kept = table[~is_twin]
    told["twins"] = int(is_twin.sum())
    rows = kept.drop(columns=["is_turned", "shape", "drawn"]).astype("str")
    return rows, shapes[kept.index.to_numpy()], told
