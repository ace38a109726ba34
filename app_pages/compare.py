"""比べる: any two plans beside each other, then today beside the plans figure by figure, then what else could be."""

from __future__ import annotations

import streamlit as st

from app_pages import session, words
from app_pages.alternatives import show_other_plans
from app_pages.compare_table import show_comparison
from app_pages.compare_works import rate, show_pairs, table_notes, works_captions
from app_pages.difference import show_two_plans
from app_pages.firmness import show_firmness
from app_pages.rollout import show_rollout
from app_pages.tables import STYLE, heading
from gunmane.evidence import Evidence
from gunmane.explain import crossing_notes
from gunmane.municipalities import Region
from gunmane.scenario import Scenario

WORKS_NOTES = ("contracts_", "engineers_")
SAID_AS = {"hours": words.hours, "minutes": words.minutes, "contracts": rate, "engineers": rate}


def main() -> None:
    """Show the page."""
    region = session.require_region()
    st.html(STYLE)
    _title(region, session.scenario())
    show_two_plans()
    st.html(heading(session.tr("compare.states_title")))
    is_new = session.evidence(is_made=False) is None
    evidence = _evidence()
    if is_new and evidence is not None:
        # The two lists above can now offer what was made here.
        st.rerun()
    if evidence is None or evidence.table.empty:
        st.info(session.tr("compare.empty"))
        return
    _gain(evidence)
    _tables(evidence)
    show_pairs(evidence)
    show_other_plans()
    show_firmness()
    show_rollout()


def _title(region: Region, choices: Scenario) -> None:
    tr = session.tr
    name = region.name_ja if session.lang() == "ja" else region.name_en
    sectors = tr("word.list_sep").join(tr(f"sector.{s}") for s in choices.sectors)
    layer = tr(f"layer.{choices.layer}")
    with st.container(horizontal=True, vertical_alignment="center"):
        title = tr("compare.title", region=name, layer=layer, sectors=sectors)
        st.html(heading(title), width="content")
        if st.button(tr("compare.change"), key="compare_change"):
            session.go("group")


def _evidence() -> Evidence | None:
    is_redone = bool(st.session_state.pop("_compare_redo", False))
    known = None if is_redone else session.evidence(is_made=False)
    if known is None:
        place = st.empty()
        with place.container():
            st.caption(session.tr("compare.making"))
            known = session.evidence(is_redone=is_redone)
        place.empty()
    if known is not None and _is_partial(known):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(session.tr("compare.partial"))
            if st.button(session.tr("compare.again"), key="compare_again", type="primary"):
                st.session_state["_compare_redo"] = True
                st.rerun()
    return known


def _is_partial(evidence: Evidence) -> bool:
    """Return whether the comparison was cancelled: a state or a combination of choices is missing."""
    ways = ("together", "apart") if evidence.has_several_fields else ("together",)
    needed = {(way, state) for way in ways for state in ("today", "today_moved", "no_crossing", "crossing")}
    return evidence.is_partial or not needed <= set(evidence.plans)


def _gain(evidence: Evidence) -> None:
    tr = session.tr
    sentences = []
    for note in crossing_notes(evidence):
        said = {name: SAID_AS.get(name.partition("_")[0], words.count)(value) for name, value in note.values}
        # Two figures that read the same tell nothing.
        if note.key.startswith(WORKS_NOTES) and len(set(said.values())) == 1:
            continue
        sentences.append(tr(f"crossing.{note.key}", **said))
    st.info(f"**{tr('crossing.title')}** " + " ".join(sentences))
    st.caption(tr("notice.today"))


def _tables(evidence: Evidence) -> None:
    tr = session.tr
    ways = [way for way in ("together", "apart") if way in set(evidence.table["fields"])]
    for way in ways:
        title = tr(f"compare.{way}") if evidence.has_several_fields else tr("compare.one_field")
        show_comparison(evidence, way, caption=title)
    first = evidence.table.iloc[0]
    st.caption(
        tr(
            "compare.same_work",
            yen=words.yen(
                first["annual_jpy"], first["annual_jpy_low"], first["annual_jpy_high"], has_tax=False
            ),
            share=words.percent(first["grade_e_share"]),
        )
    )
    works_captions(evidence)
    st.caption(" ".join(table_notes(evidence)))
    if evidence.table["travel_hours"].isna().any():
        st.caption(tr("compare.unknown_base"))


with session.page_guard():
    session.header("compare")
    main()
