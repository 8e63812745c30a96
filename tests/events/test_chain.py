"""The chain: what it holds fast, and that erasing leaves it whole."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from server.events import chain

AT = datetime(2026, 11, 24, 9, 30, 0, 123_000, tzinfo=UTC)
CONTENT: dict[str, Any] = {
    "at": AT,
    "kind": "message",
    "author": 7,
    "client_id": "a-1",
    "text": "Здравствуйте",
    "data": {"files": [], "reply_to": 2},
}
OTHERS: dict[str, Any] = {
    "at": AT + timedelta(milliseconds=1),
    "kind": "edit",
    "author": 8,
    "client_id": None,
    "text": "Здравствуйте.",
    "data": {},
}
SALT = b"0123456789abcdef"


@pytest.mark.parametrize("field", OTHERS)
def test_the_digest_changes_with_every_part_of_the_content(field: str) -> None:
    changed = CONTENT | {field: OTHERS[field]}
    assert chain.digest(SALT, **changed) != chain.digest(SALT, **CONTENT)


def test_the_digest_does_not_depend_on_the_order_of_keys_or_the_zone_of_the_clock() -> None:
    turned = CONTENT | {"data": dict(reversed(CONTENT["data"].items()))}
    assert chain.digest(SALT, **turned) == chain.digest(SALT, **CONTENT)


def test_equal_texts_have_unlike_digests() -> None:
    """Without the salt an erased «да» could be guessed."""
    assert chain.digest(chain.new_salt(), **CONTENT) != chain.digest(chain.new_salt(), **CONTENT)


@pytest.mark.parametrize("other", [("a", 1, "public", 1, "d"), ("b", 2, "public", 1, "d"), ("b", 1, "staff", 1, "d"),
                                   ("b", 1, "public", 2, "d"), ("b", 1, "public", 1, "e")])  # fmt: skip
def test_a_link_holds_its_place_its_digest_and_the_link_before(other: tuple[str, int, str, int, str]) -> None:
    assert chain.link(*other) != chain.link("b", 1, "public", 1, "d")


def test_links_need_digests_only() -> None:
    """So text and salt may be erased: nothing but the digest goes into a link."""
    first = chain.link(chain.START, 1, "public", 1, chain.digest(SALT, **CONTENT))
    assert len(first) == 64
    assert first != chain.START
