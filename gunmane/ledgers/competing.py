"""Columns that mean the same: which one is taken, which are not, and what is told of it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pandas as pd

from gunmane.ledgers.cells import MARKS, without_dashes
from gunmane.ledgers.headings import (
    LAST_LEVEL,
    UNIT_FACTORS,
    UNIT_WORDS,
    fit_of,
    plain,
    unit_of,
    unknown_unit,
    vocabulary,
)
from gunmane.ledgers.members import is_part
from gunmane.ledgers.rounds import DATED, FIRST, LATEST, NUMBERED, Round, newest_year, part_round
from gunmane.ledgers.scales import BARE_GRADES, grade_under, grade_words, is_graded, letters, settle_scale
from gunmane.ledgers.title_units import units_above
from gunmane.scenario import Note

Columns = dict[str, tuple[str, ...]]
GRADE, DATE = "condition_raw", "inspected_year"
# Columns whose numbers or grades change what is planned: others of one meaning are named in a note.
TOLD = (
    GRADE,
    DATE,
    "built_year",
    "length_m",
    "width_m",
    "area_m2",
    "diameter_mm",
    "annual_cost_jpy",
)
SIZES = ("length_m", "width_m", "area_m2", "diameter_mm", "annual_cost_jpy")
LONGEST = 300
# Sectors of which Ⅰ to Ⅳ alone are grades from sound to urgent; those of a sewer may run either way.
SOUND_FIRST = ("bridge", "tunnel", "road")


@dataclasses.dataclass
class Settled:
    """
    Columns of ours and what else their choice says.

    Parameters
    ----------
    columns
        Our column -> the file's.
    units
        Our column -> the file's column that holds the unit of each row.
    factors
        Our column -> what its numbers are multiplied by, as the unit above the table says.
    constants
        Our column -> the value of every row.
    grade_scale
        Scale of the grades, "" for the usual one.
    notes
        What the reader must know.
    """

    columns: Columns
    units: dict[str, str] = dataclasses.field(default_factory=dict)
    factors: dict[str, float] = dataclasses.field(default_factory=dict)
    constants: dict[str, str] = dataclasses.field(default_factory=dict)
    grade_scale: str = ""
    notes: list[Note] = dataclasses.field(default_factory=list)


def settle_columns(
    columns: Mapping[str, tuple[str, ...]],
    table: pd.DataFrame,
    sector: str,
    *,
    file: str,
    taken: Iterable[str] = (),
    title: str = "",
) -> Settled:
    """
    Return the columns after those that compete are settled: rounds, grades of parts, marks, scales and units.

    Parameters
    ----------
    columns
        Our column -> the file's, as the headings alone say.
    table
        All rows of the file.
    sector
        Sector of the ledger, "" where each row has its own.
    file
        Name of the file, for the notes.
    taken
        The file's columns that say where a row is.
    title
        What stands above the headings.
    """
    settled = Settled(dict(columns))
    used = {name for ours, names in columns.items() if ours not in (GRADE, DATE) for name in names}
    free = [str(name) for name in dict.fromkeys(table.columns) if str(name) not in used | set(taken)]
    if settled.columns.get(GRADE, ("",))[0] != GRADE:
        _whole_grade(settled, table, free, sector, file)
        if not _marked(settled, table, free, sector, file):
            _newest(settled, table, free, sector, file)
        _known_scale(settled, table, sector, file)
    _units(settled, table, free, file)
    _units_above(settled, title, file)
    rest = [name for name in free if name not in settled.units.values()]
    _tell_rivals(settled, rest, sector, file)
    return settled


def _quoted(names: Iterable[str]) -> str:
    return "".join(f"「{name}」" for name in names)[:LONGEST]


def _grades_among(free: Sequence[str], sector: str) -> list[str]:
    return [name for name in free if fit_of(name, GRADE, sector) is not None]


def _whole_grade(settled: Settled, table: pd.DataFrame, free: Sequence[str], sector: str, file: str) -> None:
    """Take the grade of the whole asset instead of a part's; none where there are only those of parts."""
    chosen = settled.columns.get(GRADE, ())
    headings = tuple(map(str, table.columns))
    if not chosen or not is_part(chosen[0], headings):
        return
    others = [name for name in _grades_among(free, sector) if not is_part(name, headings)]
    others.sort(key=lambda name: not any(word in plain(name) for word in vocabulary().whole))
    others = [name for name in others if fit_of(name, DATE, sector) is None]
    if others:
        settled.columns[GRADE] = (others[0],)
        return
    del settled.columns[GRADE]
    parts = [name for name in _grades_among(free, sector) if is_part(name, headings)]
    settled.notes.append(Note.of("profile_grades_of_parts", file=file, columns=_quoted(parts)))


def _marked(settled: Settled, table: pd.DataFrame, free: Sequence[str], sector: str, file: str) -> bool:
    """Take the columns under one heading each of which is a grade (Ⅰ … Ⅳ) with a mark in its rows."""
    names = _grades_among(free, sector)
    if GRADE not in settled.columns and sector in SOUND_FIRST:
        names += [name for name in free if letters(name) in BARE_GRADES]
    found = [name for name in names if grade_under(name) and _has_no_words(table, name)]
    is_one_each = len({grade_under(name) for name in found}) == len(found) > 1
    if not is_one_each or not any(_has_only_marks(table, name) for name in found):
        return False
    settled.columns[GRADE] = tuple(found)
    settled.notes.append(Note.of("profile_grades_marked", file=file, columns=_quoted(found)))
    return True


def _has_no_words(table: pd.DataFrame, name: str) -> bool:
    return _cells_of(table, name).isna().all() or _has_only_marks(table, name)


def _has_only_marks(table: pd.DataFrame, name: str) -> bool:
    words = grade_words(_cells_of(table, name))
    return bool(words) and all(word in MARKS for word in words)


def _cells_of(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column; － in a cell means that it says nothing."""
    return without_dashes(column_of(table, name).astype("str"))


def column_of(table: pd.DataFrame, name: str) -> pd.Series:
    """Return a column; the first of several that bear one name."""
    found = table[name]
    return found.iloc[:, 0] if isinstance(found, pd.DataFrame) else found


def _newest(settled: Settled, table: pd.DataFrame, free: Sequence[str], sector: str, file: str) -> None:
    """Put the newest round of grades first and take the date that goes with it."""
    dates = _rounds(free, DATE, table, sector)
    grades = {name: at for name, at in _rounds(free, GRADE, table, sector).items() if name not in dates}
    grades, dates = _with_firsts(grades, dates, free, table)
    chosen = settled.columns.get(GRADE, ("",))[0]
    if chosen in grades or (not chosen and grades):
        order = _newest_first(grades, dates, table)
        settled.columns[GRADE] = tuple(order)
        _dates_of(settled, order, grades, dates, table)
    elif DATE in settled.columns and settled.columns[DATE][0] in dates:
        order = _newest_first(dates, dates, table)
        settled.columns[DATE] = tuple(order)
    else:
        return
    if len(order) > 1:
        told = {"first": order[0], "others": _quoted(order[1:])}
        settled.notes.append(Note.of("profile_newest_round", file=file, **told))


def _rounds(free: Sequence[str], ours: str, table: pd.DataFrame, sector: str) -> dict[str, Round]:
    """Return the headings that name a round of grades or dates, and which."""
    found: dict[str, Round] = {}
    headings = tuple(map(str, table.columns))
    for name in free:
        named, rest = part_round(name)
        if named is None or is_part(name, headings):
            continue
        # A heading that is only a year (2024) says what is below it by its cells alone.
        if plain(rest):
            is_meant = fit_of(rest, ours, sector) is not None
        else:
            is_meant = ours == GRADE and is_graded(column_of(table, name), sector)
        if is_meant:
            found[name] = named
    return found


def _with_firsts(
    grades: dict[str, Round], dates: dict[str, Round], free: Sequence[str], table: pd.DataFrame
) -> tuple[dict[str, Round], dict[str, Round]]:
    """Count 点検年度, 判定 beside 点検年度 (2), 判定 (2) as the first, where the years of all are told."""
    all_grades, all_dates = grades | _firsts(grades, free), dates | _firsts(dates, free)
    years = {at: newest_year(column_of(table, name)) for name, at in all_dates.items() if at.kind == NUMBERED}
    is_told = all(np.isfinite(years.get(at, np.nan)) for at in all_grades.values())
    return (all_grades, all_dates) if is_told and len(all_grades) > len(grades) else (grades, dates)


def _firsts(found: Mapping[str, Round], free: Sequence[str]) -> dict[str, Round]:
    """Return the headings without a number of which there are others with one from 2 on."""
    numbers: dict[str, set[int]] = {}
    for name, at in found.items():
        if at.kind == NUMBERED:
            numbers.setdefault(plain(part_round(name)[1]), set()).add(at.number)
    return {name: FIRST for name in free if 1 not in numbers.get(plain(name), {1})}


def _newest_first(
    headings: Mapping[str, Round], dates: Mapping[str, Round], table: pd.DataFrame
) -> list[str]:
    """Order headings; bare numbers (点検年度1, 点検年度2) by the years in their columns or beside them."""
    years = {at: newest_year(column_of(table, name)) for name, at in dates.items() if at.kind == NUMBERED}

    def key(name: str) -> tuple[int, float, int]:
        at = headings[name]
        year = years.get(at, np.nan)
        return (at.kind, year if np.isfinite(year) else 0.0, at.number)

    return sorted(headings, key=key, reverse=True)


def _dates_of(
    settled: Settled,
    order: Sequence[str],
    grades: Mapping[str, Round],
    dates: Mapping[str, Round],
    table: pd.DataFrame,
) -> None:
    """Take the dates of the same rounds; a year in the heading only where no older grade fills a gap."""
    by_round = {at: name for name, at in reversed(list(dates.items()))}
    paired = [by_round[grades[name]] for name in order if grades[name] in by_round]
    given = settled.columns.get(DATE, ("",))[0]
    if len(paired) == len(order):
        settled.columns[DATE] = tuple(paired)
    elif given and dates.get(given, Round(LATEST, 0)).kind == LATEST:
        return
    else:
        settled.columns.pop(DATE, None)
        newest = grades[order[0]]
        is_whole = bool(_cells_of(table, order[0]).notna().all())
        if newest.kind == DATED and (is_whole or len(order) == 1):
            settled.constants[DATE] = str(newest.number)


def _known_scale(settled: Settled, table: pd.DataFrame, sector: str, file: str) -> None:
    """Find the scale of the grades; a column on a scale that is not known is not read, and told."""
    names = settled.columns.get(GRADE, ())
    if not names or not sector or any(_has_only_marks(table, name) for name in names):
        return
    words = {word for name in names for word in grade_words(column_of(table, name))}
    settled.grade_scale, foreign = settle_scale(words, names[0], sector)
    if settled.grade_scale:
        told = {"columns": _quoted(names), "grade_scale": settled.grade_scale}
        settled.notes.append(Note.of("profile_scale_taken", file=file, **told))
    if foreign:
        del settled.columns[GRADE]
        told = {"columns": _quoted(names), "values": ", ".join(foreign).upper()}
        settled.notes.append(Note.of("profile_grades_foreign", file=file, **told))


def _units(settled: Settled, table: pd.DataFrame, free: Sequence[str], file: str) -> None:
    """Find columns with the unit of each row, and leave out sizes whose unit is not known."""
    for ours in SIZES:
        names = settled.columns.get(ours, ())
        if not names or names[0] == ours:
            continue
        unit = unknown_unit(names[0], ours)
        if unit:
            del settled.columns[ours]
            settled.notes.append(Note.of("profile_unit_unknown", file=file, column=names[0], unit=unit))
            continue
        beside = [name for name in free if _is_unit_of(name, ours, settled, table)]
        if beside:
            settled.units[ours] = beside[0]
            settled.notes.append(Note.of("profile_unit_column", file=file, column=names[0], unit=beside[0]))


def _units_above(settled: Settled, title: str, file: str) -> None:
    """Read sizes whose headings name no unit in the one above the table; leave out those it leaves open."""
    sizes = {ours: settled.columns[ours][0] for ours in SIZES if ours in settled.columns}
    sizes = {
        ours: name
        for ours, name in sizes.items()
        if name != ours and ours not in settled.units and not unit_of(name)
    }
    above = units_above(title, sizes)
    for ours in [size for size in SIZES if size in above.units]:
        unit = above.units[ours]
        factor = UNIT_FACTORS[ours][unit]
        if factor != 1:
            settled.factors[ours] = factor
            settled.notes.append(Note.of("profile_unit_above", file=file, column=sizes[ours], unit=unit))
    left_out = [name for ours, name in sizes.items() if ours in above.is_open]
    if left_out:
        settled.columns = {ours: n for ours, n in settled.columns.items() if ours not in above.is_open}
        told = {"columns": _quoted(left_out), "unit": above.said}
        settled.notes.append(Note.of("profile_unit_above_open", file=file, **told))


def _is_unit_of(name: str, ours: str, settled: Settled, table: pd.DataFrame) -> bool:
    """Whether a column holds the unit of another one: 面積の単位, or 単位 right of it or where it is the only size."""
    text = plain(name)
    if "単位" not in text or unit_of(settled.columns[ours][0]):
        return False
    words = [plain(word) for word in column_of(table, name).dropna().astype("str").unique()]
    if not any(UNIT_WORDS.get(word, word) in UNIT_FACTORS[ours] for word in words):
        return False
    rest = text.replace("単位", "").strip("()の")
    if rest:
        return rest in plain(settled.columns[ours][0])
    names = [str(column) for column in table.columns]
    left = names[names.index(name) - 1]
    sizes = {settled.columns[size][0]: size for size in SIZES if size in settled.columns}
    return sizes[left] == ours if left in sizes else list(sizes.values()) == [ours]


def _tell_rivals(settled: Settled, free: Sequence[str], sector: str, file: str) -> None:
    """Name the columns that mean the same as one that was taken, and are not read."""
    used = {name for names in settled.columns.values() for name in names}
    told = []
    for ours in TOLD:
        names = settled.columns.get(ours, ())
        rivals = (
            [name for name in free if name not in used and _is_rival(name, ours, sector)] if names else []
        )
        if rivals:
            used |= set(rivals)
            told.append((names[0], rivals))
    if told:
        found = "; ".join(f"「{taken}」 ← {_quoted(rivals)}" for taken, rivals in told)[:LONGEST]
        settled.notes.append(Note.of("profile_columns_compete", file=file, found=found))


def _is_rival(name: str, ours: str, sector: str) -> bool:
    fits = [fit_of(text, ours, sector) for text in (name, part_round(name)[1]) if plain(text)]
    return any(fit is not None and fit <= LAST_LEVEL for fit in fits)
