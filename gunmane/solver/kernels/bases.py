"""Bases: cost rows by road, and the candidates that each bundle is served from."""

from __future__ import annotations

from gunmane.solver.compiled import compiled, inlined
from gunmane.solver.kernels.costs import NEVER, amount_cost, best_base
from gunmane.solver.kernels.heaps import heap_pop, heap_push
from gunmane.solver.kernels.starts import middle_of
from gunmane.solver.kernels.state import BREAKS, EXCESS, MARK, NEXT_SLOT, Board, Game
from gunmane.solver.kernels.walks import walk_bundle

# A unit beyond the reach of a row counts as this much farther than the last one reached.
BEYOND_REACH = 3.0
MINUTES_TOLERANCE = 1e-4


@compiled
def fill_row(board: Board, game: Game, column: int, slot: int) -> None:
    """Work out what serving each atom from a column costs, as far as `reach` units by road (Dijkstra 1959)."""
    game.counters[MARK] += 1
    stamp = game.counters[MARK]
    row, value, mark = game.rows[slot], game.unit_value, game.unit_mark
    start = board.column_unit[column]
    values, items = game.heap_value, game.heap_unit
    value[start] = 0.0
    mark[start] = stamp
    size = heap_push(values, items, 0, 0.0, start)
    settled = 0
    far = 0.0
    while size > 0 and settled < board.reach:
        size = heap_pop(values, items, size)
        minutes, unit = values[size], items[size]
        if minutes > value[unit] or mark[unit] != stamp:
            continue
        mark[unit] = -stamp
        game.reached[settled] = unit
        settled += 1
        far = minutes
        for place in range(board.unit_ptr[unit], board.unit_ptr[unit + 1]):
            other = board.unit_links[place]
            there = minutes + board.unit_min[place]
            if mark[other] == -stamp or (mark[other] == stamp and value[other] <= there):
                continue
            mark[other] = stamp
            value[other] = there
            size = heap_push(values, items, size, there, other)
    beyond = BEYOND_REACH * far
    late = _lateness(board, beyond)
    for atom in range(len(row)):
        row[atom] = board.atom_hours[atom] * beyond + board.atom_needed[atom] * late
    for place in range(settled):
        unit = game.reached[place]
        atom = board.unit_atom[unit]
        if atom >= 0:
            row[atom] += board.unit_hours[unit] * (value[unit] - beyond)
            if board.unit_needed[unit] != 0:
                row[atom] += _lateness(board, value[unit]) - late


@inlined
def _lateness(board: Board, minutes: float) -> float:
    """Return what a unit with work costs at so many minutes for lying beyond the travel limit."""
    if minutes <= board.limit_min + MINUTES_TOLERANCE:
        return 0.0
    return board.weights[BREAKS] + board.weights[EXCESS] * (minutes - board.limit_min) / board.limit_min


@inlined
def slot_for(board: Board, game: Game, column: int) -> int:
    """Return the slot that holds a column's row, worked out now if it is not at hand."""
    known = game.slot_of[column]
    if known >= 0:
        return known
    slots = len(game.slot_column)
    slot = game.counters[NEXT_SLOT]
    while game.slot_use[slot] > 0:
        slot = (slot + 1) % slots
    game.counters[NEXT_SLOT] = (slot + 1) % slots
    old = game.slot_column[slot]
    if old >= 0:
        game.slot_of[old] = -1
    game.slot_column[slot] = column
    game.slot_of[column] = slot
    fill_row(board, game, column, slot)
    return slot


@inlined
def served_from(game: Game, bundle: int, slot: int) -> float:
    """Return the travel cost of a walked bundle from a slot's column."""
    row, after = game.rows[slot], game.after
    total = 0.0
    here = game.first[bundle]
    while here >= 0:
        total += row[here]
        here = after[here]
    return total


@inlined
def _offer(board: Board, game: Game, bundle: int, column: int, most: int) -> None:
    """Put a column among the candidates of a bundle, cheapest first, if it is one of the best `most`."""
    slot = slot_for(board, game, column)
    value = served_from(game, bundle, slot)
    count = game.candidate_count[bundle]
    value_rank = value - NEVER if board.column_kind[column] in (0, 3) else value
    if count == most and value_rank >= _rank(board, game, bundle, count - 1):
        return
    place = count if count < most else most - 1
    if count == most:
        game.slot_use[game.candidates[bundle, place]] -= 1
    else:
        game.candidate_count[bundle] = count + 1
    while place > 0 and _rank(board, game, bundle, place - 1) > value_rank:
        game.candidates[bundle, place] = game.candidates[bundle, place - 1]
        game.sums[bundle, place] = game.sums[bundle, place - 1]
        place -= 1
    game.candidates[bundle, place] = slot
    game.sums[bundle, place] = value
    game.slot_use[slot] += 1


@inlined
def _rank(board: Board, game: Game, bundle: int, place: int) -> float:
    value = game.sums[bundle, place]
    kind = board.column_kind[game.slot_column[game.candidates[bundle, place]]]
    return value - NEVER if kind in (0, 3) else value


@compiled
def _nearest_own(board: Board, game: Game, bundle: int, start: int, most: int) -> int:
    """Collect the own atoms around an atom, by links, into `stack`; return how many."""
    game.counters[MARK] += 1
    stamp = game.counters[MARK]
    game.stack[0] = start
    game.marks[start] = stamp
    count, place = 1, 0
    while place < count < most:
        here = game.stack[place]
        place += 1
        for item in range(board.indptr[here], board.indptr[here + 1]):
            other = board.indices[item]
            if count < most and game.labels[other] == bundle and game.marks[other] != stamp:
                game.marks[other] = stamp
                game.stack[count] = other
                count += 1
    return count


@inlined
def _middle(board: Board, game: Game, start: int) -> int:
    return middle_of(
        board.indptr,
        board.indices,
        board.link_min,
        board.days,
        game.labels,
        start,
        game.stamps,
        game.atom_min,
        game.way,
        game.branch,
        game.stack,
        game.heap_value,
        game.heap_unit,
    )


@compiled
def find_bases(board: Board, game: Game, bundle: int) -> None:
    """
    Look for the best bases of a bundle anew and sum its costs up without rounding left over.

    With a table every own column is tried; by road, steps lead from the present base to a better one.
    """
    walk_bundle(board, game, bundle)
    own_most = game.candidates.shape[1] - len(board.shared)
    start = game.first[bundle]
    is_table = len(board.unit_atom) == 0
    if own_most > 0 and not is_table:
        start = _middle(board, game, start)
        walk_bundle(board, game, bundle)
    for place in range(game.candidate_count[bundle]):
        game.slot_use[game.candidates[bundle, place]] -= 1
    game.candidate_count[bundle] = 0
    if own_most > 0 and is_table:
        here = game.first[bundle]
        while here >= 0:
            for item in range(board.own_ptr[here], board.own_ptr[here + 1]):
                _offer(board, game, bundle, board.own_columns[item], own_most)
            here = game.after[here]
    elif own_most > 0:
        for place in range(_nearest_own(board, game, bundle, start, own_most)):
            atom = game.stack[place]
            if board.own_ptr[atom] < board.own_ptr[atom + 1]:
                _offer(board, game, bundle, board.own_columns[board.own_ptr[atom]], own_most)
    for place in range(len(board.shared)):
        slot = slot_for(board, game, board.shared[place])
        count = game.candidate_count[bundle]
        game.candidates[bundle, count] = slot
        game.sums[bundle, count] = served_from(game, bundle, slot)
        game.slot_use[slot] += 1
        game.candidate_count[bundle] = count + 1
    game.age[bundle] = 0
    settle_cost(board, game, bundle)
    game.is_walked[bundle] = 0


@inlined
def settle_cost(board: Board, game: Game, bundle: int) -> None:
    """Choose the base among the candidates and note what the bundle costs."""
    value, place = best_base(board, game, bundle, 0, 0)
    if place < 0:
        value, place = NEVER, 0
    if place != game.pick[bundle]:
        game.is_walked[bundle] = 0
    game.pick[bundle] = place
    game.cost[bundle] = value + amount_cost(board, game, bundle, 0.0)
