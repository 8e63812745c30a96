"""The chain that makes the log tamper-evident. Pure: digests and links, no database.

Each event keeps a salted digest of its content and a link over the link before it. The chain holds digests,
never content:
erasing text and salt leaves every link whole."""

import hashlib
import json
import secrets
from datetime import datetime
from typing import Any

START = "0" * 64


def new_salt() -> bytes:
    """16 random bytes: without them nobody can guess a short erased text from its digest."""
    return secrets.token_bytes(16)


def digest(
    salt: bytes,
    *,
    at: datetime,
    kind: str,
    author: int,
    client_id: str | None,
    text: str | None,
    data: dict[str, Any],
) -> str:
    """SHA-256 over the salt and one canonical form of the content."""
    content = [int(at.timestamp() * 1000), kind, author, client_id, text, data]
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(salt + canonical.encode()).hexdigest()


def link(before: str, ticket: int, line: str, seq: int, digest_: str) -> str:
    """SHA-256 over the link before, the event's place and its digest."""
    return hashlib.sha256(f"{before}|{ticket}|{line}|{seq}|{digest_}".encode()).hexdigest()
