"""First bundles: roots spread over the land, and regions grown from them by road."""

from __future__ import annotations

import numpy as np

from gunmane.solver.compiled import compiled

Array = np.ndarray


@compiled
def heap_push(values: Array, items: Array, size: int, value: float, item: int) -> int:
    """Put an item on a heap and return its new size."""
    place = size
    while place > 0:
        above = (place - 1) >> 1
        if values[above] <= value:
            break
        values[place] = values[above]
        items[place] = items[above]
        place = above
    values[place] = value
    items[place] = item
    return size + 1


@compiled
def heap_pop(values: Array, items: Array, size: int) -> int:
    """Take the least item off a heap; it stands in place `size - 1` afterwards. Return the new size."""
    top_value, top_item = values[0], items[0]
    last = size - 1
    value, item = values[last], items[last]
    place = 0
    while True:
        below = 2 * place + 1
        if below >= last:
            break
        if below + 1 < last and values[below + 1] < values[below]:
            below += 1
        if values[below] >= value:
            break
        values[place] = values[below]
        items[place] = items[below]
        place = below
    values[place] = value
    items[place] = item
    values[last] = top_value
    items[last] = top_item
    return last


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
