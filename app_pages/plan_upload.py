"""A plan brought as a file: `plan.json` is opened again as it was, or a sentence says what is not the same."""

from __future__ import annotations

import hashlib
import pathlib
import tempfile
from typing import cast

import streamlit as st

from app_pages import kept, session
from app_pages.work import Call
from gunmane.errors import GunmaneError
from gunmane.workspace.planfiles import MOST_BYTES, PlanFile, check_inputs, read_plan_file
from gunmane.workspace.rerun import Rerun

RERUN = "gunmane.workspace.rerun:rerun"
ASKED = "_plan_file"
# 群を組む tells this once beside the map.
TOLD = "_hand_told"
ON_PAGE = {
    "plan_other_data": "upload_other_data",
    "plan_file_none": "upload_none",
    "plan_file_edited": "upload_edited",
}


def show_upload() -> None:
    """Show where a plan's file is brought, and open it when asked."""
    tr = session.tr
    with st.expander(tr("plans.upload"), expanded=ASKED in st.session_state):
        st.caption(tr("plans.upload_help"))
        brought = st.file_uploader(
            tr("plans.upload_file"), type="json", key="plans_file", max_upload_size=MOST_BYTES >> 20
        )
        is_asked = st.button(tr("plans.upload_open"), key="plans_file_open", disabled=brought is None)
        try:
            if brought is not None and is_asked:
                st.session_state[ASKED] = _read(brought.name, brought.getvalue())
            if ASKED in st.session_state:
                _open()
        except GunmaneError as fault:
            st.session_state.pop(ASKED, None)
            # The command names its own options; on a page there are other ways.
            known = ON_PAGE.get(fault.key, fault.key)
            session.show_error(type(fault)(known, **fault.values))


def _read(name: str, content: bytes) -> tuple[str, PlanFile]:
    """Return the hash of a file and its plan; only the last part of its name is used."""
    with tempfile.TemporaryDirectory(prefix="gunmane-plan-") as folder:
        path = pathlib.Path(folder) / (pathlib.PurePosixPath(name.replace("\\", "/")).name or "plan.json")
        path.write_bytes(content)
        return hashlib.sha256(content).hexdigest(), read_plan_file(path)


def _open() -> None:
    """Make the plan again in its own region and show it; where it cannot be, the pages are as they were."""
    digest, plan_file = cast("tuple[str, PlanFile]", st.session_state[ASKED])
    before = session.region_id()
    try:
        session.set_region(plan_file.scenario.region_id)
        ground = session.ground()
        # Before the search: it would only find out later.
        check_inputs(plan_file, ground)
        kept.refuse_loose(plan_file.scenario.region_id, plan_file.scenario.layer)
        made: Rerun = session.ask("rerun", digest, Call(RERUN, {"plan_file": plan_file, "ground": ground}))
    except GunmaneError:
        session.set_region(before)
        raise
    del st.session_state[ASKED]
    session.take(made.plan)
    key = "rerun.found_again" if made.is_found_again else "rerun.stored"
    st.session_state[TOLD] = session.tr(key, file=plan_file.file)
    session.go("group")
