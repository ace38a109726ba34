"""The scripts and styles that a map needs, all from this machine: Leaflet, jQuery and our own."""

from __future__ import annotations

import functools
import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from xstatic.pkg import jquery, leaflet

OWN_SCRIPTS = (
    "places.js",
    "symbols.js",
    "labels.js",
    "loading.js",
    "stage.js",
    "panel.js",
    "framing.js",
    "choosing.js",
    "linking.js",
    "start.js",
)

_PARTS = {
    "map.js": ("leaflet.js", "jquery.min.js", *OWN_SCRIPTS),
    "all.css": ("leaflet.css", "map.css"),
}
"""What is sent as one file: a map asks for its scripts one after the other, and each asking is a wait."""

SCRIPTS = ("map.js",)
STYLES = ("all.css",)

_MEDIA_TYPES = {
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".png": "image/png",
}
_IMAGES = ("layers.png", "layers-2x.png", "marker-icon.png", "marker-icon-2x.png", "marker-shadow.png")


@dataclass(frozen=True)
class Script:
    """A file for the browser: its bytes and its media type."""

    body: bytes
    media_type: str


def _places() -> dict[str, Path]:
    leaflet_folder = Path(leaflet.BASE_DIR)
    own = Path(str(resources.files("gunmane") / "web"))
    places = {"leaflet.js": leaflet_folder / "leaflet.js", "leaflet.css": leaflet_folder / "leaflet.css"}
    places["jquery.min.js"] = Path(jquery.BASE_DIR) / "jquery.min.js"
    places.update({f"images/{name}": leaflet_folder / "images" / name for name in _IMAGES})
    wanted = [name for parts in _PARTS.values() for name in parts]
    places.update({name: own / name for name in wanted if name not in places})
    return places


@functools.cache
def read_script(name: str) -> Script | None:
    """Return a file of the map by its name, from a fixed list; None for any other name."""
    if name in _PARTS:
        parts = [script for part in _PARTS[name] if (script := read_script(part))]
        # A blank line between them: a script may end in a comment.
        return Script(b"\n\n".join(script.body for script in parts), parts[0].media_type)
    place = _places().get(name)
    if place is None:
        return None
    return Script(place.read_bytes(), _MEDIA_TYPES[place.suffix])


@functools.cache
def version() -> str:
    """Return a short digest of all scripts: browsers may keep them until it changes."""
    digest = hashlib.blake2b(digest_size=6)
    for place in _places().values():
        digest.update(place.read_bytes())
    return digest.hexdigest()


def links(asset_url: str, names: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return (name, address) pairs as folium wants them, under an address that ends without a slash."""
    return [(name, f"{asset_url}/{name}?v={version()}") for name in names]
