"""The works contracts of a plan at every combination of the coefficients' values, and their range."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pandas as pd

from gunmane.assumptions import Assumptions
from gunmane.contracts.engineers import Draw
from gunmane.contracts.expected import BACKLOG_FROM, bundle_contracts
from gunmane.contracts.terms import duties_of, terms_of

COUNTS = ("bridge_count", "backlog_count", "ungraded_count")
RANGED = ("worsening_contracts", "backlog_contracts", "contracts", "dedicated_contracts", "engineers")
"""Figures of a year that `works_figures` gives as low (`…_low`), central and high (`…_high`)."""


def works_trials(
    bridges: pd.DataFrame,
    assumptions: Assumptions,
    *,
    unit_ids: pd.Index,
    travel_min: np.ndarray[Any, Any],
    seed: int,
) -> pd.DataFrame:
    """
    Return the works contracts of a plan at every combination of the coefficients' values.

    Parameters
    ----------
    bridges
        As for `bundle_contracts`; no two rows of one asset.
    assumptions
        Coefficients (`KEYS`).
    unit_ids, travel_min
        Units, and minutes one way between them in that order (square; infinite where no road leads).
    seed
        Of the years that are drawn. The same bridges worsen in them whatever the bundles are, so that plans are
        compared on the same years.

    Returns
    -------
    trials
        One row a combination, the central one first: `probability, bridges_per_contract, jpy_per_bridge`, the figures
        `RANGED`. Trials of two plans with the same assumptions stand in the same order. Empty without bridges.
    """
    if bridges.empty:
        return pd.DataFrame(columns=["probability", "bridges_per_contract", "jpy_per_bridge", *RANGED])
    duties, rows = duties_of(assumptions), []
    draw = Draw(bridges, duties, unit_ids=unit_ids, travel_min=travel_min, seed=seed)
    for terms in terms_of(assumptions):
        total = bundle_contracts(bridges, terms, duties)
        sums = {name: float(total[name].sum(skipna=False)) for name in RANGED if name in total}
        engineers = sums["dedicated_contracts"] * draw.engineers_per_contract(terms)
        rows.append({**dataclasses.asdict(terms), **sums, "engineers": engineers})
    return pd.DataFrame(rows)


def works_figures(bridges: pd.DataFrame, trials: pd.DataFrame) -> dict[str, float]:
    """
    Return the figures of a plan's works contracts: counts, and low, central and high of a year.

    Low and high are the least and the most over all trials. `borderline_contracts` are those that need an engineer
    at the high cost of a bridge and none at the low one, all else central. Without bridges every figure is NaN.
    """
    if trials.empty:
        names = [*COUNTS, *(f"{name}{end}" for name in RANGED for end in ("_low", "", "_high"))]
        return dict.fromkeys([*names, "borderline_contracts"], math.nan)
    grade = pd.to_numeric(bridges["condition"], errors="coerce")
    counts = (len(bridges), int((grade >= BACKLOG_FROM).sum()), int(grade.isna().sum()))
    figures: dict[str, float] = dict(zip(COUNTS, counts, strict=True))
    for name in RANGED:
        values = trials[name].to_numpy(dtype="float64")
        figures |= {f"{name}_low": values.min(), name: values[0], f"{name}_high": values.max()}
    first = trials.iloc[0]
    alike = trials[
        (trials["probability"] == first["probability"])
        & (trials["bridges_per_contract"] == first["bridges_per_contract"])
    ]["dedicated_contracts"].to_numpy(dtype="float64")
    figures["borderline_contracts"] = alike.max() - alike.min()
    return {name: float(value) for name, value in figures.items()}
