"""How good the plans of a scenario can be: the best one proven, strand by strand, beside the plan as made."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable
from typing import Any

import pandas as pd

from gunmane.clusters import Grouping, Proof, prove_grouping
from gunmane.errors import ScenarioError
from gunmane.i18n import LANGUAGES, say, t
from gunmane.municipalities import Region
from gunmane.plans import assemble_plan, plan_labels, plan_tasks, scenario_assumptions
from gunmane.scenario import Note, Plan
from gunmane.strands import Progress, Task, as_strand
from gunmane.window import work_window

COLUMNS = (
    "strand",
    "state",
    "block_count",
    "bundle_count",
    "objective_hours",
    "best_hours",
    "bound_hours",
    "gap_ratio",
    "is_proven",
)
STATES = ("best", "near", "better", "refused")
PROGRESS_KEY = "progress.proving"
TIME_LIMIT_S = 120.0


@dataclasses.dataclass(frozen=True, eq=False)
class PlanProof:
    """
    What is known of how good a plan is.

    Parameters
    ----------
    table
        One row a strand: `strand, state` ("best": no plan is better; "near": a better one was not found, and by no
        more than `gap_ratio` can one be; "better": a better one was found; "refused": not answered), `block_count`
        (groups of units that move together), `bundle_count, objective_hours` (of the plan, hours/year),
        `best_hours` (of the best plan found), `bound_hours` (no plan that keeps the rules as well has fewer),
        `gap_ratio` (part of the plan's hours by which it may be too long; NaN where a better one keeps the rules or
        the window better), `is_proven` (whether the best plan found is the best there is). Missing where refused.
    proofs
        The proof of each strand that has one.
    plan
        The plan with the best bundles of each strand; the same plan where nothing better was found.
    facts
        The same as sentences.
    """

    table: pd.DataFrame
    proofs: dict[str, Proof[Grouping]]
    plan: Plan
    facts: tuple[Note, ...]


def prove_plan(
    plan: Plan, *, time_limit_s: float = TIME_LIMIT_S, progress: Progress | None = None
) -> PlanProof:
    """
    Prove how far each strand of a plan is from the best that its rules allow.

    Parameters
    ----------
    plan
        A plan, as made or with units moved by hand.
    time_limit_s
        Seconds for all strands together (> 0); each may take an even part of what is left. A strand that is not done
        by then has a bound that holds.
    progress
        Called with a fraction (0-1) and a catalogue key; False ends the proof with what is known.
    """
    tasks, labels = plan_tasks(plan), plan_labels(plan)
    end = time.monotonic() + time_limit_s
    rows: list[dict[str, Any]] = []
    facts: list[Note] = []
    proofs: dict[str, Proof[Grouping]] = {}
    best: dict[str, Grouping] = {}
    for number, task in enumerate(tasks):
        share = max(0.0, end - time.monotonic()) / (len(tasks) - number)
        own = task.judged(labels[task.name])
        best[task.name] = own

        def tell(part: float, number: int = number) -> bool:
            return progress is None or progress((number + part) / len(tasks), PROGRESS_KEY) is not False

        try:
            proof = _proof(task, own, share, tell)
        except ScenarioError as error:
            rows.append({"strand": task.name, "state": "refused"})
            facts.append(_refusal(plan.ground.region, task.name, error))
            continue
        proofs[task.name] = proof
        rows.append(_row(task.name, own, proof))
        facts += _facts(plan.ground.region, rows[-1], proof)
        if rows[-1]["state"] == "better":
            best[task.name] = proof.grouping
    table = pd.DataFrame(rows, columns=list(COLUMNS)).astype({"is_proven": "boolean"})
    return PlanProof(table, proofs, _with_bundles(plan, tasks, best, table), tuple(facts))


def _proof(task: Task, own: Grouping, seconds: float, tell: Callable[[float], bool]) -> Proof[Grouping]:
    place = task.place
    return prove_grouping(
        place.units,
        place.links,
        task.load,
        place.travel_min,
        task.rules,
        starts=[own.labels],
        time_limit_s=seconds,
        progress=tell,
    )


def _row(name: str, own: Grouping, proof: Proof[Grouping]) -> dict[str, object]:
    gap = proof.gap_of(own.key)
    state = "best" if proof.is_proven and gap == 0 else "near"
    return {
        "strand": name,
        "state": "better" if proof.improves(own.key) else state,
        "block_count": proof.block_count,
        "bundle_count": len(own.bases),
        "objective_hours": own.objective_hours,
        "best_hours": proof.grouping.objective_hours,
        "bound_hours": proof.bound_hours,
        "gap_ratio": gap,
        "is_proven": proof.is_proven,
    }


def _facts(region: Region, row: dict[str, Any], proof: Proof[Grouping]) -> list[Note]:
    """Return what a strand's proof tells: first of the plan, then of the better one where there is one."""
    values = _strand(region, row["strand"])
    if row["state"] == "best":
        return [Note.of("proof_best", count=proof.block_count, **values)]
    told = []
    if row["state"] == "better":
        hours = {"hours": f"{row['objective_hours']:,.0f}", "best_hours": f"{row['best_hours']:,.0f}"}
        key = "proof_better_rules" if math.isnan(row["gap_ratio"]) else "proof_better_hours"
        told.append(Note.of(key, **hours, **values))
        if proof.is_proven:
            return [*told, Note.of("proof_better_is_best", **values)]
    key = "proof_near" if proof.unproven == ("objective",) else "proof_open"
    return [*told, Note.of(key, gap=f"{100 * proof.gap:.2f}", **values)]


def _refusal(region: Region, name: str, error: ScenarioError) -> Note:
    reasons = {f"reason_{lang}": say(error, lang) for lang in LANGUAGES}
    return Note.of("proof_refused", **reasons, **_strand(region, name))


def _strand(region: Region, name: str) -> dict[str, str]:
    """Return what a strand ("", "park", "30", "30/park") is called at the head of a sentence."""
    told = {}
    for lang in LANGUAGES:
        parts = [
            region.name_of(p, lang) if p.isdigit() else t(f"field.{p}", lang) for p in name.split("/") if p
        ]
        joined = t("word.list_sep", lang).join(parts)
        told[f"strand_{lang}"] = t("proof.strand", lang, name=joined) if parts else ""
    return told


def _with_bundles(plan: Plan, tasks: list[Task], best: dict[str, Grouping], table: pd.DataFrame) -> Plan:
    """Return the plan with other bundles where a strand has better ones."""
    if not (table["state"] == "better").any():
        return plan
    return assemble_plan(
        plan.scenario,
        plan.ground,
        [as_strand(task.name, task.work, task.load, best[task.name]) for task in tasks],
        [best[task.name] for task in tasks],
        work=plan.work,
        window=work_window(plan.scenario, scenario_assumptions(plan.scenario)),
        alternatives=pd.DataFrame(),
    )
