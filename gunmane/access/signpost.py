"""The way from an address that no page has to the first page, with everything else that the address says."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl, urlencode

from gunmane.access.door import Application, Receive, Scope, Send

# Says to the first page that it was reached so.
ASTRAY = "astray"
# What the server has beside pages, by the first part of the path; files have a dot in their names.
NO_PAGES = {
    "auth",
    "component",
    "media",
    "oauth2callback",
    "static",
    "vendor",
    "healthz",
    "script-health-check",
}


class Signpost:
    """
    A layer that leads a browser from an address without a page to the first page.

    Streamlit would open the first page under that address, with an English box over it and without the query.

    Parameters
    ----------
    app
        The server inside.
    pages
        Names of the pages in addresses.
    base
        What comes before them, "" or "/name".
    """

    def __init__(self, app: Application, pages: Iterable[str], base: str = "") -> None:
        self._app, self._pages, self._base = app, {*pages, ""}, base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer with the address of the first page."""
        if not self._is_astray(scope):
            await self._app(scope, receive, send)
            return
        asked = parse_qsl(scope.get("query_string", b"").decode("latin-1"))
        query = urlencode([*((name, value) for name, value in asked if name != ASTRAY), (ASTRAY, "1")])
        headers = [(b"location", f"{self._base}/?{query}".encode("latin-1")), (b"cache-control", b"no-store")]
        headers.append((b"content-length", b"0"))
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    def _is_astray(self, scope: Scope) -> bool:
        """Return whether a browser asks for a page that there is not."""
        if scope["type"] != "http" or scope.get("method") != "GET":
            return False
        accepts = b",".join(value for name, value in scope["headers"] if name.lower() == b"accept")
        path = str(scope["path"])
        if b"text/html" not in accepts or not path.startswith(f"{self._base}/"):
            return False
        parts = path[len(self._base) + 1 :].rstrip("/").split("/")
        is_own = parts[0] in NO_PAGES or parts[0].startswith(("_", "gunmane-"))
        return not is_own and "." not in parts[-1] and "/".join(parts) not in self._pages
