"""The accounts of a plan, its bundles and its towns, and what a step by hand changed in them."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Mapping

import pandas as pd

from gunmane.contracts import bundle_contracts, duties_of, terms_of
from gunmane.contrasts import plan_bridges
from gunmane.plans import scenario_assumptions
from gunmane.scenario import Plan
from gunmane.strands import Task
from gunmane.workbench.draft import name_order
from gunmane.workbench.towns import town_figures

PLAN, BUNDLE, TOWN = "plan", "bundle", "town"
NUMBERS = (
    "bundle_count",
    "annual_jpy",
    "annual_jpy_low",
    "annual_jpy_high",
    "structure_count",
    "travel_hours",
    "farthest_min",
    "contracts",
    "contracts_low",
    "contracts_high",
    "outside_count",
)
# Sums of the same work in another order differ by less.
TOLERANCE = 1e-6


@dataclasses.dataclass(frozen=True)
class Account:
    """
    The figures of a plan, a bundle or a town.

    Parameters
    ----------
    kind, name
        "plan" (""), "bundle" (its name) or "town" (its code).
    numbers
        `NUMBERS` that this kind has: `bundle_count` (of a town: bundles with work in it); `annual_jpy` (JPY/year)
        with `_low` and `_high`, of a town without; `structure_count`; `travel_hours` (hours/year); `farthest_min`
        (minutes one way, NaN where no base is known); `contracts` (works contracts of bridges a year to expect, NaN
        without such work) with the least and the most over all coefficients; `outside_count` (bundles whose work is
        outside the window with its whole range).
    verdict
        Of a bundle: how its work stands to the window.
    rules
        Hard rules that are broken: of a bundle each once, of the plan one a place.
    units
        Of a bundle: its units, "strand/unit".
    """

    kind: str
    name: str
    numbers: Mapping[str, float]
    verdict: str = ""
    rules: tuple[str, ...] = ()
    units: frozenset[str] = frozenset()

    def is_like(self, other: Account) -> bool:
        """Return whether nothing of another account of the same thing is different."""
        same = (self.verdict, self.rules, self.units) == (other.verdict, other.rules, other.units)
        return same and all(
            math.isclose(value, other.numbers[name], rel_tol=TOLERANCE, abs_tol=TOLERANCE)
            or (math.isnan(value) and math.isnan(other.numbers[name]))
            for name, value in self.numbers.items()
        )


Accounts = dict[tuple[str, str], Account]


@dataclasses.dataclass(frozen=True)
class Change:
    """One account before and after a step; None where the bundle was not there, or is gone."""

    before: Account | None
    after: Account | None

    @property
    def kind(self) -> str:
        """What it is the account of."""
        return self._one.kind

    @property
    def name(self) -> str:
        """Name of the bundle, or code of the town; "" for the plan."""
        return self._one.name

    @property
    def _one(self) -> Account:
        one = self.after or self.before
        if one is None:
            raise ValueError("a change needs the account before or after it")
        return one

    def number(self, name: str) -> tuple[float, float]:
        """Return a number before and after; NaN where there is none."""
        before, after = (
            one.numbers.get(name, math.nan) if one else math.nan for one in (self.before, self.after)
        )
        return before, after

    def has_other(self, name: str) -> bool:
        """Return whether a number is another after the step, also where it was or is not there."""
        before, after = self.number(name)
        if math.isnan(before) or math.isnan(after):
            return math.isnan(before) != math.isnan(after)
        return not math.isclose(before, after, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def plan_accounts(plan: Plan, *, tasks: Iterable[Task] | None = None) -> Accounts:
    """
    Return the accounts of a plan, of its bundles and of the towns that it lies in, by kind and name.

    Parameters
    ----------
    plan
        Any plan.
    tasks
        Its strands, where they are at hand (`Board.tasks`).
    """
    contracts = _contracts(plan)
    units: dict[str, set[str]] = {}
    for strand, unit, bundle in plan.assignment[["strand", "unit_id", "bundle_id"]].itertuples(index=False):
        units.setdefault(str(bundle), set()).add(f"{strand}/{unit}")
    totals = plan.totals
    whole = {name: float(totals[name]) for name in NUMBERS if name in totals}
    whole["bundle_count"] = float(totals["order_count"])
    whole["outside_count"] = float(totals["below_floor"] + totals["above_ceiling"])
    whole |= contracts.get("", {})
    found = {(PLAN, ""): Account(PLAN, "", whole, rules=tuple(sorted(plan.broken["rule"].astype(str))))}
    none = dict.fromkeys(("contracts", "contracts_low", "contracts_high"), 0.0 if contracts else math.nan)
    for row in plan.bundles.drop(columns="geometry").reset_index().to_dict("records"):
        name = str(row["bundle_id"])
        numbers = {key: float(row[key]) for key in NUMBERS if key in row} | contracts.get(name, none)
        found[BUNDLE, name] = Account(
            BUNDLE, name, numbers, str(row["window_verdict"]), tuple(sorted(row["rules_broken"])),
            frozenset(units.get(name, ())),
        )  # fmt: skip
    for code, figures in town_figures(plan, tasks=tasks).to_dict("index").items():
        numbers = {key: float(figures[key]) for key in NUMBERS if key in figures}
        found[TOWN, str(code)] = Account(TOWN, str(code), numbers)
    return found


def step_changes(before: Accounts, after: Accounts) -> list[Change]:
    """
    Return what is different after a step: the plan first, always, then bundles by number, then towns by code.

    A bundle keeps its name through every edit, so that no pairing is needed.
    """
    keys = sorted({*before, *after}, key=lambda key: ((PLAN, BUNDLE, TOWN).index(key[0]), name_order(key[1])))
    changes = [Change(before.get(key), after.get(key)) for key in keys]
    return [one for one in changes if one.kind == PLAN or not _is_same(one)]


def _is_same(change: Change) -> bool:
    return change.before is not None and change.after is not None and change.before.is_like(change.after)


def _contracts(plan: Plan) -> dict[str, dict[str, float]]:
    """Return the works contracts a year of each bundle and, under "", of all; empty without bridges."""
    bridges = plan_bridges(plan) if plan.scenario.layer == "structures" else pd.DataFrame()
    if bridges.empty:
        return {}
    assumptions = scenario_assumptions(plan.scenario)
    duties = duties_of(assumptions)
    points = {(terms.probability, terms.bridges_per_contract): terms for terms in terms_of(assumptions)}
    trials = [bundle_contracts(bridges, terms, duties)["contracts"] for terms in points.values()]
    rows = {str(name): [float(trial[name]) for trial in trials] for name in trials[0].index}
    rows[""] = [float(trial.sum()) for trial in trials]
    return {
        name: {"contracts": values[0], "contracts_low": min(values), "contracts_high": max(values)}
        for name, values in rows.items()
    }
