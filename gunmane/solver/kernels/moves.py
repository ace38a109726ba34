"""Moves: an atom, with all that it would cut off, goes over to a neighbouring bundle."""

from __future__ import annotations

from gunmane.solver.compiled import compiled, inlined
from gunmane.solver.kernels.bases import find_bases, settle_cost
from gunmane.solver.kernels.costs import NEVER, chunk_amounts, move_change
from gunmane.solver.kernels.draws import draw
from gunmane.solver.kernels.state import (
    ACCEPTED,
    BORDER_COUNT,
    EVALUATED,
    LEAST_GAIN,
    PICKED,
    Board,
    Game,
)
from gunmane.solver.kernels.walks import gather_chunk, walk_bundle

# Bases are looked for anew after so many changes of a bundle, or after a part of its atoms where that is more.
LEAST_AGE = 6
AGE_SHARE = 8
# Chances in 16 that a drawn atom takes the next atom towards the base along, where that cuts it off.
CLIMB_CHANCE = 6
# A move must gain more than this part of the whole cost, or rounding would let moves go back and forth.
ROUNDING = 1e-13
# A descent takes an atom's ways towards the base so far.
MOST_STEPS = 40


@inlined
def note_border(board: Board, game: Game, atom: int) -> None:
    """Put an atom among those at a border, or take it out, as its neighbours have it."""
    is_border = False
    for place in range(board.indptr[atom], board.indptr[atom + 1]):
        if game.labels[board.indices[place]] != game.labels[atom]:
            is_border = True
            break
    known = game.border_place[atom]
    count = game.counters[BORDER_COUNT]
    if is_border and known < 0:
        game.border[count] = atom
        game.border_place[atom] = count
        game.counters[BORDER_COUNT] = count + 1
    elif known >= 0 and not is_border:
        last = game.border[count - 1]
        game.border[known] = last
        game.border_place[last] = known
        game.border_place[atom] = -1
        game.counters[BORDER_COUNT] = count - 1


@compiled
def mark_borders(board: Board, game: Game) -> None:
    """Find every atom at a border."""
    game.counters[BORDER_COUNT] = 0
    game.border_place[:] = -1
    for atom in range(len(game.labels)):
        note_border(board, game, atom)


@inlined
def apply_move(board: Board, game: Game, a: int, b: int, count: int) -> None:
    """Move the gathered chunk from bundle a to bundle b and bring every sum up to date."""
    chunk_amounts(board, game, count)
    columns, trades = len(board.floors), board.trades.shape[1]
    for column in range(columns):
        game.amount[a, column] -= game.chunk_amount[column]
        game.amount[b, column] += game.chunk_amount[column]
    for trade in range(trades):
        game.trade[a, trade] -= game.chunk_amount[columns + trade]
        game.trade[b, trade] += game.chunk_amount[columns + trade]
    for item in range(count):
        atom = game.chunk[item]
        game.labels[atom] = b
        if game.munis.shape[1] > 0:
            for place in range(board.muni_ptr[atom], board.muni_ptr[atom + 1]):
                game.munis[a, board.muni_ids[place]] -= 1
                game.munis[b, board.muni_ids[place]] += 1
        if game.areas.shape[1] > 0:
            for place in range(board.area_ptr[atom], board.area_ptr[atom + 1]):
                game.areas[a, board.area_ids[place]] -= board.area_work[place]
                game.areas[b, board.area_ids[place]] += board.area_work[place]
    for item in range(count):
        atom = game.chunk[item]
        note_border(board, game, atom)
        for place in range(board.indptr[atom], board.indptr[atom + 1]):
            note_border(board, game, board.indices[place])
    for bundle in (a, b):
        sign = -1.0 if bundle == a else 1.0
        for place in range(game.candidate_count[bundle]):
            row = game.rows[game.candidates[bundle, place]]
            part = 0.0
            for item in range(count):
                part += row[game.chunk[item]]
            game.sums[bundle, place] += sign * part
        game.size[bundle] += count if bundle == b else -count
        game.age[bundle] += 1
        settle_cost(board, game, bundle)
        game.is_walked[bundle] = 0
    game.counters[ACCEPTED] += 1


@inlined
def keep_young(board: Board, game: Game, bundle: int) -> None:
    """Look for the bases of a bundle anew if it has changed often since."""
    if game.age[bundle] > max(LEAST_AGE, game.size[bundle] // AGE_SHARE):
        find_bases(board, game, bundle)


@compiled
def anneal(board: Board, game: Game, moves: int, hot: float, cold: float) -> None:
    """
    Evaluate so many drawn moves; one that costs more is taken with a chance that falls with the cost and the heat.

    The heat (hours) falls evenly on a logarithmic scale from `hot` to `cold` (Kirkpatrick et al. 1983).
    """
    ratio = (cold / hot) ** (1.0 / max(1, moves))
    heat = hot
    done, picked = 0, 0
    while done < moves and game.counters[BORDER_COUNT] > 0:
        picked += 1
        atom = game.border[draw(game.counters) % game.counters[BORDER_COUNT]]
        degree = board.indptr[atom + 1] - board.indptr[atom]
        other = board.indices[board.indptr[atom] + draw(game.counters) % degree]
        a, b = game.labels[atom], game.labels[other]
        if a == b:
            continue
        if game.is_walked[a] == 0:
            walk_bundle(board, game, a)
        while draw(game.counters) & 15 < CLIMB_CHANCE:
            above = game.parent[atom]
            if above < 0 or game.parent[above] < 0 or game.low[atom] < game.entered[above]:
                break
            atom = above
        done += 1
        heat *= ratio
        if game.parent[atom] < 0:
            continue
        count = gather_chunk(board, game, atom)
        if count >= game.size[a]:
            continue
        change = move_change(board, game, a, b, count)
        if change >= NEVER:
            continue
        if change > 0.0 and change > heat * game.draws[draw(game.counters) & (len(game.draws) - 1)]:
            continue
        apply_move(board, game, a, b, count)
        keep_young(board, game, a)
        keep_young(board, game, b)
    game.counters[EVALUATED] += done
    game.counters[PICKED] += picked


@compiled
def _try_from(board: Board, game: Game, atom: int, target: int, least: float) -> bool:
    """Carry out the best of the moves of an atom and of what lies towards the base into a bundle, if it gains."""
    a = game.labels[atom]
    best, best_atom = -least, -1
    for _ in range(MOST_STEPS):
        if game.parent[atom] < 0:
            break
        count = gather_chunk(board, game, atom)
        if 2 * count > game.size[a] + 2:
            break
        game.counters[EVALUATED] += 1
        change = move_change(board, game, a, target, count)
        if change < best:
            best, best_atom = change, atom
        above = game.parent[atom]
        if above < 0 or game.low[atom] < game.entered[above]:
            break
        atom = above
    if best_atom < 0:
        return False
    count = gather_chunk(board, game, best_atom)
    apply_move(board, game, a, target, count)
    return True


@compiled
def descend(board: Board, game: Game, moves: int) -> int:
    """Move atoms while that lowers the cost, bundle borders in the order of the atoms; return moves evaluated."""
    begun = game.counters[EVALUATED]
    atoms = len(game.labels)
    is_open = True
    while is_open and game.counters[EVALUATED] - begun < moves:
        is_open = False
        least = board.weights[LEAST_GAIN] + ROUNDING * abs(game.cost.sum())
        for atom in range(atoms):
            for place in range(board.indptr[atom], board.indptr[atom + 1]):
                a, b = game.labels[atom], game.labels[board.indices[place]]
                if a == b or game.size[a] < 2:
                    continue
                if game.is_walked[a] == 0:
                    walk_bundle(board, game, a)
                if _try_from(board, game, atom, b, least):
                    is_open = True
                    keep_young(board, game, a)
                    keep_young(board, game, b)
            if game.counters[EVALUATED] - begun >= moves:
                break
        for bundle in range(len(game.size)):
            if game.age[bundle] > 0:
                before = game.cost[bundle]
                find_bases(board, game, bundle)
                is_open = is_open or game.cost[bundle] < before - least
    return game.counters[EVALUATED] - begun


@compiled
def rebase(board: Board, game: Game) -> None:
    """Look for the bases of every bundle anew."""
    for bundle in range(len(game.size)):
        find_bases(board, game, bundle)
