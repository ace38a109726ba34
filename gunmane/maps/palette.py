"""Colours, hatchings and shapes of the map, chosen so that no meaning rests on colour alone."""

from __future__ import annotations

import dataclasses

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gunmane.maps.layers import Style

OKABE_ITO = ("#E69F00", "#56B4E9", "#009E73", "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#6B6B6B")
"""
Eight colours that readers with any colour vision can tell apart; black is lightened to bear a label.

Okabe M., Ito K. (2008), Color Universal Design, https://jfly.uni-koeln.de/color/
"""

PATTERNS = ("plain", "slash", "backslash", "cross", "dots", "horizontal", "vertical", "grid")
"""Hatchings laid over a colour; the same names stand in the map's script."""

INK = "#1F2933"
PAPER = "#FBFAF5"
NEIGHBOUR = "#ECECE6"
BORDER = "#3E4C59"
UNASSIGNED = Style(colour="#9AA5B1", weight=0.6, fill="#D7DCE1", opacity=0.7, pattern="slash")

ROAD_STYLES = {
    "expressway": Style(colour="#6A3D9A", weight=3.6, halo="#FFFFFF", grows=True),
    "national": Style(colour="#B8442C", weight=3.2, halo="#FFFFFF", grows=True),
    "prefectural": Style(colour="#D98E04", weight=2.5, halo="#FFFFFF", grows=True),
    "municipal_1": Style(colour="#4F5D6B", weight=1.8, grows=True),
    "municipal_2": Style(colour="#76838F", weight=1.4, grows=True),
    "municipal_other": Style(colour="#A3ADB6", weight=0.9, grows=True),
    "farm": Style(colour="#8A7A2E", weight=1.2, dash="5 3", grows=True),
    "forest": Style(colour="#3D7A4A", weight=1.2, dash="2 3", grows=True),
    "unknown": Style(colour="#8D8D8D", weight=1.1, dash="1 2", grows=True),
}
"""Roads by class, the least important first drawn last in this list."""

GRADE_STYLES = {
    1: Style(colour="#FFFFFF", weight=1, fill="#0072B2", symbol="circle", radius=4, grows=True),
    2: Style(colour="#FFFFFF", weight=1, fill="#56B4E9", symbol="square", radius=4.5, grows=True),
    3: Style(colour="#1F2933", weight=1, fill="#F5B700", symbol="triangle", radius=6.5, grows=True),
    4: Style(colour="#1F2933", weight=1.4, fill="#D5331E", symbol="diamond", radius=7, grows=True),
    0: Style(colour="#6B7280", weight=1.2, fill="#FFFFFF", symbol="circle", radius=4, grows=True),
}
"""Bridges by grade of soundness: colour and shape say the same; 0 is a bridge without a grade."""

TUNNEL_STYLES = {
    grade: Style(
        colour=style.fill if grade else "#6B7280", weight=5, dash="8 3", halo=INK, symbol="cross", radius=6
    )
    for grade, style in GRADE_STYLES.items()
}

SECTOR_STYLES = {
    "park": Style(colour="#2E7D32", weight=1, fill="#7CB97F", opacity=0.75, symbol="square", radius=5),
    "sewer": Style(colour="#8C4A86", weight=1.3, symbol="square", fill="#8C4A86", radius=5, grows=True),
    "water": Style(
        colour="#1478A8", weight=1.3, dash="7 3", symbol="circle", fill="#1478A8", radius=4, grows=True
    ),
    "river": Style(colour="#4A90C2", weight=2.6, fill="#9CC8E5", opacity=0.8, radius=4, grows=True),
}

URGENT_STYLES = {
    sector: Style(
        colour="#D5331E", weight=style.weight + 1, dash="9 3", fill=style.fill, opacity=style.opacity,
        symbol="diamond", radius=6, halo="#FFFFFF", grows=style.grows,
    )
    for sector, style in SECTOR_STYLES.items()
}  # fmt: skip
"""The same sectors where the common grade is 3 or 4."""

REGION_STYLES = {
    "wide_area": Style(
        colour="#FFFFFF", weight=1.5, fill="#0072B2", symbol="circle", radius=9, label="plate"
    ),
    "multi_sector": Style(
        colour="#FFFFFF", weight=1.5, fill="#D55E00", symbol="diamond", radius=10, label="plate"
    ),
    "both": Style(colour="#FFFFFF", weight=1.5, fill="#009E73", symbol="star", radius=12, label="plate"),
}


def as_sample(style: Style) -> Style:
    """Return how a sample asset is drawn beside real ones: pale, symbols and areas with a line in their own colour."""
    if style.fill:
        return dataclasses.replace(style, colour=style.fill, fill=_paler(style.fill, 0.25))
    # No dashes: tens of thousands of dashed roads would hold up the map.
    return dataclasses.replace(style, colour=_paler(style.colour, 0.5))


def _paler(colour: str, kept: float) -> str:
    """Return a colour (#rrggbb) on its way to white; `kept` (0 to 1) of it stays."""
    parts = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - kept * (255 - part)):02X}" for part in parts)


def bundle_colours(bundles: gpd.GeoDataFrame) -> pd.DataFrame:
    """
    Give every bundle a colour and a hatching, so that tables beside the map can show the same.

    Up to eight bundles have a colour each, in the order of their ids. Beyond that, hatchings come in, and
    bundles that touch get different colours as far as eight colours reach.

    Parameters
    ----------
    bundles
        Areas of the bundles, indexed by `bundle_id`.

    Returns
    -------
    colours
        `colour` (#rrggbb) and `pattern` (one of `PATTERNS`) on the same index.
    """
    order = bundles.index.sort_values()
    if len(order) <= len(OKABE_ITO):
        chosen = pd.DataFrame(
            {"colour": OKABE_ITO[: len(order)], "pattern": "plain"}, index=order, dtype="object"
        )
        return chosen.reindex(bundles.index)

    colour_rows = _colours_apart(bundles.loc[order])
    uses = np.zeros(len(OKABE_ITO), dtype=int)
    chosen_rows = []
    for colour in colour_rows:
        chosen_rows.append((OKABE_ITO[colour], PATTERNS[uses[colour] % len(PATTERNS)]))
        uses[colour] += 1
    chosen = pd.DataFrame(chosen_rows, columns=["colour", "pattern"], index=order, dtype="object")
    return chosen.reindex(bundles.index)


def _colours_apart(bundles: gpd.GeoDataFrame) -> list[int]:
    """Return a row of `OKABE_ITO` for each bundle: the least used one that no neighbour has yet."""
    shapes = np.asarray(bundles.geometry.array, dtype=object)
    left, right = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    uses = np.zeros(len(OKABE_ITO), dtype=int)
    colours: list[int] = []
    every = range(len(OKABE_ITO))
    for row in range(len(shapes)):
        near = {colours[other] for other in right[left == row] if other < row}
        free = [colour for colour in every if colour not in near] or every
        colours.append(min(free, key=lambda colour: (uses[colour], colour)))
        uses[colours[-1]] += 1
    return colours
