"""Two files of one ledger put together by the key that both have: the table of one, the shapes of the other."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gunmane.errors import FileError
from gunmane.ledgers.raw import Raw
from gunmane.ledgers.recognition import plain_name

# Of the keys of a table so many must be found before two files count as one ledger.
FOUND_SHARE = 0.9
# Keys under different names count only where a chance match is out of the question.
DISTINCT_KEYS = 10
KEY_LIKE = re.compile(r"(番号|キー|コード|key|code|no|num|id|seq)[._]?$", re.IGNORECASE)
WHOLE = r"-?\d+"
# A whole number with the zeros before it, and the .0 behind it that a spreadsheet adds.
WHOLE_NUMBER = r"^0*(\d+?)(?:\.0)?$"
# Names that ledgers of anything give to a plain count of their rows.
COUNT_NAMES = frozenset(
    ("id", "no", "no.", "num", "key", "gid", "fid", "oid", "objectid", "ogc_fid", "キー", "番号", "連番")
) | frozenset(("通し番号", "整理番号", "管理番号", "台帳番号", "施設番号", "施設id"))


@dataclasses.dataclass(frozen=True)
class Match:
    """
    A key that two files share.

    Parameters
    ----------
    left, right
        Column of the table, and of the file with shapes.
    found
        Rows of the table whose key has a shape.
    """

    left: str
    right: str
    found: int


def has_shapes(raw: Raw) -> bool:
    """Return whether any row of a file has a shape."""
    return raw.shapes is not None and bool((~shapely.is_missing(np.asarray(raw.shapes, dtype=object))).any())


def find_key(table: Raw, shapes: Raw) -> Match | None:
    """
    Return the columns by which rows of a table find their shape, or None where the two files do not belong together.

    Nearly all keys must stand once on each side. Columns of the same name go first; where that is a common one (No,
    ID, 管理番号) and its values just count rows, another column must agree too. Columns of different names must be
    called a number, key or id, hold ten keys or more, and not just count the rows.

    Parameters
    ----------
    table
        File without shapes.
    shapes
        File with shapes.
    """
    if not has_shapes(shapes):
        return None
    names = {plain_name(name) for name in table.table.columns}
    right = {
        str(n): plain_keys(v) for n, v in shapes.table.items() if plain_name(n) in names or _is_key_name(n)
    }
    right = {name: keys for name, keys in right.items() if _is_key(keys)}
    others = {plain_name(name) for name in right}
    best: tuple[int, int, Match] | None = None
    for name in table.table.columns:
        if plain_name(name) not in others and not _is_key_name(name):
            continue
        keys = plain_keys(table.table[name])
        if not _is_key(keys):
            continue
        for other, known in right.items():
            is_same = plain_name(name) == plain_name(other)
            if not is_same and not (_is_telling(str(name), keys) and _is_telling(other, known)):
                continue
            if (
                is_same
                and _may_be_chance(str(name), keys, known)
                and not _agree(table, shapes, str(name), other)
            ):
                continue
            found = int(keys.isin(known).sum())
            if found and found >= FOUND_SHARE * len(keys) and (best is None or (is_same, found) > best[:2]):
                best = (is_same, found, Match(str(name), other, found))
    return best[2] if best else None


def join_by_key(rows: Raw, shapes: Raw, key: str, *, shape_key: str = "") -> Raw:
    """
    Return a table with the shapes, and the further columns, of another file.

    A cell that is empty in the table takes the other file's value where both have the column; else the table's counts.

    Parameters
    ----------
    rows
        Table without shapes.
    shapes
        File with shapes.
    key, shape_key
        Column of the table and of the file with shapes; the same name where the second is "".

    Returns
    -------
    raw
        Every row of the table in its order; a row whose key is not known (`shape_key_unknown`) or stands for several
        shapes (`shape_key_ambiguous`) has no shape and is named in `told["faults"]`. `told["joined"]`: `file, by,
        found, rows, unused`, and by column how many cells were `filled` and how many are `differing`.

    Raises
    ------
    FileError
        If a column is missing.
    """
    shape_key = shape_key or key
    for raw, name in ((rows, key), (shapes, shape_key)):
        if name not in raw.table.columns:
            raise FileError("join_no_key", file=raw.file, column=name, columns=listed(raw))
    at, is_ambiguous = _found(rows, shapes, key, shape_key)
    table, gaps, differing = _with_columns(rows, shapes, at, skip=shape_key)
    given = np.asarray(shapes.shapes, dtype=object)
    joined = given.take(np.maximum(at, 0))
    joined[at < 0] = None
    told = {
        "file": shapes.file,
        "by": [key, shape_key],
        "found": int((at >= 0).sum()),
        "rows": len(at),
        "unused": len(shapes.table) - len(np.unique(at[at >= 0])),
        "filled": gaps,
        "differing": differing,
    }
    faults = row_faults(rows.table[key], (at < 0) & ~is_ambiguous, "shape_key_unknown")
    faults += row_faults(rows.table[key], is_ambiguous, "shape_key_ambiguous")
    return dataclasses.replace(
        rows, table=table, shapes=joined, crs=shapes.crs, told=told_with(rows, told, faults)
    )


def _found(rows: Raw, shapes: Raw, key: str, shape_key: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Position of each row's shape, -1 where it has none, and whether its key stands for several different shapes."""
    keys, known = plain_keys(rows.table[key]), plain_keys(shapes.table[shape_key])
    given = np.asarray(shapes.shapes, dtype=object)
    is_usable = (known != "").to_numpy() & ~shapely.is_missing(given)
    places = pd.DataFrame(
        {"key": known.to_numpy(), "at": np.arange(len(known)), "shape": shapely.to_wkb(given)}
    )
    places = places[is_usable]
    kinds = places.groupby("key")["shape"].nunique()
    ambiguous = keys.isin(set(kinds.index[kinds > 1])).to_numpy()
    first = places.drop_duplicates("key").set_index("key")["at"]
    at = first.reindex(pd.Index(keys)).fillna(-1).to_numpy(dtype="int64")
    return np.where(ambiguous, -1, at), ambiguous


def plain_keys(values: pd.Series) -> pd.Series:
    """Return keys as they are compared: full-width, case, blanks, a spreadsheet's .0 and leading zeros do not count."""
    import pyarrow
    import pyarrow.compute as arrow

    given = pyarrow.array(values.astype("str").fillna(""), type=pyarrow.large_string(), from_pandas=True)
    is_wide = np.flatnonzero(~arrow.string_is_ascii(given).to_numpy(zero_copy_only=False))
    text = given.to_numpy(zero_copy_only=False)
    if len(is_wide):
        text = text.copy()
        text[is_wide] = [plain_name(value) for value in text[is_wide]]
    plain = arrow.utf8_lower(pyarrow.array(text, type=pyarrow.large_string()))
    plain = arrow.replace_substring_regex(plain, r"\s+", "")
    plain = arrow.replace_substring_regex(plain, WHOLE_NUMBER, r"\1")
    return pd.Series(plain.to_numpy(zero_copy_only=False), index=values.index, dtype=object)


def row_faults(values: pd.Series, mask: NDArray[Any], rule: str) -> list[dict[str, Any]]:
    """Return rows at fault as `schema.REJECTS` has them, without the file."""
    part = values[np.asarray(mask, dtype=bool)]
    return [
        {"row": row, "column": str(values.name), "value": "" if pd.isna(value) else str(value), "rule": rule}
        for row, value in zip(part.index, part, strict=True)
    ]


def told_with(raw: Raw, joined: Mapping[str, Any], faults: list[dict[str, Any]]) -> dict[str, Any]:
    """Return what is told of a file with what was joined to it and the rows at fault."""
    told = {**raw.told, "joined": dict(joined)}
    if faults:
        told["faults"] = [*raw.told.get("faults", []), *faults]
    return told


def listed(raw: Raw) -> str:
    """Return the names of a file's columns for a sentence."""
    return ", ".join(str(name) for name in raw.table.columns)[:200] or "-"


def left_over(table: Raw, shapes: Raw, match: Match) -> Raw | None:
    """Return rows of a file with shapes that no row of the table took, as a file of their own; None where all were."""
    at = _found(table, shapes, match.left, match.right)[0]
    is_left = np.ones(len(shapes.table), dtype=bool)
    is_left[at[at >= 0]] = False
    if not is_left.any():
        return None
    told = {**shapes.told, "joined_elsewhere": int((~is_left).sum())}
    rest = np.asarray(shapes.shapes, dtype=object)[is_left]
    return dataclasses.replace(shapes, table=shapes.table[is_left], shapes=rest, told=told)


def is_key(name: object) -> bool:
    """Return whether a column's name says that it is a key of its own kind, not a plain count of the rows."""
    return _is_key_name(name) and plain_name(str(name)) not in COUNT_NAMES


def _is_key(keys: pd.Series) -> bool:
    filled = keys[keys != ""]
    return len(filled) > 0 and filled.nunique() >= FOUND_SHARE * len(filled)


def _is_telling(name: str, keys: pd.Series) -> bool:
    """Whether equal keys can be no chance: many, under a name for keys, and no plain count of the rows."""
    return _is_key_name(name) and not _is_count(keys)


def _is_key_name(name: object) -> bool:
    return bool(KEY_LIKE.search(plain_name(str(name))))


def _is_count(keys: pd.Series) -> bool:
    """Whether keys are few, or whole numbers without gaps, as any list may have them."""
    filled = keys[keys != ""]
    if len(filled) < DISTINCT_KEYS:
        return True
    if not filled.str.fullmatch(WHOLE).all():
        return False
    numbers = filled.astype("float64")
    return bool(numbers.max() - numbers.min() < len(filled))


def _may_be_chance(name: str, keys: pd.Series, known: pd.Series) -> bool:
    return plain_name(name) in COUNT_NAMES and (_is_count(keys) or _is_count(known))


def _agree(table: Raw, shapes: Raw, key: str, shape_key: str) -> bool:
    """Whether a further column of both files holds the same in nearly all rows that the key puts together."""
    at = pd.Index(plain_keys(shapes.table[shape_key])).get_indexer(pd.Index(plain_keys(table.table[key])))
    rows, others = np.flatnonzero(at >= 0), at[at >= 0]
    names = {plain_name(name): name for name in shapes.table.columns if name != shape_key}
    for name in table.table.columns:
        other = names.get(plain_name(name))
        if name == key or other is None or plain_name(name) in COUNT_NAMES:
            continue
        left = plain_keys(table.table[name]).to_numpy()[rows]
        right = plain_keys(shapes.table[other]).to_numpy()[others]
        filled = (left != "") & (right != "")
        if len(set(left[filled])) >= 2 and (left == right)[filled].mean() >= FOUND_SHARE:
            return True
    return False


def _with_columns(
    rows: Raw, shapes: Raw, at: NDArray[Any], *, skip: str
) -> tuple[pd.DataFrame, dict[str, int], dict[str, int]]:
    """The table with the other file's columns, and by column how many empty cells were filled and how many differ."""
    table = rows.table.copy()
    filled: dict[str, int] = {}
    differing: dict[str, int] = {}
    own = {plain_name(name): name for name in reversed(list(table.columns))}
    is_found = at >= 0
    for name in shapes.table.columns:
        if name == skip:
            continue
        given = shapes.table[name].take(np.maximum(at, 0))
        given = given.set_axis(table.index).where(pd.Series(is_found, index=table.index))
        same = own.get(plain_name(name))
        if same is None:
            table[name] = given
            continue
        left, right = plain_keys(table[same]), plain_keys(given)
        is_other = ((left != right) & (left != "") & (right != "")).to_numpy()
        is_gap = ((left == "") & (right != "")).to_numpy()
        if is_other.any():
            differing[str(same)] = int(is_other.sum())
        if is_gap.any():
            mixed = table[same].astype(object)
            mixed[is_gap] = given[is_gap]
            table[same] = mixed.infer_objects()
            filled[str(same)] = int(is_gap.sum())
    return table, filled, differing
