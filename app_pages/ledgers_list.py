"""The left of データ: where files are dropped, a card for each, and what is in use."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app_pages import session, words
from app_pages.data import sample_part
from app_pages.ledgers_brought import Brought
from app_pages.ledgers_company import is_used_up
from app_pages.ledgers_desk import (
    add,
    brought,
    choose,
    chosen,
    kept_profiles,
    mark_planned,
    read_again,
    remove,
    usable,
)
from app_pages.ledgers_parts import SHAPEFILE_PARTS
from app_pages.session import Upload, tr
from gunmane import i18n
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
NEXT_BY_FAULT = {"desk_shapefile_parts": "parts", "ledger_zip_choice": "choice"}
JOINING_NOTES = ("ledger_joined", "ledger_left_over", "ledger_used_up", "spans_drawn")


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
    if mine is None:
        st.html(_band("sample", tr("data.in_use_sample")))
    else:
        names = tr("word.list_sep").join(name for name in (mine.roads, *mine.assets) if name)
        st.html(_band("mixed" if part != "none" else "real", tr("data.in_use_own", files=names)))
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


def _band(kind: str, text: str) -> str:
    badge = html.escape(tr(f"data.badge.{kind}"))
    return (
        f'<div class="gm-use"><span class="gm-badge gm-badge-{kind}">{badge}</span> {html.escape(text)}</div>'
    )


def _use(ready: Sequence[Delivery], *, is_roads_as_assets: bool) -> None:
    """Make this session's ground of the files; lead on to 群を組む where all could be used."""
    faults: tuple[GunmaneError, ...]
    try:
        faults = session.use_files(ready, is_roads_as_assets=is_roads_as_assets)
    except GunmaneError as error:
        faults = (error,)
    mine = session.own()
    if mine is not None:
        mark_planned({delivery.file for delivery in ready} & set(mine.files))
    if not faults:
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
            st.html(_card(file))
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


def _use_of(file: Brought) -> str:
    """Return "in_use", "in_use_older" (planned with what was read before), or what became of the file."""
    mine = session.own()
    if mine is None or file.planned_version is None or file.name not in mine.files:
        return file.state
    return "in_use" if file.planned_version == file.version else "in_use_older"


def kind_words(delivery: Delivery) -> str:
    """Return what a file was recognised as, in words."""
    kind = delivery.profile.kind
    return i18n.catalogue(session.lang()).get(f"kind.{kind}", kind)


def _card(file: Brought) -> str:
    name = html.escape(file.name)
    badge = html.escape(tr(f"data.state.{_use_of(file)}"))
    lines = [
        f'<p class="gm-file"><b>{name}</b> <span class="gm-badge gm-badge-{file.state}">{badge}</span></p>'
    ]
    delivery = file.delivery
    if delivery is not None:
        role = tr(f"data.role.{file.used_profile.role}")
        if not is_used_up(file):
            lines.append(f"<p>{html.escape(tr('data.recognised', kind=kind_words(delivery), role=role))}</p>")
            lines.append(f'<dl class="gm-counts">{_counts(delivery)}</dl>')
        lines += [f"<p>{html.escape(note)}</p>" for note in _joined(delivery)]
    if file.error is not None:
        lines.append(f'<p class="gm-fault">{html.escape(i18n.say(file.error, session.lang()))}</p>')
    lines.append(f'<p class="gm-next">{html.escape(_next(file))}</p>')
    return f'<div class="gm-card">{"".join(lines)}</div>'


def counts(delivery: Delivery) -> dict[str, int]:
    """Return rows in, taken and rejected, values mended and set to unknown, and cells that were read another way."""
    return {
        "rows": delivery.row_count,
        "taken": delivery.row_count - delivery.rejected_count,
        "rejected": delivery.rejected_count,
        "mended": delivery.mended_count,
        "unset": delivery.unset_count,
        "readings": int(delivery.readings["rows"].sum()),
    }


def _joined(delivery: Delivery) -> list[str]:
    """Return what to say of a file that is a piece of a ledger."""
    return [note_sentence(note, session.lang()) for note in delivery.notes if note.key in JOINING_NOTES]


def _counts(delivery: Delivery) -> str:
    return "".join(
        f"<div><dt>{html.escape(tr(f'data.count.{name}'))}</dt><dd>{words.count(value)}</dd></div>"
        for name, value in counts(delivery).items()
    )


def _next(file: Brought) -> str:
    """Return what to do next with a file."""
    if file.delivery is None:
        return tr(f"data.next.{NEXT_BY_FAULT.get(file.error.key if file.error else '', file.state)}")
    if is_used_up(file):
        return tr("data.next.used_up")
    if file.delivery.profile.role == "unknown":
        return tr("data.next.unknown")
    if file.delivery.profile.role == "assets" and file.delivery.assets.empty:
        return tr("data.next.nothing_taken")
    if _use_of(file) == "in_use_older":
        return tr("data.next.in_use_older")
    told = counts(file.delivery)
    if told["rejected"]:
        return tr("data.next.rejected", count=words.count(told["rejected"]))
    return tr("data.next.mended" if told["mended"] + told["unset"] else "data.next.good")
