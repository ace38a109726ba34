"""比べる, at the end: which borders of the plan stay when what it assumes changes, on a map and in a table."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import shapely
import streamlit as st

from app_pages import plan_map, session, words
from app_pages.map_view import show_map
from app_pages.plan_map import View
from app_pages.plan_titles import titled_layers
from app_pages.studying import ask_button, current_plan, is_same, plan_key
from app_pages.tables import Cell, heading, html_table
from app_pages.work import Call
from gunmane.explain import note_sentence
from gunmane.exports.studies.shapes import border_lines
from gunmane.maps import LayerSpec, LegendRow, Style
from gunmane.robustness import Firmness
from gunmane.scenario import Plan
from gunmane.studies import MOST

KIND = "firmness"
DRAWS = 50
DRAWS_STEP = 10
MAP_HEIGHT = 500
LINES_KEPT = 16
# As many as stand beside the map; the firmer ones are folded away.
ROWS_SHOWN = 9
# Outlines of neighbours agree to rounding only.
SAME_PLACE_M = 0.05
# Width and dashes say the same as the colours; blue and vermilion are told apart by every kind of sight.
STYLES = {
    "firm": Style(colour="#004A80", weight=7, halo="#FFFFFF"),
    "between": Style(colour="#4A5560", weight=4.5, dash="3 5", halo="#FFFFFF"),
    "fragile": Style(colour="#D55E00", weight=5.5, dash="12 7", halo="#FFFFFF"),
    "unknown": Style(colour="#4A5560", weight=1.5, halo="#FFFFFF"),
}


@dataclasses.dataclass(frozen=True, eq=False)
class Told:
    """
    What the draws gave, and of which plan.

    Parameters
    ----------
    plan
        The plan whose borders were asked about.
    made
        The answer.
    keeps_count
        Whether the number of bundles was held.
    """

    plan: Plan
    made: Firmness
    keeps_count: bool


def show_firmness() -> None:
    """Offer to look how firm the borders of the session's plan are; show what was found."""
    plan = current_plan()
    st.html(heading(session.tr("firm_page.title")))
    st.caption(session.tr("firm_page.about"))
    told = _asked(plan)
    if told is None:
        return
    st.markdown("\n".join(f"- {note_sentence(note, session.lang())}" for note in told.made.facts))
    if not told.made.draws or told.made.borders.empty:
        return
    view = _view(plan)
    left, right = st.columns([5, 5], gap="medium")
    with left:
        _show_map(told, view)
    with right:
        st.html(firmness_table(told, view, first=0, last=ROWS_SHOWN))
        rest = int(told.made.borders["strand"].isin(view.strands).sum()) - ROWS_SHOWN
        if rest > 0:
            with st.expander(session.tr("firm_page.more", count=words.count(rest))):
                st.html(firmness_table(told, view, first=ROWS_SHOWN))
        st.caption(session.tr("firm_page.table_note"))
    st.caption(session.tr("firm_page.honest"))


def _asked(plan: Plan) -> Told | None:
    """Return the answer that is held about a plan, or a new one after the button was pressed."""
    tr = session.tr
    row = st.container(horizontal=True, vertical_alignment="bottom")
    with row:
        draws = st.number_input(
            tr("firm_page.draws"),
            min_value=1,
            max_value=MOST["robustness"],
            value=DRAWS,
            step=DRAWS_STEP,
            key="firmness_draws",
            width=220,
            help=tr("firm_page.draws_help"),
        )
        keeps_count = st.checkbox(
            tr("firm_page.keeps_count"), key="firmness_keeps_count", help=tr("firm_page.keeps_count_help")
        )
    # One process: the cores of the server are shared by all who use it.
    inputs = {"plan": plan, "draws": int(draws), "workers": 1, "keeps_count": keeps_count}
    found: Told | None = ask_button(
        KIND,
        tr("firm_page.ask"),
        of=(plan_key(plan), int(draws), keeps_count),
        work=Call("gunmane.robustness:firmness", inputs, lambda made: Told(plan, made, keeps_count)),
        is_of=lambda held: is_same(held.plan, plan),
        row=row,
    )
    return found


def _view(plan: Plan) -> View:
    views = plan_map.plan_views(plan)
    if len(views) == 1:
        return views[0]
    by_key = {view.key: view for view in views}
    if st.session_state.get("firmness_view") not in by_key:
        st.session_state.pop("firmness_view", None)
    chosen = st.selectbox(
        session.tr("firm_page.view"),
        list(by_key),
        format_func=lambda key: by_key[key].label if key in by_key else str(key),
        key="firmness_view",
        width=420,
    )
    return by_key[chosen]


def _show_map(told: Told, view: View) -> None:
    plan, region = told.plan, told.plan.ground.region

    def make() -> LayerSpec:
        return firmness_layer(told, view)

    # Another run of the same plan gives other lines.
    key = (plan_key(plan), told.made.draws, told.made.asked, told.keeps_count, view.key, session.lang())
    lines = session.remembered("firmness_lines", key, make, max_entries=LINES_KEPT)
    base = plan_map.region_map(region, view_name=f"{region.region_id}.firmness")
    # Above the borders of municipalities, which they often run along.
    base.above = [*base.above, lines]
    show_map(
        base,
        titled_layers(plan, view),
        key=f"firmness_map_{region.region_id}_{session.lang()}",
        height=MAP_HEIGHT,
    )


def firmness_layer(told: Told, view: View) -> LayerSpec:
    """
    Return the borders of one view of a plan as lines: firm ones thick, fragile ones dashed.

    Parameters
    ----------
    told
        What the draws gave.
    view
        What of the plan is drawn.
    """
    tr = session.tr
    lines = gpd.GeoDataFrame(told.made.borders, geometry=_lines(told))
    lines = lines[lines["strand"].isin(view.strands) & ~lines.geometry.is_empty]
    names = list(STYLES)
    frame = lines[[lines.geometry.name]].assign(
        id=lines["bundle_id"].astype("str") + "/" + lines["to_bundle_id"].astype("str"),
        style=lines["verdict"].map(names.index).astype("int64"),
        tip=[_tip(row) for row in lines.to_dict("records")],
    )
    # Fragile borders lie on top: they are what a reader looks for.
    frame = frame.assign(order=lines["verdict"].eq("fragile")).sort_values("order", kind="stable")
    shown = [name for name in names if name != "unknown" or lines["verdict"].eq("unknown").any()]
    legend = tuple(LegendRow(tr(f"firmness.verdict.{name}"), STYLES[name], "line") for name in shown)
    return LayerSpec(
        "firmness",
        tr("firmness.title"),
        "",
        frame,
        tuple(STYLES.values()),
        legend,
        is_synthetic=session.is_sample(),
    )


def _lines(told: Told) -> gpd.GeoSeries:
    """Return the line along which the outlines of two bundles meet; where they do not, how roads join them."""
    edges = told.plan.bundles.geometry.boundary
    one, other = (edges.loc[told.made.borders[end]].to_numpy() for end in ("bundle_id", "to_bundle_id"))
    shared = shapely.intersection(one, shapely.buffer(other, SAME_PLACE_M, cap_style="flat"))
    whole = gpd.GeoSeries(shared, index=told.made.borders.index, crs=told.plan.bundles.crs)
    return whole.where(whole.length > 4 * SAME_PLACE_M, border_lines(told.plan, told.made))


def _tip(row: dict[str, object]) -> str:
    return session.tr("firm_page.tip", border=_border(row), share=_share(row), verdict=_verdict_words(row))


def firmness_table(told: Told, view: View, *, first: int = 0, last: int | None = None) -> str:
    """
    Return the borders of one view as a table, the least firm first.

    Parameters
    ----------
    told
        What the draws gave.
    view
        What of the plan is shown.
    first, last
        The rows to show, from 0; None shows all that follow.
    """
    tr = session.tr
    borders = told.made.borders[told.made.borders["strand"].isin(view.strands)]
    borders = borders.sort_values(["apart_share", "bundle_id", "to_bundle_id"], kind="stable").iloc[
        first:last
    ]
    head = [tr(f"firm_page.col.{name}") for name in ("border", "verdict", "apart", "whole", "same_count")]
    rows: list[list[str | Cell]] = [
        [
            Cell(_border(row), tr("firm_page.across", count=words.count(row["pair_count"])), "plain"),
            _verdict_words(row),
            Cell(words.percent(row["apart_share"]), _interval(row), "plain"),
            words.percent(row["whole_share"]),
            words.percent(row["same_count_share"]),
        ]
        for row in borders.to_dict("records")
    ]
    caption = tr("firm_page.caption", draws=words.count(told.made.draws))
    return html_table(head, rows, caption=caption, left=(1,))


def _border(row: dict[str, object]) -> str:
    return session.tr("firm_page.border", one=row["bundle_id"], other=row["to_bundle_id"])


def _share(row: dict[str, object]) -> str:
    return words.percent(float(str(row["apart_share"]))) + _interval(row)


def _interval(row: dict[str, object]) -> str:
    low, high = (f"{100 * float(str(row[end])):.0f}" for end in ("low", "high"))
    return session.tr("firm_page.interval", low=low, high=high)


def _verdict_words(row: dict[str, object]) -> str:
    said = session.tr(f"firmness.verdict.{row['verdict']}")
    return (
        said
        if row["is_sure"] or row["verdict"] in {"unknown", "between"}
        else said + session.tr("firm_page.unsure")
    )
