"""Walks over bundles: what an atom would cut off from the base when it leaves."""

from __future__ import annotations

from gunmane.solver.compiled import compiled, inlined
from gunmane.solver.kernels.state import MARK, Board, Game


@compiled
def walk_bundle(board: Board, game: Game, bundle: int) -> int:
    """
    Walk a bundle depth first from the atom of its base and return how many atoms were met.

    Notes parent, order, low points (Tarjan 1972) and how many atoms hang below each. Where the base lies outside the
    bundle the walk begins where the last one did.
    """
    labels, parent, entered, low = game.labels, game.parent, game.entered, game.low
    below, after, stack, edge, marks = game.below, game.after, game.stack, game.edge, game.marks
    root = game.first[bundle]
    slot = game.candidates[bundle, game.pick[bundle]]
    if slot >= 0:
        home = board.owner[game.slot_column[slot]]
        if home < len(labels) and labels[home] == bundle:
            root = home
    game.first[bundle] = root
    game.counters[MARK] += 1
    stamp = game.counters[MARK]
    marks[root] = stamp
    parent[root] = -1
    entered[root] = 0
    low[root] = 0
    below[root] = 1
    edge[root] = board.indptr[root]
    stack[0] = root
    top, clock, last = 0, 0, root
    while top >= 0:
        here = stack[top]
        place = edge[here]
        if place < board.indptr[here + 1]:
            edge[here] = place + 1
            other = board.indices[place]
            if labels[other] != bundle:
                continue
            if marks[other] != stamp:
                marks[other] = stamp
                clock += 1
                parent[other] = here
                entered[other] = clock
                low[other] = clock
                below[other] = 1
                edge[other] = board.indptr[other]
                after[last] = other
                last = other
                top += 1
                stack[top] = other
            elif other != parent[here]:
                low[here] = min(low[here], entered[other])
        else:
            top -= 1
            above = parent[here]
            if above >= 0:
                low[above] = min(low[above], low[here])
                below[above] += below[here]
    after[last] = -1
    game.is_walked[bundle] = 1
    return clock + 1


@inlined
def gather_chunk(board: Board, game: Game, atom: int) -> int:
    """Collect an atom and all that it would cut off from the base into `chunk`, marked; return how many."""
    game.counters[MARK] += 1
    stamp = game.counters[MARK]
    labels, chunk, marks = game.labels, game.chunk, game.marks
    bundle = labels[atom]
    chunk[0] = atom
    marks[atom] = stamp
    count = 1
    for place in range(board.indptr[atom], board.indptr[atom + 1]):
        other = board.indices[place]
        if labels[other] != bundle or game.parent[other] != atom or game.low[other] < game.entered[atom]:
            continue
        here = other
        for _ in range(game.below[other]):
            chunk[count] = here
            marks[here] = stamp
            count += 1
            here = game.after[here]
    return count
