"""What a plan must still be checked for, and where the next problem lies."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd

from gunmane.explain import SIDE_FIGURES, rule_checklist
from gunmane.scenario import Plan
from gunmane.strands import split_work
from gunmane.workbench.draft import name_order

COMPLETE = "complete"


@dataclasses.dataclass(frozen=True)
class Place:
    """
    Where something is not as it should be: a bundle, a unit, or both; "" where it is the plan as a whole.

    Parameters
    ----------
    bundle_id, unit_id
        Where.
    amount
        What was found there, in the unit of the rule; NaN where nothing is measured.
    """

    bundle_id: str = ""
    unit_id: str = ""
    amount: float = dataclasses.field(default=math.nan, compare=False)


@dataclasses.dataclass(frozen=True)
class Item:
    """
    One thing that a plan is checked for.

    Parameters
    ----------
    key
        "complete" (all work lies in a bundle) or a rule; its words stand under `rule.` in the catalogue.
    state
        "kept", "borderline" or "broken".
    is_hard
        False for a preference.
    places
        Where it is not kept, or borderline.
    amount, limit
        The worst found and what is allowed (minutes, metres, yen, structures or count); NaN where there is none.
    column
        What a further window counts, else "".
    """

    key: str
    state: str
    is_hard: bool
    places: tuple[Place, ...]
    amount: float
    limit: float
    column: str = ""

    @property
    def is_ok(self) -> bool:
        """Whether nothing is broken; a borderline is no fault."""
        return self.state != "broken"


@dataclasses.dataclass(frozen=True)
class Problem:
    """
    One place where one thing is broken.

    Parameters
    ----------
    key, column, place
        As in `Item`.
    limit
        What is allowed, NaN where there is no limit.
    is_hard
        False for a preference.
    """

    key: str
    column: str
    place: Place
    limit: float = dataclasses.field(default=math.nan, compare=False)
    is_hard: bool = dataclasses.field(default=True, compare=False)


def checklist(plan: Plan) -> list[Item]:
    """
    Return everything that a plan is checked for: complete first, then every rule in force.

    Parameters
    ----------
    plan
        A plan, as made or as the workbench figures it.
    """
    rows = rule_checklist(plan).to_dict("records")
    return [_complete(plan), *(_item(plan, row) for row in rows)]


def problems(items: Sequence[Item]) -> list[Problem]:
    """Return every place where something is broken, hard rules first, otherwise in the order of the items."""
    broken = sorted((item for item in items if not item.is_ok), key=lambda item: not item.is_hard)
    return [
        Problem(item.key, item.column, place, item.limit, item.is_hard)
        for item in broken
        for place in item.places
    ]


def next_problem(items: Sequence[Item], after: Problem | None = None) -> Problem | None:
    """
    Return the problem after another one; after the last comes the first again. None where nothing is broken.

    Parameters
    ----------
    items
        As `checklist` gives them now.
    after
        The one looked at last; where it is mended by now, the first problem is returned.
    """
    found = problems(items)
    if not found:
        return None
    at = found.index(after) + 1 if after in found else 0
    return found[at % len(found)]


def _complete(plan: Plan) -> Item:
    missing: set[str] = set()
    for strand, work in split_work(plan.work, plan.scenario).items():
        own = plan.assignment.loc[plan.assignment["strand"] == strand, "unit_id"]
        missing |= set(work["unit_id"]) - set(own)
    places = tuple(Place(unit_id=unit) for unit in sorted(missing))
    return Item(
        COMPLETE, "broken" if places else "kept", is_hard=True, places=places, amount=len(places), limit=0.0
    )


def _item(plan: Plan, row: dict[str, Any]) -> Item:
    rows = plan.broken[(plan.broken["rule"] == row["rule"]) & (plan.broken["column"] == row["column"])]
    # The worst of several at one place comes last, and stays.
    told = rows.sort_values("amount", ascending=not str(row["rule"]).endswith("floor"), kind="stable")
    named = zip(told["bundle_id"].astype(str), told["unit_id"].astype(str), told["amount"], strict=True)
    worst = {(bundle, unit): float(amount) for bundle, unit, amount in named}
    places = {Place(bundle, unit, amount) for (bundle, unit), amount in worst.items()}
    known = {place.bundle_id for place in places}
    measured = _measured(plan, str(row["rule"]), str(row["column"]))
    places |= {Place(name, amount=measured(name)) for name in row["bundle_ids"] if name not in known}
    if row["state"] == "broken" and not places:
        places = {Place(amount=float(pd.to_numeric(row["amount"])))}
    ordered = sorted(places, key=lambda place: (name_order(place.bundle_id), place.unit_id))
    return Item(
        key=str(row["rule"]),
        state=str(row["state"]),
        is_hard=bool(row["is_hard"]),
        places=tuple(ordered) if row["state"] != "kept" else (),
        amount=float(pd.to_numeric(row["amount"])),
        limit=float(pd.to_numeric(row["limit"])),
        column=str(row["column"]),
    )


def _measured(plan: Plan, rule: str, column: str) -> Callable[[str], float]:
    """Return what gives a bundle's amount of a window; NaN for every other rule."""
    name = "annual_jpy" if plan.window["measure"] == "jpy" else "structure_count"
    if rule.startswith("side_"):
        name = SIDE_FIGURES[column]
    elif rule not in ("floor", "ceiling"):
        return lambda bundle: math.nan
    return lambda bundle: float(plan.bundles.at[bundle, name])
