"""Faults of ledger rows, collected so that a reader sees all of them at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane import schema
from gunmane.assets.values import as_text

LONGEST_VALUE = 80


@dataclasses.dataclass(eq=False)
class Faults:
    """Collects faults; `is_rejected` marks the rows that cannot be taken."""

    origins: pd.DataFrame
    is_rejected: NDArray[np.bool_] = dataclasses.field(init=False)
    found: list[pd.DataFrame] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.is_rejected = np.zeros(len(self.origins), dtype=bool)

    def add(self, mask: NDArray[np.bool_], column: str, values: Any, rule: str) -> None:
        """List a fault of the marked rows; rules that end in `_value` keep the row."""
        at = np.flatnonzero(mask)
        if not len(at):
            return
        if not rule.endswith("_value"):
            self.is_rejected[at] = True
        texts = [as_text(value)[:LONGEST_VALUE] for value in np.asarray(values, dtype=object)[at]]
        part = self.origins.iloc[at].assign(
            column=column, value=texts, became="", rule=rule, advice_key=f"advice.{rule}"
        )
        self.found.append(part)

    def add_heading(self, told: Mapping[Any, Any]) -> None:
        """List that headings were found below a title, where the reader of a table says so."""
        if len(self.origins) and told.get("title"):
            part = self.origins.iloc[[0]].assign(
                row=int(told["heading_row"]),
                column="",
                value=str(told["title"])[:LONGEST_VALUE],
                became="",
                rule="heading_row_value",
                advice_key="advice.heading_row_value",
            )
            self.found.append(part)

    def table(self) -> pd.DataFrame:
        """Return the faults as `schema.REJECTS`, sorted."""
        names = schema.names("rejects")
        frame = pd.concat(self.found) if self.found else pd.DataFrame(columns=names)
        frame = frame[names].astype({column.name: column.dtype for column in schema.REJECTS})
        return frame.sort_values(["source_file", "row", "rule", "column"], ignore_index=True)
