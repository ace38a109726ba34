"""A lower bound on travel hours: bases free, the work window kept, connection left out (Lagrange)."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from bench.engine.parts import Array, Part

MOST_SWEEPS = 700
FIRST_STEP, LAST_STEP = 2.0, 0.001
# The volume algorithm's habits: longer steps after a gain, shorter ones after so many sweeps without.
LONGER, SHORTER, PATIENCE = 1.1, 0.66, 10
AVERAGING = 0.03
# A base is offered the nearest units, so many bundles' worth; more only where prices reach farther.
NEAR_BUNDLES = 4


class Offer(NamedTuple):
    """
    What bases may pick from.

    `costs` hours of a crew-day from base (row) to unit (column); `near`, `near_costs` the nearest units of each base
    and their costs; `days, work` of each unit; `window` floor and ceiling of a bundle's work.
    """

    costs: Array
    near: Array
    near_costs: Array
    days: Array
    work: Array
    window: tuple[float, float]


def lower_bound(part: Part, known_hours: float) -> float:
    """
    Return hours that no plan of a connected part can go below.

    The p-median problem with a window on the work of each bundle: each unit is served by one of exactly `count`
    bases, which may stand anywhere; a bundle's work lies between floor and ceiling; that bundles must be connected
    is left out, and a unit may be divided at a bundle's edge. "Each unit is served once" is relaxed with a price for
    each unit (Lagrange; Geoffrion 1974): for given prices every base picks the units that pay most within its window
    (a knapsack solved by sorting), and the `count` best bases count. Every price vector gives a valid bound; the best
    is sought by the volume algorithm (Barahona and Anbil 2000).

    Parameters
    ----------
    part
        The part, with its table of hours.
    known_hours
        Hours of a known plan: it sets the length of the steps, never the bound.

    Returns
    -------
    hours
        The bound (hours/year).

    Raises
    ------
    ValueError
        If the part has no table of hours.
    """
    offer = make_offer(part)
    centre = _first_prices(offer, part.count)
    prices, best, step, still = centre, -np.inf, FIRST_STEP, 0
    average = np.ones(len(centre))
    for sweep in range(MOST_SWEEPS):
        chosen, values = best_bases(offer, prices, part.count)
        found = float(prices.sum() + values.sum())
        served = served_units(offer, chosen, prices)
        average = served if sweep == 0 else AVERAGING * served + (1 - AVERAGING) * average
        if found > best:
            gained = found - best > 1e-7 * abs(found) and (1 - served) @ (1 - average) > 0
            best, centre, still = found, prices, 0
            step *= LONGER if gained else 1.0
        else:
            still += 1
        if still >= PATIENCE:
            step, still = step * SHORTER, 0
        direction = 1 - average
        length = float(direction @ direction)
        if step < LAST_STEP or length < 1e-12:
            break
        prices = centre + step * max(known_hours - best, 1e-6 * known_hours) / length * direction
    return best


def make_offer(part: Part) -> Offer:
    """
    Return what the bases of a part may pick from; units without work and days are left out.

    Raises
    ------
    ValueError
        If the part has no table of hours.
    """
    if part.hours is None:
        msg = "the bound needs a table of hours"
        raise ValueError(msg)
    rows = np.flatnonzero((part.days > 0) | (part.work > 0))
    costs = np.ascontiguousarray(part.hours[:, rows])
    many = min(len(rows), NEAR_BUNDLES * -(-len(rows) // part.count))
    near = np.empty((len(costs), many), dtype=np.int32)
    for base, row in enumerate(costs):
        found = np.argpartition(row, many - 1)[:many] if many < len(rows) else np.arange(many)
        near[base] = found[np.argsort(row[found], kind="stable")]
    near_costs = np.take_along_axis(costs, near.astype(np.int64), axis=1)
    return Offer(costs, near, near_costs, part.days[rows], part.work[rows], (part.floor, part.ceiling))


def _first_prices(offer: Offer, count: int) -> Array:
    """Return the hours of each unit from a base with about half a bundle nearer to it."""
    place = min(len(offer.costs) - 1, len(offer.costs) // (2 * count))
    return np.partition(offer.costs, place, axis=0)[place] * offer.days


@njit(cache=True, nogil=True)
def best_bases(offer: Offer, prices: Array, count: int) -> tuple[Array, Array]:  # pragma: no cover - compiled
    """
    Return the `count` bases whose best picks cost least, less the prices picked, and these values.

    A first look leaves the floor out, which can only make a base look better; bases are then valued in full in that
    order, until no other can be among the best.
    """
    reach = _reach(offer, prices)
    pick = np.zeros(len(prices))
    size = len(offer.costs)
    hopes = np.empty(size)
    for base in range(size):
        hopes[base] = _picked(offer, base, prices, reach, pick, False, False)
    bases = np.empty(count, dtype=np.int64)
    values = np.full(count, np.inf)
    for base in np.argsort(hopes):
        if hopes[base] >= values[count - 1]:
            break
        value = _picked(offer, base, prices, reach, pick, True, False)
        place = count - 1
        if value >= values[place]:
            continue
        while place > 0 and values[place - 1] > value:
            values[place] = values[place - 1]
            bases[place] = bases[place - 1]
            place -= 1
        values[place] = value
        bases[place] = base
    return bases, values


@njit(cache=True, nogil=True)
def served_units(offer: Offer, bases: Array, prices: Array) -> Array:  # pragma: no cover - compiled
    """Return how often each unit is picked by some bases."""
    pick = np.zeros(len(prices))
    reach = _reach(offer, prices)
    for base in bases:
        _picked(offer, base, prices, reach, pick, True, True)
    return pick


@njit(cache=True, nogil=True)
def _reach(offer: Offer, prices: Array) -> float:  # pragma: no cover - compiled
    """Return the hours of a crew-day beyond which no unit pays its way."""
    reach = 0.0
    for unit in range(len(prices)):
        if prices[unit] > reach * offer.days[unit]:
            reach = prices[unit] / offer.days[unit] if offer.days[unit] > 0.0 else np.inf
    return reach


@njit(cache=True, nogil=True)
def _picked(
    offer: Offer, base: int, prices: Array, reach: float, pick: Array, fills: bool, notes: bool
) -> float:  # pragma: no cover - compiled
    """Return the value of one base's best pick: gains up to the ceiling; `fills`: then least losses to the floor."""
    days, work = offer.days, offer.work
    floor, ceiling = offer.window
    units, costs = offer.near[base], offer.near_costs[base]
    # Beyond the reach no unit gains, but some may be wanted to fill the floor.
    is_all = fills or costs[-1] < reach
    size = len(prices) if is_all else len(units)
    total, value = 0.0, 0.0
    ratios = np.empty(size)
    places = np.empty(size, dtype=np.int64)
    gainers, losers = 0, 0
    for place in range(size):
        unit = place if is_all else units[place]
        cost = offer.costs[base, unit] if is_all else costs[place]
        if cost > reach and not fills:
            if not is_all:
                break
            continue
        change = cost * days[unit] - prices[unit]
        if work[unit] <= 0.0:
            if change < 0.0:
                value += change
                if notes:
                    pick[unit] += 1.0
        elif change < 0.0:
            ratios[gainers] = change / work[unit]
            places[gainers] = unit
            gainers += 1
            total += work[unit]
        else:
            losers += 1
            ratios[size - losers] = change / work[unit]
            places[size - losers] = unit
    first, last, room = 0, gainers, ceiling
    if total <= ceiling:
        for place in range(gainers):
            value += ratios[place] * work[places[place]]
            if notes:
                pick[places[place]] += 1.0
        if not fills or total >= floor:
            return value
        first, last, room = size - losers, size, floor - total
    order = np.argsort(ratios[first:last])
    for at in order:
        unit = places[first + at]
        part = min(1.0, room / work[unit])
        value += part * ratios[first + at] * work[unit]
        room -= part * work[unit]
        if notes:
            pick[unit] += part
        if room <= 0.0:
            break
    return value
