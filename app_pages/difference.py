"""比べる, at the top: any two plans beside each other on linked maps, and every figure with its change."""

from __future__ import annotations

import html
import secrets
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar, cast

import streamlit as st

from app_pages import plan_map, session, words
from app_pages.data import ground_key
from app_pages.difference_choices import Choice, choices
from app_pages.difference_map import change_layers, marked_layer, side_layers
from app_pages.difference_tables import (
    Shown,
    Two,
    bundle_table,
    town_table,
    unit_table,
    whole_table,
)
from app_pages.map_view import show_map
from app_pages.plan_map import View
from app_pages.studying import current_plan, plan_key
from gunmane.errors import GunmaneError
from gunmane.exports.members import safe_text
from gunmane.exports.studies.tables import csv_bytes
from gunmane.maps import Link
from gunmane.municipalities import file_stem
from gunmane.scenario import Plan
from gunmane.workbench.difference import difference

T = TypeVar("T")
SIDES = ("before", "after")
STARTS = ("today", "current")
MODES = ("side", "change")
TABLES = ("whole", "bundles", "towns", "units")
# Two maps and the table below them fit on one screen, so that a pressed row is seen on the maps.
MAP_HEIGHT = 300
CHANGE_MAP_HEIGHT = 480
CHOICE_WIDTH = 400
ROW_HEIGHT = 36
TABLE_HEIGHT = 330
HELD = 4
_LINK, _FOCUS, _HELD = "_difference_link", "_difference_focus", "_difference_held"


@st.fragment
def show_two_plans() -> None:
    """Show the choice of two plans and what is different; a choice here runs this block alone again."""
    with session.page_guard():
        _show()


def _show() -> None:
    tr = session.tr
    current = current_plan()
    listed, can_list = choices(current)
    chosen = _choose(listed, current.scenario.region_id)
    if not can_list:
        st.caption(tr("difference.no_saved"))
    with st.spinner(tr("app.working")):
        plans = [
            _loaded(choice, listed, start, current) for choice, start in zip(chosen, STARTS, strict=True)
        ]
        if plan_key(plans[0][1]) == plan_key(plans[1][1]):
            st.info(tr("difference.same_plan"))
        two = _two(plans)
    mode = st.session_state.get("difference_mode") or MODES[0]
    if mode == "side":
        _side_by_side(two)
        _tables(two)
        return
    left, right = st.columns([6, 5], gap="small")
    with left:
        _change_map(two)
    with right:
        _tables(two)


# -- which two ------------------------------------------------------------------------------------------------


def _choose(listed: dict[str, Choice], region_id: str) -> list[Choice]:
    """Show the two lists, the button that swaps them and what the map shows; return what is chosen."""
    tr = session.tr
    keys = [f"difference_{side}_{region_id}" for side in SIDES]
    gone = []
    for key, start in zip(keys, STARTS, strict=True):
        if st.session_state.get(key, start) not in listed:
            st.session_state[key] = start
            gone.append(listed[start].label)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        _choose_side(listed, SIDES[0], keys[0], STARTS[0])
        st.button(tr("difference.swap"), key="difference_swap", on_click=_swap, args=(keys,))
        _choose_side(listed, SIDES[1], keys[1], STARTS[1])
        st.segmented_control(
            tr("difference.show"),
            list(MODES),
            default=MODES[0],
            format_func=lambda mode: tr(f"difference.mode.{mode}") if mode in MODES else str(mode),
            key="difference_mode",
            required=True,
        )
    if gone:
        st.warning(tr("difference.gone", name=tr("word.list_sep").join(gone)))
    return [listed[st.session_state[key]] for key in keys]


def _choose_side(listed: dict[str, Choice], side: str, key: str, start: str) -> None:
    st.session_state.setdefault(key, start)
    st.selectbox(
        session.tr(f"difference.{side}"),
        list(listed),
        format_func=lambda name: listed[name].label if name in listed else str(name),
        key=key,
        placeholder=session.tr("group.choose"),
        width=CHOICE_WIDTH,
    )


def _swap(keys: list[str]) -> None:
    one, other = (st.session_state.get(key) for key in keys)
    st.session_state[keys[0]], st.session_state[keys[1]] = other, one


def _loaded(choice: Choice, listed: dict[str, Choice], start: str, current: Plan) -> tuple[Choice, Plan]:
    """Return the plan of a choice; where it cannot be opened or compared, that is said and the usual one is shown."""
    usual = listed[start]
    try:
        plan = choice.load()
    except GunmaneError as fault:
        if choice.key == usual.key:
            raise
        session.show_error(fault)
        return usual, usual.load()
    if plan.scenario.layer == current.scenario.layer:
        return choice, plan
    layer = session.tr(f"layer.{plan.scenario.layer}")
    st.warning(session.tr("difference.other_layer", name=choice.label, layer=layer, kept=usual.label))
    return usual, usual.load()


def _two(plans: list[tuple[Choice, Plan]]) -> Two:
    (one, before), (other, after) = plans
    made = _held("two", (plan_key(before), plan_key(after)), lambda: difference(before, after))
    return Two(before, after, (one.label, other.label), (one.is_today, other.is_today), made)


def _held(kind: str, key: Hashable, make: Callable[[], T]) -> T:
    """Return what this session alone holds of a comparison, made once while its plans stay."""
    shelf: dict[Any, Any] = st.session_state.setdefault(_HELD, {}).setdefault(kind, {})
    whole = (ground_key(), key)
    if whole not in shelf:
        shelf[whole] = make()
        while len(shelf) > HELD:
            shelf.pop(next(iter(shelf)))
    return cast(T, shelf[whole])


def _moved_lines(two: Two) -> list[str]:
    """Say how much moved, and what a reader must know to read it right."""
    tr = session.tr
    lines = [_moved_words(two)]
    # A unit has one row for each area that it lies in: of its own body and field, or of all together.
    if len(two.before.assignment) != len(two.after.assignment):
        lines.append(tr("difference.other_strands"))
    if any(two.are_today):
        lines.append(tr("difference.today_names"))
    return lines


def _moved_words(two: Two) -> str:
    moved = two.made.moved
    if moved.empty:
        return session.tr("difference.none_moved")
    return session.tr(
        "difference.moved",
        count=words.count(moved["unit_id"].nunique()),
        all=words.count(len(two.after.ground.units)),
        yen=words.yen(float(moved["annual_jpy"].sum()), has_tax=False),
    )


def _view(plan: Plan, side: str) -> View:
    """Return what of a plan is drawn; where its bundles overlap, the reader chooses."""
    views = plan_map.plan_views(plan)
    if len(views) == 1:
        return views[0]
    by_key = {view.key: view for view in views}
    name = f"difference_view_{side}"
    if st.session_state.get(name) not in by_key:
        # Another plan has other fields to draw; it opens on the one with most work.
        work = plan.bundles.groupby("strand")["annual_jpy"].sum()
        st.session_state[name] = max(views, key=lambda view: float(work.reindex(view.strands).sum())).key
    key = st.selectbox(
        session.tr("compare.view", side=session.tr(f"difference.{side}")),
        list(by_key),
        format_func=lambda key: by_key[key].label if key in by_key else str(key),
        key=name,
        placeholder=session.tr("group.choose"),
        label_visibility="collapsed",
        width=300,
    )
    return by_key[key]


# -- maps -----------------------------------------------------------------------------------------------------


def _side_by_side(two: Two) -> None:
    """Show both plans; what is done in one map is done in the other."""
    region = two.after.ground.region
    name = st.session_state.setdefault(_LINK, secrets.token_hex(8))
    marked = _held("marked", (*_keys(two), session.lang()), lambda: marked_layer(two))
    columns = st.columns(2, gap="small")
    # Both views first: the colours of one side follow from those of the other.
    views = _views(two, columns)
    key = (*_keys(two), views[0].key, views[1].key, session.lang())
    sides = _held("sides", (*key, *_titles(two)), lambda: side_layers(two, views))
    for column, layers, side in zip(columns, sides, SIDES, strict=True):
        with column:
            base = plan_map.region_map(
                region, view_name=f"{region.region_id}.compare", link=Link(name, is_first=side == SIDES[0])
            )
            # Above the borders of municipalities, which it often runs along.
            base.above = [*base.above, *marked]
            show_map(
                base,
                layers,
                key=f"difference_map_{side}_{region.region_id}_{session.lang()}",
                height=MAP_HEIGHT,
                focus=_focus(),
            )


def _views(two: Two, places: Sequence[Any]) -> tuple[View, View]:
    """Show the name of each plan in its place, and beside it the choice of what is drawn; return what is."""
    views = []
    for plan, side, name, place in zip((two.before, two.after), SIDES, two.names, places, strict=True):
        with place.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.html(side_title(name), width="content")
            views.append(_view(plan, side))
    return views[0], views[1]


def _titles(two: Two) -> tuple[Hashable, Hashable]:
    before, after = (tuple(plan.titles.items()) for plan in (two.before, two.after))
    return before, after


def side_title(name: str) -> str:
    """Return the name of a plan as the title of its map; names of saved plans are a user's text."""
    return f'<p style="margin:0;font-weight:600">{html.escape(name)}</p>'


def _change_map(two: Two) -> None:
    region = two.after.ground.region
    views = _views(two, st.columns(2, gap="small"))
    key = (*_keys(two), *_titles(two), views[0].key, views[1].key, session.lang())
    show_map(
        plan_map.region_map(region, view_name=f"{region.region_id}.compare"),
        _held("layers", key, lambda: change_layers(two, views)),
        key=f"difference_map_{region.region_id}_{session.lang()}",
        height=CHANGE_MAP_HEIGHT,
        focus=_focus(),
    )


def _keys(two: Two) -> tuple[Hashable, Hashable]:
    return plan_key(two.before), plan_key(two.after)


def _focus() -> tuple[str, tuple[str, ...], int] | None:
    """Return what the maps go to: the units behind the cell that was pressed last."""
    units, number = st.session_state.get(_FOCUS, ((), 0))
    return ("unit", units, number) if units else None


# -- tables ---------------------------------------------------------------------------------------------------


def _tables(two: Two) -> None:
    tr = session.tr
    st.html("".join(f'<p style="margin:0">{html.escape(line)}</p>' for line in _moved_lines(two)))
    name = st.segmented_control(
        tr("difference.tables"),
        list(TABLES),
        default=TABLES[0],
        format_func=lambda name: tr(f"difference.table.{name}") if name in TABLES else str(name),
        key="difference_table",
        required=True,
        label_visibility="collapsed",
    )
    wanted = ""
    if name == "units" and len(two.made.moved):
        wanted = st.text_input(tr("difference.filter"), key="difference_filter", max_chars=60).strip()
    shown = _shown(two, str(name or TABLES[0]), wanted)
    if name == "units" and wanted:
        st.caption(
            tr("difference.found", all=words.count(len(two.made.moved)), count=words.count(len(shown.table)))
        )
    _show_table(shown, key=f"difference_{name}_{abs(hash((_keys(two), wanted, session.lang())))}")
    _offer_csv(shown, str(name))
    st.caption(tr("difference.focus_help") + tr("difference.pairing") + tr("difference.not_ranked"))


def _shown(two: Two, name: str, wanted: str) -> Shown:
    make = {
        "whole": lambda: whole_table(two),
        "bundles": lambda: bundle_table(two),
        "towns": lambda: town_table(two),
        "units": lambda: unit_table(two, wanted),
    }[name]
    return _held("tables", (*_keys(two), *_titles(two), two.names, name, wanted, session.lang()), make)


def _show_table(shown: Shown, *, key: str) -> None:
    """Show a table of which any cell can be pressed; the maps then go to the units behind its row."""
    st.dataframe(
        shown.table,
        hide_index=True,
        on_select=lambda: _take_cell(shown, key),
        selection_mode="single-cell",
        row_height=ROW_HEIGHT,
        height=min(ROW_HEIGHT * (len(shown.table) + 1) + 4, TABLE_HEIGHT),
        column_config={
            name: st.column_config.NumberColumn(format="localized")
            for name in shown.table.select_dtypes("number").columns
        },
        key=key,
    )


def _take_cell(shown: Shown, key: str) -> None:
    """Keep the units behind the pressed cell; the row comes from a browser and is looked up."""
    cells = st.session_state[key]["selection"]["cells"]
    row = int(cells[0][0]) if cells else -1
    units = shown.units[row] if 0 <= row < len(shown.units) else ()
    _, number = st.session_state.get(_FOCUS, ((), 0))
    st.session_state[_FOCUS] = (units, number + 1)


def _offer_csv(shown: Shown, name: str) -> None:
    st.download_button(
        session.tr("difference.csv"),
        lambda: table_bytes(shown),
        file_name=f"{file_stem(str(session.region_id()))}_difference_{name}.csv",
        mime="text/csv",
        on_click="ignore",
        key=f"difference_csv_{name}",
    )


def table_bytes(shown: Shown) -> bytes:
    """Return a table as a CSV file; names of saved plans stand in its head and must be no formulas either."""
    return csv_bytes(shown.table.rename(columns=safe_text))
