"""Pairs of plans that differ in one choice: borders crossed or not, bodies joined or not, fields together or apart."""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.contracts import RANGED, works_trials
from gunmane.plans import make_plan, plan_labels, scenario_assumptions
from gunmane.scenario import Ground, Plan, Scenario

Floats = np.ndarray[Any, np.dtype[np.float64]]

FACTORS = ("crossing", "owners", "fields")
SETTINGS = {"crossing": ("no", "yes"), "owners": ("apart", "joined"), "fields": ("apart", "together")}
"""What each factor is without and with it, as `pairs` names it."""

PAIR_FIGURES = (
    "order_count",
    "below_floor",
    "above_ceiling",
    "travel_hours",
    "farthest_min",
    "broken_count",
    "wide_area_count",
    "multi_sector_count",
    "contracts",
    "dedicated_contracts",
    "engineers",
)
RATES = ("travel_hours", *RANGED)
WORK_LEVELS = ("annual_jpy", "annual_jpy_low", "annual_jpy_high")
ENDS = ("_low", "", "_high")
TOLERANCE = 1e-9


@dataclasses.dataclass(frozen=True, order=True)
class Cell:
    """
    One combination of the three choices.

    Parameters
    ----------
    crossing, owners, fields
        Whether borders may be crossed, bodies are joined, fields are together.
    """

    crossing: bool
    owners: bool
    fields: bool


@dataclasses.dataclass(frozen=True)
class Meaning:
    """
    Which choices can make a difference at all.

    Parameters
    ----------
    crossing, crossing_apart
        Whether there are several municipalities, and whether a body that plans alone works in several of them.
    owners
        Whether joining bodies is another choice than crossing borders.
    fields
        Whether several fields have work.
    """

    crossing: bool
    crossing_apart: bool
    owners: bool
    fields: bool

    def cell(self, cell: Cell) -> Cell:
        """Return the combination that stands for this one: a choice that changes nothing counts as made."""
        owners = cell.owners or not self.owners
        may_differ = self.crossing if owners else self.crossing_apart
        return Cell(cell.crossing or not may_differ, owners, cell.fields or not self.fields)

    def cells(self) -> list[Cell]:
        """Return every combination that differs from the others, those that cross no border first."""
        return sorted({self.cell(Cell(*choice)) for choice in itertools.product((False, True), repeat=3)})


def meaning_of(scenario: Scenario, work: pd.DataFrame, ground: Ground) -> Meaning:
    """
    Return which choices can make a difference for this work.

    A municipality that plans alone has nothing to cross: what it keeps beyond its border stays with it. Where all
    bodies are municipalities, keeping bodies apart is what not crossing borders is, so that it is no choice of its
    own unless the scenario asks for it.
    """
    codes, owners = set(ground.units["muni_code"]), set(work["owner_code"])
    has_several, has_wider = len(codes) > 1, bool(owners - codes)
    return Meaning(
        crossing=has_several,
        crossing_apart=has_several and has_wider,
        owners=len(owners) > 1 and (has_wider or not scenario.joins_owners),
        fields=work["sector"].map(schema.FIELD_OF_SECTOR).nunique() > 1,
    )


def cell_scenario(scenario: Scenario, cell: Cell) -> Scenario:
    """Return a scenario with the choices of a combination; a number of bundles holds only for the whole region."""
    keeps_count = cell.crossing and cell.owners
    return scenario.replace(
        may_cross_border=cell.crossing,
        joins_owners=cell.owners,
        joins_fields=cell.fields,
        bundle_count=scenario.bundle_count if keeps_count else None,
    )


def cell_plan(scenario: Scenario, cell: Cell, ground: Ground, made: Mapping[Cell, Plan]) -> Plan:
    """Return the plan of a combination; the one that crosses no border, where it is made, is its start."""
    apart = made.get(dataclasses.replace(cell, crossing=False)) if cell.crossing else None
    starts = plan_labels(apart) if apart is not None else None
    return make_plan(cell_scenario(scenario, cell), ground, starts=starts, has_alternatives=False)


def plan_bridges(plan: Plan) -> pd.DataFrame:
    """
    Return the bridges whose works a plan bundles: `asset_id, unit_id, bundle_id, condition`.

    Only structures have works contracts. A bridge over several units counts once, where most of it lies.
    """
    assets = plan.ground.assets.set_index("asset_id")
    held = plan.members[plan.members["asset_id"].map(assets["sector"]) == "bridge"]
    if plan.scenario.layer != "structures":
        held = held.iloc[:0]
    ranked = held.sort_values(["asset_id", "share", "unit_id"], ascending=[True, False, True])
    one = ranked.drop_duplicates("asset_id")[["asset_id", "unit_id", "bundle_id"]]
    return one.assign(condition=one["asset_id"].map(assets["condition"])).reset_index(drop=True)


def plan_trials(plan: Plan) -> pd.DataFrame:
    """Return the works contracts of a plan at every combination of the coefficients (`contracts.works_trials`)."""
    ground = plan.ground
    return works_trials(
        plan_bridges(plan),
        scenario_assumptions(plan.scenario),
        unit_ids=ground.units.index,
        travel_min=ground.travel_min,
        seed=plan.scenario.seed,
    )


def figure_trials(plan: Plan, trials: pd.DataFrame) -> dict[str, Floats]:
    """
    Return `PAIR_FIGURES` of a plan at every point of the ranges, the central one first.

    Sizes take the low and the high cost of the work, travel the range of `onsite_hours_per_crew_day`, works contracts
    their trials. Points of two plans of one scenario stand in the same order, so that they can be set against each
    other. NaN where a figure is unknown or does not apply.
    """
    values = {name: np.array([float(plan.totals[name])]) for name in PAIR_FIGURES if name in plan.totals}
    busy = plan.bundles[plan.bundles["window_verdict"] != "none"]
    columns = WORK_LEVELS if plan.window["measure"] == "jpy" else ("structure_count",)
    floor, ceiling = plan.window["floor"][1], plan.window["ceiling"][1]
    values["below_floor"] = np.array([float((busy[column] < floor).sum()) for column in columns])
    values["above_ceiling"] = np.array([float((busy[column] > ceiling).sum()) for column in columns])
    assumptions = scenario_assumptions(plan.scenario)
    hours = [assumptions.value("onsite_hours_per_crew_day", level) for level in ("central", "low", "high")]  # type: ignore[arg-type]
    values["travel_hours"] = float(plan.totals["travel_hours"]) * hours[0] / np.array(hours)
    for name in set(RANGED) & set(PAIR_FIGURES):
        values[name] = trials[name].to_numpy(dtype="float64") if len(trials) else np.array([np.nan])
    return values


def pair_table(
    scenario: Scenario, meaning: Meaning, plans: Mapping[Cell, Plan], trials: Mapping[Cell, pd.DataFrame]
) -> pd.DataFrame:
    """
    Return what each choice changes while the other two stay as they are.

    Parameters
    ----------
    scenario
        For the change that is worth noticing.
    meaning
        Which choices can make a difference; the others make no pair.
    plans, trials
        Plan and works contracts of each combination made so far.

    Returns
    -------
    pairs
        One row a pair and figure: `factor` (`FACTORS`), the settings of the other two (`crossing` "no"/"yes", `owners`
        "apart"/"joined", `fields` "apart"/"together"; "" for the factor itself and where a choice changes nothing),
        `figure` (`PAIR_FIGURES`), `before`, `after` (without and with the factor) and `change`, each with `…_low` and
        `…_high`, and `verdict` (`change_verdict`; "not_ranked": travel of different numbers of orders).
    """
    figures = {cell: figure_trials(plan, trials[cell]) for cell, plan in plans.items()}
    noticed = scenario_assumptions(scenario).value("noticed_travel_change_ratio")
    rows = []
    for labels, before, after in _pairs(meaning):
        if before not in figures or after not in figures:
            continue
        is_ranked = figures[before]["order_count"][0] == figures[after]["order_count"][0]
        for name in PAIR_FIGURES:
            old, new = figures[before][name], figures[after][name]
            verdict = change_verdict(new - old, least=noticed_change(name, float(old[0]), noticed))
            if name == "travel_hours" and not is_ranked and verdict != "unknown":
                verdict = "not_ranked"
            ends = {**_ends("before", old), **_ends("after", new), **_ends("change", new - old)}
            rows.append({**labels, "figure": name, **ends, "verdict": verdict})
    names = [f"{part}{end}" for part in ("before", "after", "change") for end in ENDS]
    return pd.DataFrame(rows, columns=["factor", *FACTORS, "figure", *names, "verdict"])


def _pairs(meaning: Meaning) -> list[tuple[dict[str, str], Cell, Cell]]:
    """Return the labels of every pair with both its combinations; what the scenario may join is joined first."""
    found = []
    for factor in FACTORS:
        others = [name for name in FACTORS if name != factor]
        met = set()
        for choice in itertools.product((True, False), repeat=2):
            given = dict(zip(others, choice, strict=True))
            before = meaning.cell(Cell(**{factor: False, **given}))
            after = meaning.cell(Cell(**{factor: True, **given}))
            if before == after or (before, after) in met:
                continue
            met.add((before, after))
            found.append(({"factor": factor, **_labels(factor, given, meaning)}, before, after))
    return found


def _labels(factor: str, given: Mapping[str, bool], meaning: Meaning) -> dict[str, str]:
    labels = dict.fromkeys(FACTORS, "")
    for name, is_made in given.items():
        # A choice that changes neither plan of the pair is not named.
        ends = [
            Cell(**{**given, factor: side, name: made}) for side in (False, True) for made in (False, True)
        ]
        without, with_it = (
            {meaning.cell(ends[0]), meaning.cell(ends[2])},
            {meaning.cell(ends[1]), meaning.cell(ends[3])},
        )
        if without != with_it:
            labels[name] = SETTINGS[name][is_made]
    return labels


def _ends(name: str, values: Floats) -> dict[str, float]:
    return {f"{name}_low": float(values.min()), name: float(values[0]), f"{name}_high": float(values.max())}


def noticed_change(figure: str, before: float, ratio: float) -> float:
    """
    Return up to which size a change of a figure counts as none: a share of what it was, for hours and rates.

    Parameters
    ----------
    figure
        One of `PAIR_FIGURES`; those that count bundles or minutes change by whole steps.
    before
        What it was.
    ratio
        `noticed_travel_change_ratio`.
    """
    return max(TOLERANCE, ratio * abs(before)) if figure in RATES else TOLERANCE


def change_verdict(change: Floats, *, least: float) -> str:
    """
    Say in one key what a change is over its range.

    Parameters
    ----------
    change
        The change at every point of the ranges, the central one first.
    least
        Changes up to this size count as none.

    Returns
    -------
    verdict
        "less" or "more" where the central point says so and no other the opposite, "same" where all do, else
        "borderline"; "unknown" where a value is.
    """
    if np.isnan(change).any():
        return "unknown"
    signs = np.sign(np.where(np.abs(change) <= least, 0.0, change))
    if not signs.any():
        return "same"
    if signs[0] == 0 or (signs == -signs[0]).any():
        return "borderline"
    return "less" if signs[0] < 0 else "more"
