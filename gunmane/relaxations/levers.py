"""What may be relaxed in a scenario: one lever a choice, how far it goes, and which rule it frees."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, Literal

from gunmane.scenario import Plan, Scenario

# How the least that works is found: taken as it is, by halving, from the next numbers on, by taking parts away.
Way = Literal["whole", "halve", "count", "thin"]


@dataclasses.dataclass(frozen=True, eq=False)
class Lever:
    """
    One choice of a scenario that may be relaxed.

    Parameters
    ----------
    field
        What it changes: a field of `Scenario`, or the key of an assumption.
    frees
        Names of the rules that hold no longer once it is pulled as far as it goes; a rule that stands several times
        (a pair, a lock) has its members in its name.
    rules
        Rules as `Plan.broken` names them: where the relaxed plan breaks these as they were, the lever is needed.
    before
        What stands in the scenario, or in the assumption that it rests on.
    loosest
        What it becomes when pulled as far as it goes.
    apply
        Puts a value into a scenario.
    amount
        How much of the rule a value gives up: relative for a number, 1 for a rule given up wholly.
    way
        How the least value that works is found.
    step
        For numbers: values are multiples of it.
    grain
        For numbers: how near to a value that fails the least value must come (>= step).
    choices
        For "count" and "thin": numbers that are known to be possible, or parts of a value, read from a plan that holds.
    column
        For a side window: the column of its rule.
    scale
        For numbers: how many of the unit of `Plan.broken` one of the value is (1,000 metres in a kilometre).
    """

    field: str
    frees: frozenset[str]
    rules: tuple[str, ...]
    before: Any
    loosest: Any
    apply: Callable[[Scenario, Any], Scenario]
    amount: Callable[[Any], float]
    way: Way = "whole"
    step: float = 1.0
    grain: float = 1.0
    choices: Callable[[Plan], tuple[Any, ...]] = lambda plan: ()
    column: str = ""
    scale: float = 1.0


def switch(field: str, rule: str, after: Any, scenario: Scenario, *, rules: tuple[str, ...] = ()) -> Lever:
    """Return the lever that sets one field to another value and so gives a rule up wholly."""
    return Lever(
        field=field,
        frees=frozenset({rule}),
        rules=rules or (rule,),
        before=getattr(scenario, field),
        loosest=after,
        apply=lambda choices, value: choices.replace(**{field: value}),
        amount=lambda value: 1.0,
    )


def number(
    field: str,
    rule: str,
    before: float,
    loosest: float,
    apply: Callable[[Scenario, Any], Scenario],
    *,
    step: float = 1.0,
    grain: float = 0.0,
    column: str = "",
    name: str = "",
    scale: float = 1.0,
) -> Lever:
    """Return the lever that moves a limit from `before` towards `loosest`, by the least that works."""
    return Lever(
        field=field,
        frees=frozenset({name or rule}),
        rules=(rule,),
        before=before,
        loosest=loosest,
        apply=apply,
        amount=lambda value: abs(float(value) - before) / before,
        way="halve",
        step=step,
        grain=max(step, grain),
        column=column,
        scale=scale,
    )


def item(field: str, rule: str, entry: Any, scenario: Scenario) -> Lever:
    """Return the lever that takes one entry out of a field that lists several (pairs, locks, bases)."""
    entries: tuple[Any, ...] = getattr(scenario, field)
    same = frozenset(entry)

    def without(choices: Scenario, value: Any) -> Scenario:
        if value is not None:
            return choices
        kept = tuple(other for other in getattr(choices, field) if not _is_same(other, entry, same))
        return choices.replace(**{field: kept})

    return Lever(
        field=field,
        frees=frozenset({f"{rule}:{entry}"}),
        rules=(rule,),
        before=entry,
        loosest=None,
        apply=without,
        amount=lambda value: 1.0 / len(entries),
    )


def _is_same(other: Any, entry: Any, members: frozenset[Any]) -> bool:
    """Whether two entries mean the same: a pair may stand twice, once each way round."""
    return other == entry or (not isinstance(entry, str) and frozenset(other) == members)


def relaxed(original: Scenario, values: Mapping[Lever, Any]) -> Scenario:
    """
    Return a scenario with the values of some levers put in.

    Raises
    ------
    ScenarioError
        If the values cannot stand beside each other.
    """
    for lever, value in values.items():
        original = lever.apply(original, value)
    return original
