"""はじめに: Japan with the 11 regions, a card each, and the way in."""

from __future__ import annotations

from html import escape

import geopandas as gpd
import pandas as pd
import streamlit as st

from app_pages import own_region, session, words
from app_pages.map_view import show_map
from app_pages.session import tr
from gunmane import maps, summaries
from gunmane.municipalities import load_japan

MAP_HEIGHT = 570
OPENING = (130.3, 33.5, 144.2, 43.2)
"""West, south, east, north of what the map shows first: all regions, as large as they fit."""
LAND = maps.Style(colour="#B9C0BC", weight=0.8, fill="#FBFAF5")
MARKS = {"wide_area": "●", "multi_sector": "◆", "both": "★"}


def show() -> None:
    """Show the page."""
    session.header("start")
    cards = summaries.region_cards()
    st.html(f'<h2 class="gm-title">{tr("start.title")} <small>{tr("start.lead")}</small></h2>')
    left, right = st.columns([6, 4], gap="medium")
    with left:
        clicked = _map(cards)
    with right, st.container(height=MAP_HEIGHT, border=False, key="cards"):
        own_region.show_form()
        _own_data()
        _card_list(cards, clicked or session.region_id())
        st.caption(tr("start.figures_note"))


def _map(cards: gpd.GeoDataFrame) -> str | None:
    """Show Japan; return the region whose mark was clicked."""
    points = cards[["kind", cards.geometry.name]].assign(
        name=[tr(f"region_short.{code}") for code in cards.index],
        tip=[_tip(row) for _, row in cards.iterrows()],
    )
    base = _base(session.lang())
    chosen = session.region_id()
    # A region of the user's own has no mark on the map.
    chosen = chosen if chosen in cards.index else None
    picked = show_map(
        base,
        maps.overview_layers(points, lang=session.lang()),
        key=f"japan_{session.lang()}",
        height=MAP_HEIGHT,
        selected=None if chosen is None else ("region", chosen),
    )
    if picked is None or picked.kind != "region" or picked.id not in cards.index:
        return None
    return picked.id


def _base(lang: str) -> maps.GunmaneMap:
    base = maps.GunmaneMap(OPENING, view_name="japan")
    prefectures = load_japan()
    frame = prefectures[[prefectures.geometry.name]].assign(id=prefectures["pref_code"], style=0)
    base.below = [maps.LayerSpec("japan", "", "", frame, (LAND,), is_switchable=False)]
    base.sources = (tr("source.borders"),)
    base.lang = lang
    return base


def _name(row: pd.Series) -> str:
    return str(row["name_ja" if session.lang() == "ja" else "name_en"])


def _tip(row: pd.Series) -> str:
    return tr(
        "start.tip",
        name=_name(row),
        kind=tr(f"kind.{row['kind']}"),
        bodies=row["body_count"],
        population=words.count(row["population"]),
        bridges=words.count(row["bridges_inspected"]),
    )


def _card_list(cards: gpd.GeoDataFrame, chosen: str | None) -> None:
    """Show a card a region, the chosen one first."""
    order = list(cards.index)
    if chosen in order:
        order.remove(chosen)
        order.insert(0, chosen)
    st.markdown(f"**{tr('start.cards')}** {tr('start.map_hint')}")
    for region_id in order:
        with st.container(border=True, key=f"card_{region_id}"):
            _card(region_id, cards.loc[region_id], is_chosen=region_id == chosen)


def _card(region_id: str, row: pd.Series, *, is_chosen: bool) -> None:
    name = words.heading(tr(f"kind.{row['kind']}"))
    kind = f'<span class="gm-kind gm-{row["kind"]}">{MARKS[row["kind"]]}</span> {name}'
    if row["direction"]:
        kind += " / " + tr("direction." + row["direction"])
    figures = "".join(
        f"<div><dt>{tr('start.' + key)}</dt><dd>{escape(value)}</dd></div>" for key, value in _figures(row)
    )
    title, button = st.columns([7, 3], vertical_alignment="center", wrap=False)
    title.html(f'<div class="gm-card"><h3>{escape(_name(row))}</h3><p class="gm-kindline">{kind}</p></div>')
    if button.button(
        tr("start.open"),
        key=f"open_{region_id}",
        type="primary" if is_chosen else "secondary",
        help=tr("start.open_named", name=_name(row)),
        width="stretch",
    ):
        session.go("region", region_id)
    st.html(
        f'<div class="gm-card"><dl>{figures}</dl>{_unknown_bridges(row)}{_decided(region_id)}'
        f"<p><b>{tr('start.data')}</b> {tr(_data_word(region_id))}</p></div>"
    )


def _figures(row: pd.Series) -> list[tuple[str, str]]:
    return [
        ("bodies", tr("start.bodies_value", count=row["body_count"])),
        ("population", tr("start.people_value", count=words.count(row["population"]))),
        ("roads", words.kilometres(row["road_length_m"])),
        ("bridges", tr("start.bridges_value", count=words.count(row["bridges_inspected"]))),
        ("bridges_bad", tr("start.bridges_value", count=words.count(row["bridges_grade_3_4"]))),
    ]


def _unknown_bridges(row: pd.Series) -> str:
    if not row["bridges_unknown"]:
        return ""
    return f'<p class="gm-quiet">{tr("start.bridges_unknown", count=row["bridges_unknown"])}</p>'


def _decided(region_id: str) -> str:
    """Return what the region undertakes, each with its stage and the ground it stands on."""
    parts = []
    for row in summaries.decisions(region_id).itertuples():
        title = tr(f"stage.{row.stage}")
        sentence = escape(tr(f"decision.{region_id}_{row.number}"))
        ground = f'<span class="gm-quiet">[{row.confidence}: {tr(f"confidence.{row.confidence}")}]</span>'
        name = "gm-inference" if row.is_inference else "gm-decided"
        parts.append(f'<p class="{name}"><b>{title}</b> {sentence} {ground}</p>')
    return "".join(parts)


def _data_word(region_id: str) -> str:
    has_own = region_id in st.session_state.get("_own", {})
    return "start.data_own" if has_own else "start.data_sample"


def _own_data() -> None:
    wants = bool(st.session_state.get("_wants_upload"))
    with st.expander(f"**{tr('start.own_data')}**", key="own_data", expanded=wants):
        st.markdown(tr("start.own_data_help"))
        if st.button(tr("start.own_data"), key="own_data_button"):
            st.session_state["_wants_upload"] = wants = True
            if session.region_id() is not None:
                session.go("data")
        if wants:
            st.info(tr("start.own_data_choose"))


with session.page_guard():
    show()
