"""Works contracts a year to expect: of bridges that come to need repair, and of those that need it now."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd
from scipy.special import betainc

from gunmane.contracts.terms import Duties, Terms, dedicated_from

# Grades III and IV (早期措置, 緊急措置) are the backlog.
BACKLOG_FROM = 3


@functools.cache
def expected_contracts(
    bridge_count: int, *, probability: float, bridges_per_contract: int, at_least: int = 1
) -> float:
    """
    Contracts a year to expect of bridges that each come to need repair with the same probability.

    With X ~ Bin(N, q) bridges a year and at most L in a contract: `f(N, L) = sum_n P(X = n) ceil(n / L)`
    (福山・水谷, 東北大, 未査読稿). As `ceil(n / L)` counts the k >= 0 with `n > k L`, that is `sum_k P(X > k L)`:
    only tails between 0 and 1 are added, so no digit is lost for any N.

    Parameters
    ----------
    bridge_count
        N, bridges that are ordered together (>= 0).
    probability
        q (0-1), a bridge and year.
    bridges_per_contract
        L (>= 1).
    at_least
        Count only contracts of so many bridges or more (>= 1), each contract but the last being full.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    if bridge_count < 0 or not 0 <= probability <= 1 or bridges_per_contract < 1 or at_least < 1:
        msg = (
            f"out of range: N={bridge_count}, q={probability}, L={bridges_per_contract}, at least {at_least}"
        )
        raise ValueError(msg)
    if at_least > bridges_per_contract:
        return 0.0
    reached = np.arange(at_least, bridge_count + 1, bridges_per_contract)
    # scipy.stats says the same to the last bit, and takes 24 MB of every process that imports it.
    return float(betainc(reached, bridge_count - reached + 1, probability).sum())


def backlog_contracts(
    backlog_count: int, *, spread_years: int, bridges_per_contract: int, at_least: int = 1
) -> float:
    """
    Contracts a year for bridges that need repair now, spread over some years as evenly as whole bridges allow.

    Parameters
    ----------
    backlog_count
        Bridges graded III or IV that are ordered together (>= 0).
    spread_years, bridges_per_contract, at_least
        Years (>= 1); most bridges in a contract (>= 1); count only contracts of so many bridges or more.
    """
    each, more = divmod(backlog_count, spread_years)
    counts = [
        n // bridges_per_contract * (at_least <= bridges_per_contract)
        + (n % bridges_per_contract >= at_least)
        for n in (each + 1, each)
    ]
    return (more * counts[0] + (spread_years - more) * counts[1]) / spread_years


def bundle_contracts(bridges: pd.DataFrame, terms: Terms, duties: Duties) -> pd.DataFrame:
    """
    Return the works contracts a year of each bundle.

    Parameters
    ----------
    bridges
        One row a bridge: `asset_id, unit_id, bundle_id, condition` (1-4, missing where no grade is known).
    terms, duties
        The coefficients.

    Returns
    -------
    table
        Indexed by `bundle_id`: `bridge_count, backlog_count` (graded III or IV), `ungraded_count` (no grade: counted
        here and in no backlog), `worsening_contracts, backlog_contracts, contracts` (their sum, 1/year),
        `dedicated_contracts` (those that need an engineer of their own; NaN where the cost is unknown).
    """
    grade = pd.to_numeric(bridges["condition"], errors="coerce").astype("float64")
    marked = bridges[["bundle_id"]].assign(
        bridge_count=1,
        backlog_count=(grade >= BACKLOG_FROM).astype("int64"),
        ungraded_count=grade.isna().astype("int64"),
    )
    table = marked.groupby("bundle_id", sort=True).sum()
    least = dedicated_from(terms.jpy_per_bridge, duties.dedicated_from_jpy)

    def counted(at_least: int) -> tuple[list[float], list[float]]:
        together = {"bridges_per_contract": terms.bridges_per_contract, "at_least": at_least}
        worse = [
            expected_contracts(int(n), probability=terms.probability, **together)
            for n in table["bridge_count"]
        ]
        old = [
            backlog_contracts(int(n), spread_years=duties.spread_years, **together)
            for n in table["backlog_count"]
        ]
        return worse, old

    table["worsening_contracts"], table["backlog_contracts"] = counted(1)
    table["contracts"] = table["worsening_contracts"] + table["backlog_contracts"]
    table["dedicated_contracts"] = np.nan if least is None else np.add(*counted(least))
    return table
