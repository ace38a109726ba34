"""The line that makes a plan: work, window, strands, bundles, members, what could not be kept."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gunmane import schema
from gunmane.assumptions import Assumptions, load_assumptions
from gunmane.bundles import Strand, assign_bundles, bundle_members, describe_bundles, judge_bundles
from gunmane.clusters import Grouping
from gunmane.errors import PlanError
from gunmane.notes import plan_notes
from gunmane.scenario import Ground, Plan, Scenario
from gunmane.strands import (
    Progress,
    Task,
    as_strand,
    check_named_units,
    counts_beside,
    solve_strand,
    split_work,
    strand_tasks,
)
from gunmane.window import Window, work_window
from gunmane.workload import (
    load_tasks,
    planned_assets,
    planned_tasks,
    unit_work,
)

PREFIXES = {"daily": "D", "structures": "S"}


def scenario_assumptions(scenario: Scenario) -> Assumptions:
    """Return the coefficients of a scenario: those that ship, with the user's overrides."""
    return load_assumptions().replaced(dict(scenario.assumption_overrides))


def scenario_work(scenario: Scenario, ground: Ground) -> pd.DataFrame:
    """
    Return the work that a scenario plans (`schema.WORK`).

    Raises
    ------
    PlanError
        If nothing is to be planned: no asset of these sectors, or no task of this package for them.
    """
    assumptions = scenario_assumptions(scenario)
    work = unit_work(
        ground.assets,
        ground.shares,
        load_tasks(),
        scenario=scenario,
        region=ground.region,
        assumptions=assumptions,
    )
    if work.empty or not (work["annual_jpy"].sum() > 0 or work["pieces"].sum() > 0):
        raise PlanError("no_work", layer=scenario.layer, sectors=", ".join(scenario.sectors))
    return work


def make_plan(
    scenario: Scenario,
    ground: Ground,
    *,
    starts: Mapping[str, pd.Series] | None = None,
    has_alternatives: bool = True,
    progress: Progress | None = None,
) -> Plan:
    """
    Make the plan of a scenario.

    Parameters
    ----------
    scenario
        The choices.
    ground
        The region made ready (`grounds.prepare_ground`).
    starts
        Labels (indexed by `unit_id`) of each strand to start from as well; where borders may be crossed and no
        start is given, the plan that crosses none is made and taken.
    has_alternatives
        False leaves out the neighbouring numbers of bundles.
    progress
        Called with a fraction (0-1) and a catalogue key under `progress.`; False stops with the best so far.

    Raises
    ------
    PlanError
        If there is nothing to plan.
    ScenarioError
        If a choice names a unit that the region does not have.
    """
    check_named_units(scenario, ground)
    assumptions = scenario_assumptions(scenario)
    work = scenario_work(scenario, ground)
    window = work_window(scenario, assumptions)

    strands: list[Strand] = []
    groupings: list[Grouping] = []
    alternatives = []
    for task in strand_tasks(work, scenario, ground, window, assumptions):
        given = [starts[task.name]] if starts and task.name in starts else []
        grouping = solve_strand(task.place, task.load, task.rules, starts=given, progress=progress)
        strands.append(as_strand(task.name, task.work, task.load, grouping))
        groupings.append(grouping)
        if has_alternatives:
            alternatives.append(counts_beside(task, grouping))
    near = pd.concat(alternatives, ignore_index=True) if alternatives else pd.DataFrame()
    return assemble_plan(scenario, ground, strands, groupings, work=work, window=window, alternatives=near)


def plan_tasks(plan: Plan) -> list[Task]:
    """Return the strands of a plan ready to be solved or judged again, as they were when it was made."""
    scenario, assumptions = plan.scenario, scenario_assumptions(plan.scenario)
    window = work_window(scenario, assumptions)
    return strand_tasks(plan.work, scenario, plan.ground, window, assumptions)


def plan_labels(plan: Plan) -> dict[str, pd.Series]:
    """Return the bundle of each unit in each strand of a plan as numbers from 0, in the order of the bundles."""
    number = pd.Series(range(len(plan.bundles)), index=plan.bundles.index)
    labels = {}
    for name, rows in plan.assignment.groupby("strand", sort=True):
        own = rows.set_index("unit_id")["bundle_id"].map(number)
        # Bundles shaped by hand may be numbered across strands.
        labels[str(name)] = (own.rank(method="dense").astype("int64") - 1).rename("label")
    return labels


def assemble_plan(
    scenario: Scenario,
    ground: Ground,
    strands: list[Strand],
    groupings: list[Grouping],
    *,
    work: pd.DataFrame,
    window: Window,
    alternatives: pd.DataFrame,
    prefix: str = "",
) -> Plan:
    """Return the plan of solved strands: bundles, members, broken rules, totals and notes."""
    labelled = assign_bundles(strands, prefix or PREFIXES[scenario.layer])
    broken = _broken_rules(strands, groupings, labelled, ground)
    strand_of = strand_of_assets(scenario, ground)
    members = bundle_members(labelled, ground.shares, strand_of, scenario.layer)
    travel = pd.DataFrame(ground.travel_min, index=ground.units.index, columns=ground.units.index)
    bundles = describe_bundles(
        strands, labelled, members, units=ground.units, assets=ground.assets, travel=travel
    )
    located = _located_work(strands, labelled)
    bundles = judge_bundles(bundles, broken, window=window, region=ground.region, work=located)
    return Plan(
        scenario=scenario,
        ground=ground,
        assignment=labelled[["strand", "unit_id", "bundle_id"]],
        bundles=bundles,
        members=schema.check_table(members, "members"),
        work=work,
        broken=broken,
        alternatives=alternatives,
        totals=plan_totals(bundles, broken),
        window=dataclasses.asdict(window),
        notes=plan_notes(scenario, ground, work, groupings, assumptions=scenario_assumptions(scenario)),
    )


def smaller_part(unit_id: str, bundle_of: pd.Series, whole: pd.Series) -> tuple[str, str]:
    """
    Return where a divided municipality is to be mended: the bundle with the fewest of its units, and one of these.

    Parameters
    ----------
    unit_id
        Any unit of the municipality.
    bundle_of
        Bundle of each unit of the strand, indexed by `unit_id`.
    whole
        What must stay together, the same value for the units of one part, indexed as `bundle_of`.
    """
    own = bundle_of[(whole == whole[unit_id]).to_numpy()]
    firsts = {str(bundle): at for at, bundle in reversed(list(enumerate(own)))}
    counts, sizes = own.value_counts(), bundle_of.value_counts()
    # Of two as small the one that lies among more others.
    bundle = min(firsts, key=lambda name: (int(counts[name]), -int(sizes[name]), -firsts[name]))
    return bundle, str(own.index[firsts[bundle]])


def _at_smaller_parts(table: pd.DataFrame, own: pd.DataFrame, ground: Ground) -> pd.DataFrame:
    """Return rules not kept, a divided municipality named by its smaller part; `own` are the units of the strand."""
    divided = table.index[table["rule"] == "municipality_whole"]
    if len(divided) == 0:
        return table
    bundle_of = own.set_index("unit_id")["bundle_id"].sort_index()
    ids, links = bundle_of.index, ground.links
    ends = [ids.get_indexer(links[name]) for name in ("source_id", "target_id")]
    inside = (ends[0] >= 0) & (ends[1] >= 0)
    joined = coo_array((inside[inside], (ends[0][inside], ends[1][inside])), shape=(len(ids), len(ids)))
    parts = pd.Series(connected_components(joined, directed=False)[1], index=ids).astype("str")
    whole = ground.units["muni_code"].reindex(ids).astype("str") + "/" + parts
    for row in divided:
        place = smaller_part(str(table.at[row, "unit_id"]), bundle_of, whole)
        table.loc[row, ["bundle_id", "unit_id"]] = place
    return table


def _broken_rules(
    strands: list[Strand], groupings: list[Grouping], labelled: pd.DataFrame, ground: Ground
) -> pd.DataFrame:
    tables = []
    for strand, grouping in zip(strands, groupings, strict=True):
        own = labelled[labelled["strand"] == strand.name]
        number = own.drop_duplicates("label").set_index("label")["bundle_id"]
        table = grouping.broken.copy()
        table.insert(0, "strand", strand.name)
        table.insert(1, "bundle_id", table.pop("label").map(number).fillna(""))
        tables.append(_at_smaller_parts(table.reset_index(drop=True), own, ground))
    return pd.concat(tables, ignore_index=True)


def strand_of_assets(scenario: Scenario, ground: Ground) -> pd.Series:
    """Return the strand of each asset that a scenario plans, indexed by `asset_id`."""
    tasks = planned_tasks(scenario, load_tasks())
    chosen = planned_assets(ground.assets, ground.region, scenario)
    chosen = chosen[chosen["sector"].isin(tasks["sector"])]
    names = split_work(pd.DataFrame(chosen[["asset_id", "sector", "owner_code"]]), scenario)
    return pd.concat(
        [pd.Series(name, index=rows["asset_id"].to_numpy(), dtype="str") for name, rows in names.items()]
    )


def _located_work(strands: list[Strand], labelled: pd.DataFrame) -> pd.DataFrame:
    tables = []
    for strand in strands:
        own = labelled.loc[labelled["strand"] == strand.name, ["unit_id", "bundle_id"]]
        tables.append(strand.work.merge(own, on="unit_id", how="left"))
    return pd.concat(tables, ignore_index=True)


def plan_totals(bundles: pd.DataFrame, broken: pd.DataFrame) -> dict[str, float]:
    """
    Return the figures of a whole plan: orders, verdicts, hours, farthest minutes, yen with range.

    An order is a bundle with work. A sum over bundles with an unknown base is NaN.
    """
    busy = bundles[bundles["window_verdict"] != "none"]
    verdicts = busy["window_verdict"].value_counts()
    total = float(busy["annual_jpy"].sum())
    resting = float((busy["annual_jpy"] * busy["grade_e_share"]).sum())
    return {
        "order_count": len(busy),
        "below_floor": int(verdicts.get("below", 0)),
        "borderline": int(verdicts.get("borderline", 0)),
        "above_ceiling": int(verdicts.get("above", 0)),
        "travel_hours": float(busy["travel_hours"].sum(skipna=False)),
        "onsite_hours": float(busy["onsite_hours"].sum()),
        "farthest_min": float(busy["farthest_min"].max(skipna=False)) if len(busy) else 0.0,
        "unreached_units": int(busy["unreached_units"].sum()),
        "annual_jpy_low": float(busy["annual_jpy_low"].sum()),
        "annual_jpy": total,
        "annual_jpy_high": float(busy["annual_jpy_high"].sum()),
        "structure_count": float(busy["structure_count"].sum()),
        "grade_e_share": resting / total if total else 0.0,
        "broken_count": len(broken),
        "wide_area_count": int(busy["is_wide_area"].sum()),
        "multi_sector_count": int(busy["is_multi_sector"].sum()),
    }
