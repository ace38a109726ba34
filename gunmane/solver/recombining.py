"""Recombining: neighbouring bundles thrown together and divided anew."""

from __future__ import annotations

import numpy as np

from gunmane.solver.kernels.state import Array
from gunmane.solver.landing import Land

# One in so many bundles is divided anew at a time.
BUNDLES_PER_PAIR = 6
# Chance of a bundle inside the window beside one that lies outside by this much (relative).
BASE_CHANCE = 0.02


def recombined(land: Land, labels: Array, rng: np.random.Generator) -> Array:
    """
    Return labels with some pairs of neighbours divided anew, each bundle connected as before.

    A pair is cut along a tree of ways, as evenly as the tree allows (DeFord, Duchin & Solomon 2021,
    doi:10.1162/99608f92.eb30390f). Bundles outside the window are drawn more often.

    Parameters
    ----------
    land
        The territory's links.
    labels
        Bundle of each atom, 0 to k-1, each connected.
    rng
        Draws pairs, and where trees begin.
    """
    labels = labels.copy()
    board, count = land.board, int(labels.max()) + 1
    work = board.amounts[:, 0]
    chance = _outside(land, labels) + BASE_CHANCE
    for _ in range(max(1, count // BUNDLES_PER_PAIR)):
        one = int(rng.choice(count, p=chance / chance.sum()))
        others = land.touching(labels, np.flatnonzero(labels == one))
        if len(others) == 0:
            continue
        other = int(others[rng.integers(len(others))])
        pair = np.flatnonzero((labels == one) | (labels == other))
        before = labels[pair].copy()
        labels[pair] = one
        start = int(pair[rng.integers(len(pair))])
        if land.cut(labels, start, float(work[pair].sum()) / 2, other) <= 0:
            labels[pair] = before
    return labels


def _outside(land: Land, labels: Array) -> Array:
    """Return how far the work of each bundle lies outside its window (relative)."""
    board = land.board
    amount = np.bincount(labels, weights=board.amounts[:, 0])
    floor, ceiling = float(board.floors[0]), float(board.ceilings[0])
    below = 1 - amount / floor if floor > 0 else np.zeros(len(amount))
    return np.maximum(0.0, np.maximum(below, amount / ceiling - 1))
