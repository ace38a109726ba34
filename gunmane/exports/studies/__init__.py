"""The studies of a plan as files: CSV tables, GeoJSON layers, sheets of the workbook, a part of `plan.json`."""

from gunmane.exports.studies.facts import study_facts
from gunmane.exports.studies.record import studies_record
from gunmane.exports.studies.shapes import study_layers
from gunmane.exports.studies.sheets import joining_words, study_sheets
from gunmane.exports.studies.tables import csv_bytes, study_tables
from gunmane.scenario import Plan

__all__ = [
    "STUDY_FILES",
    "STUDY_KEYS",
    "joining_words",
    "studies_record",
    "study_facts",
    "study_files",
    "study_sheets",
    "study_tables",
]

STUDY_FILES: dict[str, tuple[str, ...]] = {
    "evidence": ("comparison.csv", "comparison_pairs.csv"),
    "why_not": ("why_not.csv",),
    "alternatives": ("alternatives.csv", "alternative_units.csv", "alternatives.geojson"),
    "trade_offs": ("trade_offs.csv",),
    "prices": ("prices.csv",),
    "rollout": ("rollout.csv", "rollout_stages.csv", "rollout.geojson"),
    "proof": ("proof.csv",),
    "robustness": ("borders.csv", "border_pairs.csv", "borders.geojson"),
}
"""Files that each study may write beside a plan's own."""

STUDY_KEYS: dict[str, tuple[str, ...]] = {
    "alternatives": ("alternative_margin_ratio", "alternative_difference_ratio"),
    "trade_offs": ("trade_off_strength",),
    "robustness": (
        "border_firm_ratio",
        "border_fragile_ratio",
        "ledger_missing_ratio",
        "ledger_extra_ratio",
    ),
    "rollout": ("rollout_step_work_ratio",),
}
"""Coefficients that each study rests on."""


def study_files(plan: Plan) -> dict[str, bytes]:
    """Return the files of the studies that a plan has: CSV (UTF-8 with a byte-order mark) and GeoJSON."""
    tables = {f"{name}.csv": csv_bytes(table) for name, table in study_tables(plan).items()}
    layers = {f"{name}.geojson": data for name, data in study_layers(plan).items()}
    made = {**tables, **layers}
    return {name: made[name] for names in STUDY_FILES.values() for name in names if name in made}
