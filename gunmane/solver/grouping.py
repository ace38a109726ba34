"""From a problem to its best labels: territories solved apart, then put together by the key."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np

from gunmane.solver.atoms import Atoms, make_atoms
from gunmane.solver.budget import Budget
from gunmane.solver.counts import share_out, territory_counts
from gunmane.solver.exact import LARGEST, best_options
from gunmane.solver.landing import Land
from gunmane.solver.minutes import TableMinutes
from gunmane.solver.options import Option, combine, has_shared_terms
from gunmane.solver.problem import Array, Problem
from gunmane.solver.score import Key, Verdict, judge
from gunmane.solver.search import Job, keep, opening, search_options
from gunmane.solver.territories import Territory
from gunmane.solver.watch import Tell, Watch, join_labels

# Part of a territory's moves for each other number of bundles that is tried where the rules do not fit the wanted one.
OTHER_COUNT_SHARE = 0.15
# So many units may be given a table of minutes where they come without one.
LARGEST_TABLE = 200


@dataclasses.dataclass(frozen=True, eq=False)
class Outcome:
    """The best labels found, how they are judged, and what the search did."""

    verdict: Verdict
    moves: int
    count_wanted: int
    count_feasible: tuple[int, int]
    is_cancelled: bool


def solve(problem: Problem, starts: Sequence[Array], tell: Tell) -> Outcome:
    """
    Return the best labels of a problem.

    Parameters
    ----------
    problem
        The task.
    starts
        Labels of units that the result is never worse than: bundles connected, number asked for, key.
    tell
        Called with the best labels so far and the part done (0 to 1); False cancels, and the best so far is returned.
    """
    starts = [*starts, *_kept_exactly(problem)]
    outcome = _solved(problem, starts, tell)
    most = problem.rules.base_count
    places = np.unique(outcome.verdict.bases)
    if most is None or outcome.is_cancelled or not problem.minutes.has_table or len(places) < 2:
        return outcome
    # The places that serve best together are taken as the only ones, and the land is divided anew among them.
    may_be_base = np.zeros(problem.size, dtype=bool)
    may_be_base[[*places, *problem.fixed_bases]] = True
    ids = tuple(problem.unit_ids[row] for row in np.flatnonzero(may_be_base))
    rules = dataclasses.replace(problem.rules, base_units=ids)
    near = dataclasses.replace(problem, may_be_base=may_be_base, rules=rules)
    again = _solved(near, [*starts, outcome.verdict.labels], tell)
    verdict = judge(problem, again.verdict.labels, outcome.count_wanted)
    better = min((outcome.verdict, verdict), key=lambda found: _order(problem, found))
    return dataclasses.replace(outcome, verdict=better, moves=outcome.moves + again.moves)


def _kept_exactly(problem: Problem) -> list[Array]:
    """
    Return labels that keep the rules as well as can be, where a search is needed though there are few atoms.

    Wishes that all bundles share and minutes along links keep bundles from being tried one by one; without the first,
    and with the second as a table, they can be. What rules are broken does not depend on either.
    """
    has_table, is_shared = problem.minutes.has_table, has_shared_terms(problem)
    if (has_table and not is_shared) or not (has_table or problem.size <= LARGEST_TABLE) or problem.size == 0:
        return []
    everyone = np.arange(problem.size)
    minutes = problem.minutes if has_table else TableMinutes(problem.minutes.out(everyone, everyone))
    soft = dataclasses.replace(problem.rules.soft, status_quo=0.0)
    rules = dataclasses.replace(problem.rules, soft=soft)
    lean = dataclasses.replace(problem, minutes=minutes, rules=rules, references=())
    if not all(is_small(territory) for territory in make_territories(lean)):
        return []
    return [_solved(lean, [], lambda watch, part: True).verdict.labels]


def _solved(problem: Problem, starts: Sequence[Array], tell: Tell) -> Outcome:
    territories = make_territories(problem)
    counts = wanted_counts(problem, territories)
    watch = Watch(problem.size, territories, tell)
    budget = Budget(problem.rules.move_budget, watch.report)
    rng = np.random.default_rng(problem.rules.seed)
    openings = [
        None if is_small(territory) else opening(territory, count, watch, rng)
        for territory, count in zip(territories, counts, strict=True)
    ]
    budget.report()
    sizes = [0 if is_small(territory) else territory.atoms.size for territory in territories]
    tables = []
    for i, (territory, count) in enumerate(zip(territories, counts, strict=True)):
        share = sizes[i] / max(1, sum(sizes[i:]))
        with budget.limited(round(share * budget.left)):
            job = Job(territory, watch, budget, rng, openings[i])
            tables.append(_options(job, count, starts=starts))
        budget.report()
    total = sum(counts)
    asked = problem.rules.bundle_count
    chosen = combine(tables, total, is_exact_count=asked is not None)
    labels = join_labels(problem.size, territories, [option.labels for option in chosen])
    wanted = asked or total
    verdicts = [judge(problem, candidate, wanted) for candidate in (labels, *starts)]
    return Outcome(
        verdict=min(verdicts, key=lambda verdict: (_order(problem, verdict), verdict.labels.tolist())),
        moves=budget.spent,
        count_wanted=wanted,
        count_feasible=feasible_counts(territories),
        is_cancelled=budget.is_cancelled,
    )


def _order(problem: Problem, verdict: Verdict) -> tuple[int, int, Key]:
    """Connected bundles first, then the number asked for, then the key."""
    loose = sum(fault.rule == "connected" for fault in verdict.breaks)
    asked = problem.rules.bundle_count
    away = 0 if asked is None else abs(len(verdict.bases) - asked)
    return (loose, away, verdict.key)


def make_territories(problem: Problem) -> list[Territory]:
    """Return every territory of a problem with its atoms and numbers of bundles."""
    found = []
    for number in range(int(problem.territory.max(initial=-1)) + 1):
        rows = problem.territory == number
        atoms = make_atoms(problem, number)
        most = atoms.size
        if max(atoms.pieces) > 1:
            joined = make_atoms(problem, number, is_joined=True)
            most = joined.size
            # Few atoms are joined in the best way by trying every one; more are joined before the search.
            atoms = atoms if _is_triable(atoms) else joined
        is_exempt = not (problem.measure[rows].any() or problem.is_needed[rows].any())
        found.append(Territory(atoms, territory_counts(problem, atoms, most), is_exempt, 1))
    wanted = wanted_counts(problem, found)
    return [
        dataclasses.replace(
            territory,
            counts=dataclasses.replace(territory.counts, wanted=count),
            count_in_all=sum(wanted),
        )
        for territory, count in zip(found, wanted, strict=True)
    ]


def is_small(territory: Territory) -> bool:
    """Whether every bundle of a territory can be tried: few atoms, and no term that only all bundles have."""
    return _is_triable(territory.atoms)


def _is_triable(atoms: Atoms) -> bool:
    problem = atoms.problem
    return atoms.size <= LARGEST and problem.minutes.has_table and not has_shared_terms(problem)


def wanted_counts(problem: Problem, territories: list[Territory]) -> list[int]:
    """Return the number of bundles of each territory: its own, or its share of the number asked for."""
    if problem.rules.bundle_count is None:
        return [territory.counts.wanted for territory in territories]
    measures = [float(territory.atoms.measure.sum()) for territory in territories]
    return share_out(problem.rules.bundle_count, measures, [territory.counts for territory in territories])


def feasible_counts(territories: list[Territory]) -> tuple[int, int]:
    """Return the fewest and most bundles that the rules seem to allow."""
    return (
        sum(territory.counts.low for territory in territories),
        sum(territory.counts.high for territory in territories),
    )


def _options(job: Job, count: int, *, starts: Sequence[Array]) -> dict[int, Option]:
    territory, budget = job.territory, job.budget
    if is_small(territory):
        return best_options(
            territory.atoms, is_exempt=territory.is_exempt, count_in_all=territory.count_in_all
        )
    warm = [atom_labels(territory, start) for start in starts]
    is_free = territory.atoms.problem.rules.bundle_count is None
    main = round(budget.left * (1 - 2 * OTHER_COUNT_SHARE)) if is_free else budget.left
    with budget.limited(main):
        options = search_options(job, count, starts=warm)
    if is_free:
        _try_other_counts(job, count, options)
        again = search_options(job, count, starts=[options[count].labels], is_fresh=False)
        for option in again.values():
            keep(options, option)
    return options


def _try_other_counts(job: Job, count: int, options: dict[int, Option]) -> None:
    """Look at one bundle fewer and more, and further that way while rules or window are kept better."""
    budget, counts = job.budget, job.territory.counts
    allowance = budget.left // 2
    for step in (-1, 1):
        here = count
        with budget.limited(allowance):
            while options[here].rank[:4] > (0, 0, 0.0, 0.0):
                there = here + step
                if not counts.least <= there <= counts.most:
                    break
                with budget.limited(max(1, budget.left // 2)):
                    found = search_options(job, there, starts=[options[here].labels], is_fresh=False)
                for option in found.values():
                    keep(options, option)
                if options[there].rank[:4] >= options[here].rank[:4]:
                    break
                here = there


def atom_labels(territory: Territory, unit_labels: Array) -> Array:
    """
    Return labels of atoms from labels of units: what most units of an atom have, made connected.

    Parameters
    ----------
    territory
        The territory.
    unit_labels
        Labels of all units of the problem.
    """
    atoms = territory.atoms
    labels = np.array([np.bincount(unit_labels[units]).argmax() for units in atoms.units])
    for label in np.unique(labels).tolist():
        left = set(np.flatnonzero(labels == label).tolist())
        pieces = []
        while left:
            piece = [min(left)]
            left.discard(piece[0])
            for atom in piece:
                new = left.intersection(atoms.neighbours[atom])
                left -= new
                piece += sorted(new)
            pieces.append(piece)
        for piece in sorted(pieces, key=lambda p: (-len(p), p))[1:]:
            labels[piece] = -1
    is_set = labels >= 0
    labels[is_set] = np.unique(labels[is_set], return_inverse=True)[1]
    land = Land(territory.board(int(labels.max()) + 1))
    return land.grown(labels, np.zeros(int(labels.max()) + 1))
