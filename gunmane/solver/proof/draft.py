"""The plan as columns of a program: which block is in which slot, every bundle connected by road."""

from __future__ import annotations

import numpy as np

from gunmane.solver.problem import Array
from gunmane.solver.proof.blocks import Blocks
from gunmane.solver.proof.program import Program
from gunmane.solver.proof.slots import Slot, make_slots, travel_tables
from gunmane.solver.score import DECIMALS

# A cut is put into every slot that it holds for only as long as that makes no more rows than this.
MOST_ROWS_OF_CUT = 4_000


class Draft:
    """
    Blocks in slots.

    Parameters
    ----------
    blocks
        The blocks.
    program
        Where columns and rows go.

    `place` holds the column of each block in each slot (-1: not allowed), `made` the column that says whether the
    bundle of a slot is made: that of its root. `travel` holds blocks x slots: units beyond the limit, excess, hours.
    """

    def __init__(self, blocks: Blocks, program: Program) -> None:
        self.blocks = blocks
        self.program = program
        self.slots: list[Slot] = []
        for territory in range(int(blocks.territory.max(initial=-1)) + 1):
            self.slots += make_slots(blocks, territory)
        self.place = np.full((blocks.size, len(self.slots)), -1, dtype=np.int32)
        for number, slot in enumerate(self.slots):
            self.place[slot.members, number] = program.add_columns(len(slot.members), is_whole=True)
        roots = np.array([slot.root for slot in self.slots], dtype=np.int64)
        self.made = self.place[roots, np.arange(len(self.slots))]
        self.travel = travel_tables(blocks, np.array([slot.base for slot in self.slots], dtype=np.int64))
        self._root_piece = [self._root_piece_of(slot) for slot in self.slots]
        self._ask_each_block_once()
        for number in range(len(self.slots)):
            self._ask_root_and_neighbour(number)

    def columns_of(self, number: int) -> tuple[Array, Array]:
        """Return the blocks that a slot may hold and their columns."""
        members = self.slots[number].members
        return members, self.place[members, number]

    def read(self, values: Array) -> Array:
        """Return the label of each unit from the value of each column."""
        held = np.where(self.place >= 0, values[self.place], 0.0)
        return held.argmax(axis=1)[self.blocks.of_unit]

    def is_connected(self, members: Array) -> bool:
        """Whether blocks of one territory hang together by usable links; alone in it, they need not."""
        pieces = set(np.flatnonzero(np.isin(self.blocks.block_of_piece, members)).tolist())
        is_alone = self._is_alone(int(members[0]))
        return is_alone or len(self.blocks.reached(pieces, min(pieces))) == len(pieces)

    def write(self, labels: Array, closed: Array) -> tuple[Array, Array]:
        """Return columns and values of labels of units that keep blocks and territories, some columns being closed."""
        values = np.zeros(self.place.shape)
        for members, number in self._held(labels, closed):
            values[members, number] = 1.0
        is_column = self.place >= 0
        return self.place[is_column], values[is_column]

    def repeated(self) -> Array:
        """
        Return columns that may be closed while it does not matter where bases stand; none where it does.

        Every bundle can then be written with its first block as its root, and in no other way.
        """
        roots = [slot.root for slot in self.slots]
        is_free = all(slot.is_own and not slot.is_fixed for slot in self.slots)
        if not is_free or len(set(roots)) < self.blocks.size or self.travel[0].any():
            return np.zeros(0, dtype=np.int32)
        is_first = np.zeros(len(roots), dtype=bool)
        is_first[np.unique(roots, return_index=True)[1]] = True
        is_kept = is_first & (np.arange(self.blocks.size)[:, None] >= np.array(roots)[None, :])
        return self.place[(self.place >= 0) & ~is_kept]

    def bases(self, labels: Array) -> dict[int, int]:
        """Return the row of the best base of each label."""
        held = self._held(labels, np.zeros(0, dtype=np.int32))
        return {
            int(labels[self.blocks.units[members[0]][0]]): self.slots[number].base for members, number in held
        }

    def _held(self, labels: Array, closed: Array) -> list[tuple[Array, int]]:
        """Return the blocks of each label and the best slot that may hold them, some columns being closed."""
        is_open = (self.place >= 0) & ~np.isin(self.place, closed)
        of_block = labels[[int(rows[0]) for rows in self.blocks.units]]
        roots = np.array([slot.root for slot in self.slots], dtype=np.int64)
        found = []
        for label in np.unique(of_block).tolist():
            members = np.flatnonzero(of_block == label)
            fits = np.flatnonzero(is_open[members].all(axis=0) & np.isin(roots, members))
            costs = [table[np.ix_(members, fits)].sum(axis=0).round(DECIMALS) for table in self.travel]
            found.append((members, int(fits[np.lexsort(costs[::-1])[0]])))
        return found

    def cut(self, values: Array) -> int:
        """Ask for connection where bundles of a solution lack it; return the number of rows that were added."""
        before = self.program.row_count
        block_of = self.blocks.block_of_piece
        for number in np.flatnonzero(values[self.made] > 0.5).tolist():
            if self._is_alone(self.slots[number].root):
                continue
            members, columns = self.columns_of(number)
            pieces = set(np.flatnonzero(np.isin(block_of, members[values[columns] > 0.5])).tolist())
            loose = pieces - self.blocks.reached(pieces, self._root_piece[number])
            while loose:
                apart = self.blocks.reached(loose, min(loose))
                loose -= apart
                self._separate(number, apart)
        return self.program.row_count - before

    def _separate(self, number: int, apart: set[int]) -> None:
        """Let pieces join a bundle only with some piece that parts them from its root."""
        near, everything = self.blocks.near, set(range(len(self.blocks.near)))
        ring = set().union(*(near[piece] for piece in apart)) - apart
        beyond = self.blocks.reached(everything - ring, self._root_piece[number])
        parting = {piece for piece in ring if near[piece] & beyond}
        # Whatever lies on the root's side of the parting pieces is as far from these.
        beyond = self.blocks.reached(everything - parting, self._root_piece[number])
        joined = sorted({int(self.blocks.block_of_piece[piece]) for piece in apart})
        held = sorted({int(self.blocks.block_of_piece[piece]) for piece in parting})
        alike = [other for other, piece in enumerate(self._root_piece) if piece in beyond]
        if len(alike) * len(joined) > MOST_ROWS_OF_CUT:
            alike = [other for other in alike if self._root_piece[other] == self._root_piece[number]]
        for other in alike:
            for block in joined:
                self._ask_company(other, block, held)

    def _ask_company(self, number: int, block: int, others: list[int]) -> None:
        """Let a block be in a slot only with one of some others."""
        own = self.place[block, number]
        columns = self.place[others, number]
        columns = columns[columns >= 0]
        if own >= 0 and own not in columns:
            self.program.add_row(-np.inf, 0.0, [own, *columns], [1.0, *np.full(len(columns), -1.0)])

    def _ask_each_block_once(self) -> None:
        for block in range(self.blocks.size):
            columns = self.place[block][self.place[block] >= 0]
            self.program.add_row(1.0, 1.0, columns, np.ones(len(columns)))

    def _ask_root_and_neighbour(self, number: int) -> None:
        """Let blocks be in a slot only with its root, and beyond the root's neighbours only with a neighbour."""
        slot, block_of = self.slots[number], self.blocks.block_of_piece
        for block in slot.members.tolist():
            if block != slot.root:
                self._ask_company(number, block, [slot.root])
        if self._is_alone(slot.root):
            return
        root = self._root_piece[number]
        for piece in np.flatnonzero(np.isin(block_of, slot.members)).tolist():
            if piece != root and root not in self.blocks.near[piece]:
                others = sorted({int(block_of[other]) for other in self.blocks.near[piece]})
                self._ask_company(number, int(block_of[piece]), others)

    def _is_alone(self, block: int) -> bool:
        """Whether a block has its territory to itself: no other could connect its pieces."""
        return len(self.blocks.in_territory(int(self.blocks.territory[block]))) == 1

    def _root_piece_of(self, slot: Slot) -> int:
        unit = slot.base if slot.is_own else int(self.blocks.units[slot.root][0])
        return int(self.blocks.piece_of_unit[unit])
