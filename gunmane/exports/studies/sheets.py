"""The studies of a plan as sheets of its workbook, in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from gunmane.alternatives import Alternatives, Front
from gunmane.exports.data_sheets import table_sheet, with_titles
from gunmane.exports.provenance import rounded_jpy
from gunmane.exports.sheets import Sheet
from gunmane.exports.studies.facts import study_facts
from gunmane.exports.studies.tables import study_tables
from gunmane.exports.words import names, strand_word, words
from gunmane.i18n import t
from gunmane.proofs import PlanProof
from gunmane.relaxations import WhyNot, change_sentence, cost_rows, left_sentence
from gunmane.robustness import Firmness
from gunmane.rollout import Rollout
from gunmane.scenario import Plan

Columns = tuple[tuple[str, str], ...]
Row = Mapping[str, Any]

FIGURES: Columns = (
    ("order_count", "int"),
    ("travel_hours", "decimal"),
    ("farthest_min", "decimal"),
    ("below_floor", "int"),
    ("borderline", "int"),
    ("above_ceiling", "int"),
    ("unevenness_ratio", "ratio"),
    ("borders_crossed", "int"),
    ("towns_divided", "int"),
    ("broken_count", "int"),
)
ALTERNATIVES: Columns = (
    ("alternative", "any"),
    ("objective_change_ratio", "ratio"),
    ("difference_ratio", "ratio"),
    ("nearest_ratio", "ratio"),
    ("moved_units", "int"),
    *FIGURES,
)
TRADE_OFFS: Columns = (("point", "any"), *FIGURES, ("is_dominated", "code"))
BORDERS: Columns = (
    ("strand", "code"),
    ("bundle_id", "code"),
    ("to_bundle_id", "code"),
    ("pair_count", "int"),
    ("apart_share", "ratio"),
    ("share_low", "ratio"),
    ("share_high", "ratio"),
    ("whole_share", "ratio"),
    ("same_count_share", "ratio"),
    ("firm_verdict", "code"),
    ("is_sure", "code"),
)
PRICES: Columns = (
    ("strand", "code"),
    ("unit_id", "code"),
    ("unit_name", "code"),
    ("bundle_id", "code"),
    ("to_bundle_id", "code"),
    ("moved_units", "int"),
    ("travel_hours_change", "decimal"),
    ("objective_change", "decimal"),
    ("measure_moved", "int"),
    ("breaks_change", "int"),
    ("excess_change", "ratio"),
    ("window_change", "ratio"),
    ("count_change", "int"),
)
WHY_NOT: Columns = (("option", "any"), ("content", "text"), ("costs", "text"))
ROLLOUT: Columns = (
    ("step", "any"),
    ("bundle_id", "code"),
    ("joining_bodies", "text"),
    ("fields", "text"),
    ("annual_jpy_low", "int"),
    ("annual_jpy", "int"),
    ("annual_jpy_high", "int"),
    ("structure_count", "int"),
    ("bundle_jpy", "int"),
    ("bundle_structures", "int"),
    ("travel_hours", "decimal"),
    ("base_name", "code"),
    ("rules_broken", "text"),
    ("not_yet", "text"),
    ("floor_met_step", "any"),
)
STAGES: Columns = (
    ("step", "any"),
    ("order_count", "int"),
    ("bundle_count", "int"),
    ("today_count", "int"),
    ("joined_jpy", "int"),
    ("work_share", "ratio"),
    ("travel_hours", "decimal"),
    ("not_yet_count", "int"),
    ("broken_count", "int"),
)


PROOF: Columns = (
    ("strand", "code"),
    ("proof_state", "code"),
    ("block_count", "int"),
    ("order_count", "int"),
    ("objective_hours", "decimal"),
    ("best_hours", "decimal"),
    ("bound_hours", "decimal"),
    ("gap_ratio", "ratio"),
)


def study_sheets(plan: Plan, lang: str) -> list[Sheet]:
    """Return the sheets of the studies that a plan has; the comparison has its own (`exports.comparison`)."""
    made = [SHEETS[key](plan, found, lang) for key, found in plan.studies.items() if key in SHEETS]
    return [sheet for sheets in made for sheet in sheets]


def _sheet(plan: Plan, key: str, name: str, columns: Columns, rows: Sequence[Row], lang: str) -> Sheet:
    is_one = (plan.assignment["strand"] == "").all()
    shown = [(column, kind) for column, kind in columns if not (is_one and column == "strand")]
    sheet = table_sheet(name, shown, [_worded(plan, row, lang) for row in rows], lang)
    sheet = with_titles(sheet, plan.titles, lang)
    return dataclasses.replace(sheet, remark=" ".join(study_facts(plan, key, lang)))


def _worded(plan: Plan, row: Row, lang: str) -> dict[str, Any]:
    """Return a row in words: strands, units, verdicts, yes and no; yen rounded to the thousand."""
    said = dict(row)
    if "strand" in said:
        said["strand"] = strand_word(plan.ground.region, str(said["strand"]), lang)
    if "unit_id" in said:
        said["unit_name"] = plan.ground.units["name"].get(said["unit_id"])
    for key in [key for key in said if key.endswith("_jpy") or "annual_jpy" in key]:
        said[key] = rounded_jpy(float(said[key]))
    for key in [key for key in ("is_sure", "is_dominated") if key in said]:
        said[key] = t("files.yes" if said[key] else "files.no", lang)
    return said


def _alternatives(plan: Plan, found: Alternatives, lang: str) -> list[Sheet]:
    rows = found.table.reset_index().to_dict("records")
    return [_sheet(plan, "alternatives", "alternatives", ALTERNATIVES, rows, lang)]


def _trade_offs(plan: Plan, found: Front, lang: str) -> list[Sheet]:
    rows = found.table.reset_index().to_dict("records")
    return [_sheet(plan, "trade_offs", "trade_offs", TRADE_OFFS, rows, lang)]


def _robustness(plan: Plan, found: Firmness, lang: str) -> list[Sheet]:
    table = found.borders.rename(columns={"low": "share_low", "high": "share_high"})
    rows = [
        {**row, "firm_verdict": t(f"firmness.verdict.{row['verdict']}", lang)}
        for row in table.to_dict("records")
    ]
    return [_sheet(plan, "robustness", "borders", BORDERS, rows, lang)]


def _prices(plan: Plan, _: pd.DataFrame, lang: str) -> list[Sheet]:
    rows = study_tables(plan)["prices"].to_dict("records")
    return [_sheet(plan, "prices", "prices", PRICES, rows, lang)]


def _why_not(plan: Plan, found: WhyNot, lang: str) -> list[Sheet]:
    rows: list[Row] = [{"content": fact} for fact in study_facts(plan, "why_not", lang)]
    for option, relaxation in enumerate(found.relaxations, start=1):
        costs = " / ".join(f"{what} {much}" for what, much in cost_rows(relaxation, lang))
        told = [change_sentence(change, plan.ground, lang) for change in relaxation.changes]
        told += [left] if (left := left_sentence(relaxation, lang)) else []
        rows += [{"option": option, "content": text, "costs": costs} for text in told]
    sheet = _sheet(plan, "why_not", "why_not", WHY_NOT, rows, lang)
    return [dataclasses.replace(sheet, remark=t("whynot.options_note", lang))]


def joining_words(plan: Plan, row: Row, lang: str) -> str:
    """Return what joins in a step: fields; of structures the sectors themselves, of which several make one field."""
    if plan.scenario.layer == "structures":
        return words("sector", row["joining_sectors"], lang)
    return words("field", row["joining_fields"], lang)


def _rollout(plan: Plan, found: Rollout, lang: str) -> list[Sheet]:
    region, known = plan.ground.region, plan.ground.units["name"]
    rows = [
        {
            **row,
            "joining_bodies": names(region, row["joining_codes"], lang),
            "fields": joining_words(plan, row, lang),
            "structure_count": row["pieces"],
            "travel_hours": row["bundle_hours"],
            "base_name": known.get(row["base_unit_id"]),
            "rules_broken": words("rule", row["rules_broken"], lang),
            "not_yet": words("rule", row["not_yet"], lang),
        }
        for row in found.steps.to_dict("records")
    ]
    stages = found.stages.rename(columns={"annual_jpy": "joined_jpy"}).to_dict("records")
    return [
        _sheet(plan, "rollout", "rollout", ROLLOUT, rows, lang),
        _sheet(plan, "rollout", "rollout_stages", STAGES, stages, lang),
    ]


def _proof(plan: Plan, found: PlanProof, lang: str) -> list[Sheet]:
    rows = [
        {**row, "proof_state": t(f"cli.proof_state.{row['state']}", lang), "order_count": row["bundle_count"]}
        for row in found.table.to_dict("records")
    ]
    return [_sheet(plan, "proof", "proof", PROOF, rows, lang)]


SHEETS: dict[str, Callable[[Plan, Any, str], list[Sheet]]] = {
    "alternatives": _alternatives,
    "trade_offs": _trade_offs,
    "robustness": _robustness,
    "prices": _prices,
    "why_not": _why_not,
    "rollout": _rollout,
    "proof": _proof,
}
