"""The trade's terms explained where they stand: a button that opens one sentence, by mouse, touch and keyboard."""

from __future__ import annotations

import functools
import html
from collections.abc import Iterable

from app_pages.place import lang
from gunmane import i18n

LABELS = {
    "group.orders": "bundle",
    "group.off_window": "work_window",
    "group.borderline_count": "borderline",
    "group.travel_year": "travel_time",
    "group.onsite_year": "onsite_hours",
    "group.farthest": "farthest",
    "group.work_year": "annual_work",
    "group.work_year_taxed": "annual_work",
    "group.alt_hours": "travel_time",
    "group.alt_farthest": "farthest",
    "group.alt_broken": "must_rule",
    "group.alt_off": "work_window",
    "group.alt_off_structures": "work_window",
    "group.move_hours": "travel_time",
    "group.e_share": "confidence",
    "group.source_grade": "confidence",
    "group.source_coefficient": "assumption",
    "group.source_task": "task",
    "group.chosen_units": "management_unit",
    "group.pick_unit": "management_unit",
    "region.today.body": "owner",
    "region.today.field": "sector",
    "region.today.hours": "travel_time",
    "region.today.farthest": "farthest",
    "region.today.verdict": "work_window",
    "complete.synthetic": "sample_asset",
    "complete.outside_plan": "outside_plan",
    "complete.without_condition": "condition",
    "asset.sector": "sector",
    "asset.owner_code": "owner",
    "asset.account_class": "account_class",
    "asset.condition": "condition",
    "asset.condition_raw": "bridge_grade",
    "compare.figure.order_count": "order",
    "compare.figure.below_floor": "work_window",
    "compare.figure.borderline": "borderline",
    "compare.figure.above_ceiling": "work_window",
    "compare.figure.travel_hours": "travel_time",
    "compare.figure.farthest_min": "farthest",
    "compare.figure.unreached_units": "unreached",
    "compare.figure.annual_jpy": "annual_work",
    "compare.figure.grade_e_share": "confidence",
    "compare.figure.broken_count": "must_rule",
    "compare.figure.wide_area_count": "wide_area",
    "compare.figure.multi_sector_count": "multi_sector",
    "compare.state.today": "current_state",
    "compare.state.crossing": "crossing",
}
"""Labels of the pages (keys of the catalogue) that are a term or stand for one."""

OF_PAGE = {
    "start": ("region", "bundle", "wide_area", "multi_sector", "horizontal", "vertical", "bridge_grade", "confidence"),
    "region": ("asset", "owner", "sector", "condition", "bridge_grade", "sewer_urgency", "base", "sample_asset"),
    "data": ("ledger", "rejects", "completeness", "sample_asset", "condition", "account_class"),
    "group": (
        "bundle", "management_unit", "layer", "base", "work_window", "borderline", "must_rule", "preference",
        "lock", "travel_time", "farthest", "move_price", "relaxation",
    ),
    "compare": (
        "current_state", "crossing", "order", "borderline", "evidence_pair", "alternative", "firm_border",
        "fragile_border", "staged", "range",
    ),
    "what_if": ("bundle", "management_unit", "base", "travel_time", "farthest", "unreached", "assumption"),
    "plans": ("plan", "scenario", "lock"),
    "output": ("bundle", "management_unit", "assumption", "range", "confidence", "rejects"),
}  # fmt: skip
"""Terms that the pages use in sentences, on maps and in tables drawn by the browser."""


def name_of(term: str, language: str) -> str:
    """Return the word of a term."""
    known = i18n.catalogue(language)
    return known.get(f"term.{term}") or known[f"term_more.{term}"]


def terms() -> list[str]:
    """Return every term that is explained, in the order of the catalogue."""
    return [key.removeprefix("meaning.") for key in i18n.catalogue("ja") if key.startswith("meaning.")]


@functools.cache
def _by_label(language: str) -> dict[str, str]:
    known = i18n.catalogue(language)
    named = {name_of(term, language): term for term in terms()}
    return named | {known[key]: term for key, term in LABELS.items()}


def explained(text: str) -> str:
    """Return escaped text; where it is a term, as a button that opens what the term means."""
    term = _by_label(lang()).get(text)
    return html.escape(text) if term is None else button(term, text)


def button(term: str, text: str) -> str:
    """Return a word as the button that opens its meaning (`meanings` holds it)."""
    return (
        f'<button type="button" class="gm-term" popovertarget="gm-term-{term}">{html.escape(text)}</button>'
    )


def meanings() -> str:
    """Return what every term means, hidden until its button is pressed; once a page."""
    language = lang()
    parts = [
        f'<div id="gm-term-{term}" popover="auto" class="gm-meaning" role="note">'
        f"<b>{html.escape(name_of(term, language))}</b> {html.escape(i18n.t(f'meaning.{term}', language))}</div>"
        for term in terms()
    ]
    return "".join(parts)


def strip(page: str) -> str:
    """Return the terms of a page in one line; "" for a page without any."""
    language = lang()
    found: Iterable[str] = OF_PAGE.get(page, ())
    words = "".join(f"<li>{button(term, name_of(term, language))}</li>" for term in found)
    if not words:
        return ""
    title = html.escape(i18n.t("help.of_page", language))
    return f'<div class="gm-terms"><span>{title}</span><ul>{words}</ul></div>'


def glossary() -> str:
    """Return every term with what it means, for the help."""
    language = lang()
    rows = [(name_of(term, language), i18n.t(f"meaning.{term}", language)) for term in terms()]
    if language == "en":
        # Japanese has no order that a list of words could be looked up in without readings.
        rows.sort()
    items = "".join(f"<dt>{html.escape(name)}</dt><dd>{html.escape(meaning)}</dd>" for name, meaning in rows)
    return f'<dl class="gm-glossary">{items}</dl>'
