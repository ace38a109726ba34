"""The facts of the model regions, read once from `data/model_regions` and handed out as tables."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any

import geopandas as gpd
import pandas as pd

from gunmane import schema
from gunmane.cache import data_folder
from gunmane.municipalities.prefectures import PREFECTURES_EN, PREFECTURES_JA

CODES = {"code": "str", "muni_code": "str", "muni_code_a": "str", "muni_code_b": "str", "lg_code6": "str"}
LON_LAT = 4326


@dataclasses.dataclass(frozen=True, eq=False)
class Region:
    """
    One region with its bodies and places; shared by all callers, who copy a table before changing it.

    Parameters
    ----------
    region_id, name_ja, name_en
        Identity and names.
    kind, direction
        "wide_area" or "multi_sector"; "horizontal", "vertical" or "".
    epsg
        Plane rectangular zone (metres), JGD2011.
    default_layer, default_sectors
        What its page opens on.
    has_snow_removal
        True where the region's own decision names snow removal.
    bodies
        One row a local government: `code, name_ja, role`; codes as text, a prefecture has 2 digits.
    municipalities
        GeoDataFrame in `epsg`, indexed by `muni_code`: `name_ja, name_en`.
    towns
        GeoDataFrame of points in `epsg`: `muni_code, town`, sorted; points without coordinates are left out
        and counted in `towns_without_place`.
    halls
        GeoDataFrame of points in `epsg`, indexed by `muni_code`.
    statistics
        Indexed by `muni_code`; missing stays missing.
    remarks
        What a reader must know of how the region was put together: (catalogue key under `note.`, values).
    """

    region_id: str
    name_ja: str
    name_en: str
    kind: str
    direction: str
    epsg: int
    default_layer: str
    default_sectors: tuple[str, ...]
    has_snow_removal: bool
    bodies: pd.DataFrame
    municipalities: gpd.GeoDataFrame
    towns: gpd.GeoDataFrame
    towns_without_place: int
    halls: gpd.GeoDataFrame
    statistics: pd.DataFrame
    remarks: tuple[tuple[str, dict[str, Any]], ...] = ()

    @property
    def contributing_codes(self) -> tuple[str, ...]:
        """Codes of the bodies whose assets are planned (lead, co_lead, member)."""
        chosen = self.bodies[self.bodies["role"].isin(schema.CONTRIBUTING_ROLES)]
        return tuple(sorted(chosen["code"]))

    @property
    def prefecture_codes(self) -> tuple[str, ...]:
        """2-digit codes of the prefectures in which the region lies."""
        return tuple(sorted({code[:2] for code in self.municipalities.index}))

    def name_of(self, code: str, lang: str) -> str:
        """Return the name of a body or municipality; the code itself when unknown."""
        if code in self.municipalities.index:
            return str(self.municipalities.at[code, "name_ja" if lang == "ja" else "name_en"])
        known = self.bodies.set_index("code")["name_ja"]
        if code in known.index:
            return str(known[code]) if lang == "ja" else PREFECTURES_EN.get(code, str(known[code]))
        if code in PREFECTURES_JA:
            return PREFECTURES_JA[code] if lang == "ja" else PREFECTURES_EN[code]
        return code

    def role_of(self, code: str) -> str:
        """Return the role of a body, or "" when it takes no part."""
        known = self.bodies.set_index("code")["role"]
        return str(known[code]) if code in known.index else ""


@functools.cache
def _table(name: str) -> pd.DataFrame:
    frame = pd.read_csv(data_folder() / name, dtype=CODES, encoding="utf-8")
    if "muni_code" not in frame.columns or name == "statistics.csv":
        return frame
    return frame


def load_regions() -> pd.DataFrame:
    """Return one row a region: `region_no, region_id, name_ja, name_en, kind, direction, epsg, …`."""
    frame = _table("regions.csv").copy()
    frame["direction"] = frame["direction"].fillna("")
    return frame


def load_borders() -> pd.DataFrame:
    """Return the shared borders of the 36 municipalities: codes (a < b), names, length, region or ""."""
    frame = _table("borders.csv").copy()
    frame["region_id"] = frame["region_id"].fillna("")
    return frame


def load_decisions() -> pd.DataFrame:
    """Return what the regions really decided, with confidence (A-E) and source of each row."""
    frame = _table("decisions.csv").copy()
    text = [c for c in frame.columns if c != "region_no"]
    frame[text] = frame[text].fillna("").astype("str")
    ids = load_regions().set_index("region_no")["region_id"]
    frame.insert(0, "region_id", frame["region_no"].map(ids))
    return frame


@functools.cache
def _shapes() -> gpd.GeoDataFrame:
    return gpd.read_file(data_folder() / "municipalities.geojson")


def load_japan() -> gpd.GeoDataFrame:
    """Return a light background of Japan: one simplified polygon a prefecture, longitude and latitude."""
    return gpd.read_file(data_folder() / "japan.geojson")


def known_statistics() -> pd.DataFrame:
    """Return the statistics of every municipality of the model regions, indexed by `muni_code`."""
    return _table("statistics.csv").sort_values("muni_code").set_index("muni_code")


@functools.cache
def load_region(region_id: str) -> Region:
    """Return one of the eleven regions by its id; raises `KeyError` where there is none."""
    row = load_regions().set_index("region_id").loc[region_id]
    number, epsg = int(row["region_no"]), int(row["epsg"])
    members = _table("members.csv")
    bodies = members[members["region_id"] == region_id][["code", "name_ja", "role"]].reset_index(drop=True)

    shapes = _shapes()
    chosen = shapes[shapes["region_no"] == number].sort_values("muni_code").set_index("muni_code")
    chosen = chosen.rename(columns={"jma_name_en": "name_en"})[["name_ja", "name_en", "geometry"]].to_crs(
        epsg
    )

    points = _table("towns.csv")
    points = points[points["region_no"] == number]
    placed = points.dropna(subset=["lat", "lng"])
    towns = place_points(placed, epsg)[["muni_code", "town", "koaza", "geometry"]]
    towns["town"] = towns["town"].fillna("").str.cat(towns.pop("koaza").fillna("").astype("str"))
    towns = towns.assign(x=towns.geometry.x, y=towns.geometry.y)
    towns = towns.sort_values(["muni_code", "town", "x", "y"]).drop(columns=["x", "y"]).reset_index(drop=True)

    halls = _table("town_halls.csv")
    halls = (
        place_points(halls[halls["region_no"] == number], epsg)
        .sort_values("muni_code")
        .set_index("muni_code")
    )
    statistics = _table("statistics.csv")
    statistics = statistics[statistics["region_no"] == number].sort_values("muni_code").set_index("muni_code")
    decided = load_decisions()
    tasks = decided.loc[decided["region_id"] == region_id, "tasks"]
    return Region(
        region_id=region_id,
        name_ja=str(row["name_ja"]),
        name_en=str(row["name_en"]),
        kind=str(row["kind"]),
        direction=str(row["direction"]),
        epsg=epsg,
        default_layer=str(row["default_layer"]),
        default_sectors=tuple(str(row["default_sectors"]).split(";")),
        has_snow_removal=bool(tasks.str.contains("除雪").any()),
        bodies=bodies,
        municipalities=chosen,
        towns=towns,
        towns_without_place=len(points) - len(placed),
        halls=halls[["name_ja", "lg_code6", "geometry"]],
        statistics=statistics,
    )


def place_points(frame: pd.DataFrame, epsg: int) -> gpd.GeoDataFrame:
    """Return a table with a point (metres of plane zone `epsg`) from its columns `lng` and `lat`."""
    geometry = gpd.points_from_xy(frame["lng"], frame["lat"], crs=LON_LAT)
    return gpd.GeoDataFrame(frame, geometry=geometry).to_crs(epsg)
