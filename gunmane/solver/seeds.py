"""First bundles: bases spread by travel, and regions grown from them by road."""

from __future__ import annotations

import heapq

import numpy as np

from gunmane.solver.atoms import Atoms
from gunmane.solver.budget import Budget
from gunmane.solver.problem import Array

# How often an exchange of bases reads its table, and table cells that take as long as growing by one atom.
INTERCHANGE_READS = 6
GROW_CELLS = 1_500


def greedy_bases(table: Array, count: int, first: list[int]) -> list[int]:
    """
    Return columns that serve the atoms with the least cost, each chosen for what it saves most.

    Parameters
    ----------
    table
        Atoms x columns: cost of serving an atom from a column.
    count
        Columns to choose.
    first
        Columns that are chosen in any case.
    """
    chosen = list(first[:count])
    if not chosen:
        chosen = [int(np.argmin(table.sum(axis=0)))]
    now = table[:, chosen].min(axis=1)
    while len(chosen) < count:
        served = np.minimum(table, now[:, None]).sum(axis=0)
        served[chosen] = np.inf
        best = int(np.argmin(served))
        chosen.append(best)
        now = np.minimum(now, table[:, best])
    return chosen


def drawn_bases(table: Array, count: int, first: list[int], rng: np.random.Generator) -> list[int]:
    """Return columns drawn with chances in proportion to what each would still save (k-means++)."""
    chosen = list(first[:count])
    if not chosen:
        chosen = [int(rng.integers(table.shape[1]))]
    now = table[:, chosen].min(axis=1)
    while len(chosen) < count:
        saved = now.sum() - np.minimum(table, now[:, None]).sum(axis=0)
        saved[chosen] = 0.0
        total = saved.sum()
        if total > 0:
            best = int(np.searchsorted(np.cumsum(saved), rng.random() * total, side="right"))
        else:
            free = np.setdiff1d(np.arange(table.shape[1]), chosen)
            best = int(rng.choice(free)) if len(free) else chosen[0]
        chosen.append(min(best, table.shape[1] - 1))
        now = np.minimum(now, table[:, chosen[-1]])
    return chosen


def interchange(table: Array, chosen: list[int], fixed: int, *, rounds: int, budget: Budget) -> list[int]:
    """
    Exchange chosen columns for others while that lowers the cost of serving every atom from its nearest one.

    All exchanges are evaluated at once (Schubert & Rousseeuw 2021, FastPAM, doi:10.1016/j.is.2021.101804).

    Parameters
    ----------
    table
        Atoms x columns.
    chosen
        Columns to start from; the first `fixed` stay.
    fixed
        Number of columns that stay.
    rounds
        Most exchanges made.
    budget
        Counts the cells read; no exchange is made beyond it.
    """
    chosen = list(chosen)
    if len(chosen) < 2:
        return [int(np.argmin(table.sum(axis=0)))] if fixed == 0 and chosen else chosen
    for _ in range(rounds):
        if not budget.affords(INTERCHANGE_READS * table.size):
            break
        costs = table[:, chosen]
        order = np.argsort(costs, axis=1, kind="stable")
        nearest = order[:, 0]
        first = np.take_along_axis(costs, order[:, :1], axis=1)
        second = np.take_along_axis(costs, order[:, 1:2], axis=1)
        kept = np.minimum(table, first)
        lost = np.minimum(table, second) - kept
        change = np.zeros((len(chosen), table.shape[1]))
        for place in range(fixed, len(chosen)):
            change[place] = lost[nearest == place].sum(axis=0)
        change += kept.sum(axis=0)[None, :] - first.sum()
        change[:fixed] = np.inf
        change[:, chosen] = np.inf
        place, column = divmod(int(np.argmin(change)), change.shape[1])
        if change[place, column] >= -1e-9 * (1 + first.sum()):
            break
        chosen[place] = column
    return chosen


def grow(atoms: Atoms, columns: list[int], prices: Array) -> Array:
    """
    Return labels of atoms: regions grown along links from the atoms of the base columns.

    Parameters
    ----------
    atoms
        The atoms; their links must connect them.
    columns
        One column a bundle.
    prices
        Minutes added for each bundle.
    """
    labels = np.full(atoms.size, -1, dtype=np.int64)
    labels[root_atoms(atoms, columns)] = np.arange(len(columns))
    return fill(atoms, labels, np.array(columns), prices=prices)


def fill(
    atoms: Atoms,
    labels: Array,
    columns: Array,
    *,
    prices: Array | None = None,
    only: set[int] | None = None,
) -> Array:
    """
    Return labels with every -1 replaced: bundles grow along links into free atoms.

    The atom whose way from a base is shortest, with the price of that base added, joins next; so bundles that
    were connected stay so.

    Parameters
    ----------
    atoms
        The atoms.
    labels
        Bundle of each atom, -1 where free; every free atom must be linked to a labelled one somehow.
    columns
        Base column of each bundle.
    prices
        Minutes added for each bundle.
    only
        Bundles that may grow; None means all.
    """
    labels = labels.copy()
    free = np.flatnonzero(labels < 0)
    minutes = {int(atom): atoms.minutes[atom, columns] + (0.0 if prices is None else prices) for atom in free}
    heap = [
        (float(minutes[atom][labels[other]]), atom, int(labels[other]))
        for atom in minutes
        for other in atoms.neighbours[atom]
        if labels[other] >= 0 and (only is None or int(labels[other]) in only)
    ]
    heapq.heapify(heap)
    while heap:
        _, atom, bundle = heapq.heappop(heap)
        if labels[atom] >= 0:
            continue
        labels[atom] = bundle
        for other in atoms.neighbours[atom]:
            if labels[other] < 0:
                heapq.heappush(heap, (float(minutes[other][bundle]), other, bundle))
    return labels


def root_atoms(atoms: Atoms, columns: list[int]) -> list[int]:
    """
    Return one atom for each column, no atom twice.

    Normally the atom that holds the column; where that is taken, or lies outside, the nearest free one.
    """
    taken: set[int] = set()
    roots = []
    for column in columns:
        owner = int(atoms.owner[column])
        if owner >= atoms.size or owner in taken:
            nearest = np.argsort(atoms.minutes[:, column], kind="stable").tolist()
            owner = next(atom for atom in nearest if atom not in taken)
        taken.add(owner)
        roots.append(owner)
    return roots


def recentred(atoms: Atoms, table: Array, labels: Array, columns: list[int]) -> list[int]:
    """Return the best own column of each bundle; the old one where a bundle owns none."""
    label_of_column = np.append(labels, -1)[atoms.owner]
    centres = []
    for bundle, old in enumerate(columns):
        own = np.flatnonzero(label_of_column == bundle)
        fixed = own[atoms.is_fixed[own]]
        own = fixed if len(fixed) else own
        if len(own) == 0:
            centres.append(old)
            continue
        sums = table[np.ix_(np.flatnonzero(labels == bundle), own)].sum(axis=0)
        centres.append(int(own[np.argmin(sums)]))
    return centres


def priced(atoms: Atoms, table: Array, columns: list[int], *, rounds: int, budget: Budget) -> list[Array]:
    """
    Return labels of several rounds of growing, centring and pricing, the last ones last.

    A base whose region passes the ceiling gets dearer, one below the floor cheaper (a power diagram by road).

    Parameters
    ----------
    atoms, table, columns
        As for `grow` and `recentred`.
    rounds
        Rounds.
    budget
        Counts what growing costs; after the first round none is begun beyond it.
    """
    rules = atoms.problem.rules
    prices = np.zeros(len(columns))
    radius = float(atoms.minutes[:, columns].min(axis=1).mean())
    found: list[Array] = []
    for _ in range(rounds):
        if not budget.affords(GROW_CELLS * atoms.size) and found:
            break
        labels = grow(atoms, columns, prices)
        found.append(labels)
        measure = np.bincount(labels, weights=atoms.measure, minlength=len(columns))
        # Aim a little inside the window, so that whole atoms find room.
        wanted = np.maximum(
            np.clip(measure, min(rules.floor * 1.05, rules.ceiling), rules.ceiling * 0.95), 1e-12
        )
        pull = np.clip(np.log(np.maximum(measure, 1e-3 * wanted) / wanted), -1.5, 1.5)
        centred = recentred(atoms, table, labels, columns)
        if not pull.any() and centred == columns:
            break
        prices, columns = prices + pull * radius, centred
    return found


def halved(atoms: Atoms, count: int, members: Array, start: int) -> Array:
    """
    Return labels of connected members by halving again and again: each side gets work for what it will hold.

    A side grows from the atom farthest from the other side's, by the difference of the ways to both.

    Parameters
    ----------
    atoms
        Atoms that each own a column.
    count
        Number of bundles; fewer come out where a side has too few atoms.
    members
        Atoms to divide, sorted.
    start
        The first cut starts far from this member.
    """
    between = atoms.minutes_between(members)
    place = {atom: i for i, atom in enumerate(members.tolist())}
    links = [[place[o] for o in atoms.neighbours[atom] if o in place] for atom in members.tolist()]
    measure = atoms.measure[members]
    labels = np.zeros(len(members), dtype=np.int64)
    waiting = [(0, count, place[start])]
    while waiting:
        label, parts, near = waiting.pop()
        own = np.flatnonzero(labels == label)
        if min(parts, len(own)) < 2:
            continue
        far = int(own[np.argmax(between[own, near])])
        other = int(own[np.argmax(between[own, far])])
        if far == other:
            far = int(own[own != other][0])
        order = between[:, far] - between[:, other]
        side = _grown_side(links, measure, order, set(own.tolist()), (far, other), parts)
        new = label + parts // 2
        labels[np.setdiff1d(own, side)] = new
        waiting += [(label, parts // 2, far), (new, parts - parts // 2, other)]
    return np.unique(labels, return_inverse=True)[1]


def _grown_side(
    links: list[list[int]], measure: Array, order: Array, inside: set[int], poles: tuple[int, int], parts: int
) -> list[int]:
    """Return the connected part of the places inside, around the first pole, that should hold `parts // 2`."""
    start, end = poles
    first = parts // 2
    goal = float(measure[sorted(inside)].sum()) * first / parts
    heap = [(float(order[start]), start)]
    seen = {start}
    side: list[int] = []
    total = 0.0
    while heap and len(side) < len(inside) - (parts - first):
        _, here = heapq.heappop(heap)
        step = float(measure[here])
        if len(side) >= first and total + step / 2 > goal:
            break
        side.append(here)
        total += step
        for other in links[here]:
            if other in inside and other not in seen and other != end:
                seen.add(other)
                heapq.heappush(heap, (float(order[other]), other))
    return _with_strays(links, side, inside, end)


def _with_strays(links: list[list[int]], side: list[int], inside: set[int], end: int) -> list[int]:
    """Return a side with everything that can no longer reach the other pole."""
    rest = inside - set(side)
    reached = [end]
    rest.discard(end)
    for here in reached:
        new = rest.intersection(links[here])
        rest -= new
        reached += sorted(new)
    return sorted(set(side) | rest)
