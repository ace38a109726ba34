"""Hand map layers to browsers by an unguessable key: one bounded, expiring store for the whole process."""

from __future__ import annotations

import secrets
import threading
import time
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import geopandas as gpd

from gunmane.features.layers import Layer, View, parse_view

_KEY_BYTES = 16


class UnknownLayerError(LookupError):
    """No layer stands under this key: never put, dropped, expired or evicted; which one is not told."""


class FeatureStore:
    """
    Layers by key, for the maps of every session of this process.

    A key has 128 random bits, cannot be listed, and dies `idle_seconds` after its last use. When a
    bound is passed, the layer unused for longest goes first; the page that owned it puts it again.
    Every method may be called from any thread.

    Parameters
    ----------
    max_layers
        Keys held at most (> 0); layers of one content have a key for each session.
    max_bytes
        Bytes held at most, as `Layer.size_bytes` counts them (> 0).
    idle_seconds
        Seconds after its last use at which a layer is forgotten (> 0).
    clock
        Seconds that never run backwards; the process clock unless a test brings its own.
    """

    def __init__(
        self,
        *,
        max_layers: int = 1024,
        max_bytes: int = 512 * 2**20,
        idle_seconds: float = 7200,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._max_layers = max_layers
        self._max_bytes = max_bytes
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._layers: OrderedDict[str, tuple[Layer, float]] = OrderedDict()
        self._by_content: weakref.WeakValueDictionary[str, Layer] = weakref.WeakValueDictionary()

    def __len__(self) -> int:
        """Count the layers held, expired ones left out."""
        with self._lock:
            self._forget_expired()
            return len(self._layers)

    @property
    def size_bytes(self) -> int:
        """Bytes that the layers hold in memory, roughly."""
        with self._lock:
            return self._bytes_held()

    def put(
        self,
        frame: gpd.GeoDataFrame,
        *,
        shared: Sequence[str] = (),
        merge_by: str | None = None,
        content: str = "",
    ) -> str:
        """
        Take a layer in and return its key.

        Parameters
        ----------
        frame
            Any CRS (none: degrees already). Every column beside the geometry becomes a property, so give
            only what the map may show; `min_zoom` is kept back and hides the row below that zoom.
            Rows without a place are left out.
        shared
            Columns of words that many rows repeat: features carry a place in the collection's `words`.
        merge_by
            Column of whole numbers (sent as `s`): where the zoom makes lines shorter than 8 pixels, those of
            one number leave as one MultiLineString without further properties.
        content
            A digest of all that is given here, by which `share` finds the layer; "" keeps it to this key alone.

        Raises
        ------
        ValueError
            If the layer alone is larger than the whole store may be.
        """
        layer = Layer(frame, shared, merge_by)
        if layer.size_bytes > self._max_bytes:
            msg = f"a layer of {layer.size_bytes:,} bytes does not fit a store of {self._max_bytes:,}"
            raise ValueError(msg)
        with self._lock:
            if content:
                # Two sessions may have made it at the same time: one of the two is enough.
                layer = self._by_content.setdefault(content, layer)
            return self._keyed(layer)

    def share(self, content: str) -> str | None:
        """
        Return a new key for a layer that is held already, so that many sessions of one view take its room once.

        Parameters
        ----------
        content
            The digest that it was put in with.

        Returns
        -------
        key
            None where no key opens it any more.
        """
        with self._lock:
            self._forget_expired()
            layer = self._by_content.get(content)
            return None if layer is None else self._keyed(layer)

    def _keyed(self, layer: Layer) -> str:
        key = secrets.token_urlsafe(_KEY_BYTES)
        self._layers[key] = (layer, self._clock())
        self._make_room()
        return key

    def has(self, key: str) -> bool:
        """Return whether the key still opens a layer; asking counts as a use."""
        try:
            self._use(key)
        except UnknownLayerError:
            return False
        return True

    def drop(self, key: str) -> None:
        """Forget a layer; an unknown key is no fault."""
        with self._lock:
            self._layers.pop(key, None)

    def read(self, key: str, view: View | None = None) -> bytes:
        """
        Return the features of a view as the bytes of a GeoJSON FeatureCollection (WGS84).

        Raises
        ------
        UnknownLayerError
            If no layer stands under this key (any more).
        """
        content = self._use(key).collection(view or View())
        with self._lock:
            self._make_room()
        return content

    def _use(self, key: str) -> Layer:
        with self._lock:
            self._forget_expired()
            if key not in self._layers:
                raise UnknownLayerError
            layer, _ = self._layers[key]
            self._layers[key] = (layer, self._clock())
            self._layers.move_to_end(key)
            return layer

    def _bytes_held(self) -> int:
        return sum(
            layer.size_bytes for layer in {id(layer): layer for layer, _ in self._layers.values()}.values()
        )

    def _forget_expired(self) -> None:
        oldest_allowed = self._clock() - self._idle_seconds
        while self._layers and next(iter(self._layers.values()))[1] < oldest_allowed:
            self._layers.popitem(last=False)

    def _make_room(self) -> None:
        self._forget_expired()
        while len(self._layers) > self._max_layers:
            self._layers.popitem(last=False)
        while len(self._layers) > 1 and self._bytes_held() > self._max_bytes:
            self._layers.popitem(last=False)


STORE = FeatureStore()
"""The store of this process: pages put layers in, the features address of the server reads them."""


@dataclass(frozen=True)
class Answer:
    """What the features address sends back: an HTTP status, a body and its headers."""

    status: int
    body: bytes
    headers: Mapping[str, str]


_HEADERS = {
    "Content-Type": "application/json; charset=utf-8",
    "Cache-Control": "private, no-store",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
}


def answer(key: str, query: Mapping[str, str], *, store: FeatureStore | None = None) -> Answer:
    """
    Answer a request for features: 200 with GeoJSON, 404 for any unknown key, 400 for a bad view.

    A wrong key is answered before the view is looked at, so a 400 tells its sender nothing new.
    """
    held = STORE if store is None else store
    if not held.has(key):
        return Answer(404, b'{"error":"not found"}', _HEADERS)
    try:
        return Answer(200, held.read(key, parse_view(query)), _HEADERS)
    except UnknownLayerError:
        return Answer(404, b'{"error":"not found"}', _HEADERS)
    except ValueError:
        return Answer(400, b'{"error":"bbox=west,south,east,north in degrees, zoom=0..24"}', _HEADERS)
