"""Drawn worlds that several tests plan on: units, links, load and travel minutes."""

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay


def world(links, municipalities, *, days=None, measure=None):
    """Units named by one letter, links as (a, b, minutes); a day and a measure of 1 each unless said."""
    ids = sorted(municipalities)
    place = {u: i for i, u in enumerate(ids)}
    ends = np.array([(place[a], place[b]) for a, b, _ in links]).reshape(-1, 2)
    minutes = np.array([m for _, _, m in links], dtype=float)
    graph = coo_array((minutes, (ends[:, 0], ends[:, 1])), shape=(len(ids), len(ids)))
    index = pd.Index(ids, name="unit_id")
    units = pd.DataFrame({"muni_code": [municipalities[u] for u in ids], "component": 0}, index=index)
    load = pd.DataFrame(
        {
            "crew_days": [(days or {}).get(u, 1.0) for u in ids],
            "measure": [(measure or {}).get(u, 1.0) for u in ids],
        },
        index=index,
    )
    table = pd.DataFrame([(a, b) for a, b, _ in links], columns=["source_id", "target_id"])
    return units, table, load.assign(is_needed=load["crew_days"] > 0), dijkstra(graph, directed=False)


def random_world(size, rng, *, link_chance=0.25):
    """A tree with some more links on few units, two municipalities, whole minutes and loads, some of them zero."""
    ids = [f"u{i:02d}" for i in range(size)]
    links = [(ids[int(rng.integers(i))], ids[i], int(rng.integers(1, 20))) for i in range(1, size)]
    links += [
        (ids[i], ids[j], int(rng.integers(5, 30)))
        for j in range(size)
        for i in range(j)
        if rng.random() < link_chance and not any({a, b} == {ids[i], ids[j]} for a, b, _ in links)
    ]
    # Leaving out one link of the tree now and then makes a second component.
    links = links[1:] if rng.random() < 0.3 else links
    days = {u: float(rng.integers(0, 5)) for u in ids}
    measure = {u: float(rng.integers(0, 5)) for u in ids}
    return world(links, {u: rng.choice(["M", "N"]) for u in ids}, days=days, measure=measure)


def rich_world(size, rng):
    """A random world with places, today's areas, trades, further amounts and minutes along its links."""
    units, links, load, _ = random_world(size, rng)
    minutes = rng.integers(1, 30, len(links)).astype(float)
    at = units.index.get_indexer
    ends = (at(links["source_id"]), at(links["target_id"]))
    table = dijkstra(coo_array((minutes, ends), shape=(size, size)), directed=False)
    units = units.assign(
        muni_code=rng.choice(list("MNO"), size),
        area_id=rng.choice(list("xyz"), size),
        x_m=rng.uniform(0, 30_000, size),
        y_m=rng.uniform(0, 30_000, size),
    )
    drawn = {name: rng.integers(0, 5, size).astype(float) for name in ("pieces", "trade:road", "trade:park")}
    return units, links.assign(travel_min=minutes), load.assign(**drawn), table


def valley_world(size, municipalities, seed, *, island_units=0):
    """Towns along river valleys: units dense in towns and strung along the roads between, links in the plane."""
    rng = np.random.default_rng(seed)
    towns = rng.uniform(0, 40, (municipalities, 2))
    home, other = towns[rng.integers(municipalities, size=(2, size))]
    along = np.where(rng.random(size) < 0.6, 0.0, rng.random(size))[:, None]
    places = home * (1 - along) + other * along + rng.normal(0, 1.5, (size, 2))
    corners = Delaunay(places).simplices
    ends = np.unique(np.sort(np.vstack([corners[:, p] for p in ([0, 1], [1, 2], [0, 2])]), axis=1), axis=0)
    minutes = (
        np.linalg.norm(places[ends[:, 0]] - places[ends[:, 1]], axis=1) * rng.uniform(2, 3, len(ends)) + 0.3
    )
    tree = minimum_spanning_tree(coo_array((minutes, ends.T), shape=(size, size))).tocoo()
    in_tree = set(zip(tree.row.tolist(), tree.col.tolist(), strict=True))
    kept = np.array([(a, b) in in_tree or rng.random() < 0.8 for a, b in ends.tolist()])
    on_island = np.isin(ends, np.argsort(places[:, 0])[:island_units]).sum(axis=1)
    kept &= on_island != 1
    ids = [f"u{i:04d}" for i in range(size)]
    nearest = np.argmin(((places[:, None] - towns[None]) ** 2).sum(axis=2), axis=1)
    links = [(ids[a], ids[b], m) for (a, b), m in zip(ends[kept].tolist(), minutes[kept], strict=True)]
    work = rng.lognormal(0, 0.6, size)
    drawn = dict(zip(ids, work / work.mean(), strict=True))
    return world(links, dict(zip(ids, nearest.astype(str), strict=True)), days=drawn, measure=drawn)
