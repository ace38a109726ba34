"""Serve the pages, and beside them the two addresses that a map fetches from: scripts and features."""

from __future__ import annotations

from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app_pages import access
from app_pages.place import MORE_PAGES, PAGES
from gunmane.access import Door, Rule, Signpost
from gunmane.errors import AccessError
from gunmane.i18n import LANGUAGES, say


def send_features(request: Request) -> Response:
    """Send the features of a layer to the map that knows its key."""
    # Asked for at each call: a page reloaded while developing brings a new module, and with it a new store.
    from gunmane import features

    answer = features.answer(request.path_params["key"], request.query_params)
    return Response(answer.body, answer.status, answer.headers)


def send_script(request: Request) -> Response:
    """Send a script or style of the map, from a fixed list."""
    from gunmane.maps import scripts

    script = scripts.read_script(request.path_params["name"])
    if script is None:
        return Response("not found", 404)
    is_versioned = request.query_params.get("v") == scripts.version()
    keep = "public, max-age=31536000, immutable" if is_versioned else "no-cache"
    headers = {"Content-Type": script.media_type, "Cache-Control": keep, "X-Content-Type-Options": "nosniff"}
    return Response(script.body, headers=headers)


def who_may_come() -> Rule:
    """Return the rule of the door; where nobody would know who comes in the server does not start."""
    try:
        return access.rule()
    except AccessError as fault:
        raise SystemExit("\n\n".join(say(fault, lang) for lang in LANGUAGES)) from None


_BASE = str(st.get_option("server.baseUrlPath") or "").strip("/")
_PREFIX = f"/{_BASE}" if _BASE else ""

app = st.App(
    Path(__file__).parent / "app_pages" / "main.py",
    middleware=[
        Middleware(Door, rule=who_may_come()),
        Middleware(Signpost, pages={*PAGES, *MORE_PAGES} - {"start"}, base=_PREFIX),
    ],
    routes=[
        Route(_PREFIX + "/gunmane-features/{key}", send_features, methods=["GET"]),
        Route(_PREFIX + "/gunmane-static/{name:path}", send_script, methods=["GET"]),
    ],
)
