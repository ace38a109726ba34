"""The search in one territory: starts drawn, annealed, the best annealed longer, and what they come to."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver import landing, recombining
from gunmane.solver.boards import eased
from gunmane.solver.budget import Budget
from gunmane.solver.games import load_labels, make_game
from gunmane.solver.kernels.moves import anneal, descend
from gunmane.solver.kernels.state import EVALUATED, Board, Game
from gunmane.solver.mending import mended, window_excess
from gunmane.solver.options import Option, make_option
from gunmane.solver.problem import Array
from gunmane.solver.territories import Territory
from gunmane.solver.watch import Watch

# Starts drawn anew, and the evaluated moves that each should have for every atom before another is drawn.
MOST_DRAWN = 8
MOVES_PER_ATOM = 12
# Part of the moves for all starts together; the rest goes to rounds that begin from the best.
START_SHARE = 0.4
ROUNDS = 3
# Labels kept from round to round, and how many with pairs divided anew are tried in each beside the best.
KEPT = 3
RECOMBINED = 4
# Heat at the beginning and the end, in hours of the mean atom; the rounds begin cooler than the starts.
HOT = 6.0
WARM = 2.5
COLD = 0.03
# Moves for each atom that it takes to cool from the full heat.
COOLING_PER_ATOM = 8.0
# While annealing, window excess of 1 counts so many mean bundles' hours: for starts, and in each round after.
EASY_PRICES = (10.0, 40.0, 80.0, 160.0)
# More of it counts this much more.
EASY_BEND = 5.0
# Part of the moves of a start or a round that mending may take on top, and of all moves at the end.
MENDING_SHARE = 0.2
MENDED_LAST = 0.3
# Moves between two looks at whether to go on.
SLICE = 100_000

Rated = tuple[tuple[float, ...], Array]


@dataclasses.dataclass(frozen=True, eq=False)
class Job:
    """
    A territory to be searched.

    Parameters
    ----------
    territory
        The territory; more than one atom.
    watch
        Is offered what is found.
    budget
        Moves to spend.
    rng
        Draws starts and seeds.
    opening
        Labels of the first start, drawn already; None where there is none.
    """

    territory: Territory
    watch: Watch
    budget: Budget
    rng: np.random.Generator
    opening: Array | None


def opening(territory: Territory, count: int, watch: Watch, rng: np.random.Generator) -> Array:
    """Return the first start of a territory and offer it, so that there are labels for all land from the beginning."""
    labels = np.arange(territory.atoms.size)
    if count < territory.atoms.size:
        land = landing.Land(territory.board(count))
        labels = landing.first_labels(land, count, 0, rng, territory)
    watch.offer(territory, (np.inf,), labels)
    return labels


def search_options(job: Job, count: int, *, starts: list[Array], is_fresh: bool = True) -> dict[int, Option]:
    """
    Return good labels of a territory's atoms for a number of bundles.

    Starts are drawn (a network Voronoi diagram with prices) or given; each is annealed with a price on the window in
    place of its limits, and then moves down under the rules as they are. The better ones go on for longer.

    Parameters
    ----------
    job
        The territory, and what may be spent on it.
    count
        Number of bundles, at most the number of atoms.
    starts
        Labels of atoms to begin from as well, each bundle connected.
    is_fresh
        Whether to draw starts as well; where none is given one is drawn in any case.
    """
    search = _Search(job, count)
    if count == job.territory.atoms.size:
        return {count: search.option(np.arange(count))}
    budget, opened = job.budget, job.opening
    pool = [search.rated(search.with_count(labels)) for labels in starts]
    wanted = int(np.clip(budget.left // (MOVES_PER_ATOM * job.territory.atoms.size), 1, MOST_DRAWN))
    if is_fresh or not pool:
        if opened is not None and int(opened.max()) + 1 == count:
            # One start in the window is enough for a plan early on; annealing finds better ways into it than mending.
            pool.append(search.mended(opened, round(MENDING_SHARE * budget.left)))
        for number in range(len(pool) - len(starts), wanted):
            if budget.is_cancelled:
                break
            pool.append(search.drawn(number))
            budget.report()
    left = budget.left
    # A broken rule counts before any hours: where the window is not kept yet, some moves are for mending at the end.
    moves = left if search.is_inside(_best(pool)[0][1]) else round((1 - MENDED_LAST) * left)
    if count > 1 and moves > 0:
        with budget.limited(moves):
            pool = _annealed(search, pool, moves)
    best = _best(pool)[0]
    best = min(best, search.mended(best[1], budget.left), key=_order)
    return {count: search.option(best[1])}


def _annealed(search: _Search, pool: list[Rated], moves: int) -> list[Rated]:
    """Return a pool annealed: every start, then in rounds the best, with pairs of bundles divided anew."""
    each = round(START_SHARE * moves) // len(pool)
    pool = pool + [search.annealed(labels, each, HOT, EASY_PRICES[0]) for _, labels in _best(pool)]
    for price in EASY_PRICES[1:]:
        pool = search.round(_best(pool)[:KEPT], round((1 - START_SHARE) * moves / ROUNDS), price)
    return pool


def _best(pool: list[Rated]) -> list[Rated]:
    """Return different labels, the best first."""
    unique = {labels.tobytes(): (rank, labels) for rank, labels in pool}
    return sorted(unique.values(), key=_order)


def _order(item: Rated) -> tuple[tuple[float, ...], list[int]]:
    return item[0], item[1].tolist()


def keep(options: dict[int, Option], option: Option) -> None:
    """Put an option into the table of the best ones if it is better than what stands there."""
    count = int(option.labels.max()) + 1
    old = options.get(count)
    if old is None or (option.rank, option.labels.tolist()) < (old.rank, old.labels.tolist()):
        options[count] = option


class _Search:
    """One territory at one number of bundles, with its board, game and budget."""

    def __init__(self, job: Job, count: int) -> None:
        self.territory, self.count, self.budget, self.rng = job.territory, count, job.budget, job.rng
        self.watch = job.watch
        self.board: Board = job.territory.board(count)
        self.land = landing.Land(self.board)
        self.game: Game | None = None

    def drawn(self, number: int) -> Rated:
        """Return labels of a start drawn anew, moved down under the rules."""
        labels = landing.first_labels(self.land, self.count, number, self.rng, self.territory)
        return self.rated(labels)

    def with_count(self, labels: Array) -> Array:
        """Return labels with as many bundles as are looked for."""
        return landing.with_count(self.land, labels, self.count)

    def round(self, pool: list[Rated], moves: int, price: float) -> list[Rated]:
        """Return a pool with the best annealed further, and labels of the pool with pairs divided anew."""
        tried = [pool[0][1]]
        tried += [
            recombining.recombined(self.land, pool[number % len(pool)][1], self.rng)
            for number in range(RECOMBINED)
        ]
        each = moves // len(tried)
        return pool + [self.annealed(labels, each, WARM, price) for labels in tried if self.budget.is_open]

    def rated(self, labels: Array) -> Rated:
        """Return labels moved down under the rules, with what they are ordered by."""
        game = self._loaded(self.board, labels)
        descend(self.board, game, self._most_descended)
        self._spend(game)
        return self._rank(game)

    def annealed(self, labels: Array, moves: int, hot: float, price: float) -> Rated:
        """Return labels annealed with a price on window excess, and then moved down under the rules."""
        game = self._loaded(self.board, labels)
        scale = self._atom_hours(game)
        # Heat that there are not the moves to cool from would only scatter the bundles.
        hot = max(2 * COLD, hot * min(1.0, moves / (COOLING_PER_ATOM * self.territory.atoms.size)))
        whole = scale * self.territory.atoms.size / self.count
        easy = eased(self.board, max(price * whole, 1e-6), EASY_BEND)
        load_labels(easy, game, labels)
        done = 0
        ratio = COLD / hot
        while done < moves and self.budget.is_open:
            part = min(SLICE, moves - done)
            begin, end = (hot * scale * ratio ** (at / moves) for at in (done, done + part))
            anneal(easy, game, part, begin, end)
            done += part
            self._spend(game)
            self.budget.report()
        descend(easy, game, self._most_descended)
        self._spend(game)
        labels = game.labels.copy()
        return min(self.rated(labels), self.mended(labels, round(MENDING_SHARE * moves)), key=_order)

    def is_inside(self, labels: Array) -> bool:
        """Return whether the amounts of every bundle lie inside their windows."""
        return self.territory.is_exempt or not window_excess(self.board, labels).any()

    def mended(self, labels: Array, moves: int) -> Rated:
        """Return labels brought into the window by cutting bundles anew, moved down under the rules."""
        if self.is_inside(labels):
            return self.rated(labels)
        seed = int(self.rng.integers(2**31))
        most = min(moves, self.budget.left)
        fixed = int(self.territory.atoms.is_fixed.sum())
        return self.rated(mended(self.land, labels, seed, self.budget, moves=most, fixed=fixed))

    @property
    def _most_descended(self) -> int:
        """Moves that a descent may take: what is left, and where nothing is left one look at every border."""
        return max(self.territory.atoms.size // 4, self.budget.left)

    def option(self, labels: Array) -> Option:
        """Return labels with what they add to each part of the key."""
        territory = self.territory
        travel = None if territory.has_table else self._travel(labels)
        return make_option(
            territory.atoms,
            labels,
            is_exempt=territory.is_exempt,
            count_in_all=territory.count_in_all,
            travel=travel,
        )

    def _loaded(self, board: Board, labels: Array) -> Game:
        if self.game is None:
            self.game = make_game(self.board, labels, int(self.rng.integers(2**31)))
            return self.game
        load_labels(board, self.game, labels)
        return self.game

    def _atom_hours(self, game: Game) -> float:
        """Return the mean hours of an atom: travel within the limit, or with the soft terms where those weigh more."""
        slots = game.candidates[np.arange(self.count), game.pick]
        hours = game.rows[slots[game.labels], np.arange(len(game.labels))]
        ordinary = hours[hours < self.territory.break_hours]
        whole = float(game.cost.sum())
        known = [float(ordinary.mean())] if len(ordinary) else []
        known += [whole / len(hours)] if whole < self.territory.break_hours else []
        return max(1e-9, *known) if known else 1e-9

    def _rank(self, game: Game) -> Rated:
        whole = float(game.cost.sum()) + self.territory.shared_cost(game.labels, self.board)
        rank = (round(whole, 6),)
        if self.count == self.territory.wanted:
            self.watch.offer(self.territory, rank, game.labels)
        return rank, game.labels.copy()

    def _spend(self, game: Game) -> None:
        self.budget.spent += int(game.counters[EVALUATED])
        game.counters[EVALUATED] = 0

    def _travel(self, labels: Array) -> Array:
        """Return breaks, excess and hours of travel of all bundles, with the bases that the search has found."""
        game = self._loaded(self.board, labels)
        slots = game.candidates[np.arange(self.count), game.pick]
        bases = self.board.column_unit[game.slot_column[slots]]
        return self.territory.travel_of(labels, bases)
