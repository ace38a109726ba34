"""Drawn grounds: units in a few towns along roads, 100 km of municipal road in each unit unless said."""

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
from shapely.geometry import LineString, box

from gunmane import schema
from gunmane.municipalities import find_region
from gunmane.scenario import Ground

UDA, SONI, MITSUE, YOSHINO = "29212", "29385", "29386", "29453"


def street_ground(towns, links, *, km=None):
    """
    Units a, b, c … in these towns, joined by links "ab" -> minutes.

    A town's hall is its first unit; `km` gives the municipal road of units that have another length than 100 km.
    """
    region = find_region("nara_uda")
    names = [chr(ord("a") + i) for i in range(len(towns))]
    units = gpd.GeoDataFrame(
        {"muni_code": towns, "name": names, "node": range(len(towns)), "component": 0, "is_piece": False},
        geometry=[box(1000 * i, 0, 1000 * (i + 1), 1000) for i in range(len(towns))],
        index=pd.Index(names, name="unit_id"),
        crs=region.epsg,
    )
    table = pd.DataFrame(
        [(*sorted(ends), float(minutes)) for ends, minutes in links.items()],
        columns=["source_id", "target_id", "travel_min"],
    )
    ends = table["source_id"].map(units["muni_code"]), table["target_id"].map(units["muni_code"])
    assets = _roads(units, {**dict.fromkeys(names, 100.0), **(km or {})})
    return Ground(
        region=region,
        assets=assets,
        rejects=pd.DataFrame({name: [] for name in schema.names("rejects")}),
        roads=assets[["geometry"]].assign(road_class="municipal_1"),
        network_facts={},
        units=units,
        links=table.assign(crosses_border=ends[0] != ends[1], is_assumed=False),
        shares=assets[["asset_id"]].assign(unit_id=assets["asset_id"].str[1:], share=1.0, snap_m=0.0),
        travel_min=_minutes(names, table),
        hall_units={code: names[towns.index(code)] for code in dict.fromkeys(towns)},
        provenance={"is_synthetic": True},
    )


def _minutes(names, links):
    graph = nx.Graph()
    graph.add_nodes_from(names)
    graph.add_weighted_edges_from(links.itertuples(index=False, name=None))
    minutes = np.full((len(names), len(names)), np.inf, dtype="float32")
    for start, ends in nx.all_pairs_dijkstra_path_length(graph):
        for end, value in ends.items():
            minutes[names.index(start), names.index(end)] = value
    return minutes


def _roads(units, km):
    names = [name for name in units.index if km[name] > 0]
    places = [units.index.get_loc(name) for name in names]
    codes = [units.at[name, "muni_code"] for name in names]
    return gpd.GeoDataFrame(
        {
            "asset_id": [f"r{name}" for name in names],
            "sector": "road",
            "subtype": "municipal_1",
            "name": "",
            "muni_code": codes,
            "owner_code": codes,
            "account_class": "general",
            "built_year": pd.array([pd.NA] * len(names), dtype="Int16"),
            "condition": pd.array([pd.NA] * len(names), dtype="Int8"),
            "condition_raw": "",
            "length_m": [1000.0 * km[name] for name in names],
            "width_m": 4.0,
            "area_m2": np.nan,
            "annual_cost_jpy": np.nan,
            "source": "drawn",
            "is_synthetic": True,
        },
        geometry=[LineString([(1000 * i, 500), (1000 * (i + 1), 500)]) for i in places],
        crs=units.crs,
    )
