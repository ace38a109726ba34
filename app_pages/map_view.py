"""Show a map on a page and hand back what was clicked on it."""

from __future__ import annotations

import dataclasses
import json
import urllib.parse
from collections.abc import Mapping, Sequence
from typing import Any, cast

import streamlit as st
from streamlit_folium import st_folium

from app_pages.data import own, sample_part
from gunmane.features import STORE
from gunmane.maps import FEATURES_URL, SHARED_COLUMNS, Choosing, FeatureLayers, GunmaneMap, LayerSpec

_KEYS = "_map_keys"
_KEPT_LAYERS = 12
_MOST_CHOSEN = 20_000
_KINDS = {"bundle", "unit", "asset", "region", "municipality", "place"}


@dataclasses.dataclass(frozen=True)
class Selection:
    """
    What the user clicked last; it stays until something else, or nothing, is clicked.

    Parameters
    ----------
    kind
        bundle, unit, asset, region, municipality or place.
    id
        The id in the table that the layer was made from. It comes from a browser: look it up, never trust it.
    layer
        Name of the layer.
    lon, lat
        Where the click was (degrees, WGS84).
    serial
        Grows with every click, so that a second click on the same thing can be told from a rerun.
    ids
        What is chosen, where several can be: `kind` is then "chosen" and `layer` their kind.
    """

    kind: str
    id: str
    layer: str
    lon: float
    lat: float
    serial: int
    ids: tuple[str, ...] = ()


def show_map(
    base: GunmaneMap,
    layers: Sequence[LayerSpec],
    *,
    key: str,
    height: int = 560,
    selected: tuple[str, str] | None = None,
    choosing: Choosing | None = None,
    focus: tuple[str, str | tuple[str, ...], int] | None = None,
) -> Selection | None:
    """
    Show the ground and the layers of a map; view and switches survive every rerun under the same `key`.

    Only layers whose content changed are sent again, so keep a slow table's layers while it stays the same.

    Parameters
    ----------
    base
        The ground, from `maps.base_map`; its language is the map's.
    layers
        In drawing order, above the land and below the borders.
    key
        Names the map on the page; another region needs another key, or the map keeps looking at the first.
    height
        Pixels.
    selected
        (kind, id) to mark, for instance the row chosen in a table; an empty id takes every mark away, None
        leaves the user's own.
    choosing
        What several of can be chosen at once.
    focus
        (kind, id, number): what the map goes to, once for every number; several ids are marked too.

    Returns
    -------
    selection
        What was clicked last; None where nothing is.
    """
    all_layers = [*base.below, *layers, *base.above]
    stack = FeatureLayers(
        [(layer, f"{FEATURES_URL}/{_key_of(layer)}") for layer in all_layers],
        lang=base.lang,
        sources=base.sources,
        selected=selected,
        sample_part=sample_part(),
        choosing=choosing,
        focus=focus,
    )
    _forget_old_layers(len(all_layers))
    told = st_folium(
        base,
        key=key,
        height=height,
        width=None,
        feature_group_to_add=stack,
        returned_objects=["last_object_clicked_tooltip"],
    )
    return read_click(told)


def read_click(told: Any) -> Selection | None:
    """Return what the map told of the last click; None for a click on nothing or anything malformed."""
    record = (told or {}).get("last_object_clicked_tooltip")
    try:
        values = json.loads(urllib.parse.unquote(record or ""))
        if values["k"] == "chosen":
            ids = tuple(str(name) for name in values["i"][:_MOST_CHOSEN])
            return Selection("chosen", "", str(values["l"]), 0.0, 0.0, int(values["n"]), ids)
        if values["k"] not in _KINDS:
            return None
        place = float(values["x"]), float(values["y"])
        return Selection(str(values["k"]), str(values["i"]), str(values["l"]), *place, int(values["n"]))
    except (ValueError, KeyError, TypeError):
        return None


def _key_of(layer: LayerSpec) -> str:
    """Return the key under which this session may fetch the layer; put it in where it is not (any more)."""
    keys = _session_keys()
    content = layer.fingerprint
    known = keys.pop(content, None)
    if known is None or not STORE.has(known):
        known = _put(layer)
    keys[content] = known
    return known


def _put(layer: LayerSpec) -> str:
    # What was made of a user's own files is held for that session alone.
    content = layer.fingerprint if own() is None else ""
    known = STORE.share(content) if content else None
    if known is not None:
        return known
    frame = layer.features()
    shared = [column for column in SHARED_COLUMNS if column in frame]
    return STORE.put(frame, shared=shared, merge_by="s", content=content)


def put_layers(layers: Sequence[LayerSpec]) -> dict[str, str]:
    """Put layers in store beside the page, and return their keys by fingerprint for `take_keys`."""
    return {layer.fingerprint: _put(layer) for layer in layers}


def take_keys(keys: Mapping[str, str]) -> None:
    """Let this session fetch layers that were put in store, as long as it has no others of the same content."""
    held = _session_keys()
    for content, key in keys.items():
        held.setdefault(content, key)


def _session_keys() -> dict[str, str]:
    """Return this session's keys by content, the longest unused first."""
    return cast("dict[str, str]", st.session_state.setdefault(_KEYS, {}))


def _forget_old_layers(in_use: int) -> None:
    keys = _session_keys()
    while len(keys) > in_use + _KEPT_LAYERS:
        STORE.drop(keys.pop(next(iter(keys))))
