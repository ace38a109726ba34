"""出力: what will leave, its columns and rows, and a button for each file."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable

import streamlit as st

from app_pages import files, plan_map, session, words
from app_pages.files import MEDIA, NAMES, PlanFiles
from app_pages.map_view import show_map
from app_pages.plan_titles import with_titles
from app_pages.session import tr
from app_pages.tables import STYLE
from gunmane import schema
from gunmane.evidence import Evidence
from gunmane.explain import note_sentence
from gunmane.exports.credits import credit_lines, sharing_notice
from gunmane.municipalities import file_stem
from gunmane.scenario import Plan

MAP_HEIGHT = 320
ROWS_HEIGHT = 215
SHOWN = ("bundles.geojson", "units.geojson", "members.csv")


def show() -> None:
    """Show the page."""
    session.header("output")
    session.require_region()
    st.html(STYLE)
    left, right = st.columns([6, 4], gap="medium")
    with right, st.container(height=MAP_HEIGHT + ROWS_HEIGHT + 40, border=False, key="output_side"):
        _choose_package()
        plan = session.plan() or session.make(session.scenario())
        evidence = _evidence(plan)
        made = _files(plan, evidence)
        _about(plan)
        _may_share(plan)
        _buttons(made)
        _sources(plan)
    with left:
        _map(plan)
        _rows(made)


def _choose_package() -> None:
    """Let the user choose the package whose plan leaves."""
    current = session.scenario().layer
    st.session_state["output_layer"] = current
    st.segmented_control(
        tr("group.layer"),
        schema.PACKAGES,
        format_func=lambda layer: tr(f"layer.{layer}"),
        key="output_layer",
        required=True,
        on_change=lambda: session.set_scenario(session.scenario(st.session_state["output_layer"])),
    )


def _evidence(plan: Plan) -> Evidence | None:
    """Return the comparison for the workbook where it is known or the user asks for it."""
    if plan.scenario.fingerprint() != session.scenario().fingerprint():
        st.info(tr("output.older_plan"))
        return None
    known = session.evidence(is_made=False)
    if known is not None:
        return known
    if st.checkbox(tr("output.with_comparison"), key="output_comparison"):
        return session.evidence()
    return None


def _files(plan: Plan, evidence: Evidence | None) -> PlanFiles:
    """Return the session's files of a plan; they are made anew only when plan, comparison or language change."""
    held: PlanFiles | None = st.session_state.get("_files")
    if held is None or held.plan is not plan or held.evidence is not evidence or held.lang != session.lang():
        held = PlanFiles(plan, evidence, session.lang())
        st.session_state["_files"] = held
    return held


def _about(plan: Plan) -> None:
    totals = plan.totals
    st.markdown(
        tr(
            "output.summary",
            orders=totals["order_count"],
            units=len(plan.ground.units),
            assets=words.count(plan.members["asset_id"].nunique()),
            yen=words.yen(
                totals["annual_jpy"], totals["annual_jpy_low"], totals["annual_jpy_high"], has_tax=False
            ),
            hours=words.hours(totals["travel_hours"]),
        )
    )
    if totals["broken_count"]:
        st.warning(tr("output.broken", count=totals["broken_count"]))


def _may_share(plan: Plan) -> None:
    """Warn where the keeper of a ledger said that its data may not be passed on."""
    notice = sharing_notice(plan.ground.provenance, session.lang())
    if notice:
        st.html(f'<div class="gm-sample" role="alert">{html.escape(notice)}</div>')


def _buttons(made: PlanFiles) -> None:
    """Show one button for all files, and one for each with what it holds."""
    stem = f"{file_stem(made.plan.scenario.region_id)}_{made.plan.scenario.layer}"
    st.download_button(
        tr("output.all"),
        made.archive,
        file_name=f"{stem}.zip",
        mime=MEDIA["zip"],
        type="primary",
        on_click="ignore",
        key="download_zip",
        width="stretch",
    )
    for name in NAMES:
        button, about = st.columns([4, 6], vertical_alignment="center", wrap=False)
        button.download_button(
            tr(f"output.file.{files.key(name)}"),
            _maker(made, name),
            file_name=f"{stem}_{name}",
            mime=MEDIA[name.rsplit(".", 1)[1]],
            on_click="ignore",
            key=f"download_{files.key(name)}",
            width="stretch",
        )
        about.caption(tr(f"output.about.{files.key(name)}"))


def _maker(made: PlanFiles, name: str) -> Callable[[], bytes]:
    """Return what is called when the button is pressed."""
    return lambda: made.content(name)


def _sources(plan: Plan) -> None:
    """Say what is sample, what is assumed, where the numbers come from, and what the files do not hold."""
    lang = session.lang()
    lines = [tr("output.assumed", percent=words.percent(plan.totals["grade_e_share"]))]
    lines += [note_sentence(note, lang) for note in plan.notes]
    lines.append(tr("output.no_free_text"))
    # A note may name a file: its name is shown as it is, not read as Markdown.
    _list(tr("output.know"), lines)
    sources = [tr(f"source.{source}") for source in files.SOURCES]
    mine = session.own()
    own_files = [] if mine is None else [name for name in (mine.roads, *mine.assets) if name]
    sources += [tr("source.file", file=name) for name in own_files]
    if session.is_sample():
        sources.append(tr("source.sample"))
    _list(tr("output.sources"), sources)
    _list(tr("credits.title"), credit_lines(plan.ground.provenance))


def _list(title: str, lines: Iterable[str]) -> None:
    """Show texts that a file may have brought along, as they are."""
    items = "".join(f"<li>{html.escape(line)}</li>" for line in lines)
    st.html(f"<p><b>{html.escape(title)}</b></p><ul>{items}</ul>")


def _map(plan: Plan) -> None:
    views = plan_map.plan_views(plan)
    shades = plan_map.bundle_shades(plan, views)
    region = plan.ground.region
    layers = with_titles(plan, views[0], plan_map.plan_layers(plan, views[0], colours=shades))
    show_map(
        plan_map.region_map(region, view_name=f"output_{region.region_id}"),
        layers,
        key=f"output_{region.region_id}_{session.lang()}",
        height=MAP_HEIGHT,
    )


def _rows(made: PlanFiles) -> None:
    """Show the rows of a file as they will leave."""
    name = st.segmented_control(
        tr("output.preview"),
        SHOWN,
        default=SHOWN[0],
        format_func=lambda file: tr(f"output.file.{files.key(file)}"),
        key="output_preview",
        required=True,
        label_visibility="collapsed",
    )
    rows = made.rows(name or SHOWN[0])
    st.dataframe(
        rows,
        hide_index=True,
        height=ROWS_HEIGHT - 50,
        placeholder=words.no_record(),
        alt=tr("output.preview"),
        key=f"rows_{name}",
    )
    columns = ", ".join(rows[0]) if rows else ""
    st.caption(tr("output.columns", columns=columns))


with session.page_guard():
    show()
