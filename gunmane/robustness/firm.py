"""How firm the borders of a plan are."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from gunmane.i18n import LANGUAGES, say
from gunmane.plans import plan_labels, scenario_assumptions
from gunmane.robustness.shares import Counted, count_draws
from gunmane.robustness.solving import Stock, take_stock
from gunmane.robustness.workers import Run, run_draws, worker_count
from gunmane.scenario import Note, Plan
from gunmane.strands import Progress

# The part of the work before the first draw (the roads are built again), for the progress bar only.
START_SHARE = 0.02
SAME_COUNT_USUAL = 0.5  # below it most draws have another number of bundles than the plan


@dataclasses.dataclass(frozen=True, eq=False)
class Firmness:
    """
    Which borders of a plan stay when what it assumes changes.

    `low` and `high` are the interval in which a share lies with 95 % certainty for so many draws; a share is NaN
    where no draw is done.

    Parameters
    ----------
    pairs
        One row a strand and pair of neighbouring units: `strand, source_id, target_id, bundle_id, to_bundle_id`
        (the plan's), `is_together` (in the plan), `together_share` (of the draws), `low, high`.
    borders
        One row a pair of bundles that touch: `strand, bundle_id, to_bundle_id, pair_count` (neighbouring units across
        the border), `apart_share` (mean over them of the share of draws in which they stay apart), `low, high`,
        `whole_share` (draws in which all of them do), `same_count_share` (`apart_share` of the draws with as many
        bundles as the plan; NaN where none has), `verdict` (firm, between, fragile; unknown without a draw; by rows of
        the assumptions), `is_sure` (whether the whole interval says so).
    table
        One row a strand and unit: `strand, unit_id, bundle_id, base_unit_id, with_base_share` (draws in which it is in
        one bundle with the base of its bundle; NaN where that is not known), `low, high`.
    counts
        `strand, bundle_count, draws, share, is_chosen`: the numbers of bundles that were drawn.
    draws, asked
        Draws done and draws asked for.
    failures
        Draws whose rows contradict the user's choices.
    is_cancelled
        Whether the caller ended the draws early.
    facts
        What the reader must know.
    """

    pairs: pd.DataFrame
    borders: pd.DataFrame
    table: pd.DataFrame
    counts: pd.DataFrame
    draws: int
    asked: int
    failures: int
    is_cancelled: bool
    facts: tuple[Note, ...]


def firmness(
    plan: Plan,
    *,
    draws: int = 50,
    workers: int | None = None,
    seed: int | None = None,
    keeps_count: bool = False,
    progress: Progress | None = None,
) -> Firmness:
    """
    Solve a plan again for many draws of what it assumes, and count which units stay together.

    Drawn are the rows of the assumptions (triangular within low, central, high; rows that belong together at one
    level), the speeds by class of road (every way is looked for again), what a km of road costs each body, and which
    rows each ledger lacks or has too often. The user's own ranges are drawn within; choices stay. Units, links and
    the sample data stay as they are.

    Parameters
    ----------
    plan
        A made plan.
    draws
        How many; each is solved afresh and from the plan's bundles.
    workers
        Processes; None takes one a core where there is enough to do. The result does not depend on it. A script that
        starts processes keeps its own lines under `if __name__ == "__main__":`, or takes 1.
    seed
        Seed of the draws; None takes the scenario's.
    keeps_count
        True holds the number of bundles of each strand where the plan has it, so that only places are drawn.
    progress
        Called with a fraction (0-1) and a catalogue key under `progress.`; False stops with the draws done.

    Returns
    -------
    firmness
        Also where no draw is done: its facts then say so.

    Raises
    ------
    ValueError
        If fewer than one worker is asked for.
    """
    asked = max(draws, 0)
    count = worker_count(asked, len(plan.assignment), workers)
    tell = progress or (lambda fraction, key: True)
    if asked == 0 or tell(0.0, "progress.robustness") is False:
        return _firmness(plan, Run({}, {}, is_cancelled=asked > 0), asked, None)
    stock = take_stock(plan, seed, keeps_count=keeps_count)

    def tell_part(part: float) -> bool:
        return tell(START_SHARE + (1 - START_SHARE) * part, "progress.robustness") is not False

    run = run_draws(stock, asked, workers=count, tell=tell_part)
    if run.is_lost and not run.labels:
        # Where processes cannot start at all, one that runs already can do the work.
        alone = run_draws(stock, asked, workers=1, tell=tell_part)
        run = dataclasses.replace(alone, is_alone=True)
    return _firmness(plan, run, asked, stock)


def _firmness(plan: Plan, run: Run, asked: int, stock: Stock | None) -> Firmness:
    units = {name: labels.index for name, labels in plan_labels(plan).items()}
    strands = count_draws(plan, units, list(run.labels.values()))
    rows = scenario_assumptions(plan.scenario)
    limits = {
        "firm_from": rows.value("border_firm_ratio"),
        "fragile_below": rows.value("border_fragile_ratio"),
    }
    made = Firmness(
        pairs=pd.concat([own.pairs() for own in strands], ignore_index=True),
        borders=pd.concat([own.borders(**limits) for own in strands], ignore_index=True),
        table=pd.concat([own.of_units() for own in strands], ignore_index=True),
        counts=pd.concat([own.counts() for own in strands], ignore_index=True),
        draws=len(run.labels),
        asked=asked,
        failures=len(run.failures),
        is_cancelled=run.is_cancelled,
        facts=(),
    )
    facts = _run_facts(run, asked)
    if run.labels:
        facts += _result_facts(made, strands, limits, is_held=stock is not None and stock.keeps_count)
    if stock is not None and stock.roads is None:
        facts.append(Note.of("robustness_speeds_scaled"))
    return dataclasses.replace(made, facts=tuple(facts))


def _run_facts(run: Run, asked: int) -> list[Note]:
    """What became of the draws."""
    done = len(run.labels)
    facts = []
    if run.is_alone:
        facts.append(Note.of("robustness_one_process"))
    if run.is_lost:
        facts.append(Note.of("robustness_worker_lost", done=done, asked=asked))
    if run.is_cancelled:
        facts.append(Note.of("robustness_cancelled", done=done, asked=asked))
    if run.failures:
        first = next(iter(run.failures.values()))
        reasons = {f"reason_{lang}": say(first, lang) for lang in LANGUAGES}
        facts.append(Note.of("robustness_failed", count=len(run.failures), **reasons))
    if not done:
        facts.append(Note.of("robustness_none"))
    return facts


def _result_facts(
    made: Firmness, strands: list[Counted], limits: dict[str, float], *, is_held: bool
) -> list[Note]:
    total = np.sum([own.count for own in strands], axis=0)
    chosen = sum(own.plan_count for own in strands)
    widest = float((made.pairs["high"] - made.pairs["low"]).max()) / 2 if len(made.pairs) else 0.0
    inside = made.pairs[made.pairs["is_together"]]["together_share"]
    across = made.pairs[~made.pairs["is_together"]]["together_share"]
    facts = [Note.of("robustness_made", done=made.draws), *count_facts(total, chosen, is_held=is_held)]
    if made.borders.empty:
        facts.append(Note.of("robustness_no_border"))
    else:
        words = made.borders["verdict"].value_counts()
        facts.append(
            Note.of(
                "robustness_borders",
                total=len(made.borders),
                firm=int(words.get("firm", 0)),
                fragile=int(words.get("fragile", 0)),
                sure=int(made.borders["is_sure"].sum()),
                **{name: _percent(value) for name, value in limits.items()},
            )
        )
        facts.append(
            Note.of("robustness_pairs", inside=_percent(inside.mean()), across=_percent(across.mean()))
        )
    return [
        *facts,
        Note.of("robustness_precision", done=made.draws, points=_percent(widest)),
        Note.of("robustness_unchanged"),
    ]


def count_facts(total: np.ndarray[Any, np.dtype[Any]], chosen: int, *, is_held: bool) -> list[Note]:
    """Tell what became of the number of bundles; where a draw could not hold it, that is told as well."""
    same = float((total == chosen).mean())
    if is_held and same == 1:
        return [Note.of("robustness_count_held", count=chosen)]
    span = {"low": int(total.min()), "high": int(total.max())}
    if span["low"] == span["high"] == chosen:
        return [Note.of("robustness_count_same", count=chosen)]
    facts = [Note.of("robustness_counts", **span, chosen=chosen, percent=_percent(same))]
    return [*facts, Note.of("robustness_count_moves")] if same < SAME_COUNT_USUAL else facts


def _percent(share: float) -> int:
    return round(100 * share) if np.isfinite(share) else 0
