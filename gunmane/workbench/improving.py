"""The engine at the workbench: it goes on from a draft, and divides a bundle in two; what a hand locked stays."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Collection, Iterator, Mapping

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from gunmane.clusters import BestSoFar, Grouping, Rules, group_units, judge
from gunmane.errors import PlanError
from gunmane.scenario import Ground
from gunmane.strands import PROGRESS_KEY, Progress, Task
from gunmane.workbench.board import Array, Board
from gunmane.workbench.desk import Desk
from gunmane.workbench.draft import Draft, Labels, free_names, name_order
from gunmane.workbench.edits import Improve, Split

# A bundle with locked units keeps units of more than this share of its work where it would lose its name else.
CORE_SHARE = 0.5
# How far each half may lie from the middle, as a share of all.
HALF_TOLERANCE = 0.05
HALF_BUDGET = 20_000


# So often the best so far is handed over (seconds).
BEST_EVERY_S = 1.0

BestEdit = Callable[[], Improve]


def improve(
    draft: Draft,
    ground: Ground,
    progress: Progress | None = None,
    *,
    desk: Desk | None = None,
    on_best: Callable[[BestEdit], object] | None = None,
) -> Improve:
    """
    Let the engine go on from a draft; the result is an edit that may be done to it, or not.

    Locked units stay in their bundles, locked bundles and bases chosen by hand stay as they are, and so does the
    number of bundles. What is found has the names of the bundles whose work it shares most: names, titles and colours
    stay on their ground. The draft after the edit is never worse in the order of plans; where nothing better is found
    the edit moves nothing.

    Parameters
    ----------
    draft, ground
        The draft and its ground.
    progress
        Called with a fraction (0-1) and a catalogue key; False ends the search with the best so far.
    desk
        What a session holds for its ground.
    on_best
        Called as often with a function that makes the edit of the best so far, for whoever wants to show it.

    Raises
    ------
    PlanError, ScenarioError
        As `figures`.
    """
    board = (desk or Desk(ground)).board(draft)
    board.judged(draft)
    found = _Found(draft, board)
    for number, (strand, task) in enumerate(board.tasks.items()):

        def tell(
            best: BestSoFar, part: float, strand: str = strand, done: int = number, known: _Found = found
        ) -> bool:
            if on_best is not None:
                on_best(lambda: known.with_labels(strand, best.labels).edit())
            return progress is None or progress((done + part) / len(board.tasks), PROGRESS_KEY) is not False

        for rules in _tries(draft, strand, task):
            place, starts = task.place, [draft.labels[strand]]
            grouping = group_units(
                place.units, place.links, task.load, place.travel_min, rules, starts=starts, progress=tell
            )
            found = found.with_labels(strand, grouping.labels, grouping)
            if found.is_cancelled or strand in found.labels or found.has_kept(strand, grouping.labels):
                break
        if found.is_cancelled:
            break
    return found.edit()


def improve_kept(draft: Draft, ground: Ground, progress: Progress) -> Improve:
    """
    Let the engine go on from a draft in a worker process, the edit of the best so far handed over meanwhile.

    Parameters
    ----------
    draft, ground
        The draft and its ground.
    progress
        As for `improve`; where it has `keep` (`jobs.Report`) that is given the best so far, about once a second.

    Raises
    ------
    PlanError, ScenarioError
        As `improve`.
    """
    hand_over: Callable[[Improve], object] | None = getattr(progress, "keep", None)
    told_s = -BEST_EVERY_S

    def keep(best: BestEdit) -> None:
        nonlocal told_s
        now_s = time.monotonic()
        # To work it out costs as much as some hundred moves: not at every one of them.
        if hand_over is not None and now_s - told_s >= BEST_EVERY_S:
            told_s = now_s
            hand_over(best())

    return improve(draft, ground, progress, on_best=keep)


@dataclasses.dataclass(frozen=True, eq=False)
class _Found:
    """What the engine found so far in the strands of a draft, under the draft's names; new bundles as "+0", "+1"."""

    draft: Draft
    board: Board
    labels: Labels = dataclasses.field(default_factory=dict)
    moves: int = 0
    is_cancelled: bool = False

    def with_labels(self, strand: str, labels: pd.Series, ended: Grouping | None = None) -> _Found:
        """Return what was found with one more strand, where its labels are better than the draft's."""
        named = self._named(strand, labels)
        is_better = _is_better(self.draft, self.board, strand, named)
        return dataclasses.replace(
            self,
            labels={**self.labels, strand: named} if is_better else self.labels,
            moves=self.moves + (ended.moves if ended else 0),
            is_cancelled=self.is_cancelled or bool(ended and ended.is_cancelled),
        )

    def has_kept(self, strand: str, labels: pd.Series) -> bool:
        """Return whether labels found for a strand leave all that a hand locked in the bundle where it was."""
        return _has_kept(self.draft, strand, self._named(strand, labels))

    def _named(self, strand: str, labels: pd.Series) -> pd.Series:
        return _named_labels(self.draft, strand, labels, self.board.tasks[strand].load["measure"])

    def edit(self) -> Improve:
        """Return the edit that makes the draft what was found."""
        draft = self.draft
        rows = [
            (strand, str(unit), str(bundle))
            for strand, labels in _renamed(draft, self.labels).items()
            for unit, bundle in labels[labels != draft.labels[strand]].items()
        ]
        return Improve(tuple(rows), self.moves, self.is_cancelled, draft.labels_key())


def _tries(draft: Draft, strand: str, task: Task) -> Iterator[Rules]:
    """
    Yield the rules to search a strand by, each for where the one before gave up a lock.

    The engine knows no names: where a few units of a bundle are locked, it may let all others go and build another
    bundle around these. Then the work that makes the bundle what it is stays together with them.
    """
    yield _held_rules(draft, strand, task.rules)
    labels = draft.labels[strand]
    anchored = labels[labels.index.isin(draft.locked_units.union(draft.bases.values()))]
    load = task.load["measure"].reindex(labels.index).astype("float64")
    cores: set[str] = set()
    for bundle in sorted(set(anchored) - draft.locked_bundles, key=name_order):
        own = load[labels == bundle].sort_values(ascending=False, kind="stable")
        before = own.cumsum() - own
        cores |= set(own.index[before <= CORE_SHARE * own.sum()].astype(str))
    if cores:
        yield _held_rules(draft, strand, task.rules, cores)


def _held_rules(draft: Draft, strand: str, rules: Rules, cores: Collection[str] = ()) -> Rules:
    """
    Return the rules with a hand's locks, bases and number of bundles, and further units that stay where they are.

    A hand outranks locks of the choices.
    """
    labels = draft.labels[strand]
    bases = {bundle: unit for bundle, unit in draft.bases.items() if (labels == bundle).any()}
    closed = [tuple(draft.units_of(b)) for b in sorted(draft.locked_bundles) if (labels == b).any()]
    in_closed = {unit for units in closed for unit in units}
    held = {
        unit: str(labels[unit])
        for unit in sorted(draft.locked_units.union(bases.values(), cores))
        if unit in labels.index and unit not in in_closed
    }
    bundle_of_lock = {name: held[unit] for unit, name in reversed(rules.locked_units) if unit in held}
    locks = {unit: bundle_of_lock.get(name, name) for unit, name in rules.locked_units} | held
    others = [units for units in rules.locked_bundles if in_closed.isdisjoint(units)]
    return dataclasses.replace(
        rules,
        bundle_count=labels.nunique(),
        locked_units=tuple(sorted(locks.items())),
        locked_bundles=(*others, *closed),
        fixed_bases=tuple(sorted({*rules.fixed_bases, *bases.values()})),
    )


def _named_labels(draft: Draft, strand: str, found: pd.Series, measure: pd.Series) -> pd.Series:
    """Return the bundles found under the draft's names, each as the one that it shares most with; new ones as "+0"."""
    own = draft.labels[strand]
    labels = found.reindex(own.index)
    weight = measure.reindex(own.index).to_numpy(dtype="float64")
    weight = weight / (weight.sum() or 1.0) + 1 / len(own) * 1e-3
    names, numbers = sorted(set(own), key=name_order), sorted(set(labels))
    shared = np.zeros((len(numbers), len(names)))
    np.add.at(shared, (pd.Index(numbers).get_indexer(labels), pd.Index(names).get_indexer(own)), weight)
    mine, theirs = linear_sum_assignment(shared, maximize=True)
    name_of = {numbers[i]: names[j] for i, j in zip(mine.tolist(), theirs.tolist(), strict=True)}
    return labels.map(lambda label: name_of.get(label, f"+{label}")).astype(object)


def _renamed(draft: Draft, found: Mapping[str, pd.Series]) -> Labels:
    """Return labels with free names for the bundles that the draft does not have."""
    new = [(s, name) for s, labels in found.items() for name in sorted(set(labels)) if name.startswith("+")]
    named = dict(zip(new, free_names(draft, len(new)), strict=True))
    return {s: labels.map(lambda name, s=s: named.get((s, name), name)) for s, labels in found.items()}


def _is_better(draft: Draft, board: Board, strand: str, labels: pd.Series) -> bool:
    """Whether labels found keep what a hand locked and are better in the order of plans."""
    if not _has_kept(draft, strand, labels):
        return False
    own = draft.labels[strand]
    count = own.nunique()
    return _key(draft, board, strand, labels, count) < _key(draft, board, strand, own, count)


def _has_kept(draft: Draft, strand: str, labels: pd.Series) -> bool:
    """Whether all that a hand locked, and every base chosen by hand, lies in the bundle where it was."""
    own = draft.labels[strand]
    held = own.index.isin(draft.locked_units.union(draft.bases.values()))
    for bundle in draft.locked_bundles:
        held |= ((own == bundle) | (labels == bundle)).to_numpy()
    return not (labels != own)[held].any()


def _key(draft: Draft, board: Board, strand: str, labels: pd.Series, count: int) -> tuple[float, ...]:
    problem = board.problems[strand]
    place, names = pd.factorize(labels)
    row = {unit: i for i, unit in enumerate(problem.unit_ids)}
    given = {
        at: row[draft.bases[name]]
        for at, name in enumerate(names)
        if name in draft.bases and labels.get(draft.bases[name]) == name
    }
    return judge(problem, place, count, given).key


def split_evenly(draft: Draft, ground: Ground, bundle: str, *, desk: Desk | None = None) -> Split:
    """
    Return the edit that divides a bundle in two of about as much work, each joined by road and driven to from near.

    The part that keeps the name is the one with its locked units, else with the base chosen by hand, else the larger.

    Parameters
    ----------
    draft, ground
        The draft and its ground.
    bundle
        The bundle.
    desk
        What a session holds for its ground.

    Raises
    ------
    PlanError
        If there is no such bundle, or it cannot be divided so.
    """
    board = (desk or Desk(ground)).board(draft)
    strand = draft.strand_of(bundle)
    units = draft.units_of(bundle)
    if len(units) < 2:
        raise PlanError("split_too_small", bundle=bundle)
    labels = _halves(board, strand, units, tuple(draft.locked_units.intersection(units)))
    if labels.nunique() != 2:
        raise PlanError("split_too_small", bundle=bundle)
    load = board.tasks[strand].load["measure"]
    base = draft.bases.get(bundle, "")
    stays = max(
        sorted(set(labels)),
        key=lambda label: (
            bool(draft.locked_units.intersection(labels.index[labels == label])),
            base in set(labels.index[labels == label]),
            float(load.reindex(labels.index[labels == label]).sum()),
        ),
    )
    return Split(bundle, tuple(sorted(map(str, labels.index[labels != stays]))), is_even=True)


def _halves(board: Board, strand: str, units: list[str], locked: tuple[str, ...]) -> pd.Series:
    task = board.tasks[strand]
    place, load = task.place, task.load.loc[units]
    inside: Array = place.units.index.get_indexer(units)
    links = place.links[place.links["source_id"].isin(units) & place.links["target_id"].isin(units)]
    half = float(load["measure"].sum()) / 2
    rules = Rules(
        bundle_count=2,
        floor=half * (1 - 2 * HALF_TOLERANCE),
        target=half or np.inf,
        ceiling=half * (1 + 2 * HALF_TOLERANCE) or np.inf,
        locked_units=tuple((unit, "stays") for unit in sorted(locked)),
        seed=task.rules.seed,
        move_budget=min(HALF_BUDGET, task.rules.move_budget),
    )
    travel = place.travel_min[np.ix_(inside, inside)]
    return group_units(place.units.loc[units], links, load, travel, rules).labels
