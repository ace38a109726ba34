"""Which rules a plan's own bundles would break on changed roads, and which they would no longer."""

from __future__ import annotations

import pandas as pd

from gunmane.scenario import Ground, Plan
from gunmane.what_if.serving import Bases
from gunmane.workbench import Draft, draft_of
from gunmane.workbench.board import Board

COLUMNS = ["strand", "bundle_id", "rule", "unit_id", "amount", "limit", "column"]
# The names of today's areas begin so (`evidence.today_state`).
TODAY = "T"
KEYS = ["strand", "bundle_id", "rule", "unit_id", "column"]


def broken_rules(
    plan: Plan, ground: Ground, bases: Bases, served: pd.DataFrame, *, before: pd.DataFrame | None = None
) -> pd.DataFrame:
    """
    Return the rules not kept before or after the changes.

    Parameters
    ----------
    plan
        Whose bundles.
    ground
        As it would be.
    bases
        Bundle -> units of its bases as it would be.
    served
        Units and bases as they would be (`serving.served_units`).
    before
        Rules not kept before (columns of `Plan.broken`); None takes those of the plan.

    Returns
    -------
    broken
        `strand, bundle_id, rule, unit_id, amount, limit, column`; `is_before`, `is_after`. Amounts are those after
        where there are any. A bundle served from several bases keeps the travel limit where the nearest base does.
    """
    if plan.bundles.index.str.startswith(TODAY).all():
        # Today's areas are exempt from the rules, before and after.
        columns = [*KEYS, "amount", "limit", "is_before", "is_after"]
        return pd.DataFrame({name: pd.Series(dtype="object") for name in columns})
    base_of = {bundle: own[0] for bundle, own in bases.items() if own}
    draft = draft_of(plan).replace(bases=base_of)
    after = _judged(plan, ground, draft)
    shared = {bundle for bundle, own in bases.items() if len(own) > 1}
    if shared and len(after):
        after = after[~_is_near(after, shared, served)]
    old = (plan.broken if before is None else before).reindex(columns=COLUMNS)
    table = pd.concat([after.assign(is_after=True), old.assign(is_before=True)], ignore_index=True)
    for side in ("is_before", "is_after"):
        if side not in table:
            table[side] = False
        table[side] = table[side].fillna(value=False).astype(bool)
    grouped = table.groupby(KEYS, sort=True, dropna=False)
    return grouped.agg(
        {"amount": "first", "limit": "first", "is_before": "any", "is_after": "any"}
    ).reset_index()


def _judged(plan: Plan, ground: Ground, draft: Draft) -> pd.DataFrame:
    """Return the rules that the bundles of a draft break on a ground."""
    board = Board(plan.scenario, ground)
    rows = [
        row
        for name, one in board.judged(draft).items()
        for row in one.broken(name, board.problems[name].unit_ids)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _is_near(broken: pd.DataFrame, shared: set[str], served: pd.DataFrame) -> pd.Series:
    """Return which rows are units too far from the one base of their bundle, but not from another."""
    away = served.set_index(["strand", "unit_id"])["out_min"]
    own = pd.MultiIndex.from_frame(broken[["strand", "unit_id"]])
    is_far = (broken["rule"] == "travel_limit") & broken["bundle_id"].isin(shared)
    return is_far & (away.reindex(own).to_numpy() <= broken["limit"].to_numpy())
