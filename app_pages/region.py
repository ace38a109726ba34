"""地域を見る: assets on the map, and beside it the bodies, the state of the data, today, and what is undertaken."""

from __future__ import annotations

import geopandas as gpd
import pandas as pd
import streamlit as st

from app_pages import charts, region_data, session, words
from app_pages.map_view import show_map
from app_pages.plan_map import region_map
from app_pages.reference_map import reference_layers, reference_sources
from app_pages.session import tr
from app_pages.table_files import offer_csv
from app_pages.tables import STYLE, html_table
from gunmane import maps, summaries
from gunmane.maps import LayerSpec, Style
from gunmane.municipalities import Region
from gunmane.scenario import Ground

MAP_HEIGHT = 560
LAYERS_KEPT = 12
HITS_SHOWN = 20
GRADES = (1, 2, 3, 4, 0)
HIT = Style(colour="#FFFFFF", weight=1.5, fill="#B3005E", symbol="star", radius=9, label="plate")
TABS = ("bodies", "data", "today", "decided", "load")


def show() -> None:
    """Show the page."""
    session.header("region")
    place = session.require_region()
    ground = session.ground()
    st.html(STYLE)
    left, right = st.columns([6, 4], gap="medium")
    with left:
        grades, text = _filters()
        found = summaries.find_assets(ground.assets, text, limit=HITS_SHOWN)
        chosen = _chosen_hit(found)
        clicked = _map(place, ground, grades, found, chosen)
    with right, st.container(height=MAP_HEIGHT + 60, border=False, key="region_side"):
        _title(place)
        if text.strip():
            _hit_table(place, found, text)
        picked = chosen or clicked
        if picked is not None:
            _picked_asset(ground, picked)
        _tabs(place, ground)


def _title(place: Region) -> None:
    name = place.name_ja if session.lang() == "ja" else place.name_en
    kind = tr(f"kind.{place.kind}") + (f" / {tr(f'direction.{place.direction}')}" if place.direction else "")
    title, button = st.columns([7, 3], vertical_alignment="center", wrap=False)
    title.markdown(f"### {name}\n\n{words.heading(kind)}")
    if button.button(tr("region.to_group"), type="primary", width="stretch", key="to_group"):
        session.go("group")


# -- map ----------------------------------------------------------------------------------------------------


def _filters() -> tuple[tuple[int, ...], str]:
    """Return the common conditions that the map shows (0: no record) and the name looked for."""
    with st.container(horizontal=True, vertical_alignment="bottom", key="region_filters", gap="small"):
        chosen = st.pills(
            tr("region.filter"),
            GRADES,
            selection_mode="multi",
            format_func=lambda grade: tr(f"region.grade.{grade}"),
            key="condition_filter",
        )
        text = st.text_input(
            tr("region.search"),
            key="asset_search",
            placeholder=tr("region.search"),
            label_visibility="collapsed",
            width=230,
        )
    return (tuple(sorted(chosen)) if chosen else GRADES), text


def _map(
    place: Region,
    ground: Ground,
    grades: tuple[int, ...],
    found: gpd.GeoDataFrame,
    chosen: str | None,
) -> str | None:
    """Show the map; return the id of the asset that was clicked last."""
    picked = show_map(
        region_map(place, credits_of=reference_sources(ground)),
        [*reference_layers(ground), *_layers(place, ground, grades), *_hits(found)],
        key=f"region_{place.region_id}_{session.lang()}",
        height=MAP_HEIGHT,
        selected=None if chosen is None else ("asset", chosen),
    )
    if picked is None or picked.kind not in ("asset", "place"):
        return None
    return picked.id


def _layers(place: Region, ground: Ground, grades: tuple[int, ...]) -> list[LayerSpec]:
    lang = session.lang()

    def make() -> list[LayerSpec]:
        shown = summaries.with_conditions(ground.assets, grades)
        return maps.asset_layers(shown, lang=lang, visible=tuple({"road", *place.default_sectors}))

    return session.remembered("asset_layers", (lang, grades), make, max_entries=LAYERS_KEPT)


def _hits(found: gpd.GeoDataFrame) -> list[LayerSpec]:
    """Mark what the search found."""
    if found.empty:
        return []
    places = found.set_index("asset_id")[["name", "geometry"]]
    places["label"] = places["name"] = _hit_names(found).to_numpy()
    places["geometry"] = places.geometry.representative_point()
    title = tr("region.hits", count=len(found))
    return [maps.place_layer(places, name="hits", title=title, style=HIT)]


def _hit_names(found: gpd.GeoDataFrame) -> pd.Series:
    """Return the names of assets, those of sample assets marked as such."""
    return found["name"].mask(
        found["is_synthetic"], found["name"].map(lambda name: tr("region.sample_name", name=name))
    )


def _chosen_hit(found: gpd.GeoDataFrame) -> str | None:
    """Return the id of the row that is chosen in the table of what was found."""
    chosen = st.session_state.get("hit_table", {}).get("selection", {}).get("rows", [])
    if not chosen or chosen[0] >= len(found):
        return None
    return str(found["asset_id"].iloc[chosen[0]])


def _hit_table(place: Region, found: gpd.GeoDataFrame, text: str) -> None:
    """List what the search found, or say that it found nothing."""
    if found.empty:
        st.info(tr("region.nothing_found", text=text))
        return
    table = {
        tr("asset.name"): _hit_names(found),
        tr("asset.sector"): [tr(f"sector.{sector}") for sector in found["sector"]],
        tr("asset.muni_code"): [place.name_of(code, session.lang()) for code in found["muni_code"]],
    }
    st.caption(tr("region.hits_lead", count=len(found), limit=HITS_SHOWN))
    st.dataframe(
        pd.DataFrame(table),
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="hit_table",
        height=min(35 * (len(found) + 1) + 3, 180),
    )


def _picked_asset(ground: Ground, asset_id: str) -> None:
    """Show the ledger row of an asset, every column in words."""
    rows = ground.assets[ground.assets["asset_id"] == asset_id]
    if rows.empty:
        return
    pairs = region_data.asset_words(rows.iloc[0], ground.region)
    with st.container(border=True, key="picked_asset"):
        st.html(html_table([tr("region.item"), tr("region.value")], pairs, caption=tr("region.picked")))
        st.caption(tr("region.picked_close"))


# -- beside the map -----------------------------------------------------------------------------------------


def _tabs(place: Region, ground: Ground) -> None:
    labels = [tr(f"region.tab.{name}") for name in TABS]
    key = f"region_tabs_{session.lang()}"
    if st.session_state.pop("_wants_upload", False):
        session.go("data")
    bodies, data, today, decided, load = st.tabs(labels, key=key, on_change="rerun")
    if bodies.open:
        with bodies:
            region_data.show_bodies(place)
    if data.open:
        with data:
            region_data.show_completeness(ground)
    if today.open:
        with today:
            _today(place)
    if decided.open:
        with decided:
            region_data.show_decisions(place)
    if load.open:
        with load:
            region_data.show_upload()


def _today(place: Region) -> None:
    """Show the orders of today: one a body and field, from its own town hall."""
    plan = session.today()
    lang = session.lang()
    measures_money = plan.window["measure"] == "jpy"
    st.markdown(tr("region.today_lead", layer=tr(f"layer.{plan.scenario.layer}")) + " " + tr("notice.today"))
    head = ["body", "field", "work", "hours", "farthest", "verdict"]
    rows = []
    for row in plan.bundles.itertuples():
        work = (
            words.yen(row.annual_jpy, row.annual_jpy_low, row.annual_jpy_high)
            if measures_money
            else words.structures(row.structure_count, plan.scenario.sectors)
        )
        rows.append(
            [
                tr("word.list_sep").join(place.name_of(code, lang) for code in row.owner_codes),
                tr("word.list_sep").join(tr(f"field.{field}") for field in row.fields),
                work,
                words.hours(row.travel_hours),
                words.minutes(row.farthest_min),
                tr(f"verdict.{row.window_verdict}"),
            ]
        )
    titles = {name: tr(f"region.today.{name}") for name in head}
    if not measures_money:
        titles["work"] = words.structures_name(plan.scenario.sectors)
    st.html(html_table(list(titles.values()), rows))
    offer_csv(list(titles.values()), rows, name="today", key="today_csv")
    totals = plan.totals
    st.markdown(
        tr(
            "region.today_total",
            orders=totals["order_count"],
            below=totals["below_floor"],
            borderline=totals["borderline"],
            hours=words.hours(totals["travel_hours"]),
            yen=words.yen(
                totals["annual_jpy"], totals["annual_jpy_low"], totals["annual_jpy_high"], has_tax=False
            ),
        )
    )
    st.caption(tr("region.today_note", percent=words.percent(totals["grade_e_share"])))
    charts.show_work(plan)


with session.page_guard():
    show()
