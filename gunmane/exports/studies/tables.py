"""The studies of a plan as plain tables: codes and numbers, one table a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pandas as pd

from gunmane.alternatives import Alternatives, Front
from gunmane.evidence import Evidence
from gunmane.exports.members import safe_text
from gunmane.exports.provenance import LANGS
from gunmane.prices import best_moves
from gunmane.proofs import PlanProof
from gunmane.relaxations import WhyNot, change_sentence
from gunmane.robustness import Firmness
from gunmane.rollout import Rollout
from gunmane.scenario import Plan

LIST_MARK = ";"
YEN_DIGITS, HOUR_DIGITS, SHARE_DIGITS = -3, 2, 4
HOURS = re.compile(r"hours|_min(_|$)|objective_change$|measure")
CHANGE_COLUMNS = ["option", "field", "column", "before", "after", "where", "amount"]


def study_tables(plan: Plan) -> dict[str, pd.DataFrame]:
    """Return the tables of every study that a plan has, by the name of their file without its ending."""
    tables: dict[str, pd.DataFrame] = {}
    for key, study in plan.studies.items():
        if key in TABLES:
            tables |= TABLES[key](plan, study)
    return {name: rounded(table) for name, table in tables.items()}


def rounded(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with no more digits than are read: yen to the thousand, hours to 0.01, shares to 0.0001."""
    digits = {
        name: YEN_DIGITS if "jpy" in str(name) else HOUR_DIGITS if HOURS.search(str(name)) else SHARE_DIGITS
        for name in table.columns
        if pd.api.types.is_float_dtype(table[name])
    }
    return table.round(digits)


def _evidence(_: Plan, found: Evidence) -> dict[str, pd.DataFrame]:
    pairs = {} if found.pairs.empty else {"comparison_pairs": found.pairs}
    return {"comparison": found.table, **pairs}


def _alternatives(plan: Plan, found: Alternatives) -> dict[str, pd.DataFrame]:
    return {"alternatives": found.table.reset_index(), "alternative_units": alternative_units(plan, found)}


def alternative_units(plan: Plan, found: Alternatives) -> pd.DataFrame:
    """Return the bundle of each unit in a plan and in every alternative: `alternative_1, alternative_2 …`."""
    table = plan.assignment.copy()
    keys = pd.MultiIndex.from_frame(table[["strand", "unit_id"]])
    for number, other in enumerate(found.plans[1:], start=1):
        held = other.assignment.set_index(["strand", "unit_id"])["bundle_id"]
        table[f"alternative_{number}"] = held.reindex(keys).to_numpy()
    return table


def _trade_offs(_: Plan, found: Front) -> dict[str, pd.DataFrame]:
    return {"trade_offs": found.table.reset_index()}


def _robustness(_: Plan, found: Firmness) -> dict[str, pd.DataFrame]:
    return {"borders": found.borders, "border_pairs": found.pairs}


def _prices(_: Plan, found: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Return every move, those that make the plan best first."""
    best = best_moves(found, len(found)) if len(found) else found
    keys = ["strand", "unit_id", "to_bundle_id"]
    return {"prices": pd.concat([best, found], ignore_index=True).drop_duplicates(keys, ignore_index=True)}


def _why_not(plan: Plan, found: WhyNot) -> dict[str, pd.DataFrame]:
    rows = []
    for option, relaxation in enumerate(found.relaxations, start=1):
        for change in relaxation.changes:
            told = {lang: change_sentence(change, plan.ground, lang) for lang in LANGS}
            values = {name: getattr(change, name) for name in CHANGE_COLUMNS[1:]}
            rows.append({"option": option, **values, **told})
    return {"why_not": pd.DataFrame(rows, columns=[*CHANGE_COLUMNS, *LANGS])}


def _rollout(_: Plan, found: Rollout) -> dict[str, pd.DataFrame]:
    return {"rollout": found.steps, "rollout_stages": found.stages}


def _proof(_: Plan, found: PlanProof) -> dict[str, pd.DataFrame]:
    return {"proof": found.table}


TABLES: dict[str, Callable[[Plan, Any], dict[str, pd.DataFrame]]] = {
    "evidence": _evidence,
    "alternatives": _alternatives,
    "trade_offs": _trade_offs,
    "robustness": _robustness,
    "prices": _prices,
    "why_not": _why_not,
    "rollout": _rollout,
    "proof": _proof,
}


def csv_bytes(table: pd.DataFrame) -> bytes:
    """
    Return a table as CSV: UTF-8 with a byte-order mark (Excel reads it so), lines ended by a line feed.

    Text that a spreadsheet would take for a formula gets an apostrophe before it; lists are joined by ";".
    """
    plain = table.copy()
    for name in plain.columns:
        if not pd.api.types.is_numeric_dtype(plain[name]) and not pd.api.types.is_bool_dtype(plain[name]):
            plain[name] = [_cell(value) for value in plain[name]]
        elif pd.api.types.is_bool_dtype(plain[name]):
            plain[name] = plain[name].map({True: "true", False: "false"})
    text: str = plain.to_csv(index=False, lineterminator="\n")
    return text.encode("utf-8-sig")


def _cell(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return safe_text(LIST_MARK.join(str(_cell(part)) for part in value))
    if isinstance(value, str):
        return safe_text(value)
    return value
