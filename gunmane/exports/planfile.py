"""`plan.json`: everything that a plan was made with and what came out, for a rerun and for other programs."""

from __future__ import annotations

import dataclasses
import json
import pathlib
from collections.abc import Sequence
from typing import Any

import pandas as pd

from gunmane.explain import note_sentence
from gunmane.exports.broken import broken_sentence
from gunmane.exports.credits import credit_members
from gunmane.exports.geojson import bundle_properties
from gunmane.exports.provenance import LANGS, clean, created_date, notices, provenance
from gunmane.exports.studies import studies_record
from gunmane.plans import scenario_assumptions
from gunmane.scenario import Plan

FORMAT = "gunmane-plan/1"


def plan_json(plan: Plan, *, files: Sequence[str] = ()) -> bytes:
    """
    Return a plan as JSON in UTF-8.

    `created` is the only member that depends on when it was made (a date; `SOURCE_DATE_EPOCH` sets it).

    Parameters
    ----------
    plan
        The plan, with its studies.
    files
        Names of the files of its studies that are written beside it.
    """
    region = plan.ground.region
    table = {
        "format": FORMAT,
        **notices(plan),
        **credit_members(plan.ground.provenance),
        "created": created_date(),
        "region": {"region_id": region.region_id, "name_ja": region.name_ja, "name_en": region.name_en},
        "provenance": provenance(plan),
        "scenario": dataclasses.asdict(plan.scenario),
        "assumptions_sha256": scenario_assumptions(plan.scenario).fingerprint(),
        "window": plan.window,
        "totals": plan.totals,
        "rules_broken": [
            {**row, **{lang: broken_sentence(plan, row, lang) for lang in LANGS}}
            for row in _records(plan.broken)
        ],
        "alternatives": _records(plan.alternatives),
        "by_hand": dict(plan.by_hand),
        "studies": studies_record(plan),
        "study_files": list(files),
        "bundles": bundle_properties(plan),
        "assignment": _records(plan.assignment.sort_values(["strand", "unit_id"])),
        "network": dict(sorted(plan.ground.network_facts.items())),
        "road_file": dict(sorted((plan.ground.provenance.get("road_file_facts") or {}).items())),
        "rejected_rows": len(plan.ground.rejects),
        "notes": [
            {
                "key": note.key,
                "values": dict(note.values),
                **{lang: note_sentence(note, lang) for lang in LANGS},
            }
            for note in plan.notes
        ],
    }
    return json.dumps(clean(table), ensure_ascii=False, allow_nan=False, indent=1).encode()


def earlier_files(path: pathlib.Path) -> list[str]:
    """Return the names of the study files that an earlier plan wrote beside its plan file; none where it is no plan."""
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return []
    named = told.get("study_files") if isinstance(told, dict) and told.get("format") == FORMAT else None
    return [str(name) for name in named] if isinstance(named, list) else []


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [clean(row) for row in table.to_dict("records")]
