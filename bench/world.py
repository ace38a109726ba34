"""What the steps are measured on: one region's sample, prepared once."""

from __future__ import annotations

import dataclasses
import functools
import pathlib
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd

from gunmane.assumptions import Assumptions, load_assumptions
from gunmane.graph import Network
from gunmane.ledgers import read_roads
from gunmane.municipalities import Region, find_region
from gunmane.network import build_network
from gunmane.sample import load_sample
from gunmane.units import link_units, make_units, travel_matrix


@dataclasses.dataclass(frozen=True, eq=False)
class World:
    """
    A region and its road lines; what follows from them is made when first asked for.

    Parameters
    ----------
    region
        The region.
    roads
        Road lines in the region's plane zone.
    name
        What the road lines are, in words.
    """

    region: Region
    roads: gpd.GeoDataFrame
    name: str

    @functools.cached_property
    def assumptions(self) -> Assumptions:
        """The coefficients."""
        return load_assumptions()

    @functools.cached_property
    def network(self) -> Network:
        """The network of the road lines."""
        return build_network(self.roads, assumptions=self.assumptions, region=self.region)

    @functools.cached_property
    def _units(self) -> tuple[gpd.GeoDataFrame, np.ndarray]:
        return make_units(self.network, self.region)

    @property
    def units(self) -> gpd.GeoDataFrame:
        """The management units."""
        return self._units[0]

    @property
    def node_unit(self) -> np.ndarray:
        """Row of the unit of each node."""
        return self._units[1]

    @functools.cached_property
    def links(self) -> pd.DataFrame:
        """Links between units."""
        return link_units(self.network, self.units, self.node_unit, assumptions=self.assumptions)

    @functools.cached_property
    def travel_min(self) -> np.ndarray:
        """Minutes between units."""
        return travel_matrix(self.network, self.units, self.links)


def load_world(region: str, roads: pathlib.Path | None = None) -> World:
    """Return the sample of a region, or a road file inside it."""
    place = find_region(region)
    if roads is None:
        return World(place, load_sample(place).roads, f"sample roads of {place.region_id}")
    lines, _ = read_roads(roads, region=place)
    return World(place, lines, f"{roads.name} in {place.region_id}")


def size_words(world: World) -> str:
    """Say how large a world is."""
    network: Any = world.network
    return (
        f"{len(world.roads):,} lines, {network.length_m.sum() / 1000:,.0f} km, {len(network.x):,} nodes, "
        f"{len(network.source):,} edges, {len(world.units):,} management units"
    )
