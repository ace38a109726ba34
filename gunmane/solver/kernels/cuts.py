"""Cuts: a connected bundle divided along the tree of its shortest ways."""

from __future__ import annotations

from gunmane.solver.compiled import compiled
from gunmane.solver.kernels.starts import ways_inside
from gunmane.solver.kernels.state import Array


@compiled
def cut_branch(
    indptr: Array,
    indices: Array,
    link_min: Array,
    work: Array,
    labels: Array,
    start: int,
    wanted: float,
    new_label: int,
    stamps: Array,
    minutes: Array,
    way: Array,
    branch: Array,
    order: Array,
    values: Array,
    items: Array,
) -> float:
    """
    Give the branch whose work comes nearest to what is wanted a new label; return its work.

    Branches are those of the tree of shortest ways from an atom inside its bundle, so both parts stay connected
    (recombination along a tree: DeFord, Duchin & Solomon 2021, doi:10.1162/99608f92.eb30390f). A bundle of one atom
    is left as it is, and 0 returned.
    """
    count = ways_inside(indptr, indices, link_min, labels, start, stamps, minutes, way, order, values, items)
    if count < 2:
        return 0.0
    for place in range(count):
        branch[order[place]] = work[order[place]]
    for place in range(count - 1, 0, -1):
        branch[way[order[place]]] += branch[order[place]]
    best = order[1]
    for place in range(2, count):
        atom = order[place]
        if abs(branch[atom] - wanted) < abs(branch[best] - wanted):
            best = atom
    labels[best] = new_label
    for place in range(1, count):
        atom = order[place]
        if atom != best and labels[way[atom]] == new_label:
            labels[atom] = new_label
    return branch[best]
