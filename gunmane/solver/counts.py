"""How many bundles each territory should have, and may have."""

from __future__ import annotations

import dataclasses
import math

import numpy as np

from gunmane.solver.atoms import Atoms
from gunmane.solver.problem import Problem


@dataclasses.dataclass(frozen=True)
class Counts:
    """Bundles of one territory: wanted, fewest and most that its rules seem to allow, fewest and most at all."""

    wanted: int
    low: int
    high: int
    least: int
    most: int


def territory_counts(problem: Problem, atoms: Atoms, most: int) -> Counts:
    """
    Return the number of bundles for one territory.

    Wanted is `round(measure / target)`, at least one, moved into the range that the rules seem to allow:
    as many as a hard ceiling, the travel limit (greedy cover), cannot-links and fixed bases need, and no more
    than the atoms and a hard floor give work for.

    Parameters
    ----------
    problem
        The task.
    atoms
        The territory's atoms.
    most
        Most connected bundles that they can make.
    """
    rules = problem.rules
    total = float(atoms.measure.sum())
    least = min(most, clique_size(atoms))
    low, high = max(least, min(most, cover_size(atoms))), most
    if rules.is_window_hard:
        if math.isfinite(rules.ceiling):
            low = max(low, min(most, math.ceil(total / rules.ceiling - 1e-9)))
        if rules.floor > 0:
            high = max(low, min(high, math.floor(total / rules.floor + 1e-9)))
    # More than the atoms can make is as good as endless: a tiny target would pass what numbers hold.
    wanted = max(1, math.floor(min(total / rules.target, most) + 0.5))
    return Counts(min(max(wanted, low), high), low, high, least, most)


def clique_size(atoms: Atoms) -> int:
    """Return the size of a set of atoms of which no two should share a bundle, found greedily; at least 1."""
    foes: dict[int, set[int]] = {}
    for a, b in atoms.conflicts:
        foes.setdefault(a, set()).add(b)
        foes.setdefault(b, set()).add(a)
    largest = 1
    for start in sorted(foes):
        clique = [start]
        for atom in sorted(foes[start], key=lambda x: (-len(foes[x]), x)):
            if all(atom in foes[member] for member in clique):
                clique.append(atom)
        largest = max(largest, len(clique))
    return largest


def cover_size(atoms: Atoms) -> int:
    """
    Return how many bases reach every atom within the travel limit, found greedily and then thinned.

    Atoms that no base serves wholly are left out.
    """
    # Without a table of minutes a cover would take a row for every unit; the search finds what the limit needs.
    if not atoms.problem.minutes.has_table or atoms.reach is None:
        return 1
    serves = atoms.reach[0] == 0
    is_open = serves.any(axis=1) & _has_needs(atoms)
    chosen: list[int] = []
    while is_open.any():
        column = int(np.argmax(serves[is_open].sum(axis=0)))
        chosen.append(column)
        is_open &= ~serves[:, column]
    coverable = serves.any(axis=1) & _has_needs(atoms)
    for column in list(chosen):
        rest = [other for other in chosen if other != column]
        if rest and serves[np.ix_(coverable, rest)].any(axis=1).all():
            chosen = rest
    return max(1, len(chosen))


def _has_needs(atoms: Atoms) -> np.ndarray:
    return np.array([bool(atoms.problem.is_needed[units].any()) for units in atoms.units])


def share_out(total: int, measures: list[float], counts: list[Counts]) -> list[int]:
    """
    Share a number of bundles over territories in proportion to their work, at least `least` each.

    The next bundle always goes where most work would still stand behind it (Sainte-Laguë). The sum differs from
    `total` only where the territories need more or cannot hold as many.

    Parameters
    ----------
    total
        Bundles asked for.
    measures, counts
        Measure and range of each territory.
    """
    given = [count.least for count in counts]
    while sum(given) < total:
        open_ones = [i for i, count in enumerate(counts) if given[i] < count.most]
        if not open_ones:
            break
        best = max(open_ones, key=lambda i: (measures[i] / (2 * given[i] + 1), counts[i].most - given[i], -i))
        given[best] += 1
    return given
