"""Units said above a table (単位：千円、ha): which columns they are those of, where that can be told."""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping

from gunmane.ledgers.headings import (
    ALL_UNITS,
    UNIT_FACTORS,
    UNIT_PARTS,
    UNIT_WORDS,
    unit_of,
    unit_words,
    unknown_unit,
)

SAID = re.compile(r"単位\s*[:=は]?\s*([^()\[\]{}【】〔〕「」]+)")
# Units above a table are those of its main sizes: no width is in km and no length in mm, though a heading may say so.
COLUMNS = {
    "km": ("length_m",),
    "百m": ("length_m",),
    "mm": ("diameter_mm",),
    "インチ": ("diameter_mm",),
    "cm": ("length_m", "width_m", "diameter_mm"),
}
LENGTHS = ("length_m", "width_m")
OTHER_KINDS = ("area_m2", "diameter_mm", "annual_cost_jpy")


@dataclasses.dataclass(frozen=True)
class Above:
    """
    What the units above a table say.

    Parameters
    ----------
    units
        Our column -> its unit.
    is_open
        Our columns of which it cannot be told in which unit they are.
    said
        The units as written.
    """

    units: Mapping[str, str]
    is_open: frozenset[str]
    said: str


def units_above(title: str, sizes: Mapping[str, str]) -> Above:
    """
    Return the units that the rows above a table say of columns whose headings name none.

    Parameters
    ----------
    title
        All that stands above the headings.
    sizes
        Our column -> its heading, of sizes and costs whose unit is not said otherwise.
    """
    known, foreign = _said(title)
    fitting = {unit: {ours for ours in _columns(unit) if ours in sizes} for unit in known}
    # A unit that can be only one column's (km) is that column's; the others share the rest.
    sure = {ours for columns in fitting.values() if len(columns) == 1 for ours in columns}
    fitting = {unit: columns if len(columns) == 1 else columns - sure for unit, columns in fitting.items()}
    found: dict[str, list[str]] = {}
    for unit, columns in fitting.items():
        for ours in columns:
            # Lengths and widths are both in m where m is said; of two columns that may be in cm only one is.
            is_shared = len(columns) > 1 and UNIT_FACTORS[ours][unit] != 1
            found.setdefault(ours, []).extend([unit, ""] if is_shared else [unit])
    is_open = {ours for ours, units in found.items() if len(units) > 1}
    if foreign:
        is_open |= set(sizes) - set(found)
    units = {ours: listed[0] for ours, listed in found.items() if ours not in is_open}
    return Above(units, frozenset(is_open), "、".join([*known, *foreign]))


def _said(title: str) -> tuple[list[str], list[str]]:
    """Return the units of ours and those that are units, but not ours, each once and in their order."""
    text = unicodedata.normalize("NFKC", title).casefold()
    known, foreign = list[str](), list[str]()
    for said in SAID.findall(text):
        for part in UNIT_PARTS.split(said.strip()):
            word = next((word for word in unit_words(part) if word in ALL_UNITS), unit_of(part))
            if word:
                known.append(UNIT_WORDS.get(word, word))
            elif unknown_unit(f"({part})", "length_m"):
                foreign.append(part)
            elif any(mark.isdigit() for mark in part):
                # What follows is a date or a number of something: no units any more.
                break
    return list(dict.fromkeys(known)), list(dict.fromkeys(foreign))


def _columns(unit: str) -> tuple[str, ...]:
    if unit in COLUMNS:
        return COLUMNS[unit]
    if unit in UNIT_FACTORS["width_m"]:
        return LENGTHS
    return tuple(ours for ours in OTHER_KINDS if unit in UNIT_FACTORS[ours])
