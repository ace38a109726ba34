"""Grades of inspections on the common scale from 1 (sound) to 4 (urgent), by sector and scale."""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane.assets.faults import Faults
from gunmane.assets.numbers import plain_text, read_cells, read_number
from gunmane.assets.readings import Readings
from gunmane.assets.values import Cells, is_unknown
from gunmane.cache import data_folder

# Said of an asset that nobody has graded yet: missing, not a fault.
NOT_GRADED = {"未点検", "点検未実施", "未実施", "未判定", "未診断", "対象外", "判定なし", "点検対象外"}
# Words around a grade that say what it is a grade of, after NFKC. 緊急度Ⅰ on a bridge and 健全度Ⅰ in a sewer belong to
# other scales than the usual ones, where I means the contrary; so each scale has its own word.
COMMON = "判定区分|診断区分|判定|区分|評価|診断|ランク|総合|結果"
OWN_WORDS = {"urgency": "緊急度", "defect_rank": "劣化度|劣化"}
HEALTH = "健全性|健全度"
AFTER = re.compile(r"(判定|評価|ランク|相当|区分)+$")
BREAKS = re.compile(r"[()\[\]「」『』【】:;,/\s]+")


@functools.cache
def load_grades() -> pd.DataFrame:
    """
    Read `data/model_regions/grades.csv`: `sector, scale, grade, condition, source, confidence, note`.

    `condition` is 1 (sound) to 4 (urgent); the first scale of a sector is its usual one.

    Raises
    ------
    ValueError
        If a grade stands twice in one scale.
    """
    table = pd.read_csv(data_folder() / "grades.csv", dtype="str", keep_default_na=False)
    if table.duplicated(["sector", "scale", "grade"]).any():
        msg = "grades.csv repeats a grade of a scale"
        raise ValueError(msg)
    table["condition"] = table["condition"].astype("int8")
    return table


@functools.cache
def scale_of(sector: str, scale: str = "") -> tuple[str, Mapping[str, int]]:
    """Return name and grades (grade -> condition) of a scale: the sector's usual one where it has no such scale."""
    table = load_grades()
    own = table[table["sector"] == sector]
    if own.empty:
        return "", {}
    name = scale if (own["scale"] == scale).any() else str(own["scale"].iloc[0])
    named = own[own["scale"] == name]
    return name, dict(zip(named["grade"], named["condition"].astype(int), strict=True))


def read_grade(text: str, sector: str, scale: str = "") -> int | None:
    """
    Return the condition (1 sound … 4 urgent) that a grade stands for, 0 where nothing was graded, else None.

    Ⅲ, III, ３, 3.0, 判定Ⅲ, Ⅲ判定, 区分Ⅲ, 「Ⅲ」, Ⅲ（早期措置段階） and Ⅲ早期措置段階 are one grade.

    Parameters
    ----------
    text
        Grade as the ledger has it.
    sector, scale
        As in `load_grades`. I is sound on a bridge and most urgent in a sewer.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    if is_unknown(plain) or plain in NOT_GRADED:
        return 0
    name, known = scale_of(sector, scale)
    for whole in (_joined(plain), _bare(plain, name)):
        if whole in known:
            return known[whole]
    parts = [_bare(part, name) for part in BREAKS.split(plain)]
    meant = {known.get(part) or _with_word(part, known) for part in parts} - {None}
    return meant.pop() if len(meant) == 1 else None


def _with_word(text: str, known: Mapping[str, int]) -> int | None:
    """Return the condition of a grade with its word attached (II予防保全段階, III早期措置), None where they differ."""
    for at in range(1, len(text)):
        grade, word = text[:at], text[at:]
        if grade in known and grade.isascii() and not word.isascii():
            meant = known.get(word, known.get(f"{word}段階"))
            if meant is not None:
                return known[grade] if meant == known[grade] else None
    return None


def _joined(text: str) -> str:
    return re.sub(r"[\s「」『』【】()\[\]]", "", text).upper()


def _bare(text: str, scale: str) -> str:
    """Return a grade without the words around it, in capital letters: 判定Ⅲ -> III, 2.0 -> 2."""
    before = re.compile(f"^({OWN_WORDS.get(scale, HEALTH)}|{COMMON})+[:=]?(?=.)")
    bare = AFTER.sub("", before.sub("", _joined(text)))
    bare = re.sub(r"\.0+$", "", bare)
    return re.sub(r"[‐‑–—―−ー](?=\d)", "-", bare)


def take_grades(
    given: Cells, raw: Cells, sectors: pd.Series, scale: str, *, faults: Faults, readings: Readings
) -> tuple[NDArray[np.float64], pd.Series]:
    """
    Return the condition (NaN: not known) and the original grade of each row.

    A number from 1 to 4 in the column of the condition is on the common scale; any other text there is a grade of
    the sector's scale. Where that column tells nothing, the column of original grades does.

    Parameters
    ----------
    given, raw
        Cells of `condition` and of `condition_raw`.
    sectors
        Sector of each row.
    scale
        Scale of the grades, "" for the usual one of each sector.
    faults, readings
        Lists that are added to.
    """
    number = read_cells(given, read_number)
    is_number = ~number.is_fault & (number.values == np.round(number.values)) & (number.values >= 1)
    is_number &= number.values <= 4
    readings.add("condition", given, number.values, np.where(is_number, number.how, ""))
    condition = np.where(is_number, number.values, np.nan)[given.codes]
    is_word = number.is_fault[given.codes]
    # A number that is no condition (5, 2.5) is not read as a grade of another scale.
    is_wrong = (~number.is_fault & ~is_number & np.isfinite(number.values))[given.codes]
    is_graded, unread = _by_sector(given, sectors, scale, is_word, readings, "condition")
    condition = np.where(is_word, is_graded, condition)
    faults.add(faults.usable & (is_wrong | unread), "condition", given, "condition_value")

    is_open = ~np.isfinite(condition) & (raw.codes != len(raw.texts) - 1)
    from_raw, unread_raw = _by_sector(raw, sectors, scale, is_open, readings, "condition_raw")
    condition = np.where(is_open, from_raw, condition)
    faults.add(faults.usable & unread_raw, "condition_raw", raw, "condition_value")
    kept = np.where(is_word & (raw.codes == len(raw.texts) - 1), given.rows(), raw.rows())
    return condition, pd.Series(kept, dtype="str")


def _by_sector(
    cells: Cells, sectors: pd.Series, scale: str, at: NDArray[np.bool_], readings: Readings, column: str
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Condition of the rows `at`, and which of them hold no grade of their sector."""
    condition = np.full(len(at), np.nan)
    is_fault = np.zeros(len(at), dtype=bool)
    if not at.any():
        return condition, is_fault
    for sector in sorted(set(sectors[at])):
        own = at & (sectors == sector).to_numpy(dtype=bool)
        needed = np.unique(cells.codes[own])
        meant = np.full(len(cells.texts), np.nan)
        is_bad = np.zeros(len(cells.texts), dtype=bool)
        for i in needed:
            grade = read_grade(str(cells.texts[i]), str(sector), scale)
            is_bad[i] = grade is None
            meant[i] = grade or np.nan
        condition[own] = meant[cells.codes[own]]
        is_fault[own] = is_bad[cells.codes[own]]
        how = np.where(np.isfinite(meant), "grade", "")
        readings.add(column, cells, np.array([plain_text(v) for v in meant], dtype=object), how, rows=own)
    return condition, is_fault
