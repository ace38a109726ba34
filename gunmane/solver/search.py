"""The search in one territory: starts, descent, and bundles dissolved and split elsewhere."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver import seeds
from gunmane.solver.appraisal import Appraisal
from gunmane.solver.atoms import Atoms
from gunmane.solver.budget import Budget
from gunmane.solver.counts import Counts
from gunmane.solver.moves import Bundling, Weights, descend
from gunmane.solver.options import Option, make_option
from gunmane.solver.problem import Array

DRAWN_STARTS = 2
GROW_ROUNDS = 6
# Columns beyond this number are thinned for the first choice of bases; the search itself uses all.
SEED_COLUMNS = 400
# Deeper changes that may fail one after another: so many for each bundle, and no more than this.
FAILURES_PER_BUNDLE = 8
MOST_FAILURES = 80
# One start may spend this part of the moves left.
START_SHARE = 5
# Window excess of 1 counts so many mean bundles' hours in the first descent, and the next part this much more.
EASY_WEIGHT = 3.0
EASY_BEND = 5.0


@dataclasses.dataclass(frozen=True, eq=False)
class Territory:
    """A territory's atoms, its numbers of bundles, and whether the window applies to it."""

    atoms: Atoms
    counts: Counts
    is_exempt: bool


def search_options(
    territory: Territory,
    count: int,
    *,
    budget: Budget,
    rng: np.random.Generator,
    starts: list[Array],
    is_fresh: bool = True,
) -> dict[int, Option]:
    """
    Return good labels of a territory's atoms for a number of bundles, and for others that served on the way.

    Parameters
    ----------
    territory
        The territory; more than one atom.
    count
        Number of bundles.
    budget
        Moves to spend.
    rng
        Draws starts and exchanges.
    starts
        Labels of atoms to begin from as well, each bundle connected.
    is_fresh
        Whether to begin from new bases as well as from `starts`.
    """
    options: dict[int, Option] = {}
    atoms, is_exempt = territory.atoms, territory.is_exempt
    weights = search_weights(atoms)
    fresh = first_labels(atoms, weights, count, budget=budget, rng=rng) if is_fresh else []
    for labels in [*fresh, *starts]:
        bundling = Bundling(atoms, labels, weights, is_exempt=is_exempt)
        with budget.limited(max(1, budget.left // START_SHARE)):
            settle(bundling, budget)
            keep(options, make_option(atoms, bundling.labels[:-1], is_exempt=is_exempt))
            if bundling.count != count:
                reach_count(bundling, count, budget)
                settle(bundling, budget)
                keep(options, make_option(atoms, bundling.labels[:-1], is_exempt=is_exempt))
        budget.report()
    bundling = Bundling(atoms, options[count].labels, weights, is_exempt=is_exempt)
    for option in exchanges(bundling, budget, rng):
        keep(options, option)
    return options


def settle(bundling: Bundling, budget: Budget, dirty: set[int] | None = None) -> None:
    """Descend with a window that may be left at a price, then with the window as the key has it."""
    strict = bundling.weights
    mean = max(1e-9, bundling.hours / bundling.count)
    bundling.weigh(dataclasses.replace(strict, soft=EASY_WEIGHT * mean, bend=EASY_BEND))
    descend(bundling, budget, dirty)
    bundling.weigh(strict)
    if bundling.has_window_excess:
        descend(bundling, budget)


def keep(options: dict[int, Option], option: Option) -> None:
    """Put an option into the table of the best ones if it is better than what stands there."""
    count = int(option.labels.max()) + 1
    old = options.get(count)
    if old is None or (option.rank, option.labels.tolist()) < (old.rank, old.labels.tolist()):
        options[count] = option


def search_weights(atoms: Atoms) -> Weights:
    """Return weights in hours under which a broken rule outweighs any travel, and the window nearly so."""
    scale = 1.0 + float(atoms.hours.sum(axis=0).min())
    return Weights(breaks=1e4 * scale, excess=10 * scale, soft=100 * scale)


def first_labels(
    atoms: Atoms, weights: Weights, count: int, *, budget: Budget, rng: np.random.Generator
) -> list[Array]:
    """Return connected labels for a number of bundles: from greedy and from drawn bases, priced by the window."""
    table = atoms.weighted_hours(weights.breaks, weights.excess)
    fixed = np.flatnonzero(atoms.is_fixed & (atoms.owner < atoms.size)).tolist()[:count]
    step = -(-table.shape[1] // SEED_COLUMNS) if 2 * count <= SEED_COLUMNS else 1
    thin = sorted({*range(0, table.shape[1], step), *fixed})
    first = [thin.index(column) for column in fixed]
    small = table[:, thin]
    found = []
    if not atoms.is_restricted:
        found.append(seeds.halved(atoms, count, np.arange(atoms.size), 0))
    for draw in range(1 + DRAWN_STARTS):
        if not budget.affords(count * small.size) and found:
            break
        bases = (
            seeds.drawn_bases(small, count, first, rng) if draw else seeds.greedy_bases(small, count, first)
        )
        better = seeds.interchange(small, bases, len(first), rounds=2 * count, budget=budget)
        columns = [thin[place] for place in better]
        found.append(seeds.priced(atoms, table, columns, rounds=GROW_ROUNDS, budget=budget)[-1])
    return found


def reach_count(bundling: Bundling, count: int, budget: Budget) -> None:
    """Dissolve or split bundles, the cheapest first, until there are `count`; each counts as a move."""
    appraisal = Appraisal(bundling)
    while bundling.count > count:
        budget.spent += 1
        losses = appraisal.losses()
        out = int(np.argmin(losses))
        labels = dissolved(bundling, out)
        labels[labels == bundling.count - 1] = out
        bundling.load(labels)
    while bundling.count < count:
        budget.spent += 1
        gains, columns = appraisal.gains()
        best = int(np.argmax(gains))
        labels = split(bundling, bundling.labels[:-1].copy(), best, int(columns[best]), bundling.count)
        bundling.load(labels)


def dissolved(bundling: Bundling, bundle: int) -> Array:
    """Return labels with a bundle's atoms given to its neighbours, nearest base first."""
    labels = bundling.labels[:-1].copy()
    free = bundling.members(bundle)
    labels[free] = -1
    return seeds.fill(bundling.atoms, labels, bundling.base_columns)


def split(bundling: Bundling, labels: Array, bundle: int, column: int, new_label: int) -> Array:
    """Return labels with a bundle divided between its base and another column, which takes the new label."""
    atoms = bundling.atoms
    members = np.flatnonzero(labels == bundle).tolist()
    base = int(bundling.base_columns[bundle])
    roots = []
    for wanted in (base, column):
        near = sorted(
            members, key=lambda atom: (atom != atoms.owner[wanted], atoms.minutes[atom, wanted], atom)
        )
        roots.append(next(atom for atom in near if atom not in roots))
    labels[members] = -1
    labels[roots[0]], labels[roots[1]] = bundle, new_label
    columns = np.zeros(max(bundling.count, new_label + 1), dtype=np.int64)
    columns[[bundle, new_label]] = base, column
    return seeds.fill(atoms, labels, columns, only={bundle, new_label})


def exchanges(bundling: Bundling, budget: Budget, rng: np.random.Generator) -> list[Option]:
    """
    Change bundles more deeply while that, after a descent, lowers the cost; return what was found.

    In turn: one bundle is dissolved and another split, or neighbours are thrown together and divided anew.
    """
    found: list[Option] = []
    failures = 0
    tried: set[tuple[int, int]] = set()
    appraisal = Appraisal(bundling)
    allowed = min(MOST_FAILURES, FAILURES_PER_BUNDLE * bundling.count)
    while budget.is_open and failures < allowed and bundling.count > 1:
        before, labels = bundling.cost, bundling.labels[:-1].copy()
        is_divided = failures % 2 == 0 and not bundling.atoms.is_restricted
        budget.charge(bundling.count**2)
        changed = _divided_anew(bundling, rng) if is_divided else _exchanged(bundling, appraisal, tried, rng)
        if changed is None:
            failures += 1
            continue
        touched = np.unique(labels[changed != labels]).tolist()
        bundling.load(changed)
        around = set(touched).union(*(bundling.neighbours_of(bundle) for bundle in touched))
        settle(bundling, budget, around)
        budget.report()
        if bundling.cost < before - 1e-9 * (1 + abs(before)):
            found.append(make_option(bundling.atoms, bundling.labels[:-1], is_exempt=bundling.is_exempt))
            failures = 0
            tried.clear()
        else:
            bundling.load(labels)
            failures += 1
    return found


def _divided_anew(bundling: Bundling, rng: np.random.Generator) -> Array | None:
    """Return labels with two or three neighbouring bundles divided anew, or None if that fails."""
    group = [int(rng.integers(bundling.count))]
    wanted = 2 + int(rng.integers(2))
    while len(group) < wanted:
        near = sorted(set().union(*(bundling.neighbours_of(bundle) for bundle in group)) - set(group))
        if not near:
            break
        group.append(near[int(rng.integers(len(near)))])
    labels = bundling.labels[:-1].copy()
    members = np.flatnonzero(np.isin(labels, group))
    start = int(members[rng.integers(len(members))])
    divided = seeds.halved(bundling.atoms, len(group), members, start)
    if len(group) < 2 or int(divided.max()) + 1 < len(group):
        return None
    labels[members] = np.array(group)[divided]
    return labels


def _exchanged(
    bundling: Bundling, appraisal: Appraisal, tried: set[tuple[int, int]], rng: np.random.Generator
) -> Array | None:
    """Return labels with one bundle dissolved and another split, a pair not yet tried; None if there is none."""
    gains, columns = appraisal.gains()
    change = appraisal.losses()[:, None] - gains[None, :]
    np.fill_diagonal(change, np.inf)
    for pair in tried:
        change[pair] = np.inf
    values = change.ravel()
    count = int(np.isfinite(values).sum())
    if count == 0:
        return None
    # Mostly the most promising pair, now and then one further down.
    place = min(int(rng.exponential(1.5)), count - 1) if tried else 0
    near = np.flatnonzero(values <= np.partition(values, place)[place])
    chosen = int(near[np.argsort(values[near], kind="stable")[place]])
    out, cut = divmod(chosen, bundling.count)
    tried.add((out, cut))
    return split(bundling, dissolved(bundling, out), cut, int(columns[cut]), out)
