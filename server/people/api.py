"""Who is asking, over HTTP."""

from typing import Any

from server.api import wire
from server.api.endpoint import Audience, Call, Endpoint, resource


async def me(call: Call) -> dict[str, Any]:
    """The person the token belongs to, with what they may do for which organisation."""
    v = call.viewer
    memberships = [
        {
            "organisation": {"id": i, "name": p.organisation}, "can_approve": p.can_approve, "sees_all": p.sees_all,
            "billing": p.billing, "org_admin": p.org_admin,
        }
        for i, p in v.memberships.items()
    ]  # fmt: skip
    return v.person() | {"memberships": memberships, "locale": v.locale, "time_zone": v.time_zone}


routes = [resource("/me", GET=Endpoint(me, Audience("whoever has a token"), answer=wire.Me))]
