"""The left of データ: where files are dropped, a card for each, and what is in use."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app_pages import session
from app_pages.data import OwnGround, sample_part, without_totals
from app_pages.ledgers_card import card_html
from app_pages.ledgers_desk import (
    add,
    brought,
    choose,
    chosen,
    kept_profiles,
    left_in_use,
    mark_planned,
    mark_unused,
    read_again,
    remove,
    usable,
)
from app_pages.ledgers_parts import SHAPEFILE_PARTS
from app_pages.ledgers_ready import totals_template
from app_pages.session import Upload, tr
from gunmane.errors import GunmaneError
from gunmane.explain import note_sentence
from gunmane.municipalities import Region

if TYPE_CHECKING:
    from gunmane.deliveries import Delivery

TYPES = (
    "csv", "tsv", "txt", "xlsx", "xlsm", "xls", "ods", "geojson", "json", "gpkg", "parquet", "geoparquet", "fgb", "zip",
    "gml", "osm", "graphml", "pbf", "toml", *(ending.removeprefix(".") for ending in SHAPEFILE_PARTS),
)  # fmt: skip
"""Endings that the file field lets through; what a file really is, its content says."""
STEPS = ("drop", "look", "use")


# -- bringing -----------------------------------------------------------------------------------------------


def show_drop_zone() -> None:
    """Show where files are dropped; they are read at once, and the field is empty again."""
    st.file_uploader(
        tr("data.drop"),
        type=list(TYPES),
        accept_multiple_files=True,
        key=_field(),
        help=tr("data.drop_help"),
    )
    for fault in st.session_state.pop("_desk_faults", ()):
        session.show_error(fault)
    if kept_profiles():
        st.caption(tr("data.profile_waits", ledgers=tr("word.list_sep").join(kept_profiles())))
    st.caption(tr("upload.privacy"))


def _field() -> str:
    """Return the key of the file field: another one after each use, so that it starts empty."""
    return f"ledger_files_{session.region_id()}_{st.session_state.get('_drops', 0)}"


def take_dropped() -> None:
    """Put what lies in the file field on the desk, and empty the field."""
    dropped = st.session_state.get(_field()) or []
    if not dropped:
        return
    st.session_state["_desk_faults"] = add([Upload(file.name, file.getvalue()) for file in dropped])
    st.session_state["_drops"] = st.session_state.get("_drops", 0) + 1


def show_first_steps() -> None:
    """Say what to do next where no file was brought yet."""
    steps = "".join(f"<li>{html.escape(tr(f'data.step.{name}'))}</li>" for name in STEPS)
    st.html(f'<div class="gm-empty"><h3>{html.escape(tr("data.empty"))}</h3><ol>{steps}</ol></div>')
    st.caption(tr("data.formats"))


# -- what is in use -----------------------------------------------------------------------------------------


def show_in_use(place: Region) -> None:
    """Say what the plans stand on, and offer to plan with the files or to go back to the sample."""
    mine = session.own()
    part = sample_part()
    lacking = without_totals()
    if lacking:
        names = tr("word.list_sep").join(place.name_of(code, session.lang()) for code in lacking)
        st.info(tr("own_region.bring_totals", names=names))
        totals_template(place)
    elif mine is None:
        st.html(_band("sample", tr("data.in_use_sample")))
    else:
        names = tr("word.list_sep").join(name for name in (mine.roads, *mine.assets) if name)
        st.html(_band("mixed" if part != "none" else "real", tr("data.in_use_own", files=names)))
        _show_left(mine)
    ready = usable()
    has_roads = any(delivery.roads is not None for delivery in ready)
    as_assets = has_roads and st.checkbox(tr("upload.roads_as_assets"), key=f"as_assets_{place.region_id}")
    with st.container(horizontal=True, gap="small", key="data_use"):
        if ready and st.button(tr("data.plan_with"), type="primary", key="plan_with"):
            _use(ready, is_roads_as_assets=as_assets)
        if mine is not None:
            st.button(tr("upload.back"), key="back_to_sample", on_click=session.forget_files)
            if st.button(tr("region.to_group"), key="to_group"):
                session.go("group")
    for fault in st.session_state.pop("_use_faults", ()):
        session.show_error(fault)
    if mine is not None and mine.ground.notes:
        with st.expander(tr("data.notes", count=len(mine.ground.notes))):
            for note in mine.ground.notes:
                st.markdown("- " + note_sentence(note, session.lang()))


def _show_left(mine: OwnGround) -> None:
    """Say which files plans use still although they are gone from the desk, and offer to plan without them."""
    left = left_in_use()
    if not left:
        return
    with st.container(border=True, key="left_in_use"):
        st.markdown(tr("data.still_used", files=tr("word.list_sep").join(left)))
        if st.button(tr("data.unplan"), key="unplan"):
            kept = [delivery for delivery in usable() if delivery.file in set(mine.files) - set(left)]
            if kept:
                _use(kept, is_roads_as_assets=mine.is_roads_as_assets, is_staying=True)
            session.forget_files()
            st.rerun()


def _band(kind: str, text: str) -> str:
    badge = html.escape(tr(f"data.badge.{kind}"))
    return (
        f'<div class="gm-use"><span class="gm-badge gm-badge-{kind}">{badge}</span> {html.escape(text)}</div>'
    )


def _use(ready: Sequence[Delivery], *, is_roads_as_assets: bool, is_staying: bool = False) -> None:
    """Make this session's ground of the files; lead on to 群を組む where all could be used."""
    before = session.own()
    faults: tuple[GunmaneError, ...]
    try:
        faults = session.use_files(ready, is_roads_as_assets=is_roads_as_assets)
    except GunmaneError as error:
        faults = (error,)
    mine = session.own()
    if mine is not None and mine is not before:
        mark_planned(mine, faults)
    else:
        mark_unused(faults)
    if not faults and not is_staying:
        session.go("group")
    st.session_state["_use_faults"] = faults
    st.rerun()


# -- a card a file ------------------------------------------------------------------------------------------


def show_files() -> None:
    """Show a card for each file: what it was recognised as, its counts, what to do next."""
    current = chosen()
    for file in list(brought()):
        is_chosen = current is not None and file.serial == current.serial
        with st.container(border=True, key=f"file_{'chosen' if is_chosen else 'card'}_{file.serial}"):
            st.html(card_html(file))
            with st.container(horizontal=True, gap="small", key=f"file_buttons_{file.serial}"):
                st.button(
                    tr("data.look"),
                    key=f"look_{file.serial}",
                    disabled=is_chosen,
                    on_click=choose,
                    args=(file,),
                )
                if file.state in ("cancelled", "failed"):
                    st.button(
                        tr("data.read_again"),
                        key=f"again_{file.serial}",
                        on_click=read_again,
                        args=(file, file.profile),
                    )
                st.button(tr("data.remove"), key=f"remove_{file.serial}", on_click=remove, args=(file,))
