"""Changes put on a ground: only what leads from unit to unit is worked out again."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane import schema
from gunmane.assumptions import load_assumptions
from gunmane.errors import ScenarioError
from gunmane.graph import Bools, Ints, Network
from gunmane.network import speed_of_class
from gunmane.robustness.roads import Roads
from gunmane.scenario import Ground, Note
from gunmane.travel import MINUTES_PER_HOUR
from gunmane.units import join_own_parts, link_units
from gunmane.what_if.changes import AddBase, AddLink, CloseAsset, CloseAt, CloseRoad, LoseBase, WhatIf, Winter
from gunmane.what_if.lines import Lines, take_lines
from gunmane.what_if.streets import Matrix, Streets, added, take_streets, with_edges

M_PER_KM = 1000
CLOSABLE = ("road", "bridge", "tunnel")
NAME_COLUMNS = ("name", "route_name")


def apply(ground: Ground, what_if: WhatIf, *, streets: Streets | None = None) -> Ground:
    """
    Return a ground as it would be; the one given stays as it is.

    Minutes and links between units change; units, assets and work do not. Where nothing is said to happen to the
    roads, the minutes are those of the ground itself.

    Parameters
    ----------
    ground
        The region made ready (`grounds.prepare_ground`).
    what_if
        The changes.
    streets
        Its roads, where they are at hand (`take_streets`).

    Returns
    -------
    ground
        With a note, and with the changes among its inputs: a plan of it is never taken for one of today's roads.

    Raises
    ------
    ScenarioError
        If a change names something that the ground does not have, or that touches no road.
    PlanError
        If the roads of the ground are not at hand.
    """
    if not what_if.has_roads:
        return _marked(ground, what_if)
    return alter(ground, what_if, streets or take_streets(ground)).ground_at()


def _marked(ground: Ground, what_if: WhatIf) -> Ground:
    """Return a ground that says what is said to happen to it."""
    check_bases(ground, what_if)
    if not what_if.changes:
        return ground
    given = ground.provenance
    hashes = {**given.get("input_sha256", {}), "what_if": what_if.fingerprint()}
    return dataclasses.replace(
        ground,
        provenance={**given, "what_if": what_if.to_json(), "input_sha256": hashes},
        notes=(*ground.notes, Note.of("what_if", count=len(what_if.changes))),
    )


def check_bases(ground: Ground, what_if: WhatIf) -> None:
    """
    Refuse bases that are no unit.

    Raises
    ------
    ScenarioError
        If a base is added or lost in a unit that the ground does not have.
    """
    for change in what_if.of(AddBase, LoseBase):
        if change.unit_id not in ground.units.index:
            raise ScenarioError("what_if_base_unknown", unit=change.unit_id)


@dataclasses.dataclass(frozen=True, eq=False)
class Altered:
    """
    Roads with changes, ready to be driven at the speeds of any winter.

    Parameters
    ----------
    ground, what_if, streets
        As for `apply`.
    lines
        The lines that edges lie on.
    new
        Planned links (`new_edges`).
    closed
        Which edges nobody can drive, planned links last.
    roads
        The roads with planned links.
    before
        Minutes between all units before the changes: with the same sums on both sides, what no change touches stays
        to the last bit.
    """

    ground: Ground
    what_if: WhatIf
    streets: Streets
    lines: Lines
    new: gpd.GeoDataFrame
    closed: Bools
    roads: Roads
    before: Matrix

    def minutes(self, speed_ratio: float) -> Matrix:
        """Return the minutes between all units at a part of all speeds."""
        usual, slower = self.roads.network.travel_min, 1 / speed_ratio
        after = self.streets.minutes(self.roads, np.where(self.closed, np.inf, usual * slower), slower=slower)
        both = np.isfinite(self.before) & np.isfinite(after)
        change = np.subtract(after, self.before, out=np.zeros_like(after), where=both)
        return np.where(both, self.ground.travel_min + change, after).astype(np.float32)

    def network(self, speed_ratio: float) -> Network:
        """Return the network without what is closed, at a part of all speeds."""
        return with_closed(added(self.streets.network, self.new), self.closed, 1 / speed_ratio)

    def ground_at(self, level: str = "central") -> Ground:
        """Return the ground as it would be, at one end of the winter's range or in its middle."""
        ratio = winter_ratio(self.what_if, level)
        travel_min = self.minutes(ratio)
        found = link_units(
            self.network(ratio), self.ground.units, self.streets.node_unit, assumptions=load_assumptions()
        )
        links = _links(self.ground, found, travel_min, 1 / ratio)
        return dataclasses.replace(_marked(self.ground, self.what_if), travel_min=travel_min, links=links)


def alter(ground: Ground, what_if: WhatIf, streets: Streets) -> Altered:
    """
    Return the roads of a ground with changes.

    Raises
    ------
    ScenarioError
        If a change names something that the ground does not have, or that touches no road.
    """
    check_bases(ground, what_if)
    new, lines = new_edges(ground, what_if, streets), take_lines(ground, streets.network)
    roads = with_edges(streets.roads, new, ground.units, ground.links) if len(new) else streets.roads
    closed = np.concatenate([closed_edges(ground, what_if, streets, lines), np.zeros(len(new), bool)])
    usual = roads.network.travel_min
    is_new = np.arange(len(usual)) >= len(usual) - len(new)
    before = streets.minutes(roads, np.where(is_new, np.inf, usual))
    return Altered(ground, what_if, streets, lines, new, closed, roads, before)


def with_closed(network: Network, closed: Bools, slower: float) -> Network:
    """Return a network without some edges, all others driven so many times slower."""
    names = ("source", "target", "length_m", "speed_kmh", "travel_min", "road_class", "is_oneway", "line")
    kept = {name: getattr(network, name)[~closed] for name in names}
    kept["travel_min"], kept["speed_kmh"] = kept["travel_min"] * slower, kept["speed_kmh"] / slower
    return dataclasses.replace(network, gap_min=network.gap_min * slower, **kept)


def _links(ground: Ground, found: pd.DataFrame, travel_min: Matrix, slower: float) -> pd.DataFrame:
    """Links along the roads that are open; those over gaps of the drawing stay those of the ground."""
    assumed = ground.links[ground.links["is_assumed"].astype(bool)]
    assumed = assumed.assign(travel_min=assumed["travel_min"] * slower)[list(found.columns)]
    table = pd.concat([found[~found["is_assumed"]], assumed], ignore_index=True)
    table = table.drop_duplicates(["source_id", "target_id"])
    table = table.sort_values(["source_id", "target_id"], ignore_index=True)
    return join_own_parts(ground.units, table, travel_min)


def winter_ratio(what_if: WhatIf, level: str = "central") -> float:
    """Return the part of its speed at which every road is driven: 1 without winter."""
    winters: list[Winter] = what_if.of(Winter)
    if not winters:
        return 1.0
    given = winters[0].speed_ratio
    return load_assumptions().value("speed_factor_winter", level) if given is None else given  # type: ignore[arg-type]


# -- closings -------------------------------------------------------------------------------------------------


def closed_edges(ground: Ground, what_if: WhatIf, streets: Streets, lines: Lines) -> Bools:
    """
    Return which edges nobody can drive.

    Raises
    ------
    ScenarioError
        If a closing names no asset that can be closed, or a place that no road is near.
    """
    closed = np.zeros(len(streets.network.source), bool)
    for change in what_if.of(CloseAsset, CloseAt, CloseRoad):
        closed[edges_of(change, ground, streets, lines)] = True
    return closed


def edges_of(
    change: CloseAsset | CloseAt | CloseRoad, ground: Ground, streets: Streets, lines: Lines
) -> Ints:
    """
    Return the edges that one closing closes.

    Raises
    ------
    ScenarioError
        As `closed_edges`.
    """
    if isinstance(change, CloseAt):
        return _edge_at(lines, *streets.plane(change.lon, change.lat), f"{change.lat:.5f}, {change.lon:.5f}")
    if isinstance(change, CloseAsset):
        rows = ground.assets[ground.assets["asset_id"] == change.asset_id]
        if rows.empty or rows["sector"].iloc[0] not in CLOSABLE:
            raise ScenarioError("what_if_asset_unknown", asset=change.asset_id)
        if rows["sector"].iloc[0] != "road":
            spot = _middle(rows)
            return _edge_at(lines, spot.x, spot.y, str(rows["name"].iloc[0]) or change.asset_id)
    else:
        rows = roads_named(ground, change.name, change.owner_code)
        if rows.empty:
            raise ScenarioError("what_if_road_unknown", road=change.name)
        owners = sorted(set(rows["owner_code"].astype(str)))
        if len(owners) > 1:
            raise ScenarioError("what_if_road_owners", road=change.name, owners=", ".join(owners))
    return _edges_of_rows(ground, rows, lines)


def roads_named(ground: Ground, name: str, owner_code: str = "") -> gpd.GeoDataFrame:
    """Return the rows of road assets with a name, or of a route with it, of one body or ("") of all."""
    roads = ground.assets[ground.assets["sector"] == "road"]
    if owner_code:
        roads = roads[roads["owner_code"] == owner_code]
    wanted = name.strip()
    is_named = np.zeros(len(roads), bool)
    for column in NAME_COLUMNS:
        is_named |= (roads[column].astype("object").fillna("") == wanted).to_numpy() & bool(wanted)
    return roads[is_named]


def _edges_of_rows(ground: Ground, rows: gpd.GeoDataFrame, lines: Lines) -> Ints:
    """Return the edges of road assets: those of their own lines, else of the road nearest to their middle."""
    own = np.empty(0, np.int64)
    if "asset_id" in ground.roads:
        own = np.flatnonzero(ground.roads["asset_id"].isin(rows["asset_id"]))
    found = lines.edges_of_lines(own)
    if len(found):
        return found
    near = []
    for at in range(len(rows)):
        row = rows.iloc[[at]]
        spot = _middle(row)
        near.append(_edge_at(lines, spot.x, spot.y, str(row["name"].iloc[0] or row["asset_id"].iloc[0])))
    return np.unique(np.concatenate(near))


def _edge_at(lines: Lines, x: float, y: float, name: str) -> Ints:
    edge, away = lines.edge_near(x, y)
    limit = load_assumptions().value("what_if_reach_m")
    if not away <= limit:
        raise ScenarioError("what_if_no_road_near", place=name, limit=round(limit))
    return np.array([edge], np.int32)


def _middle(rows: gpd.GeoDataFrame) -> shapely.Point:
    """Return the middle of a line, or a point of any other shape."""
    shape = rows.geometry.iloc[0]
    return shape.interpolate(0.5, normalized=True) if shape.geom_type == "LineString" else shape.centroid


# -- planned links --------------------------------------------------------------------------------------------


def new_edges(ground: Ground, what_if: WhatIf, streets: Streets) -> gpd.GeoDataFrame:
    """
    Return the planned links as edges: `change, source, target, length_m, speed_kmh, travel_min, road_class`.

    A link is as long as it is drawn, and reaches from its ends to the nearest nodes in a straight line.

    Raises
    ------
    ScenarioError
        If an end is far from every road or in no unit, or both ends join the same node.
    """
    known = load_assumptions()
    rows, shapes = [], []
    for at, change in enumerate(what_if.changes):
        if not isinstance(change, AddLink):
            continue
        spots = [_spot(point, ground, streets) for point in change.points]
        ends = [_joined(spot, streets) for spot in (spots[0], spots[-1])]
        if ends[0] == ends[1]:
            raise ScenarioError("what_if_link_nowhere")
        path = [_node_spot(ends[0], streets), *spots, _node_spot(ends[1], streets)]
        length = float(np.hypot(*np.diff(np.array(path), axis=0).T).sum())
        code = schema.ROAD_CLASSES.index(change.road_class)
        usual = speed_of_class(known)[code] * known.value("speed_factor_rural")
        speed = float(usual if change.speed_kmh is None else change.speed_kmh)
        rows.append((at, *ends, length, speed, length / M_PER_KM / speed * MINUTES_PER_HOUR, code))
        shapes.append(shapely.LineString(path))
    whole = {"change": "int64", "source": "int32", "target": "int32", "road_class": "int8"}
    columns = ["change", "source", "target", "length_m", "speed_kmh", "travel_min", "road_class"]
    table = pd.DataFrame(rows, columns=columns).astype({name: whole.get(name, "float64") for name in columns})
    return gpd.GeoDataFrame(table, geometry=shapes, crs=streets.crs)


def _spot(point: tuple[float, float] | str, ground: Ground, streets: Streets) -> tuple[float, float]:
    """Return a place of a link in metres; a unit stands for its node."""
    if not isinstance(point, str):
        return streets.plane(*point)
    if point not in ground.units.index:
        raise ScenarioError("what_if_end_unknown", unit=point)
    return _node_spot(int(ground.units.at[point, "node"]), streets)


def _node_spot(node: int, streets: Streets) -> tuple[float, float]:
    return float(streets.network.x[node]), float(streets.network.y[node])


def _joined(spot: tuple[float, float], streets: Streets) -> int:
    """Return the node that the end of a link joins."""
    node, away = streets.node_near(*spot)
    limit = load_assumptions().value("what_if_reach_m")
    if not away <= limit:
        raise ScenarioError("what_if_link_no_road", limit=round(limit))
    return node
