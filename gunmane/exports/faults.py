"""A ledger's faults as a workbook to send back to whoever keeps it: their rows, their columns, what to mend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

import pandas as pd

from gunmane import schema
from gunmane.assets.faults import STANDING_RULES
from gunmane.exports.sheets import Sheet, workbook_bytes
from gunmane.exports.words import word
from gunmane.i18n import catalogue, t

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

MAX_KINDS = 500
MAX_READINGS = 5_000
NAMED_COLUMNS = 8  # file columns named for one of ours before the list ends in "…"
HEADING_RULE = "heading_row_value"
OUTCOMES = ("rejected", "mended", "unset", "kept")


def faults_xlsx(delivery: Delivery, lang: str = "ja") -> bytes:
    """
    Return the rows of a ledger that have a fault as .xlsx, in the ledger's own columns and order.

    The first sheet has each such row with its number, the faults and what to do in words, and the cells at fault
    coloured; the second counts the kinds of faults; the third says how cells were read. Every cell is text, so that
    codes keep their zeros and nothing becomes a formula.

    Parameters
    ----------
    delivery
        The ledger as it was taken.
    lang
        "ja" or "en".
    """
    sheets = [_rows(delivery, lang), _kinds(delivery, lang), _readings(delivery, lang)]
    return workbook_bytes(sheets, notice=t("faults.notice", lang, file=delivery.file))


def fault_kinds(rejects: pd.DataFrame) -> pd.DataFrame:
    """
    Group faults by kind: `rule, column, rows, first_row, value, became, advice_key, outcome`.

    `value` and `became` are those of the first row; `outcome` is one of `OUTCOMES`: rejected rows come first, then
    mended values, those set to unknown, those kept to be checked, of each the most frequent first.
    """
    names = ["rule", "column", "rows", "first_row", "value", "became", "advice_key", "outcome"]
    if rejects.empty:
        return pd.DataFrame({name: [] for name in names})
    table = rejects.reindex(columns=schema.names("rejects")).fillna({"column": "", "value": "", "became": ""})
    table["outcome"] = outcomes(table)
    grouped = (
        table.sort_values("row", kind="stable")
        .groupby(["rule", "column", "advice_key", "outcome"], as_index=False)
        .agg(
            rows=("row", "size"),
            first_row=("row", "first"),
            value=("value", "first"),
            became=("became", "first"),
        )
    )
    grouped["order"] = grouped["outcome"].map(OUTCOMES.index)
    keys = ["order", "rows", "rule", "column"]
    return grouped.sort_values(keys, ascending=[True, False, True, True])[names].reset_index(drop=True)


def outcomes(faults: pd.DataFrame) -> pd.Series:
    """Return what became of a row or value by `rule` and `became`: rules that end in `_value` keep the row."""
    is_kept = faults["rule"].astype("str").str.endswith("_value")
    is_mended = (faults["became"].fillna("") != "") | (faults["rule"] == HEADING_RULE)
    found = is_mended.map({True: "mended", False: "unset"}).mask(faults["rule"].isin(STANDING_RULES), "kept")
    return found.where(is_kept, "rejected")


def file_columns(delivery: Delivery, column: str) -> tuple[str, ...]:
    """Return the file's columns that one of our columns, or the place ("geometry"), is read from."""
    profile = delivery.profile
    place = profile.position
    if column == "geometry":
        named = (place.lat, *place.lat_parts, place.lon, *place.lon_parts)
        named += (place.y, place.x, place.lat_lon, place.wkt, *place.address)
    else:
        named = tuple(profile.columns.get(column, ())) or (column,)
    return tuple(name for name in dict.fromkeys(named) if name in delivery.columns)


def advice(key: str, lang: str) -> str:
    """Return what to do about a fault; the key itself where it has no sentence."""
    return catalogue(lang).get(key, key)


def column_word(delivery: Delivery, column: str, lang: str) -> str:
    """Return what a column is called in the file, and in brackets what it means to us."""
    ours = catalogue(lang).get(f"ledger_column.{column}", column)
    theirs = file_columns(delivery, column)
    if not theirs:
        return ours
    more = "…" if len(theirs) > NAMED_COLUMNS else ""
    return t("faults.column_of", lang, theirs=" / ".join(theirs[:NAMED_COLUMNS]) + more, ours=ours)


def _rows(delivery: Delivery, lang: str) -> Sheet:
    """Return the rows with a fault as they stand in the ledger, the cells at fault coloured."""
    own = [str(name) for name in delivery.fault_rows.columns]
    fixed = ["row", "outcome", "fault", "advice"]
    heads = [(t(f"faults.head.{name}", lang), "text" if name in fixed[2:] else "code") for name in fixed]
    heads[0] = (heads[0][0], "any")
    faults = delivery.rejects
    by_row = _faults_by_row(faults)
    asked = {column: _asked(delivery, column, own) for column in faults["column"].fillna("").unique()}
    rows: list[list[object]] = []
    marked: set[tuple[int, int]] = set()
    for number, cells in zip(delivery.fault_rows.index, _as_text(delivery.fault_rows), strict=True):
        found = by_row.get(int(number))
        if found is None:
            continue
        for fault in found:
            at = asked[fault.column]
            # The filled cells are at fault; where all are empty, the first of them.
            marked |= {(len(rows), len(fixed) + i) for i in ([i for i in at if cells[i]] or at[:1])}
        rows.append([int(number), *_told(found, lang), *cells])
    # A row that is told only because its headings were found is none to be mended.
    count = sum(any(fault.rule != HEADING_RULE for fault in found) for found in by_row.values())
    is_cut = len(rows) < count
    remark = t("faults.cut", lang, shown=f"{len(rows):,}", total=f"{count:,}") if is_cut else ""
    if not rows:
        rows = [[None, None, t("files.none", lang), None, *[None] * len(own)]]
    columns = [*heads, *((name, "code") for name in own)]
    return Sheet(t("faults.sheet.rows", lang), columns, rows, remark=remark, marked=marked)


def _as_text(table: pd.DataFrame) -> list[list[str | None]]:
    plain = table.astype(object).where(table.notna(), None)
    return [[None if cell is None else str(cell) for cell in row] for row in plain.to_numpy().tolist()]


class _Fault(NamedTuple):
    """One fault of a row."""

    column: str
    rule: str
    value: str
    became: str
    advice_key: str


def _faults_by_row(faults: pd.DataFrame) -> dict[int, list[_Fault]]:
    """Return each row's faults: ledgers that are wrong throughout have tens of thousands."""
    table = faults.dropna(subset=["row"]).reindex(columns=["row", *_Fault._fields])
    texts = [table[name].astype(object).where(table[name].notna(), "").tolist() for name in _Fault._fields]
    found: dict[int, list[_Fault]] = {}
    for number, *values in zip(table["row"].astype("int64").tolist(), *texts, strict=True):
        found.setdefault(number, []).append(_Fault(*values))
    return found


def _told(found: Sequence[_Fault], lang: str) -> tuple[str, str, str]:
    """Return what became of a row, its faults and what to do, each fault once."""
    is_rejected = any(not fault.rule.endswith("_value") for fault in found)
    kept = {_outcome(fault) for fault in found}
    kinds = [kind for kind in OUTCOMES if kind in ({"rejected"} if is_rejected else kept)]
    outcome = t("word.list_sep", lang).join(t(f"faults.outcome.{kind}", lang) for kind in kinds)
    faults = [_fault_words(fault, lang) for fault in found]
    todo = [advice(fault.advice_key, lang) for fault in found]
    return outcome, "\n".join(dict.fromkeys(faults)), "\n".join(dict.fromkeys(todo))


def _outcome(fault: _Fault) -> str:
    if fault.rule in STANDING_RULES:
        return "kept"
    return "mended" if fault.became or fault.rule == HEADING_RULE else "unset"


def _fault_words(fault: _Fault, lang: str) -> str:
    said = word("fault", fault.rule, lang)
    if fault.became:
        return t("faults.became", lang, fault=said, value=fault.value, became=fault.became)
    return said


def _asked(delivery: Delivery, column: str, own: Sequence[str]) -> list[int]:
    """Return the positions of the file's columns that one of ours is read from."""
    return [own.index(name) for name in file_columns(delivery, column) if name in own]


def _kinds(delivery: Delivery, lang: str) -> Sheet:
    heads = [
        ("outcome", "code"),
        ("fault", "text"),
        ("advice", "text"),
        ("column", "text"),
        ("rows", "int"),
        ("first_row", "any"),
        ("value", "code"),
        ("became", "code"),
    ]
    kinds = fault_kinds(delivery.rejects)
    rows = [
        [
            t(f"faults.outcome.{row.outcome}", lang),
            word("fault", row.rule, lang),
            advice(row.advice_key, lang),
            column_word(delivery, row.column, lang) if row.column else "",
            int(row.rows),
            None if pd.isna(row.first_row) else int(row.first_row),
            row.value,
            row.became,
        ]
        for row in kinds.head(MAX_KINDS).itertuples()
    ]
    return _told_sheet("kinds", heads, rows, len(kinds), lang)


def _readings(delivery: Delivery, lang: str) -> Sheet:
    heads = [
        ("column", "text"),
        ("value", "code"),
        ("became", "code"),
        ("reading", "code"),
        ("rows", "int"),
        ("first_row", "any"),
    ]
    known = catalogue(lang)
    rows = [
        [
            column_word(delivery, str(row.column), lang),
            row.value,
            row.became,
            known.get(f"reading.{row.reading}", str(row.reading)),
            int(row.rows),
            int(row.first_row),
        ]
        for row in delivery.readings.head(MAX_READINGS).itertuples()
    ]
    return _told_sheet("readings", heads, rows, len(delivery.readings), lang)


def _told_sheet(
    name: str, heads: Sequence[tuple[str, str]], rows: list[list[object]], total: int, lang: str
) -> Sheet:
    columns = [(t(f"faults.head.{key}", lang), kind) for key, kind in heads]
    is_cut = len(rows) < total
    remark = t("faults.cut", lang, shown=f"{len(rows):,}", total=f"{total:,}") if is_cut else ""
    shown = rows or [[t("files.none", lang), *[None] * (len(columns) - 1)]]
    return Sheet(t(f"faults.sheet.{name}", lang), columns, shown, remark=remark)
