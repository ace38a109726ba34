"""Mending: labels brought into the work window by cutting bundles anew."""

from __future__ import annotations

import numpy as np

from gunmane.solver.budget import Budget
from gunmane.solver.kernels.costs import WINDOW_TOLERANCE
from gunmane.solver.kernels.draws import first_of
from gunmane.solver.kernels.mending import mend
from gunmane.solver.kernels.state import COUNTER_COUNT, MOST_JOINED, SEED, Array, Board, Patch
from gunmane.solver.landing import Land, levelled

# Passes, each from the best labels of the one before, and how many of them are followed by levelling.
PASSES = 8
LEVELLED_PASSES = 3
# Groups cut anew for each bundle that lay outside at first, and those between two looks at whether to go on.
TRIES_EACH = 3000
TRIES_AT_ONCE = 200
# So many atoms looked at take about as long as evaluating a move.
ATOMS_PER_MOVE = 32


def window_excess(board: Board, labels: Array) -> Array:
    """Return how far each bundle's amounts lie outside their windows, relative, summed over the windows."""
    count = int(labels.max()) + 1
    total = np.zeros(count)
    for column, (floor, ceiling) in enumerate(zip(board.floors, board.ceilings, strict=True)):
        amount = np.bincount(labels, weights=board.amounts[:, column], minlength=count)
        below = 1 - amount / floor if floor > 0 else np.zeros(count)
        over = np.maximum(below, amount / ceiling - 1)
        total += np.where(over > WINDOW_TOLERANCE, over, 0.0)
    return total


def mended(land: Land, labels: Array, seed: int, budget: Budget, *, moves: int, fixed: int = 0) -> Array:
    """
    Return connected labels with as little as could be found outside the windows; the same bundles in number.

    Bundles outside are cut anew with neighbours. Where much too light and much too heavy bundles lie far from each
    other, cutting carries work only slowly; so between the first passes light ones join a neighbour and heavy ones
    are divided (`landing.levelled`).

    Parameters
    ----------
    land
        The territory's links.
    labels
        Bundle of each atom, 0 to k-1, each used and connected.
    seed
        Seed of the draws (>= 0).
    budget
        What the atoms looked at are charged to.
    moves
        Evaluated moves that mending may take at most.
    fixed
        Bundles that have to keep a base; where there are some, none is given up.
    """
    outside = int((window_excess(land.board, labels) > 0).sum())
    if outside == 0 or int(labels.max()) == 0:
        return labels
    tries = TRIES_EACH * outside
    for number in range(PASSES):
        labels = _pass(land.board, labels, seed + number, budget, (tries // PASSES + 1, moves // PASSES))
        excess = window_excess(land.board, labels)
        if not excess.any() or budget.is_cancelled:
            break
        if number < LEVELLED_PASSES and fixed == 0:
            first = np.unique(labels, return_index=True)[1].tolist()
            level, _ = levelled(land, labels, first, 0)
            if window_excess(land.board, level).sum() < excess.sum():
                labels = level
    return labels


def _pass(board: Board, labels: Array, seed: int, budget: Budget, most: tuple[int, int]) -> Array:
    """Return labels after so many tries, or so many moves, at most."""
    excess = window_excess(board, labels)
    patch = _patch(board, labels, excess, seed)
    left, end = most[0], budget.spent + most[1]
    while left > 0 and patch.excess.any() and budget.spent < end and not budget.is_cancelled:
        looked = mend(patch, min(left, TRIES_AT_ONCE))
        budget.spent += looked // ATOMS_PER_MOVE
        left -= TRIES_AT_ONCE
        budget.report()
    return patch.best


def _patch(board: Board, labels: Array, excess: Array, seed: int) -> Patch:
    atoms, count, columns = len(labels), len(excess), len(board.floors)
    counters = np.zeros(COUNTER_COUNT, dtype=np.int64)
    counters[SEED] = first_of(seed)
    room = len(board.indices) + atoms + 2

    def whole(size: int, value: int = 0) -> Array:
        return np.full(size, value, dtype=np.int64)

    return Patch(
        indptr=board.indptr,
        indices=board.indices,
        link_min=board.link_min,
        amounts=board.amounts,
        floors=board.floors,
        ceilings=board.ceilings,
        labels=labels.astype(np.int64),
        best=labels.astype(np.int64),
        best_excess=np.array([float(excess.sum())]),
        excess=excess,
        first=np.unique(labels, return_index=True)[1],
        outside=whole(count),
        group=whole(MOST_JOINED),
        sums=np.zeros((MOST_JOINED, columns)),
        part=whole(atoms, -1),
        members=whole(atoms),
        order=whole(atoms),
        way=whole(atoms),
        marks=whole(atoms),
        nearest=np.zeros(atoms),
        branch=np.zeros(atoms),
        values=np.zeros(room),
        items=whole(room),
        counters=counters,
    )
