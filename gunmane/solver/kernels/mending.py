"""Mending: a bundle outside its window and some neighbours thrown together and cut anew along drawn trees."""

from __future__ import annotations

import numpy as np

from gunmane.solver.compiled import compiled, inlined
from gunmane.solver.kernels.costs import WINDOW_TOLERANCE
from gunmane.solver.kernels.draws import ALL, draw
from gunmane.solver.kernels.heaps import heap_pop, heap_push
from gunmane.solver.kernels.state import MARK, MOST_JOINED, Array, Patch

# Up to so much more excess is taken, a little often and much seldom: it carries work through full bundles.
SIDESTEP = 0.2
# A drawn tree takes a link for up to so many times as long as it is, and no less than it is.
STRETCH = 4.0


@inlined
def _excess(patch: Patch, amounts: Array, row: int) -> float:
    """Return how far a row of amounts lies outside its windows, relative to the limits that it passes."""
    total = 0.0
    for column in range(len(patch.floors)):
        over = 0.0
        if patch.floors[column] > 0.0:
            over = 1.0 - amounts[row, column] / patch.floors[column]
        if patch.ceilings[column] < np.inf:
            over = max(over, amounts[row, column] / patch.ceilings[column] - 1.0)
        if over > WINDOW_TOLERANCE:
            total += over
    return total


@inlined
def _is_in_group(patch: Patch, label: int, group_size: int) -> bool:
    is_in = False
    for place in range(group_size):
        is_in = is_in or patch.group[place] == label
    return is_in


@inlined
def _collect(patch: Patch, start: int, count: int) -> int:
    """Add the bundle of an atom to `members`; return how many there are then."""
    bundle, stamp = patch.labels[start], patch.counters[MARK]
    patch.marks[start] = stamp
    patch.members[count] = start
    place = count
    count += 1
    while place < count:
        here = patch.members[place]
        place += 1
        for item in range(patch.indptr[here], patch.indptr[here + 1]):
            other = patch.indices[item]
            if patch.labels[other] == bundle and patch.marks[other] != stamp:
                patch.marks[other] = stamp
                patch.members[count] = other
                count += 1
    return count


@inlined
def _drawn_neighbour(patch: Patch, count: int, group_size: int) -> int:
    """Return an atom beside the members that belongs to no bundle of the group, drawn evenly; -1 if there is none."""
    chosen, met = -1, 0
    for place in range(count):
        here = patch.members[place]
        for item in range(patch.indptr[here], patch.indptr[here + 1]):
            other = patch.indices[item]
            if not _is_in_group(patch, patch.labels[other], group_size):
                met += 1
                if draw(patch.counters) % met == 0:
                    chosen = other
    return chosen


@inlined
def _drawn_tree(patch: Patch, start: int) -> int:
    """Find a tree of drawn links over the atoms still together (`part` 0), branches summed; return how many (Prim)."""
    patch.counters[MARK] += 1
    stamp = patch.counters[MARK]
    values, items = patch.values, patch.items
    patch.marks[start] = stamp
    patch.way[start] = -1
    patch.nearest[start] = 0.0
    size, count = heap_push(values, items, 0, 0.0, start), 0
    while size > 0:
        size = heap_pop(values, items, size)
        here = items[size]
        if patch.marks[here] == -stamp:
            continue
        patch.marks[here] = -stamp
        patch.order[count] = here
        patch.branch[here] = patch.amounts[here, 0]
        count += 1
        for item in range(patch.indptr[here], patch.indptr[here + 1]):
            other = patch.indices[item]
            if patch.part[other] != 0 or patch.marks[other] == -stamp:
                continue
            value = patch.link_min[item] * (1.0 + (STRETCH - 1.0) * (draw(patch.counters) & 1023) / 1023.0)
            if patch.marks[other] != stamp or value < patch.nearest[other]:
                patch.marks[other] = stamp
                patch.nearest[other] = value
                patch.way[other] = here
                size = heap_push(values, items, size, value, other)
    for place in range(count - 1, 0, -1):
        patch.branch[patch.way[patch.order[place]]] += patch.branch[patch.order[place]]
    return count


@inlined
def _cut_price(patch: Patch, own: float, rest: float, rest_parts: int) -> float:
    """Return how far outside the first window a part and the mean of the rest would lie."""
    floor, ceiling = patch.floors[0], patch.ceilings[0]
    price = 0.0
    for amount in (own, rest / rest_parts):
        over = 1.0 - amount / floor if floor > 0.0 else 0.0
        price += max(0.0, over, amount / ceiling - 1.0)
    return price


@inlined
def _cut_one(patch: Patch, start: int, parts: int) -> int:
    """Cut one part off what is together, numbered `parts` - 1; return an atom of the rest, or -1 where none can be."""
    count = _drawn_tree(patch, start)
    if count < parts:
        return -1
    whole = patch.branch[start]
    best, best_price, is_top, met = -1, np.inf, False, 0
    for place in range(1, count):
        atom = patch.order[place]
        below = patch.branch[atom]
        for side in range(2):
            own = below if side == 0 else whole - below
            price = _cut_price(patch, own, whole - own, parts - 1)
            if price < best_price:
                best, best_price, is_top, met = atom, price, side == 1, 1
            elif price == best_price:
                # Many cuts are as good where some keep the window: one of them is drawn.
                met += 1
                if draw(patch.counters) % met == 0:
                    best, is_top = atom, side == 1
    number = parts - 1
    patch.part[best] = number
    for place in range(1, count):
        atom = patch.order[place]
        if atom != best and patch.part[patch.way[atom]] == number:
            patch.part[atom] = number
    if not is_top:
        return start
    for place in range(count):
        atom = patch.order[place]
        patch.part[atom] = number - patch.part[atom]
    return best


@inlined
def _excess_change(patch: Patch, group_size: int, count: int) -> float:
    """Return what the parts lie outside their windows more than the bundles of the group do."""
    for number in range(group_size):
        for column in range(len(patch.floors)):
            patch.sums[number, column] = 0.0
    for place in range(count):
        atom = patch.members[place]
        for column in range(len(patch.floors)):
            patch.sums[patch.part[atom], column] += patch.amounts[atom, column]
    change = 0.0
    for number in range(group_size):
        change += _excess(patch, patch.sums, number) - patch.excess[patch.group[number]]
    return change


@inlined
def _take_parts(patch: Patch, group_size: int, count: int) -> None:
    """Let the parts be the bundles of the group."""
    for number in range(group_size):
        patch.excess[patch.group[number]] = _excess(patch, patch.sums, number)
    for place in range(count):
        atom = patch.members[place]
        bundle = patch.group[patch.part[atom]]
        patch.labels[atom] = bundle
        patch.first[bundle] = atom


@inlined
def _try_group(patch: Patch, group_size: int, count: int) -> bool:
    """Cut the members anew into as many parts; keep that where less lies outside, and sometimes where more does."""
    for place in range(count):
        patch.part[patch.members[place]] = 0
    start = patch.members[draw(patch.counters) % count]
    for parts in range(group_size, 1, -1):
        if start >= 0:
            start = _cut_one(patch, start, parts)
    is_kept = False
    if start >= 0:
        change = _excess_change(patch, group_size, count)
        chance = draw(patch.counters) / ALL
        chance *= chance
        chance *= chance
        chance *= chance
        is_kept = change < -WINDOW_TOLERANCE or change < SIDESTEP * chance
    if is_kept:
        _take_parts(patch, group_size, count)
    for place in range(count):
        patch.part[patch.members[place]] = -1
    return is_kept


@compiled
def mend(patch: Patch, tries: int) -> int:
    """
    Cut bundles outside their window anew with some neighbours, so often at most; return atoms looked at.

    A group of two to eight connected bundles is cut along drawn trees (recombination: DeFord, Duchin & Solomon 2021,
    doi:10.1162/99608f92.eb30390f). `excess` of each bundle, `labels` and an atom of each (`first`) are kept up to
    date; `best` holds the labels with least excess so far, and `best_excess` how much that is.
    """
    looked, bundles = 0, len(patch.excess)
    for _ in range(tries):
        outside = 0
        for bundle in range(bundles):
            if patch.excess[bundle] > 0.0:
                patch.outside[outside] = bundle
                outside += 1
        if outside == 0:
            break
        one = patch.outside[draw(patch.counters) % outside]
        # Small groups are cut sooner; large ones carry work farther.
        one_more, other_more = (
            draw(patch.counters) % (MOST_JOINED - 1),
            draw(patch.counters) % (MOST_JOINED - 1),
        )
        wanted = 2 + min(one_more, other_more)
        patch.counters[MARK] += 1
        patch.group[0] = one
        group_size, count = 1, _collect(patch, patch.first[one], 0)
        while group_size < wanted:
            atom = _drawn_neighbour(patch, count, group_size)
            if atom < 0:
                break
            patch.group[group_size] = patch.labels[atom]
            group_size += 1
            count = _collect(patch, atom, count)
        looked += count
        if group_size > 1 and _try_group(patch, group_size, count):
            total = 0.0
            for bundle in range(bundles):
                total += patch.excess[bundle]
            if total < patch.best_excess[0] - WINDOW_TOLERANCE:
                patch.best_excess[0] = total
                for atom in range(len(patch.labels)):
                    patch.best[atom] = patch.labels[atom]
    return looked
