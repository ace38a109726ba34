"""Units, municipalities and amounts in words of both languages, as the values of a note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from gunmane.i18n import LANGUAGES, t
from gunmane.scenario import Ground

# Names said in one sentence; the others are counted (the note has the ids of all).
NAMED = 8
# Units of a divided municipality that are named one by one.
UNITS_NAMED = 2


class Names:
    """
    Words for the places of a region.

    Parameters
    ----------
    ground
        The region made ready.
    """

    def __init__(self, ground: Ground) -> None:
        self._region = ground.region
        self._units = ground.units[["muni_code", "name"]]

    def place(self, code: str, lang: str) -> str:
        """Return what a unit ("Uda City 大宇陀") or a municipality is called."""
        if code not in self._units.index:
            return self._region.name_of(code, lang)
        unit = self._units.loc[code]
        town = self._region.name_of(str(unit["muni_code"]), lang)
        return t("whynot.unit", lang, town=town, unit=str(unit["name"]))

    def listed(self, codes: Sequence[str], lang: str) -> str:
        """Return the names of several places as one text, the last ones counted."""
        return _listed([self.place(code, lang) for code in codes], lang)

    def units(self, codes: Sequence[str]) -> dict[str, object]:
        """Return names of places as values of a note."""
        return {f"names_{lang}": self.listed(codes, lang) for lang in LANGUAGES}

    def pair(self, a: str, b: str) -> dict[str, object]:
        """Return the names of two units as values of a note."""
        ends = (("a", a), ("b", b))
        return {f"{end}_{lang}": self.place(code, lang) for end, code in ends for lang in LANGUAGES}

    def parts(
        self, parts: Sequence[Sequence[str]], inside: pd.DataFrame, values: Sequence[tuple[str, str]]
    ) -> dict[str, object]:
        """
        Return the names of parts of the land as values of a note.

        Parameters
        ----------
        parts
            Unit ids of each part.
        inside
            All units of the strand: a municipality that lies in a part with all of them is named as a whole.
        values
            For each part what is said behind its name (Japanese, English); empty for nothing.
        """
        sizes = inside["muni_code"].value_counts()
        words: dict[str, object] = {}
        for number, lang in enumerate(LANGUAGES):
            said = [self._part(list(part), inside, sizes, lang) for part in parts]
            if values:
                pairs = zip(said, values, strict=True)
                said = [t("whynot.with_value", lang, name=name, value=value[number]) for name, value in pairs]
            words[f"names_{lang}"] = _listed(said, lang)
        return words

    def _part(self, part: list[str], inside: pd.DataFrame, sizes: pd.Series, lang: str) -> str:
        told = []
        for code, rows in inside.loc[part].groupby("muni_code", sort=True):
            if len(rows) == sizes[code]:
                told.append(self._region.name_of(str(code), lang))
            elif len(rows) <= UNITS_NAMED:
                told += [self.place(str(unit), lang) for unit in rows.index]
            else:
                town = self._region.name_of(str(code), lang)
                told.append(t("whynot.part", lang, town=town, count=len(rows)))
        return _listed(told, lang, join="whynot.and")

    def strand(self, name: str) -> dict[str, object]:
        """Return what a strand ("", "park", "30", "30/park") is called at the head of a sentence."""
        return {f"strand_{lang}": self._strand(name, lang) for lang in LANGUAGES}

    def _strand(self, name: str, lang: str) -> str:
        if not name:
            return ""
        said = [
            self._region.name_of(part, lang) if part.isdigit() else t(f"field.{part}", lang)
            for part in name.split("/")
        ]
        return t("whynot.strand", lang, name=t("whynot.and", lang).join(said))


def _listed(names: Iterable[str], lang: str, *, join: str = "word.list_sep") -> str:
    every = list(names)
    text = t(join, lang).join(every[:NAMED])
    return text + (t("whynot.more", lang, count=len(every) - NAMED) if len(every) > NAMED else "")


def amounts(measure: str, /, **values: float) -> dict[str, object]:
    """
    Return amounts in words of both languages as values of a note.

    Parameters
    ----------
    measure
        "jpy", "structures", "onsite_hours", "length_m", "minutes", "kilometres" or "count".
    **values
        Amounts in that measure.
    """
    return {
        f"{name}_{lang}": amount(measure, value, lang) for name, value in values.items() for lang in LANGUAGES
    }


def amount(measure: str, value: Any, lang: str) -> str:
    """Return an amount of a measure in words, exactly as a choice has it."""
    scale = {"jpy": {"ja": 1e4, "en": 1e6}[lang], "length_m": 1e3}.get(measure, 1.0)
    number = float(value) / scale
    # A choice of yen is said to the 10,000 that it is made in.
    digits = {"jpy": {"ja": 0, "en": 2}[lang]}.get(measure, 1)
    text = f"{number:,.{digits}f}"
    return t(f"whynot.amount.{measure}", lang, value=text.rstrip("0").rstrip(".") if "." in text else text)
