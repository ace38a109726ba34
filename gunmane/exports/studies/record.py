"""The studies of a plan as a part of `plan.json`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from gunmane.exports.provenance import LANGS, clean
from gunmane.exports.studies.facts import study_facts
from gunmane.exports.studies.tables import TABLES, rounded
from gunmane.scenario import Plan

# Long tables of one row a unit or pair of units stand in their own files only.
FILES_ONLY = ("alternative_units", "border_pairs", "prices")


def studies_record(plan: Plan) -> dict[str, Any]:
    """Return what each study found: its tables (but for the longest), its facts in both languages, and more."""
    told: dict[str, Any] = {}
    for key, found in plan.studies.items():
        if key not in TABLES:
            continue
        own = {
            name: _records(rounded(table))
            for name, table in TABLES[key](plan, found).items()
            if name not in FILES_ONLY
        }
        facts = [
            dict(zip(LANGS, pair, strict=True))
            for pair in zip(*(study_facts(plan, key, lang) for lang in LANGS), strict=True)
        ]
        more = MORE[key](found) if key in MORE else {}
        told[key] = clean({"facts": facts, **own, **more})
    return told


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [clean(row) for row in table.to_dict("records")]


MORE: dict[str, Callable[[Any], dict[str, Any]]] = {
    "robustness": lambda found: {
        "draws": found.draws,
        "asked": found.asked,
        "counts": _records(rounded(found.counts)),
    },
    "rollout": lambda found: {
        "joins": _records(found.joins),
        "rules_broken": _records(rounded(found.broken)),
    },
    "why_not": lambda found: {"trials": found.trials, "is_complete": found.is_complete},
    "alternatives": lambda found: {
        "margin_ratio": found.margin_ratio,
        "moved": _records(rounded(found.moved)),
    },
}
"""What a study's record holds beside its facts and tables."""
