"""How far two plans differ, and which of many differ most from each other."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

Array = np.ndarray[Any, np.dtype[Any]]

# Bundles without work are matched by their units, which weigh this part of all work together.
UNIT_SHARE = 1e-6


def difference_ratio(labels: Array, others: Array, weight: Array) -> float:
    """
    Return the share of the work that lies in another bundle when bundles are paired as well as they can be.

    `1 - max over pairings of sum(weight of the units that two paired bundles share) / sum(weight)`: the partition
    distance of Gusfield (2002, doi:10.1016/S0020-0190(01)00263-0), each unit counted by its work. It is 0 for the
    same bundles under other names, below 1, symmetric, and keeps the triangle inequality.

    Parameters
    ----------
    labels, others
        Number (>= 0) of the bundle of each unit in two plans.
    weight
        Work of each unit (>= 0); where there is none at all, the ratio is 0.
    """
    total = float(weight.sum())
    if total <= 0:
        return 0.0
    shared = _overlap(labels, others, weight)
    mine, theirs = linear_sum_assignment(shared, maximize=True)
    return max(0.0, 1.0 - float(shared[mine, theirs].sum()) / total)


def _overlap(labels: Array, others: Array, weight: Array) -> Array:
    shared = np.zeros((int(labels.max(initial=-1)) + 1, int(others.max(initial=-1)) + 1))
    np.add.at(shared, (labels, others), weight)
    return shared


def matched_labels(labels: pd.Series, model: pd.Series, weight: pd.Series) -> pd.Series:
    """
    Return labels under the names of a model: each bundle is called as the one that it shares most work with.

    Parameters
    ----------
    labels, model
        Number (0 … k-1) of the bundle of each unit, both with the same k.
    weight
        Work of each unit.

    Raises
    ------
    ValueError
        If the two have different numbers of bundles.
    """
    if labels.nunique() != model.nunique():
        msg = f"labels has {labels.nunique()} bundles, model {model.nunique()}"
        raise ValueError(msg)
    work = weight.reindex(labels.index).to_numpy(dtype="float64")
    part = UNIT_SHARE * (work.sum() or 1.0) / max(1, len(work))
    shared = _overlap(labels.to_numpy(), model.reindex(labels.index).to_numpy(), work + part)
    mine, theirs = linear_sum_assignment(shared, maximize=True)
    return labels.map(dict(zip(mine.tolist(), theirs.tolist(), strict=True)))


def difference_table(plans: Sequence[Array], weight: Array) -> Array:
    """Return the difference ratio of every two plans, square and symmetric."""
    table = np.zeros((len(plans), len(plans)))
    for i, labels in enumerate(plans):
        for j in range(i):
            table[i, j] = table[j, i] = difference_ratio(labels, plans[j], weight)
    return table


def most_different(table: Array, count: int, *, least: float) -> list[int]:
    """
    Choose plans that differ from plan 0 and from each other as much as possible.

    The one farthest from all chosen is added again and again (at least half as good as the best choice: Gonzalez
    1985, doi:10.1016/0304-3975(85)90224-5); then single plans are exchanged while that widens the closest pairs.

    Parameters
    ----------
    table
        Differences of all plans, plan 0 the one that the others are alternatives to.
    count
        Plans to choose besides plan 0, at most.
    least
        A plan closer than this (ratio) to another chosen one is no plan of its own.

    Returns
    -------
    chosen
        Rows of the table in the order chosen, without 0.
    """
    chosen = [0]
    while len(chosen) <= count and len(chosen) < len(table):
        nearest = table[:, chosen].min(axis=1)
        nearest[chosen] = -1.0
        farthest = int(np.argmax(nearest))
        if nearest[farthest] < max(least, 1e-9):
            break
        chosen.append(farthest)
    return _exchanged(table, chosen)[1:]


def _exchanged(table: Array, chosen: list[int]) -> list[int]:
    best = _closeness(table, chosen)
    is_better = len(chosen) > 1
    while is_better:
        is_better = False
        for place in range(1, len(chosen)):
            for other in sorted(set(range(len(table))) - set(chosen)):
                tried = [*chosen[:place], other, *chosen[place + 1 :]]
                found = _closeness(table, tried)
                if found > best:
                    chosen, best, is_better = tried, found, True
    return chosen


def _closeness(table: Array, chosen: list[int]) -> list[float]:
    """Return the differences of all pairs, the smallest first: of two choices the larger list is wider apart."""
    rows, columns = np.tril_indices(len(chosen), -1)
    return sorted(np.round(table[np.ix_(chosen, chosen)][rows, columns], 9).tolist())
