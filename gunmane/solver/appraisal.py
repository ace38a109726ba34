"""What dissolving or splitting each bundle would change, worked out anew only where bundles changed."""

from __future__ import annotations

import numpy as np

from gunmane.solver.moves import Bundling
from gunmane.solver.problem import Array


class Appraisal:
    """
    Losses and gains of the bundles of a bundling, remembered by the stamps of the bundles they depend on.

    Parameters
    ----------
    bundling
        Followed as it changes; its weights must be the same at every call.
    """

    def __init__(self, bundling: Bundling) -> None:
        self._bundling = bundling
        self._gains: dict[int, tuple[int, tuple[float, int]]] = {}
        self._losses: dict[int, tuple[int, list[int], Array, float]] = {}

    def gains(self) -> tuple[Array, Array]:
        """Return about what a second base in each bundle saves (-infinity for a single atom), and its column."""
        found = []
        for bundle, stamp in enumerate(self._bundling.stamps.tolist()):
            known = self._gains.get(bundle)
            if known is None or known[0] != stamp:
                known = self._gains[bundle] = (stamp, gain_of(self._bundling, bundle))
            found.append(known[1])
        return np.array([gain for gain, _ in found]), np.array([column for _, column in found])

    def losses(self) -> Array:
        """Return about what dissolving each bundle into its neighbours costs; infinite where it has none."""
        stamps = self._bundling.stamps
        found = []
        for bundle, stamp in enumerate(stamps.tolist()):
            known = self._losses.get(bundle)
            if known is None or known[0] != stamp or not self._holds(known[1], known[2]):
                # An atom next to the bundle that changes hands leaves one of these neighbours.
                others = sorted(self._bundling.neighbours_of(bundle))
                loss = loss_of(self._bundling, bundle, others)
                known = self._losses[bundle] = (stamp, others, stamps[others].copy(), loss)
            found.append(known[3])
        return np.array(found)

    def _holds(self, others: list[int], stamps: Array) -> bool:
        now = self._bundling.stamps
        return not others or (others[-1] < len(now) and bool((now[others] == stamps).all()))


def loss_of(bundling: Bundling, bundle: int, others: list[int]) -> float:
    """Return about what dissolving a bundle into its neighbours costs; infinite where it has none."""
    if not others:
        return np.inf
    own = bundling.table[bundling.members(bundle)]
    shifted = own[:, bundling.base_columns[others]].min(axis=1).sum()
    part = bundling.measure[others] + bundling.measure[bundle] / len(others)
    window = bundling.window_cost(part).sum() - bundling.window_cost(bundling.measure[others]).sum()
    return float(shifted + window - bundling.cost_of(bundle))


def gain_of(bundling: Bundling, bundle: int) -> tuple[float, int]:
    """Return about what a second base in a bundle saves, and its column; -infinity for a single atom."""
    members = bundling.members(bundle)
    if len(members) < 2:
        return -np.inf, 0
    own = np.flatnonzero(bundling.labels[bundling.atoms.owner] == bundle)
    base = int(bundling.base_columns[bundle])
    own = own[bundling.atoms.owner[own] != bundling.atoms.owner[base]]
    halves = 2 * bundling.window_cost(bundling.measure[[bundle]] / 2)[0]
    if len(own) == 0:
        return float(-halves), base
    now = bundling.table[members, base]
    served = np.minimum(bundling.table[np.ix_(members, own)], now[:, None]).sum(axis=0)
    best = int(np.argmin(served))
    return float(bundling.cost_of(bundle) - served[best] - halves), int(own[best])
