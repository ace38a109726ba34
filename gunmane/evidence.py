"""Today beside the rules: the same region under six states, so that what cooperation changes can be seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from gunmane.assumptions import load_assumptions
from gunmane.bundles import Strand
from gunmane.clusters import Grouping
from gunmane.contracts import RANGED, terms_of, works_figures
from gunmane.contrasts import Cell, Meaning, cell_plan, meaning_of, pair_table, plan_bridges, plan_trials
from gunmane.plans import assemble_plan, make_plan, plan_labels, scenario_assumptions, scenario_work
from gunmane.scenario import Ground, Plan, Scenario
from gunmane.strands import Place, Progress, full_load, split_work, strand_place
from gunmane.window import Window, work_window

STATES = ("today", "today_moved", "no_crossing", "crossing", "crossing_same_count")
TODAY_STATES = ("today", "today_moved")
FIGURES = (
    "order_count",
    "below_floor",
    "borderline",
    "above_ceiling",
    "travel_hours",
    "farthest_min",
    "unreached_units",
    "annual_jpy_low",
    "annual_jpy",
    "annual_jpy_high",
    "grade_e_share",
    "broken_count",
    "wide_area_count",
    "multi_sector_count",
)
WORKS_FIGURES = (
    "bridge_count",
    "backlog_count",
    "ungraded_count",
    *(f"{name}{end}" for name in RANGED for end in ("_low", "", "_high")),
    "borderline_contracts",
)
"""Figures of the works contracts of bridges (`contracts.works_figures`); NaN for work that has none."""


@dataclasses.dataclass(frozen=True, eq=False)
class Evidence:
    """
    The comparison of one scenario.

    Parameters
    ----------
    table
        One row a state: `fields` ("together", "apart"), `state` (`STATES`), `FIGURES` and `WORKS_FIGURES`; NaN where
        unknown.
        Plans with different numbers of orders are not ranked by hours; `crossing_same_count` has as many orders
        as `no_crossing`, so that those two may be.
    plans
        The plan of each (fields, state); today's too, one area a body and field.
    has_several_fields
        False where the scenario has one field: together and apart are then the same and given once.
    pairs
        What each choice alone changes, by the others (`contrasts.pair_table`).
    cells
        The plan of each combination of the choices; those of `plans` that are one of them are the same objects.
    trials
        Works contracts of each state at every point of the coefficients' ranges: `fields, state` and the columns of
        `contracts.works_trials`; empty where the work has none.
    is_partial
        True where it was stopped before the end.
    """

    table: pd.DataFrame
    plans: dict[tuple[str, str], Plan]
    has_several_fields: bool
    pairs: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    cells: dict[Cell, Plan] = dataclasses.field(default_factory=dict)
    trials: pd.DataFrame = dataclasses.field(default_factory=pd.DataFrame)
    is_partial: bool = False


def today_state(scenario: Scenario, ground: Ground, *, is_base_moved: bool = False) -> Plan:
    """
    Return today as a plan: one area for each body and field, based at its town hall.

    Today is exempt from window and connectivity. Where a prefecture's office is not known its travel is unknown
    (NaN), never guessed.

    Parameters
    ----------
    scenario, ground
        As for `make_plan`; only sectors, package and assumptions count.
    is_base_moved
        True puts each area's base where its travel is least, on the same side of the water as the hall.
    """
    today = scenario.replace(
        joins_owners=False, joins_fields=False, may_cross_border=False, bundle_count=None
    )
    assumptions = scenario_assumptions(today)
    window = work_window(today, assumptions)
    work = scenario_work(today, ground)
    strands, groupings = [], []
    for name, rows in split_work(work, today).items():
        place = strand_place(name, rows, ground, today)
        load = full_load(rows, place, window, assumptions)
        hall = ground.hall_units.get(name.partition("/")[0], "")
        base = best_base(place, load, near=hall) if is_base_moved else hall
        labels = pd.Series(0, index=place.units.index)
        strands.append(Strand(name, rows, load, labels, {0: base} if base else {}))
        groupings.append(_as_it_is(labels))
    return assemble_plan(
        today, ground, strands, groupings, work=work, window=window, alternatives=pd.DataFrame(), prefix="T"
    )


def best_base(place: Place, load: pd.DataFrame, *, near: str = "") -> str:
    """
    Return the unit from which the annual travel to all units with work is least.

    Parameters
    ----------
    place, load
        Units and minutes, and the crew-days of each unit.
    near
        Only units that roads join with this one are taken; "" for any. A base is not moved to an island.
    """
    days = load["crew_days"].to_numpy(dtype="float64")
    both = place.travel_min.astype("float64") + place.travel_min.T.astype("float64")
    # Units that no road reaches count as very far, so that an island never makes every base equally bad.
    far = 10 * float(np.max(both[np.isfinite(both)], initial=1.0))
    hours = np.round(np.where(np.isfinite(both), both, far) @ days, 6)
    if near in place.units.index:
        hours = np.where(np.isfinite(both[place.units.index.get_loc(near)]), hours, np.inf)
    return str(place.units.index[int(np.argmin(hours))])


def _as_it_is(labels: pd.Series) -> Grouping:
    return Grouping(
        labels=labels,
        bases={},
        travel_hours=float("nan"),
        broken=pd.DataFrame(
            {"rule": [], "label": [], "unit_id": [], "amount": [], "limit": [], "column": []}
        ),
        key=(0, 0.0, 0.0, 0, float("nan")),
        objective_hours=float("nan"),
        soft_terms={},
        moves=0,
        count_wanted=1,
        count_feasible=(1, 1),
    )


def compare(scenario: Scenario, ground: Ground, *, progress: Progress | None = None) -> Evidence:
    """
    Compare today, today with bases moved, the rules without crossing and the rules with crossing.

    The same for fields together and apart where the scenario has several fields; and each choice alone (crossing,
    bodies joined, fields together) by the others, where it can make a difference.

    Parameters
    ----------
    scenario
        Its work, window, limits and seed hold for every state; what it says of crossing and fields is varied.
    ground
        The region made ready.
    progress
        Called with a fraction (0-1) and a catalogue key; False stops and returns the states made so far.

    Raises
    ------
    PlanError
        If there is nothing to plan.
    ScenarioError
        If a coefficient of works contracts cannot be, or a choice names a unit that the region does not have.
    """
    say = progress or (lambda fraction, key: True)
    if scenario.layer == "structures":
        # Told before the plans are made, not after.
        terms_of(scenario_assumptions(scenario))
    meaning = meaning_of(scenario, scenario_work(scenario, ground), ground)
    made = _Made(scenario, ground, meaning)
    steps = made.steps()
    for done, step in enumerate(steps):
        if not say(done / len(steps), "progress.comparing"):
            break
        made.take(step)
    else:
        done = len(steps)
    say(1.0, "progress.ready")

    trials = {id(plan): plan_trials(plan) for plan in {id(p): p for p in made.every_plan()}.values()}
    by_cell = {cell: trials[id(plan)] for cell, plan in made.cells.items()}
    return Evidence(
        table=evidence_table(made.plans, {key: trials[id(plan)] for key, plan in made.plans.items()}),
        plans=made.plans,
        has_several_fields=meaning.fields,
        pairs=pair_table(scenario, meaning, made.cells, by_cell),
        cells=made.cells,
        trials=_trials_of_states(made.plans, trials),
        is_partial=done < len(steps),
    )


class _Made:
    """What of a comparison is made so far: the states, and the combinations of choices, which share plans."""

    def __init__(self, scenario: Scenario, ground: Ground, meaning: Meaning) -> None:
        self.scenario, self.ground, self.meaning = scenario, ground, meaning
        self.plans: dict[tuple[str, str], Plan] = {}
        self.cells: dict[Cell, Plan] = {}

    def steps(self) -> list[tuple[str, str] | Cell]:
        """Return the states in order, then the combinations that none of them is."""
        ways = ("together", "apart") if self.meaning.fields else ("together",)
        states = [(fields, state) for fields in ways for state in STATES]
        known = {self._cell(fields, state) for fields, state in states}
        return [*states, *(cell for cell in self.meaning.cells() if cell not in known)]

    def _cell(self, fields: str, state: str) -> Cell | None:
        if state not in ("no_crossing", "crossing"):
            return None
        return self.meaning.cell(Cell(state == "crossing", self.scenario.joins_owners, fields == "together"))

    def take(self, step: tuple[str, str] | Cell) -> None:
        """Make the plan of one step; those made before are its starts."""
        if isinstance(step, Cell):
            self.cells[step] = cell_plan(self.scenario, step, self.ground, self.cells)
            return
        fields, state = step
        varied = self.scenario.replace(joins_fields=fields == "together")
        plan = _state_plan(state, varied, self.ground, self.plans, fields)
        if plan is not None:
            self.plans[step] = plan
            cell = self._cell(fields, state)
            if cell is not None:
                self.cells[cell] = plan

    def every_plan(self) -> list[Plan]:
        """Return every plan; those that are several things at once come several times."""
        return [*self.plans.values(), *self.cells.values()]


def _trials_of_states(plans: dict[tuple[str, str], Plan], trials: dict[int, pd.DataFrame]) -> pd.DataFrame:
    tables = []
    for (fields, state), plan in plans.items():
        table = trials[id(plan)].copy()
        table.insert(0, "fields", fields)
        table.insert(1, "state", state)
        tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else pd.DataFrame()


def _state_plan(
    state: str, scenario: Scenario, ground: Ground, made: dict[tuple[str, str], Plan], fields: str
) -> Plan | None:
    if state in ("today", "today_moved"):
        # Today is what it is: one area a body and field, whatever the plans beside it join.
        known = made.get(("together", state))
        return known or today_state(scenario, ground, is_base_moved=state == "today_moved")
    if state == "no_crossing":
        inside = scenario.replace(may_cross_border=False, bundle_count=None)
        return make_plan(inside, ground, has_alternatives=False)
    crossing = scenario.replace(may_cross_border=True)
    apart = made.get((fields, "no_crossing"))
    starts = plan_labels(apart) if apart is not None else {}
    if state == "crossing":
        return make_plan(crossing, ground, starts=starts, has_alternatives=False)
    return _same_count_plan(crossing, ground, made, fields, starts)


def _same_count_plan(
    crossing: Scenario,
    ground: Ground,
    made: dict[tuple[str, str], Plan],
    fields: str,
    starts: dict[str, pd.Series],
) -> Plan | None:
    """Return the plan that crosses borders with as many bundles as the one that does not, where they differ."""
    apart, free = made.get((fields, "no_crossing")), made.get((fields, "crossing"))
    if apart is None or free is None or len(apart.bundles) == len(free.bundles):
        return None
    if apart.assignment["strand"].nunique() > 1:
        return None
    same = crossing.replace(bundle_count=len(apart.bundles))
    return make_plan(same, ground, starts=starts, has_alternatives=False)


def evidence_table(
    plans: dict[tuple[str, str], Plan], trials: dict[tuple[str, str], pd.DataFrame]
) -> pd.DataFrame:
    """Return one row a state with its figures, in the order they were made."""
    rows: Sequence[dict[str, object]] = [
        {
            "fields": fields,
            "state": state,
            **{name: plan.totals[name] for name in FIGURES},
            **works_figures(plan_bridges(plan), trials[fields, state]),
        }
        for (fields, state), plan in plans.items()
    ]
    table = pd.DataFrame(rows, columns=["fields", "state", *FIGURES, *WORKS_FIGURES])
    # Today is exempt from the rules: that it breaks none would be more than was judged.
    table["broken_count"] = table["broken_count"].astype("float64").mask(table["state"].isin(TODAY_STATES))
    return table


def fixed_count(evidence: Evidence) -> int | None:
    """Return the number of bundles that was asked for; only plans that may cross are held to it."""
    counts = (
        plan.scenario.bundle_count for (_, state), plan in evidence.plans.items() if state == "crossing"
    )
    return next(counts, None)


def crossing_gain(evidence: Evidence) -> str:
    """
    Say in one key what crossing changes: "mends_size", "fewer_orders", "less_travel", "nothing" or "unknown".

    Hours are compared only between plans with the same number of orders.
    """
    table = evidence.table[evidence.table["fields"] == "together"].set_index("state")
    if not {"no_crossing", "crossing"} <= set(table.index):
        return "unknown"
    apart, free = table.loc["no_crossing"], table.loc["crossing"]
    if free["below_floor"] < apart["below_floor"]:
        return "mends_size"
    if free["order_count"] < apart["order_count"]:
        return "fewer_orders"
    same = table.loc["crossing_same_count"] if "crossing_same_count" in table.index else free
    noticed = 1 - load_assumptions().value("noticed_travel_change_ratio")
    if same["order_count"] == apart["order_count"] and same["travel_hours"] < noticed * apart["travel_hours"]:
        return "less_travel"
    return "nothing"


def window_of(scenario: Scenario) -> Window:
    """Return the work window that a scenario is judged by."""
    return work_window(scenario, scenario_assumptions(scenario))
