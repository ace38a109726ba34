"""All rules: judging a plan is running them."""

from gunmane.solver.holdings import Holdings
from gunmane.solver.problem import Problem
from gunmane.solver.rules.breaks import Break, Rule
from gunmane.solver.rules.shape import (
    BorderCrossed,
    BundleCount,
    Connected,
    MunicipalityLimit,
    MunicipalityWhole,
)
from gunmane.solver.rules.ties import CannotLink, LockedBundle, LockedUnit, MustLink
from gunmane.solver.rules.travel import BaseCount, FixedBase, Sites, TravelLimit
from gunmane.solver.rules.windows import Windows

RULES: tuple[Rule, ...] = (
    TravelLimit(),
    FixedBase(),
    BaseCount(),
    Connected(),
    Windows(),
    MustLink(),
    CannotLink(),
    LockedUnit(),
    LockedBundle(),
    MunicipalityWhole(),
    MunicipalityLimit(),
    BorderCrossed(),
    Sites(),
    BundleCount(),
)


def find_breaks(problem: Problem, held: Holdings) -> list[Break]:
    """
    Return every rule that the bundles held do not keep.

    Parameters
    ----------
    problem
        The task.
    held
        All bundles of a plan, or some: then what concerns these or the plan as a whole.
    """
    return [fault for rule in RULES for fault in rule.check(problem, held)]
