"""Coefficients as rows: low, central and high value, unit, confidence and source."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from collections.abc import Mapping
from typing import Literal

import pandas as pd

from gunmane.cache import data_folder
from gunmane.errors import ScenarioError

Level = Literal["low", "central", "high"]
LEVELS: tuple[Level, ...] = ("low", "central", "high")


@dataclasses.dataclass(frozen=True, eq=False)
class Assumptions:
    """
    The coefficients that a plan rests on.

    Parameters
    ----------
    table
        Indexed by `key`; columns `unit, low, central, high, confidence, source, note`.
        `confidence` A-D is evidence, E an assumption; 出所 N.N in `source` is a section of `load_sources`.
    """

    table: pd.DataFrame

    def value(self, key: str, level: Level = "central") -> float:
        """
        Return one coefficient in the unit of its row.

        Raises
        ------
        KeyError
            If no row has this key.
        """
        return float(self.table.at[key, level])

    def confidence(self, key: str) -> str:
        """Return the confidence grade of a row (A-E; the weaker of two, as "A/D" -> "D")."""
        return str(max(str(self.table.at[key, "confidence"]).split("/")))

    def fingerprint(self) -> str:
        """Return a hash of every value, for cache keys and plan files."""
        text = self.table[list(LEVELS)].sort_index().to_csv()
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def replaced(self, overrides: Mapping[str, tuple[float, float, float]]) -> Assumptions:
        """
        Return a copy with other (low, central, high) for some keys.

        Raises
        ------
        ScenarioError
            If a key is unknown or its values are not in ascending order.
        """
        table = self.table.copy()
        for key, values in sorted(overrides.items()):
            if key not in table.index:
                raise ScenarioError("assumption_unknown", key=key)
            if list(values) != sorted(values):
                raise ScenarioError("assumption_order", key=key, values=list(values))
            table.loc[key, list(LEVELS)] = [float(v) for v in values]
            table.loc[key, "source"] = "user"
            table.loc[key, "confidence"] = "E"
        return Assumptions(table)


@functools.cache
def load_assumptions() -> Assumptions:
    """
    Read the coefficients that ship with gunmane (`data/model_regions/assumptions.csv`).

    Raises
    ------
    ValueError
        If a key stands in two rows.
    """
    table = pd.read_csv(data_folder() / "assumptions.csv", dtype={"confidence": "str"}, keep_default_na=False)
    table[list(LEVELS)] = table[list(LEVELS)].astype("float64")
    if not table["key"].is_unique:
        msg = f"assumptions.csv repeats keys: {sorted(table.loc[table['key'].duplicated(), 'key'])}"
        raise ValueError(msg)
    return Assumptions(table.set_index("key"))


@functools.cache
def load_sources() -> pd.DataFrame:
    """Return what the sections named in the assumptions rest on: `section, title_ja, reference, address`."""
    return pd.read_csv(data_folder() / "sources.csv", dtype="str", keep_default_na=False)
