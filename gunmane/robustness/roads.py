"""The minutes between units when the roads are driven at other speeds."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pandas as pd

from gunmane.assumptions import Assumptions, load_assumptions
from gunmane.graph import Bools, Ints, Network
from gunmane.network import at_speeds, build_network, rural_edges
from gunmane.robustness.ways import Ways, find_ways, minutes_between
from gunmane.scenario import Ground

Matrix = np.ndarray[Any, np.dtype[np.float32]]


@dataclasses.dataclass(frozen=True, eq=False)
class Roads:
    """
    What the minutes between units rest on.

    Parameters
    ----------
    network
        The roads.
    is_rural
        Which edges lie outside built-up areas.
    assumed
        Links over gaps of the drawing: `source, target` (nodes), `travel_min` at the usual speeds.
    ways
        The network taken apart, with its edges in both directions, then the assumed links.
    position
        Row of each unit among the nodes that `ways` was asked for.
    """

    network: Network
    is_rural: Bools
    assumed: pd.DataFrame
    ways: Ways
    position: Ints


def take_roads(ground: Ground) -> Roads | None:
    """
    Return the roads of a ground, built as `grounds.prepare_ground` does.

    None where that does not give the ground's minutes again (units whose roads are not at hand).
    """
    base = load_assumptions()
    network = build_network(ground.roads, assumptions=base, region=ground.region)
    if len(network.x) <= int(ground.units["node"].max()):
        return None
    roads = join_roads(network, rural_edges(network, base, ground.region), ground.units, ground.links)
    is_same = np.allclose(drawn_minutes(roads, base), ground.travel_min, rtol=1e-4, atol=1e-3)
    return roads if is_same else None


def join_roads(network: Network, is_rural: Bools, units: pd.DataFrame, links: pd.DataFrame) -> Roads:
    """Return roads ready to be driven between units (`node`), over assumed links too."""
    chosen = links[links["is_assumed"].astype(bool)]
    assumed = pd.DataFrame(
        {
            "source": units["node"].reindex(chosen["source_id"]).to_numpy(np.int64),
            "target": units["node"].reindex(chosen["target_id"]).to_numpy(np.int64),
            "travel_min": chosen["travel_min"].to_numpy(float),
        }
    )
    start = [network.source, network.target, assumed["source"], assumed["target"]]
    end = [network.target, network.source, assumed["target"], assumed["source"]]
    nodes, position = np.unique(units["node"].to_numpy(np.int64), return_inverse=True)
    ways = find_ways(np.concatenate(start), np.concatenate(end), nodes, len(network.x))
    none = network.point_x[:0]
    # What no way between nodes needs is left out: every worker gets a copy.
    light = dataclasses.replace(
        network, facts={}, point_x=none, point_y=none, point_m=none, point_node=network.point_node[:0]
    )
    return Roads(light, is_rural, assumed, ways, position.astype(np.int32))


def drawn_minutes(roads: Roads, assumptions: Assumptions) -> Matrix:
    """
    Return the minutes between all units at other speeds: every way is looked for again.

    One-way is kept, but where it alone stops the way (as in `units.travel_matrix`). An assumed link takes the speed of
    unknown roads and the detour of a straight line.

    Parameters
    ----------
    roads
        The roads.
    assumptions
        Speeds by class, `speed_factor_rural`, `straight_line_detour_ratio`.
    """
    along = at_speeds(roads.network, assumptions, roads.is_rural).travel_min
    slower = speed_change(assumptions, "straight_line_detour_ratio") / speed_change(
        assumptions, "speed_kmh_unknown_class"
    )
    gaps = roads.assumed["travel_min"].to_numpy() * slower
    against = np.where(roads.network.is_oneway, np.inf, along)
    minutes = minutes_between(roads.ways, np.concatenate([along, against, gaps, gaps]))
    if roads.network.is_oneway.any() and np.isinf(minutes).any():
        both = minutes_between(roads.ways, np.concatenate([along, along, gaps, gaps]))
        minutes = np.where(np.isinf(minutes), both, minutes)
    return np.ascontiguousarray(minutes[np.ix_(roads.position, roads.position)])


def scaled_minutes(travel_min: Matrix, assumptions: Assumptions) -> Matrix:
    """Return all minutes changed by one part, that of municipal roads, where the roads are not at hand."""
    return (travel_min / np.float32(speed_change(assumptions, "speed_kmh_municipal_road"))).astype(np.float32)


def speed_change(assumptions: Assumptions, key: str) -> float:
    """Return a drawn row beside the one that grounds are made with."""
    return assumptions.value(key) / load_assumptions().value(key)
