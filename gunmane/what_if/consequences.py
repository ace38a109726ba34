"""What a plan would suffer: its own bundles on changed roads and bases, figure by figure, and what could be done."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane.assumptions import LEVELS
from gunmane.explain import change_mark
from gunmane.plans import make_plan, plan_labels, plan_tasks
from gunmane.scenario import Ground, Plan
from gunmane.strands import Progress
from gunmane.what_if.applying import Altered, alter, apply, winter_ratio
from gunmane.what_if.changes import AddBase, LoseBase, WhatIf, Winter
from gunmane.what_if.detours import Detours, find_detours
from gunmane.what_if.rules import broken_rules
from gunmane.what_if.serving import bases_after, bases_of, served_units
from gunmane.what_if.streets import Streets, take_streets

FIGURES = ("travel_hours", "farthest_min", "unreached_units", "broken_count")
# Shorter changes are told as none: no road is known to the second.
SAME_MIN = 0.05


@dataclasses.dataclass(frozen=True, eq=False)
class Consequences:
    """
    A plan before and after changes.

    Parameters
    ----------
    plan, what_if
        What was asked about.
    bases
        Bundle -> units of its bases as it would be.
    totals, bundles, towns
        `figure` (`FIGURES`; the last two tables by `bundle_id`, `muni_code`), `before, after, low, high, change, mark`
        (as `explain.change_mark`). `travel_hours` (hours/year) and `farthest_min` count what can be reached, so
        `unreached_units` stands beside them; where it grows, fewer hours are no gain and their mark is "other". `low`
        and `high` differ from `after` only for a winter with the range of the assumption.
    units
        `strand, unit_id, name, muni_code, bundle_id, base_before, base_after, before_min, after_min` (minutes one way,
        NaN where none), `change_min, state` ("no_trips", "same", "longer", "shorter", "unreached", "reached",
        "no_base", "unknown"), `lost_hours` (hours/year of trips that were driven before and are not counted after).
    detours
        Closed stretches and the ways around them.
    links
        GeoDataFrame of the planned links: `change` (its place among the changes), `length_m, speed_kmh, travel_min`.
    broken
        Rules that are kept before and not after, and those not kept before and kept after: `bundle_id, rule, unit_id,
        amount, limit, is_new`.
    replanned
        The plan that the engine makes on the changed ground from this one; None where it was not asked.
    replanned_totals
        `totals` with that plan in `after`; None likewise.
    """

    plan: Plan
    what_if: WhatIf
    bases: Mapping[str, tuple[str, ...]]
    totals: pd.DataFrame
    bundles: pd.DataFrame
    towns: pd.DataFrame
    units: pd.DataFrame
    detours: Detours
    links: gpd.GeoDataFrame
    broken: pd.DataFrame
    replanned: Plan | None = None
    replanned_totals: pd.DataFrame | None = None


def consequences(
    plan: Plan,
    what_if: WhatIf,
    *,
    is_replanned: bool = False,
    streets: Streets | None = None,
    progress: Progress | None = None,
) -> Consequences:
    """
    Tell what changes of roads and bases do to a plan whose bundles stay as they are.

    Parameters
    ----------
    plan
        Any plan; a base that is not known stays unknown.
    what_if
        The changes.
    is_replanned
        True also makes a plan anew, from this one, on the changed roads; bases that are lost move to the best place
        afterwards.
    streets
        The roads of the plan's ground, where they are at hand.
    progress
        Called with a fraction (0-1) and a catalogue key under `progress.`.

    Raises
    ------
    ScenarioError
        If a change names something that the ground does not have, or that touches no road.
    PlanError
        If the roads are not at hand, or nothing can be planned.
    """
    say = progress or (lambda fraction, key: True)
    say(0.0, "progress.what_if_roads")
    altered = alter(plan.ground, what_if, streets or take_streets(plan.ground)) if what_if.has_roads else None
    say(0.4, "progress.what_if_minutes")
    ground = altered.ground_at() if altered else apply(plan.ground, what_if)
    tasks = plan_tasks(plan)
    bases = bases_after(plan, ground, what_if)
    before = served_units(plan, plan.ground, bases_of(plan), tasks)
    places = _range(ground, altered)
    after = [served_units(plan, place, bases, tasks) for place in places]
    say(0.6, "progress.what_if_detours")
    broken = broken_rules(plan, ground, bases, after[0])
    found = Consequences(
        plan=plan,
        what_if=what_if,
        bases=bases,
        totals=_totals(before, after, broken),
        bundles=_changes(before, after, broken, "bundle_id"),
        towns=_changes(before, after, None, "muni_code"),
        units=_units(before, after[0]),
        detours=find_detours(altered, before),
        links=gpd.GeoDataFrame(geometry=[]) if altered is None else altered.new,
        broken=broken,
    )
    if not is_replanned:
        return found
    say(0.7, "progress.what_if_replan")
    return _with_new_plan(found, before, places, progress)


def told_consequences(
    plan: Plan,
    what_if: WhatIf,
    streets: Streets | None = None,
    *,
    is_replanned: bool = False,
    progress: Progress | None = None,
) -> Consequences:
    """
    Return `consequences` without the plan made anew, only its figures: light enough to cross to another process.

    Raises
    ------
    ScenarioError, PlanError
        As `consequences`.
    """
    found = consequences(plan, what_if, is_replanned=is_replanned, streets=streets, progress=progress)
    return dataclasses.replace(found, replanned=None)


def _range(ground: Ground, altered: Altered | None) -> list[Ground]:
    """Return the changed ground, and for a winter with a range those at its ends."""
    winters: list[Winter] = altered.what_if.of(Winter) if altered else []
    if altered is None or not winters or winters[0].speed_ratio is not None:
        return [ground]
    ratios = [winter_ratio(altered.what_if, level) for level in (LEVELS[0], LEVELS[-1])]
    return [ground, *(dataclasses.replace(ground, travel_min=altered.minutes(ratio)) for ratio in ratios)]


def _with_new_plan(
    found: Consequences, before: pd.DataFrame, places: list[Ground], progress: Progress | None
) -> Consequences:
    """Add the plan that the engine makes on the changed ground, its bases where they still can be."""
    plan, what_if, ground = found.plan, found.what_if, places[0]
    lost = {change.unit_id for change in what_if.of(LoseBase)}
    new = {change.unit_id for change in what_if.of(AddBase)}
    fixed = tuple(sorted(({*plan.scenario.fixed_bases} | new) - lost))
    made = make_plan(
        plan.scenario.replace(fixed_bases=fixed),
        ground,
        starts=plan_labels(plan),
        has_alternatives=False,
        progress=progress,
    )
    bases = bases_after(made, ground, WhatIf(tuple(what_if.of(LoseBase))))
    tasks = plan_tasks(made)
    after = [served_units(made, place, bases, tasks) for place in places]
    broken = broken_rules(made, ground, bases, after[0], before=plan.broken)
    totals = _totals(before, after, broken)
    return dataclasses.replace(found, replanned=made, replanned_totals=totals)


# -- figures --------------------------------------------------------------------------------------------------


def _figures(served: pd.DataFrame) -> dict[str, float]:
    needed = served[served["is_needed"]]
    is_known = bool(needed["is_known"].all())
    return {
        "travel_hours": float(served["travel_hours"].sum(skipna=False)),
        "farthest_min": float(needed["out_min"].max())
        if is_known and needed["out_min"].notna().any()
        else np.nan,
        "unreached_units": float(served["is_unreached"].sum()),
    }


def _rows(before: pd.DataFrame, after: list[pd.DataFrame]) -> list[dict[str, Any]]:
    told, now = _figures(before), [_figures(one) for one in after]
    grows = now[0]["unreached_units"] > told["unreached_units"]
    rows = []
    for figure, old in told.items():
        values = [one[figure] for one in now]
        change = values[0] - old
        mark = change_mark(figure, change)
        if grows and mark == "better":
            # Trips that can no longer be driven are no gain.
            mark = "other"
        low, high = min(values), max(values)
        rows.append(
            {"figure": figure, "before": old, "after": values[0], "low": low, "high": high, "change": change}
            | {"mark": mark}
        )
    return rows


def _totals(before: pd.DataFrame, after: list[pd.DataFrame], broken: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame([*_rows(before, after), _broken_row(broken)])


def _broken_row(broken: pd.DataFrame) -> dict[str, Any]:
    old, new = (float(broken[side].sum()) for side in ("is_before", "is_after"))
    change = new - old
    mark = "same" if change == 0 else "worse" if change > 0 else "better"
    return {"figure": "broken_count", "before": old, "after": new, "low": new, "high": new} | {
        "change": change,
        "mark": mark,
    }


def _changes(
    before: pd.DataFrame, after: list[pd.DataFrame], broken: pd.DataFrame | None, by: str
) -> pd.DataFrame:
    """Return the changes of each bundle or town in long form."""
    rows = []
    for name in before[by].drop_duplicates():
        parts = [table[table[by] == name] for table in (before, *after)]
        found = _rows(parts[0], parts[1:])
        if broken is not None:
            found.append(_broken_row(broken[broken["bundle_id"] == name]))
        rows += [{by: name, **row} for row in found]
    return pd.DataFrame(rows)


def _units(before: pd.DataFrame, after: pd.DataFrame) -> pd.DataFrame:
    """Return each unit with its base and minutes on both sides, and what became of it."""
    table = before[["strand", "unit_id", "name", "muni_code", "bundle_id", "base_id", "out_min"]]
    table = table.rename(columns={"base_id": "base_before", "out_min": "before_min"})
    table.insert(6, "base_after", after["base_id"])
    table = table.assign(after_min=after["out_min"], change_min=after["out_min"] - before["out_min"])
    change = table["change_min"].to_numpy()
    is_cut = (after["is_unreached"] & ~before["is_unreached"]).to_numpy()
    is_joined = (before["is_unreached"] & ~after["is_unreached"] & after["out_min"].notna()).to_numpy()
    needed = before["is_needed"].to_numpy(bool)
    no_base = ((table["base_before"] != "") & (table["base_after"] == "")).to_numpy()
    state = np.select(
        [~needed, no_base, is_cut, is_joined, np.isnan(change), change > SAME_MIN, change < -SAME_MIN],
        ["no_trips", "no_base", "unreached", "reached", "unknown", "longer", "shorter"],
        "same",
    )
    gone = is_cut | no_base
    return table.assign(state=state, lost_hours=np.where(gone, before["travel_hours"], 0.0))
