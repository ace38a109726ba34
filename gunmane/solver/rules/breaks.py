"""What a rule says: which bundle, unit or plan does not keep it, and how far."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gunmane.solver.holdings import Holdings
    from gunmane.solver.problem import Problem


@dataclasses.dataclass(frozen=True)
class Break:
    """
    A rule that one bundle, unit or plan does not keep.

    Parameters
    ----------
    rule
        Name of the rule.
    label, unit
        Bundle and row of a unit that it is told of; -1 for the plan as a whole.
    amount, limit
        What is, and what may be, in the unit of the rule.
    excess
        How far beyond, relative to the limit.
    column
        Column of the load that a further window counts; "" for other rules.
    count
        For how many breaks it stands: a unit too far from several others is told once.
    """

    rule: str
    label: int
    unit: int
    amount: float
    limit: float
    excess: float
    column: str = ""
    count: int = 1


class Rule(Protocol):
    """A rule that bundles may keep or break."""

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the breaks that it tells."""

    def check(self, problem: Problem, held: Holdings) -> list[Break]:
        """Return every break that concerns one of the bundles held, or the plan as a whole."""
