"""The help page: the manual, in both languages, with the table of statuses drawn from the workflow."""

from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from server import web


async def manual(request: Request) -> HTMLResponse:
    """Open to everybody: whoever can't come in needs it most."""
    async with web.journal(request).db.reading() as s:
        await web.recognise(s, request)
    return web.page(request, "help.html")


routes = [Route("/help", manual)]
