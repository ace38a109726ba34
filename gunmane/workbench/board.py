"""One scenario on one ground, laid out so that a moved unit costs only the figures of the bundles it touches."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane import schema
from gunmane.bundles import Strand, bundle_members, describe_bundles, judge_bundles, mark_broken
from gunmane.clusters import BROKEN_COLUMNS, Problem, Verdict, judge, make_problem
from gunmane.errors import PlanError
from gunmane.notes import plan_notes
from gunmane.plans import plan_totals, scenario_assumptions, scenario_work, smaller_part, strand_of_assets
from gunmane.scenario import Ground, Plan, Scenario
from gunmane.strands import Task, strand_tasks
from gunmane.window import work_window
from gunmane.workbench.draft import Draft, name_order

# Bundles whose figures are kept: those of some hundred moves back, so that undo costs nothing.
BUNDLES_KEPT = 4096
ASSET_COLUMNS = ["asset_id", "length_m", "area_m2", "condition"]

Array = np.ndarray[Any, np.dtype[Any]]
Key = tuple[str, bytes, str]


@dataclasses.dataclass(frozen=True, eq=False)
class Judged:
    """
    One strand of a draft, judged.

    Parameters
    ----------
    names
        Its bundles, D2 before D10.
    place
        Place among `names` of the bundle of each unit, in the order of the problem's units.
    bases
        Unit of the base of each bundle, in the order of `names`.
    verdict
        What the solver's judge says; its labels are its own.
    wholes
        What must stay together, the same number for the units of a municipality that roads join; -1 where free.
    """

    names: list[str]
    place: Array
    bases: list[str]
    verdict: Verdict
    wholes: Array

    def broken(self, strand: str, unit_ids: tuple[str, ...]) -> list[tuple[Any, ...]]:
        """Return the rules not kept as rows: `strand, bundle_id`, then `BROKEN_COLUMNS` without the label."""
        name_of = {
            int(label): self.names[at] for label, at in zip(self.verdict.labels, self.place, strict=True)
        }
        rows = []
        for b in self.verdict.breaks:
            bundle, unit = name_of.get(b.label, ""), unit_ids[b.unit] if b.unit >= 0 else ""
            if b.rule == "municipality_whole":
                bundle_of = pd.Series([self.names[at] for at in self.place], index=unit_ids)
                bundle, unit = smaller_part(unit, bundle_of, pd.Series(self.wholes, index=unit_ids))
            rows.append((strand, bundle, b.rule, unit, float(b.amount), float(b.limit), b.column))
        return rows


class Board:
    """
    Everything of a scenario and a ground that a moved unit does not change, and the figures of bundles seen before.

    Parameters
    ----------
    scenario, ground
        As for `make_plan`.

    Raises
    ------
    PlanError
        If there is nothing to plan.
    """

    def __init__(self, scenario: Scenario, ground: Ground) -> None:
        self.scenario, self.ground = scenario, ground
        assumptions = scenario_assumptions(scenario)
        self.window = work_window(scenario, assumptions)
        self.work = scenario_work(scenario, ground)
        tasks = strand_tasks(self.work, scenario, ground, self.window, assumptions)
        self.tasks: dict[str, Task] = {task.name: task for task in tasks}
        self.problems: dict[str, Problem] = {task.name: _problem(task) for task in tasks}
        # Which strand was ended early is not what a hand-made plan has to tell.
        self.notes = plan_notes(scenario, ground, self.work, [], assumptions=assumptions)
        self.travel = pd.DataFrame(ground.travel_min, index=ground.units.index, columns=ground.units.index)
        self._assets = pd.DataFrame(ground.assets[ASSET_COLUMNS])
        self._parts, self._part_unit, self._part_asset = self._laid_out()
        self._rows: dict[Key, dict[str, Any]] = {}
        self._dtypes: dict[str, Any] = {}

    def _laid_out(self) -> tuple[pd.DataFrame, Array, Array]:
        """Return the parts of all assets, and of each the number of its unit over all strands, and its asset's row."""
        strand_of = strand_of_assets(self.scenario, self.ground)
        tables = [
            pd.DataFrame({"strand": name, "unit_id": list(problem.unit_ids)})
            for name, problem in self.problems.items()
        ]
        places = pd.concat(tables, ignore_index=True).assign(bundle_id="")
        parts = bundle_members(places, self.ground.shares, strand_of, self.scenario.layer)
        schema.check_table(parts, "members")
        numbers = pd.MultiIndex.from_frame(places[["strand", "unit_id"]])
        wanted = pd.MultiIndex.from_arrays([parts["asset_id"].map(strand_of), parts["unit_id"]])
        at_asset = pd.Index(self._assets["asset_id"]).get_indexer(parts["asset_id"])
        return parts, numbers.get_indexer(wanted), at_asset

    def judged(self, draft: Draft) -> dict[str, Judged]:
        """
        Return every strand of a draft judged, bundles without a chosen base at their best one.

        Raises
        ------
        PlanError
            If the draft is of other strands or units than the ground has.
        """
        if set(draft.labels) != set(self.problems):
            odd = sorted(set(draft.labels) ^ set(self.problems))
            raise PlanError("strand_unknown", strand=odd[0])
        return {name: _judged(draft, name, problem) for name, problem in self.problems.items()}

    def plan(self, draft: Draft) -> Plan:
        """
        Return the plan that a draft is: bundles, members, rules broken and totals.

        Raises
        ------
        PlanError
            As `judged`.
        """
        judged = self.judged(draft)
        rows = [row for name, one in judged.items() for row in one.broken(name, self.problems[name].unit_ids)]
        broken = _broken_table(rows)
        bundles = mark_broken(self._bundles(judged), broken)
        return Plan(
            scenario=self.scenario,
            ground=self.ground,
            assignment=self._assignment(judged),
            bundles=bundles,
            members=self._members(judged),
            work=self.work,
            broken=broken,
            alternatives=pd.DataFrame(),
            totals=plan_totals(bundles, broken),
            window=dataclasses.asdict(self.window),
            notes=self.notes,
        )

    def _assignment(self, judged: Mapping[str, Judged]) -> pd.DataFrame:
        tables = [
            pd.DataFrame(
                {
                    "strand": name,
                    "unit_id": list(self.problems[name].unit_ids),
                    "bundle_id": np.array(one.names, dtype=object)[one.place],
                }
            )
            for name, one in judged.items()
        ]
        return pd.concat(tables, ignore_index=True).astype("str")

    def _members(self, judged: Mapping[str, Judged]) -> pd.DataFrame:
        names: list[str] = []
        places = []
        for one in judged.values():
            places.append(one.place + len(names))
            names += one.names
        column = pd.array(names, dtype="str").take(np.concatenate(places)[self._part_unit])
        return self._parts.assign(bundle_id=column)

    def _bundles(self, judged: Mapping[str, Judged]) -> gpd.GeoDataFrame:
        keys = {
            name: (strand, np.packbits(one.place == at).tobytes(), one.bases[at])
            for strand, one in judged.items()
            for at, name in enumerate(one.names)
        }
        new = {name for name, key in keys.items() if key not in self._rows}
        if new:
            table = self._described(judged, new)
            self._dtypes = dict(table.dtypes.drop("geometry"))
            for name, row in zip(table.index, table.to_dict("records"), strict=True):
                self._rows[keys[str(name)]] = row
        ordered = sorted(keys, key=name_order)
        rows = [self._rows[keys[name]] for name in ordered]
        for key in list(self._rows)[:-BUNDLES_KEPT]:
            self._rows.pop(key)
        index = pd.Index(ordered, name="bundle_id", dtype="str")
        table = gpd.GeoDataFrame(rows, geometry="geometry", crs=self.ground.units.crs, index=index)
        return table.astype(self._dtypes)

    def _described(self, judged: Mapping[str, Judged], wanted: set[str]) -> gpd.GeoDataFrame:
        """Return the figures of some bundles, worked out from their own units, work and assets alone."""
        strands, places, works, is_wanted = [], [], [], []
        for name, one in judged.items():
            task, unit_ids = self.tasks[name], np.array(self.problems[name].unit_ids, dtype=object)
            chosen = np.array([bundle in wanted for bundle in one.names])[one.place]
            is_wanted.append(chosen)
            if not chosen.any():
                continue
            bundles = np.array(one.names, dtype=object)[one.place[chosen]]
            place = pd.DataFrame(
                {"unit_id": unit_ids[chosen], "label": one.place[chosen], "bundle_id": bundles}
            )
            own = task.work[task.work["unit_id"].isin(place["unit_id"])]
            strands.append(Strand(name, own, task.load, pd.Series(dtype="int64"), dict(enumerate(one.bases))))
            places.append(place.assign(strand=name))
            works.append(own.merge(place[["unit_id", "bundle_id"]], on="unit_id"))
        assigned = pd.concat(places, ignore_index=True)
        at = np.concatenate(is_wanted)[self._part_unit]
        members = self._members(judged)[at]
        assets = self._assets.iloc[np.unique(self._part_asset[at])]
        units = self.ground.units
        table = describe_bundles(strands, assigned, members, units=units, assets=assets, travel=self.travel)
        none, work = _broken_table([]), pd.concat(works, ignore_index=True)
        return judge_bundles(table, none, window=self.window, region=self.ground.region, work=work)


def _problem(task: Task) -> Problem:
    place = task.place
    return make_problem(place.units, place.links, task.load, place.travel_min, task.rules)


def _judged(draft: Draft, strand: str, problem: Problem) -> Judged:
    labels = draft.labels[strand]
    if len(labels) != problem.size or list(labels.index) != list(problem.unit_ids):
        raise PlanError("draft_other_ground", region=draft.scenario.region_id)
    place, found = pd.factorize(labels)
    names = sorted(map(str, found), key=name_order)
    place = np.array([names.index(name) for name in found], dtype=np.int64)[place]
    row = {unit: i for i, unit in enumerate(problem.unit_ids)}
    given = {at: row[draft.bases[name]] for at, name in enumerate(names) if name in draft.bases}
    verdict = judge(problem, place, problem.rules.bundle_count or len(names), given)
    first = np.unique(place, return_index=True)[1]
    bases = [problem.unit_ids[verdict.bases[verdict.labels[unit]]] for unit in first]
    return Judged(names, place, bases, verdict, problem.whole_group)


def _broken_table(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    columns = ["strand", "bundle_id", *(name for name in BROKEN_COLUMNS if name != "label")]
    kinds = {name: "float64" if name in ("amount", "limit") else "str" for name in columns}
    ordered = sorted(rows, key=lambda row: (row[0], row[2], name_order(row[1]), row[3]))
    return pd.DataFrame(ordered, columns=columns).astype(kinds)
