"""The engine and its peers on one instance: the same CPU time, the same bases, the same judge."""

from __future__ import annotations

import dataclasses
import importlib
import math
import time
from collections.abc import Callable, Collection, Iterator
from typing import Any

import pandas as pd

from bench.engine import metis
from bench.engine.instances import Instance, make_instance
from bench.engine.parts import Array, Part, make_parts
from bench.engine.peers import PEERS
from bench.engine.trials import Trial, best_labels, run_trial
from bench.rows import OURS
from gunmane.clusters import evaluate_labels, group_units

PLAIN_METIS = "METIS contig, many starts"
METIS = "METIS contig, many starts, mended"
METIS_SEARCHED = "METIS + our local search"
METHODS = (OURS, PLAIN_METIS, METIS, METIS_SEARCHED, *PEERS)
# The clock of a process ticks coarsely: less than this is not handed out.
LEAST_CPU_S = 0.05
# A method that was not finished on the first so many instances of a size is not tried on the others.
GIVE_UP_AFTER = 3
WINDOW_RULES = ("floor", "ceiling")
WARM_UNITS = 120
LIBRARIES = (
    "pymetis",
    "sklearn.cluster",
    "spopt.region",
    "libpysal.weights",
    "gerrychain.optimization",
    "networkx",
)
NOTES = {
    PLAIN_METIS: "k-way contig on each connected part; seeds, ufactor 20 to 100, links equal or near ones heavier",
    METIS: "as above; bundles outside the window are cut anew with neighbours until all are inside",
    METIS_SEARCHED: "half of the time METIS, half our search from its labels",
    "GerryChain ReCom": "from a mended METIS plan; a tilted run towards fewer hours",
    "spopt MaxPHeuristic": "chooses its own number of bundles; the threshold is the floor",
    "networkx Louvain": "resolution moved until the number is right",
}


@dataclasses.dataclass(frozen=True)
class Result:
    """
    One method on one instance, judged.

    Parameters
    ----------
    group, instance
        Size or kind of instance, and its name.
    method, state
        Who, and how it ended.
    cpu_s, added_mb, tries
        As in `Trial`.
    violations
        Hard rules broken, but for the window.
    outside
        Bundles outside the window.
    bundles, most, least
        Number of bundles; the largest and the smallest bundle's work against the mean.
    hours
        Travel hours a year by our judge.
    note
        What went wrong.
    """

    group: str
    instance: str
    method: str
    state: str
    cpu_s: float
    added_mb: float
    tries: int
    violations: int = 0
    outside: int = 0
    bundles: int = 0
    most: float = math.nan
    least: float = math.nan
    hours: float = math.nan
    note: str = ""

    @property
    def is_inside(self) -> bool:
        """Whether every rule is kept, the window among them."""
        return self.state == "done" and self.violations == 0 and self.outside == 0


def compare(
    instance: Instance,
    group: str,
    *,
    methods: Collection[str] = METHODS,
    move_budget: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Result]:
    """
    Run the engine, then every other method with the CPU time that the engine took.

    What the comparators read (connected parts, the table of hours) is made before and not charged to them; the
    engine makes its own and is charged for it.

    Parameters
    ----------
    instance
        The task.
    group
        Size or kind under which results are summed up.
    methods
        Which methods to run beside the engine.
    move_budget
        Moves of the engine; None: as the rules have it.
    tell
        Told what is being done.
    """
    parts = make_parts(instance)
    tell(f"{instance.name}: {OURS}")
    ours = run_trial(lambda: _ours(instance, move_budget), cpu_s=math.inf)
    yield judged(instance, group, OURS, ours)
    cpu_s = max(LEAST_CPU_S, ours.cpu_s)
    for method in METHODS[1:]:
        if method in methods:
            tell(f"{instance.name}: {method}")
            yield judged(instance, group, method, _trial(instance, parts, method, cpu_s))


def _trial(instance: Instance, parts: list[Part], method: str, cpu_s: float) -> Trial:
    seed = instance.rules.seed
    if method == METIS_SEARCHED:
        return run_trial(lambda: _metis_searched(instance, parts, cpu_s), cpu_s=cpu_s)
    starts = {PLAIN_METIS: metis.plain_starts, METIS: metis.mended_starts, **PEERS}[method]
    return run_trial(lambda: best_labels(parts, starts, cpu_s=cpu_s, seed=seed), cpu_s=cpu_s)


def _ours(instance: Instance, move_budget: int | None) -> tuple[Array, int]:
    rules = instance.rules
    if move_budget is not None:
        rules = dataclasses.replace(rules, move_budget=move_budget)
    grouping = group_units(instance.units, instance.links, instance.load, instance.travel_min, rules)
    return grouping.labels.reindex(instance.units.index).to_numpy(), grouping.moves


def _metis_searched(instance: Instance, parts: list[Part], cpu_s: float) -> tuple[Array, int]:
    """Return what our search makes of METIS's labels, each with half of the time."""
    begin = time.process_time()
    labels, tries = best_labels(parts, metis.mended_starts, cpu_s=cpu_s / 2, seed=instance.rules.seed)
    start = pd.Series(labels, index=instance.units.index)

    def tell(*_: Any) -> bool:
        return time.process_time() - begin < cpu_s

    grouping = group_units(
        instance.units,
        instance.links,
        instance.load,
        instance.travel_min,
        instance.rules,
        starts=[start],
        progress=tell,
    )
    return grouping.labels.reindex(instance.units.index).to_numpy(), tries


def judged(instance: Instance, group: str, method: str, trial: Trial) -> Result:
    """Return a trial judged by `evaluate_labels`: our bases, our rules; its time is nobody's."""
    told = (group, instance.name, method, trial.state, trial.cpu_s, trial.added_mb, trial.tries)
    if trial.labels is None:
        return Result(*told, note=trial.note)
    labels = pd.Series(trial.labels, index=instance.units.index)
    found = evaluate_labels(
        labels, instance.units, instance.links, instance.load, instance.travel_min, instance.rules
    )
    work = instance.load["measure"].groupby(found.labels).sum()
    outside = int(
        ((work < instance.rules.floor * (1 - 1e-9)) | (work > instance.rules.ceiling * (1 + 1e-9))).sum()
    )
    return Result(
        *told,
        violations=int((~found.broken["rule"].isin(WINDOW_RULES)).sum()),
        outside=outside,
        bundles=len(work),
        most=float(work.max() / work.mean()),
        least=float(work.min() / work.mean()),
        hours=found.travel_hours,
    )


def compare_all(
    drawn: Iterator[Instance],
    group: str,
    *,
    methods: Collection[str] = METHODS,
    move_budget: int | None = None,
    tell: Callable[[str], None] = lambda _: None,
) -> Iterator[Result]:
    """Compare on one instance after the other; a method that is never finished is given up after three."""
    unfinished: dict[str, int] = {}
    for instance in drawn:
        left = [name for name in methods if unfinished.get(name, 0) < GIVE_UP_AFTER]
        for result in compare(instance, group, methods=left, move_budget=move_budget, tell=tell):
            if result.state == "done":
                unfinished[result.method] = -len(METHODS) * GIVE_UP_AFTER
            else:
                unfinished[result.method] = unfinished.get(result.method, 0) + 1
            yield result


def warm_up() -> None:
    """Compile the engine's loops and import the peers' libraries, so that neither is anybody's time."""
    for library in LIBRARIES:
        importlib.import_module(library)
    small = make_instance(WARM_UNITS, 0)
    for travel_min in (small.travel_min, None):
        group_units(small.units, small.links, small.load, travel_min, small.rules)
