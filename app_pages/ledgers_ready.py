"""Beside the files of データ: how ready the region's data is, and templates to fill in."""

from __future__ import annotations

import dataclasses
import html

import pandas as pd
import streamlit as st

from app_pages import session, words
from app_pages.ledgers_desk import brought
from app_pages.session import tr
from app_pages.tables import Cell, html_table
from gunmane import schema
from gunmane.exports.templates import TEMPLATES, template_xlsx
from gunmane.ledgers.profiles import Answers
from gunmane.municipalities import Region, file_stem, find_region
from gunmane.readiness import readiness
from gunmane.scenario import Ground

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ACROSS = 4
# Sample rows are drawn, so that how complete they are says nothing of the ledger.
SAMPLE_SAYS_NOTHING = ("–", "–", "–")
COLUMNS = ("sector", "state", "assets", "complete", "dated", "position", "terms", "official")


def show_readiness(place: Region) -> None:
    """Show a row a body and sector: real or sample, how complete, how old, shared or not, beside official counts."""
    ground = session.ground()
    table = readiness(ground.assets, _answers(ground), place)
    st.markdown(tr("ready.lead"))
    st.html(_summary(table))
    bodies = list(dict.fromkeys(table.index.get_level_values("owner_code")))
    named = {"": tr("ready.every_body")} | {code: place.name_of(code, session.lang()) for code in bodies}
    choice = st.selectbox(
        tr("ready.body"),
        list(named),
        format_func=named.__getitem__,
        key=f"ready_body_{place.region_id}",
        width=390,
    )
    shown = table if not choice else table.loc[[choice]]
    st.html(_ready_table(shown[shown["state"] != "none"], place))
    st.html(_missing(shown[shown["state"] == "none"], place))
    st.caption(tr("ready.note"))


def _answers(ground: Ground) -> dict[str, Answers]:
    """Return who answers for each file in use: as said when it was planned with, or since."""
    names = [field.name for field in dataclasses.fields(Answers)]
    said = {
        str(card["file"]): Answers(**{name: str(card.get(name, "")) for name in names})
        for card in ground.provenance.get("sources", ())
    }
    return said | {file.name: file.used_profile.answers for file in brought() if file.name in said}


def _summary(table: pd.DataFrame) -> str:
    """Return a card a sector: bodies whose data is real, and how many rows."""
    cards = []
    for sector in schema.SECTORS:
        rows = table.xs(sector, level="sector")
        real = int(rows["state"].isin(["real", "mixed"]).sum())
        held = rows.loc[rows["assets"] > 0, "state"]
        kinds = set(held)
        kind = kinds.pop() if len(kinds) == 1 else "mixed" if kinds else "none"
        told = tr("ready.card", real=real, bodies=len(rows), assets=words.count(rows["assets"].sum()))
        cards.append(
            f'<div class="gm-tile"><dt>{html.escape(words.heading(tr(f"sector.{sector}")))} '
            f"{_badge(kind)}</dt><dd><small>{html.escape(told)}</small></dd></div>"
        )
    return f'<dl class="gm-tiles gm-ready">{"".join(cards)}</dl>'


def _badge(kind: str) -> str:
    return f'<span class="gm-badge gm-badge-{kind}">{html.escape(tr(f"data.badge.{kind}"))}</span>'


def _ready_table(table: pd.DataFrame, place: Region) -> str:
    lang = session.lang()
    rows: list[list[str | Cell]] = []
    for (code, sector), row in table.iterrows():
        body = place.name_of(str(code), lang)
        rows.append(
            [
                body,
                words.heading(tr(f"sector.{sector}")),
                Cell("", tr(f"data.badge.{row['state']}"), f"badge gm-badge-{row['state']}"),
                words.count(row["assets"]),
                *(
                    SAMPLE_SAYS_NOTHING
                    if row["state"] == "sample"
                    else (_complete(row), _dated(row), _positions(row))
                ),
                _terms(row),
                _beside_official(str(sector), row),
            ]
        )
    head = [tr("body.name"), *(tr(f"ready.head.{name}") for name in COLUMNS)]
    return html_table(head, rows, left=(1, 2, 4, 5, 6, 7, 8))


def _complete(row: pd.Series) -> Cell:
    """Return counts of what is known, each beside the number it is a part of."""
    total = words.count(row["assets"])
    told = {name: words.count(row[f"with_{name}"]) for name in ("size", "condition", "year")}
    return Cell(tr("ready.complete", total=total, **told))


def _dated(row: pd.Series) -> str:
    parts = [row["dates"]] if row["dates"] else []
    if pd.notna(row["newest_inspected_year"]):
        parts.append(tr("ready.newest", year=int(row["newest_inspected_year"])))
    return tr("word.list_sep").join(parts) or tr("ready.unsaid")


def _positions(row: pd.Series) -> str:
    parts = [
        tr(f"data.position.{name}", count=words.count(row[f"at_{name}"]))
        for name in schema.POSITIONS
        if row[f"at_{name}"]
    ]
    return tr("word.list_sep").join(parts)


def _terms(row: pd.Series) -> str:
    """Return licence and whether the other members may see it, of real rows only."""
    if not row["files"]:
        return "–"
    shared = [tr(f"data.answers.may_share_{word}") for word in row["may_share"].split("; ") if word]
    if row["silent_files"]:
        shared.append(tr("ready.silent", count=row["silent_files"]))
    return tr("word.list_sep").join([row["licences"] or tr("ready.no_licence"), *shared])


def _beside_official(sector: str, row: pd.Series) -> str:
    if sector not in ("bridge", "road", "park"):
        return "–"
    measure = {"bridge": words.count, "road": words.kilometres, "park": _hectares}[sector]
    return tr("ready.official", ours=measure(row["ours"]), official=measure(row["official"]))


def _hectares(area_m2: float) -> str:
    return words.no_record() if words.is_missing(area_m2) else f"{float(area_m2) / 10_000:,.1f} ha"


def _missing(table: pd.DataFrame, place: Region) -> str:
    """Return what is not there at all, a line a body."""
    lines = []
    for code, rows in table.groupby(level="owner_code", sort=False):
        sectors = [words.heading(tr(f"sector.{sector}")) for sector in rows.index.get_level_values("sector")]
        name = place.name_of(str(code), session.lang())
        lines.append(
            f"<li>{html.escape(tr('ready.none', body=name, sectors=tr('word.list_sep').join(sectors)))}</li>"
        )
    return f'<ul class="gm-steps">{"".join(lines)}</ul>' if lines else ""


# -- templates ----------------------------------------------------------------------------------------------


def show_templates(place: Region) -> None:
    """Hand out an empty ledger a sector, with the codes of the region, which is read back as it is."""
    st.markdown(tr("data.templates_lead"))
    boxes = [box for _ in range(0, len(TEMPLATES), ACROSS) for box in st.columns(ACROSS)]
    for box, name in zip(boxes, TEMPLATES, strict=False):
        with box, st.container(border=True, height="stretch"):
            title = words.heading(tr(f"template.title.{name}"))
            st.html(
                f'<p class="gm-file"><b>{html.escape(title)}</b></p>'
                f'<p class="gm-quiet">{html.escape(tr(f"template.about.{name}"))}</p>'
            )
            st.download_button(
                tr("data.template_save"),
                _template(name, session.lang(), place.region_id),
                file_name=f"gunmane_{name}_{file_stem(place.region_id)}_{session.lang()}.xlsx",
                mime=XLSX,
                on_click="ignore",
                key=f"template_{name}",
                width="stretch",
            )


def totals_template(place: Region) -> None:
    """Hand out the table of totals by municipality where a region cannot be shown without it."""
    st.download_button(
        tr("own_region.save_totals"),
        _template("totals", session.lang(), place.region_id),
        file_name=f"gunmane_totals_{file_stem(place.region_id)}_{session.lang()}.xlsx",
        mime=XLSX,
        on_click="ignore",
        key="own_region_totals",
    )


@st.cache_data(show_spinner=False, max_entries=64)
def _template(name: str, lang: str, region_id: str) -> bytes:
    """Return a template; it holds nothing of anybody, so all sessions share it."""
    return template_xlsx(name, lang, find_region(region_id))
