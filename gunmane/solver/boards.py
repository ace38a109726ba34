"""Boards: a territory's atoms as the arrays that the search's loops read."""

from __future__ import annotations

from typing import Any

import numpy as np

from gunmane.solver.atoms import Atoms, by_atom
from gunmane.solver.kernels import state
from gunmane.solver.kernels.state import Board
from gunmane.solver.problem import Array, Problem
from gunmane.travel import MINUTES_PER_HOUR

# A row of costs by road goes as far as this many bundles hold units, and at least so many units.
REACH_BUNDLES = 5
LEAST_REACH = 600
# Links of no length would let regions grow in no order.
SHORTEST_LINK_MIN = 1e-6


def make_board(atoms: Atoms, count: int, *, count_in_all: int, is_exempt: bool) -> Board:
    """
    Return the board of a territory.

    Parameters
    ----------
    atoms
        Its atoms.
    count
        Bundles wanted in the territory.
    count_in_all
        Bundles wanted in the whole problem: what the mean of an even plan is taken from.
    is_exempt
        Whether the territory has no work, so that windows do not apply.
    """
    problem = atoms.problem
    weights = _weights(problem, count_in_all, is_exempt=is_exempt)
    floors, ceilings, is_hard = _windows(problem)
    muni_ptr, muni_ids = _municipalities(atoms, weights)
    areas = _areas(atoms)
    foe_ptr, foes = _foes(atoms)
    own_ptr, own_columns, kind, shared = _columns(atoms)
    roads = _roads(atoms, count)
    return Board(
        **_links(atoms),
        days=by_atom(atoms, problem.crew_days[:, None])[:, 0],
        amounts=np.column_stack([atoms.measure, by_atom(atoms, problem.amounts)]),
        floors=floors,
        ceilings=ceilings,
        is_hard=is_hard,
        trades=by_atom(atoms, problem.trades),
        muni_ptr=muni_ptr,
        muni_ids=muni_ids,
        **areas,
        foe_ptr=foe_ptr,
        foes=foes,
        own_ptr=own_ptr,
        own_columns=own_columns,
        column_unit=atoms.columns,
        owner=atoms.owner,
        column_kind=kind,
        shared=shared,
        table=_table(atoms, weights),
        **roads,
        limit_min=float(problem.rules.travel_limit_min),
        weights=weights,
    )


def strict_weights(problem: Problem) -> tuple[float, float, float]:
    """
    Return the hours that a broken rule, its relative excess, and soft window excess count.

    Under them a broken rule outweighs any travel, and the window nearly so.
    """
    scale = 1.0 + problem.reference_hours
    return 1e4 * scale, 10 * scale, 100 * scale


def _weights(problem: Problem, count: int, *, is_exempt: bool) -> Array:
    soft, hours = problem.rules.soft, problem.reference_hours
    towns = int(problem.municipality.max(initial=-1)) + 1
    measure = float(problem.measure.sum())
    trades = float(problem.trades.sum())
    weights = np.zeros(state.WEIGHT_COUNT)
    weights[state.BREAKS], weights[state.EXCESS], weights[state.SOFT] = strict_weights(problem)
    weights[state.IS_EXEMPT] = float(is_exempt)
    weights[state.EVEN] = soft.evenness * hours / measure if measure > 0 else 0.0
    weights[state.EVEN_MEAN] = measure / max(1, count)
    weights[state.TRADE] = soft.similarity * hours / trades if trades > 0 else 0.0
    weights[state.WHOLE] = soft.keeps_whole * hours / max(1, towns)
    weights[state.CUT] = soft.compactness * hours / max(1, len(problem.pairs))
    weights[state.MOST_MUNIS] = float(problem.rules.most_municipalities or np.inf)
    weights[state.LEAST_GAIN] = 1e-9 * (1.0 + hours)
    return weights


def _windows(problem: Problem) -> tuple[Array, Array, Array]:
    rules = problem.rules
    limits = [(rules.floor, rules.ceiling, rules.is_window_hard)]
    limits += [(window.floor, window.ceiling, window.is_hard) for window in problem.windows]
    floors, ceilings, is_hard = zip(*limits, strict=True)
    return np.array(floors, dtype=float), np.array(ceilings, dtype=float), np.array(is_hard, dtype=np.int64)


def _links(atoms: Atoms) -> dict[str, Any]:
    """Return links between atoms from both ends: how many unit links each stands for, and the fewest minutes."""
    problem = atoms.problem
    atom_of = np.full(problem.size, -1, dtype=np.int64)
    rows, numbers = atoms.unit_labels(np.arange(atoms.size))
    atom_of[rows] = numbers
    units = np.repeat(np.arange(problem.size), np.diff(problem.indptr))
    here, there = atom_of[units], atom_of[problem.indices]
    is_link = (here >= 0) & (there >= 0) & (here != there)
    minutes = problem.link_minutes[is_link]
    # Where a link's minutes are not known the ways between its ends are taken.
    unknown = ~np.isfinite(minutes)
    if unknown.any() and problem.minutes.has_table:
        ends = np.column_stack([units[is_link], problem.indices[is_link]])[unknown]
        minutes = minutes.copy()
        minutes[unknown] = problem.minutes.between(ends[:, 0], ends[:, 1])
    minutes = np.where(np.isfinite(minutes), minutes, 1e6)
    codes = here[is_link] * atoms.size + there[is_link]
    found, inverse, count = np.unique(codes, return_inverse=True, return_counts=True)
    fewest = np.full(len(found), np.inf)
    np.minimum.at(fewest, inverse, minutes)
    indptr = np.searchsorted(found, np.arange(atoms.size + 1) * atoms.size).astype(np.int64)
    return {
        "indptr": indptr,
        "indices": (found % atoms.size).astype(np.int64),
        "link_count": count.astype(float),
        "link_min": np.maximum(fewest, SHORTEST_LINK_MIN),
    }


def _municipalities(atoms: Atoms, weights: Array) -> tuple[Array, Array]:
    if weights[state.WHOLE] == 0.0 and not np.isfinite(weights[state.MOST_MUNIS]):
        return np.zeros(atoms.size + 1, dtype=np.int64), np.zeros(0, dtype=np.int64)
    rows, numbers = atoms.unit_labels(np.arange(atoms.size))
    return _listed(numbers, atoms.problem.municipality[rows], atoms.size)


def _listed(atom: Array, number: Array, size: int) -> tuple[Array, Array]:
    """Return the different numbers of each atom as (indptr, numbers)."""
    pairs = np.unique(np.column_stack([atom, number]), axis=0)
    return np.searchsorted(pairs[:, 0], np.arange(size + 1)).astype(np.int64), pairs[:, 1].astype(np.int64)


def _areas(atoms: Atoms) -> dict[str, Any]:
    """Return today's areas and those of the references that count, with the work of each atom in them."""
    problem = atoms.problem
    kinds = [(problem.area, problem.rules.soft.status_quo), *problem.references]
    rows, numbers = atoms.unit_labels(np.arange(atoms.size))
    total = float(problem.measure.sum())
    atom_ids, area_ids, work, weight, ref = [], [], [], [], []
    offset = 0
    for number, (labels, strength) in enumerate(kinds):
        if strength == 0 or total <= 0:
            continue
        own = np.unique(labels[rows], return_inverse=True)[1]
        count = int(own.max()) + 1
        codes, inverse = np.unique(numbers * count + own, return_inverse=True)
        atom_ids.append(codes // count)
        area_ids.append(codes % count + offset)
        work.append(np.bincount(inverse, weights=problem.measure[rows]))
        weight.append(np.full(count, strength * problem.reference_hours / (2 * total)))
        ref.append(np.full(count, number, dtype=np.int64))
        offset += count
    if not weight:
        empty = np.zeros(0, dtype=np.int64)
        none = np.zeros(atoms.size + 1, dtype=np.int64)
        floats = np.zeros(0)
        return {
            "area_ptr": none,
            "area_ids": empty,
            "area_work": floats,
            "area_weight": floats,
            "area_ref": empty,
        }
    atom = np.concatenate(atom_ids)
    order = np.argsort(atom, kind="stable")
    return {
        "area_ptr": np.searchsorted(atom[order], np.arange(atoms.size + 1)).astype(np.int64),
        "area_ids": np.concatenate(area_ids)[order].astype(np.int64),
        "area_work": np.concatenate(work)[order],
        "area_weight": np.concatenate(weight),
        "area_ref": np.concatenate(ref),
    }


def _foes(atoms: Atoms) -> tuple[Array, Array]:
    pairs = np.array(atoms.conflicts, dtype=np.int64).reshape(-1, 2)
    both = np.vstack([pairs, pairs[:, ::-1]])
    both = both[np.argsort(both[:, 0], kind="stable")]
    return np.searchsorted(both[:, 0], np.arange(atoms.size + 1)).astype(np.int64), both[:, 1].copy()


def _columns(atoms: Atoms) -> tuple[Array, Array, Array, Array]:
    """Return the columns of each atom (indptr, columns), the kind of each column, and those that all may take."""
    order = np.argsort(atoms.owner, kind="stable")
    own_ptr = np.searchsorted(atoms.owner[order], np.arange(atoms.size + 1)).astype(np.int64)
    is_chosen = atoms.problem.rules.base_units is not None and atoms.has_chosen_bases
    kind = np.where(atoms.is_fixed, 3 if is_chosen else 0, 2 if is_chosen else 1).astype(np.int64)
    own_fixed = atoms.is_fixed & (atoms.owner < atoms.size)
    shared = np.arange(len(atoms.columns)) if is_chosen else np.flatnonzero(own_fixed)
    return own_ptr, order.astype(np.int64), kind, shared.astype(np.int64)


def _table(atoms: Atoms, weights: Array) -> Array:
    """Return columns x atoms: what serving each atom from each column costs; empty where minutes go by road."""
    if not atoms.problem.minutes.has_table:
        return np.zeros((0, atoms.size))
    hours = atoms.weighted_hours(weights[state.BREAKS], weights[state.EXCESS])
    return np.ascontiguousarray(hours.T)


def _roads(atoms: Atoms, count: int) -> dict[str, Any]:
    """Return the roads of the whole problem with the work of the territory's units, where there is no table."""
    problem = atoms.problem
    if problem.minutes.has_table:
        empty = np.zeros(0, dtype=np.int64)
        return {
            "unit_ptr": np.zeros(1, dtype=np.int64),
            "unit_links": empty,
            "unit_min": np.zeros(0),
            "unit_atom": empty,
            "unit_hours": np.zeros(0),
            "unit_needed": empty,
            "atom_hours": np.zeros(0),
            "atom_needed": np.zeros(0),
            "reach": 0,
        }
    atom_of = np.full(problem.size, -1, dtype=np.int64)
    rows, numbers = atoms.unit_labels(np.arange(atoms.size))
    atom_of[rows] = numbers
    graph = problem.road_graph
    return {
        "unit_ptr": graph.indptr.astype(np.int64),
        "unit_links": graph.indices.astype(np.int64),
        "unit_min": graph.data.astype(float),
        "unit_atom": atom_of,
        "unit_hours": problem.crew_days * 2 / MINUTES_PER_HOUR,
        "unit_needed": problem.is_needed.astype(np.int64),
        "atom_hours": by_atom(atoms, problem.crew_days[:, None])[:, 0] * 2 / MINUTES_PER_HOUR,
        "atom_needed": by_atom(atoms, problem.is_needed[:, None])[:, 0],
        "reach": int(min(problem.size, max(LEAST_REACH, REACH_BUNDLES * len(rows) // max(1, count)))),
    }


def eased(board: Board, price: float, bend: float) -> Board:
    """Return a board on which window excess of 1 counts only a price in hours, and more of it more than that."""
    weights = board.weights.copy()
    weights[state.IS_EASY] = 1.0
    weights[state.EASY] = price
    weights[state.BEND] = bend
    return board._replace(weights=weights)
