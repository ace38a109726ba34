"""Faults of ledger rows, collected so that a reader sees all of them at once."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane import schema
from gunmane.assets.values import Cells, as_text
from gunmane.errors import FileError

LONGEST_VALUE = 80
OnInvalid = Literal["fix", "reject", "raise"]
# Sizes that hardly ever are true; the value stands as the ledger has it.
UNUSUAL_RULES = frozenset(
    f"{name}_unusual_value" for name in ("length_m", "width_m", "area_m2", "diameter_mm")
)
# Told to the reader without being anybody's fault.
NOTICES = UNUSUAL_RULES | {
    "heading_row_value",
    "summary_row",
    "abolished",
    "not_opened",
    "part_of_asset",
    "part_grade_value",
    "part_id_value",
}
# Neither mended nor unknown: somebody should look.
STANDING_RULES = UNUSUAL_RULES | {"muni_far_value", "owner_far_value", "same_place_value"}


@dataclasses.dataclass(eq=False)
class Faults:
    """
    Collects faults; `is_rejected` marks the rows that cannot be taken, `is_remark` those that are no asset at all.

    Parameters
    ----------
    origins
        `source_file` and `row` of each row.
    on_invalid
        What becomes of rows that can be mended: "fix" keeps them mended, "reject" and "raise" do not take them.
    """

    origins: pd.DataFrame
    on_invalid: OnInvalid = "fix"
    is_rejected: NDArray[np.bool_] = dataclasses.field(init=False)
    is_remark: NDArray[np.bool_] = dataclasses.field(init=False)
    found: list[pd.DataFrame] = dataclasses.field(default_factory=list)

    def __post_init__(self) -> None:
        self.is_rejected = np.zeros(len(self.origins), dtype=bool)
        self.is_remark = self.is_rejected.copy()

    @property
    def usable(self) -> NDArray[np.bool_]:
        """Whether each row can still be taken."""
        return ~self.is_rejected

    def add(
        self, mask: NDArray[np.bool_], column: str, values: Any, rule: str, *, became: Any = None
    ) -> None:
        """
        List a fault of the marked rows; rules that end in `_value` keep the row.

        Parameters
        ----------
        mask
            The rows.
        column
            Column at fault.
        values
            Value of each row, or the column's `Cells`.
        rule
            Rule that is broken.
        became
            What was taken instead in each row, as text; None: nothing was.
        """
        at = np.flatnonzero(mask & ~self.is_remark)
        if not len(at):
            return
        if not rule.endswith("_value"):
            self.is_rejected[at] = True
        part = self.origins.iloc[at].assign(
            column=column,
            value=_shown(values, at),
            became="" if became is None else _shown(became, at),
            rule=rule,
            advice_key=f"advice.{rule}",
        )
        self.found.append(part)

    def mend(self, mask: NDArray[np.bool_], column: str, values: Any, rule: str, *, became: Any) -> None:
        """List what was mended without a guess: as `rule_value` in mode "fix", else as `rule`, which rejects."""
        self.add(mask, column, values, f"{rule}_value" if self.on_invalid == "fix" else rule, became=became)

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

    def add_remarks(self, texts: NDArray[Any]) -> None:
        """List the rows that sum up others or are footnotes (their text, "" for all others); nothing else of them."""
        is_remark = texts != ""
        self.add(is_remark, "", texts, "summary_row")
        self.is_remark = is_remark

    def table(self) -> pd.DataFrame:
        """Return the faults as `schema.REJECTS`, sorted."""
        names = schema.names("rejects")
        frame = pd.concat(self.found) if self.found else pd.DataFrame(columns=names)
        frame = frame[names].astype({column.name: column.dtype for column in schema.REJECTS})
        return frame.sort_values(["source_file", "row", "rule", "column"], ignore_index=True)

    def table_of_rejected(self) -> pd.DataFrame:
        """Return `source_file, row, rule` of what rejects rows; the index is the position of the row."""
        columns = ["source_file", "row", "rule"]
        if not self.found:
            return pd.DataFrame({name: self.origins[name][:0] if name != "rule" else [] for name in columns})
        table = pd.concat([part[columns] for part in self.found])
        return table[~table["rule"].str.endswith("_value")]

    def raise_first(self, source: str) -> None:
        """
        Stop at the first fault where the caller wants none.

        Raises
        ------
        FileError
            `assets_invalid`, naming the first fault and how many there are.
        """
        table = self.table()
        table = table[~table["rule"].isin(NOTICES)]
        if self.on_invalid != "raise" or table.empty:
            return
        first = table.iloc[0]
        raise FileError(
            "assets_invalid",
            file=str(first["source_file"] or source),
            row=int(first["row"]),
            column=str(first["column"]) or "-",
            value=str(first["value"]) or "-",
            rule=str(first["rule"]),
            count=len(table),
        )


def _shown(values: Any, at: NDArray[np.int64]) -> Any:
    """Texts of the rows `at`, cut to what a list can show."""
    if isinstance(values, Cells):
        short = pd.array([str(text)[:LONGEST_VALUE] for text in values.texts], dtype="str")
        return short.take(values.codes[at])
    chosen = np.asarray(values, dtype=object)[at]
    return pd.array([as_text(value)[:LONGEST_VALUE] for value in chosen], dtype="str")
