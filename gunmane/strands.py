"""A package split into strands that are planned on their own, and one strand solved."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.assumptions import Assumptions
from gunmane.bundles import Strand
from gunmane.clusters import BestSoFar, Grouping, Rules, SideWindow, Soft, evaluate_labels, group_units
from gunmane.errors import ScenarioError
from gunmane.scenario import Ground, Scenario
from gunmane.window import Window, travel_limit_min
from gunmane.workload import strand_load

Progress = Callable[[float, str], bool]
PROGRESS_KEY = "progress.searching"
M_PER_KM = 1000
OTHER_COUNT_BUDGET_SHARE = 8


@dataclasses.dataclass(frozen=True, eq=False)
class Place:
    """
    The units of one strand with what leads between them.

    Parameters
    ----------
    units
        GeoDataFrame indexed by `unit_id`.
    links
        `schema.LINKS` among these units.
    travel_min
        Minutes one way, square, in the order of `units`.
    """

    units: gpd.GeoDataFrame
    links: pd.DataFrame
    travel_min: np.ndarray[Any, np.dtype[np.float32]]


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """
    One strand ready to be solved, or to be judged again.

    Parameters
    ----------
    name
        Name of the strand.
    work
        Rows of `schema.WORK`.
    place
        Where the strand lies.
    load
        Load of every unit of the place.
    rules
        The solver's rules, those that lie outside the place left out.
    """

    name: str
    work: pd.DataFrame
    place: Place
    load: pd.DataFrame
    rules: Rules

    def judged(self, labels: pd.Series, rules: Rules | None = None) -> Grouping:
        """Return labels judged by the task's rules, or by others."""
        place = self.place
        return evaluate_labels(
            labels, place.units, place.links, self.load, place.travel_min, rules or self.rules
        )

    def grouped(
        self,
        rules: Rules | None = None,
        *,
        starts: Sequence[pd.Series] = (),
        references: Sequence[tuple[pd.Series, float]] = (),
        load: pd.DataFrame | None = None,
    ) -> Grouping:
        """Return the units grouped by the task's rules and load, or by others; see `group_units`."""
        place = self.place
        used = self.load if load is None else load
        return group_units(
            place.units,
            place.links,
            used,
            place.travel_min,
            rules or self.rules,
            starts=starts,
            references=references,
        )


def split_work(work: pd.DataFrame, scenario: Scenario) -> dict[str, pd.DataFrame]:
    """
    Return the work of each strand by its name: "" for all together, "park", "30", or "30/park".

    Fields stay apart where the scenario does not join fields, bodies where it does not join owners.
    """
    field = work["sector"].map(schema.FIELD_OF_SECTOR)
    names = pd.Series("", index=work.index)
    if not scenario.joins_owners:
        names = names + work["owner_code"]
    if not scenario.joins_fields:
        names = names + (field if scenario.joins_owners else "/" + field)
    return {str(name): rows.reset_index(drop=True) for name, rows in work.groupby(names, sort=True)}


def strand_place(name: str, work: pd.DataFrame, ground: Ground, scenario: Scenario) -> Place:
    """
    Return where a strand lies: a municipality's own strand in its own units, every other in all units.

    A body may keep something outside its own area (a bridge on the border): such units belong to its strand too.
    """
    owner = name.partition("/")[0] if not scenario.joins_owners else ""
    units = ground.units
    if owner in set(units["muni_code"]):
        inside = ((units["muni_code"] == owner) | units.index.isin(work["unit_id"])).to_numpy()
    else:
        inside = np.ones(len(units), dtype=bool)
    chosen = units[inside]
    links = ground.links[
        ground.links["source_id"].isin(chosen.index) & ground.links["target_id"].isin(chosen.index)
    ]
    return Place(_located(chosen, work, ground, scenario), links, ground.travel_min[np.ix_(inside, inside)])


def _located(
    units: gpd.GeoDataFrame, work: pd.DataFrame, ground: Ground, scenario: Scenario
) -> gpd.GeoDataFrame:
    """
    Return units with what rules ask of their place: `x_m, y_m` and `length_m` (m of lines of the strand in the unit).

    A unit lies where its assets of the strand lie (the mean of their centres by share), without any in its middle.
    """
    has_length = any(column == "length_m" for column, *_ in scenario.side_windows)
    if scenario.site_limit_km is None and not has_length:
        return units
    kinds = work[["owner_code", "sector"]].drop_duplicates()
    assets = ground.assets.merge(kinds, on=["owner_code", "sector"])
    parts = ground.shares.merge(assets[["asset_id", "length_m", "area_m2", "geometry"]], on="asset_id")
    middle = units.geometry.representative_point()
    centre = gpd.GeoSeries(parts["geometry"], crs=units.crs).centroid
    sums = pd.DataFrame(
        {
            "share": parts["share"],
            "x_m": centre.x * parts["share"],
            "y_m": centre.y * parts["share"],
            "length_m": parts["length_m"].where(parts["area_m2"].isna()).astype("float64") * parts["share"],
        }
    )
    of_unit = sums.groupby(parts["unit_id"]).sum().reindex(units.index)
    return units.assign(
        x_m=(of_unit["x_m"] / of_unit["share"]).fillna(middle.x),
        y_m=(of_unit["y_m"] / of_unit["share"]).fillna(middle.y),
        length_m=of_unit["length_m"].fillna(0.0),
    )


def strand_tasks(
    work: pd.DataFrame, scenario: Scenario, ground: Ground, window: Window, assumptions: Assumptions
) -> list[Task]:
    """Return every strand of a package ready to be solved, in the order of names."""
    rules = strand_rules(scenario, window, assumptions, ground)
    tasks = []
    for name, rows in split_work(work, scenario).items():
        place = strand_place(name, rows, ground, scenario)
        load = full_load(rows, place, window, assumptions)
        tasks.append(Task(name, rows, place, load, rules_of_place(rules, place)))
    return tasks


def strand_rules(scenario: Scenario, window: Window, assumptions: Assumptions, ground: Ground) -> Rules:
    """Return the solver's rules of a scenario; a municipality whole, bases and limits as the package asks."""
    whole = scenario.keeps_municipality_whole
    if whole is None and scenario.layer == "structures":
        whole = True
    halls = tuple(sorted(set(ground.hall_units.values())))
    return Rules(
        bundle_count=scenario.bundle_count,
        floor=window.floor[1],
        target=window.target[1],
        ceiling=window.ceiling[1],
        is_window_hard=scenario.is_window_hard,
        travel_limit_min=travel_limit_min(scenario, assumptions),
        may_cross_border=scenario.may_cross_border,
        keeps_municipality_whole=whole,
        split_above=window.ceiling[1],
        must_link=scenario.must_link,
        cannot_link=scenario.cannot_link,
        fixed_bases=scenario.fixed_bases,
        base_units=halls if scenario.base_policy == "town_hall" else None,
        seed=scenario.seed,
        move_budget=scenario.move_budget,
        windows=_side_windows(scenario),
        site_limit_min=scenario.site_limit_min or math.inf,
        site_limit_m=(scenario.site_limit_km or math.inf) * M_PER_KM,
        locked_units=scenario.locked_units,
        locked_bundles=scenario.locked_bundles,
        base_count=scenario.base_count,
        most_municipalities=scenario.most_municipalities,
        open_borders=scenario.open_borders,
        soft=Soft(
            keeps_whole=scenario.keeps_whole_strength,
            status_quo=scenario.status_quo_strength,
            compactness=scenario.compactness_strength,
            evenness=scenario.evenness_strength,
            similarity=scenario.similarity_strength,
        ),
        uses_metis=scenario.uses_metis,
    )


def _side_windows(scenario: Scenario) -> tuple[SideWindow, ...]:
    return tuple(
        SideWindow(column, floor or 0.0, ceiling or math.inf, is_hard)
        for column, floor, ceiling, is_hard in scenario.side_windows
    )


def full_load(work: pd.DataFrame, place: Place, window: Window, assumptions: Assumptions) -> pd.DataFrame:
    """
    Return the load of every unit of a strand; units without work carry zero.

    Returns
    -------
    load
        Indexed by `unit_id`: `crew_days, measure, is_needed`; what further windows count (`schema.SIDE_COLUMNS`;
        `length_m` where the place has it); and `trade:<sector>`, hours on site a year.
    """
    load = strand_load(work, measure=window.measure, assumptions=assumptions).reindex(place.units.index)
    needed = load["is_needed"].eq(True).fillna(False).astype(bool)
    load = load[["crew_days", "measure"]].fillna(0.0).assign(is_needed=needed)
    sums = work.groupby("unit_id")[["annual_jpy", "pieces", "onsite_hours"]].sum()
    sums = sums.rename(columns={"annual_jpy": "jpy", "pieces": "structures"})
    trades = work.pivot_table(index="unit_id", columns="sector", values="onsite_hours", aggfunc="sum")
    load = load.join(sums).join(trades.add_prefix("trade:")).fillna(0.0)
    return load.assign(length_m=place.units["length_m"]) if "length_m" in place.units.columns else load


def solve_strand(
    place: Place,
    load: pd.DataFrame,
    rules: Rules,
    *,
    starts: Sequence[pd.Series] = (),
    progress: Progress | None = None,
) -> Grouping:
    """
    Group the units of one strand; without other starts, the plan that crosses no border is one where it may.

    So a plan that may cross is never worse, in the order of plans, than one that may not.
    """
    rules = rules_of_place(rules, place)
    known = list(starts)
    if not known and rules.may_cross_border and place.units["muni_code"].nunique() > 1:
        # Made as the comparison makes it, so that the plan there and the plan by itself are one.
        apart = dataclasses.replace(rules, may_cross_border=False, bundle_count=None)
        known.append(group_units(place.units, place.links, load, place.travel_min, apart).labels)

    def tell(_: BestSoFar, part: float) -> bool:
        return progress is None or progress(part, PROGRESS_KEY) is not False

    return group_units(place.units, place.links, load, place.travel_min, rules, starts=known, progress=tell)


def rules_of_place(rules: Rules, place: Place) -> Rules:
    """Return the rules without pairs, locks and bases that lie outside a strand: they bind the other strands."""
    here = set(place.units.index)
    bases = tuple(unit for unit in rules.base_units if unit in here) if rules.base_units else None
    return dataclasses.replace(
        rules,
        must_link=tuple(pair for pair in rules.must_link if here.issuperset(pair)),
        cannot_link=tuple(pair for pair in rules.cannot_link if here.issuperset(pair)),
        fixed_bases=tuple(unit for unit in rules.fixed_bases if unit in here),
        base_units=bases or None,
        locked_units=tuple(lock for lock in rules.locked_units if lock[0] in here),
        locked_bundles=tuple(
            own for bundle in rules.locked_bundles if (own := tuple(unit for unit in bundle if unit in here))
        ),
    )


def check_named_units(scenario: Scenario, ground: Ground) -> None:
    """
    Refuse a scenario that names a unit or a municipality's border which the region does not have.

    Raises
    ------
    ScenarioError
        Naming the first such unit or municipality.
    """
    named = {
        "must_link": [unit for pair in scenario.must_link for unit in pair],
        "cannot_link": [unit for pair in scenario.cannot_link for unit in pair],
        "fixed_base": list(scenario.fixed_bases),
        "locked_unit": [unit for unit, _ in scenario.locked_units],
        "locked_bundle": [unit for bundle in scenario.locked_bundles for unit in bundle],
    }
    for rule, ids in named.items():
        unknown = sorted(set(ids) - set(ground.units.index))
        if unknown:
            raise ScenarioError("unit_unknown", unit=unknown[0], rule=rule)
    codes = {code for pair in scenario.open_borders or () for code in pair}
    foreign = sorted(codes - set(ground.units["muni_code"]))
    if foreign:
        raise ScenarioError("border_unknown", code=foreign[0])


def counts_beside(task: Task, grouping: Grouping) -> pd.DataFrame:
    """
    Return the neighbouring numbers of bundles of a solved strand.

    Each is searched from the bundles of `grouping` with a part of the moves.

    Returns
    -------
    counts
        `strand, bundle_count, travel_hours, farthest_min, below_floor, above_ceiling, broken_count, is_chosen`;
        a number that cannot be had is left out.
    """
    count = len(set(grouping.labels))
    low, high = grouping.count_feasible
    rows = [_count_row(task, grouping, is_chosen=True)]
    for other in (count - 1, count + 1):
        if low <= other <= high:
            budget = task.rules.move_budget // OTHER_COUNT_BUDGET_SHARE
            near = dataclasses.replace(task.rules, bundle_count=other, move_budget=budget)
            found = task.grouped(near, starts=[grouping.labels])
            rows.append(_count_row(task, found, is_chosen=False))
    # A number that cannot be had is answered with the nearest one; it is not listed twice.
    table = pd.DataFrame(rows).drop_duplicates("bundle_count")
    return table.sort_values("bundle_count", ignore_index=True)


def _count_row(task: Task, found: Grouping, *, is_chosen: bool) -> dict[str, object]:
    size = task.load["measure"].groupby(found.labels).sum()
    size = size[size > 0]
    return {
        "strand": task.name,
        "bundle_count": len(set(found.labels)),
        "travel_hours": found.travel_hours,
        "farthest_min": farthest_min(task, found),
        "below_floor": int((size < task.rules.floor).sum()),
        "above_ceiling": int((size > task.rules.ceiling).sum()),
        "broken_count": int((found.broken["rule"] != "bundle_count").sum()),
        "is_chosen": is_chosen,
    }


def farthest_min(task: Task, found: Grouping) -> float:
    """Return the minutes one way from base to farthest unit with work; infinite where no road leads to one."""
    ids = task.place.units.index
    busy = task.load.index[task.load["is_needed"]]
    bases = found.labels.reindex(busy).map(found.bases)
    out = task.place.travel_min[ids.get_indexer(bases), ids.get_indexer(busy)]
    return float(out.max(initial=0.0))


def as_strand(name: str, work: pd.DataFrame, load: pd.DataFrame, grouping: Grouping) -> Strand:
    """Return a solved strand in the form that `bundles` describes."""
    return Strand(name, work, load, grouping.labels, {int(k): str(v) for k, v in grouping.bases.items()})
