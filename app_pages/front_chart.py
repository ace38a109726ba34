"""What is traded for what as a chart: travel against evenness, borders as shape and colour, a letter at every point."""

from __future__ import annotations

import string
from collections.abc import Sequence
from typing import Any

import pandas as pd

from app_pages import session, words
from gunmane.alternatives import Front

CHART_HEIGHT = 330
INK = "#1F2933"
PALE = 0.35
# The number of borders crossed, the fewest first: colours and shapes say the same.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#6B6B6B", "#E69F00")
# One more than the colours, so that the two together repeat only after 42 numbers.
MARKS = ("circle", "square", "triangle-up", "diamond", "cross", "triangle-down", "triangle-right")
CHOSEN = "chosen"
"""Name of the chart's selection: the number of the point that was pressed."""

# The chart as the letters are laid out: in the browser it may be wider or narrower, which moves the points apart or
# together a little; each letter stays beside its own.
INNER_WIDTH, INNER_HEIGHT, PADDING_PX = 520, 280, 30
POINT_PX, LINE_PX, BESIDE_PX = 9, 18, 13
# Where a letter may stand: which side of its point, and how far below; the best first.
SPOTS = (
    ("center", -21), ("center", 23), ("left", 0), ("right", 0),
    ("left", -16), ("right", -16), ("left", 18), ("right", 18),
    ("center", -40), ("center", 42), ("left", -35), ("right", -35), ("left", 37), ("right", 37),
)  # fmt: skip
SAME_PX = 4

Box = tuple[float, float, float, float]


def letter(number: int) -> str:
    """Return what a point of the front is called on the chart: the plan itself by name, the others A, B, …"""
    if not number:
        return session.tr("alternatives.this")
    times, place = divmod(number - 1, len(string.ascii_uppercase))
    return string.ascii_uppercase[place] * (times + 1)


def front_points(found: Front, names: list[str], *, chosen: int = 0) -> pd.DataFrame:
    """
    Return the points of the chart in words and numbers.

    Parameters
    ----------
    found
        The front.
    names
        What its plans are called.
    chosen
        Row of the plan that is looked at.

    Returns
    -------
    points
        One row a plan; `label` and `spot` say what is written beside it and where, "" and -1 where a point at the
        same place says it too.
    """
    tr, table = session.tr, found.table
    uneven, hours = 100 * table["unevenness_ratio"].to_numpy(), table["travel_hours"].to_numpy()
    labels = label_spots(uneven, hours, [letter(i) for i in range(len(names))], tr("word.list_sep"))
    return pd.DataFrame(
        {
            "number": range(len(names)),
            "name": names,
            "label": [text for text, _ in labels],
            "spot": [spot for _, spot in labels],
            "hours": hours,
            "uneven": uneven,
            "borders": [words.count(value) for value in table["borders_crossed"]],
            "state": [tr(f"alternatives.trade.{state_of(flag)}") for flag in table["is_dominated"]],
            "is_dominated": table["is_dominated"].to_numpy(),
            "is_chosen": [i == chosen for i in range(len(names))],
        }
    )


def label_spots(
    x: Sequence[float], y: Sequence[float], letters: Sequence[str], comma: str
) -> list[tuple[str, int]]:
    """
    Return what is written at each point and in which of `SPOTS`, so that no two letters lie on each other.

    Points at one place share a label, at the first of them; the others have none ("" and -1).

    Parameters
    ----------
    x, y
        Values of the points, up to the right.
    letters
        What each is called.
    comma
        What stands between the letters of points at one place.
    """
    spots_x, spots_y = _pixels(x, INNER_WIDTH), [INNER_HEIGHT - v for v in _pixels(y, INNER_HEIGHT)]
    points = list(zip(spots_x, spots_y, strict=True))
    first = [
        next(k for k, (px, py) in enumerate(points) if abs(px - qx) < SAME_PX and abs(py - qy) < SAME_PX)
        for qx, qy in points
    ]
    texts = [comma.join(letters[i] for i, k in enumerate(first) if k == row) for row in range(len(points))]
    taken: list[Box] = [(px - POINT_PX, py - POINT_PX, px + POINT_PX, py + POINT_PX) for px, py in points]
    found = []
    for row, (text, point) in enumerate(zip(texts, points, strict=True)):
        if not text:
            found.append(("", -1))
            continue
        boxes = [_box(point, text, spot) for spot in range(len(SPOTS))]
        others = [*taken[:row], *taken[row + 1 :]]
        spot = min(range(len(SPOTS)), key=lambda k: (_misfits(boxes[k], others), k))
        taken.append(boxes[spot])
        found.append((text, spot))
    return found


def _pixels(values: Sequence[float], size: float) -> list[float]:
    low, high = min(values), max(values)
    wide = (high - low) or 1.0
    return [PADDING_PX + (value - low) / wide * (size - 2 * PADDING_PX) for value in values]


def _box(point: tuple[float, float], text: str, spot: int) -> Box:
    """Return the room that a text takes in one of the spots beside a point."""
    side, down = SPOTS[spot]
    wide = sum(14 if ord(sign) > 0x2E80 else 9 for sign in text)
    left = point[0] + {"center": -wide / 2, "left": BESIDE_PX, "right": -BESIDE_PX - wide}[side]
    middle = point[1] + down
    return left, middle - LINE_PX / 2, left + wide, middle + LINE_PX / 2


def _misfits(box: Box, taken: Sequence[Box]) -> int:
    """Return how many places a box lies on; leaving the chart counts too."""
    meets = sum(
        box[0] < other[2] and other[0] < box[2] and box[1] < other[3] and other[1] < box[3] for other in taken
    )
    return meets + 2 * (box[0] < 0 or box[1] < 0 or box[2] > INNER_WIDTH or box[3] > INNER_HEIGHT)


def state_of(is_dominated: bool) -> str:
    """Return the last part of the catalogue key that says how a plan stands against the others."""
    return "dominated" if is_dominated else "kept"


def front_chart(found: Front) -> dict[str, Any]:
    """Return the chart of travel against evenness; borders crossed as shape and colour, dominated plans pale."""
    tr = session.tr
    scale = {"zero": False, "padding": 30, "nice": True}
    places = {
        axis: {
            "field": field,
            "type": "quantitative",
            "title": tr(f"alternatives.trade.{axis}"),
            "scale": scale,
        }
        for axis, field in (("x", "uneven"), ("y", "hours"))
    }
    pale = {"condition": {"test": "datum.is_dominated", "value": PALE}, "value": 1}
    pick = {"name": CHOSEN, "select": {"type": "point", "fields": ["number"], "on": "click", "toggle": False}}
    point = {
        "mark": {"type": "point", "filled": True, "size": 190},
        "params": [pick],
        "encoding": {**places, **_border_marks(found), "opacity": pale, "tooltip": _said_at_points()},
    }
    text = {"labelFontSize": 14, "titleFontSize": 14, "labelColor": INK, "titleColor": INK}
    return {
        "description": tr("alternatives.trade.about"),
        "height": CHART_HEIGHT,
        "layer": [_ring(places), point, *_labels(places, pale)],
        "config": {"axis": {**text, "titleFontWeight": "normal"}, "legend": text},
        "usermeta": {"embedOptions": {"actions": False}},
    }


def _ring(places: dict[str, Any]) -> dict[str, Any]:
    """Return the layer that marks the plan that is looked at."""
    return {
        "mark": {"type": "point", "filled": False, "size": 440, "stroke": INK, "strokeWidth": 2},
        "transform": [{"filter": "datum.is_chosen"}],
        "encoding": places,
    }


def _labels(places: dict[str, Any], pale: dict[str, Any]) -> list[dict[str, Any]]:
    """Return a layer for every spot that a letter can stand in: Vega-Lite shifts a layer as a whole."""
    ink = {"type": "text", "fontSize": 14, "color": INK, "baseline": "middle"}
    beside = {"center": 0, "left": BESIDE_PX, "right": -BESIDE_PX}
    return [
        {
            "mark": {**ink, "align": side, "dx": beside[side], "dy": down},
            "transform": [{"filter": f"datum.spot == {spot}"}],
            "encoding": {**places, "text": {"field": "label"}, "opacity": pale},
        }
        for spot, (side, down) in enumerate(SPOTS)
    ]


def _border_marks(found: Front) -> dict[str, Any]:
    counts = [words.count(value) for value in sorted(set(found.table["borders_crossed"]))]
    field = {
        "field": "borders",
        "type": "nominal",
        "title": session.tr("alternatives.trade.borders"),
        "sort": counts,
    }
    return {
        "color": {**field, "scale": {"domain": counts, "range": list(COLOURS)}},
        "shape": {**field, "scale": {"domain": counts, "range": list(MARKS)}},
    }


def _said_at_points() -> list[dict[str, str]]:
    tr = session.tr
    return [
        {"field": "name", "title": tr("alternatives.col.name")},
        {"field": "hours", "title": tr("alternatives.trade.y"), "format": ",.2r"},
        {"field": "uneven", "title": tr("alternatives.trade.x"), "format": ".0f"},
        {"field": "borders", "title": tr("alternatives.trade.borders")},
        {"field": "state", "title": tr("alternatives.trade.state")},
    ]
