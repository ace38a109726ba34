"""How cells were read: what the ledger says beside what it became, grouped and counted."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gunmane import schema
from gunmane.assets.faults import LONGEST_VALUE
from gunmane.assets.numbers import plain_text
from gunmane.assets.values import Cells

# Distinct cells listed for each column; the rest is summed in one row, so that a reader's list stays short.
MOST_LISTED = 500
REST = "…"


@dataclasses.dataclass(eq=False)
class Readings:
    """Collects how cells were read; `table` counts them among the rows that were taken."""

    origins: pd.DataFrame
    parts: list[tuple[str, Cells, NDArray[Any], NDArray[Any], NDArray[np.bool_] | None]] = dataclasses.field(
        default_factory=list
    )

    def add(
        self,
        column: str,
        cells: Cells,
        became: NDArray[Any],
        how: NDArray[Any],
        *,
        rows: NDArray[np.bool_] | None = None,
    ) -> None:
        """
        List how the distinct cells of a column were read.

        Parameters
        ----------
        column
            Column of ours.
        cells
            The cells.
        became
            Value of each distinct cell.
        how
            A word of `schema.READINGS`, "" where the cell is plainly its value.
        rows
            Rows that this holds for; None: all of them.
        """
        if (how != "").any():
            self.parts.append((column, cells, became, how, rows))

    def table(self, kept: NDArray[np.bool_]) -> pd.DataFrame:
        """Return `schema.READINGS` of the rows that were kept: the most frequent cells of a column first."""
        names = schema.names("readings")
        found = [part for part in (self._counted(*part, kept) for part in self.parts) if len(part)]
        frame = pd.concat(found) if found else pd.DataFrame(columns=names)
        keys = ["source_file", "column", "value", "became", "reading"]
        if found:
            frame = frame.groupby(keys, sort=False, as_index=False).agg(
                rows=("rows", "sum"), first_row=("first_row", "min")
            )
            frame = _shortened(frame)
        frame = frame[names].astype({column.name: column.dtype for column in schema.READINGS})
        return frame.reset_index(drop=True)

    def _counted(
        self,
        column: str,
        cells: Cells,
        became: NDArray[Any],
        how: NDArray[Any],
        rows: NDArray[np.bool_] | None,
        kept: NDArray[np.bool_],
    ) -> pd.DataFrame:
        at = np.flatnonzero((how != "")[cells.codes] & (kept if rows is None else kept & rows))
        if not len(at):
            return pd.DataFrame()
        listed = pd.DataFrame(
            {
                "file": self.origins["source_file"].array[at],
                "cell": cells.codes[at],
                "row": self.origins["row"].to_numpy()[at],
            }
        )
        grouped = listed.groupby(["file", "cell"], sort=True, as_index=False).agg(
            rows=("row", "size"), first_row=("row", "min")
        )
        cell = grouped["cell"].to_numpy()
        values = became[cell]
        shown = [plain_text(value) if isinstance(value, float) else str(value) for value in values]
        return pd.DataFrame(
            {
                "source_file": grouped["file"],
                "column": column,
                "value": pd.array([text[:LONGEST_VALUE] for text in cells.texts[cell]], dtype="str"),
                "became": pd.array(shown, dtype="str"),
                "reading": pd.array(how[cell], dtype="str"),
                "rows": grouped["rows"],
                "first_row": grouped["first_row"],
            }
        )


def _shortened(frame: pd.DataFrame) -> pd.DataFrame:
    """Sort, and sum what is beyond `MOST_LISTED` cells of a column in one row."""
    order = ["source_file", "column", "rows", "first_row", "value", "became", "reading"]
    frame = frame.sort_values(order, ascending=[True, True, False, True, True, True, True])
    place = frame.groupby(["source_file", "column"]).cumcount()
    rest = frame[place >= MOST_LISTED]
    summed = rest.groupby(["source_file", "column"], as_index=False).agg(
        rows=("rows", "sum"), first_row=("first_row", "min")
    )
    summed = summed.assign(value=REST, became=REST, reading="other")
    joined = pd.concat([frame[place < MOST_LISTED], summed], ignore_index=True)
    return joined.sort_values(["source_file", "column"], kind="stable")
