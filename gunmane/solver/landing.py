"""First labels: roots drawn over the land, regions grown by road, and prices that even out their work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from gunmane.solver.kernels.cuts import cut_branch
from gunmane.solver.kernels.starts import grow, middle_of, spread
from gunmane.solver.kernels.state import Array, Board

if TYPE_CHECKING:
    from gunmane.solver.territories import Territory

# Rounds of growing and pricing, those after which bases move to their middle, and how strongly prices follow.
PRICED_ROUNDS = 16
CENTRED_ROUNDS = (0, 2, 4, 6, 8)
EARLY_PULL, LATE_PULL = 0.9, 0.4
# The heaviest bundle is cut when it is this much heavier than two light ones together.
LEVEL_GAIN = 1.1
# METIS takes whole numbers as weights, and allows parts this much (in thousandths) above the mean.
METIS_RESOLUTION = 1_000_000
METIS_SLACK = 100


class Land:
    """
    The links of a territory with what growing regions needs; made once.

    Parameters
    ----------
    board
        The territory.
    """

    def __init__(self, board: Board) -> None:
        self.board = board
        self.size = len(board.indptr) - 1
        self._values = np.zeros(len(board.indices) + self.size + 2)
        self._items = np.zeros(len(board.indices) + self.size + 2, dtype=np.int64)
        self._nearest = np.zeros(self.size)
        self._stamps = np.zeros(self.size + 1, dtype=np.int64)
        self._work = board.amounts[:, 0].copy()
        self._way = np.zeros(self.size, dtype=np.int64)
        self._order = np.zeros(self.size, dtype=np.int64)
        self._minutes = np.zeros(self.size)
        self._branch = np.zeros(self.size)

    def grown(self, labels: Array, prices: Array) -> Array:
        """Return labels with every -1 filled from the labelled atoms; a bundle's price delays it (minutes)."""
        labels = labels.copy()
        begun = np.where(labels >= 0, prices[np.maximum(labels, 0)], np.inf)
        board = self.board
        grow(
            board.indptr,
            board.indices,
            board.link_min,
            labels,
            begun,
            self._nearest,
            self._values,
            self._items,
        )
        return labels

    def rooted(self, roots: list[int], prices: Array) -> Array:
        """Return labels grown from roots, each begun at its price (minutes)."""
        labels = np.full(self.size, -1, dtype=np.int64)
        labels[roots] = np.arange(len(roots))
        return self.grown(labels, prices)

    def middles(self, labels: Array, roots: list[int]) -> list[int]:
        """Return about the middle of each bundle, looked for from one of its atoms."""
        board = self.board
        land = (board.indptr, board.indices, board.link_min, board.days, labels)
        room = (self._stamps, self._minutes, self._way, self._branch, self._order, self._values, self._items)
        return [int(middle_of(*land, root, *room)) for root in roots]

    def cut(self, labels: Array, start: int, wanted: float, new_label: int) -> float:
        """Give the branch of a bundle whose work comes nearest to what is wanted a new label, in place."""
        board = self.board
        land = (board.indptr, board.indices, board.link_min, self._work, labels)
        room = (self._stamps, self._minutes, self._way, self._branch, self._order, self._values, self._items)
        return float(cut_branch(*land, start, wanted, new_label, *room))

    def touching(self, labels: Array, members: Array) -> Array:
        """Return the bundles that the members of one bundle are linked to, sorted."""
        board = self.board
        degree = board.indptr[members + 1] - board.indptr[members]
        begun = np.repeat(board.indptr[members] - np.concatenate([[0], np.cumsum(degree)[:-1]]), degree)
        found = np.unique(labels[board.indices[begun + np.arange(len(begun))]])
        return found[found != labels[members[0]]]

    def typical_min(self) -> float:
        """Return the median of the minutes to a root when regions were last grown."""
        known = self._nearest[np.isfinite(self._nearest)]
        return float(np.median(known)) if len(known) else 0.0

    def halved(self, labels: Array, bundle: int) -> Array:
        """Return labels with a connected bundle divided between two atoms far from each other."""
        own = np.flatnonzero(labels == bundle)
        ends = [int(own[0])]
        for _ in range(2):
            far = self._minutes_inside(labels == bundle, ends[-1])[own]
            ends.append(int(own[int(np.argmax(far))]))
        start, end = ends[1], ends[2]
        if start == end:
            end = int(own[own != start][0])
        parts = np.where(labels == bundle, -1, -2)
        parts[[start, end]] = 0, 1
        begun = np.where(parts >= 0, 0.0, np.inf)
        # Atoms elsewhere begin never and are never reached: only links inside the bundle lead on.
        inside = self._inside(labels == bundle)
        grow(*inside, parts, begun, self._nearest, self._values, self._items)
        return np.where(parts == 1, int(labels.max()) + 1, labels)

    def _inside(self, mask: Array) -> tuple[Array, Array, Array]:
        """Return the links between atoms of a mask."""
        board = self.board
        here = np.repeat(np.arange(self.size), np.diff(board.indptr))
        is_own = mask[here] & mask[board.indices]
        indptr = np.searchsorted(here[is_own], np.arange(self.size + 1)).astype(np.int64)
        return indptr, board.indices[is_own], board.link_min[is_own]

    def _minutes_inside(self, mask: Array, start: int) -> Array:
        nearest = np.full(self.size, np.inf)
        spread(*self._inside(mask), start, nearest, self._values, self._items)
        return np.where(np.isfinite(nearest), nearest, -1.0)

    def drawn_roots(self, count: int, first: list[int], work: Array, rng: np.random.Generator) -> list[int]:
        """
        Return atoms drawn with chances in proportion to the work that each would bring nearer (k-means++).

        Parameters
        ----------
        count
            Atoms to draw.
        first
            Atoms that are taken in any case.
        work
            Work of each atom.
        rng
            Draws them.
        """
        nearest = np.full(self.size, np.inf)
        roots = list(first[:count])
        if not roots:
            roots.append(int(np.searchsorted(np.cumsum(work), rng.random() * work.sum())))
        for root in roots:
            self._spread(root, nearest)
        while len(roots) < count:
            chance = work * np.where(np.isfinite(nearest), nearest, 0.0)
            chance[roots] = 0.0
            if not chance.sum() > 0:
                chance = np.ones(self.size)
                chance[roots] = 0.0
            drawn = int(np.searchsorted(np.cumsum(chance), rng.random() * chance.sum(), side="right"))
            roots.append(min(drawn, self.size - 1))
            self._spread(roots[-1], nearest)
        return roots

    def _spread(self, root: int, nearest: Array) -> None:
        board = self.board
        spread(board.indptr, board.indices, board.link_min, root, nearest, self._values, self._items)


def first_labels(
    land: Land, count: int, number: int, rng: np.random.Generator, territory: Territory
) -> Array:
    """
    Return labels of a start: fixed bases are roots, the others drawn; METIS draws every other one if asked for.

    Parameters
    ----------
    land
        The territory's links.
    count
        Number of bundles.
    number
        Number of the start.
    rng
        Draws the roots.
    territory
        The territory.
    """
    rules = territory.atoms.problem.rules
    if rules.uses_metis and number % 2 == 1 and count > 1:
        labels = metis_labels(land.board, count, int(rng.integers(2**31)))
        if labels is not None:
            return with_count(land, labels, count)
    owners = territory.atoms.owner[territory.atoms.is_fixed]
    first = sorted(set(owners[owners < land.size].tolist()))[:count]
    work = land.board.amounts[:, 0] if land.board.amounts[:, 0].any() else np.ones(land.size)
    return priced_labels(land, land.drawn_roots(count, first, work, rng), len(first))


def priced_labels(land: Land, roots: list[int], fixed: int) -> Array:
    """
    Return labels grown from roots, centred and priced in rounds: the most even of the rounds.

    A bundle with too much work begins later, one with too little earlier (a power diagram by road).

    Parameters
    ----------
    land
        The territory's links.
    roots
        Atom of each bundle to begin from.
    fixed
        So many of the first roots stay where they are.
    """
    board, count = land.board, len(roots)
    work = board.amounts[:, 0]
    mean = float(work.sum()) / count or 1.0
    prices = np.zeros(count)
    best, best_uneven, step = np.zeros(land.size, dtype=np.int64), np.inf, 0.0
    for turn in range(PRICED_ROUNDS):
        labels = land.rooted(roots, prices)
        amount = np.bincount(labels, weights=work, minlength=count)
        uneven = float(np.abs(amount / mean - 1).max())
        if uneven < best_uneven:
            best, best_uneven = labels, uneven
        step = step or land.typical_min()
        pull = np.clip(np.log(np.maximum(amount, 1e-3 * mean) / mean), -1.0, 1.0)
        prices = prices + pull * step * (EARLY_PULL if turn < PRICED_ROUNDS // 2 else LATE_PULL)
        prices -= prices.min()
        if turn in CENTRED_ROUNDS:
            labels, roots = levelled(land, labels, roots, fixed)
            roots = roots[:fixed] + land.middles(labels, roots)[fixed:]
    return best


def levelled(land: Land, labels: Array, roots: list[int], fixed: int) -> tuple[Array, list[int]]:
    """
    Return labels and roots with very light bundles given up and very heavy ones divided.

    The lightest bundle joins its lightest neighbour while together they are lighter than the heaviest, which is cut in
    two: prices alone cannot carry work out of a valley with one way in.

    Parameters
    ----------
    land
        The territory's links.
    labels
        Bundle of each atom, each connected.
    roots
        An atom of each bundle.
    fixed
        The first so many bundles keep their roots and are not given up.
    """
    labels, roots = labels.copy(), list(roots)
    work, count = land.board.amounts[:, 0], len(roots)
    amount = np.bincount(labels, weights=work, minlength=count)
    for _ in range(count if count - fixed > 1 else 0):
        heavy = int(np.argmax(amount))
        light = fixed + int(np.argmin(amount[fixed:]))
        members = np.flatnonzero(labels == light)
        others = land.touching(labels, members)
        if heavy == light or len(others) == 0:
            break
        into = int(others[np.argmin(amount[others])])
        if into == heavy or LEVEL_GAIN * (amount[light] + amount[into]) > amount[heavy]:
            break
        labels[members] = into
        part = land.cut(labels, roots[heavy], float(amount[heavy]) / 2, light)
        if part <= 0:
            labels[members] = light
            break
        amount[into] += amount[light]
        amount[heavy] -= part
        amount[light] = part
        roots[light] = int(np.flatnonzero(labels == light)[0])
    return labels, roots


def with_count(land: Land, labels: Array, count: int) -> Array:
    """
    Return connected labels with as many bundles as asked for.

    The bundle with most work is divided in two, or the two neighbours with least work are joined, until it fits.

    Parameters
    ----------
    land
        The territory's links.
    labels
        Bundle of each atom, each connected.
    count
        Bundles wanted, at most the number of atoms.
    """
    labels = np.unique(labels, return_inverse=True)[1]
    board = land.board
    work = board.amounts[:, 0] + 1e-9
    here = np.repeat(np.arange(land.size), np.diff(board.indptr))
    while int(labels.max()) + 1 > count:
        amount = np.bincount(labels, weights=work)
        ends = np.column_stack([labels[here], labels[board.indices]])
        ends = np.unique(ends[ends[:, 0] < ends[:, 1]], axis=0)
        if not len(ends):
            break
        a, b = ends[int(np.argmin(amount[ends].sum(axis=1)))]
        labels = np.unique(np.where(labels == b, a, labels), return_inverse=True)[1]
    while int(labels.max()) + 1 < count:
        size = np.bincount(labels)
        amount = np.where(size > 1, np.bincount(labels, weights=work), -1.0)
        labels = land.halved(labels, int(np.argmax(amount)))
    return labels


def metis_labels(board: Board, count: int, seed: int) -> Array | None:
    """
    Return labels by METIS (Karypis & Kumar 1998), each bundle connected; None where it is not installed or fails.

    Parameters
    ----------
    board
        The territory; its links connect it.
    count
        Number of bundles.
    seed
        Seed of METIS.
    """
    try:
        import pymetis
    except ImportError:
        return None
    work = board.amounts[:, 0]
    weights = np.maximum(1, work / max(1e-12, work.sum()) * METIS_RESOLUTION).astype(int)
    options = pymetis.Options(contig=1, seed=seed, ufactor=METIS_SLACK)
    graph = pymetis.CSRAdjacency(board.indptr, board.indices)
    try:
        _, part = pymetis.part_graph(
            count, adjacency=graph, vweights=weights, options=options, recursive=False
        )
    except RuntimeError:
        return None
    return np.unique(np.asarray(part), return_inverse=True)[1]
