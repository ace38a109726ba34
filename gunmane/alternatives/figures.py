"""Figures by which plans of the same work are set side by side, and plans made from given labels."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import pandas as pd

from gunmane.alternatives.difference import matched_labels
from gunmane.clusters import Grouping
from gunmane.plans import assemble_plan, scenario_assumptions
from gunmane.scenario import Note, Plan, Scenario
from gunmane.strands import Task, as_strand
from gunmane.window import work_window


def crossed_borders(plan: Plan) -> list[tuple[str, str]]:
    """
    Return the pairs of municipalities whose common border lies inside a bundle with work.

    Two municipalities have a common border where a road links a unit of one with a unit of the other; that a bundle
    holds towns which do not touch each other counts by the borders between them.
    """
    busy = plan.bundles.index[plan.bundles["window_verdict"] != "none"]
    links, town = plan.ground.links, plan.ground.units["muni_code"]
    ends = pd.DataFrame({end: links[f"{end}_id"].map(town) for end in ("source", "target")})
    pairs: set[tuple[str, str]] = set()
    for _, rows in plan.assignment.groupby("strand", sort=True):
        bundle = rows.set_index("unit_id")["bundle_id"]
        mine, theirs = links["source_id"].map(bundle), links["target_id"].map(bundle)
        is_inside = (mine == theirs) & mine.isin(busy) & (ends["source"] != ends["target"])
        pairs |= {(min(a, b), max(a, b)) for a, b in ends[is_inside].itertuples(index=False)}
    return sorted(pairs)


def divided_towns(plan: Plan) -> list[str]:
    """Return the municipalities whose units with work lie in several bundles of one strand."""
    worked = plan.work[["unit_id"]].drop_duplicates()
    rows = plan.assignment.merge(worked, on="unit_id")
    rows = rows.assign(town=rows["unit_id"].map(plan.ground.units["muni_code"]))
    count = rows.groupby(["strand", "town"])["bundle_id"].nunique()
    return sorted(set(count[count > 1].index.get_level_values("town")))


def unevenness_ratio(plan: Plan) -> float:
    """
    Return how unevenly the work lies over the bundles: `sum |work of a bundle - mean| / all work`, 0 where it is even.

    Work is the window's measure; the mean is that of the bundles with work in the same strand.
    """
    busy = plan.bundles[plan.bundles["window_verdict"] != "none"]
    size = busy["annual_jpy" if plan.window["measure"] == "jpy" else "structure_count"].astype("float64")
    away = (size - size.groupby(busy["strand"]).transform("mean")).abs()
    return float(away.sum() / size.sum()) if size.sum() > 0 else 0.0


def plan_figures(plan: Plan, groupings: Sequence[Grouping]) -> dict[str, float]:
    """Return what a plan of a comparison is told by; `groupings` are its strands judged by the same rules."""
    totals = plan.totals
    return {
        "order_count": totals["order_count"],
        "objective_hours": sum(found.key[4] for found in groupings),
        "travel_hours": totals["travel_hours"],
        "farthest_min": totals["farthest_min"],
        "below_floor": totals["below_floor"],
        "borderline": totals["borderline"],
        "above_ceiling": totals["above_ceiling"],
        "unevenness_ratio": unevenness_ratio(plan),
        "borders_crossed": len(crossed_borders(plan)),
        "towns_divided": len(divided_towns(plan)),
        "broken_count": totals["broken_count"],
    }


def named_after(found: Grouping, model: pd.Series, weight: pd.Series) -> Grouping:
    """Return a grouping whose bundles bear the numbers of the model's bundles that they share most work with."""
    labels = matched_labels(found.labels, model, weight)
    number = dict(zip(found.labels.tolist(), labels.tolist(), strict=True))
    broken = found.broken.assign(label=found.broken["label"].map({**number, -1: -1}).astype("int64"))
    bases = {number[label]: unit for label, unit in found.bases.items()}
    return dataclasses.replace(found, labels=labels, bases=dict(sorted(bases.items())), broken=broken)


def made_plan(
    plan: Plan,
    tasks: Sequence[Task],
    groupings: Sequence[Grouping],
    *,
    scenario: Scenario | None = None,
    notes: tuple[Note, ...] = (),
) -> Plan:
    """
    Return a plan of the same work with other bundles.

    Parameters
    ----------
    plan
        Plan that it stands beside.
    tasks, groupings
        Strands and their bundles.
    scenario
        Choices to say that it was made with; the plan's own by default.
    notes
        What its reader must know first.
    """
    choices = scenario or plan.scenario
    strands = [
        as_strand(task.name, task.work, task.load, found)
        for task, found in zip(tasks, groupings, strict=True)
    ]
    made = assemble_plan(
        choices,
        plan.ground,
        strands,
        list(groupings),
        work=plan.work,
        window=work_window(choices, scenario_assumptions(choices)),
        alternatives=pd.DataFrame(),
    )
    return dataclasses.replace(made, notes=(*notes, *made.notes))
