"""比べる, at the end: in which steps towns and fields join the plan, and what the region is after each step."""

from __future__ import annotations

import dataclasses

import streamlit as st

from app_pages import session, words
from app_pages.studying import ask_button, current_plan, is_same, plan_key
from app_pages.tables import Cell, heading, html_table
from app_pages.work import Call
from gunmane.explain import note_sentence
from gunmane.exports.studies import study_files
from gunmane.exports.studies.sheets import joining_words
from gunmane.municipalities import file_stem
from gunmane.rollout import Rollout
from gunmane.scenario import Plan

KIND = "rollout"
FILES = ("rollout.csv", "rollout_stages.csv")


@dataclasses.dataclass(frozen=True, eq=False)
class Staged:
    """
    The steps, and of which plan.

    Parameters
    ----------
    plan
        The plan that is reached.
    made
        The order and what stands after each step.
    """

    plan: Plan
    made: Rollout


def show_rollout() -> None:
    """Offer to look for the steps to the session's plan; show what was found."""
    plan = current_plan()
    st.html(heading(session.tr("rollout_page.title")))
    st.caption(session.tr("rollout_page.about"))
    found = _asked(plan)
    if found is None:
        return
    st.markdown("\n".join(f"- {note_sentence(note, session.lang())}" for note in found.made.facts))
    if found.made.steps.empty:
        return
    left, right = st.columns([6, 5], gap="medium")
    with left:
        st.html(steps_table(found.plan, found.made))
    with right:
        st.html(stages_table(found.made))
        st.caption(session.tr("rollout_page.note"))
    _downloads(found)


def _asked(plan: Plan) -> Staged | None:
    """Return the steps that are held of a plan, or new ones after the button was pressed."""
    found: Staged | None = ask_button(
        KIND,
        session.tr("rollout_page.ask"),
        of=plan_key(plan),
        work=Call("gunmane.rollout:staged_rollout", {"plan": plan}, lambda made: Staged(plan, made)),
        is_of=lambda held: is_same(held.plan, plan),
    )
    return found


def steps_table(plan: Plan, found: Rollout) -> str:
    """
    Return who joins in which step as a table, one row a step, bundle and set of fields.

    Parameters
    ----------
    plan
        The plan that is reached.
    found
        The steps to it.
    """
    tr, region, lang = session.tr, plan.ground.region, session.lang()
    comma = tr("word.list_sep")
    rows: list[list[str | Cell]] = [
        [
            words.count(row["step"]),
            str(row["bundle_id"]),
            comma.join(region.name_of(code, lang) for code in row["joining_codes"]),
            joining_words(plan, row, lang),
            words.yen(row["annual_jpy"], row["annual_jpy_low"], row["annual_jpy_high"], has_tax=False),
            comma.join(tr(f"rule.{rule}") for rule in (*row["rules_broken"], *row["not_yet"]))
            or tr("rollout_page.all_kept"),
        ]
        for row in found.steps.to_dict("records")
    ]
    names = ("step", "bundle", "joining", "fields", "work", "not_kept")
    head = [tr(f"rollout_page.col.{name}") for name in names]
    return html_table(head, rows, caption=tr("rollout_page.steps"), left=(1, 2, 3, 5))


def stages_table(found: Rollout) -> str:
    """
    Return what the region is today and after each step as a table.

    Parameters
    ----------
    found
        The steps.
    """
    tr = session.tr
    rows: list[list[str | Cell]] = [
        [
            tr("rollout_page.today") if row["step"] == 0 else words.count(row["step"]),
            Cell(
                words.count(row["order_count"]),
                tr("rollout_page.as_today", count=words.count(row["today_count"])),
                "plain",
            ),
            words.percent(row["work_share"]),
            words.hours(row["travel_hours"]),
            words.count(row["not_yet_count"]),
            words.count(row["broken_count"]),
        ]
        for row in found.stages.to_dict("records")
    ]
    names = ("step", "orders", "joined", "hours", "short", "broken")
    head = [tr(f"rollout_page.col.{name}") for name in names]
    return html_table(head, rows, caption=tr("rollout_page.stages"))


def _downloads(found: Staged) -> None:
    """Offer both tables as the files that the command line writes."""
    files = study_files(dataclasses.replace(found.plan, studies={KIND: found.made}))
    scenario = found.plan.scenario
    with st.container(horizontal=True):
        for name in FILES:
            st.download_button(
                session.tr(f"rollout_page.download.{name.partition('.')[0]}"),
                files[name],
                file_name=f"{file_stem(scenario.region_id)}_{scenario.layer}_{name}",
                mime="text/csv",
                on_click="ignore",
                key=f"download_{name}",
            )
