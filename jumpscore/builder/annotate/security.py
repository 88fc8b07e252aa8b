"""Who may talk to the server: only the page of the person who started it."""

from __future__ import annotations

import secrets
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'self'; img-src 'self' blob:; object-src 'none'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
SAFE_METHODS = ("GET", "HEAD")


class Guard:
    """Refuses requests without the token, from other sites, or for other hosts.

    The host is checked because of DNS rebinding: a site of an attacker may change its address to
    127.0.0.1 after it was loaded.

    Args:
        app: The application that receives the other requests.
        token: Secret of this start of the server.
        port: Port of the server.
    """

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._token = token.encode()
        self._hosts = (f"127.0.0.1:{port}", f"localhost:{port}")
        # Cookies are shared by all ports of a host; two servers must not replace each other's.
        self._cookie = f"jumpscore-annotate-{port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check one request and pass it on, or answer it."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            answer = self._answer(scope) or self._app
            await answer(scope, receive, send_with_headers)

    def _answer(self, scope: Scope) -> Response | None:
        """Return the answer to a request that must not reach the application."""
        headers, method = Headers(scope=scope), scope["method"]
        if headers.get("host") not in self._hosts:
            return _refuse(f"use the address http://{self._hosts[0]}/")
        if headers.get("sec-fetch-site", "none") not in ("none", "same-origin"):
            return _refuse("requests from other sites are not allowed")
        origin = headers.get("origin")
        if origin is not None and origin not in [f"http://{host}" for host in self._hosts]:
            return _refuse("requests from other sites are not allowed")
        query = parse_qs(scope["query_string"].decode("latin-1"))
        if scope["path"] == "/" and method in SAFE_METHODS and "token" in query:
            return self._enter(query["token"][0])
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(bearer):
            return None
        if not self._is_token(cookie_parser(headers.get("cookie", "")).get(self._cookie, "")):
            return _refuse("the token is missing or wrong; open the address that was printed last")
        if method not in SAFE_METHODS and origin is None:
            return _refuse("the header Origin is missing; use the page")
        return None

    def _enter(self, token: str) -> Response:
        if not self._is_token(token):
            return _refuse("the token is wrong; open the address that was printed last")
        response = RedirectResponse("/", status_code=303)
        response.set_cookie(self._cookie, token, httponly=True, samesite="strict", path="/")
        return response

    def _is_token(self, text: str) -> bool:
        return secrets.compare_digest(text.encode(), self._token)


def _refuse(reason: str) -> Response:
    return PlainTextResponse(f"refused: {reason}\n", status_code=403)
