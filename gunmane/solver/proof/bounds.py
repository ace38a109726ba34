"""What a proof tells: the best plan found, and for each part of its key a bound that no plan passes."""

from __future__ import annotations

import dataclasses
import math
from typing import Generic, TypeVar

from gunmane.errors import ScenarioError
from gunmane.solver.problem import Problem
from gunmane.solver.proof.blocks import block_numbers
from gunmane.solver.score import Key, Verdict

# The parts in the order in which plans are compared: a number of bundles that was asked for comes before the key.
# More blocks are seldom proven within minutes.
LARGEST = 40
# A part of a key that differs by no more (relative where it is above 1) is the same.
TOLERANCE = 1e-6
Found = TypeVar("Found")

PARTS = ("count_asked", "breaks", "excess", "window", "count_wanted", "objective")


@dataclasses.dataclass(frozen=True)
class PartBound:
    """
    What is known of one part of the key.

    Parameters
    ----------
    part
        One of `PARTS`.
    value
        The part in the best plan found.
    bound
        No plan lies below that is as good as the best in every earlier part.
    is_proven
        Whether the two are one.
    """

    part: str
    value: float
    bound: float
    is_proven: bool


@dataclasses.dataclass(frozen=True, eq=False)
class Proof(Generic[Found]):
    """
    How good plans of one grouping task can be.

    Parameters
    ----------
    grouping
        The best plan found.
    key
        Its key.
    parts
        What is known of each part, in the order in which plans are compared.
    rounds
        Programs solved; after each the rows that its plans lacked for being connected were added.
    nodes
        Nodes of all search trees.
    block_count
        Blocks of units that never part: what the task was written in.
    has_number
        Whether a number of bundles was asked for; it then comes before the key.
    """

    grouping: Found
    key: Key
    parts: tuple[PartBound, ...]
    rounds: int
    nodes: int
    block_count: int
    has_number: bool

    @property
    def is_proven(self) -> bool:
        """Whether no plan is better, to a millionth of each part of the key."""
        return all(part.is_proven for part in self.parts)

    @property
    def unproven(self) -> tuple[str, ...]:
        """Parts of the key for which a limit ended the proof."""
        return tuple(part.part for part in self.parts if not part.is_proven)

    @property
    def bound_hours(self) -> float:
        """Objective hours that no plan passes which is as good as the best in every earlier part."""
        return self.parts[-1].bound

    @property
    def gap(self) -> float:
        """Part of its objective hours by which the best plan found may be too long; 0 where it is proven."""
        return self.gap_of(self.key)

    def gap_of(self, key: Key) -> float:
        """
        Return the part of a plan's objective hours by which it may be too long.

        Parameters
        ----------
        key
            Key of a plan of the same task. One that is worse in an earlier part has no such gap: NaN.
        """
        if any(abs(own - best) > tolerance(best) for own, best in zip(key[:4], self.key[:4], strict=True)):
            return math.nan
        beyond = key[4] - self.bound_hours
        return 0.0 if beyond <= tolerance(key[4]) else beyond / max(abs(key[4]), TOLERANCE)

    def improves(self, key: Key) -> bool:
        """Return whether the best plan found comes before another of the same task, by more than a millionth."""
        pairs = list(zip(self.key, key, strict=True))
        # Where a number was asked for, the fourth part says how far the plan is from it.
        for own, other in [pairs[3], *pairs] if self.has_number else pairs:
            if abs(own - other) > tolerance(other):
                return own < other
        return False


@dataclasses.dataclass(frozen=True, eq=False)
class Proven:
    """The best plan found, what is known of each part of its key, rounds and nodes spent, blocks, and the rule."""

    verdict: Verdict
    parts: tuple[PartBound, ...]
    rounds: int
    nodes: int
    block_count: int
    has_number: bool

    def told(self, grouping: Found, key: Key) -> Proof[Found]:
        """Return the proof in the words of the caller."""
        return Proof(grouping, key, self.parts, self.rounds, self.nodes, self.block_count, self.has_number)


def tolerance(value: float) -> float:
    """Return how far two values may differ and count as the same."""
    return TOLERANCE * max(1.0, abs(value))


def check_provable(problem: Problem) -> None:
    """
    Refuse what no proof can be given for.

    Parameters
    ----------
    problem
        The task.

    Raises
    ------
    ScenarioError
        If there are too many blocks, or a rule or soft term cannot be written as a linear expression: similarity of
        trades, and a number of base places that bundles would have to share.
    """
    count = int(block_numbers(problem).max(initial=-1)) + 1
    if count > LARGEST:
        raise ScenarioError("proof_too_large", count=count, most=LARGEST)
    rules = problem.rules
    if rules.soft.similarity and problem.trades.any():
        raise ScenarioError("proof_not_covered", name="similarity_strength")
    if rules.base_count is not None and rules.base_count < min(count, rules.bundle_count or count):
        raise ScenarioError("proof_not_covered", name="base_count")
