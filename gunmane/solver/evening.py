"""Evening out: neighbouring bundles thrown together and divided anew until work is spread."""

from __future__ import annotations

import heapq

import numpy as np

from gunmane.solver.kernels.state import Array
from gunmane.solver.landing import Land

# Places from which the tree of a pair is drawn, and pairs looked at for each bundle at most.
ROOTS = 3
PAIRS_PER_BUNDLE = 60
# A division must bring the pair this much nearer to even work (part of the mean), or it is not worth a new border.
LEAST_CHANGE = 0.01
# Bundles this near to the mean (relative) are not evened out further: moves of single atoms do the rest.
NEAR_ENOUGH = 0.05


def evened(land: Land, labels: Array, rng: np.random.Generator) -> Array:
    """
    Return labels whose work is spread more evenly, each bundle connected as before.

    The neighbours whose work differs most are thrown together and divided along a tree of ways, time and again: work
    spreads over the land as heat does.

    Parameters
    ----------
    land
        The territory's links.
    labels
        Bundle of each atom, 0 to k-1, each connected.
    rng
        Draws where trees begin.
    """
    board = land.board
    work = board.amounts[:, 0]
    labels = labels.copy()
    count = int(labels.max()) + 1
    amount = np.bincount(labels, weights=work, minlength=count)
    mean = float(amount.mean())
    if mean <= 0 or count < 2:
        return labels
    members = {b: np.flatnonzero(labels == b) for b in range(count)}
    near = [set(others) for others in _neighbours(land, labels, count)]
    stamp = [0] * count
    waiting = [(-abs(amount[a] - amount[b]), a, b, 0, 0) for a in range(count) for b in near[a] if a < b]
    heapq.heapify(waiting)
    for _ in range(PAIRS_PER_BUNDLE * count):
        if not waiting:
            break
        gap, a, b, stamp_a, stamp_b = heapq.heappop(waiting)
        if -gap < 2 * NEAR_ENOUGH * mean:
            break
        if (stamp_a, stamp_b) != (stamp[a], stamp[b]) or b not in near[a]:
            continue
        pair = np.concatenate([members[a], members[b]])
        found = _divided(land, labels, pair, (a, b), rng)
        if found is None or found[0] > -gap - LEAST_CHANGE * mean:
            continue
        labels[pair] = found[1]
        for bundle in (a, b):
            members[bundle] = pair[found[1] == bundle]
            amount[bundle] = work[members[bundle]].sum()
            stamp[bundle] += 1
        for bundle in (a, b):
            others = _touching(land, labels, members[bundle])
            for other in near[bundle] - others:
                near[other].discard(bundle)
            for other in others:
                near[other].add(bundle)
            near[bundle] = others
            for other in others:
                low, high = min(bundle, other), max(bundle, other)
                heapq.heappush(
                    waiting, (-abs(amount[low] - amount[high]), low, high, stamp[low], stamp[high])
                )
    return labels


def _divided(
    land: Land, labels: Array, pair: Array, names: tuple[int, int], rng: np.random.Generator
) -> tuple[float, Array] | None:
    """Return the difference of work and the labels of two bundles divided anew as evenly as a few trees allow."""
    a, b = names
    old = labels[pair]
    work = land.board.amounts[:, 0]
    total = float(work[pair].sum())
    best: tuple[float, Array] | None = None
    for _ in range(ROOTS):
        labels[pair] = a
        start = int(pair[rng.integers(len(pair))])
        part = land.cut(labels, start, total / 2, b)
        if part > 0 and (best is None or abs(total - 2 * part) < best[0]):
            best = (abs(total - 2 * part), labels[pair].copy())
    labels[pair] = old
    return best


def _neighbours(land: Land, labels: Array, count: int) -> list[set[int]]:
    board = land.board
    here = np.repeat(np.arange(land.size), np.diff(board.indptr))
    ends = np.column_stack([labels[here], labels[board.indices]])
    found: list[set[int]] = [set() for _ in range(count)]
    for a, b in np.unique(ends[ends[:, 0] != ends[:, 1]], axis=0).tolist():
        found[a].add(b)
    return found


def _touching(land: Land, labels: Array, members: Array) -> set[int]:
    board = land.board
    degree = board.indptr[members + 1] - board.indptr[members]
    begun = np.repeat(board.indptr[members] - np.concatenate([[0], np.cumsum(degree)[:-1]]), degree)
    others = np.unique(labels[board.indices[begun + np.arange(len(begun))]])
    return set(others.tolist()) - {int(labels[members[0]])}
