"""The door of the server: every connection passes it, and a name that somebody wrote himself does not."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any
from urllib.parse import quote, unquote

from gunmane.access.rules import ALONE, PROXY, Rule, as_address, is_loopback
from gunmane.access.users import clean_user
from gunmane.errors import AccessError
from gunmane.i18n import LANGUAGES, say

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]

# What the door tells the pages of a visitor. Its proof is drawn when the server starts and never leaves the process.
TOLD = b"x-gunmane-visitor"
PROOF = secrets.token_hex(16)
POLICY = 1008
HEALTH = "/_stcore/health"


class Door:
    """
    A layer around the whole server that lets in whom the rule allows and tells the pages who it is.

    Alone, only what came to this machine from this machine and calls it by its own name is let in: a page of another
    site or a proxy that nobody told us of would otherwise act as the one person here. Behind a proxy, the user's header
    counts only from the addresses named, and only when it is there once.

    Parameters
    ----------
    app
        The server inside.
    rule
        Who may come in.
    """

    def __init__(self, app: Application, rule: Rule) -> None:
        self._app, self._rule = app, rule

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a connection in, or end it with a sentence."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        rule = self._rule
        own = [(name, value) for name, value in scope["headers"] if name != TOLD]
        user = ""
        if rule.kind == PROXY:
            user = _named(own, _peer(scope, own), rule)
            own = [(name, value) for name, value in own if name.decode("latin-1").lower() != rule.header]
            if user:
                own.append((TOLD, f"{PROOF} {quote(user)}".encode()))
        fault = _fault(scope, own, rule, user)
        if fault is None:
            await self._app({**scope, "headers": own}, receive, send)
        else:
            await _refuse(scope, receive, send, fault)


def visitor(headers: Mapping[str, str]) -> str:
    """Return the user whom the door let in, from the headers that it passed on; "" where it named nobody."""
    proof, _, name = headers.get(TOLD.decode(), "").partition(" ")
    return unquote(name) if secrets.compare_digest(proof.encode(), PROOF.encode()) else ""


def _fault(scope: Scope, headers: Headers, rule: Rule, user: str) -> AccessError | None:
    if rule.kind == PROXY:
        is_public = scope["type"] == "http" and scope["path"].endswith(HEALTH)
        return None if user or is_public else AccessError("access_not_named")
    if rule.kind != ALONE:
        return None
    here = scope.get("server") or ("",)
    if not is_loopback(str(here[0])):
        return AccessError("access_not_here")
    hosts = _values(headers, "host")
    if len(hosts) != 1 or not is_loopback(_host_name(hosts[0])):
        return AccessError("access_other_name")
    if _values(headers, "x-forwarded-for") or _values(headers, "forwarded"):
        return AccessError("access_unknown_proxy")
    return None


def _named(headers: Headers, peer: str, rule: Rule) -> str:
    """Return whom a trusted proxy names; a header that came twice may be the visitor's own beside the proxy's."""
    values = _values(headers, rule.header)
    if len(values) != 1 or not rule.is_trusted(peer):
        return ""
    try:
        name = values[0].encode("latin-1").decode()
    except UnicodeDecodeError:
        name = values[0]
    return clean_user(name)


def _peer(scope: Scope, headers: Headers) -> str:
    """
    Return the address that a connection really came from.

    uvicorn puts the first visitor's address in place of a proxy's on this very machine (`X-Forwarded-For`), with
    port 0, which no connection has; then it was this machine.
    """
    client = scope.get("client")
    if not client:
        return ""
    is_rewritten = client[1] == 0 and bool(_values(headers, "x-forwarded-for"))
    return "127.0.0.1" if is_rewritten else str(client[0])


def _values(headers: Iterable[tuple[bytes, bytes]], wanted: str) -> list[str]:
    return [value.decode("latin-1") for name, value in headers if name.decode("latin-1").lower() == wanted]


def _host_name(host: str) -> str:
    """Return the name in a Host header, without its port."""
    if as_address(host) is not None:
        return host
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host


async def _refuse(scope: Scope, receive: Receive, send: Send, fault: AccessError) -> None:
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.close", "code": POLICY})
        return
    body = "\n\n".join(say(fault, lang) for lang in LANGUAGES).encode()
    headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"cache-control", b"no-store")]
    headers.append((b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": body})
