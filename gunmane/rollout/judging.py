"""Bundles that are not whole yet, judged by the rules that they must keep all the same."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import pandas as pd

from gunmane.clusters import Grouping, Rules, Soft, evaluate_labels
from gunmane.rollout.land import with_hosts
from gunmane.strands import Place, Task, rules_of_place

BROKEN_COLUMNS = ["rule", "unit_id", "amount", "limit", "column"]


@dataclasses.dataclass(frozen=True, eq=False)
class Judged:
    """
    What was found of bundles.

    Parameters
    ----------
    bases
        Unit of the base of each bundle.
    travel_hours
        Hours a year of all of them.
    broken
        `bundle_id` ("" for all together) and `BROKEN_COLUMNS`.
    """

    bases: dict[str, str]
    travel_hours: float
    broken: pd.DataFrame


def judge_bundles_so_far(
    bundle_of: pd.Series, load: pd.DataFrame, task: Task, place: Place, *, bases: Mapping[str, str]
) -> Judged:
    """
    Judge bundles of a strand that are not whole yet.

    Parameters
    ----------
    bundle_of
        Bundle of each unit that is in.
    load
        Load of these units.
    task
        The strand.
    place
        These units, and what leads between them.
    bases
        Unit of the base of some bundles, also a unit that is not in; the others get the best one of their own.
    """
    hosts = sorted(set(bases.values()) - set(bundle_of.index))
    rules = growing_rules(task.rules, place)
    labels = pd.concat([bundle_of, pd.Series(hosts, index=hosts, dtype="object")]) if hosts else bundle_of
    seen = with_hosts(place, task.place, hosts) if hosts else place
    # A bundle without a trade has no column for it, a host has no work.
    work = load.reindex(labels.index).fillna(0.0).astype({"is_needed": "bool"})
    given: dict[object, str] = {host: host for host in hosts}
    given.update(bases.items())
    found = evaluate_labels(labels, seen.units, seen.links, work, seen.travel_min, rules, bases=given)
    return _without_hosts(found, labels, set(hosts))


def _without_hosts(found: Grouping, labels: pd.Series, hosts: set[str]) -> Judged:
    name = labels.reindex(found.labels.index).groupby(found.labels).first()
    broken = found.broken.assign(bundle_id=found.broken["label"].map(name).fillna(""))
    broken = broken[~broken["bundle_id"].isin(hosts)]
    bases = {str(name[label]): base for label, base in found.bases.items() if name[label] not in hosts}
    return Judged(bases, found.travel_hours, broken[["bundle_id", *BROKEN_COLUMNS]])


def growing_rules(rules: Rules, place: Place) -> Rules:
    """
    Return what a bundle must keep while it grows: everything but floors and the number of bundles.

    Whether a municipality is too large to stay whole was decided on all its work, not on what has joined so far.
    """
    windows = tuple(dataclasses.replace(window, floor=0.0) for window in rules.windows)
    return dataclasses.replace(
        rules_of_place(rules, place),
        bundle_count=None,
        keeps_municipality_whole=bool(rules.keeps_municipality_whole),
        floor=0.0,
        target=math.inf,
        windows=windows,
        soft=Soft(),
    )
