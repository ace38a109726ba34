"""A binary heap in two arrays: values, and the items that they belong to."""

from __future__ import annotations

from gunmane.solver.compiled import inlined
from gunmane.solver.kernels.state import Array


@inlined
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


@inlined
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
