"""Soft terms as linear expressions: what they add to the hours of a plan."""

from __future__ import annotations

import math

import numpy as np

from gunmane.solver.problem import Array
from gunmane.solver.proof.draft import Draft
from gunmane.solver.proof.terms import Tallies


def add_wishes(draft: Draft, tallies: Tallies, towns: Array | None) -> None:
    """
    Count every soft term with a strength towards the hours.

    Parameters
    ----------
    draft, tallies
        Where the plan is written, and where it is counted.
    towns
        As `add_towns` gives them; None where no rule or term counts municipalities.
    """
    problem = draft.blocks.problem
    soft, hours = problem.rules.soft, problem.reference_hours
    if soft.keeps_whole and towns is not None:
        count = towns.shape[1]
        tallies.hours.add(towns[towns >= 0], soft.keeps_whole * hours / count)
        tallies.hours.constant -= soft.keeps_whole * hours
    if soft.compactness:
        _add_cut_links(draft, tallies, soft.compactness * hours)
    if soft.evenness:
        _add_unevenness(draft, tallies, soft.evenness * hours)
    for areas, strength in ((problem.area, soft.status_quo), *problem.references):
        if strength:
            _add_strayed(draft, tallies, areas, strength * hours)


def _add_cut_links(draft: Draft, tallies: Tallies, weight: float) -> None:
    blocks, pairs = draft.blocks, draft.blocks.problem.pairs
    if len(pairs) == 0:
        return
    ends, counts = np.unique(np.sort(blocks.of_unit[pairs], axis=1), axis=0, return_counts=True)
    for (a, b), count in zip(ends.tolist(), counts.tolist(), strict=True):
        if a == b:
            continue
        tallies.hours.constant += weight * count / len(pairs)
        shared = np.flatnonzero((draft.place[a] >= 0) & (draft.place[b] >= 0))
        # A link is kept in a slot that holds both of its ends.
        kept = draft.program.add_columns(len(shared))
        for block in (a, b):
            for column, place in zip(kept.tolist(), draft.place[block, shared].tolist(), strict=True):
                draft.program.add_row(-math.inf, 0.0, [column, place], [1.0, -1.0])
        tallies.hours.add(kept, -weight * count / len(pairs))


def _add_unevenness(draft: Draft, tallies: Tallies, weight: float) -> None:
    """The mean depends on how many bundles there are on land with work: a column stands for each number."""
    blocks, problem, program = draft.blocks, draft.blocks.problem, draft.program
    per_block = blocks.sums(problem.measure)
    total = float(per_block.sum())
    if total <= 0:
        return
    own = [i for i, slot in enumerate(draft.slots) if problem.has_work[blocks.territory[slot.root]]]
    least = int(problem.has_work.sum())
    counts = np.arange(least, int(problem.has_work[blocks.territory].sum()) + 1)
    is_count = program.add_columns(len(counts), is_whole=True)
    program.add_row(1.0, 1.0, is_count, np.ones(len(counts)))
    among = np.array([program.add_columns(len(counts)) for _ in own])
    for place, count in enumerate(counts.tolist()):
        program.add_row(0.0, 0.0, [*among[:, place], is_count[place]], [*np.ones(len(own)), -float(count)])
    distance = program.add_columns(len(own), high=math.inf)
    for row, number in enumerate(own):
        members, columns = draft.columns_of(number)
        program.add_row(0.0, 0.0, [*among[row], draft.made[number]], [*np.ones(len(counts)), -1.0])
        shares = per_block[members] / total
        for sign in (1.0, -1.0):
            values = [*(-sign * shares), *(sign / counts), 1.0]
            program.add_row(0.0, math.inf, [*columns, *among[row], distance[row]], values)
    tallies.hours.add(distance, weight)


def _add_strayed(draft: Draft, tallies: Tallies, areas: Array, weight: float) -> None:
    """Count the work outside the largest overlap of each bundle with an area and of each area with a bundle, halved."""
    blocks, problem = draft.blocks, draft.blocks.problem
    total = float(problem.measure.sum())
    if total <= 0:
        return
    work = np.array([blocks.sums(problem.measure * (areas == area)) for area in np.unique(areas)]).T / total
    overlaps = np.full((len(draft.slots), work.shape[1]), -1, dtype=np.int32)
    for number, slot in enumerate(draft.slots):
        members, columns = draft.columns_of(number)
        held = np.flatnonzero(work[slot.members].any(axis=0))
        overlaps[number, held] = draft.program.add_columns(len(held))
        for area in held.tolist():
            share = work[members, area]
            draft.program.add_row(0.0, 0.0, [*columns, overlaps[number, area]], [*share, -1.0])
    most = work.sum(axis=0)
    sides = [(row, most) for row in overlaps] + [(row, most[i]) for i, row in enumerate(overlaps.T)]
    largest = _largest if weight > 0 else _no_less
    for columns, limits in sides:
        is_column = columns >= 0
        if is_column.any():
            found = largest(draft, columns[is_column], np.broadcast_to(limits, columns.shape)[is_column])
            tallies.hours.add(found, -weight / 2)
    tallies.hours.constant += weight


def _largest(draft: Draft, overlaps: Array, most: Array) -> Array:
    """Return columns whose sum is at most the largest of some overlaps: one is chosen."""
    chosen = draft.program.add_columns(len(overlaps), is_whole=True)
    counted = draft.program.add_columns(len(overlaps))
    draft.program.add_row(-math.inf, 1.0, chosen, np.ones(len(chosen)))
    for place, overlap in enumerate(overlaps.tolist()):
        draft.program.add_row(-math.inf, 0.0, [counted[place], overlap], [1.0, -1.0])
        draft.program.add_row(-math.inf, 0.0, [counted[place], chosen[place]], [1.0, -float(most[place])])
    return counted


def _no_less(draft: Draft, overlaps: Array, most: Array) -> Array:
    """Return a column that is no less than the largest of some overlaps."""
    found = draft.program.add_columns(1, high=float(most.sum()))
    for overlap in overlaps.tolist():
        draft.program.add_row(0.0, math.inf, [found[0], overlap], [1.0, -1.0])
    return found
