"""Deliveries as a reader would hand them on, made from rows written in a test."""

import hashlib

import geopandas as gpd
import pandas as pd

from gunmane import schema
from gunmane.assets import take_assets
from gunmane.deliveries import Delivery
from gunmane.ledgers.profiles import Position, Profile

BRIDGE_COLUMNS = {
    "asset_id": ("施設番号",),
    "name": ("橋梁名",),
    "built_year": ("架設年",),
    "condition_raw": ("判定区分",),
    "muni_code": ("市町村コード",),
}
"""Our columns and the headings of a bridge ledger as towns keep it."""


def bridge_rows(count, *, faults=0):
    """Rows of a bridge ledger in 宇陀市 under its own headings; the last `faults` have no usable place."""
    rows = [
        {
            "施設番号": f"00{n}",
            "橋梁名": f"第{n}橋",
            "架設年": "S55",
            "判定区分": "Ⅲ",
            "市町村コード": "29212",
            "緯度": f"34.5{n}",
            "経度": f"135.9{n}",
        }
        for n in range(1, count + 1)
    ]
    for row in rows[count - faults :]:
        row["緯度"], row["経度"] = "0", "0"
    return pd.DataFrame(rows, index=pd.RangeIndex(2, count + 2, name="row"))


def delivered(original, region, *, file="橋.csv", profile=None, readings=()):
    """A delivery of such rows, understood, taken and told as the line of a file does it."""
    profile = profile or Profile(
        columns=BRIDGE_COLUMNS, constants={"sector": "bridge"}, position=Position(lat="緯度", lon="経度")
    )
    rows = pd.DataFrame({ours: original[theirs[0]] for ours, theirs in profile.columns.items()})
    rows = rows.assign(**profile.constants, source=[f"{file}#{number}" for number in original.index])
    rows["built_year"] = rows["built_year"].replace({"S55": "1980"})
    places = gpd.points_from_xy(original["経度"].astype(float), original["緯度"].astype(float))
    rows = gpd.GeoDataFrame(rows, geometry=places, crs=4326)
    assets, rejects = take_assets(rows, region=region, source=file)
    at_fault = original.loc[original.index.isin(rejects["row"])]
    told = rejects.drop_duplicates("row").set_index("row")["rule"]
    is_lost = [not str(rule).endswith("_value") for rule in told]
    lost = [number for number in told.index[is_lost] if number in rows.index]
    content = original.to_csv(index=False).encode()
    return Delivery(
        file=file,
        sha256=hashlib.sha256(content).hexdigest(),
        byte_count=len(content),
        format="csv",
        profile=profile,
        columns=tuple(original.columns),
        told={"encoding": "utf-8", "heading_row": 1},
        row_count=len(original),
        assets=assets,
        rejects=rejects.reindex(columns=schema.names("rejects")),
        readings=pd.DataFrame(list(readings), columns=schema.names("readings")),
        first_rows=original.head(20),
        fault_rows=at_fault,
        rejected_places=gpd.GeoDataFrame(
            {"row": lost, "rule": told.reindex(lost).to_list()},
            geometry=rows.geometry.reindex(lost),
            crs=4326,
        ),
    )
