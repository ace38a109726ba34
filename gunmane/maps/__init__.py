"""Draw tables on a folium map that needs nothing from outside the machine."""

from gunmane.maps.asset_layers import asset_layers, place_layer
from gunmane.maps.base import (
    ASSET_URL,
    FEATURES_URL,
    Choosing,
    FeatureLayers,
    GunmaneMap,
    Link,
    base_map,
    script_json,
)
from gunmane.maps.bundle_layers import bundle_layers
from gunmane.maps.ground import overview_layers
from gunmane.maps.layers import SHARED_COLUMNS, LayerSpec, LegendRow, Style, label_points
from gunmane.maps.palette import OKABE_ITO, PATTERNS, bundle_colours
from gunmane.maps.reference_layers import reference_layers

__all__ = [
    "ASSET_URL",
    "FEATURES_URL",
    "OKABE_ITO",
    "PATTERNS",
    "SHARED_COLUMNS",
    "Choosing",
    "FeatureLayers",
    "GunmaneMap",
    "LayerSpec",
    "LegendRow",
    "Link",
    "Style",
    "asset_layers",
    "base_map",
    "bundle_colours",
    "bundle_layers",
    "label_points",
    "overview_layers",
    "place_layer",
    "reference_layers",
    "script_json",
]
