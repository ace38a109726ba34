"""A column that says of each row whether its coordinates are of the old Tokyo datum."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyproj
import shapely
from numpy.typing import NDArray

from gunmane.ledgers.headings import bare
from gunmane.ledgers.places import LON_LAT, OLD_DATUM, in_old_datum
from gunmane.ledgers.profiles import Position

HEADING = re.compile(r"(座標の?)?測地系(の?区分|の?種別|名)?|datum", re.IGNORECASE)
OLD = re.compile(rf"{OLD_DATUM.pattern}|^(旧|日本|旧日本|tokyo)$", re.IGNORECASE)
NEW = re.compile(r"世界|jgd|wgs|日本測地系\s*20|測地成果\s*20|^新", re.IGNORECASE)


def datum_column(headings: Sequence[str]) -> str:
    """Return the column that names the datum of each row, or ""."""
    return next((heading for heading in headings if HEADING.fullmatch(bare(str(heading)))), "")


def read_datums(values: pd.Series) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return of each cell whether it names the old datum, and whether it says something that is not understood."""
    codes, distinct = pd.factorize(values, use_na_sentinel=True)
    texts = [unicodedata.normalize("NFKC", str(value)).strip() for value in distinct]
    is_old = np.array([*(bool(OLD.search(text)) for text in texts), False], dtype=bool)
    is_read = np.array([*(not text or bool(NEW.search(text)) for text in texts), True], dtype=bool)
    return is_old[codes], ~(is_old | is_read)[codes]


def in_one_datum(shapes: NDArray[Any], table: pd.DataFrame, place: Position) -> NDArray[Any]:
    """
    Return shapes of coordinates in columns, those of rows that name the old datum moved to the new one.

    Parameters
    ----------
    shapes
        A shape or None a row; not changed.
    table
        The file's own columns.
    place
        How they were read; what a profile says to be in the old datum, or in shapes of the file, stays as it is.
    """
    column = datum_column([str(heading) for heading in table.columns])
    crs = place.crs or LON_LAT
    if not column or not (place.lon or place.x or place.lat_lon) or in_old_datum(crs) == crs:
        return shapes
    at = np.flatnonzero(read_datums(_first(table, column))[0] & ~shapely.is_missing(shapes))
    if not len(at):
        return shapes
    move = pyproj.Transformer.from_crs(in_old_datum(crs), crs, always_xy=True)
    moved = np.array(shapes, dtype=object)
    moved[at] = shapely.transform(moved[at], lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))
    return moved


def _first(table: pd.DataFrame, column: str) -> pd.Series:
    found = table[column]
    return found.iloc[:, 0] if isinstance(found, pd.DataFrame) else found
