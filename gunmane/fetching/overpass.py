"""Roads of OpenStreetMap from an Overpass server, asked only when the user names it."""

from __future__ import annotations

import pathlib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import geopandas as gpd
import requests
import shapely

import gunmane
from gunmane.cache import atomic_path
from gunmane.errors import FileError
from gunmane.fetching.transfer import Limits, checked_url
from gunmane.ledgers.files import MEGABYTE
from gunmane.ledgers.osm import LON_LAT, osmnx_settings, way_settings, ways_of
from gunmane.ledgers.osm_ways import TAGS
from gunmane.municipalities import Region

LAYER = "roads"
# Roads of the neighbours may be driven on: how far beyond the border they are taken (m), and how finely the border
# is drawn in the question (m).
MARGIN_M = 2000.0
OUTLINE_M = 250.0
BUSY = (429, 504)
# Ways that no car may use are not asked for.
WAYS = (
    '["highway"]["area"!~"yes"]["highway"!~"abandoned|bridleway|construction|corridor|cycleway|elevator|escalator|'
    'footway|no|path|pedestrian|planned|platform|proposed|raceway|razed|rest_area|services|steps"]'
)


def fetch_roads(region: Region, url: str, target: pathlib.Path, *, limits: Limits) -> int:
    """
    Ask an Overpass server for a region's roads and write them as GeoPackage; return how many ways they are.

    Parameters
    ----------
    region
        Region; a margin of 2 km around it is taken along.
    url
        Address of the server without `/interpreter`.
    target
        File to write, as a whole or not at all: layer `roads`, the tags of `gunmane.ledgers.osm` as columns,
        longitude and latitude.
    limits
        Bounds of each question.

    Raises
    ------
    FileError
        If the server cannot be reached, refuses, answers something else, or knows no roads there.
    """
    checked_url(url, target.name)
    from osmnx._errors import InsufficientResponseError, ResponseStatusCodeError

    try:
        with _asking(url, limits, target.name) as osmnx:
            graph = osmnx.graph_from_polygon(
                _outline(region), custom_filter=WAYS, simplify=False, retain_all=True, truncate_by_edge=True
            )
    except requests.RequestException as error:
        reason = type(error).__name__
        raise FileError("fetch_unreachable", file=target.name, url=url, reason=reason) from error
    except InsufficientResponseError as error:
        # It says so of an answer without roads and of one that is no JSON at all.
        key = "fetch_not_overpass" if isinstance(error.__cause__, ValueError) else "fetch_no_roads"
        raise FileError(key, file=target.name, url=url) from error
    except (ResponseStatusCodeError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise FileError("fetch_not_overpass", file=target.name, url=url) from error
    table, shapes, _ = ways_of(graph)
    if table.empty:
        raise FileError("fetch_no_roads", file=target.name, url=url)
    rows = gpd.GeoDataFrame(table[["osm_id", *TAGS]], geometry=shapes, crs=LON_LAT)
    try:
        with atomic_path(target) as temporary:
            temporary.unlink()
            rows.to_file(temporary, layer=LAYER, driver="GPKG", engine="pyogrio")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise FileError("output_not_written", folder=str(target.parent), reason=reason) from error
    return len(rows)


def _outline(region: Region) -> Any:
    """Return the region with its margin as one polygon in degrees, with no more corners than the question needs."""
    area = region.municipalities.union_all().buffer(MARGIN_M).simplify(OUTLINE_M)
    return gpd.GeoSeries([shapely.make_valid(area)], crs=region.epsg).to_crs(LON_LAT).iloc[0]


@contextmanager
def _asking(url: str, limits: Limits, name: str) -> Iterator[Any]:
    """
    Yield osmnx set to ask this server alone, and put everything back afterwards.

    osmnx would ask a public name server over HTTPS where a name is unknown, pin the server's address for the whole
    process, keep answers in a folder of its own, and ask a busy server for ever.
    """
    settings = {
        **way_settings(),
        "overpass_url": url,
        "doh_url_template": None,
        "http_user_agent": f"gunmane/{gunmane.__version__}",
        "http_referer": "gunmane",
        "requests_timeout": limits.read_s,
        "requests_kwargs": {"hooks": {"response": _guard(limits, name, url)}},
    }
    resolve = socket.getaddrinfo
    with osmnx_settings(**settings) as osmnx:
        try:
            yield osmnx
        finally:
            socket.getaddrinfo = resolve


def _guard(limits: Limits, name: str, url: str) -> Any:
    """Return what looks at each answer before osmnx does: how often the server was busy, how large it grows."""
    busy = {"count": 0}

    def look(response: requests.Response, **_: Any) -> requests.Response:
        if response.status_code in BUSY:
            busy["count"] += 1
            if busy["count"] >= limits.tries:
                raise FileError("fetch_status", file=name, url=url, status=response.status_code)
        if response.is_redirect:
            return response
        held = bytearray()
        for block in response.iter_content(MEGABYTE):
            held += block
            if len(held) > limits.max_bytes:
                raise FileError("fetch_too_large", file=name, limit=limits.max_bytes // MEGABYTE)
        # The body was taken from the connection: give it back to the answer.
        response._content = bytes(held)
        return response

    return look
