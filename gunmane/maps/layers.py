"""What a map layer is: a table of places, the styles it is drawn in and the rows of its legend."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

Shape = Literal["area", "line", "point"]
Kind = Literal["", "bundle", "unit", "asset", "region", "municipality", "place"]

WHOLE_FEATURES_MAX = 20_000
"""Features up to which a layer is sent in one piece; above, only the part in view."""

WHOLE_COORDINATES_MAX = 150_000
"""Corner points up to which a layer is sent in one piece."""

SHARED_COLUMNS = ("a",)
"""Columns, as sent, whose words many rows repeat."""

_SENT_AS = {"id": "i", "style": "s", "label": "t", "tip": "h", "about": "a", "min_zoom": "min_zoom"}


@dataclasses.dataclass(frozen=True)
class Style:
    """
    How a place is drawn; the same style serves lines, areas and points.

    Parameters
    ----------
    colour
        Of the line, the border or the symbol (`#rrggbb`); empty for none.
    weight
        Width of the line in pixels at zoom 13.
    dash
        Pixels drawn and left out, as in "6 4"; empty for a full line.
    fill, opacity
        Colour of an area (empty for none) and how much it covers (0 to 1).
    pattern
        Hatching of an area, one of `PATTERNS`; "plain" for none.
    symbol, radius
        Shape of a point (circle, square, triangle, diamond, star, cross, times) and its size in pixels.
    halo
        Colour of an edge around line, symbol or label that parts it from its ground.
    label
        "plate" for a boxed label, "text" for plain letters, "quiet" for grey ones.
    min_zoom
        Zoom from which it is drawn.
    grows
        Whether the line becomes wider when the map is zoomed in.
    """

    colour: str = ""
    weight: float = 1
    dash: str = ""
    fill: str = ""
    opacity: float = 1
    pattern: str = "plain"
    symbol: str = "circle"
    radius: float = 4
    halo: str = ""
    label: str = "text"
    min_zoom: float = 0
    grows: bool = False

    def as_sent(self) -> dict[str, object]:
        """Return the style under the short names that the map's script reads."""
        return {
            "c": self.colour,
            "w": self.weight,
            "d": [float(part) for part in self.dash.split()],
            "f": self.fill,
            "o": self.opacity,
            "p": self.pattern,
            "m": self.symbol,
            "r": self.radius,
            "h": self.halo,
            "l": self.label,
            "z": self.min_zoom,
            "g": self.grows,
        }


@dataclasses.dataclass(frozen=True)
class LegendRow:
    """One line of the legend: a swatch in a style, drawn as `shape`, and what it means."""

    text: str
    style: Style
    shape: Shape = "area"


@dataclasses.dataclass(frozen=True, eq=False)
class LayerSpec:
    """
    One layer of the map.

    Parameters
    ----------
    name
        Stays the same from plan to plan: the map keeps the user's switch by it.
    title
        What the legend calls it, in the user's language.
    kind
        What a click on it reports; empty where nothing can be clicked.
    frame
        The places, in any CRS, in drawing order: `id` (text), `style` (row in `styles`) and, where wanted,
        `label` (written on the map), `tip` (shown beside the pointer, lines parted by a line feed), `about`
        (more of it, the same words in many rows) and `min_zoom`. Other columns are not sent.
    styles
        The styles that `style` counts from 0.
    legend
        Rows under the title.
    visible
        Whether it is shown until the user switches it.
    is_switchable
        Whether the user may hide it; the ground of the map is not.
    is_synthetic
        Whether sample rows are in it: the map then says so in a band.
    """

    name: str
    title: str
    kind: Kind
    frame: gpd.GeoDataFrame
    styles: tuple[Style, ...]
    legend: tuple[LegendRow, ...] = ()
    visible: bool = True
    is_switchable: bool = True
    is_synthetic: bool = False

    @functools.cached_property
    def loads_by_view(self) -> bool:
        """Whether only the part in view is fetched, simplified for its zoom."""
        if len(self.frame) > WHOLE_FEATURES_MAX:
            return True
        return int(shapely.get_num_coordinates(self.frame.geometry.array).sum()) > WHOLE_COORDINATES_MAX

    def features(self) -> gpd.GeoDataFrame:
        """
        Return the rows as they are sent: WGS84, short names, `x` and `y` where a label of an area stands.

        Only the columns named in `frame` above leave; whatever else a ledger has stays here.
        """
        columns = [column for column in _SENT_AS if column in self.frame.columns]
        sent = self.frame[[*columns, self.frame.geometry.name]].rename(columns=_SENT_AS)
        if sent.crs is not None:
            sent = sent.to_crs(4326)
        if "t" in sent:
            spots = label_points(sent.geometry.where(sent["t"].fillna("") != ""))
            sent = sent.assign(x=spots.x.round(6), y=spots.y.round(6))
        return sent

    @functools.cached_property
    def fingerprint(self) -> str:
        """A digest that changes when anything changes that the features address would send."""
        digest = hashlib.blake2b(digest_size=16)
        digest.update(str(self.frame.crs).encode())
        for shape in shapely.to_wkb(self.frame.geometry.array):
            digest.update(shape or b"-")
        for column in _SENT_AS:
            if column in self.frame.columns:
                values = self.frame[column].astype(object).astype(str)
                digest.update(column.encode())
                digest.update(pd.util.hash_array(values.to_numpy(dtype=object), categorize=True).tobytes())
        return digest.hexdigest()


def label_points(geometry: gpd.GeoSeries) -> gpd.GeoSeries:
    """
    Return where a label reads best: the middle of the widest spot of each area's largest part.

    Lines get their middle, points themselves, missing shapes nothing.
    """
    shapes = np.asarray(geometry.array, dtype=object)
    spots = shapely.point_on_surface(shapes)
    for row, shape in enumerate(shapes):
        if shape is None or shape.is_empty or shape.geom_type not in {"Polygon", "MultiPolygon"}:
            continue
        largest = max(getattr(shape, "geoms", [shape]), key=lambda part: part.area)
        coarse = largest.simplify(largest.length / 400)
        usable = coarse if coarse.is_valid and not coarse.is_empty else largest
        tolerance = max(usable.area, 1e-12) ** 0.5 / 50
        spots[row] = shapely.get_point(shapely.maximum_inscribed_circle(usable, tolerance), 0)
    return gpd.GeoSeries(spots, index=geometry.index, crs=geometry.crs)
