"""Games: the changing arrays of a search, made for a board and loaded with labels."""

from __future__ import annotations

import numpy as np

from gunmane.solver.kernels.moves import mark_borders, rebase
from gunmane.solver.kernels.state import COUNTER_COUNT, MARK, SEED, Array, Board, Game

# Candidate bases of a bundle: so many at most, and fewer where their rows would take more numbers than this.
MOST_CANDIDATES = 8
MOST_ROW_NUMBERS = 30_000_000
# Slots beyond those in use, for rows looked at on the way.
SPARE_SLOTS = 64
# How many steps of the heat a drawn number may stand for: -log of evenly spread chances.
DRAWS = 4096


def make_game(board: Board, labels: Array, seed: int) -> Game:
    """
    Return the arrays of a search that begins with labels.

    Parameters
    ----------
    board
        The territory.
    labels
        Bundle of each atom, 0 to k-1, each used and connected.
    seed
        Seed of its draws (>= 0).
    """
    atoms, count = len(board.indptr) - 1, int(labels.max()) + 1
    columns, has_table = len(board.owner), len(board.unit_atom) == 0
    own = (
        MOST_CANDIDATES
        if has_table
        else int(np.clip(MOST_ROW_NUMBERS // (count * atoms), 1, MOST_CANDIDATES))
    )
    dynamic = 0 if len(board.shared) and (board.column_kind[board.shared] >= 2).any() else own
    width = dynamic + len(board.shared)
    slots = columns if has_table else count * width + SPARE_SLOTS
    units = len(board.unit_atom)
    counters = np.zeros(COUNTER_COUNT, dtype=np.int64)
    counters[SEED] = (seed * 2_654_435_761 + 88_172_645) % 4_294_967_295 + 1
    ints = {"dtype": np.int64}
    munis = int(board.muni_ids.max(initial=-1)) + 1
    areas = len(board.area_weight)
    chances = (np.arange(DRAWS) + 0.5) / DRAWS
    game = Game(
        labels=labels.astype(np.int64),
        size=np.zeros(count, **ints),
        first=np.zeros(count, **ints),
        amount=np.zeros((count, board.amounts.shape[1])),
        trade=np.zeros((count, board.trades.shape[1])),
        munis=np.zeros((count, munis), **ints),
        areas=np.zeros((count, areas)),
        candidates=np.full((count, width), -1, **ints),
        sums=np.zeros((count, width)),
        candidate_count=np.zeros(count, **ints),
        pick=np.zeros(count, **ints),
        cost=np.zeros(count),
        age=np.zeros(count, **ints),
        is_walked=np.zeros(count, **ints),
        parent=np.full(atoms, -1, **ints),
        entered=np.zeros(atoms, **ints),
        low=np.zeros(atoms, **ints),
        below=np.zeros(atoms, **ints),
        after=np.full(atoms, -1, **ints),
        rows=board.table if has_table else np.zeros((slots, atoms)),
        slot_column=np.arange(columns) if has_table else np.full(slots, -1, **ints),
        slot_of=np.arange(columns) if has_table else np.full(columns, -1, **ints),
        slot_use=np.zeros(slots, **ints),
        marks=np.zeros(atoms, **ints),
        chunk=np.zeros(atoms, **ints),
        chunk_amount=np.zeros(board.amounts.shape[1] + board.trades.shape[1]),
        area_moved=np.zeros(areas),
        stack=np.zeros(atoms, **ints),
        edge=np.zeros(atoms, **ints),
        heap_value=np.zeros(len(board.unit_links) + 2),
        heap_unit=np.zeros(len(board.unit_links) + 2, **ints),
        unit_value=np.zeros(units),
        unit_mark=np.zeros(units, **ints),
        border=np.zeros(atoms, **ints),
        border_place=np.full(atoms, -1, **ints),
        counters=counters,
        draws=-np.log(chances[np.random.default_rng(0).permutation(DRAWS)]),
    )
    sum_up(board, game)
    rebase(board, game)
    return game


def load_labels(board: Board, game: Game, labels: Array) -> None:
    """Go over to other labels with the same number of bundles; every sum and base is worked out anew."""
    game.labels[:] = labels
    sum_up(board, game)
    rebase(board, game)


def sum_up(board: Board, game: Game) -> None:
    """Sum up amounts, trades, municipalities and areas of every bundle from its labels."""
    labels, count = game.labels, len(game.size)
    game.size[:] = np.bincount(labels, minlength=count)
    game.first[:] = np.unique(labels, return_index=True)[1]
    for sums, values in ((game.amount, board.amounts), (game.trade, board.trades)):
        for column in range(values.shape[1]):
            sums[:, column] = np.bincount(labels, weights=values[:, column], minlength=count)
    if game.munis.shape[1]:
        of_atom = np.repeat(np.arange(len(labels)), np.diff(board.muni_ptr))
        game.munis[:] = 0
        np.add.at(game.munis, (labels[of_atom], board.muni_ids), 1)
    if game.areas.shape[1]:
        of_atom = np.repeat(np.arange(len(labels)), np.diff(board.area_ptr))
        game.areas[:] = 0
        np.add.at(game.areas, (labels[of_atom], board.area_ids), board.area_work)
    # The walk of a bundle begins anew at its first atom until its base is known.
    game.candidate_count[:] = 0
    game.pick[:] = 0
    game.candidates[:] = -1
    game.slot_use[:] = 0
    game.is_walked[:] = 0
    mark_borders(board, game)
