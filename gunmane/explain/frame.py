"""One strand of a plan as the solver saw it: what every explanation is read from."""

from __future__ import annotations

import dataclasses

import pandas as pd

from gunmane.clusters import Rules
from gunmane.errors import PlanError
from gunmane.plans import scenario_assumptions
from gunmane.scenario import Plan
from gunmane.strands import Place, full_load, rules_of_place, split_work, strand_place, strand_rules
from gunmane.window import Window

YEN = ("annual_jpy_low", "annual_jpy", "annual_jpy_high")
WORK_SUMS = [*YEN, "onsite_hours", "pieces", "grade_e_jpy"]


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """
    One strand of a plan as the solver saw it.

    Parameters
    ----------
    plan, name
        The plan and the strand.
    place
        Units, links and minutes of the strand.
    work
        Rows of `schema.WORK` with the `bundle_id` in which each lies.
    load
        Crew-days, measure and need by `unit_id`.
    rules, window
        What the strand had to keep.
    bundle_of
        Bundle of each unit, indexed by `unit_id`.
    """

    plan: Plan
    name: str
    place: Place
    work: pd.DataFrame
    load: pd.DataFrame
    rules: Rules
    window: Window
    bundle_of: pd.Series

    def base_of(self, bundle_id: str) -> str:
        """Return the base unit of a bundle, "" where it is not known."""
        return str(self.plan.bundles.at[bundle_id, "base_unit_id"])

    def minutes(self, base: str, unit_id: str) -> float:
        """Return minutes one way from a base to a unit; infinite without a road, NaN without a known base."""
        if not base:
            return float("nan")
        places = self.plan.ground.units.index
        return float(self.plan.ground.travel_min[places.get_loc(base), places.get_loc(unit_id)])


def strand_frame(plan: Plan, name: str) -> Frame:
    """
    Return one strand of a plan as the solver saw it.

    Raises
    ------
    PlanError
        If the plan has no such strand.
    """
    parts = split_work(plan.work, plan.scenario)
    if name not in parts:
        raise PlanError("strand_unknown", strand=name)
    assumptions = scenario_assumptions(plan.scenario)
    window = Window(**plan.window)
    place = strand_place(name, parts[name], plan.ground, plan.scenario)
    own = plan.assignment[plan.assignment["strand"] == name]
    bundle_of = own.set_index("unit_id")["bundle_id"]
    return Frame(
        plan=plan,
        name=name,
        place=place,
        work=parts[name].assign(bundle_id=parts[name]["unit_id"].map(bundle_of)),
        load=full_load(parts[name], place, window, assumptions),
        rules=rules_of_place(strand_rules(plan.scenario, window, assumptions, plan.ground), place),
        window=window,
        bundle_of=bundle_of,
    )


def touching(frame: Frame, bundle_id: str | None = None, *, unit_id: str | None = None) -> set[str]:
    """Return the bundles that a link leads to, from a bundle or from one unit of it."""
    links = frame.place.links
    ends = (("source_id", "target_id"), ("target_id", "source_id"))
    found: set[str] = set()
    for here, there in ends:
        if unit_id is None:
            chosen = links.loc[links[here].map(frame.bundle_of) == bundle_id, there]
        else:
            chosen = links.loc[links[here] == unit_id, there]
        found |= set(chosen.map(frame.bundle_of).dropna().astype("str"))
    return found - {bundle_id if unit_id is None else str(frame.bundle_of[unit_id])}


def bundle_number(bundle_id: str) -> int:
    """Return the number in a bundle's label, so that D2 comes before D10."""
    digits = "".join(sign for sign in bundle_id if sign.isdigit())
    return int(digits) if digits else 0
