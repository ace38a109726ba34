"""Layers that a user brought to look at, on the maps of the pages, each marked with its own source."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from app_pages import session
from app_pages.session import tr
from gunmane import maps
from gunmane.maps import LayerSpec
from gunmane.scenario import Ground

LAYERS_KEPT = 4


def reference_layers(ground: Ground, *, visible: bool = True) -> list[LayerSpec]:
    """Return the layers to look at of a ground, made once while ground and language stay the same."""
    if not ground.references:
        return []

    def make() -> list[LayerSpec]:
        return maps.reference_layers(ground.references, lang=session.lang())

    made = session.remembered("reference_layers", session.lang(), make, max_entries=LAYERS_KEPT)
    return made if visible else [dataclasses.replace(layer, visible=False) for layer in made]


def reference_sources(ground: Ground) -> list[str]:
    """Return a line of credit for each file whose layers stand on the map."""
    cards = ground.provenance.get("sources", ())
    told = {str(card["file"]): card for card in cards if isinstance(card, Mapping)}
    return [_source(file, told.get(file, {})) for file in ground.references]


def _source(file: str, card: Mapping[str, object]) -> str:
    parts = [str(card.get(name) or "") for name in ("credit", "licence")]
    said = tr("word.list_sep").join(part for part in parts if part) or tr("map.reference_unsaid")
    return tr("map.reference_source", file=file, credit=said)
