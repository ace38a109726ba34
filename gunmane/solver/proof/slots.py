"""Slots: a place for a base with the block that a bundle served from there grows out of."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver.problem import Array, Problem
from gunmane.solver.proof.blocks import Blocks


@dataclasses.dataclass(frozen=True, eq=False)
class Slot:
    """
    One bundle that may be made.

    Parameters
    ----------
    base
        Row of the base unit.
    root
        Block that is in the bundle whenever the bundle is made.
    members
        Blocks that the bundle may hold, the root among them.
    is_own
        Whether the base stands in the root.
    is_fixed
        Whether the base is one that must be used.
    """

    base: int
    root: int
    members: Array
    is_own: bool
    is_fixed: bool


def make_slots(blocks: Blocks, territory: int) -> list[Slot]:
    """
    Return every bundle that may be made in a territory, bases as `base_candidates` allows them.

    A bundle with a place of its own for a base grows out of the block that holds it. One without grows out of its
    first block, and no block with a place of its own may join it. A base that is nowhere better than another of the
    same slots is left out.

    Parameters
    ----------
    blocks
        The blocks.
    territory
        Number of the territory.
    """
    problem = blocks.problem
    inside = blocks.in_territory(territory)
    rows = np.flatnonzero(problem.territory == territory)
    fixed = np.intersect1d(rows, np.array(problem.fixed_bases, dtype=np.int64))
    component = problem.component == problem.component[rows[0]]
    allowed = np.flatnonzero(problem.may_be_base & component)
    own = rows if len(allowed) == 0 else np.intersect1d(rows, allowed)
    is_bound = np.isin(inside, blocks.of_unit[fixed])
    slots = []
    for root in inside.tolist():
        free = np.setdiff1d(blocks.units[root][np.isin(blocks.units[root], own)], fixed)
        members = inside[~is_bound]
        if root in members:
            slots += [Slot(c, root, members, True, False) for c in _kept(blocks, free, members)]
        slots += [
            Slot(c, root, inside, True, True) for c in np.intersect1d(blocks.units[root], fixed).tolist()
        ]
    bare = np.setdiff1d(inside[~is_bound], blocks.of_unit[own])
    for root in bare.tolist():
        members = bare[bare >= root]
        bases = _kept(blocks, allowed, members)
        slots += [Slot(c, root, members, False, False) for c in bases]
    return slots


def _kept(blocks: Blocks, bases: Array, members: Array) -> list[int]:
    """Return the bases that no other one serves every member at least as well as."""
    if len(bases) < 2:
        return bases.tolist()
    tables = travel_tables(blocks, bases)
    costs = np.hstack([table[members].T for table in tables])
    kept: list[int] = []
    for place in np.lexsort((bases, costs.sum(axis=1))).tolist():
        if not (costs[kept] <= costs[place]).all(axis=1).any():
            kept.append(place)
    return sorted(bases[kept].tolist())


def travel_tables(blocks: Blocks, bases: Array) -> tuple[Array, Array, Array]:
    """Return blocks x bases: units beyond the travel limit, their excess (relative), and hours a year."""
    problem: Problem = blocks.problem
    rows = np.concatenate(blocks.units)
    starts = np.cumsum([0, *(len(units) for units in blocks.units[:-1])])
    excess = problem.excess(bases, rows)
    tables = (excess > 0).astype(float), excess, problem.hours(bases, rows)
    beyond, over, hours = (np.add.reduceat(table, starts, axis=1).T for table in tables)
    return beyond, over, hours
