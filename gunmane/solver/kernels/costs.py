"""What bundles cost, and what moving a chunk from one to another changes."""

from __future__ import annotations

import numpy as np

from gunmane.solver.compiled import inlined
from gunmane.solver.kernels.state import (
    BEND,
    BREAKS,
    CUT,
    EASY,
    EVEN,
    EVEN_MEAN,
    EXCESS,
    IS_EASY,
    IS_EXEMPT,
    MARK,
    MOST_MUNIS,
    SOFT,
    TRADE,
    WHOLE,
    Board,
    Game,
)

# A cost that stands for "cannot be".
NEVER = 1e30
WINDOW_TOLERANCE = 1e-9


@inlined
def window_cost(board: Board, column: int, amount: float) -> float:
    """Return what an amount outside a window costs: by the rules' weights, or an easier price while annealing."""
    weights = board.weights
    excess = 0.0
    floor, ceiling = board.floors[column], board.ceilings[column]
    if floor > 0.0:
        excess = 1.0 - amount / floor
    if ceiling < np.inf:
        excess = max(excess, amount / ceiling - 1.0)
    if excess <= WINDOW_TOLERANCE:
        return 0.0
    if weights[IS_EASY] > 0.0:
        return weights[EASY] * excess * (1.0 + weights[BEND] * excess)
    if board.is_hard[column] != 0:
        return weights[BREAKS] + weights[EXCESS] * excess
    return weights[SOFT] * excess


@inlined
def amount_cost(board: Board, game: Game, bundle: int, sign: float) -> float:
    """Return window, evenness and trades of a bundle with the chunk added (sign 1), taken away (-1) or left (0)."""
    weights, chunk_amount = board.weights, game.chunk_amount
    total = 0.0
    columns = len(board.floors)
    if weights[IS_EXEMPT] == 0.0:
        for column in range(columns):
            total += window_cost(board, column, game.amount[bundle, column] + sign * chunk_amount[column])
        if weights[EVEN] > 0.0:
            total += weights[EVEN] * abs(game.amount[bundle, 0] + sign * chunk_amount[0] - weights[EVEN_MEAN])
    trades = board.trades.shape[1]
    if weights[TRADE] > 0.0 and trades > 0:
        hours, squares = 0.0, 0.0
        for trade in range(trades):
            value = game.trade[bundle, trade] + sign * chunk_amount[columns + trade]
            hours += value
            squares += value * value
        if hours > 1e-12:
            total += weights[TRADE] * (hours - squares / hours)
    return total


@inlined
def chunk_amounts(board: Board, game: Game, count: int) -> None:
    """Sum the amounts, then the trades, of the chunk into `chunk_amount`."""
    into = game.chunk_amount
    columns, trades = len(board.floors), board.trades.shape[1]
    for column in range(columns + trades):
        into[column] = 0.0
    for place in range(count):
        atom = game.chunk[place]
        for column in range(columns):
            into[column] += board.amounts[atom, column]
        for trade in range(trades):
            into[columns + trade] += board.trades[atom, trade]


@inlined
def base_class(board: Board, game: Game, bundle: int, column: int, sign: int) -> int:
    """
    Return 0 for an own fixed base, 1 for an own one, 2 for one allowed outside, 3 for none.

    The marked chunk counts as having joined the bundle (sign 1), as having left it (-1), or as it lies (0).
    """
    home = board.owner[column]
    kind = board.column_kind[column]
    is_own = False
    if home < len(game.labels):
        is_own = game.labels[home] == bundle
        if sign != 0 and game.marks[home] == game.counters[MARK]:
            is_own = sign > 0
    if is_own:
        return 0 if kind in (0, 3) else 1
    return 2 if kind >= 2 else 3


@inlined
def best_base(board: Board, game: Game, bundle: int, count: int, sign: int) -> tuple[float, int]:
    """Return the least travel cost of a bundle with the chunk added (1), taken away (-1) or left (0), and its place."""
    best_class, best, best_place = 3, NEVER, -1
    for place in range(game.candidate_count[bundle]):
        slot = game.candidates[bundle, place]
        kind = base_class(board, game, bundle, game.slot_column[slot], sign)
        if kind > best_class or kind == 3:
            continue
        value = game.sums[bundle, place]
        if sign != 0:
            part = 0.0
            for item in range(count):
                part += game.rows[slot, game.chunk[item]]
            value += sign * part
        if kind < best_class or value < best:
            best_class, best, best_place = kind, value, place
    return best, best_place


@inlined
def municipality_terms(board: Board, game: Game, a: int, b: int, count: int) -> float:
    """Return what the move changes for divided municipalities and for the most that a bundle may hold."""
    weights = board.weights
    change = 0.0
    if game.munis.shape[1] == 0:
        return change
    held_a, held_b, new_a, new_b = 0, 0, 0, 0
    for muni in range(game.munis.shape[1]):
        held_a += game.munis[a, muni] > 0
        held_b += game.munis[b, muni] > 0
        moved = 0
        if game.munis[a, muni] > 0:
            for place in range(count):
                atom = game.chunk[place]
                for item in range(board.muni_ptr[atom], board.muni_ptr[atom + 1]):
                    moved += board.muni_ids[item] == muni
        left, joined = game.munis[a, muni] - moved, game.munis[b, muni] + moved
        new_a += left > 0
        new_b += joined > 0
        # Plain Python meets numpy's truth values here, which cannot be subtracted.
        parts = int(left > 0) - int(game.munis[a, muni] > 0) + int(joined > 0) - int(game.munis[b, muni] > 0)
        change += weights[WHOLE] * parts
    most = weights[MOST_MUNIS]
    if most < np.inf:
        for held, new in ((held_a, new_a), (held_b, new_b)):
            change += weights[EXCESS] * (max(0.0, new - most) - max(0.0, held - most)) / most
            change += weights[BREAKS] * (int(new > most) - int(held > most))
    return change


@inlined
def area_terms(board: Board, game: Game, a: int, b: int, count: int) -> float:
    """Return what the move changes for the work that strays from given areas, for each set of areas by its weight."""
    areas, moved = game.areas.shape[1], game.area_moved
    if areas == 0:
        return 0.0
    for area in range(areas):
        moved[area] = 0.0
    for place in range(count):
        atom = game.chunk[place]
        for item in range(board.area_ptr[atom], board.area_ptr[atom + 1]):
            moved[board.area_ids[item]] += board.area_work[item]
    change = 0.0
    start = 0
    while start < areas:
        end = start
        while end < areas and board.area_ref[end] == board.area_ref[start]:
            end += 1
        old_a, old_b, new_a, new_b, rows = 0.0, 0.0, 0.0, 0.0, 0.0
        for area in range(start, end):
            in_a, in_b, part = game.areas[a, area], game.areas[b, area], moved[area]
            old_a, old_b = max(old_a, in_a), max(old_b, in_b)
            new_a, new_b = max(new_a, in_a - part), max(new_b, in_b + part)
            if part > 0.0:
                others = 0.0
                for bundle in range(len(game.size)):
                    if bundle not in (a, b):
                        others = max(others, game.areas[bundle, area])
                rows += max(others, in_a - part, in_b + part) - max(others, in_a, in_b)
        # Work strays where it is not in the largest part of its area, and where its area is not its bundle's largest.
        change -= board.area_weight[start] * ((new_a - old_a) + (new_b - old_b) + rows)
        start = end
    return change


@inlined
def link_terms(board: Board, game: Game, a: int, b: int, count: int) -> float:
    """Return what the move changes for links cut and for units that should not share a bundle."""
    weights = board.weights
    change = 0.0
    stamp = game.counters[MARK]
    has_foes = len(board.foes) > 0
    if weights[CUT] == 0.0 and not has_foes:
        return change
    for place in range(count):
        atom = game.chunk[place]
        if weights[CUT] != 0.0:
            for item in range(board.indptr[atom], board.indptr[atom + 1]):
                other = board.indices[item]
                if game.marks[other] == stamp:
                    continue
                if game.labels[other] == a:
                    change += weights[CUT] * board.link_count[item]
                elif game.labels[other] == b:
                    change -= weights[CUT] * board.link_count[item]
        if has_foes:
            for item in range(board.foe_ptr[atom], board.foe_ptr[atom + 1]):
                other = board.foes[item]
                if game.marks[other] == stamp:
                    continue
                step = weights[BREAKS] + weights[EXCESS]
                if game.labels[other] == b:
                    change += step
                elif game.labels[other] == a:
                    change -= step
    return change


@inlined
def move_change(board: Board, game: Game, a: int, b: int, count: int) -> float:
    """Return what moving the gathered chunk from bundle a to b changes the whole cost by, bases chosen anew."""
    chunk_amounts(board, game, count)
    left, _ = best_base(board, game, a, count, -1)
    joined, _ = best_base(board, game, b, count, 1)
    if left >= NEVER or joined >= NEVER:
        return NEVER
    change = left + joined - game.cost[a] - game.cost[b]
    change += amount_cost(board, game, a, -1.0) + amount_cost(board, game, b, 1.0)
    change += municipality_terms(board, game, a, b, count) + area_terms(board, game, a, b, count)
    return change + link_terms(board, game, a, b, count)
