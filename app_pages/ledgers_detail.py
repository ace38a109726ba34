"""The right of データ: one file, how it was understood, what was at fault, what came of it, who answers for it."""

from __future__ import annotations

import dataclasses
import html
from collections.abc import Callable
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import streamlit as st

from app_pages import session, words
from app_pages.ledgers_brought import Brought
from app_pages.ledgers_card import dead_notes, plain_notes, planned_faults, planned_words, told_of
from app_pages.ledgers_choice import show_choice
from app_pages.ledgers_columns import show_first_rows
from app_pages.ledgers_desk import answer
from app_pages.ledgers_form import show_form
from app_pages.ledgers_map import show_file_map
from app_pages.session import tr
from app_pages.tables import heading, html_table
from gunmane import i18n
from gunmane.deliveries import FAULT_ROWS_KEPT, HEADING_RULE
from gunmane.explain import note_sentence
from gunmane.exports.faults import advice, column_word, fault_kinds, faults_xlsx
from gunmane.exports.words import word
from gunmane.ledgers.profiles import Answers
from gunmane.municipalities import Region

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

TABS = ("columns", "faults", "map", "result", "readings", "answers")
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Told as plain notes: nobody has to mend them.
PLAIN_RULES = (HEADING_RULE, "summary_row")
ROWS_OF_A_KIND = 5
TOLD = (
    "encoding",
    "separator",
    "sheet",
    "sheets",
    "title",
    "heading_row",
    "heading_rows",
    "layer",
    "layers",
    "formulas_without_value",
)
"""What was found out while reading that a person can check in the file."""
READINGS_SHOWN = 300
# Notes, errors and faults that the form settles by a town or keeper of all rows.
OF_ALL_ROWS = {
    "place_town_named",
    "ledger_keeper_named",
    "ledger_keeper_towns",
    "ledger_keeper_most",
    "ledger_address_unfound",
    "address_unmatched",
    "address_ambiguous",
    "owner_outside",
    "owner_code_value",
}
# Until another file comes, or one inside is chosen, there are no columns.
NOTHING_TO_CORRECT = (
    "desk_shapefile_parts",
    "ledger_zip_choice",
    "ledger_empty",
    "ledger_unreadable",
    "ledger_zip_bomb",
    "ledger_zip_double",
    "ledger_zip_locked",
    "ledger_zip_many",
    "ledger_zip_nested",
    "ledger_zip_too_large",
    "ledger_too_large",
    "ledger_is_folder",
)
MAY_SHARE = ("", "yes", "no")


def show(file: Brought, place: Region) -> None:
    """Show what is known of a file, a tab each."""
    st.html(f'<h3 class="gm-title">{html.escape(file.name)}</h3>')
    show_choice(file)
    if file.use_error is not None:
        session.show_error(file.use_error)
    if file.error is not None:
        session.show_error(file.error)
        if file.error.key in OF_ALL_ROWS:
            st.info(tr("data.all_rows_hint"))
        if file.delivery is not None:
            st.info(tr("data.earlier_kept"))
    if file.delivery is None:
        if file.look is not None:
            st.dataframe(file.look.first_rows, height="content", alt=tr("data.part.columns"))
        if file.error is None or file.error.key not in NOTHING_TO_CORRECT:
            show_form(file, place)
        return
    delivery = file.delivery
    shown: dict[str, Callable[[], None]] = {
        "columns": lambda: _columns(file, delivery, place),
        "faults": lambda: _faults(file, delivery),
        "map": lambda: show_file_map(file, delivery, place),
        "result": lambda: _result(delivery, place),
        "readings": lambda: _readings(delivery),
        "answers": lambda: _answers(file),
    }
    numbers = {
        "faults": len(_faulty(file, delivery).rejects),
        "readings": told_of(delivery).counts["readings"],
    }
    labels = [tr(f"data.part.{name}") for name in TABS]
    tabs = st.tabs(labels, key=f"data_parts_{session.lang()}", on_change="rerun")
    for name, tab in zip(TABS, tabs, strict=True):
        if tab.open:
            with tab:
                if numbers.get(name) == 0:
                    st.info(tr(f"data.none.{name}"))
                shown[name]()


def _columns(file: Brought, delivery: Delivery, place: Region) -> None:
    """Show the first rows as they were understood, then the form that corrects it."""
    show_first_rows(delivery)
    show_form(file, place)


# -- faults -------------------------------------------------------------------------------------------------


def _faulty(file: Brought, delivery: Delivery) -> Delivery:
    """Return a delivery with the faults that came up beside the other files, without what is nobody's fault."""
    rejects, rows = delivery.rejects, delivery.fault_rows
    more = planned_faults(file)
    if more is not None:
        rejects = pd.concat([rejects, more], ignore_index=True)
        rows = pd.concat([rows, _rows_of(delivery, more)]).sort_index()
    is_plain = rejects["rule"].isin(PLAIN_RULES)
    return dataclasses.replace(delivery, rejects=rejects[~is_plain], fault_rows=rows)


def _rows_of(delivery: Delivery, faults: pd.DataFrame) -> pd.DataFrame:
    """Return rows that had no fault of their own under the file's columns, as far as what was taken says them."""
    numbers = pd.to_numeric(delivery.assets["source"].str.rpartition("#")[2], errors="coerce")
    wanted = set(faults["row"].dropna()) - set(delivery.fault_rows.index)
    taken = delivery.assets[numbers.isin(wanted).to_numpy()]
    rows = pd.DataFrame(
        "", index=numbers[numbers.isin(wanted)].astype("int64"), columns=list(delivery.fault_rows.columns)
    )
    for ours in ("asset_id", "name"):
        theirs = [name for name in delivery.profile.columns.get(ours, ()) if name in rows.columns]
        if theirs:
            rows[theirs[0]] = taken[ours].fillna("").astype("str").to_numpy()
    return rows[~rows.index.duplicated()].head(FAULT_ROWS_KEPT)


def _faults(file: Brought, delivery: Delivery) -> None:
    """Show the faults by kind, with what to do and the first rows of each, and offer the workbook to send back."""
    for sentence in plain_notes(delivery):
        st.caption(sentence)
    for sentence in (*dead_notes(delivery), planned_words(file)):
        if sentence:
            st.warning(sentence)
    if set(delivery.rejects["rule"]) & OF_ALL_ROWS:
        st.info(tr("data.all_rows_hint"))
    delivery = _faulty(file, delivery)
    kinds = fault_kinds(delivery.rejects)
    if kinds.empty:
        return
    lang = session.lang()
    st.download_button(
        tr("data.send_back"),
        # Made when it is asked for: a ledger that is wrong throughout takes seconds.
        lambda: faults_xlsx(delivery, lang),
        file_name=f"{file.name.rsplit('.', 1)[0]}_{tr('data.send_back_name')}.xlsx",
        mime=XLSX,
        on_click="ignore",
        key=f"faults_{file.serial}",
        type="primary",
        help=tr("data.send_back_help"),
    )
    for kind in kinds.itertuples():
        with st.container(border=True):
            column = column_word(delivery, kind.column, lang) if kind.column else ""
            outcome = html.escape(tr(f"faults.outcome.{kind.outcome}"))
            st.html(
                f'<p class="gm-file"><span class="gm-badge gm-badge-{kind.outcome}">{outcome}</span> '
                f"<b>{html.escape(word('fault', kind.rule, lang))}</b> "
                f"{html.escape(tr('data.rows', count=words.count(kind.rows)))} "
                f'<span class="gm-quiet">{html.escape(column)}</span></p>'
                f'<p class="gm-next">{html.escape(advice(kind.advice_key, lang))}</p>'
            )
            st.html(_first_rows_of(delivery, kind.rule, kind.column))


def _first_rows_of(delivery: Delivery, rule: str, column: str) -> str:
    rejects = delivery.rejects
    found = rejects[(rejects["rule"] == rule) & (rejects["column"].fillna("") == column)]
    names = _names(delivery)
    rows = [
        [
            "" if pd.isna(row.row) else str(int(row.row)),
            names.get(row.row, ""),
            "" if pd.isna(row.value) else str(row.value),
            "" if pd.isna(row.became) else str(row.became),
        ]
        for row in found.sort_values("row").head(ROWS_OF_A_KIND).itertuples()
    ]
    heads = [tr(f"faults.head.{name}") for name in ("row", "name", "value", "became")]
    shown = [at for at in range(len(heads)) if at == 0 or any(row[at] for row in rows)]
    return html_table(
        [heads[at] for at in shown], [[row[at] for at in shown] for row in rows], left=range(1, len(shown))
    )


def _names(delivery: Delivery) -> dict[int, str]:
    """Return what the ledger calls each row that has a fault."""
    theirs = [
        name for name in delivery.profile.columns.get("name", ()) if name in delivery.fault_rows.columns
    ]
    return delivery.fault_rows[theirs[0]].fillna("").astype("str").to_dict() if theirs else {}


# -- what came of it ----------------------------------------------------------------------------------------


def _result(delivery: Delivery, place: Region) -> None:
    """Show what was taken by sector and town, and what the reader must know."""
    lang = session.lang()
    if len(delivery.assets):
        st.html(_by_sector_and_town(delivery.assets, place))
        _positions(delivery.assets)
    for name, table in (
        ("roads", delivery.roads),
        ("conditions", delivery.conditions),
        ("statistics", delivery.statistics),
        ("reference", delivery.reference),
    ):
        if table is not None:
            st.markdown(tr(f"data.result.{name}", count=words.count(len(table))))
            plain = pd.DataFrame(table).drop(columns="geometry", errors="ignore").head(20)
            st.dataframe(plain, hide_index=name != "statistics", height="content")
    for note in delivery.notes:
        st.markdown("- " + note_sentence(note, lang))
    if any(note.key in OF_ALL_ROWS for note in delivery.notes):
        st.info(tr("data.all_rows_hint"))
    given = {key: delivery.told.get(key) for key in TOLD} | {"sha256": delivery.sha256}
    told = [[tr(f"data.told.{key}"), _told_text(value)] for key, value in given.items() if value]
    head = [tr("region.item"), tr("region.value")]
    st.html(heading(tr("data.told_about")) + html_table(head, told, left=(1,)))


def _told_text(value: object) -> str:
    if isinstance(value, bool):
        return tr("word.yes" if value else "word.no")
    if isinstance(value, list | tuple):
        return tr("word.list_sep").join(map(str, value))
    return str(value)


def _by_sector_and_town(assets: gpd.GeoDataFrame, place: Region) -> str:
    """Return the numbers taken, a row a town and a column a sector."""
    table = pd.crosstab(assets["muni_code"], assets["sector"])
    sectors = [sector for sector in i18n.catalogue("en") if sector.removeprefix("sector.") in table.columns]
    names = [sector.removeprefix("sector.") for sector in sectors if sector.startswith("sector.")]
    rows = [
        [place.name_of(str(code), session.lang()), *(words.count(row[name]) for name in names)]
        for code, row in table.iterrows()
    ]
    rows.append([tr("data.sum"), *(words.count(table[name].sum()) for name in names)])
    head = [tr("body.name"), *(words.heading(tr(f"sector.{name}")) for name in names)]
    return html_table(head, rows, caption=tr("data.result.by_town"))


def _positions(assets: gpd.GeoDataFrame) -> None:
    """Say how many stand where the ledger says, and how many only at the point of their settlement."""
    if "position" not in assets.columns:
        return
    kinds = assets["position"].fillna("ledger").value_counts()
    told = [tr(f"data.position.{kind}", count=words.count(number)) for kind, number in kinds.items() if kind]
    st.caption(tr("data.position.lead") + tr("word.list_sep").join(told))


def _readings(delivery: Delivery) -> None:
    """Show how cells were read where that was not their plain value."""
    readings = delivery.readings
    if readings.empty:
        return
    lang, known = session.lang(), i18n.catalogue(session.lang())
    table = readings.sort_values(["rows", "first_row"], ascending=[False, True]).head(READINGS_SHOWN)
    rows = [
        [
            column_word(delivery, str(row.column), lang),
            str(row.value),
            str(row.became),
            known.get(f"reading.{row.reading}", str(row.reading)),
            words.count(row.rows),
            words.count(row.first_row),
        ]
        for row in table.itertuples()
    ]
    head = [
        tr(f"faults.head.{name}") for name in ("column", "value", "became", "reading", "rows", "first_row")
    ]
    if len(readings) > len(rows):
        st.caption(tr("data.readings_cut", shown=words.count(len(rows)), total=words.count(len(readings))))
    st.html(html_table(head, rows, left=(1, 2, 3)))


# -- who answers --------------------------------------------------------------------------------------------


def _answers(file: Brought) -> None:
    """Ask who answers for the data; it goes with the file into readiness and into its profile."""
    known = file.used_profile.answers
    st.caption(tr("data.answers.lead"))
    with st.form(f"answers_{file.serial}_{file.version}", border=False):
        left, right = st.columns(2)
        owner = left.text_input(
            tr("data.answers.owner"), known.owner, placeholder=tr("data.answers.owner_like")
        )
        date = right.text_input(tr("data.answers.date"), known.date, placeholder=tr("data.answers.date_like"))
        licence = left.text_input(
            tr("data.answers.licence"), known.licence, placeholder=tr("data.answers.licence_like")
        )
        credit = right.text_input(tr("data.answers.credit"), known.credit)
        may_share = st.radio(
            tr("data.answers.may_share"),
            MAY_SHARE,
            index=MAY_SHARE.index(known.may_share) if known.may_share in MAY_SHARE else 0,
            format_func={v: tr(f"data.answers.may_share_{v or 'unsaid'}") for v in MAY_SHARE}.__getitem__,
            horizontal=True,
        )
        if st.form_submit_button(tr("data.answers.keep"), type="primary"):
            answer(file, Answers(owner.strip(), licence.strip(), credit.strip(), date.strip(), may_share))
            st.toast(tr("data.answers.kept"))
