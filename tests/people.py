"""What stands before a team's server: a reverse proxy that names users, and a provider that they log in at."""

import contextlib
import re
import socket
import socketserver
import threading
import time

# Where the proxy calls from: another address of loopback than any visitor's.
PROXY_HOST = "127.0.0.2"
END = b"\r\n\r\n"


def free_port():
    with contextlib.closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


class _Visit(socketserver.BaseRequestHandler):
    """One connection: the header of its request gets the user's name, then both sides talk."""

    def handle(self):
        head = b""
        while END not in head:
            part = self.request.recv(65536)
            if not part:
                return
            head += part
        head = re.sub(rb"\r\nX-Remote-User:[^\r]*", b"", head, flags=re.IGNORECASE)
        if b"\r\nupgrade:" not in head.lower():
            # Each request of its own connection, so that each gets the name.
            head = re.sub(rb"\r\nConnection:[^\r]*", b"", head, flags=re.IGNORECASE)
            head = head.replace(END, b"\r\nConnection: close" + END, 1)
        named = f"\r\nX-Remote-User: {self.server.user}".encode()
        with socket.create_connection(self.server.inside, source_address=(PROXY_HOST, 0)) as inside:
            inside.sendall(head.replace(END, named + END, 1))
            back = threading.Thread(target=_pass_on, args=(inside, self.request), daemon=True)
            back.start()
            _pass_on(self.request, inside)
            back.join()


def _pass_on(one, other):
    with contextlib.suppress(OSError):
        while part := one.recv(65536):
            other.sendall(part)
    with contextlib.suppress(OSError):
        other.shutdown(socket.SHUT_WR)


class _Proxy(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 64


@contextlib.contextmanager
def proxy_of(user, port):
    """A reverse proxy that everybody behind is `user` at; the address that he opens."""
    with _Proxy(("127.0.0.1", 0), _Visit) as proxy:
        proxy.user, proxy.inside = user, ("127.0.0.1", port)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{proxy.server_address[1]}"
        proxy.shutdown()


def _provider_app(issuer, person):
    from joserfc import jwt
    from joserfc.jwk import RSAKey
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, RedirectResponse
    from starlette.routing import Route

    key, nonces = RSAKey.generate_key(2048, {"kid": "one"}), {}

    async def about(request):
        names = {"authorization": "authorize", "token": "token"}
        told = {f"{name}_endpoint": f"{issuer}/{path}" for name, path in names.items()}
        algorithms = {
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
        }
        return JSONResponse({"issuer": issuer, "jwks_uri": f"{issuer}/keys", **told, **algorithms})

    async def authorize(request):
        asked = request.query_params
        code = f"code{len(nonces)}"
        nonces[code] = asked.get("nonce")
        return RedirectResponse(f"{asked['redirect_uri']}?code={code}&state={asked['state']}")

    async def token(request):
        form = await request.form()
        now = int(time.time())
        claims = {"iss": issuer, "aud": "gunmane", "iat": now, "exp": now + 600, **person}
        claims["nonce"] = nonces.pop(form["code"])
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, key)
        return JSONResponse({"access_token": "a", "token_type": "Bearer", "id_token": signed})

    async def keys(request):
        return JSONResponse({"keys": [key.as_dict(private=False)]})

    places = {"/.well-known/openid-configuration": about, "/authorize": authorize, "/keys": keys}
    routes = [Route(path, answer) for path, answer in places.items()]
    return Starlette(routes=[*routes, Route("/token", token, methods=["POST"])])


@contextlib.contextmanager
def provider_of(person):
    """An OpenID Connect provider that lets everybody in as one person; its address."""
    import uvicorn

    port = free_port()
    issuer = f"http://127.0.0.1:{port}"
    config = uvicorn.Config(_provider_app(issuer, person), port=port, log_level="warning")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    yield issuer
    server.should_exit = True
    thread.join()
