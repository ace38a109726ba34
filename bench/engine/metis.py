"""METIS as a peer: contiguous partitions from many starts, as they come and mended into the work window."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from scipy.sparse import csr_array

from bench.engine.parts import Array, Part

# A start takes the next of these in turn: whether near links weigh more, and how uneven METIS may be (per mille).
SETTINGS = tuple(itertools.product((False, True), (100, 50, 20)))
NEAR_WEIGHT = 1_000.0
MENDING_ROUNDS = 400
MENDING_TRIES = 4
MOST_JOINED = 4
SIDESTEP = 0.02  # now and then a change for the worse, up to so much excess, is taken
SIDESTEP_CHANCE = 0.1
MOST_SEED = 2**30


def plain_starts(part: Part, seed: int) -> Iterator[Array | None]:
    """Yield k-way contiguous partitions as METIS gives them."""
    graph = part.graph
    for number in itertools.count():
        is_near, uneven = SETTINGS[number % len(SETTINGS)]
        start = seed * 1_000_003 + number
        yield cut(graph, part.whole_work, part.count, seed=start, is_near=is_near, uneven=uneven)


def mended_starts(part: Part, seed: int) -> Iterator[Array | None]:
    """
    Yield k-way partitions mended into the window, after each of them as METIS gave it.

    METIS bounds the heaviest bundle only, and on land where every fifth unit is a dead end it seldom keeps even
    that. Mending joins a bundle outside the window with some neighbours and lets METIS cut them anew.
    """
    rng = np.random.default_rng(seed)
    graph = part.graph
    for number in itertools.count():
        is_near, uneven = SETTINGS[number % len(SETTINGS)]
        start = int(rng.integers(MOST_SEED))
        labels = cut(graph, part.whole_work, part.count, seed=start, is_near=is_near, uneven=uneven)
        yield labels
        yield from mended(part, labels, rng, is_near=is_near)


def cut(graph: csr_array, work: Array, count: int, *, seed: int, is_near: bool, uneven: int) -> Array:
    """
    Return one contiguous partition of a connected graph.

    Parameters
    ----------
    graph
        Minutes along links.
    work
        Whole numbers.
    count
        Bundles.
    seed, uneven
        METIS's `seed` and `ufactor`.
    is_near
        Whether short links weigh more (1 / (1 + minutes)), so that the cut goes through long ones.
    """
    import pymetis

    number = pymetis.zero_copy_dtype()
    weights = None
    if is_near:
        weights = np.maximum(1, np.round(NEAR_WEIGHT / (1 + graph.data))).astype(number)
    found = pymetis.part_graph(
        count,
        pymetis.CSRAdjacency(graph.indptr.astype(number), graph.indices.astype(number)),
        vweights=np.asarray(work).astype(number),
        eweights=weights,
        recursive=False,
        options=pymetis.Options(seed=seed % MOST_SEED, ufactor=uneven, contig=1),
    )
    return np.asarray(found.vertex_part, dtype=np.int64)


def mended(part: Part, labels: Array, rng: np.random.Generator, *, is_near: bool) -> Iterator[Array | None]:
    """
    Yield labels mended: bundles outside the window are cut anew with some neighbours, round by round.

    After each round None, so that the caller may look at the clock; the labels last.
    """
    labels = labels.copy()
    work = np.bincount(labels, weights=part.work, minlength=part.count)
    for _ in range(MENDING_ROUNDS):
        excess = part.excess(work)
        outside = np.flatnonzero(excess)
        if len(outside) == 0 or len(work) > part.count:
            break
        group = _group(part, labels, int(rng.choice(outside)), 2 + int(rng.integers(MOST_JOINED - 1)), rng)
        rows = np.flatnonzero(np.isin(labels, group))
        graph = csr_array(part.graph[rows][:, rows])
        for attempt in range(MENDING_TRIES):
            uneven = SETTINGS[attempt % len(SETTINGS)][1]
            seed = int(rng.integers(MOST_SEED))
            new = cut(graph, part.whole_work[rows], len(group), seed=seed, is_near=is_near, uneven=uneven)
            sums = np.bincount(new, weights=part.work[rows], minlength=len(group))
            change = float(part.excess(sums).sum() - excess[group].sum())
            if change < 0 or (change < SIDESTEP and rng.random() < SIDESTEP_CHANCE):
                labels[rows] = group[new]
                work[group] = sums
                break
        yield None
    yield labels


def _group(part: Part, labels: Array, first: int, size: int, rng: np.random.Generator) -> Array:
    """Return a bundle and some that touch it or each other."""
    group = [first]
    here, there = labels[part.sources], labels[part.ends]
    while len(group) < size:
        near = np.setdiff1d(there[np.isin(here, group)], group)
        if len(near) == 0:
            break
        group.append(int(rng.choice(near)))
    return np.array(group)
