"""The choice of what to read where a file holds several ledgers: sheets, layers, or files in a zip."""

from __future__ import annotations

import dataclasses
from typing import Literal

import streamlit as st

from app_pages import session
from app_pages.ledgers_brought import Brought
from app_pages.ledgers_desk import brought, choose, put_part, read_part
from app_pages.session import tr
from gunmane.ledgers.profiles import Layout

Kind = Literal["sheet", "layer", "member"]


@dataclasses.dataclass(frozen=True)
class Choice:
    """
    What a file holds that can be read one at a time.

    Parameters
    ----------
    kind
        "sheet" of a workbook, "layer" of a GIS file, "member" of a zip.
    current
        The one that was read; "" where none could be settled on.
    others
        The others.
    """

    kind: Kind
    current: str
    others: tuple[str, ...]

    def layout(self, part: str) -> Layout:
        """Return the layout that has one of them read."""
        return Layout(sheet=part) if self.kind == "sheet" else Layout(layer=part)


def choice_of(file: Brought) -> Choice | None:
    """Return what may be read of a file; None where there is but one."""
    if file.error is not None and file.error.key == "ledger_zip_choice":
        members = file.error.values["members"]
        return Choice("member", "", tuple(members) if isinstance(members, tuple) else ())
    told = file.told
    if told.get("left_out"):
        members = [str(name) for name in told["left_out"] if not str(name).lower().endswith(".zip")]
        return Choice("member", str(told["member"]), tuple(members)) if members else None
    kind: Kind = "layer" if told.get("layers") else "sheet"
    names = [str(name) for name in told.get("layers") or file.sheets]
    current = str(told.get(kind) or "")
    others = tuple(name for name in names if name != current)
    return Choice(kind, current, others) if others else None


def unread(file: Brought) -> Choice | None:
    """Return what of a file lies on the desk neither as this file nor as another one; None where all of it does."""
    choice = choice_of(file)
    if choice is None:
        return None
    content = id(file.upload.content or file.upload.parts)
    read = {_part_of(one) for one in brought() if id(one.upload.content or one.upload.parts) == content}
    others = tuple(name for name in choice.others if name not in read)
    return dataclasses.replace(choice, others=others) if others else None


def _part_of(file: Brought) -> str:
    if file.layout is not None:
        return file.layout.sheet or file.layout.layer
    choice = choice_of(file)
    return "" if choice is None else choice.current


def show_choice(file: Brought) -> None:
    """Offer the other sheets, layers or members of a file: to be read instead, or as further files."""
    choice = choice_of(file)
    if choice is None:
        return
    key = f"{file.serial}_{file.version}"
    if choice.current:
        st.caption(tr(f"data.choice.{choice.kind}_read", part=choice.current, count=len(choice.others)))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small", key=f"choice_{key}"):
        part = st.selectbox(tr(f"data.choice.{choice.kind}"), choice.others, key=f"part_{key}", width=260)
        if st.button(tr("data.choice.instead"), key=f"part_instead_{key}"):
            read_part(file, choice.layout(part))
            st.rerun()
        if choice.current and st.button(tr("data.choice.add"), key=f"part_add_{key}"):
            _add(file, choice, (part,))
        left = unread(file)
        if (
            left is not None
            and len(left.others) > 1
            and st.button(tr("data.choice.add_all", count=len(left.others)), key=f"part_all_{key}")
        ):
            _add(file, choice, left.others)


def _add(file: Brought, choice: Choice, parts: tuple[str, ...]) -> None:
    """Put parts on the desk as further files; of a file of which none was read yet the first stands for itself."""
    if not choice.current:
        read_part(file, choice.layout(parts[0]))
        parts = parts[1:]
    faults = [fault for part in parts if (fault := put_part(file, part, choice.layout(part))) is not None]
    if faults:
        session.show_error(faults[0])
        return
    choose(file)
    st.rerun()
