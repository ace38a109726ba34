"""Rows without coordinates: at the point of the settlement in their address, or why not; sums and footnotes."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
from numpy.typing import NDArray

from gunmane.ledgers.addresses import match_addresses, near_names
from gunmane.municipalities import Region

# The first word of a row that sums up others, and of a footnote; texts after NFKC without blanks.
SUM = re.compile(r"^(総|合|小|累|中|通|総合)?計($|[\d(:].*)|^(grand|sub)?total($|[^a-z].*)", re.IGNORECASE)
FOOTNOTE = re.compile(r"^([※*]|注(\d|[):.]|$)|[(【\[]注|備考[:)]|(出典|資料)[:)]|notes?[:.)])", re.IGNORECASE)
BLANKS = re.compile(r"\s+")


@dataclasses.dataclass(frozen=True, eq=False)
class Addressed:
    """
    What the addresses of rows without coordinates gave.

    Parameters
    ----------
    rows
        Positions in the table of the rows without coordinates.
    towns
        Position in `region.towns` of each, -1 where there is none.
    texts
        Address of each, "" where it has none.
    is_open
        Whether several towns fit.
    near
        Names of towns that may be meant where none was found.
    """

    rows: NDArray[np.int64]
    towns: NDArray[np.int64]
    texts: NDArray[Any]
    is_open: NDArray[np.bool_]
    near: NDArray[Any]

    @property
    def is_unmatched(self) -> NDArray[np.bool_]:
        """Rows whose address fits no town."""
        return np.asarray((self.towns < 0) & (self.texts != "") & ~self.is_open)


def nothing_addressed(rows: NDArray[np.int64]) -> Addressed:
    """Return rows without an address."""
    count = len(rows)
    blank = np.full(count, "", dtype=object)
    return Addressed(rows, np.full(count, -1), blank, np.zeros(count, dtype=bool), blank)


def find_addressed(
    parts: list[pd.Series], muni_codes: pd.Series, rows: NDArray[np.int64], region: Region | None
) -> Addressed:
    """
    Return the towns of rows without coordinates.

    Parameters
    ----------
    parts
        Columns of these rows that make up the address, trimmed.
    muni_codes
        Code or name of the municipality where a row has one, same index.
    rows
        Their positions in the table.
    region
        Region whose towns are looked up; without it none is found.
    """
    filled = [part.fillna("").astype("str") for part in parts]
    text = filled[0]
    for part in filled[1:]:
        # 町名 beside a whole 所在地 that already has it says nothing more.
        text = text.where([p in t for p, t in zip(part, text, strict=True)], text + part)
    texts = text.to_numpy(dtype=object)
    if region is None:
        return dataclasses.replace(nothing_addressed(rows), texts=texts)
    towns, is_open = match_addresses(text, muni_codes, region)
    near = np.full(len(rows), "", dtype=object)
    is_asked = (towns < 0) & (texts != "")
    if is_asked.any():
        near[is_asked] = near_names(text[is_asked], muni_codes[is_asked], region)
    return Addressed(rows, towns, texts, is_open, near)


def with_towns(
    shapes: NDArray[Any], crs: pyproj.CRS | None, found: Addressed, region: Region
) -> tuple[NDArray[Any], pyproj.CRS]:
    """Return shapes with the points of the towns that were found, and their system."""
    towns: gpd.GeoSeries = region.towns.geometry
    system = pyproj.CRS.from_user_input(region.epsg) if crs is None else crs
    places = (towns if crs is None else towns.to_crs(crs)).to_numpy()
    filled = shapes.copy()
    filled[found.rows[found.towns >= 0]] = places[found.towns[found.towns >= 0]]
    return filled, system


def told_addresses(found: Addressed, count: int) -> dict[str, NDArray[Any]]:
    """
    Return the columns that say why a row has no place in spite of its address; none where all were found.

    Parameters
    ----------
    found
        What addresses gave.
    count
        Rows of the table.

    Returns
    -------
    columns
        `address_fault` ("address_unmatched", "address_ambiguous" or "") and `address` (the text, and the names that it
        may mean behind "≈").
    """
    is_at_fault = found.is_unmatched | found.is_open
    if not is_at_fault.any():
        return {}
    fault, shown = np.full(count, "", dtype=object), np.full(count, "", dtype=object)
    at = found.rows[is_at_fault]
    fault[at] = np.where(found.is_open[is_at_fault], "address_ambiguous", "address_unmatched")
    pairs = zip(found.texts[is_at_fault], found.near[is_at_fault], strict=True)
    shown[at] = [f"{text} ≈ {near}" if near else text for text, near in pairs]
    return {"address_fault": fault, "address": shown}


def summary_texts(table: pd.DataFrame, ours: pd.DataFrame, found: Addressed) -> NDArray[Any] | None:
    """
    Return what rows say that sum up others or are footnotes, "" for all others; None where there are none.

    Such a row has neither coordinates nor an address nor an id, and says 合計, 小計, 計 … in its first filled cell or
    for a name, or begins with ※ or 注.

    Parameters
    ----------
    table
        The file's own columns.
    ours
        The same rows under our columns.
    found
        Rows without coordinates, and their addresses.
    """
    rows = found.rows[found.towns < 0]
    if not len(rows):
        return None
    cells = table.iloc[rows]
    first = pd.Series(np.nan, index=cells.index, dtype=object)
    for at in range(cells.shape[1]):
        if not first.isna().any():
            break
        column = cells.iloc[:, at]
        first = first.where(first.notna(), column.astype(object).where(column.notna()))
    labels = first.fillna("").astype("str").str.strip()
    names = _texts(ours, "name", rows)
    names = pd.Series(names, index=labels.index)
    label = labels.where(labels.map(_is_remark), names.where(names.map(_is_remark), "")).to_numpy(
        dtype=object
    )
    is_bare = label != ""
    for texts in (_texts(ours, "asset_id", rows), names.to_numpy(), found.texts[found.towns < 0]):
        is_bare &= (texts == "") | (texts == label)
    if not is_bare.any():
        return None
    told = np.full(len(table), "", dtype=object)
    told[rows[is_bare]] = label[is_bare]
    return told


def _texts(ours: pd.DataFrame, name: str, rows: NDArray[np.int64]) -> NDArray[Any]:
    if name not in ours.columns:
        return np.full(len(rows), "", dtype=object)
    values = ours[name].iloc[rows]
    text = values.astype(object).where(values.notna(), "").astype("str").str.strip()
    return np.asarray(text.to_numpy(dtype=object))


def _is_remark(text: str) -> bool:
    plain = BLANKS.sub("", unicodedata.normalize("NFKC", text))
    return bool(SUM.match(plain) or FOOTNOTE.match(plain))
