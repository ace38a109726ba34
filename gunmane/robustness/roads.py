"""The minutes between units when the roads are driven at other speeds."""

from __future__ import annotations

import dataclasses
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane.assumptions import Assumptions, load_assumptions
from gunmane.graph import Bools, Network
from gunmane.network import at_speeds, build_network, rural_edges
from gunmane.scenario import Ground
from gunmane.units import travel_matrix

Matrix = np.ndarray[Any, np.dtype[np.float32]]


@dataclasses.dataclass(frozen=True, eq=False)
class Roads:
    """
    What the minutes between the units of a ground rest on.

    Parameters
    ----------
    network
        The roads; None where they cannot be built again as they were, so that all minutes change by one part.
    is_rural
        Which edges lie outside built-up areas.
    units, links, travel_min
        Of the ground.
    """

    network: Network | None
    is_rural: Bools
    units: gpd.GeoDataFrame
    links: pd.DataFrame
    travel_min: Matrix


def take_roads(ground: Ground) -> Roads:
    """Return the roads of a ground, built as `grounds.prepare_ground` does, if that gives its minutes again."""
    base = load_assumptions()
    network = build_network(ground.roads, assumptions=base, region=ground.region)
    is_rural = rural_edges(network, base, ground.region)
    roads = Roads(_light(network), is_rural, ground.units, ground.links, ground.travel_min)
    nodes = ground.units["node"].to_numpy()
    is_same = len(network.x) > int(nodes.max(initial=0)) and np.allclose(
        drawn_minutes(roads, base), ground.travel_min, rtol=1e-4, atol=1e-3
    )
    return roads if is_same else dataclasses.replace(roads, network=None)


def _light(network: Network) -> Network:
    """Leave out what no way between nodes needs: workers get a copy each."""
    none = network.point_x[:0]
    return dataclasses.replace(
        network, facts={}, point_x=none, point_y=none, point_m=none, point_node=network.point_node[:0]
    )


def drawn_minutes(roads: Roads, assumptions: Assumptions) -> Matrix:
    """
    Return the minutes between all units at other speeds: every way is looked for again.

    Units and links stay as they are. An assumed link over a gap takes the speed of unknown roads and the detour of a
    straight line.

    Parameters
    ----------
    roads
        The roads.
    assumptions
        Speeds by class, `speed_factor_rural`, `straight_line_detour_ratio`.
    """
    base = load_assumptions()
    if roads.network is None:
        slower = _change(assumptions, base, "speed_kmh_municipal_road")
        return (roads.travel_min / np.float32(slower)).astype(np.float32)
    detour = _change(assumptions, base, "straight_line_detour_ratio")
    slower = detour / _change(assumptions, base, "speed_kmh_unknown_class")
    links = roads.links.assign(travel_min=roads.links["travel_min"] * slower)
    driven = at_speeds(roads.network, assumptions, roads.is_rural)
    minutes: Matrix = travel_matrix(driven, roads.units, links)
    return minutes


def _change(assumptions: Assumptions, base: Assumptions, key: str) -> float:
    return assumptions.value(key) / base.value(key)
