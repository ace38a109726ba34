"""Games: the changing arrays of a search, made for a board and loaded with labels."""

from __future__ import annotations

import numpy as np

from gunmane.solver.kernels.draws import first_of
from gunmane.solver.kernels.moves import mark_borders, rebase
from gunmane.solver.kernels.state import COUNTER_COUNT, SEED, Array, Board, Game

# Candidate bases of a bundle: so many at most, and fewer where their rows would take more numbers than this.
MOST_CANDIDATES = 8
MOST_ROAD_CANDIDATES = 4
MOST_ROW_NUMBERS = 15_000_000
# Slots for rows by road: bases come back to where they were, so more are kept than are in use.
SLOTS_PER_CANDIDATE = 3
SPARE_SLOTS = 16
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
    slots = columns if has_table else SLOTS_PER_CANDIDATE * count * width + SPARE_SLOTS
    units = len(board.unit_atom)
    counters = np.zeros(COUNTER_COUNT, dtype=np.int64)
    counters[SEED] = first_of(seed)
    munis = int(board.muni_ids.max(initial=-1)) + 1
    areas = len(board.area_weight)
    chances = (np.arange(DRAWS) + 0.5) / DRAWS
    game = Game(
        labels=labels.astype(np.int64),
        size=np.zeros(count, dtype=np.int64),
        first=np.zeros(count, dtype=np.int64),
        amount=np.zeros((count, board.amounts.shape[1])),
        trade=np.zeros((count, board.trades.shape[1])),
        munis=np.zeros((count, munis), dtype=np.int64),
        areas=np.zeros((count, areas)),
        candidates=np.full((count, width), -1, dtype=np.int64),
        sums=np.zeros((count, width)),
        candidate_count=np.zeros(count, dtype=np.int64),
        pick=np.zeros(count, dtype=np.int64),
        cost=np.zeros(count),
        age=np.zeros(count, dtype=np.int64),
        is_walked=np.zeros(count, dtype=np.int64),
        parent=np.full(atoms, -1, dtype=np.int64),
        entered=np.zeros(atoms, dtype=np.int64),
        low=np.zeros(atoms, dtype=np.int64),
        below=np.zeros(atoms, dtype=np.int64),
        after=np.full(atoms, -1, dtype=np.int64),
        rows=board.table if has_table else np.zeros((slots, atoms)),
        slot_column=np.arange(columns) if has_table else np.full(slots, -1, dtype=np.int64),
        slot_of=np.arange(columns) if has_table else np.full(columns, -1, dtype=np.int64),
        slot_use=np.zeros(slots, dtype=np.int64),
        marks=np.zeros(atoms, dtype=np.int64),
        chunk=np.zeros(atoms, dtype=np.int64),
        chunk_amount=np.zeros(board.amounts.shape[1] + board.trades.shape[1]),
        area_moved=np.zeros(areas),
        stack=np.zeros(atoms, dtype=np.int64),
        edge=np.zeros(atoms, dtype=np.int64),
        stamps=np.zeros(atoms + 1, dtype=np.int64),
        atom_min=np.zeros(atoms),
        way=np.zeros(atoms, dtype=np.int64),
        branch=np.zeros(atoms),
        heap_value=np.zeros(max(len(board.unit_links), len(board.indices)) + 2),
        heap_unit=np.zeros(max(len(board.unit_links), len(board.indices)) + 2, dtype=np.int64),
        unit_value=np.zeros(units),
        unit_mark=np.zeros(units, dtype=np.int64),
        reached=np.zeros(board.reach + 1, dtype=np.int64),
        border=np.zeros(atoms, dtype=np.int64),
        border_place=np.full(atoms, -1, dtype=np.int64),
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
