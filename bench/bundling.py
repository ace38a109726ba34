"""Step (d): bundles beside spopt and networkx, judged by one measure for all."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd

from bench.measure import timed
from bench.networks import Progress
from bench.rows import OURS, Row
from gunmane.clusters import Rules, evaluate_labels, group_units
from gunmane.grounds import prepare_ground
from gunmane.plans import scenario_assumptions, scenario_work
from gunmane.scenario import Scenario
from gunmane.strands import full_load, strand_place, strand_rules
from gunmane.window import work_window

ROUGH_MAXP = {"max_iterations_construction": 20, "max_iterations_sa": 5}
FLOOR_SHARE = 0.9  # of the mean work; as a threshold this gives about as many bundles
METRES = ["x", "y"]


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """
    Units to group, without the rules that only gunmane knows (whole municipalities, borders, locks).

    Parameters
    ----------
    units, links, load, travel_min, rules
        As `gunmane.clusters.group_units` takes them; one connected part of the region.
    points
        Place of each unit's middle (m), in the order of `units`.
    count
        Bundles wanted from every method that can be asked for a number.
    """

    units: gpd.GeoDataFrame
    links: pd.DataFrame
    load: pd.DataFrame
    travel_min: np.ndarray
    rules: Rules
    points: gpd.GeoDataFrame
    count: int

    @property
    def graph(self) -> nx.Graph:
        """Units and links, nodes by row."""
        row = {unit: i for i, unit in enumerate(self.units.index)}
        graph = nx.Graph()
        graph.add_nodes_from(range(len(row)))
        nearness = 1 / (self.links["travel_min"].to_numpy() + 1)
        pairs = zip(self.links["source_id"], self.links["target_id"], nearness.tolist(), strict=True)
        graph.add_weighted_edges_from((row[a], row[b], value) for a, b, value in pairs)
        return graph


def make_task(region: str, layer: str | None = None) -> Task:
    """Return the largest connected part of a region, to be grouped into as many bundles as gunmane would make."""
    ground = prepare_ground(region)
    scenario = Scenario.default(ground.region, layer=layer)
    assumptions = scenario_assumptions(scenario)
    window = work_window(scenario, assumptions)
    work = scenario_work(scenario, ground)
    place = strand_place("", work, ground, scenario)
    load = full_load(work, place, window, assumptions)
    graph = nx.Graph(list(zip(place.links["source_id"], place.links["target_id"], strict=True)))
    part = max(nx.connected_components(graph), key=lambda members: (len(members), min(members)))
    inside = place.units.index.isin(part)
    units = place.units[inside]
    links = place.links[place.links["source_id"].isin(part) & place.links["target_id"].isin(part)]
    load = load.loc[units.index]
    count = max(2, round(float(load["measure"].sum()) / window.target[1]))
    rules = dataclasses.replace(
        strand_rules(scenario, window, assumptions, ground),
        bundle_count=count,
        keeps_municipality_whole=False,
    )
    centre = units.geometry.centroid
    points = gpd.GeoDataFrame(
        {"x": centre.x.to_numpy(), "y": centre.y.to_numpy(), "work": load["measure"].to_numpy()},
        geometry=gpd.GeoSeries(centre.to_numpy(), crs=units.crs),
        crs=units.crs,
    )
    travel = place.travel_min[np.ix_(inside, inside)]
    return Task(units, links, load, travel, rules, points, count)


def bundle_steps(task: Task, bound_s: float, tell: Progress) -> Iterator[Row]:
    """Group the units by every method and judge the labels alike."""
    step = f"(d) {len(task.units):,} units to {task.count} bundles"
    tell(step)
    for method, (function, note) in _methods(task).items():
        run = timed(function, bound_s=bound_s)
        words = quality_words(task, run.result) if run.state == "done" else str(run.result or "")
        yield Row(step, method, run, words, note)


def _methods(task: Task) -> dict[str, tuple[Callable[[], np.ndarray], str]]:
    from libpysal.weights import W

    graph = task.graph
    weights = W({node: sorted(graph[node]) for node in graph}, silence_warnings=True)
    threshold = FLOOR_SHARE * float(task.points["work"].sum()) / task.count
    return {
        OURS: (lambda: _ours(task), "work window, travel limit and connection looked after"),
        "spopt.WardSpatial": (lambda: _spopt("WardSpatial", task, weights), "knows places, not work"),
        "spopt.RegionKMeansHeuristic": (
            lambda: _spopt("RegionKMeansHeuristic", task, weights),
            "knows places, not work",
        ),
        "spopt.Skater": (lambda: _spopt("Skater", task, weights), "knows places, not work"),
        "spopt.MaxPHeuristic": (
            lambda: _maxp(task, weights, threshold),
            "work as a lower bound (0.9 x mean); the number is its own",
        ),
        "networkx Louvain": (lambda: _louvain(graph), "knows neither work nor number"),
        "networkx Louvain, resolution for the number": (
            lambda: _louvain_count(graph, task.count),
            "knows no work; resolution searched",
        ),
    }


def _ours(task: Task) -> np.ndarray:
    grouping = group_units(task.units, task.links, task.load, task.travel_min, task.rules)
    return grouping.labels.reindex(task.units.index).to_numpy()


def _spopt(name: str, task: Task, weights: object) -> np.ndarray:
    from spopt import region

    np.random.seed(0)  # noqa: NPY002 - the methods draw from it
    if name == "RegionKMeansHeuristic":
        model = region.RegionKMeansHeuristic(task.points[METRES].to_numpy(), task.count, weights, seed=0)
    else:
        model = getattr(region, name)(task.points, weights, METRES, n_clusters=task.count)
    model.solve()
    return np.asarray(model.labels_)


def _maxp(task: Task, weights: object, threshold: float) -> np.ndarray:
    from spopt import region

    np.random.seed(0)  # noqa: NPY002 - the method draws from it
    model = region.MaxPHeuristic(task.points, weights, METRES, "work", threshold, top_n=2, **ROUGH_MAXP)
    model.solve()
    return np.asarray(model.labels_)


def _louvain(graph: nx.Graph, resolution: float = 1.0) -> np.ndarray:
    labels = np.zeros(len(graph), int)
    for number, members in enumerate(
        nx.community.louvain_communities(graph, resolution=resolution, seed=0, weight="weight")
    ):
        labels[list(members)] = number
    return labels


def _louvain_count(graph: nx.Graph, count: int) -> np.ndarray:
    low, high = 1e-3, 10.0
    best = _louvain(graph)
    for _ in range(12):
        middle = float(np.sqrt(low * high))
        labels = _louvain(graph, middle)
        found = int(labels.max()) + 1
        if abs(found - count) < abs(int(best.max()) + 1 - count):
            best = labels
        if found == count:
            break
        low, high = (middle, high) if found < count else (low, middle)
    return best


def quality_words(task: Task, labels: np.ndarray) -> str:
    """Say what labels are worth by gunmane's own judge: the same bases, hours, window and limit for all."""
    given = pd.Series(labels, index=task.units.index)
    judged = evaluate_labels(given, task.units, task.links, task.load, task.travel_min, task.rules)
    size = task.load["measure"].groupby(judged.labels).sum()
    below = int((size < task.rules.floor).sum())
    above = int((size > task.rules.ceiling).sum())
    apart = int((judged.broken["rule"] == "connected").sum())
    late = int((judged.broken["rule"] == "travel_limit").sum())
    return (
        f"{len(size)} bundles, {judged.travel_hours:,.0f} travel h/year, "
        f"largest {size.max() / size.mean():.2f} x mean, "
        f"{below} below and {above} above the window, {late} units beyond the limit, {apart} not connected"
    )
