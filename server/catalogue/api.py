"""What may be asked for, over HTTP."""

from typing import Any

from server.api import wire
from server.api.endpoint import Audience, Call, Endpoint, resource
from server.catalogue.queries import services_json


async def services(call: Call) -> dict[str, Any]:
    """Every service that a new ticket may name, with the people responsible for it."""
    return {"items": await services_json(call.s)}


routes = [resource("/services", GET=Endpoint(services, Audience("whoever has a token"), answer=wire.Services))]
