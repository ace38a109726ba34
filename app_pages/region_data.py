"""What stands beside the map of 地域を見る: bodies, completeness, undertakings, one asset's row, the user's files."""

from __future__ import annotations

import html

import pandas as pd
import streamlit as st

from app_pages import charts, session, words
from app_pages.session import tr
from app_pages.table_files import offer_csv
from app_pages.tables import html_table
from gunmane import i18n, summaries
from gunmane.explain import note_sentence
from gunmane.exports.faults import outcomes
from gunmane.exports.studies.tables import csv_bytes
from gunmane.municipalities import Region
from gunmane.scenario import Ground

MILLION = 1_000_000


# -- one asset ----------------------------------------------------------------------------------------------


def asset_words(row: pd.Series, region: Region) -> list[list[str]]:
    """Return every column of an asset's row as (what, value in words)."""
    lang = session.lang()
    grade = "0" if pd.isna(row["condition"]) else str(int(row["condition"]))
    raw = _text(row["condition_raw"])
    values = {
        "sector": tr(f"sector.{row['sector']}"),
        "subtype": _subtype(row["subtype"]),
        "name": _text(row["name"]) or words.no_record(),
        "muni_code": f"{region.name_of(row['muni_code'], lang)} ({row['muni_code']})",
        "owner_code": f"{region.name_of(row['owner_code'], lang)} ({row['owner_code']})",
        "account_class": tr(f"account.{row['account_class']}")
        if _text(row["account_class"])
        else words.no_record(),
        "built_year": words.no_record()
        if pd.isna(row["built_year"])
        else tr("word.year", year=int(row["built_year"])),
        "condition": tr(f"condition.{grade}"),
        "condition_raw": raw or words.no_record(),
        "length_m": _measure(row["length_m"], "m"),
        "width_m": _measure(row["width_m"], "m"),
        "area_m2": _measure(row["area_m2"], "m²"),
        "annual_cost_jpy": words.no_record()
        if pd.isna(row["annual_cost_jpy"])
        else words.yen(row["annual_cost_jpy"]),
        "asset_id": str(row["asset_id"]),
        "source": _text(row["source"]) or words.no_record(),
        "is_synthetic": tr("term.sample_asset") if row["is_synthetic"] else tr("region.from_ledger"),
    }
    return [[tr(f"asset.{name}"), value] for name, value in values.items()]


def _text(value: object) -> str:
    return "" if pd.isna(value) else str(value)


def _subtype(value: object) -> str:
    known = i18n.catalogue(session.lang())
    text = _text(value)
    return known.get(f"road_class.{text}") or known.get(f"subtype.{text}") or text or words.no_record()


def _measure(value: float, unit: str) -> str:
    return words.no_record() if pd.isna(value) else f"{float(value):,.1f} {unit}"


# -- bodies -------------------------------------------------------------------------------------------------


def _body_table(place: Region) -> pd.DataFrame:
    facts = summaries.body_facts(place)
    return pd.DataFrame(
        {
            "name": facts["name_ja" if session.lang() == "ja" else "name_en"],
            "population": facts["population"],
            "road_km": facts["road_length_m"] / 1000,
            "bridges": facts["bridges_inspected"],
            "bridges_bad": facts["bridges_grade_3_4"],
            "area_km2": facts["area_km2"],
            "park_ha": facts["park_area_m2"] / 10_000,
            "sewered": facts["sewered_population"],
            "spend": facts["road_bridge_spend_jpy"] / MILLION,
            "upkeep": facts["upkeep_jpy_per_km"] / 10_000,
            "role": [tr(f"role.{role}") if role else tr("region.no_role") for role in facts["role"]],
            "code": facts.index,
        }
    )


def show_bodies(place: Region) -> None:
    """Show the official figures of every body; what is not published stays "no record"."""
    table = _body_table(place)
    whole = {"name", "code", "role"}
    decimals = {"area_km2": 1, "road_km": 0, "park_ha": 1}
    config = {
        name: st.column_config.Column(tr(f"body.{name}"), pinned=name == "name")
        if name in whole
        else st.column_config.NumberColumn(
            tr(f"body.{name}"), format="%,.1f" if decimals.get(name) else "localized"
        )
        for name in table.columns
    }
    for name in table.columns.difference(list(whole)):
        table[name] = table[name].round(decimals.get(name, 0))
    st.dataframe(
        table,
        hide_index=True,
        column_config=config,
        placeholder=words.no_record(),
        height="content",
        alt=tr("region.tab.bodies"),
    )
    heads = [tr(f"body.{name}") for name in table.columns]
    plain = table.astype("object").where(table.notna(), None)
    offer_csv(heads, plain.to_numpy().tolist(), name="bodies", key="bodies_csv")
    st.caption(tr("region.bodies_note"))
    st.caption(tr("source.statistics"))


# -- completeness -------------------------------------------------------------------------------------------


def show_completeness(ground: Ground) -> None:
    """Show how complete the tables are, a row a sector, then lengths beside the official ones and what to know."""
    table = summaries.completeness(ground)
    columns = [
        "assets",
        "synthetic",
        "outside_plan",
        "without_size",
        "without_condition",
        "without_built_year",
    ]
    rows = [
        [words.heading(tr(f"sector.{sector}")), *(words.count(row[name]) for name in columns)]
        for sector, row in table.iterrows()
    ]
    head = [words.heading(tr("term.sector")), *(tr(f"complete.{name}") for name in columns)]
    st.html(html_table(head, rows, caption=tr("complete.title")))
    st.caption(tr("complete.note"))
    charts.show_conditions(ground)
    _lengths(ground)
    _rejects(ground.rejects)
    for note in ground.notes:
        st.markdown("- " + note_sentence(note, session.lang()))
    if ground.region.towns_without_place:
        st.markdown("- " + tr("complete.towns_without_place", count=ground.region.towns_without_place))


def _lengths(ground: Ground) -> None:
    lang = session.lang()
    rows = [
        [
            ground.region.name_of(str(code), lang),
            words.kilometres(row["table_m"]),
            words.kilometres(row["official_m"]),
        ]
        for code, row in summaries.lengths_beside_official(ground).iterrows()
    ]
    head = [tr("body.name"), tr("complete.table_km"), tr("complete.official_km")]
    st.html(html_table(head, rows, caption=tr("complete.lengths")))


def _rejects(rejects: pd.DataFrame) -> None:
    if rejects.empty:
        st.markdown(f"**{tr('reject.title')}**: {tr('complete.no_rejects')}")
        return
    names = ("file", "outcome", "what", "column", "value", "rows", "first_row")
    head = [tr(f"reject.{name}") for name in names]
    st.html(
        html_table(head, reject_rows(rejects, session.lang()), caption=tr("reject.title"), left=range(1, 5))
    )
    st.download_button(
        tr("reject.download"),
        csv_bytes(rejects),
        file_name="rejects.csv",
        mime="text/csv",
        on_click="ignore",
        key="rejects_csv",
    )


def reject_rows(rejects: pd.DataFrame, lang: str) -> list[list[str]]:
    """Return a row a kind of fault: file, what became of the row, why and what to do, column, example, counts."""
    known = i18n.catalogue(lang)
    keys = ["source_file", "rule", "column", "advice_key"]
    told = rejects.fillna({"column": "", "became": ""})
    first = told.assign(outcome=outcomes(told)).drop_duplicates(keys).set_index(keys)["outcome"]
    return [
        [
            row.source_file,
            known[f"faults.outcome.{first[row.source_file, row.rule, row.column, row.advice_key]}"],
            known.get(row.advice_key, row.rule),
            known.get(f"ledger_column.{row.column}", row.column),
            row.value,
            words.count(row.rows),
            words.count(row.first_row),
        ]
        for row in summaries.reject_groups(rejects).itertuples()
    ]


# -- decisions ----------------------------------------------------------------------------------------------


def show_decisions(place: Region) -> None:
    """Show what the region undertakes with stage, source and confidence; an inference is called one."""
    confidence = words.heading(tr("term.confidence"))
    for row in summaries.decisions(place.region_id).itertuples():
        title = tr(f"stage.{row.stage}")
        name = "gm-inference" if row.is_inference else "gm-decided"
        sentence = html.escape(tr(f"decision.{place.region_id}_{row.number}"))
        sources = "<br>".join(html.escape(part.strip()) for part in row.source.split(";"))
        st.html(
            f'<div class="gm-card {name}"><p><b>{title}</b> {sentence}</p>'
            f"<p>{confidence}: <b>{row.confidence}</b> ({tr(f'confidence.{row.confidence}')})</p>"
            f'<p class="gm-quiet">{tr("region.source")}: {sources}</p></div>'
        )
    lang = session.lang()
    rows = [
        [place.name_of(body.code, lang), body.code, tr(f"role.{body.role}")]
        for body in place.bodies.itertuples()
    ]
    head = [tr("body.name"), tr("body.code"), tr("body.role")]
    st.html(html_table(head, rows, caption=tr("region.roles")))
    st.caption(tr("region.decided_note"))


# -- the user's own files -----------------------------------------------------------------------------------


def show_upload() -> None:
    """Lead to the page on which files are brought; say which are in use, and go back to the sample."""
    mine = session.own()
    if mine is not None:
        names = [name for name in (mine.roads, *mine.assets) if name]
        st.success(tr("upload.in_use", files=tr("word.list_sep").join(names)))
        st.button(tr("upload.back"), key="back_to_sample", on_click=session.forget_files)
        for note in mine.ground.notes:
            st.markdown("- " + note_sentence(note, session.lang()))
    st.markdown(tr("upload.lead"))
    if st.button(tr("upload.open"), type="primary", key="to_data"):
        session.go("data")
    st.caption(tr("upload.privacy"))
