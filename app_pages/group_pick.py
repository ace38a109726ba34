"""What was picked on the map or in the table: why it is as it is, and what moving a unit would change."""

from __future__ import annotations

import html

import pandas as pd
import streamlit as st

from app_pages import session, words
from app_pages.group_panel import amount, check_words, place_words, work_words
from app_pages.tables import Cell, check_list, heading, html_table
from gunmane.explain import BundleReasons, UnitReasons, explain_bundle, explain_unit
from gunmane.scenario import Plan

SOURCES_SHOWN = 8


def show_bundle(plan: Plan, bundle_id: str, *, titled: str = "") -> None:
    """Say why a bundle is as it is, under its name with its title where that is given."""
    tr, region, lang = session.tr, plan.ground.region, session.lang()
    reasons = explain_bundle(plan, bundle_id)
    figures = reasons.figures
    comma = tr("word.list_sep")
    st.html(heading(tr("group.bundle_title", bundle=titled or bundle_id)))
    lines = [
        tr(
            "group.bundle_where",
            where=place_words(plan).get(bundle_id, ""),
            units=words.count(figures["unit_count"]),
            base=str(figures["base_name"]) or words.unknown(),
        ),
        tr(
            "group.bundle_work",
            work=work_words(figures, plan),
            verdict=tr(f"verdict.{figures['window_verdict']}"),
            floor=amount(plan.window["floor"][1], plan),
            ceiling=amount(plan.window["ceiling"][1], plan),
        ),
        tr(
            "group.bundle_travel",
            travel=words.hours(figures["travel_hours"]),
            onsite=words.hours(figures["onsite_hours"]),
            farthest=words.minutes(figures["farthest_min"]),
        ),
        tr("group.bundle_e", share=words.percent(figures["grade_e_share"])),
    ]
    if figures["lead_code"]:
        lead = str(figures["lead_code"])
        name = region.name_of(lead, lang)
        role = region.role_of(lead)
        said = tr(f"role.{role}") if role else tr("group.no_role")
        lines.append(tr("group.bundle_lead", lead=name, role=said))
    if reasons.neighbours:
        lines.append(tr("group.bundle_near", bundles=comma.join(reasons.neighbours)))
    if reasons.apart:
        lines.append(tr("group.bundle_apart", units=comma.join(reasons.apart[:8]), count=len(reasons.apart)))
    st.html(_paragraphs(lines))
    st.html(members_table(plan, reasons))
    st.html(heading(tr("group.checks")))
    st.html(check_list([check_words(plan, check) for check in reasons.rules.to_dict("records")]))
    with st.expander(tr("group.sources")):
        st.html(sources_table(plan, reasons.sources))


def members_table(plan: Plan, reasons: BundleReasons) -> str:
    """Return the members of a bundle by body and sector as a table."""
    tr, region, lang = session.tr, plan.ground.region, session.lang()
    table = reasons.members
    has_length, has_area = table["length_m"].gt(0).any(), table["area_m2"].gt(0).any()
    head = [words.heading(tr("term.owner")), words.heading(tr("term.sector")), tr("group.col.assets")]
    head += [tr("group.col.length")] if has_length else []
    head += [tr("group.col.area")] if has_area else []
    head += [tr("group.urgent"), tr("group.work_year_taxed"), tr("group.col.onsite"), tr("group.e_share")]
    rows: list[list[str | Cell]] = []
    for row in table.itertuples():
        line: list[str | Cell] = [
            region.name_of(row.owner_code, lang),
            tr(f"sector.{row.sector}"),
            words.count(row.asset_count),
        ]
        line += [_or_dash(row.length_m / 1000)] if has_length else []
        line += [_or_dash(row.area_m2 / 10_000)] if has_area else []
        line += [
            words.count(row.urgent_count),
            words.yen(row.annual_jpy, row.annual_jpy_low, row.annual_jpy_high, has_tax=False),
            words.significant(row.onsite_hours),
            words.percent(row.grade_e_share),
        ]
        rows.append(line)
    return f'<div class="gm-wrap">{html_table(head, rows, caption=tr("group.members"), left=(1,))}</div>'


def _or_dash(value: float) -> str:
    return words.significant(value) if value > 0 else "–"


def sources_table(plan: Plan, sources: pd.DataFrame) -> str:
    """Return what the yen of a bundle rest on as a table."""
    tr, region, lang = session.tr, plan.ground.region, session.lang()
    rows: list[list[str | Cell]] = []
    for row in sources.head(SOURCES_SHOWN).to_dict("records"):
        grade, text = str(row["confidence"]), str(row["source"])
        own = row["own_codes"] if row["key"] == "road_upkeep" else ()
        if own:
            towns = tr("word.list_sep").join(region.name_of(code, lang) for code in own)
            text = tr("group.own_spending", towns=towns)
        elif text in ("assumption", "仮定") or text.startswith("assumption"):
            text = tr("group.assumed")
        unit_price = tr(
            "group.coefficient",
            central=words.significant(row["central"]),
            low=words.significant(row["low"]),
            high=words.significant(row["high"]),
            unit=unit_words(str(row["unit"])),
        )
        rows.append(
            [
                str(row["name_ja" if lang == "ja" else "name_en"]),
                words.yen(row["annual_jpy"], has_tax=False),
                unit_price,
                grade,
                text,
            ]
        )
    head = [tr(f"group.source_{name}") for name in ("task", "yen", "coefficient", "grade", "source")]
    return html_table(head, rows, left=(3, 4))


def unit_words(unit: str) -> str:
    """Return the unit of a coefficient in the session's language."""
    if session.lang() == "en":
        return unit
    for name, said in (("JPY", "円"), ("bridge", "橋"), ("station", "か所"), ("year", "年"), ("item", "基")):
        unit = unit.replace(name, said)
    return unit.replace("m2", "m²")


def show_unit(plan: Plan, unit_id: str, strand: str) -> UnitReasons:
    """
    Say what a unit is, the way to it from its base, and its work.

    Parameters
    ----------
    plan
        The plan that is shown.
    unit_id, strand
        The unit, in one strand of the plan.

    Returns
    -------
    reasons
        What the sentences were made from.
    """
    tr, region, lang = session.tr, plan.ground.region, session.lang()
    reasons = explain_unit(plan, unit_id, strand=strand)
    town = region.name_of(reasons.muni_code, lang)
    st.html(heading(tr("group.unit_title", unit=reasons.name, town=town)))
    lines = [unit_why(plan, reasons)]
    if reasons.is_apart:
        lines.append(tr("group.unit_apart"))
    if len(reasons.work):
        lines.append(_unit_work(plan, reasons))
    else:
        lines.append(tr("group.unit_idle"))
    st.html(_paragraphs(lines))
    return reasons


def unit_why(plan: Plan, reasons: UnitReasons) -> str:
    """Return the sentence on why a unit lies in its bundle: minutes here and at the nearest other base."""
    tr = session.tr
    base = str(plan.bundles.at[reasons.bundle_id, "base_name"])
    if reasons.is_base:
        return tr("group.unit_is_base", bundle=reasons.bundle_id)
    if words.is_missing(reasons.base_min):
        return tr("group.unit_no_base", bundle=reasons.bundle_id)
    if reasons.base_min == float("inf"):
        return tr("group.unit_unreached", bundle=reasons.bundle_id, base=base)
    said = tr(
        "group.unit_why",
        bundle=reasons.bundle_id,
        base=base,
        minutes=words.minutes(reasons.base_min),
        trips=words.significant(reasons.crew_days),
    )
    if not len(reasons.moves):
        return said
    nearest = reasons.moves.sort_values("base_min").iloc[0]
    values = {"bundle": nearest["bundle_id"], "minutes": words.minutes(nearest["base_min"])}
    if nearest["base_min"] >= reasons.base_min:
        return said + tr("group.unit_nearer", **values)
    why = [*nearest["breaks"]]
    if why:
        rules = tr("word.list_sep").join(tr(f"rule.{rule}") for rule in why)
        return said + tr("group.unit_kept_by_rule", rules=rules, **values)
    return said + tr("group.unit_farther", **values)


def _unit_work(plan: Plan, reasons: UnitReasons) -> str:
    tr, region, lang = session.tr, plan.ground.region, session.lang()
    parts = [
        tr(
            "group.unit_part",
            owner=region.name_of(row.owner_code, lang),
            sector=tr(f"sector.{row.sector}"),
            yen=words.yen(row.annual_jpy, row.annual_jpy_low, row.annual_jpy_high, has_tax=False),
            hours=words.hours(row.onsite_hours),
        )
        for row in reasons.work.itertuples()
    ]
    return tr("group.unit_work", parts=tr("group.part_sep").join(parts))


def signed_hours(change: float) -> str:
    """Return a change of hours with its sign: +12, −3.4, or no change."""
    if words.is_missing(change):
        return words.unknown()
    if abs(change) < 0.05:
        return session.tr("group.no_change")
    return ("+" if change > 0 else "−") + words.hours(abs(change))


def _paragraphs(lines: list[str]) -> str:
    return '<div class="gm-reasons">' + "".join(f"<p>{html.escape(line)}</p>" for line in lines) + "</div>"
