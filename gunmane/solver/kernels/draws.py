"""Drawn numbers: one row of them for each seed, the same on every machine."""

from __future__ import annotations

from gunmane.solver.compiled import inlined
from gunmane.solver.kernels.state import SEED, Array

MASK = 0xFFFFFFFF
SPREAD, OFFSET, ALL = 2_654_435_761, 88_172_645, 4_294_967_295


def first_of(seed: int) -> int:
    """Return what a row of drawn numbers begins with (never 0, where it would stay)."""
    return (seed * SPREAD + OFFSET) % ALL + 1


@inlined
def draw(counters: Array) -> int:
    """Return the next of a row of 32-bit numbers (Marsaglia 2003, xorshift)."""
    x = counters[SEED]
    x ^= (x << 13) & MASK
    x ^= x >> 17
    x ^= (x << 5) & MASK
    counters[SEED] = x
    return x
