"""The folium map itself: a subclass that names our own addresses, and the element that carries its layers."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence

import folium
import geopandas as gpd
from branca.element import MacroElement
from folium.template import Template

from gunmane.i18n import t
from gunmane.maps.ground import ground_above, ground_below
from gunmane.maps.layers import LayerSpec
from gunmane.maps.scripts import SCRIPTS, STYLES, links

ASSET_URL = "../../gunmane-static"
"""Where a page of the app finds the scripts: relative, so that it also holds behind a proxy's path."""

FEATURES_URL = "../../gunmane-features"
"""Where a page of the app finds the features."""

_TEXTS = (
    "label", "zoom_in", "zoom_out", "legend", "loading", "failed", "sources", "picked", "metres",
    "draw", "draw_help", "unchoose", "chosen",
)  # fmt: skip
_BREAKS_OUT = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&'`$"}


def script_json(value: object) -> str:
    """
    Return JSON that can stand inside a script element, whatever text a ledger put into it.

    Every sign that could end the script, a string or a template literal is written as an escape.
    """
    return json.dumps(value, ensure_ascii=True, allow_nan=False).translate(_BREAKS_OUT)


@dataclasses.dataclass(frozen=True)
class Link:
    """
    That maps of one page are looked at together: what is done in one is done in the others.

    Parameters
    ----------
    name
        The same for the maps that belong together, and known to nobody else.
    is_first
        Whether this is the one that chooses where they look first.
    """

    name: str
    is_first: bool


class _Opening(MacroElement):
    """Put a new map where it should look, and keep what the reader sees when pages change."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            gunmane.open({{ this._parent.get_name() }}, {{ this.opening }});
        {% endmacro %}
        """
    )

    def __init__(self, bounds: list[list[float]], view_name: str, link: Link | None) -> None:
        super().__init__()
        self._name = "Opening"
        told = None if link is None else {"name": link.name, "is_first": link.is_first}
        self.opening = script_json({"bounds": bounds, "view_name": view_name, "link": told})


class GunmaneMap(folium.Map):
    """
    A folium map that loads nothing from outside: scripts from `asset_url`, no tiles, its ground our own.

    The class default of folium is left as it is; only this instance names other addresses.

    Parameters
    ----------
    bounds
        West, south, east, north in degrees that the map shows first.
    asset_url
        Address of the scripts without a closing slash.
    view_name
        Name under which the browser keeps the view while the tab is open; empty for not at all.
    link
        The maps beside it that look at the same place; None for none.
    """

    def __init__(
        self,
        bounds: tuple[float, float, float, float],
        *,
        asset_url: str = ASSET_URL,
        view_name: str = "",
        link: Link | None = None,
    ) -> None:
        west, south, east, north = bounds
        super().__init__(
            location=[(south + north) / 2, (west + east) / 2],
            zoom_start=10,
            tiles=None,
            min_zoom=4,
            max_zoom=19,
            zoom_snap=0.25,
            zoom_delta=1,
            wheel_px_per_zoom_level=90,
            attribution_control=False,
            zoom_control=False,
            font_size="14px",
        )
        self.default_js = links(asset_url, SCRIPTS)
        self.default_css = links(asset_url, STYLES)
        self.below: list[LayerSpec] = []
        self.above: list[LayerSpec] = []
        self.sources: tuple[str, ...] = ()
        self.lang = "ja"
        self.add_child(_Opening([[south, west], [north, east]], view_name, link))


@dataclasses.dataclass(frozen=True)
class Choosing:
    """
    That several places of a kind can be chosen: by drawing around them, or one by one.

    Parameters
    ----------
    kind
        Kind of the layers, for instance "unit".
    ids
        Those that are chosen now.
    serial
        Number of the message that told so; what the reader chose after it stays.
    """

    kind: str
    ids: tuple[str, ...] = ()
    serial: int = 0


class FeatureLayers(folium.FeatureGroup):
    """
    The layers of a map as one folium layer: each is fetched by its address and drawn on the one canvas.

    The browser compares them with what it already shows: a layer whose address is unchanged is neither
    fetched again nor redrawn from the start, and the view stays where it is.

    Parameters
    ----------
    layers
        Pairs of a layer and the address of its features, in drawing order.
    lang
        "ja" or "en".
    sources
        Credits of what is shown, one a row.
    selected
        (kind, id) of the feature to mark; None leaves the reader's own mark.
    sample_part
        What the band over sample layers calls sample: "both", "mixed", "roads" or "assets".
    choosing
        What several of can be chosen at once; None for nothing.
    focus
        (kind, id, number) of the feature that the map goes to, once for every number; several ids are marked too.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = gunmane.layers({{ this.state }});
        {% endmacro %}
        """
    )

    def __init__(
        self,
        layers: Sequence[tuple[LayerSpec, str]],
        *,
        lang: str,
        sources: Sequence[str] = (),
        selected: tuple[str, str] | None = None,
        sample_part: str = "both",
        choosing: Choosing | None = None,
        focus: tuple[str, str | tuple[str, ...], int] | None = None,
    ) -> None:
        super().__init__(name="gunmane", control=False)
        self._name = "FeatureGroup"  # the name under which streamlit-folium looks for it
        specs = [layer for layer, _ in layers]
        has_sample = any(spec.is_synthetic for spec in specs) and sample_part != "none"
        proposes = any(layer.kind in {"bundle", "unit"} for layer in specs)
        self.state = script_json(
            {
                "layers": [_layer_as_sent(layer, url) for layer, url in layers],
                "texts": {name: t(f"map.{name}", lang) for name in _TEXTS},
                "lang": lang,
                "band": t(f"notice.sample.{sample_part}", lang) if has_sample else "",
                "note": t("notice.disclaimer", lang) if proposes else "",
                "sources": list(sources),
                "selected": list(selected) if selected else None,
                "focus": list(focus) if focus else None,
                "choosing": None
                if choosing is None
                else {"kind": choosing.kind, "ids": list(choosing.ids), "serial": choosing.serial},
            }
        )


def _layer_as_sent(layer: LayerSpec, url: str) -> dict[str, object]:
    return {
        "name": layer.name,
        "title": layer.title,
        "kind": layer.kind,
        "url": url,
        "by_view": layer.loads_by_view,
        "styles": [style.as_sent() for style in layer.styles],
        "legend": [
            {"text": row.text, "style": row.style.as_sent(), "shape": row.shape} for row in layer.legend
        ],
        "visible": layer.visible,
        "switchable": layer.is_switchable,
    }


def base_map(
    borders: gpd.GeoDataFrame,
    *,
    lang: str,
    asset_url: str = ASSET_URL,
    backdrop: gpd.GeoDataFrame | None = None,
    bounds: tuple[float, float, float, float] | None = None,
    sources: Sequence[str] = (),
    view_name: str = "",
    link: Link | None = None,
) -> GunmaneMap:
    """
    Make the ground of a map: it does not change from plan to plan, so the view survives every rerun.

    Parameters
    ----------
    borders
        Areas of the municipalities (`muni_code` as a column or the index) or prefectures (`pref_code`), in
        any CRS, with `name_ja` and `name_en` or `name` where names are wanted; the map opens on them.
    lang
        "ja" or "en".
    asset_url
        Address of the scripts without a closing slash.
    backdrop
        Areas drawn around them as the land of others.
    bounds
        West, south, east, north in degrees to open on; by default all of `borders`.
    sources
        Credits shown at the foot of the map, one a row.
    view_name
        Name under which the browser keeps the view while the tab is open, for instance the region.
    link
        The maps beside it that look at the same place; None for none.
    """
    west, south, east, north = bounds or borders.to_crs(4326).total_bounds.round(5).tolist()
    made = GunmaneMap((west, south, east, north), asset_url=asset_url, view_name=view_name, link=link)
    made.below = ground_below(borders, backdrop)
    made.above = ground_above(borders, lang=lang)
    made.sources = tuple(sources)
    made.lang = lang
    return made
