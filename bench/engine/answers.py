"""That drawn land has a plan inside its window: looked for, and where none is found the work is evened a little."""

from __future__ import annotations

import dataclasses

import numpy as np

from bench.engine import metis
from bench.engine.instances import SLACK, Instance
from bench.engine.parts import Array, Part, make_parts

STARTS = 8
# Bundles are brought so far inside the window, in mean bundles.
MARGIN = 0.01
HALVINGS = 60


def with_answer(instance: Instance) -> Instance:
    """
    Return an instance for which a connected plan inside the window is known to exist.

    METIS looks for one on each connected part. Where valleys meet at one junction there may be none: each valley too
    small for a bundle, all together too large. Then the work of the plan that comes nearest is evened, bundle by
    bundle, just until it is inside; roads and units stay as they are.
    """
    days, work = (instance.load[name].to_numpy(dtype=float) for name in ("crew_days", "measure"))
    factor = np.ones(len(work))
    for part in make_parts(instance, has_tables=False):
        labels = nearest_plan(part)
        if labels is not None:
            factor[part.rows] = _factors(part, labels)
    if (factor == 1).all():
        return instance
    moved = float(np.abs(work * factor - work).sum() / 2 / work.sum())
    load = instance.load.assign(crew_days=days * factor, measure=work * factor)
    return dataclasses.replace(instance, load=load, moved_work=moved)


def nearest_plan(part: Part) -> Array | None:
    """Return the labels that come nearest to the window; None if some are inside it."""
    if part.count == 1:
        return None
    rng = np.random.default_rng(0)
    best: tuple[float, Array] | None = None
    for number in range(STARTS):
        is_near, uneven = metis.SETTINGS[number % len(metis.SETTINGS)]
        labels = metis.cut(
            part.graph, part.whole_work, part.count, seed=number, is_near=is_near, uneven=uneven
        )
        if len(np.unique(labels)) < part.count:
            continue
        *_, labels = metis.mended(part, labels, rng, is_near=is_near)
        excess = float(part.excess(np.bincount(labels, weights=part.work, minlength=part.count)).sum())
        if excess == 0:
            return None
        if best is None or excess < best[0]:
            best = (excess, labels)
    return None if best is None else best[1]


def _factors(part: Part, labels: Array) -> Array:
    """Return what each unit's work is multiplied with so that every bundle is inside and the sum stays."""
    mean = part.work.sum() / part.count
    sums = np.bincount(labels, weights=part.work, minlength=part.count) / mean
    low, high = 1 - SLACK + MARGIN, 1 + SLACK - MARGIN
    # All bundles are scaled by one number and held inside; the number is the one that leaves the sum as it was.
    least, most = 0.5, 2.0
    for _ in range(HALVINGS):
        scale = (least + most) / 2
        least, most = (scale, most) if np.clip(sums * scale, low, high).sum() < part.count else (least, scale)
    return (np.clip(sums * scale, low, high) / sums)[labels]
