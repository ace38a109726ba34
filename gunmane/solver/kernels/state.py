"""The arrays that the loops read (`Board`) and change (`Game`)."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

# Places in `Board.weights`: hours that faults and soft terms count.
BREAKS, EXCESS, SOFT, BEND, EASY, IS_EASY, IS_EXEMPT, EVEN, EVEN_MEAN, TRADE, WHOLE, CUT, MOST_MUNIS = range(
    13
)
LEAST_GAIN = 13
WEIGHT_COUNT = 14
# Places in `Game.counters`.
SEED, MARK, EVALUATED, PICKED, ACCEPTED, NEXT_SLOT, BORDER_COUNT = range(7)
COUNTER_COUNT = 7
# Bundles that are cut anew together, at most.
MOST_JOINED = 8


class Board(NamedTuple):
    """
    What does not change while a territory is searched; n atoms, m links' ends, C columns, U units.

    `indptr, indices, link_count, link_min` are the links of atoms, how many unit links each stands for and the fewest
    minutes along one; `days` (n) crew-days; `amounts` (n, M)
    with `floors, ceilings, is_hard` (M) are the windows; `trades` (n, T) hours by trade; `muni_*`, `area_*`, `foe_*`,
    `own_*` list municipalities, areas with work, conflicting atoms and columns of each atom; `area_weight` hours a
    unit of strayed work counts; `owner, column_kind` (C) the atom of a column (n outside) and 0 fixed, 1 allowed;
    `shared` columns that any bundle may take; `table` (C, n) costs, empty where `unit_*` (links of units in minutes),
    `unit_atom, unit_hours` (hours a minute there and back), `unit_needed`, their sums by atom and `limit_min` give
    them; `reach` how many units such a row goes.
    """

    indptr: Array
    indices: Array
    link_count: Array
    link_min: Array
    days: Array
    amounts: Array
    floors: Array
    ceilings: Array
    is_hard: Array
    trades: Array
    muni_ptr: Array
    muni_ids: Array
    area_ptr: Array
    area_ids: Array
    area_work: Array
    area_weight: Array
    area_ref: Array
    foe_ptr: Array
    foes: Array
    own_ptr: Array
    own_columns: Array
    column_unit: Array
    owner: Array
    column_kind: Array
    shared: Array
    table: Array
    unit_ptr: Array
    unit_links: Array
    unit_min: Array
    unit_atom: Array
    unit_hours: Array
    unit_needed: Array
    atom_hours: Array
    atom_needed: Array
    limit_min: float
    reach: int
    weights: Array


class Game(NamedTuple):
    """
    What the search changes; k bundles, S slots of cost rows, at most c candidate bases a bundle.

    `labels` (n); for each bundle `size, amount (k, M), trade (k, T), munis (k, G), areas (k, A), candidates, sums
    (k, c), candidate_count, pick` (place of the base among the candidates), `cost` (travel and all terms of the
    bundle alone), `age` (changes since its bases were looked for), `is_walked`; `parts` (G) bundles of each
    municipality; the walk of each bundle from its base: `parent, entered, low, below, after`; `rows` (S, n) with
    `slot_column` (S) and `slot_of` (C); atoms at a border (`border`, and the
    place of each there, -1 elsewhere); buffers.
    """

    labels: Array
    size: Array
    first: Array
    amount: Array
    trade: Array
    munis: Array
    areas: Array
    candidates: Array
    sums: Array
    candidate_count: Array
    pick: Array
    cost: Array
    age: Array
    is_walked: Array
    parent: Array
    entered: Array
    low: Array
    below: Array
    after: Array
    rows: Array
    slot_column: Array
    slot_of: Array
    slot_use: Array
    marks: Array
    chunk: Array
    chunk_amount: Array
    area_moved: Array
    stack: Array
    edge: Array
    stamps: Array
    atom_min: Array
    way: Array
    branch: Array
    heap_value: Array
    heap_unit: Array
    unit_value: Array
    unit_mark: Array
    reached: Array
    border: Array
    border_place: Array
    counters: Array
    draws: Array


class Patch(NamedTuple):
    """
    What mending reads and changes; n atoms, k bundles, C windows.

    `indptr, indices, link_min, amounts (n, C), floors, ceilings` as on the board; `labels` (n) and `best` (n), the
    labels with least excess (`best_excess`, one number); `excess` (k) how far each bundle lies outside, `first` (k)
    an atom of each; buffers: `outside` (k), `group, sums` (of the bundles cut anew), `part` (n; -1 outside the group),
    `members, order, way, marks, nearest, branch` (n), a heap, and counters.
    """

    indptr: Array
    indices: Array
    link_min: Array
    amounts: Array
    floors: Array
    ceilings: Array
    labels: Array
    best: Array
    best_excess: Array
    excess: Array
    first: Array
    outside: Array
    group: Array
    sums: Array
    part: Array
    members: Array
    order: Array
    way: Array
    marks: Array
    nearest: Array
    branch: Array
    values: Array
    items: Array
    counters: Array
