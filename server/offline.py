"""What is left without a network: a page that says so, and the browser's worker that keeps it. Nothing of anybody."""

import json
from functools import cache
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from server import web
from server.config import beside
from server.words.i18n import known
from server.words.render import render


async def show(request: Request) -> HTMLResponse:
    """The same for everybody in one language."""
    return web.page(request, "offline.html")


async def worker(request: Request) -> Response:
    """`/sw.js`: at the root, since a worker looks after what lies below its own address."""
    script = _worker(known(request.query_params.get("lang")))
    return Response(script, media_type="text/javascript", headers={"cache-control": "no-cache"})


@cache
def _worker(locale: str) -> str:
    """The script with what it keeps; its version is the fingerprint of all that."""
    folder = beside("static")
    paths = sorted(p for kind in ("css/*.css", "img/*", "js/**/*.js") for p in folder.glob(kind))
    fingerprint = sha256(render("offline.html", locale).encode())
    for path in paths:
        fingerprint.update(path.read_bytes())
    files = [f"/static/{path.relative_to(folder).as_posix()}" for path in paths]
    kept = {
        "version": f"journal-{locale}-{fingerprint.hexdigest()[:16]}",
        "page": f"/offline?lang={locale}",
        "files": files,
    }
    return f"const KEPT = {json.dumps(kept)};\n{(folder / 'sw.js').read_text()}"


routes = [Route("/offline", show), Route("/sw.js", worker)]
