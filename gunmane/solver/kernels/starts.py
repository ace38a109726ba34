"""First bundles: roots spread over the land, and regions grown from them by road."""

from __future__ import annotations

import numpy as np

from gunmane.solver.compiled import compiled, inlined
from gunmane.solver.kernels.heaps import heap_pop, heap_push
from gunmane.solver.kernels.state import Array

# Steps towards a median, and the weight that land without work still has there.
MOST_MEDIAN_STEPS = 12
TRACE = 1e-6


@compiled
def spread(
    indptr: Array, indices: Array, link_min: Array, source: int, nearest: Array, values: Array, items: Array
) -> None:
    """Lower the minutes to the nearest root (`nearest`) where a new root is nearer."""
    nearest[source] = 0.0
    size = heap_push(values, items, 0, 0.0, source)
    while size > 0:
        size = heap_pop(values, items, size)
        minutes, here = values[size], items[size]
        if minutes > nearest[here]:
            continue
        for place in range(indptr[here], indptr[here + 1]):
            other = indices[place]
            there = minutes + link_min[place]
            if there < nearest[other]:
                nearest[other] = there
                size = heap_push(values, items, size, there, other)


@compiled
def grow(
    indptr: Array,
    indices: Array,
    link_min: Array,
    labels: Array,
    start_min: Array,
    nearest: Array,
    values: Array,
    items: Array,
) -> None:
    """
    Give every atom without a label (-1) to the bundle whose way to it is shortest (a network Voronoi diagram).

    Labelled atoms keep theirs and are where ways begin, `start_min` later for each (the price of its bundle); so
    bundles that were connected stay so.
    """
    size = 0
    nearest[:] = np.inf
    for atom in range(len(labels)):
        if labels[atom] >= 0:
            nearest[atom] = start_min[atom]
            size = heap_push(values, items, size, start_min[atom], atom)
    while size > 0:
        size = heap_pop(values, items, size)
        minutes, here = values[size], items[size]
        if minutes > nearest[here]:
            continue
        for place in range(indptr[here], indptr[here + 1]):
            other = indices[place]
            there = minutes + link_min[place]
            if there < nearest[other] and start_min[other] == np.inf:
                nearest[other] = there
                labels[other] = labels[here]
                size = heap_push(values, items, size, there, other)


@compiled
def middle_of(
    indptr: Array,
    indices: Array,
    link_min: Array,
    days: Array,
    labels: Array,
    start: int,
    stamps: Array,
    minutes: Array,
    way: Array,
    branch: Array,
    order: Array,
    values: Array,
    items: Array,
) -> int:
    """
    Return about the atom from which the work of the bundle of an atom is nearest, by steps to the heavier side.

    From a median no branch of the shortest ways holds more than half of the work (Goldman 1971, exact on trees); the
    steps end where that holds or where they would turn back. `stamps` marks atoms and keeps its last mark at its end.
    """
    here, last = start, -1
    for _ in range(MOST_MEDIAN_STEPS):
        count = ways_inside(
            indptr, indices, link_min, labels, here, stamps, minutes, way, order, values, items
        )
        total = 0.0
        for place in range(count):
            branch[order[place]] = days[order[place]] + TRACE
            total += branch[order[place]]
        for place in range(count - 1, 0, -1):
            branch[way[order[place]]] += branch[order[place]]
        following = here
        for place in range(1, count):
            atom = order[place]
            # Met from near to far: the last heavy one is the deepest on the way to the middle.
            if 2.0 * branch[atom] > total and way[atom] == following:
                following = atom
        if following in (here, last):
            return here
        last, here = here, following
    return here


@inlined
def ways_inside(
    indptr: Array,
    indices: Array,
    link_min: Array,
    labels: Array,
    start: int,
    stamps: Array,
    minutes: Array,
    way: Array,
    order: Array,
    values: Array,
    items: Array,
) -> int:
    """Find the shortest ways inside a bundle from one of its atoms, and the order in which they are met."""
    stamps[-1] += 1
    stamp = stamps[-1]
    bundle = labels[start]
    minutes[start] = 0.0
    way[start] = -1
    stamps[start] = stamp
    size = heap_push(values, items, 0, 0.0, start)
    count = 0
    while size > 0:
        size = heap_pop(values, items, size)
        reached, here = values[size], items[size]
        if stamps[here] == -stamp:
            continue
        stamps[here] = -stamp
        order[count] = here
        count += 1
        for place in range(indptr[here], indptr[here + 1]):
            other = indices[place]
            if labels[other] != bundle or stamps[other] == -stamp:
                continue
            there = reached + link_min[place]
            if stamps[other] == stamp and minutes[other] <= there:
                continue
            stamps[other] = stamp
            minutes[other] = there
            way[other] = here
            size = heap_push(values, items, size, there, other)
    return count
