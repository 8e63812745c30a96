"""What surrounds every answer: forged cross-site posts are refused, security headers are set. Pure ASGI, no
rule of the domain."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server.config import Settings

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
POLICY = (
    "default-src 'self'; img-src 'self' blob: data:; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)


class SameSite:
    """Refuses unsafe requests that another site made the browser send. `Sec-Fetch-Site` says so; where a
    browser is too old for it,
    `Origin` does; a client that sends neither is no browser and carries no stolen cookie."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.origins = settings.origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] not in SAFE_METHODS and not self._ours(Headers(scope=scope)):
            await PlainTextResponse("Запрос пришёл с чужого сайта", 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)

    def _ours(self, headers: Headers) -> bool:
        if site := headers.get("sec-fetch-site"):
            return site in ("same-origin", "none")
        origins = headers.getlist("origin")
        return not origins or (len(origins) == 1 and origins[0] in self.origins)


class SecurityHeaders:
    """Sets on every answer what a browser must know; what a route set itself stands. Pages are kept nowhere, static
    files are kept and asked about."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.headers = {
            "content-security-policy": POLICY,
            "x-content-type-options": "nosniff",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
            "cache-control": "no-store",
        }
        if settings.secure:
            self.headers["strict-transport-security"] = "max-age=31536000; includeSubDomains"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        cached = {"cache-control": "no-cache"} if scope.get("path", "").startswith("/static/") else {}

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in (self.headers | cached).items():
                    found.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, with_headers if scope["type"] == "http" else send)
