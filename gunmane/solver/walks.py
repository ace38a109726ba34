"""Walks over a bundle: which atoms would be cut off when another leaves."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver.problem import Array


@dataclasses.dataclass(frozen=True, eq=False)
class Walk:
    """
    A bundle walked from its base.

    Parameters
    ----------
    order
        Its atoms in the order met.
    goes_along
        Row for row of `order`: which places of it leave when that atom leaves.
    cutting
        Places whose atom cuts others off.
    link_places, link_atoms
        Every link out of an atom of the bundle: place of the atom, and the atom at the other end.
    """

    order: Array
    goes_along: Array
    cutting: Array
    link_places: Array
    link_atoms: Array


def walk_bundle(neighbours: tuple[tuple[int, ...], ...], labels: Array, bundle: int, root: int) -> Walk:
    """
    Walk a connected bundle from one of its atoms.

    Parameters
    ----------
    neighbours
        Atoms linked to each atom.
    labels
        Bundle of each atom.
    bundle
        The bundle to walk.
    root
        Atom of the bundle to begin at; it keeps what others are cut off from.
    """
    order, spans = _cut_spans(neighbours, labels, bundle, root)
    goes_along = np.eye(len(order), dtype=bool)
    for place, cuts in enumerate(spans):
        for start, end in cuts:
            goes_along[place, start:end] = True
    return Walk(
        order=np.array(order, dtype=np.int64),
        goes_along=goes_along,
        cutting=np.array([place for place, cuts in enumerate(spans) if cuts], dtype=np.int64),
        link_places=np.repeat(np.arange(len(order)), [len(neighbours[atom]) for atom in order]),
        link_atoms=np.array([other for atom in order for other in neighbours[atom]], dtype=np.int64),
    )


def _cut_spans(
    neighbours: tuple[tuple[int, ...], ...], labels: Array, bundle: int, root: int
) -> tuple[list[int], list[list[tuple[int, int]]]]:
    """
    Walk a connected bundle depth first and find what each atom would cut off.

    Returns the atoms in the order met and, for each, the spans of that order that lose their way to the root
    when it leaves (for the root: all branches but the largest). Tarjan (1972), low points.
    """
    own = set(np.flatnonzero(labels == bundle).tolist())
    place = {root: 0}
    order, low = [root], [0]
    spans: list[list[tuple[int, int]]] = [[]]
    stack = [(0, -1, iter(neighbours[root]))]
    while stack:
        here, parent, others = stack[-1]
        for other in others:
            if other not in own:
                continue
            seen = place.get(other)
            if seen is None:
                there = len(order)
                place[other] = there
                order.append(other)
                low.append(there)
                spans.append([])
                stack.append((there, here, iter(neighbours[other])))
                break
            if seen != parent:
                low[here] = min(low[here], seen)
        else:
            stack.pop()
            if parent >= 0:
                low[parent] = min(low[parent], low[here])
                if low[here] >= parent:
                    spans[parent].append((here, len(order)))
    branches = sorted(spans[0], key=lambda span: (span[0] - span[1], span[0]))
    spans[0] = branches[1:]
    return order, spans
