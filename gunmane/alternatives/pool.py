"""Other bundles of one strand that are nearly as good: found by pushing, drawing, joining and moving bases."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd

from gunmane.alternatives.difference import difference_ratio
from gunmane.clusters import Grouping, Rules
from gunmane.strands import Task

# Each search for a candidate may spend this part of the moves of the plan.
BUDGET_SHARE = 4
PUSHES, PUSH_STEPS = 4, 4
DRAWS, JOINS, BASES = 8, 8, 8
# First strengths, and how much they grow where a candidate lies inside the margin (else they shrink as much).
PUSH_STRENGTH, PUSH_STEP = 0.1, 3.0
DRAW_SPREAD, DRAW_STEP, DRAW_MOST = 0.3, 1.4, 1.5
JOIN_STEP = 2.0
# A candidate that keeps the rules but lies beyond the margin, up to so many margins, is pulled back once.
PULL_REACH = 4.0
PULL_STRENGTH = 0.05
HOURS_TOLERANCE = 1e-6


@dataclasses.dataclass(frozen=True)
class Margin:
    """
    What an alternative must keep to be called nearly as good.

    Parameters
    ----------
    rules
        Hard rules broken, by how much, and soft window excess: no larger than those of the best.
    count
        Number of bundles: the same.
    hours
        Objective (hours a year): at most this.
    """

    rules: tuple[int, float, float]
    count: int
    hours: float

    @classmethod
    def around(cls, best: Grouping, margin_ratio: float) -> Margin:
        """Return the margin around a grouping, as a share of its objective."""
        return cls(best.key[:3], len(best.bases), best.key[4] * (1 + margin_ratio))

    def keeps_rules(self, found: Grouping) -> bool:
        """Return whether a grouping keeps every rule as well as the best, with as many bundles."""
        is_kept = all(mine <= most for mine, most in zip(found.key[:3], self.rules, strict=True))
        return is_kept and len(found.bases) == self.count

    def holds(self, found: Grouping) -> bool:
        """Return whether a grouping keeps the rules as well, and its objective lies inside."""
        return self.keeps_rules(found) and found.key[4] <= self.hours + HOURS_TOLERANCE


class Pool:
    """
    Distinct groupings of one strand inside the margin, the first being the one that they are alternatives to.

    Parameters
    ----------
    task
        The strand.
    labels
        Bundle of each unit in the plan.
    margin_ratio
        Hours that an alternative may need more, as a share of the plan's.
    say
        Called with the part done (0-1); False ends the search for more.
    """

    searches = PUSHES * PUSH_STEPS + DRAWS + JOINS + BASES

    def __init__(
        self, task: Task, labels: pd.Series, margin_ratio: float, say: Callable[[float], bool]
    ) -> None:
        self.task = task
        self.best = task.judged(labels)
        self.margin = Margin.around(self.best, margin_ratio)
        self.weight = task.load["measure"].reindex(self.best.labels.index).to_numpy(dtype="float64")
        self.found = [self.best]
        self.is_open = True
        self.rng = np.random.default_rng(task.rules.seed)
        self._say = say
        self._known = {self.best.labels.to_numpy().tobytes()}
        self._asked = 0
        self._rules = dataclasses.replace(
            task.rules,
            bundle_count=self.margin.count,
            move_budget=task.rules.move_budget // BUDGET_SHARE,
        )

    @property
    def count(self) -> int:
        """Number of bundles."""
        return self.margin.count

    def rules(self, **changes: object) -> Rules:
        """Return the rules of one search, some of them changed; its seed differs from search to search."""
        changed = {"seed": self.task.rules.seed + self._asked, **changes}
        return dataclasses.replace(self._rules, **changed)  # type: ignore[arg-type]

    def try_out(
        self,
        rules: Rules,
        *,
        load: pd.DataFrame | None = None,
        starts: Sequence[pd.Series] = (),
        references: Sequence[tuple[pd.Series, float]] = (),
    ) -> Grouping:
        """Search under changed rules or load, keep what the true rules find inside the margin, and return it."""
        found = self.offer(self.task.grouped(rules, load=load, starts=starts, references=references).labels)
        beyond = found.key[4] - self.margin.hours
        reach = (PULL_REACH - 1) * (self.margin.hours - self.best.key[4])
        if self.margin.keeps_rules(found) and HOURS_TOLERANCE < beyond <= reach:
            pull = [(found.labels, PULL_STRENGTH)]
            found = self.offer(self.task.grouped(self.rules(), starts=[found.labels], references=pull).labels)
        self._asked += 1
        self.is_open = self._say(min(1.0, self._asked / self.searches)) is not False
        return found

    def offer(self, labels: pd.Series) -> Grouping:
        """Judge labels by the true rules and keep them if they are new and inside the margin."""
        found = self.task.judged(labels)
        name = found.labels.to_numpy().tobytes()
        if name not in self._known and self.margin.holds(found):
            self._known.add(name)
            self.found.append(found)
        return found


def near_pool(
    task: Task, labels: pd.Series, *, margin_ratio: float, say: Callable[[float], bool]
) -> list[Grouping]:
    """
    Return distinct groupings of a strand inside the margin, the given one first.

    Modelling to generate alternatives: the strand is solved again, pushed away from what is known (hop, skip, jump:
    Brill, Chang & Hopkins 1982, doi:10.1287/mnsc.28.3.221; DeCarolis 2011, doi:10.1016/j.eneco.2010.05.002), with
    drawn crew-days, with units joined over the borders of the bundles, and with bases elsewhere. How hard each
    pushes is adapted to stay close below the margin. Everything is judged by the true rules and load.

    Parameters
    ----------
    task
        The strand.
    labels
        Bundle of each unit in the plan.
    margin_ratio
        Hours that an alternative may need more, as a share of the plan's (>= 0).
    say
        Called with the part done (0-1); False ends the search with what there is.
    """
    pool = Pool(task, labels, margin_ratio, say)
    if pool.count == 1 or not pool.weight.any():
        say(1.0)
        return pool.found
    for spread in (_join, _move_bases, _draw, _push):
        spread(pool)
    say(1.0)
    return pool.found


def _push(pool: Pool) -> None:
    """Push away from the plan and from every alternative taken so far, as hard as the margin bears."""
    known = [pool.best.labels]
    for _ in range(PUSHES):
        weak, strong, strength = 0.0, math.inf, PUSH_STRENGTH
        inside = []
        for _ in range(PUSH_STEPS):
            if not pool.is_open:
                return
            away = [(labels, -strength) for labels in known]
            found = pool.try_out(pool.rules(), references=away)
            if pool.margin.holds(found):
                weak = strength
                inside.append(found.labels)
            else:
                strong = strength
            strength = _between(weak, strong)
        if inside:
            known.append(max(inside, key=lambda labels: _nearest(pool, labels, known)))


def _between(weak: float, strong: float) -> float:
    if math.isinf(strong):
        return weak * PUSH_STEP
    return math.sqrt(weak * strong) if weak else strong / PUSH_STEP


def _nearest(pool: Pool, labels: pd.Series, known: list[pd.Series]) -> float:
    mine = labels.to_numpy()
    return min(difference_ratio(mine, other.to_numpy(), pool.weight) for other in known)


def _draw(pool: Pool) -> None:
    """Draw other crew-days, wider where the plan bears it."""
    spread = DRAW_SPREAD
    for _ in range(DRAWS):
        if not pool.is_open:
            return
        load = pool.task.load.loc[pool.best.labels.index]
        factor = np.exp(spread * pool.rng.standard_normal(len(load)))
        found = pool.try_out(pool.rules(), load=load.assign(crew_days=load["crew_days"] * factor))
        grow = DRAW_STEP if pool.margin.holds(found) else 1 / DRAW_STEP
        spread = min(DRAW_MOST, spread * grow)


def _join(pool: Pool) -> None:
    """Join units over the borders of the plan's bundles: one pair first, more where the plan bears it."""
    links = pool.task.place.links
    labels = pool.best.labels
    over = labels.reindex(links["source_id"]).to_numpy() != labels.reindex(links["target_id"]).to_numpy()
    bound = {unit for pair in pool.task.rules.cannot_link for unit in pair}
    bound |= {unit for unit, _ in pool.task.rules.locked_units}
    bound |= {unit for bundle in pool.task.rules.locked_bundles for unit in bundle}
    ends = links.loc[over, ["source_id", "target_id"]].astype("str")
    ends = ends[~ends.isin(bound).any(axis=1)].sort_values(["source_id", "target_id"])
    if ends.empty:
        return
    work = pool.task.load["measure"]
    pull = np.minimum(work.reindex(ends["source_id"]).to_numpy(), work.reindex(ends["target_id"]).to_numpy())
    chance = (pull + pull.mean() + 1.0) / (pull + pull.mean() + 1.0).sum()
    size = 1.0
    for _ in range(JOINS):
        if not pool.is_open:
            return
        drawn = pool.rng.choice(len(ends), size=min(len(ends), round(size)), replace=False, p=chance)
        pairs = tuple(tuple(pair) for pair in ends.to_numpy()[np.sort(drawn)].tolist())
        found = pool.try_out(pool.rules(must_link=(*pool.task.rules.must_link, *pairs)))
        size = max(1.0, size * (JOIN_STEP if pool.margin.holds(found) else 1 / JOIN_STEP))


def _move_bases(pool: Pool) -> None:
    """Fix one more base at a unit that is none in the plan, the one with more crew-days more often."""
    days = pool.task.load["crew_days"].reindex(pool.best.labels.index)
    allowed = pool.task.rules.base_units
    if allowed is not None:
        days = days[days.index.isin(allowed)]
    days = days[(days > 0) & ~days.index.isin(list(pool.best.bases.values()))]
    if days.empty:
        return
    chance = (days / days.sum()).to_numpy()
    drawn = pool.rng.choice(len(days), size=min(len(days), BASES), replace=False, p=chance)
    for unit in days.index[drawn]:
        if not pool.is_open:
            return
        pool.try_out(pool.rules(fixed_bases=(*pool.task.rules.fixed_bases, str(unit))))
