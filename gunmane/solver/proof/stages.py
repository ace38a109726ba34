"""The best plan proven: each part of the key made as small as the parts before it allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from gunmane.solver.problem import Array, Problem
from gunmane.solver.proof.blocks import Blocks, make_blocks
from gunmane.solver.proof.bounds import PARTS, TOLERANCE, PartBound, Proven, tolerance
from gunmane.solver.proof.draft import Draft
from gunmane.solver.proof.program import Program, Sum
from gunmane.solver.proof.terms import (
    Tallies,
    add_count,
    add_fixed_bases,
    add_locks,
    add_municipality_limit,
    add_pairs,
    add_sites,
    add_towns,
    add_travel,
    add_windows,
)
from gunmane.solver.proof.wishes import add_wishes
from gunmane.solver.score import Verdict, judge

# A part that is not the last may spend this share of the nodes and seconds that are left.
STAGE_SHARE = 0.5

Tell = Callable[[float], bool]


def prove(
    problem: Problem,
    wanted: int,
    starts: Sequence[Array],
    *,
    node_limit: int,
    time_limit_s: float,
    tell: Tell = lambda fraction: True,
) -> Proven:
    """
    Find the best plan and a bound that no plan passes.

    Parameters
    ----------
    problem
        The task.
    wanted
        Bundles wanted.
    starts
        Labels of units to begin from, where their bundles are connected and keep what always moves together.
    node_limit, time_limit_s
        Nodes of the search trees and seconds for all parts together.
    tell
        Called with the part done (0 to 1) after each round; False ends the proof with what is known.
    """
    if problem.size == 0:
        return _nothing(problem, wanted)
    return _Proof(problem, wanted, node_limit, time_limit_s, tell).run(starts)


def _nothing(problem: Problem, wanted: int) -> Proven:
    """Return the one plan that land without units has."""
    only = judge(problem, np.zeros(0, dtype=np.int64), wanted)
    asked = problem.rules.bundle_count
    parts = zip(PARTS, (asked or 0, *only.key), strict=True)
    known = tuple(PartBound(name, value, value, is_proven=True) for name, value in parts)
    return Proven(only, known, 0, 0, 0, asked is not None)


class _Proof:
    """One proof in the making."""

    def __init__(
        self, problem: Problem, wanted: int, node_limit: int, time_limit_s: float, tell: Tell
    ) -> None:
        self.problem = problem
        self.wanted = wanted
        self.rounds = 0
        self._tell = tell
        self._part = 0
        self._is_cancelled = False
        self.program = Program(node_limit, time_limit_s, self._goes_on)
        self.blocks: Blocks = make_blocks(problem)
        self.draft = Draft(self.blocks, self.program)
        self.sums = self._sums()
        # Every territory as one bundle is a plan, good or bad.
        self.best = self._judged(problem.territory)

    def _goes_on(self) -> bool:
        """Tell how far the proof is; return whether it shall go on."""
        if not self._is_cancelled:
            self._is_cancelled = self._tell(self._part / len(PARTS)) is False
        return not self._is_cancelled

    def run(self, starts: Sequence[Array]) -> Proven:
        """Offer the plans to begin from, and bound one part of the key after another."""
        for labels in starts:
            if self._is_whole(labels):
                self._offer(labels)
        found = []
        for number, part in enumerate(self.sums):
            self._part = number
            share = STAGE_SHARE if number + 1 < len(self.sums) else 1.0
            # Only the last part asks for hours: before it, one way to write a bundle is enough.
            closed = self.draft.repeated() if number + 1 < len(self.sums) else self.draft.place[:0, 0]
            with self.program.limited(share), self.program.closed(closed):
                bound, is_proven = self._least(number, part, closed)
            found.append((bound, is_proven))
            value = self.order(self.best)[number]
            self.program.bind(part, high=value + tolerance(value) / 2)
        values = self.order(self.best)
        parts = tuple(
            PartBound(name, value, value if is_proven else min(bound, value), is_proven)
            for name, value, (bound, is_proven) in zip(PARTS, values, found, strict=True)
        )
        has_number = self.problem.rules.bundle_count is not None
        return Proven(self.best, parts, self.rounds, self.program.nodes, self.blocks.size, has_number)

    def order(self, verdict: Verdict) -> tuple[float, ...]:
        """Return what plans are ordered by: first how far the number is from one that was asked for."""
        asked = self.problem.rules.bundle_count
        away = 0 if asked is None else abs(len(verdict.bases) - asked)
        return (away, *verdict.key)

    def _sums(self) -> tuple[Sum, ...]:
        tallies, rules, draft = Tallies(), self.problem.rules, self.draft
        counts_towns = rules.most_municipalities is not None or bool(rules.soft.keeps_whole)
        towns = add_towns(draft) if counts_towns else None
        for add in (add_travel, add_fixed_bases, add_pairs, add_sites, add_locks, add_windows):
            add(draft, tallies)
        if towns is not None:
            add_municipality_limit(draft, tallies, towns)
        add_wishes(draft, tallies, towns)
        away = add_count(self.draft, tallies, rules.bundle_count or self.wanted)
        asked = away if rules.bundle_count is not None else Sum(np.zeros(0, dtype=np.int32), np.zeros(0))
        return (
            asked,
            tallies.breaks.sum(is_whole=True),
            tallies.excess.sum(),
            tallies.soft.sum(),
            away,
            tallies.hours.sum(),
        )

    def _is_whole(self, labels: Array) -> bool:
        """Whether labels keep blocks, territories and connection, so that they can be written as a draft."""
        of_block = labels[[int(rows[0]) for rows in self.blocks.units]]
        if (of_block[self.blocks.of_unit] != labels).any():
            return False
        for label in np.unique(of_block).tolist():
            members = np.flatnonzero(of_block == label)
            if len(np.unique(self.blocks.territory[members])) > 1:
                return False
            if not self.draft.is_connected(members):
                return False
        return True

    def _judged(self, labels: Array) -> Verdict:
        # Without a table of minutes the judge takes bases that are nearly best; a proof needs the best.
        bases = {} if self.problem.minutes.has_table else self.draft.bases(labels)
        return judge(self.problem, labels, self.wanted, bases)

    def _offer(self, labels: Array) -> None:
        verdict = self._judged(labels)
        if self.order(verdict) < self.order(self.best):
            self.best = verdict

    def _least(self, number: int, part: Sum, closed: Array) -> tuple[float, bool]:
        """Return a bound of one part of the key, and whether the best plan reaches it."""
        bound = self.program.least(part)
        if self._reaches(number, bound):
            return bound, True
        if not (self.program.is_open and self._goes_on()):
            return bound, False
        relaxed = self.program.relaxed(part)
        if relaxed is not None:
            value, rise = relaxed
            bound = max(bound, value)
            limit = self.order(self.best)[number]
            self.program.close(np.flatnonzero(rise > max(0.0, limit + tolerance(limit) - value)))
        while not self._reaches(number, bound := _rounded(bound, part)):
            if not (self.program.is_open and self._goes_on()):
                return bound, False
            answer = self.program.solved(part, self.draft.write(self.best.labels, closed))
            bound = max(bound, min(answer.bound, self.order(self.best)[number]))
            self.rounds += 1
            cuts = [self._cut_or_offer(solution) for solution in answer.solutions]
            if not any(cuts[-1:]) and not self._reaches(number, _rounded(bound, part)):
                # The solve was ended by a limit, or by numbers too close to tell apart.
                return bound, False
        return bound, True

    def _cut_or_offer(self, values: Array) -> int:
        """Add the rows that a solution lacks and return their number; a solution that lacks none is a plan."""
        rows = self.draft.cut(values)
        if not rows:
            self._offer(self.draft.read(values))
        return rows

    def _reaches(self, number: int, bound: float) -> bool:
        value = self.order(self.best)[number]
        return value <= bound + tolerance(value)


def _rounded(bound: float, part: Sum) -> float:
    return float(np.ceil(bound - TOLERANCE)) if part.is_whole and np.isfinite(bound) else bound
