"""How files and the command say which rule of a plan is not kept, and by how much."""

from __future__ import annotations

import math
from typing import Any

from gunmane.exports.words import count_text, number_text, word, yen_text
from gunmane.i18n import t
from gunmane.scenario import Plan

M_PER_KM = 1000


def broken_sentence(plan: Plan, row: dict[str, Any], lang: str) -> str:
    """
    Return the words of a broken rule, with value and limit where they are amounts.

    Parameters
    ----------
    plan
        The plan.
    row
        A row of `plan.broken`.
    lang
        "ja" or "en".
    """
    rule, amount, limit = str(row["rule"]), row["amount"], row["limit"]
    said = word("rule", rule, lang)
    if rule == "bundle_count":
        return f"{said}: {_count_detail(plan, row, lang)}"
    if rule == "travel_limit" and not math.isfinite(amount):
        return f"{said} ({t('files.broken.no_way', lang, limit=number_text(limit))})"
    if rule in {"travel_limit", "site_minutes"}:
        return f"{said} ({number_text(amount)} / {number_text(limit)} {t('files.minutes', lang)})"
    if rule == "site_distance":
        return f"{said} ({number_text(amount / M_PER_KM)} / {number_text(limit / M_PER_KM)} km)"
    if rule in {"floor", "ceiling"}:
        is_jpy = plan.window.get("measure") == "jpy"
        amounts = [yen_text(value, lang) if is_jpy else count_text(value) for value in (amount, limit)]
        return f"{said} ({amounts[0]} / {amounts[1]})"
    if rule in {"base_count", "municipality_limit"}:
        return f"{said} ({count_text(amount)} / {count_text(limit)})"
    if rule in {"side_floor", "side_ceiling"}:
        column = str(row["column"])
        amounts = [_side_text(value, column, lang) for value in (amount, limit)]
        return f"{said} ({t(f'field_name.{column}', lang)}: {amounts[0]} / {amounts[1]})"
    return said


def _side_text(value: float, column: str, lang: str) -> str:
    """Return an amount that a further window counts, in its own unit."""
    if column == "jpy":
        return yen_text(value, lang)
    if column == "length_m":
        return f"{number_text(value / M_PER_KM)} km"
    return count_text(value) if column == "structures" else number_text(value)


def _count_detail(plan: Plan, row: dict[str, Any], lang: str) -> str:
    """Say how many bundles were asked for and made, and whether whole municipalities allow no more."""
    asked, made = round(float(row["limit"])), round(float(row["amount"]))
    choice = plan.scenario.keeps_municipality_whole
    is_whole = plan.scenario.layer == "structures" if choice is None else choice
    own = plan.assignment[plan.assignment["strand"] == row.get("strand", "")]
    most = own["unit_id"].map(plan.ground.units["muni_code"]).nunique()
    key = "count_whole" if is_whole and made == most < asked else "count"
    return t(f"files.broken.{key}", lang, asked=asked, made=made, most=most)
