"""What the command prints about the studies of a plan: a short table and what must be known, each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from gunmane.alternatives import Alternatives, Front
from gunmane.cli import console
from gunmane.contrasts import FACTORS
from gunmane.evidence import Evidence
from gunmane.exports.studies import joining_words, study_facts, study_tables
from gunmane.exports.words import (
    SEPARATORS,
    count_text,
    names,
    number_text,
    strand_word,
    words,
    yen_range,
    yen_text,
)
from gunmane.i18n import t
from gunmane.prices import DECIMALS
from gunmane.proofs import PlanProof
from gunmane.relaxations import WhyNot, change_sentence, cost_rows, left_sentence
from gunmane.robustness import Firmness
from gunmane.rollout import Rollout
from gunmane.scenario import Plan

UNKNOWN = "–"
# The rest stands in the files.
ROWS_SHOWN, STEPS_SHOWN = 10, 60
NOTICED = ("less", "more")
Lines = list[list[str]]


def tell_studies(plan: Plan, lang: str) -> None:
    """Print what was asked of a plan beside itself, in the order in which it was made."""
    for key, found in plan.studies.items():
        if key not in TOLD:
            continue
        console.tell()
        console.tell(t(f"cli.study_title.{key}", lang))
        TOLD[key](plan, found, lang)
        for fact in study_facts(plan, key, lang):
            console.tell_wrapped(fact, first="- ")


def _table(
    columns: Sequence[str], lines: Lines, lang: str, *, texts: Sequence[str] = (), most: int = ROWS_SHOWN
) -> None:
    """Print the first lines of a table, numbers to the right; how many more there are is said below."""
    if not lines:
        return
    right = [i for i, name in enumerate(columns) if name not in texts]
    console.tell_table([t(f"cli.column.{name}", lang) for name in columns], lines[:most], numbers=right)
    if len(lines) > most:
        console.tell(t("cli.more_rows", lang, count=len(lines) - most))


def _percent(ratio: float, *, has_sign: bool = False) -> str:
    if pd.isna(ratio):
        return UNKNOWN
    return f"{100 * ratio:+.1f} %" if has_sign else f"{100 * ratio:.0f} %"


def _signed(value: float) -> str:
    if pd.isna(value):
        return UNKNOWN
    text = number_text(abs(value))
    return f"{'+' if value > 0 else '-'}{text}" if text != "0" else "0"


def _tell_evidence(_: Plan, found: Evidence, lang: str) -> None:
    """Print what each choice alone changes, where the change is worth noticing."""
    noticed = found.pairs[found.pairs["verdict"].isin(NOTICED)] if len(found.pairs) else found.pairs
    lines = [
        [
            t(f"compare.pair.{row['factor']}", lang),
            SEPARATORS[lang].join(
                t(f"compare.pair.setting.{name}_{row[name]}", lang) for name in FACTORS if row[name]
            ),
            t(f"compare.pair.figure.{row['figure']}", lang),
            number_text(row["before"]),
            number_text(row["after"]),
        ]
        for row in noticed.to_dict("records")
    ]
    if not lines:
        console.tell(t("cli.no_pairs", lang))
    _table(
        ("choice", "others", "figure", "before", "after"), lines, lang, texts=("choice", "others", "figure")
    )


def _tell_alternatives(_: Plan, found: Alternatives, lang: str) -> None:
    lines = [
        [
            t("alternatives.this", lang) if not number else str(number),
            f"{row['order_count']:.0f}",
            number_text(row["travel_hours"]),
            _percent(row["objective_change_ratio"], has_sign=True) if number else UNKNOWN,
            number_text(row["farthest_min"]),
            f"{row['below_floor']:.0f}",
            f"{row['above_ceiling']:.0f}",
            f"{row['borders_crossed']:.0f}",
            _percent(row["difference_ratio"]) if number else UNKNOWN,
        ]
        for number, row in enumerate(found.table.to_dict("records"))
    ]
    if len(lines) > 1:
        columns = (
            "plan",
            "orders",
            "travel",
            "change",
            "farthest",
            "below",
            "above",
            "borders",
            "difference",
        )
        _table(columns, lines, lang, texts=("plan",))


def _tell_trade_offs(_: Plan, found: Front, lang: str) -> None:
    lines = [
        [
            t("alternatives.this", lang) if not number else str(number),
            number_text(row["travel_hours"]),
            _percent(row["unevenness_ratio"]),
            f"{row['borders_crossed']:.0f}",
            f"{row['towns_divided']:.0f}",
            t(f"alternatives.trade.{'dominated' if row['is_dominated'] else 'kept'}", lang),
        ]
        for number, row in enumerate(found.table.to_dict("records"))
    ]
    if len(lines) > 1:
        _table(
            ("plan", "travel", "uneven", "borders", "divided", "standing"),
            lines,
            lang,
            texts=("plan", "standing"),
        )


def _tell_robustness(plan: Plan, found: Firmness, lang: str) -> None:
    """Print the borders, the most fragile first."""
    rows = found.borders.sort_values(["apart_share", "bundle_id"], kind="stable").to_dict("records")
    lines = [
        [
            f"{plan.titled(row['bundle_id'])} | {plan.titled(row['to_bundle_id'])}",
            _percent(row["apart_share"]),
            f"{_percent(row['low'])}–{_percent(row['high'])}",
            t(f"firmness.verdict.{row['verdict']}", lang) + ("" if row["is_sure"] else " ?"),
        ]
        for row in rows
    ]
    _table(("border", "apart", "interval", "firmness"), lines, lang, texts=("border", "firmness"))


def _tell_prices(plan: Plan, _: pd.DataFrame, lang: str) -> None:
    """Print the moves that make the plan best."""
    known, is_jpy = plan.ground.units["name"], plan.window["measure"] == "jpy"
    moves = study_tables(plan)["prices"]
    # Where wishes count, they decide the order as well, so their hours stand beside those of travel.
    wishes = bool((moves["objective_change"] - moves["travel_hours_change"]).round(DECIMALS).ne(0).any())
    lines = [
        [
            f"{row['unit_id']} {known.get(row['unit_id'], '')}",
            f"{plan.titled(row['bundle_id'])} → {plan.titled(row['to_bundle_id'])}",
            f"{row['moved_units']:.0f}",
            _signed(row["travel_hours_change"]),
            *([_signed(row["objective_change"])] if wishes else []),
            yen_text(row["measure_moved"], lang) if is_jpy else count_text(row["measure_moved"]),
            _signed(row["breaks_change"]),
        ]
        for row in moves.to_dict("records")
    ]
    if not lines:
        console.tell(t("cli.no_moves", lang))
        return
    hours = ("hours_change", *(["objective_change"] if wishes else []))
    work = "work_jpy" if is_jpy else "work_structures"
    _table(("unit", "move", "moved", *hours, work, "breaks_change"), lines, lang, texts=("unit", "move"))
    console.tell_wrapped(t("prices.note", lang), first="- ")


def _tell_why_not(plan: Plan, found: WhyNot, lang: str) -> None:
    for option, relaxation in enumerate(found.relaxations, start=1):
        told = [change_sentence(change, plan.ground, lang) for change in relaxation.changes]
        costs = "; ".join(f"{what} {much}" for what, much in cost_rows(relaxation, lang))
        told += [text for text in (left_sentence(relaxation, lang), costs) if text]
        console.tell_wrapped(" / ".join(told), first=f"{option}. ")


def _tell_rollout(plan: Plan, found: Rollout, lang: str) -> None:
    region = plan.ground.region
    lines = [
        [
            str(row["step"]),
            plan.titled(row["bundle_id"]),
            names(region, row["joining_codes"], lang),
            joining_words(plan, row, lang),
            yen_range(row["annual_jpy_low"], row["annual_jpy"], row["annual_jpy_high"], lang),
            words("rule", [*row["rules_broken"], *row["not_yet"]], lang) or UNKNOWN,
        ]
        for row in found.steps.to_dict("records")
    ]
    _table(
        ("step", "bundle", "joining", "fields", "annual", "not_kept"),
        lines,
        lang,
        texts=("bundle", "joining", "fields", "annual", "not_kept"),
        most=STEPS_SHOWN,
    )
    after = [
        [
            t("cli.today", lang) if row["step"] == 0 else str(row["step"]),
            f"{row['order_count']}",
            f"{row['today_count']}",
            _percent(row["work_share"]),
            number_text(row["travel_hours"]),
            f"{row['not_yet_count']}",
            f"{row['broken_count']}",
        ]
        for row in found.stages.to_dict("records")
    ]
    console.tell()
    columns = ("step", "orders", "as_today", "joined", "travel", "short", "broken")
    _table(columns, after, lang, texts=("step",), most=STEPS_SHOWN)


def _tell_proof(plan: Plan, found: PlanProof, lang: str) -> None:
    lines = [
        [
            strand_word(plan.ground.region, row["strand"], lang),
            number_text(row["objective_hours"]),
            number_text(row["best_hours"]),
            number_text(row["bound_hours"]),
            t(f"cli.proof_state.{row['state']}", lang),
        ]
        for row in found.table.to_dict("records")
    ]
    columns = ("strand", "hours", "best_hours", "bound_hours", "answer")
    _table(columns, lines, lang, texts=("strand", "answer"))


TOLD: dict[str, Callable[[Plan, Any, str], None]] = {
    "evidence": _tell_evidence,
    "why_not": _tell_why_not,
    "alternatives": _tell_alternatives,
    "trade_offs": _tell_trade_offs,
    "prices": _tell_prices,
    "rollout": _tell_rollout,
    "proof": _tell_proof,
    "robustness": _tell_robustness,
}
