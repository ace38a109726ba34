"""How a file's columns were understood: its first rows, each cell beside what became of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd
import streamlit as st

from app_pages import session
from app_pages.session import tr
from gunmane import i18n
from gunmane.deliveries import kept_values
from gunmane.exports.faults import outcomes
from gunmane.exports.words import word

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

PLACES = ("lon", "lat", "x", "y", "lat_lon", "wkt")
ROWS_SHOWN = 8
# Up to here ten digits say a number without an exponent, and without the traces of its unit.
LARGE = 1e10


def show_first_rows(delivery: Delivery) -> None:
    """Show first rows: each column with what it means, each cell beside what it became where that differs."""
    table = understood_rows(delivery, session.lang()).head(ROWS_SHOWN)
    st.dataframe(table, height="content", alt=tr("data.part.columns"))
    used = {name for names in delivery.profile.columns.values() for name in names}
    place = delivery.profile.position
    used |= {*(getattr(place, name) for name in PLACES), *place.address}
    unused = [name for name in delivery.columns if name not in used]
    st.caption(tr("data.cells_note"))
    if unused:
        st.caption(tr("data.unused", count=len(unused), columns=tr("word.list_sep").join(unused[:30])))


def understood_rows(delivery: Delivery, lang: str) -> pd.DataFrame:
    """
    Return a file's first rows under "their column → ours", with what became of each row and cell.

    Parameters
    ----------
    delivery
        The file as it was taken.
    lang
        "ja" or "en".
    """
    rows = delivery.first_rows
    table = pd.DataFrame(index=rows.index.rename(i18n.t("faults.head.row", lang)))
    taken = _taken_by_row(delivery)
    if delivery.profile.role == "assets":
        table[i18n.t("faults.head.outcome", lang)] = [_outcome(delivery, n, lang) for n in rows.index]
    words = i18n.catalogue(lang)
    for ours, theirs in delivery.profile.columns.items():
        names = [name for name in theirs if name in rows.columns]
        if not names:
            continue
        given = rows[names].replace("", None).bfill(axis=1).iloc[:, 0]
        heading = f"{names[0]} → {words.get(f'ledger_column.{ours}', ours)}"
        # What a grade stands for is of more use than the grade once more.
        meant = "condition" if ours == "condition_raw" else ours
        became = taken.get(meant, pd.Series(dtype="object")).reindex(rows.index)
        table[heading] = [_cell(cell, value) for cell, value in zip(given, became, strict=True)]
    place = delivery.profile.position
    for name in [*(getattr(place, part) for part in PLACES), *place.address]:
        if name in rows.columns:
            table[f"{name} → {words['ledger_column.geometry']}"] = rows[name].fillna("").astype("str")
    return table


def _taken_by_row(delivery: Delivery) -> pd.DataFrame:
    """Return the assets by the number of their row, of the first rows alone."""
    if delivery.assets.empty:
        return pd.DataFrame()
    number = pd.to_numeric(
        delivery.assets["source"].astype("str").str.extract(r"#(\d+)$")[0], errors="coerce"
    )
    table = pd.DataFrame(delivery.assets.drop(columns="geometry")).assign(row=number)
    table = table[table["row"].isin(delivery.first_rows.index)]
    return table.drop_duplicates("row").set_index("row")


def _outcome(delivery: Delivery, number: int, lang: str) -> str:
    found = delivery.rejects[delivery.rejects["row"] == number]
    lost = [rule for rule in found["rule"].astype("str") if not rule.endswith("_value")]
    if lost:
        return "× " + word("fault", lost[0], lang)
    kinds = {str(kind) for kind in outcomes(kept_values(found))}
    outcome = "both" if {"mended", "unset"} <= kinds else min(kinds - {"kept"}, default="taken")
    if outcome == "taken" and kinds:
        outcome = "kept"
    return i18n.t(f"data.row_{outcome}", lang)


def _cell(given: Any, became: Any) -> str:
    """Return a cell as the file has it, with what it became where that is something else."""
    text = "" if pd.isna(given) else str(given)
    if pd.isna(became) or became == "":
        return text
    plain = f"{became:.10g}" if isinstance(became, float) and abs(became) < LARGE else str(became)
    return text if _same(text, plain) else f"{text} → {plain}"


def _same(text: str, plain: str) -> bool:
    if text.strip() == plain:
        return True
    try:
        return float(text.replace(",", "")) == float(plain)
    except ValueError:
        return False
