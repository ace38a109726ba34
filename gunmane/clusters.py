"""Units, links and rules to bundles: the solver's face."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import pandas as pd

from gunmane.errors import TableError
from gunmane.solver.grouping import Outcome, feasible_counts, make_territories, solve, wanted_counts
from gunmane.solver.prices import PriceList
from gunmane.solver.problem import Array, Problem, bundle_names, label_rows, make_problem
from gunmane.solver.proof.bounds import Proof, check_provable
from gunmane.solver.rules import Rules, SideWindow, Soft
from gunmane.solver.score import Key, Verdict, judge
from gunmane.solver.tables import row_of
from gunmane.solver.watch import Watch

__all__ = [
    "BROKEN_COLUMNS",
    "PRICE_COLUMNS",
    "BestSoFar",
    "Grouping",
    "Problem",
    "Proof",
    "Rules",
    "SideWindow",
    "Soft",
    "Verdict",
    "evaluate_labels",
    "group_units",
    "judge",
    "make_problem",
    "move_prices",
    "prove_grouping",
]

BROKEN_COLUMNS = ("rule", "label", "unit_id", "amount", "limit", "column")
PRICE_COLUMNS = (
    "unit_id",
    "label",
    "to_label",
    "moved_units",
    "travel_hours_change",
    "objective_change",
    "measure_moved",
    "breaks_change",
    "excess_change",
    "window_change",
    "count_change",
)


class BestSoFar:
    """
    The best that a search has found while it runs; worked out when asked for.

    Parameters
    ----------
    problem, watch
        The task, and what the search has offered.
    """

    def __init__(self, problem: Problem, watch: Watch) -> None:
        self._problem, self._watch = problem, watch

    @property
    def labels(self) -> pd.Series:
        """`unit_id` -> bundle: every unit in one, each bundle connected."""
        index = pd.Index(self._problem.unit_ids, name="unit_id")
        return pd.Series(self._watch.labels, index=index, name="label", dtype=np.int64)

    @property
    def travel_hours(self) -> float:
        """Hours a year with the best base in every bundle."""
        labels = self._watch.labels
        return float(judge(self._problem, labels, int(labels.max()) + 1).hours.sum())


@dataclasses.dataclass(frozen=True, eq=False)
class Grouping:
    """
    Bundles of units, and how they stand against the rules.

    Parameters
    ----------
    labels
        `unit_id` -> 0 … k-1 in the order of the ids; bundles are numbered by their smallest unit id.
    bases
        Label -> unit id of the base.
    travel_hours
        Hours a year; work that no road reaches is left out and named in `broken`.
    broken
        One row a rule not kept: `rule` (travel_limit, floor, ceiling, side_floor, side_ceiling, must_link,
        cannot_link, locked_unit, locked_bundle, connected, municipality_whole, municipality_limit, border_crossed,
        site_minutes, site_distance, bundle_count, fixed_base, base_count), `label` (-1: the plan as a whole),
        `unit_id` ("" likewise), `amount` and `limit` (minutes, metres, measure or a number, as the rule has them),
        `column` (that a further window counts, else ""). A unit too far from several sites stands in one row.
    key
        Order of plans, smaller is better: hard rules broken, by how much (relative, summed), soft window excess
        (relative, summed), |count - wanted|, objective hours.
    objective_hours
        Travel hours and what the soft terms add to them.
    soft_terms
        `keeps_whole, status_quo, compactness, evenness, similarity` and `reference_0, …`: each 0 when perfect, without
        strengths.
    moves
        Moves that the search evaluated.
    count_wanted
        Bundles wanted: the number asked for, else from the work and the target.
    count_feasible
        Fewest and most bundles that the rules seem to allow.
    is_cancelled
        Whether the caller ended the search early.
    """

    labels: pd.Series
    bases: dict[int, str]
    travel_hours: float
    broken: pd.DataFrame
    key: Key
    objective_hours: float
    soft_terms: dict[str, float]
    moves: int
    count_wanted: int
    count_feasible: tuple[int, int]
    is_cancelled: bool = False


def group_units(
    units: pd.DataFrame,
    links: pd.DataFrame,
    load: pd.DataFrame,
    travel_min: Array | None,
    rules: Rules,
    *,
    starts: Sequence[pd.Series] = (),
    progress: Callable[[BestSoFar, float], bool] | None = None,
    references: Sequence[tuple[pd.Series, float]] = (),
) -> Grouping:
    """
    Group units into bundles with the fewest travel hours that the rules allow.

    A base serves its bundle: hours are `crew_days * (minutes out + minutes back) / 60`, summed. Parts of the land
    that no link joins (where borders may not be crossed: each municipality) are grouped apart. Few atoms (units
    or whole municipalities) are solved to the optimum; more by a search whose length counts evaluated moves.

    Parameters
    ----------
    units
        Indexed by `unit_id`: `muni_code` and, if known, `area_id` (today's area; else the municipality) and `x_m, y_m`
        (place, for limits between sites).
    links
        `source_id, target_id`: units that touch along a road; and, if known, `travel_min` (minutes one way).
    load
        Indexed by `unit_id`: `crew_days` (a year), `measure` (the work window's), both >= 0, and optionally
        `is_needed` (whether crews drive there; by default wherever there is work), the columns that further windows
        count, and `trade:<name>` (on-site hours a year of a trade).
    travel_min
        Square, minutes one way from unit i to unit j in the order of `units`, infinite where no road leads; None
        takes the shortest ways along the links.
    rules
        The rules.
    starts
        Labels (`unit_id` -> anything) that the result is never worse than, counting first whether bundles are
        connected, then how far their number is from the one asked for, then the key; each is also improved.
    progress
        Called with the best found so far and the part done (0 to 1); returning False ends the search, and the best so
        far is the answer.
    references
        (labels by `unit_id`, strength): labels to stay near (> 0) or away from (< 0).

    Returns
    -------
    grouping
        The best found. Rules that cannot hold are named in `broken`.

    Raises
    ------
    TableError
        If the tables do not fit together or hold missing or negative numbers (a `ValueError`).
    ScenarioError
        If a rule names a unit that does not exist.
    """
    problem = make_problem(units, links, load, travel_min, rules, references)
    given = [label_rows(problem.unit_ids, start) for start in starts]

    def tell(watch: Watch, part: float) -> bool:
        return progress is None or progress(BestSoFar(problem, watch), part) is not False

    return _grouping(problem, solve(problem, given, tell))


def evaluate_labels(
    labels: pd.Series,
    units: pd.DataFrame,
    links: pd.DataFrame,
    load: pd.DataFrame,
    travel_min: Array | None,
    rules: Rules,
    *,
    bases: Mapping[object, str] | None = None,
    references: Sequence[tuple[pd.Series, float]] = (),
) -> Grouping:
    """
    Judge given labels by the same figures as `group_units`.

    Parameters
    ----------
    labels
        `unit_id` -> anything that names a bundle.
    units, links, load, travel_min, rules, references
        As for `group_units`.
    bases
        Bundle as `labels` name it -> unit id of its base; the others get their best base.

    Raises
    ------
    TableError
        If a unit has no label, or the tables do not fit together, or a base is no unit (a `ValueError`).
    ScenarioError
        If a rule names a unit that does not exist.
    """
    problem = make_problem(units, links, load, travel_min, rules, references)
    rows = label_rows(problem.unit_ids, labels)
    names = bundle_names(problem.unit_ids, labels, rows)
    row = {unit_id: i for i, unit_id in enumerate(problem.unit_ids)}
    unknown = [unit for unit in (bases or {}).values() if unit not in row]
    if unknown:
        raise TableError("base_no_unit", units=", ".join(map(str, unknown[:5])))
    given = {label: row[(bases or {})[name]] for label, name in names.items() if name in (bases or {})}
    territories = make_territories(problem)
    wanted = rules.bundle_count or sum(wanted_counts(problem, territories))
    verdict = judge(problem, rows, wanted, given)
    outcome = Outcome(verdict, 0, wanted, feasible_counts(territories), is_cancelled=False)
    return _grouping(problem, outcome)


def move_prices(
    labels: pd.Series,
    units: pd.DataFrame,
    links: pd.DataFrame,
    load: pd.DataFrame,
    travel_min: Array | None,
    rules: Rules,
    *,
    unit_ids: Sequence[str] | None = None,
    references: Sequence[tuple[pd.Series, float]] = (),
    progress: Callable[[float], bool] | None = None,
) -> pd.DataFrame:
    """
    Return what moving each unit into each neighbouring bundle changes.

    A unit takes along what it would cut off from the base of its bundle; the bases of both bundles are chosen anew.
    Each change is the difference of judging the whole plan before and after.

    Parameters
    ----------
    labels
        `unit_id` -> anything that names a bundle.
    units, links, load, travel_min, rules, references
        As for `group_units`.
    unit_ids
        Units to look at; None looks at every unit that a link joins to another bundle.
    progress
        Called with the part done (0 to 1); returning False ends with the moves looked at so far.

    Returns
    -------
    prices
        `unit_id, label, to_label` (as `labels` name them), `moved_units, travel_hours_change, objective_change`
        (hours/year), `measure_moved, breaks_change, excess_change` (relative), `window_change` (relative),
        `count_change` (-1 where the bundle is left empty); in the order of the ids.

    Raises
    ------
    TableError
        As `evaluate_labels`.
    ScenarioError
        If a rule or `unit_ids` names a unit that does not exist.
    """
    problem = make_problem(units, links, load, travel_min, rules, references)
    rows = label_rows(problem.unit_ids, labels)
    prices = PriceList(problem, rows)
    chosen = None
    if unit_ids is not None:
        row = {unit_id: i for i, unit_id in enumerate(problem.unit_ids)}
        chosen = np.array([row_of(unit_id, row, "move") for unit_id in unit_ids], dtype=np.int64)
    name_of = bundle_names(problem.unit_ids, labels, prices.labels)
    moves = prices.moves(chosen)
    found = []
    for number, move in enumerate(moves):
        if progress is not None and not progress(number / len(moves)):
            break
        p = prices.price(*move)
        ends = problem.unit_ids[p.unit], name_of[p.source], name_of[p.target]
        hours = p.travel_hours, p.objective
        found.append((*ends, p.moved, *hours, p.measure, p.breaks, p.excess, p.window, p.count))
    return pd.DataFrame(found, columns=list(PRICE_COLUMNS))


def prove_grouping(
    units: pd.DataFrame,
    links: pd.DataFrame,
    load: pd.DataFrame,
    travel_min: Array | None,
    rules: Rules,
    *,
    count: int | None = None,
    starts: Sequence[pd.Series] = (),
    references: Sequence[tuple[pd.Series, float]] = (),
    node_limit: int = 20_000,
    time_limit_s: float = math.inf,
    progress: Callable[[float], bool] | None = None,
) -> Proof[Grouping]:
    """
    Find the best bundles there are, and prove it; few units that move together only (40).

    Parameters
    ----------
    units, links, load, travel_min, rules, references
        As for `group_units`.
    count
        Bundles, instead of those that the rules ask for. A number that is asked for is kept where it can be had;
        without one every number competes in the order of plans.
    starts
        Labels to begin from, beside those that `group_units` finds.
    node_limit, time_limit_s
        What the proof may spend. At its end the best found is given, with a bound that holds.
    progress
        Called now and then with the part done (0 to 1); returning False ends the proof likewise.

    Raises
    ------
    TableError, ScenarioError
        As `group_units`; and ScenarioError where units are too many or a rule is not covered (`check_provable`).
    """
    if count is not None:
        rules = dataclasses.replace(rules, bundle_count=count)
    problem = make_problem(units, links, load, travel_min, rules, references)
    check_provable(problem)
    from gunmane.solver.proof.stages import prove

    given = [label_rows(problem.unit_ids, start) for start in starts]
    outcome = solve(problem, given, lambda watch, part: True)
    proven = prove(
        problem,
        outcome.count_wanted,
        [outcome.verdict.labels, *given],
        node_limit=node_limit,
        time_limit_s=time_limit_s,
        tell=progress or (lambda part: True),
    )
    best = _grouping(problem, dataclasses.replace(outcome, verdict=proven.verdict))
    return proven.told(best, best.key)


def _grouping(problem: Problem, outcome: Outcome) -> Grouping:
    verdict = outcome.verdict
    ids = problem.unit_ids
    rows = [
        (b.rule, b.label, ids[b.unit] if b.unit >= 0 else "", b.amount, b.limit, b.column)
        for b in verdict.breaks
    ]
    broken = pd.DataFrame(rows, columns=list(BROKEN_COLUMNS)).astype(
        {
            "rule": "str",
            "label": "int64",
            "unit_id": "str",
            "amount": "float64",
            "limit": "float64",
            "column": "str",
        }
    )
    index = pd.Index(ids, name="unit_id")
    return Grouping(
        labels=pd.Series(verdict.labels, index=index, name="label", dtype=np.int64),
        bases={label: ids[unit] for label, unit in enumerate(verdict.bases.tolist())},
        travel_hours=float(verdict.hours.sum()),
        broken=broken.sort_values(["rule", "label", "unit_id"], kind="stable", ignore_index=True),
        key=verdict.key,
        objective_hours=verdict.objective_hours,
        soft_terms=verdict.soft_terms,
        moves=outcome.moves,
        count_wanted=outcome.count_wanted,
        count_feasible=outcome.count_feasible,
        is_cancelled=outcome.is_cancelled,
    )
