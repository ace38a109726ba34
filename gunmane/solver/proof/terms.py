"""The parts of the key as linear expressions over a draft: what each rule and each soft term counts."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from gunmane.solver.problem import UNREACHABLE_EXCESS, Array
from gunmane.solver.proof.draft import Draft
from gunmane.solver.proof.program import Sum
from gunmane.solver.rules import SideWindow
from gunmane.solver.rules.windows import windows_of
from gunmane.solver.sites import MINUTES_TOLERANCE, site_metres, site_minutes


class Tally:
    """What is counted towards one part of the key."""

    def __init__(self) -> None:
        self.constant = 0.0
        self._columns: list[Array] = []
        self._values: list[Array] = []

    def add(self, columns: Array, values: Array | float) -> None:
        """Count columns, all the same or each its own value."""
        self._columns.append(columns)
        self._values.append(np.broadcast_to(np.asarray(values, dtype=float), columns.shape))

    def sum(self, *, is_whole: bool = False) -> Sum:
        """Return the expression."""
        if not self._columns:
            return Sum(np.zeros(0, dtype=np.int32), np.zeros(0), self.constant, is_whole)
        return Sum(np.concatenate(self._columns), np.concatenate(self._values), self.constant, is_whole)


@dataclasses.dataclass(frozen=True, eq=False)
class Tallies:
    """The parts of the key that rules and soft terms count towards."""

    breaks: Tally = dataclasses.field(default_factory=Tally)
    excess: Tally = dataclasses.field(default_factory=Tally)
    soft: Tally = dataclasses.field(default_factory=Tally)
    hours: Tally = dataclasses.field(default_factory=Tally)

    def add_certain(self, *, is_broken: bool, excess: float = 1.0) -> None:
        """Count a rule that every plan breaks, if it does."""
        if is_broken:
            self.breaks.constant += 1.0
            self.excess.constant += excess


def add_travel(draft: Draft, tallies: Tallies) -> None:
    """Count units beyond the travel limit, and travel hours."""
    is_column = draft.place >= 0
    columns = draft.place[is_column]
    for tally, table in zip((tallies.breaks, tallies.excess, tallies.hours), draft.travel, strict=True):
        tally.add(columns, table[is_column])


def add_fixed_bases(draft: Draft, tallies: Tallies) -> None:
    """Count the bases that must be used and are not the base of their bundle."""
    fixed = np.zeros(draft.blocks.problem.size)
    fixed[list(draft.blocks.problem.fixed_bases)] = 1.0
    per_block = draft.blocks.sums(fixed)
    for number, slot in enumerate(draft.slots):
        if slot.is_fixed:
            members, columns = draft.columns_of(number)
            spare = per_block[members] - (members == slot.root)
            tallies.breaks.add(columns, spare)
            tallies.excess.add(columns, spare)


def add_pairs(draft: Draft, tallies: Tallies) -> None:
    """Count cannot-links inside a bundle, and must-links that lead out of a territory."""
    problem, of_unit = draft.blocks.problem, draft.blocks.of_unit
    for a, b in problem.must_link:
        # Inside a territory a must-link binds its units to one block.
        tallies.add_certain(is_broken=of_unit[a] != of_unit[b])
    for a, b in problem.cannot_link:
        _add_company(draft, tallies, int(of_unit[a]), int(of_unit[b]))


def add_sites(draft: Draft, tallies: Tallies) -> None:
    """Count pairs of units with work in one bundle that lie too far from each other, by road and in a straight line."""
    problem = draft.blocks.problem
    busy = np.flatnonzero(problem.is_needed)
    limits = ((problem.rules.site_limit_min, site_minutes), (problem.rules.site_limit_m, site_metres))
    found: dict[tuple[int, int], tuple[float, float]] = {}
    for limit, measure in limits:
        if not np.isfinite(limit):
            continue
        away = measure(problem, busy, busy)
        far = (away > limit + MINUTES_TOLERANCE) & (busy[:, None] < busy[None, :])
        over = np.minimum(away[far] / limit - 1, UNREACHABLE_EXCESS)
        ends = np.sort(draft.blocks.of_unit[busy[np.argwhere(far)]], axis=1)
        for (a, b), excess in zip(ends.tolist(), over.tolist(), strict=True):
            count, amount = found.get((a, b), (0.0, 0.0))
            found[a, b] = count + 1.0, amount + excess
    for (a, b), (count, excess) in found.items():
        _add_company(draft, tallies, a, b, count=count, excess=excess)


def _add_company(
    draft: Draft, tallies: Tallies, one: int, other: int, *, count: float = 1.0, excess: float = 1.0
) -> None:
    """Count two blocks in one bundle as so many breaks."""
    if one == other:
        tallies.breaks.constant += count
        tallies.excess.constant += excess
    elif draft.blocks.territory[one] == draft.blocks.territory[other]:
        column = together(draft, one, other)
        tallies.breaks.add(column, count)
        tallies.excess.add(column, excess)


def add_locks(draft: Draft, tallies: Tallies) -> None:
    """Count locks that no bundle can hold together, bundles that hold several, and locked bundles that roads part."""
    problem, blocks = draft.blocks.problem, draft.blocks
    owners = []
    for lock in range(int(problem.locked_name.max(initial=-1)) + 1):
        own = np.unique(blocks.of_unit[problem.locked_name == lock])
        owners += own.tolist()
        tallies.add_certain(is_broken=len(own) > 1, excess=len(own) - 1.0)
    for number in range(int(problem.locked_bundle.max(initial=-1)) + 1):
        sizes = np.bincount(blocks.of_unit[problem.locked_bundle == number])
        missing = float(sizes.sum() - sizes.max())
        tallies.add_certain(is_broken=missing > 0, excess=missing / float(sizes.sum()))
    locks = np.bincount(owners, minlength=blocks.size).astype(float)
    for number in range(len(draft.slots) if len(owners) > 1 else 0):
        members, columns = draft.columns_of(number)
        _add_more_than(draft, tallies, number, (columns, locks[members]), most=1)


def add_municipality_limit(draft: Draft, tallies: Tallies, towns: Array) -> None:
    """
    Count bundles with parts of too many municipalities.

    Parameters
    ----------
    draft, tallies
        Where the plan is written, and where it is counted.
    towns
        Slots x municipalities: columns of `add_towns`, -1 where a slot never holds one.
    """
    most = draft.blocks.problem.rules.most_municipalities
    if most is not None:
        for number in range(len(draft.slots)):
            columns = towns[number][towns[number] >= 0]
            _add_more_than(draft, tallies, number, (columns, np.ones(len(columns))), most=most)


def _add_more_than(
    draft: Draft, tallies: Tallies, number: int, held: tuple[Array, Array], *, most: int
) -> None:
    """Count a bundle that holds more than `most` as broken, by what it holds beyond (relative to `most`)."""
    columns, values = held
    beyond = float(values.sum()) - most
    if beyond <= 0:
        return
    excess = draft.program.add_columns(1, high=math.inf)
    outside = draft.program.add_columns(1, is_whole=True)
    room = _merged([*columns, draft.made[number]], [*-values, float(most)])
    draft.program.add_row(0.0, math.inf, [*room, excess[0]], [*room.values(), float(most)])
    draft.program.add_row(0.0, math.inf, [*room, outside[0]], [*room.values(), beyond])
    tallies.breaks.add(outside, 1.0)
    tallies.excess.add(excess, 1.0)


def add_towns(draft: Draft) -> Array:
    """Return slots x municipalities: columns that are 1 where a bundle holds a part of one; -1 where it never does."""
    blocks = draft.blocks
    town = blocks.problem.municipality
    holds = np.zeros((blocks.size, int(town.max(initial=-1)) + 1), dtype=bool)
    holds[blocks.of_unit, town] = True
    columns = np.full((len(draft.slots), holds.shape[1]), -1, dtype=np.int32)
    for number, slot in enumerate(draft.slots):
        own = np.flatnonzero(holds[slot.members].any(axis=0))
        columns[number, own] = draft.program.add_columns(len(own))
        for block in slot.members.tolist():
            for place in columns[number, holds[block]].tolist():
                draft.program.add_row(0.0, math.inf, [place, draft.place[block, number]], [1.0, -1.0])
    return columns


def _merged(columns: Sequence[int], values: Sequence[float]) -> dict[int, float]:
    """Return each column once with the sum of its values."""
    found: dict[int, float] = {}
    for column, value in zip(columns, values, strict=True):
        found[int(column)] = found.get(int(column), 0.0) + value
    return found


def together(draft: Draft, one: int, other: int) -> Array:
    """Return a column that is at least 1 where two blocks are in one bundle."""
    column = draft.program.add_columns(1)
    for number in np.flatnonzero((draft.place[one] >= 0) & (draft.place[other] >= 0)).tolist():
        a, b = draft.place[[one, other], number]
        row = _merged([column[0], draft.made[number], a, b], [1.0, 1.0, -1.0, -1.0])
        draft.program.add_row(0.0, math.inf, list(row), list(row.values()))
    return column


def add_windows(draft: Draft, tallies: Tallies) -> None:
    """Count what bundles on land with work lack or have too much of, in the work window and all further ones."""
    problem = draft.blocks.problem
    for window, amounts in windows_of(problem):
        per_block = draft.blocks.sums(amounts)
        for number, slot in enumerate(draft.slots):
            if problem.has_work[draft.blocks.territory[slot.root]]:
                _add_window(draft, tallies, number, window, per_block[slot.members])


def _add_window(draft: Draft, tallies: Tallies, number: int, window: SideWindow, amounts: Array) -> None:
    program, (members, columns) = draft.program, draft.columns_of(number)
    is_root = members == draft.slots[number].root
    most = float(amounts.sum()) / window.ceiling - 1
    if window.floor <= 0 and most <= 0:
        return
    excess = program.add_columns(1, high=math.inf)
    outside = program.add_columns(1, is_whole=True) if window.is_hard else excess
    if window.floor > 0:
        _add_excess(draft, columns, amounts / window.floor - is_root, excess, outside, most=1.0)
    if most > 0:
        _add_excess(draft, columns, is_root - amounts / window.ceiling, excess, outside, most=most)
    if window.is_hard:
        tallies.breaks.add(outside, 1.0)
        tallies.excess.add(excess, 1.0)
    else:
        tallies.soft.add(excess, 1.0)


def _add_excess(
    draft: Draft, columns: Array, room: Array, excess: Array, outside: Array, *, most: float
) -> None:
    """Let the room that is lacking be excess, and with any excess the bundle be outside."""
    draft.program.add_row(0.0, math.inf, [*columns, excess[0]], [*room, 1.0])
    if outside[0] != excess[0]:
        draft.program.add_row(0.0, math.inf, [*columns, outside[0]], [*room, most])


def add_count(draft: Draft, tallies: Tallies, count: int) -> Sum:
    """Return how far the number of bundles is from a number, which counts as a rule where it was asked for."""
    away = draft.program.add_columns(1, high=math.inf)
    ones = np.ones(len(draft.made))
    draft.program.add_row(-count, math.inf, [*away, *draft.made], [1.0, *-ones])
    draft.program.add_row(count, math.inf, [*away, *draft.made], [1.0, *ones])
    if draft.blocks.problem.rules.bundle_count is not None:
        is_away = draft.program.add_columns(1, is_whole=True)
        draft.program.add_row(0.0, math.inf, [*is_away, *away], [max(count, draft.blocks.size), -1.0])
        tallies.breaks.add(is_away, 1.0)
        tallies.excess.add(away, 1.0 / count)
    return Sum(away, np.ones(1), is_whole=True)
