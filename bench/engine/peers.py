"""Other peers: scikit-learn, spopt, GerryChain and networkx, each on one connected part."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from bench.engine.metis import mended_starts
from bench.engine.parts import WHOLE_NUMBERS, Array, Part

ROUGH_MAXP = {"max_iterations_construction": 20, "max_iterations_sa": 5}
METRES = ["x", "y"]
RECOM_SLACK = 0.10
RECOM_STEPS = 1_000_000
RECOM_TILT = 0.02  # chance that a worse plan is taken
RECOM_ATTEMPTS = 200
LOUVAIN_STEPS = 12


def ward_starts(part: Part, _seed: int) -> Iterator[Array | None]:
    """Yield scikit-learn's Ward clusters of places, joined along links only; there is nothing to draw."""
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(n_clusters=part.count, connectivity=part.graph, linkage="ward")
    yield np.asarray(model.fit_predict(part.places))


def spopt_starts(name: str, part: Part, seed: int) -> Iterator[Array | None]:
    """Yield what a regionalisation of spopt gives: WardSpatial and Skater once, AZP from other seeds again."""
    from spopt import region

    points, weights = _points(part), _weights(part)
    for number in itertools.count():
        np.random.seed(seed + number)  # noqa: NPY002 - the methods draw from it
        more: dict[str, Any] = {"random_state": seed + number} if name == "AZP" else {}
        model = getattr(region, name)(points, weights, METRES, n_clusters=part.count, **more)
        model.solve()
        yield np.unique(np.asarray(model.labels_), return_inverse=True)[1]
        if name != "AZP":
            return


def maxp_starts(part: Part, seed: int) -> Iterator[Array | None]:
    """Yield what MaxPHeuristic gives with the window's floor as its threshold."""
    from spopt import region

    points, weights = _points(part), _weights(part)
    for number in itertools.count():
        np.random.seed(seed + number)  # noqa: NPY002 - the method draws from it
        model = region.MaxPHeuristic(points, weights, METRES, "work", part.floor, top_n=2, **ROUGH_MAXP)
        model.solve()
        yield np.unique(np.asarray(model.labels_), return_inverse=True)[1]


def louvain_starts(part: Part, seed: int) -> Iterator[Array | None]:
    """Yield communities of networkx with the resolution moved until their number is right."""
    import networkx as nx

    graph = _graph(part)
    for number in itertools.count():
        low, high = 1e-3, 100.0
        for _ in range(LOUVAIN_STEPS):
            middle = float(np.sqrt(low * high))
            found = nx.community.louvain_communities(
                graph, weight="nearness", resolution=middle, seed=seed + number
            )
            labels = np.zeros(part.size, dtype=np.int64)
            for label, members in enumerate(found):
                labels[list(members)] = label
            yield labels
            if len(found) == part.count:
                break
            low, high = (middle, high) if len(found) < part.count else (low, middle)


def recom_starts(part: Part, seed: int) -> Iterator[Array | None]:
    """
    Yield the plans of a ReCom chain that mostly takes what drives less (GerryChain's tilted run).

    It begins at a METIS plan mended into the window: on such land GerryChain's own first plan takes minutes at
    10,000 units. Plans outside +/-10 % are not among the chain's: it cuts spanning trees where both sides keep it.
    """
    from gerrychain import Graph, Partition
    from gerrychain.optimization import SingleMetricOptimizer
    from gerrychain.proposals import recom
    from gerrychain.tree import bipartition_tree

    labels = None
    for labels in mended_starts(part, seed):
        yield labels
        if labels is not None and part.rank(labels)[:2] == (0, 0.0):
            break
    assert labels is not None
    hours = {"hours": functools.partial(_chain_hours, part)}
    first = Partition(Graph.from_networkx(_graph(part)), dict(enumerate(labels.tolist())), hours)
    split = functools.partial(bipartition_tree, max_attempts=RECOM_ATTEMPTS, allow_pair_reselection=True)
    propose = functools.partial(
        recom, pop_col="work", pop_target=WHOLE_NUMBERS, epsilon=RECOM_SLACK, bipartition_tree_fn=split
    )
    chain = SingleMetricOptimizer(propose, [], first, _total_hours, maximize=False, rng=random.Random(seed))
    best = np.inf
    for plan in chain.tilted_run(RECOM_STEPS, RECOM_TILT):
        total = _total_hours(plan)
        yield _chain_labels(part, plan) if total < best else None
        best = min(best, total)


def _chain_hours(part: Part, plan: Any) -> dict[Any, float]:
    """Return hours of each bundle, worked out anew only where the last step changed bundles."""
    known = {} if plan.parent is None else dict(plan.parent["hours"])
    changed = set(plan.parts)
    if plan.parent is not None:
        changed = {at[node] for node in plan.flips for at in (plan.assignment, plan.parent.assignment)}
    for label in changed:
        known[label] = part.bundle_hours(np.array(sorted(plan.parts[label])))
    return known


def _total_hours(plan: Any) -> float:
    return sum(plan["hours"].values())


def _chain_labels(part: Part, plan: Any) -> Array:
    labels = np.zeros(part.size, dtype=np.int64)
    for label, members in enumerate(plan.parts.values()):
        labels[list(members)] = label
    return labels


def _graph(part: Part) -> Any:
    import networkx as nx

    graph = nx.Graph()
    graph.add_nodes_from((row, {"work": int(work)}) for row, work in enumerate(part.whole_work.tolist()))
    nearness = 1 / (1 + part.minutes)
    pairs = zip(part.sources.tolist(), part.ends.tolist(), nearness.tolist(), strict=True)
    graph.add_weighted_edges_from(((a, b, near) for a, b, near in pairs if a < b), weight="nearness")
    return graph


def _points(part: Part) -> Any:
    import geopandas as gpd

    frame = pd.DataFrame({"x": part.places[:, 0], "y": part.places[:, 1], "work": part.work})
    return gpd.GeoDataFrame(frame, geometry=gpd.points_from_xy(frame["x"], frame["y"]))


def _weights(part: Part) -> Any:
    from libpysal.weights import W

    cuts = part.starts[1:-1]
    near = {row: own.tolist() for row, own in enumerate(np.split(part.ends, cuts))}
    return W(near, silence_warnings=True)


PEERS: dict[str, Callable[[Part, int], Iterator[Array | None]]] = {
    "GerryChain ReCom": recom_starts,
    "scikit-learn Ward along links": ward_starts,
    "spopt WardSpatial": functools.partial(spopt_starts, "WardSpatial"),
    "spopt Skater": functools.partial(spopt_starts, "Skater"),
    "spopt AZP": functools.partial(spopt_starts, "AZP"),
    "spopt MaxPHeuristic": maxp_starts,
    "networkx Louvain": louvain_starts,
}
