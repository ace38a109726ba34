"""Ledgers that come in pieces: a table and its shapes by a common key, spans drawn from manhole to manhole."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import shapely

from gunmane.errors import FileError
from gunmane.ledgers.joins import (
    FOUND_SHARE,
    find_key,
    has_shapes,
    join_by_key,
    left_over,
    listed,
    plain_keys,
    row_faults,
    told_with,
)
from gunmane.ledgers.proposals import propose_profile
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import plain_name

# What the ends of a span are called: real ledgers, and the export of a ledger system (U_MNSEQ, L_MNSEQ).
UP_END = re.compile(
    r"上流側?(人孔|マンホール|点)(番号|キー|コード|id|no\.?)?"
    r"|mh_?up|up_?mh|u_mnseq|up(stream)?_?manhole|manhole_?up|from_?manhole"
)
DOWN_END = re.compile(
    r"下流側?(人孔|マンホール|点)(番号|キー|コード|id|no\.?)?"
    r"|mh_?down|down_?mh|l_mnseq|down(stream)?_?manhole|manhole_?down|to_?manhole"
)
# Columns of an export that names its fields by number, and of the list that says what they are.
NUMBERED_FIELD = re.compile(r"SAFIELD\d{3}$", re.IGNORECASE)
MAPPING_COLUMNS = ("layer_table", "field_id", "title")


def join_files(raws: Sequence[Raw]) -> tuple[Raw, ...]:
    """
    Return the files of one delivery with those put together that belong together.

    A table without shapes takes the shapes of the file that knows at least nine of ten of its keys, or is drawn
    from manhole to manhole. What a file with shapes has beyond that stays a file of its own, so that no row is lost.
    Files that belong to no other come back as they are; the order of the files counts only where two fit equally.

    Parameters
    ----------
    raws
        Files of one delivery, as they were opened.

    Returns
    -------
    raws
        Joined ones stand where their table stood; `told["joined"]` says with which file, by which columns, and how
        many rows found a shape.
    """
    left: list[Raw | None] = list(raws)
    order = sorted(range(len(raws)), key=lambda i: raws[i].file)
    for i in order:
        table = left[i]
        if table is None or not len(table.table) or has_shapes(table) or _has_places(table):
            continue
        found = [
            (j, raw, match) for j in order if (raw := left[j]) is not None and (match := find_key(table, raw))
        ]
        if found:
            j, raw, match = max(found, key=lambda one: one[2].found)
            left[i] = join_by_key(table, raw, match.left, shape_key=match.right)
            left[j] = left_over(table, raw, match)
            continue
        for j in order:
            raw = left[j]
            if raw is not None and has_shapes(raw) and is_manhole_file(table, raw):
                left[i] = join_spans(table, raw)
                left[j] = None
                break
    return tuple(raw for raw in left if raw is not None)


def _has_places(raw: Raw) -> bool:
    """Whether a table has coordinates of its own."""
    place = propose_profile(raw).position
    return bool(place.lon or place.x or place.lat_lon or place.wkt)


def is_manhole_file(spans: Raw, manholes: Raw) -> bool:
    """Return whether a file holds, as points, nearly all manholes that spans name as their ends."""
    up, down = _end_columns(spans)
    return bool(up and down and _manhole_key(spans, manholes, up, down, share=FOUND_SHARE))


def join_spans(spans: Raw, manholes: Raw, *, up: str = "", down: str = "", key: str = "") -> Raw:
    """
    Return spans as lines from their upper to their lower manhole.

    Parameters
    ----------
    spans
        Table with a row a span.
    manholes
        File with a point a manhole.
    up, down, key
        Columns with the upper and lower manhole of a span, and with the manhole's own key; found by name and
        content where "".

    Returns
    -------
    raw
        Every span in its order. A span has no shape, and is named in `told["faults"]`, where a manhole is not known
        (`manhole_unknown`), stands in two places (`manhole_ambiguous`), or is both ends (`span_without_length`).

    Raises
    ------
    FileError
        If the columns cannot be found or are missing.
    """
    found = _end_columns(spans)
    up, down = up or found[0], down or found[1]
    for name in (up, down):
        if name not in spans.table.columns:
            raise FileError(
                "join_no_key", file=spans.file, column=name or "上流人孔番号", columns=listed(spans)
            )
    key = key or _manhole_key(spans, manholes, up, down, share=0)
    if key not in manholes.table.columns:
        raise FileError("join_no_key", file=manholes.file, column=key or "人孔番号", columns=listed(manholes))
    points = _points(manholes, key)
    ends = [plain_keys(spans.table[name]) for name in (up, down)]
    ambiguous = points.index[points["count"] > 1]
    sure = points.drop(index=ambiguous)
    place = [sure.reindex(pd.Index(end)).to_numpy(dtype="float64") for end in ends]
    faults: list[dict[str, Any]] = []
    for name, end, where in zip((up, down), ends, place, strict=True):
        is_double = end.isin(set(ambiguous)).to_numpy()
        is_unknown = ~np.isfinite(where[:, 0]) & ~is_double
        faults += row_faults(spans.table[name], is_unknown, "manhole_unknown")
        faults += row_faults(spans.table[name], is_double, "manhole_ambiguous")
    is_known = np.isfinite(place[0][:, 0]) & np.isfinite(place[1][:, 0])
    is_short = is_known & (place[0][:, :2] == place[1][:, :2]).all(axis=1)
    faults += row_faults(spans.table[down], is_short, "span_without_length")
    is_drawn = is_known & ~is_short
    lines = np.full(len(spans.table), None, dtype=object)
    pairs = np.stack([place[0][is_drawn, :2], place[1][is_drawn, :2]], axis=1)
    lines[is_drawn] = shapely.linestrings(pairs) if len(pairs) else []
    told = {
        "file": manholes.file,
        "by": [up, down, key],
        "found": int(is_drawn.sum()),
        "rows": len(lines),
        "manholes": len(manholes.table),
    }
    return dataclasses.replace(spans, shapes=lines, crs=manholes.crs, told=told_with(spans, told, faults))


def rename_by_mapping(raw: Raw, mapping: pd.DataFrame, *, layer: str = "") -> Raw:
    """
    Return an export that names its fields by number (SAFIELD000 …) under the titles that its list of fields gives.

    Parameters
    ----------
    raw
        The export.
    mapping
        List of fields with the columns `layer_table`, `field_id` and `title`, and perhaps `group` and `layer_no`.
    layer
        Part of `layer_table`, `layer_no` or `group` ("管渠"); "" asks the names of the file and its layer, then takes
        the one layer that has exactly the fields of the export.

    Raises
    ------
    FileError
        If the list lacks a column, or several layers fit that name the fields differently.
    """
    missing = [name for name in MAPPING_COLUMNS if name not in mapping.columns]
    if missing:
        raise FileError("mapping_columns", file=raw.file, missing=", ".join(missing))
    fields = [str(name) for name in raw.table.columns if NUMBERED_FIELD.match(str(name))]
    if not fields:
        return raw
    told = layer or f"{raw.file} {raw.told.get('layer', '')} {raw.told.get('sheet', '')}"
    titles = {t for t in _titles(mapping, fields, told, is_asked=bool(layer)) if t}
    if len(titles) != 1:
        found = ", ".join(sorted({str(v) for v in mapping["layer_table"].dropna()}))[:200]
        raise FileError("mapping_layer", file=raw.file, fields=len(fields), layers=found or "-")
    names = dict(titles.pop())
    taken = {str(name) for name in raw.table.columns} - set(fields)
    names = {field: title for field, title in names.items() if title not in taken}
    told_now = {**raw.told, "renamed": dict(sorted(names.items()))}
    return dataclasses.replace(raw, table=raw.table.rename(columns=names), told=told_now)


def _titles(
    mapping: pd.DataFrame, fields: Sequence[str], told: str, *, is_asked: bool
) -> list[tuple[tuple[str, str], ...]]:
    """Field -> title of every layer that names all fields and fits what was told; of all layers where none does."""
    columns = [name for name in ("group", "layer_no", "layer_table") if name in mapping.columns]
    layers: list[tuple[bool, bool, tuple[tuple[str, str], ...]]] = []
    for names, part in mapping.astype(dict.fromkeys(columns, "str")).groupby(
        columns, sort=True, dropna=False
    ):
        known = {
            str(field).upper(): str(title).strip()
            for field, title in zip(part["field_id"], part["title"], strict=True)
            if pd.notna(title) and str(title).strip()
        }
        numbered = [field for field in known if NUMBERED_FIELD.match(field)]
        if not all(field.upper() in known for field in fields):
            continue
        words = [
            plain_name(word)
            for name in names
            for word in (name, str(name).rpartition("_")[2])
            if name != "nan"
        ]
        fits = (
            any(plain_name(told) in word for word in words)
            if is_asked
            else any(word and word in plain_name(told) for word in words)
        )
        chosen = tuple((field, known[field.upper()]) for field in fields)
        layers.append((fits, len(numbered) == len(fields), chosen))
    for test in (
        (lambda one: one[0] and one[1]),
        (lambda one: one[0]),
        (lambda one: one[1] and not is_asked),
    ):
        if hit := [one[2] for one in layers if test(one)]:
            return hit
    return []


def _end_columns(spans: Raw) -> tuple[str, str]:
    def first(end: re.Pattern[str]) -> str:
        return next((str(name) for name in spans.table.columns if end.fullmatch(plain_name(name))), "")

    return first(UP_END), first(DOWN_END)


def _manhole_key(spans: Raw, manholes: Raw, up: str, down: str, *, share: float) -> str:
    """The column of a file with points that knows most ends of the spans, this share at least, or ""."""
    if not has_shapes(manholes):
        return ""
    kinds = shapely.get_type_id(np.asarray(manholes.shapes, dtype=object))
    if not np.isin(kinds[kinds >= 0], (shapely.GeometryType.POINT, shapely.GeometryType.MULTIPOINT)).all():
        return ""
    ends = pd.concat([plain_keys(spans.table[up]), plain_keys(spans.table[down])])
    ends = ends[ends != ""]
    best = (0, "")
    for name in manholes.table.columns:
        found = int(ends.isin(set(plain_keys(manholes.table[name])) - {""}).sum())
        if found > best[0]:
            best = (found, str(name))
    return best[1] if best[0] and best[0] >= share * len(ends) else ""


def _points(manholes: Raw, key: str) -> pd.DataFrame:
    """x, y and number of places of each manhole key."""
    shapes = np.asarray(manholes.shapes, dtype=object)
    middle = shapely.centroid(shapes)
    places = pd.DataFrame(
        {
            "key": plain_keys(manholes.table[key]).to_numpy(),
            "x": shapely.get_x(middle),
            "y": shapely.get_y(middle),
        }
    )
    places = places[(places["key"] != "") & np.isfinite(places["x"])].drop_duplicates()
    grouped = places.groupby("key", sort=True)
    return grouped.agg(x=("x", "first"), y=("y", "first"), count=("x", "size"))
