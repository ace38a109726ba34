"""What every sector of a sample is drawn on: the ground with its roads and streams, coefficients and the seed."""

from __future__ import annotations

import dataclasses

import numpy as np

from gunmane.assumptions import Assumptions
from gunmane.municipalities import Region
from gunmane.sample.land import Ints, Land, read_land, rng_of
from gunmane.sample.mesh import Mesh, make_mesh
from gunmane.sample.streams import Streams, draw_streams
from gunmane.sample.streets import Streets, draw_streets
from gunmane.sample.trunks import Trunks, draw_trunks


@dataclasses.dataclass(frozen=True, eq=False)
class Canvas:
    """
    A region with every road and stream, before anything is built along them.

    Parameters
    ----------
    land, mesh, trunks, streets, streams
        The ground and what was drawn on it so far.
    assumptions
        Coefficients.
    seed
        Seed of the sample.
    """

    land: Land
    mesh: Mesh
    trunks: Trunks
    streets: Streets
    streams: Streams
    assumptions: Assumptions
    seed: int

    @property
    def road_muni(self) -> Ints:
        """The municipality of each row of `streets`."""
        return self.mesh.muni[self.streets.edges]

    def value(self, key: str) -> float:
        """Return a coefficient's central value."""
        return self.assumptions.value(key)

    def has(self, key: str) -> bool:
        """Return whether there is such a coefficient."""
        return key in self.assumptions.table.index

    def rng(self, purpose: str) -> np.random.Generator:
        """Return the generator for one purpose and place: "bridges/29212"."""
        return rng_of(purpose, seed=self.seed)


def make_canvas(region: Region, *, assumptions: Assumptions, seed: int) -> Canvas:
    """Return the canvas of a region: land, mesh, trunk roads, streets and streams in turn."""
    land = read_land(region, assumptions=assumptions)
    mesh = make_mesh(land, assumptions=assumptions, seed=seed)
    trunks = draw_trunks(land, mesh, assumptions=assumptions)
    streets = draw_streets(land, mesh, trunks, assumptions=assumptions, seed=seed)
    streams = draw_streams(land, mesh.terrain, seed=seed)
    return Canvas(land, mesh, trunks, streets, streams, assumptions, seed)
