"""Soft terms: what a plan should be like beside short ways, each 0 when perfect and counted in hours."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.solver.minutes import Array
from gunmane.solver.problem import Problem

REFERENCE = "reference"


def soft_terms(problem: Problem, labels: Array) -> dict[str, float]:
    """
    Return every soft term of labels by its name, without strengths.

    Parameters
    ----------
    problem
        The task.
    labels
        Bundle of every unit, 0 to k-1.

    Returns
    -------
    terms
        `keeps_whole, status_quo, compactness, evenness, similarity`, and `reference_0, …` for the references: how
        far the labels are from each, as `status_quo` is from today's areas.
    """
    terms = {
        "keeps_whole": divided_towns(problem, labels),
        "status_quo": strayed_work(labels, problem.area, problem.measure),
        "compactness": cut_links(problem, labels),
        "evenness": uneven_work(problem, labels),
        "similarity": mixed_trades(labels, problem.trades),
    }
    for number, (other, _) in enumerate(problem.references):
        terms[f"{REFERENCE}_{number}"] = strayed_work(labels, other, problem.measure)
    return terms


def has_soft_terms(problem: Problem) -> bool:
    """Return whether any soft term or reference counts."""
    return any(dataclasses.astuple(problem.rules.soft)) or any(s for _, s in problem.references)


def soft_hours(problem: Problem, terms: dict[str, float]) -> float:
    """Return the hours a year that soft terms add to the objective: strength times term times `reference_hours`."""
    strengths = dataclasses.asdict(problem.rules.soft)
    strengths |= {f"{REFERENCE}_{i}": strength for i, (_, strength) in enumerate(problem.references)}
    weighed = sum(strength * terms[name] for name, strength in sorted(strengths.items()) if strength)
    return weighed * problem.reference_hours if weighed else 0.0


def divided_towns(problem: Problem, labels: Array) -> float:
    """Return the bundles beyond one that municipalities are divided among, over the number of municipalities."""
    towns = int(problem.municipality.max(initial=-1)) + 1
    held = _kinds(problem.municipality, labels)
    return (len(held) - towns) / towns if towns else 0.0


def strayed_work(labels: Array, areas: Array, work: Array) -> float:
    """
    Return the part of the work that lies outside the largest overlap of its bundle with an area, and of its area
    with a bundle, the mean of both.

    Parameters
    ----------
    labels, areas
        Bundle and area of each unit.
    work
        Work of each unit.
    """
    total = float(work.sum())
    if total <= 0:
        return 0.0
    shared = _table(labels, areas, work)
    return float((2 * total - shared.max(axis=0).sum() - shared.max(axis=1).sum()) / (2 * total))


def cut_links(problem: Problem, labels: Array) -> float:
    """Return the links between units of two bundles, over all links."""
    if len(problem.pairs) == 0:
        return 0.0
    return float((labels[problem.pairs[:, 0]] != labels[problem.pairs[:, 1]]).mean())


def uneven_work(problem: Problem, labels: Array) -> float:
    """Return how far the measures of bundles on land with work lie from their mean, over all measure."""
    total = float(problem.measure.sum())
    if total <= 0:
        return 0.0
    measures = np.bincount(labels, weights=problem.measure)
    own = measures[np.bincount(labels, weights=problem.has_work[problem.territory]) > 0]
    return float(np.abs(own - own.mean()).sum() / total)


def mixed_trades(labels: Array, trades: Array) -> float:
    """
    Return the chance that two hours of work in one bundle are of different trades, bundles weighted by their hours.

    Parameters
    ----------
    labels
        Bundle of each unit.
    trades
        Units x trades: hours on site a year.
    """
    if trades.shape[1] == 0 or not trades.any():
        return 0.0
    hours = np.column_stack([np.bincount(labels, weights=column) for column in trades.T])
    sums = hours.sum(axis=1)
    own = sums > 0
    return float((sums[own] - (hours[own] ** 2).sum(axis=1) / sums[own]).sum() / sums.sum())


def _kinds(one: Array, other: Array) -> Array:
    """Return the different pairs of two numbers >= 0, as one number each."""
    return np.unique(one * (int(other.max(initial=0)) + 1) + other)


def _table(one: Array, other: Array, values: Array) -> Array:
    """Return the sums of values by two numbers >= 0."""
    shape = (int(one.max()) + 1, int(other.max()) + 1)
    flat = np.bincount(one * shape[1] + other, weights=values, minlength=shape[0] * shape[1])
    return flat.reshape(shape)
