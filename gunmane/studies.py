"""What may be asked of a made plan beside itself, and the plan with the answers (`Plan.studies`)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

from gunmane.errors import ScenarioError
from gunmane.scenario import Plan
from gunmane.strands import Progress

# More would take hours and tell nothing more: beyond these a border's share is known to within 3 points, and so many
# ways to divide a region cannot be told apart by a reader.
MOST = {"alternatives": 20, "robustness": 1000}


@dataclasses.dataclass(frozen=True)
class Asked:
    """
    Which studies are wanted of a plan.

    Parameters
    ----------
    alternatives
        Plans nearly as good that differ as much as possible, at most so many (1-20); None: not asked.
    robustness
        Times that the plan is made again with drawn assumptions (1-1000); None: not asked.
    robustness_keeps_count
        Whether each of these times has as many bundles as the plan, so that only their places are looked at.
    evidence
        Today beside the rules.
    why_not
        What would mend the rules that do not hold.
    prices
        What moving units over the borders changes.
    rollout
        Steps from today to the plan.
    exact
        How far the plan can be from the best there is.
    trade_offs
        Travel against even work against borders crossed.
    """

    alternatives: int | None = None
    robustness: int | None = None
    robustness_keeps_count: bool = False
    evidence: bool = False
    why_not: bool = False
    prices: bool = False
    rollout: bool = False
    exact: bool = False
    trade_offs: bool = False

    def __post_init__(self) -> None:
        """
        Refuse numbers that no study can be made with.

        Raises
        ------
        ScenarioError
            If a number is not whole, below 1, or above what `MOST` says, or a number of bundles is to be held in
            draws that nobody asked for.
        """
        for name, most in MOST.items():
            value = getattr(self, name)
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and not (is_whole and 1 <= value <= most):
                raise ScenarioError("study_count", name=name, value=value, most=most)
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.name not in MOST and not isinstance(value, bool):
                raise ScenarioError("study_flag", name=field.name, value=value)
        if self.robustness_keeps_count and self.robustness is None:
            raise ScenarioError("study_without_draws", name="robustness_keeps_count")

    @property
    def keys(self) -> tuple[str, ...]:
        """Keys of `Plan.studies` that are wanted, in the order in which they are made."""
        return tuple(key for key, (name, _) in STUDIES.items() if getattr(self, name))

    @classmethod
    def take_from(cls, choices: dict[str, Any]) -> Asked:
        """
        Take what names a study out of choices given by name; what is left are those of the scenario.

        Raises
        ------
        ScenarioError
            As the constructor does.
        """
        names = {field.name for field in dataclasses.fields(cls)}
        return cls(**{name: choices.pop(name) for name in sorted(names & set(choices))})


def study_plan(plan: Plan, asked: Asked, *, progress: Progress | None = None) -> Plan:
    """
    Return a plan with the studies that are asked of it; those that it has already stay.

    Parameters
    ----------
    plan
        A made plan.
    asked
        What is wanted.
    progress
        Called with a fraction (0-1) over all studies and a catalogue key; False ends the one that runs with what it
        has, and the others are left out.
    """
    made = dict(plan.studies)
    keys = asked.keys
    for number, key in enumerate(keys):
        part = _Part(progress, number / len(keys), (number + 1) / len(keys))
        _, make = STUDIES[key]
        made[key] = make(plan, asked, part)
        if part.is_ended:
            break
    return dataclasses.replace(plan, studies=made)


class _Part:
    """Tells the progress of one study as a part of the whole, and keeps whether the caller ended it."""

    def __init__(self, progress: Progress | None, start: float, end: float) -> None:
        self._progress, self._start, self._end = progress, start, end
        self.is_ended = False

    def __call__(self, fraction: float, key: str) -> bool:
        if self._progress is not None:
            done = self._start + (self._end - self._start) * min(max(fraction, 0.0), 1.0)
            self.is_ended |= self._progress(done, key) is False
        return not self.is_ended


def _alternatives(plan: Plan, asked: Asked, say: Progress) -> Any:
    from gunmane.alternatives import near_optimal

    return near_optimal(plan, count=asked.alternatives or 0, progress=say)


def _trade_offs(plan: Plan, _: Asked, say: Progress) -> Any:
    from gunmane.alternatives import trade_offs

    return trade_offs(plan, progress=say)


def _robustness(plan: Plan, asked: Asked, say: Progress) -> Any:
    from gunmane.robustness import firmness

    return firmness(plan, draws=asked.robustness or 0, keeps_count=asked.robustness_keeps_count, progress=say)


def _evidence(plan: Plan, _: Asked, say: Progress) -> Any:
    from gunmane.evidence import compare

    return compare(plan.scenario, plan.ground, progress=say)


def _prices(plan: Plan, _: Asked, say: Progress) -> Any:
    from gunmane.prices import border_prices

    return border_prices(plan, progress=say)


def _why_not(plan: Plan, _: Asked, say: Progress) -> Any:
    from gunmane.relaxations import why_not

    return why_not(plan, progress=say)


def _rollout(plan: Plan, _: Asked, say: Progress) -> Any:
    from gunmane.rollout import staged_rollout

    return staged_rollout(plan, progress=say)


def _proof(plan: Plan, _: Asked, say: Progress) -> Any:
    from gunmane.proofs import prove_plan

    return prove_plan(plan, progress=say)


STUDIES: dict[str, tuple[str, Callable[[Plan, Asked, Progress], Any]]] = {
    "evidence": ("evidence", _evidence),
    "why_not": ("why_not", _why_not),
    "alternatives": ("alternatives", _alternatives),
    "trade_offs": ("trade_offs", _trade_offs),
    "prices": ("prices", _prices),
    "rollout": ("rollout", _rollout),
    "proof": ("exact", _proof),
    "robustness": ("robustness", _robustness),
}
"""Key in `Plan.studies` -> name in `Asked`, and what makes it."""
