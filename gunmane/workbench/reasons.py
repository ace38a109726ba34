"""Why a unit of a draft lies where it does: what holds it, and the price of every bundle next to it."""

from __future__ import annotations

import dataclasses

import pandas as pd

from gunmane.clusters import move_prices
from gunmane.errors import PlanError
from gunmane.prices import best_moves
from gunmane.scenario import Ground, Note
from gunmane.workbench.board import Board, Judged
from gunmane.workbench.desk import Desk
from gunmane.workbench.draft import Draft

TOLERANCE = 1e-6


@dataclasses.dataclass(frozen=True, eq=False)
class WhyHere:
    """
    Why a unit lies in its bundle.

    Parameters
    ----------
    unit_id, strand, bundle_id
        Which unit, and where it lies.
    holds
        What holds it there, the strongest first; keys under `why_here.` in the catalogue.
    prices
        One row a neighbouring bundle, the cheapest first: `bundle_id, to_bundle_id, moved_units` (with what it would
        cut off), `travel_hours_change, objective_change` (hours/year), `measure_moved, breaks_change, excess_change,
        window_change` (relative), `count_change`.
    """

    unit_id: str
    strand: str
    bundle_id: str
    holds: tuple[Note, ...]
    prices: pd.DataFrame


def why_here(
    draft: Draft, ground: Ground, unit: str, *, strand: str = "", desk: Desk | None = None
) -> WhyHere:
    """
    Say which rule or cost holds a unit in its bundle, and what each bundle next to it would cost.

    Parameters
    ----------
    draft, ground
        The draft and its ground.
    unit
        The unit.
    strand
        Where fields or bodies are planned apart: which of them.
    desk
        What a session holds for its ground.

    Raises
    ------
    PlanError
        If the draft has no such strand, or no such unit in it.
    """
    board = (desk or Desk(ground)).board(draft)
    if strand not in draft.labels:
        raise PlanError("strand_unknown", strand=strand)
    labels = draft.labels[strand]
    if unit not in labels.index:
        raise PlanError("units_unknown", units=unit)
    task = board.tasks[strand]
    place = task.place
    found = move_prices(
        labels, place.units, place.links, task.load, place.travel_min, task.rules, unit_ids=[unit]
    )
    found = found.rename(columns={"label": "bundle_id", "to_label": "to_bundle_id"}).assign(strand=strand)
    prices = _cheapest_first(found)
    judged = board.judged(draft)[strand]
    holds = [*_held(draft, board, strand, unit, judged), *_costs(prices)]
    return WhyHere(unit, strand, str(labels[unit]), tuple(holds), prices)


def _cheapest_first(found: pd.DataFrame) -> pd.DataFrame:
    order = ["breaks_change", "excess_change", "window_change", "objective_change"]
    rounded = found.assign(**{name: found[name].astype("float64").round(6) for name in order})
    chosen = rounded.sort_values(["count_change", *order, "to_bundle_id"], ascending=[False] + [True] * 5)
    return found.loc[chosen.index].reset_index(drop=True)


def _held(draft: Draft, board: Board, strand: str, unit: str, judged: Judged) -> list[Note]:
    """Return the locks and rules that concern a unit by itself."""
    scenario, bundle = draft.scenario, str(draft.labels[strand][unit])
    problem = board.problems[strand]
    row = problem.unit_ids.index(unit)
    holds = []
    if unit in draft.locked_units:
        holds.append(Note.of("unit_locked_by_hand"))
    if bundle in draft.locked_bundles:
        holds.append(Note.of("bundle_locked_by_hand", bundle=bundle))
    if any(unit == named for named, _ in scenario.locked_units) or any(
        unit in units for units in scenario.locked_bundles
    ):
        holds.append(Note.of("locked_by_choice"))
    partners = sorted(
        {other for pair in scenario.must_link if unit in pair for other in pair if other != unit}
    )
    if partners:
        holds.append(Note.of("asked_together", units=", ".join(partners)))
    if problem.whole_group[row] >= 0:
        holds.append(Note.of("town_stays_whole"))
    if draft.bases.get(bundle) == unit:
        holds.append(Note.of("base_by_hand", bundle=bundle))
    elif judged.bases[judged.names.index(bundle)] == unit:
        holds.append(Note.of("base_is_best", bundle=bundle))
    return holds


def _costs(prices: pd.DataFrame) -> list[Note]:
    """Say whether a neighbouring bundle would be better, worse, or would break a rule."""
    if prices.empty:
        return [Note.of("no_neighbour")]
    moves = best_moves(prices, 1)
    if moves.empty:
        return [Note.of("only_emptying")]
    best = moves.iloc[0]
    values = {"bundle": str(best["to_bundle_id"]), "hours": round(abs(float(best["objective_change"])), 1)}
    ranked = [best[name] for name in ("breaks_change", "excess_change", "window_change", "objective_change")]
    first = next((float(value) for value in ranked if abs(float(value)) > TOLERANCE), 0.0)
    if first < 0:
        return [Note.of("better_elsewhere", **values)]
    if best["breaks_change"] > 0 or best["excess_change"] > TOLERANCE:
        return [Note.of("rules_broken_elsewhere", bundle=values["bundle"])]
    if best["window_change"] > TOLERANCE:
        return [Note.of("size_worse_elsewhere", bundle=values["bundle"])]
    return [Note.of("dearer_elsewhere", **values)]
