"""Shares of draws: which units stay together, and how firm the border between two bundles is."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from gunmane.graph import Floats
from gunmane.robustness.solving import Labels
from gunmane.scenario import Plan

CERTAINTY = 0.95  # of the intervals
PAIR_COLUMNS = (
    "strand",
    "source_id",
    "target_id",
    "bundle_id",
    "to_bundle_id",
    "is_together",
    "together_share",
    "low",
    "high",
)
BORDER_COLUMNS = (
    "strand",
    "bundle_id",
    "to_bundle_id",
    "pair_count",
    "apart_share",
    "low",
    "high",
    "whole_share",
    "same_count_share",
    "verdict",
    "is_sure",
)
UNIT_COLUMNS = ("strand", "unit_id", "bundle_id", "base_unit_id", "with_base_share", "low", "high")
COUNT_COLUMNS = ("strand", "bundle_count", "draws", "share", "is_chosen")
Bools = npt.NDArray[np.bool_]


def wilson_interval(share: npt.ArrayLike, draws: int) -> tuple[Floats, Floats]:
    """
    Return the interval (low, high) in which a share of so many draws lies with 95 % certainty.

    Score interval of Wilson (1927), doi:10.1080/01621459.1927.10502953: it stays inside 0-1 and is honest for few
    draws, also where all or none agree. Without draws it is 0 to 1.
    """
    part = np.asarray(share, float)
    if draws == 0:
        return np.zeros_like(part), np.ones_like(part)
    z2 = NormalDist().inv_cdf((1 + CERTAINTY) / 2) ** 2
    middle = (part + z2 / (2 * draws)) / (1 + z2 / draws)
    half = np.sqrt(z2 * (part * (1 - part) / draws + z2 / (4 * draws**2))) / (1 + z2 / draws)
    return np.maximum(middle - half, 0.0), np.minimum(middle + half, 1.0)


class Counted:
    """
    The draws of one strand beside its plan.

    Parameters
    ----------
    plan, strand
        The plan and the name of the strand.
    units
        Unit ids in the order of the labels.
    labels
        One row a draw: the bundle of each unit.
    """

    def __init__(self, plan: Plan, strand: str, units: pd.Index, labels: Labels) -> None:
        own = plan.assignment[plan.assignment["strand"] == strand].set_index("unit_id")["bundle_id"]
        self.strand, self.units, self.labels = strand, units, labels
        self.bundle = own.reindex(units).to_numpy()
        self.bases = plan.bundles["base_unit_id"].reindex(self.bundle).to_numpy()
        links = plan.ground.links
        one, other = (units.get_indexer(links[end]) for end in ("source_id", "target_id"))
        known = (one >= 0) & (other >= 0)
        self.one, self.other = one[known], other[known]
        self.count = np.array([len(np.unique(row)) for row in labels], dtype=np.int64)
        self.plan_count = len(set(self.bundle))

    @property
    def is_together(self) -> Bools:
        """One row a draw, one column a pair of neighbours: whether they share a bundle."""
        together: Bools = np.equal(self.labels[:, self.one], self.labels[:, self.other])
        return together

    def pairs(self) -> pd.DataFrame:
        """Return the share of draws in which each pair of neighbouring units stays together."""
        table = pd.DataFrame(
            {
                "strand": self.strand,
                "source_id": self.units[self.one],
                "target_id": self.units[self.other],
                "bundle_id": self.bundle[self.one],
                "to_bundle_id": self.bundle[self.other],
            }
        )
        table["is_together"] = table["bundle_id"] == table["to_bundle_id"]
        table["together_share"] = _mean(self.is_together)
        return _with_interval(table, "together_share", len(self.labels))[list(PAIR_COLUMNS)]

    def borders(self, *, firm_from: float, fragile_below: float) -> pd.DataFrame:
        """Return how firm the border between each two bundles is that touch."""
        ends = np.sort(np.column_stack([self._rank(self.one), self._rank(self.other)]), axis=1)
        across = ends[:, 0] != ends[:, 1]
        apart, ends = ~self.is_together[:, across], ends[across]
        same = self.count == self.plan_count
        names = self._names()
        rows = []
        for pair in np.unique(ends, axis=0):
            own = apart[:, (ends == pair).all(axis=1)]
            rows.append(
                {
                    "strand": self.strand,
                    "bundle_id": names[pair[0]],
                    "to_bundle_id": names[pair[1]],
                    "pair_count": own.shape[1],
                    "apart_share": float(_mean(own.mean(axis=1))),
                    "whole_share": float(_mean(own.all(axis=1))),
                    "same_count_share": float(_mean(own[same].mean(axis=1))),
                }
            )
        table = pd.DataFrame(rows, columns=[c for c in BORDER_COLUMNS if c not in ("low", "high")])
        table = _with_interval(table, "apart_share", len(self.labels))
        table["verdict"] = _verdicts(table["apart_share"], firm_from, fragile_below)
        ends_agree = [
            _verdicts(table[end], firm_from, fragile_below) == table["verdict"] for end in ("low", "high")
        ]
        table["is_sure"] = ends_agree[0] & ends_agree[1] & (table["verdict"] != "unknown")
        return table[list(BORDER_COLUMNS)]

    def of_units(self) -> pd.DataFrame:
        """Return for each unit the share of draws in which it is in one bundle with its plan's base."""
        base = self.units.get_indexer(self.bases)
        share = _mean(np.equal(self.labels, self.labels[:, base]))
        table = pd.DataFrame(
            {
                "strand": self.strand,
                "unit_id": self.units,
                "bundle_id": self.bundle,
                "base_unit_id": self.bases,
                "with_base_share": np.where(base >= 0, share, np.nan),
            }
        )
        return _with_interval(table, "with_base_share", len(self.labels))[list(UNIT_COLUMNS)]

    def counts(self) -> pd.DataFrame:
        """Return how often each number of bundles was drawn."""
        counts, draws = np.unique(self.count, return_counts=True)
        return pd.DataFrame(
            {
                "strand": self.strand,
                "bundle_count": counts,
                "draws": draws,
                "share": draws / max(len(self.labels), 1),
                "is_chosen": counts == self.plan_count,
            }
        )[list(COUNT_COLUMNS)]

    def _names(self) -> npt.NDArray[np.object_]:
        """Bundles in the order of their numbers (D2 before D10)."""
        names = sorted(set(self.bundle), key=lambda name: (len(name), name))
        return np.array(names, dtype=object)

    def _rank(self, rows: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
        return pd.Index(self._names()).get_indexer(self.bundle[rows])


def _mean(values: npt.ArrayLike) -> npt.NDArray:
    """Mean over the draws; NaN without any."""
    rows = np.asarray(values)
    return rows.mean(axis=0) if len(rows) else np.full(rows.shape[1:], np.nan)


def _with_interval(table: pd.DataFrame, column: str, draws: int) -> pd.DataFrame:
    low, high = wilson_interval(table[column].to_numpy(float), draws)
    return table.assign(low=low, high=high)


def _verdicts(share: pd.Series, firm_from: float, fragile_below: float) -> pd.Series:
    words = np.select(
        [share >= firm_from, share < fragile_below, share.notna()], ["firm", "fragile", "between"], "unknown"
    )
    return pd.Series(words, index=share.index, dtype="str")


def count_draws(plan: Plan, units: Mapping[str, pd.Index], draws: list[dict[str, Labels]]) -> list[Counted]:
    """Return the draws of every strand beside the plan."""
    counted = []
    for strand, ids in units.items():
        rows = [labels[strand] for labels in draws]
        table = np.array(rows, dtype=np.int32).reshape(len(rows), len(ids))
        counted.append(Counted(plan, strand, ids, table))
    return counted
