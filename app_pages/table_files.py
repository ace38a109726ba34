"""Tables of a page as CSV: what Streamlit's own toolbar would save, without formulas and readable by Excel."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from app_pages.place import tr
from app_pages.tables import Cell
from gunmane.exports.studies.tables import csv_bytes

_BREAKS = str.maketrans({"\u200b": None, "\n": " "})


def offer_csv(
    head: Sequence[str], rows: Sequence[Sequence[str | Cell | float | None]], *, name: str, key: str
) -> None:
    """
    Show a button that saves a table.

    Parameters
    ----------
    head, rows
        As for `tables.html_table`; numbers stay numbers, what is missing stays empty.
    name
        Of the file, without its ending.
    key
        Of the button.
    """
    st.download_button(
        tr("chart.csv"),
        lambda: table_csv(head, rows),
        file_name=f"{name}.csv",
        mime="text/csv",
        on_click="ignore",
        key=key,
    )


def table_csv(head: Sequence[str], rows: Sequence[Sequence[str | Cell | float | None]]) -> bytes:
    """Return a table as CSV: UTF-8 with a byte-order mark, no text that a spreadsheet would take for a formula."""
    names = [title.translate(_BREAKS) for title in head]
    cells = [[_plain(cell) for cell in row] for row in rows]
    return csv_bytes(pd.DataFrame(cells, columns=names))


def _plain(cell: str | Cell | float | None) -> str | float | None:
    if isinstance(cell, Cell):
        return " ".join(part for part in (cell.text, cell.small) if part).translate(_BREAKS)
    return cell.translate(_BREAKS) if isinstance(cell, str) else cell
