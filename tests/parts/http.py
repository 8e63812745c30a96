"""A client of HTTP that is made at once."""

from typing import Any

import httpx2


def http_client(base: str = "", **more: Any) -> httpx2.AsyncClient:
    """Without the world's certificates, which take 40 ms to read: no test speaks TLS."""
    return httpx2.AsyncClient(base_url=base, verify=False, **{"timeout": 20, **more})


def alike(foreign: httpx2.Response, absent: httpx2.Response) -> None:
    """What exists for others is answered like what does not exist: byte for byte, but for the moment it was sent."""
    assert foreign.status_code == absent.status_code == 404, foreign.request.url
    assert foreign.content == absent.content
    ours, theirs = ({k: v for k, v in answer.headers.items() if k != "date"} for answer in (foreign, absent))
    assert ours == theirs
