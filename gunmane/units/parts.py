"""Parts of one municipality that only a neighbour's roads join: linked, because crews may drive there."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy.sparse import coo_array, csgraph


def join_own_parts(
    units: gpd.GeoDataFrame, links: pd.DataFrame, travel_min: np.ndarray[Any, np.dtype[np.float32]]
) -> pd.DataFrame:
    """
    Link the parts of each municipality that its own links leave apart though roads lead from one to the other.

    Roads of a neighbour may be driven on, so such a municipality can still be kept whole or be a bundle of its
    own. The two nearest units (by minutes, the mean of both directions) of two parts are linked, the nearest pair
    of parts first; parts that no road joins stay apart.

    Parameters
    ----------
    units
        Indexed by `unit_id`; `muni_code`.
    links
        `schema.LINKS`.
    travel_min
        Minutes one way between the units' nodes, in the order of `units`.

    Returns
    -------
    links
        The same with `is_over_neighbour`: True on the added rows; sorted.
    """
    both = (travel_min.astype("float64") + travel_min.T.astype("float64")) / 2
    place = pd.Series(np.arange(len(units)), index=units.index)
    start = place.reindex(links["source_id"]).to_numpy()
    end = place.reindex(links["target_id"]).to_numpy()
    muni = units["muni_code"].to_numpy()
    rows = []
    for code in sorted(set(muni)):
        own = np.flatnonzero(muni == code)
        inside = (muni[start] == code) & (muni[end] == code)
        pairs = np.searchsorted(own, start[inside]), np.searchsorted(own, end[inside])
        rows += [(own[i], own[j]) for i, j in _joining_pairs(both[np.ix_(own, own)], pairs)]
    table = links.assign(is_over_neighbour=False)
    if not rows:
        return table
    ids = units.index.to_numpy().astype(str)
    added = pd.DataFrame(
        {
            "source_id": [min(ids[i], ids[j]) for i, j in rows],
            "target_id": [max(ids[i], ids[j]) for i, j in rows],
            "travel_min": [both[i, j] for i, j in rows],
            "crosses_border": False,
            "is_assumed": False,
            "is_over_neighbour": True,
        }
    )
    joined = pd.concat([table, added], ignore_index=True)
    return joined.sort_values(["source_id", "target_id"], ignore_index=True)


def _joining_pairs(minutes: np.ndarray, pairs: tuple[np.ndarray, np.ndarray]) -> list[tuple[int, int]]:
    """Pairs of places that join the parts which `pairs` leave, the nearest first; none where no road leads."""
    size = len(minutes)
    graph = coo_array((np.ones(len(pairs[0])), pairs), shape=(size, size))
    count, part = csgraph.connected_components(graph, directed=False)
    found = []
    while count > 1:
        apart = np.where(part[:, None] != part[None, :], minutes, np.inf)
        best = int(np.argmin(np.round(apart, 6)))
        i, j = divmod(best, size)
        if not np.isfinite(apart[i, j]):
            break
        found.append((i, j))
        part[part == part[j]] = part[i]
        count -= 1
    return found
