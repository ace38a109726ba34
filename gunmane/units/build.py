"""Units from town points and roads: whose roads are nearest to which town, and roads that no town reaches."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from gunmane.assumptions import Assumptions, load_assumptions
from gunmane.errors import PlanError
from gunmane.graph import Bools, Ints, Network
from gunmane.municipalities import Region
from gunmane.units.cells import unit_cells
from gunmane.units.sweeps import fragment_lengths, node_municipality, open_gaps, sweep_by_municipality

NAMED_TOWNS = 2  # towns that a unit's name spells out


def make_units(
    network: Network, region: Region, *, assumptions: Assumptions | None = None
) -> tuple[gpd.GeoDataFrame, Ints]:
    """
    Make the management units of a region.

    Each town point stands at the nearest road node of its own municipality (a node of a longer component is
    preferred up to `town_snap_preference_m`); towns at one node form one unit. Each municipality is swept from
    its own towns along roads in both directions; roads of others may be driven on. Roads that no own town
    reaches are fragments: short ones (`piece_min_length_m`) that an open gap joins go to the unit across the gap,
    longer ones form a unit of their own ("piece N"), short ones far from everything form one with the others
    that are nearest to the same unit. A municipality without roads is one unit at the nearest road node.

    Parameters
    ----------
    network
        Roads of the region in its plane zone, at least one edge.
    region
        Municipalities and town points.
    assumptions
        Lengths above; None takes those that ship with gunmane.

    Returns
    -------
    units, node_unit
        `schema.UNITS` with geometry, indexed by `unit_id`, and the columns `town_count` and `town_snap_m` (metres
        from its farthest town point to the node; 0 for pieces); the row of the unit of each node, -1 outside the
        region's municipalities.

    Raises
    ------
    PlanError
        If the network has no road.
    """
    if len(network.x) == 0:
        raise PlanError("network_empty", skipped=int(network.facts.get("skipped_geometries", 0)))
    known = assumptions or load_assumptions()
    place = _Place(network, region, node_municipality(network, region.municipalities))
    towns = _snapped_towns(place, known)
    seeds = pd.concat([_town_seeds(towns), _roadless(place)], ignore_index=True)
    pieces, label = _labels(place, seeds, known)
    seeds = pd.concat([seeds, pieces], ignore_index=True)
    return _units(place, seeds, towns, label)


@dataclasses.dataclass(frozen=True, eq=False)
class _Place:
    """The roads, the region, and the row of the municipality of each node."""

    network: Network
    region: Region
    node_muni: Ints

    @property
    def codes(self) -> npt.NDArray:
        """Code of each municipality, in the order of the table."""
        return self.region.municipalities.index.to_numpy().astype(str)


def _snapped_towns(place: _Place, known: Assumptions) -> pd.DataFrame:
    """Town points with the node each stands at: `muni, town, x, y, node, snap_m`, in a stable order."""
    towns = place.region.towns
    row = pd.Series(np.arange(len(place.codes)), index=place.codes)
    table = pd.DataFrame(
        {
            "muni": row.reindex(towns["muni_code"].astype(str)).to_numpy(),
            "town": towns["town"].astype(str).to_numpy(),
            "x": towns.geometry.x.to_numpy(),
            "y": towns.geometry.y.to_numpy(),
        }
    )
    table = table.dropna(subset=["muni"]).astype({"muni": int})
    table = table.sort_values(["muni", "town", "x", "y"], ignore_index=True).assign(node=-1, snap_m=np.nan)
    in_muni = np.where(place.node_muni >= 0, place.node_muni * (place.network.component.max() + 1), -1)
    fragment = np.where(in_muni >= 0, in_muni + place.network.component, -1)
    length = fragment_lengths(place.network, fragment)
    node_length = length.reindex(fragment).fillna(0.0).to_numpy()
    for muni, rows in table.groupby("muni").groups.items():
        own = np.flatnonzero(place.node_muni == muni)
        if len(own) == 0:
            continue
        is_long = node_length[own] >= min(known.value("piece_min_length_m"), node_length[own].max())
        node, snap = _nearest_nodes(
            place.network,
            table.loc[rows, ["x", "y"]].to_numpy(),
            own,
            is_long,
            known.value("town_snap_preference_m"),
        )
        table.loc[rows, "node"], table.loc[rows, "snap_m"] = node, snap
    return table[table["node"] >= 0].reset_index(drop=True)


def _nearest_nodes(
    network: Network, points: npt.NDArray, nodes: npt.NDArray, is_long: Bools, preference_m: float
) -> tuple[npt.NDArray, npt.NDArray]:
    """Nearest of the nodes to each point; one of the long roads when it is at most so much farther."""
    xy = np.column_stack([network.x, network.y])
    long = nodes[is_long]
    away, near = cKDTree(xy[nodes]).query(points)
    away_long, near_long = cKDTree(xy[long]).query(points)
    is_better = away_long <= away + preference_m
    return np.where(is_better, long[near_long], nodes[near]), np.where(is_better, away_long, away)


def _town_seeds(towns: pd.DataFrame) -> pd.DataFrame:
    """One row a unit with a town point: `muni, node, name, is_piece, town_count, town_snap_m`."""
    grouped = towns.groupby(["muni", "node"], sort=False)
    seeds = pd.DataFrame(
        {
            "name": grouped["town"].agg(_joined_name),
            "x": grouped["x"].first(),
            "y": grouped["y"].first(),
            "town_count": grouped.size(),
            "town_snap_m": grouped["snap_m"].max(),
        }
    ).reset_index()
    seeds = seeds.sort_values(["muni", "name", "x", "y"], ignore_index=True)
    return seeds.drop(columns=["x", "y"]).assign(is_piece=False)


def _joined_name(names: pd.Series) -> str:
    different = list(dict.fromkeys(names))
    rest = "ほか" if len(different) > NAMED_TOWNS else ""
    return "・".join(different[:NAMED_TOWNS]) + rest


def _roadless(place: _Place) -> pd.DataFrame:
    """One piece for each municipality without any road node, at the nearest node of others."""
    rows = []
    tree = cKDTree(np.column_stack([place.network.x, place.network.y]))
    for muni in range(len(place.codes)):
        if (place.node_muni == muni).any():
            continue
        middle = place.region.municipalities.geometry.iloc[muni].representative_point()
        _, node = tree.query([middle.x, middle.y])
        rows.append((muni, int(node), "", 0, 0.0, True))
    return pd.DataFrame(rows, columns=["muni", "node", "name", "town_count", "town_snap_m", "is_piece"])


def _labels(place: _Place, seeds: pd.DataFrame, known: Assumptions) -> tuple[pd.DataFrame, Ints]:
    """Pieces to add to the seeds, and the seed (then piece) of each node."""
    network = place.network
    nodes = seeds["node"].to_numpy(np.int32)
    has_road = np.isin(seeds["muni"], place.node_muni)
    is_open = open_gaps(network, nodes[(~seeds["is_piece"].astype(bool)).to_numpy()], known)
    rows = np.flatnonzero(has_road)
    muni = seeds["muni"].to_numpy(int)[rows]
    drawn = network.matrix(is_directed=False)
    label, _ = sweep_by_municipality(drawn, nodes[rows], muni, place.node_muni)
    bridged = network.matrix(is_directed=False, is_open=is_open)
    across, _ = sweep_by_municipality(bridged, nodes[rows], muni, place.node_muni)
    label = np.where(label >= 0, rows[label], -1) if len(rows) else label
    across = np.where(across >= 0, rows[across], -1) if len(rows) else across

    stray = (place.node_muni >= 0) & (label < 0)
    fragment = np.where(stray, place.node_muni.astype(np.int64) * (network.component.max() + 1), -1)
    fragment = np.where(stray, fragment + network.component, -1)
    length = fragment_lengths(network, fragment).reindex(fragment).fillna(0.0).to_numpy()
    is_short = stray & (length < known.value("piece_min_length_m"))
    joins = is_short & (across >= 0)
    label = np.where(joins, across, label)
    pieces, piece_of = _pieces(place, seeds, np.where(joins, -1, fragment), is_short)
    return pieces, np.where(piece_of >= 0, piece_of + len(seeds), label).astype(np.int32)


def _pieces(
    place: _Place, seeds: pd.DataFrame, fragment: npt.NDArray, is_short: Bools
) -> tuple[pd.DataFrame, npt.NDArray]:
    """Pieces from fragments: a long one alone, short ones with others nearest to the same unit."""
    network = place.network
    stray = np.flatnonzero(fragment >= 0)
    table = pd.DataFrame(
        {
            "node": stray,
            "muni": place.node_muni[stray],
            "fragment": fragment[stray],
            "is_short": is_short[stray],
            "x": network.x[stray],
            "y": network.y[stray],
        }
    )
    anchors = _anchors(table, seeds, network)
    table["group"] = np.where(table["is_short"], -1 - anchors, table["fragment"])
    rows, piece_of = [], np.full(len(network.x), -1)
    for (muni, _), members in table.groupby(["muni", "group"], sort=False):
        away = np.hypot(members["x"] - members["x"].mean(), members["y"] - members["y"].mean())
        rows.append((int(muni), int(members["node"].loc[away.idxmin()]), members["node"].to_numpy()))
    rows.sort(key=lambda row: (row[0], network.x[row[1]], network.y[row[1]]))
    for number, (_, _, nodes) in enumerate(rows):
        piece_of[nodes] = number
    pieces = pd.DataFrame(
        [(muni, node, "", 0, 0.0, True) for muni, node, _ in rows],
        columns=["muni", "node", "name", "town_count", "town_snap_m", "is_piece"],
    )
    return pieces, piece_of


def _anchors(table: pd.DataFrame, seeds: pd.DataFrame, network: Network) -> npt.NDArray:
    """For each stray node the seed of its municipality that is nearest to the middle of its fragment."""
    middle = table.groupby("fragment")[["x", "y"]].transform("mean").to_numpy()
    anchor = np.zeros(len(table), np.int64)
    for muni in np.unique(table["muni"]):
        rows = np.flatnonzero(table["muni"] == muni)
        own = np.flatnonzero(seeds["muni"] == muni)
        if len(own) == 0:
            continue
        nodes = seeds["node"].to_numpy(int)[own]
        _, near = cKDTree(np.column_stack([network.x[nodes], network.y[nodes]])).query(middle[rows])
        anchor[rows] = own[near]
    return anchor


def _units(
    place: _Place, seeds: pd.DataFrame, towns: pd.DataFrame, label: Ints
) -> tuple[gpd.GeoDataFrame, Ints]:
    """Number, name and draw the seeds: by municipality, towns before pieces."""
    seeds = seeds.assign(seed=np.arange(len(seeds)))
    seeds = seeds.sort_values(["muni", "is_piece", "seed"], ignore_index=True)
    number = seeds.groupby("muni").cumcount() + 1
    size = seeds.groupby("muni")["muni"].transform("size").astype(str).str.len().clip(lower=3)
    piece = (seeds.groupby(["muni", "is_piece"]).cumcount() + 1).astype(str)
    code = pd.Series(place.codes[seeds["muni"].to_numpy(int)], dtype="str")
    ids = [f"{c}-{n:0{w}d}" for c, n, w in zip(code, number, size, strict=True)]
    is_piece = seeds["is_piece"].astype(bool)
    node = seeds["node"].to_numpy(np.int64)
    units = gpd.GeoDataFrame(
        {
            "muni_code": code.to_numpy(),
            "name": pd.Series(np.where(is_piece, "piece " + piece, seeds["name"]), dtype="str").to_numpy(),
            "node": node,
            "component": place.network.component[node].astype(np.int64),
            "is_piece": is_piece.to_numpy(),
            "town_count": seeds["town_count"].to_numpy(np.int64),
            "town_snap_m": seeds["town_snap_m"].to_numpy(np.float64),
        },
        geometry=_cells(place, seeds, towns),
        index=pd.Index(ids, dtype="str", name="unit_id"),
        crs=place.region.municipalities.crs,
    )
    new_row = np.empty(len(seeds), np.int32)
    new_row[seeds["seed"]] = np.arange(len(seeds), dtype=np.int32)
    return units, np.where(label >= 0, new_row[label], -1).astype(np.int32)


def _cells(place: _Place, seeds: pd.DataFrame, towns: pd.DataFrame) -> npt.NDArray:
    """
    Cell of each seed: of its town points, and of its node where that lies nearer to home.

    A town point outside its municipality, and a piece, is stood for by its road node.
    """
    cells = np.empty(len(seeds), dtype=object)
    unit_of = {(m, n): u for u, (m, n) in enumerate(zip(seeds["muni"], seeds["node"], strict=True))}
    for muni in np.unique(seeds["muni"]):
        area = place.region.municipalities.geometry.iloc[muni]
        rows = np.flatnonzero(seeds["muni"] == muni)
        own = towns[towns["muni"] == muni]
        inside = shapely.intersects_xy(area, own["x"].to_numpy(), own["y"].to_numpy())
        own = own[inside]
        town_units = np.array([unit_of[muni, n] for n in own["node"]], int)
        alone = np.setdiff1d(rows, town_units)
        nodes = seeds["node"].to_numpy(int)[alone]
        sites = np.vstack(
            [own[["x", "y"]].to_numpy(), np.column_stack([place.network.x[nodes], place.network.y[nodes]])]
        )
        unit = np.searchsorted(rows, np.concatenate([town_units, alone]))
        cells[rows] = unit_cells(sites, unit, len(rows), area)
    return cells


def unit_facts(network: Network, units: gpd.GeoDataFrame, node_unit: Ints) -> dict[str, float]:
    """
    Return counts that a reader of the units needs.

    `unit_count, piece_count, island_units` (units with a town point off the longest component),
    `towns_sharing_a_unit, farthest_town_snap_m, nodes_outside, joined_fragments` and `joined_fragment_nodes` (short
    roads joined to a unit that no drawn road leads to).
    """
    inside = node_unit >= 0
    home = units["component"].to_numpy()[np.where(inside, node_unit, 0)]
    away = (
        inside & (home != network.component) & ~units["is_piece"].to_numpy()[np.where(inside, node_unit, 0)]
    )
    town_count = units["town_count"].to_numpy()
    return {
        "unit_count": float(len(units)),
        "piece_count": float(units["is_piece"].sum()),
        "island_units": float(((units["component"] > 0) & ~units["is_piece"]).sum()),
        "towns_sharing_a_unit": float(town_count[town_count > 1].sum()),
        "farthest_town_snap_m": float(units["town_snap_m"].max()),
        "nodes_outside": float(np.sum(~inside)),
        "joined_fragments": float(len(np.unique(network.component[away]))),
        "joined_fragment_nodes": float(away.sum()),
    }
