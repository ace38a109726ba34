"""The roads of a ground ready for changes: which stretch lies where, and the minutes when some cannot be driven."""

from __future__ import annotations

import dataclasses
import weakref
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyproj

from gunmane.assumptions import load_assumptions
from gunmane.errors import PlanError
from gunmane.graph import Bools, Floats, Ints, Network
from gunmane.network import build_network, rural_edges
from gunmane.robustness.roads import Roads, join_roads
from gunmane.robustness.ways import minutes_between
from gunmane.scenario import Ground
from gunmane.strands import Progress
from gunmane.units import make_units

LON_LAT = 4326
Matrix = npt.NDArray[np.float32]


@dataclasses.dataclass(frozen=True, eq=False)
class Streets:
    """
    The roads that a ground's minutes rest on.

    Parameters
    ----------
    crs
        Plane zone of the ground.
    network
        Its network with the gaps of the drawing.
    node_unit
        Unit of each node, -1 outside the region.
    roads
        The same network taken apart (`robustness.roads`).
    is_against
        Pairs of units between which one-way is ignored: it alone would stop the way (`units.travel_matrix`).
    """

    crs: Any
    network: Network
    node_unit: Ints
    roads: Roads
    is_against: Bools

    def minutes(self, roads: Roads, travel_min: Floats, *, slower: float = 1.0) -> Matrix:
        """
        Return the minutes between all units.

        Parameters
        ----------
        roads
            The roads, or these with planned links.
        travel_min
            Minutes of each of their edges; infinite where nobody can drive.
        slower
            What the minutes over gaps of the drawing are multiplied by.
        """
        gaps = roads.assumed["travel_min"].to_numpy() * slower
        against = np.where(roads.network.is_oneway, np.inf, travel_min)
        found = minutes_between(roads.ways, np.concatenate([travel_min, against, gaps, gaps]))
        found = found[np.ix_(roads.position, roads.position)]
        if self.is_against.any():
            both = minutes_between(roads.ways, np.concatenate([travel_min, travel_min, gaps, gaps]))
            found = np.where(self.is_against, both[np.ix_(roads.position, roads.position)], found)
        return np.ascontiguousarray(found)

    def node_near(self, x: float, y: float) -> tuple[int, float]:
        """Return the node nearest to a place (m), and the metres to it; -1 and infinite where there are none."""
        if not len(self.network.x):
            return -1, float("inf")
        away = np.hypot(self.network.x - x, self.network.y - y)
        node = int(np.argmin(away))
        return node, float(away[node])

    def plane(self, lon: float, lat: float) -> tuple[float, float]:
        """Return a place in degrees as metres in the ground's plane zone."""
        change = pyproj.Transformer.from_crs(LON_LAT, self.crs, always_xy=True)
        x, y = change.transform(lon, lat)
        return float(x), float(y)


# By the ground itself: nobody finds the roads of a ground that he does not hold, and they go when it goes.
_KNOWN: weakref.WeakKeyDictionary[Ground, Streets] = weakref.WeakKeyDictionary()


def take_streets(ground: Ground, *, progress: Progress | None = None) -> Streets:
    """
    Return the roads of a ground, built as `grounds.prepare_ground` does; once for every ground that is held.

    Parameters
    ----------
    ground
        The ground.
    progress
        Called with a fraction (0-1) and a catalogue key under `progress.`.

    Raises
    ------
    PlanError
        If the roads do not give the ground's minutes (units whose roads are not at hand).
    """
    known = _KNOWN.get(ground)
    if known is None:
        if progress is not None:
            progress(0.1, "progress.what_if_roads")
        known = _KNOWN[ground] = _built(ground)
    return known


def _built(ground: Ground) -> Streets:
    base = load_assumptions()
    network = build_network(ground.roads, assumptions=base, region=ground.region)
    if len(network.x) <= int(ground.units["node"].max()):
        raise PlanError("what_if_no_roads", region=ground.region.region_id)
    _, node_unit = make_units(network, ground.region)
    roads = join_roads(network, rural_edges(network, base, ground.region), ground.units, ground.links)
    nothing = np.zeros(ground.travel_min.shape, bool)
    # Points along the roads are not needed any more, and it may have to cross to another process.
    none = network.point_x[:0]
    light = dataclasses.replace(
        network, point_x=none, point_y=none, point_m=none, point_node=network.point_node[:0]
    )
    streets = Streets(ground.units.crs, light, node_unit, roads, nothing)
    directed = streets.minutes(roads, network.travel_min)
    if network.is_oneway.any():
        streets = dataclasses.replace(streets, is_against=np.isinf(directed))
        directed = streets.minutes(roads, network.travel_min)
    if not np.allclose(directed, ground.travel_min, rtol=1e-4, atol=1e-3):
        raise PlanError("what_if_no_roads", region=ground.region.region_id)
    return streets


def with_edges(roads: Roads, table: pd.DataFrame, units: pd.DataFrame, links: pd.DataFrame) -> Roads:
    """
    Return roads with more edges, open in both directions.

    Parameters
    ----------
    roads
        The roads.
    table
        `source, target` (nodes), `length_m`, `speed_kmh`, `travel_min`, `road_class` (code).
    units, links
        Of the ground.
    """
    network = added(roads.network, table)
    is_rural = np.concatenate([roads.is_rural, np.ones(len(table), bool)])
    return join_roads(network, is_rural, units, links)


def added(network: Network, table: pd.DataFrame) -> Network:
    """Return a network with more edges; see `with_edges`."""
    more = {name: table[name].to_numpy() for name in ("length_m", "speed_kmh", "travel_min")}
    columns: dict[str, Any] = {
        **more,
        "source": table["source"].to_numpy(np.int32),
        "target": table["target"].to_numpy(np.int32),
        "road_class": table["road_class"].to_numpy(np.int8),
        "is_oneway": np.zeros(len(table), bool),
        # No row of the road table is theirs.
        "line": np.full(len(table), -1, np.int32),
    }
    joined: dict[str, Any] = {
        name: np.concatenate([getattr(network, name), rows]) for name, rows in columns.items()
    }
    return dataclasses.replace(network, **joined)
