"""The catalogues: every word of the product is there, translated, with its places, in all its plural forms."""

import re
import runpy
from pathlib import Path
from typing import Any

import pytest

from server.words import i18n

ROOT = Path(__file__).parents[1]
PLACES = re.compile(r"%\((\w+)\)[sd]")


@pytest.fixture(scope="module")
def messages() -> dict[str, Any]:
    """The command that keeps the catalogues, as a module."""
    return runpy.run_path(str(ROOT / ".ci/messages"))


def test_every_word_is_translated_and_none_is_left_over(messages: dict[str, Any]) -> None:
    assert messages["main"](check=True) == 0, "run .ci/messages and translate what it names"


def test_a_word_nobody_translated_is_noticed(messages: dict[str, Any]) -> None:
    for locale, word in (("en", "Слово, которого нет"), ("ru", ("%(num)d слон", "%(num)d слонов"))):
        catalogue = messages["fresh"](locale, messages["words"]() | {word: None})
        assert str(word) in messages["untranslated"](catalogue)


@pytest.mark.parametrize("locale", i18n.LOCALES)
def test_a_translation_keeps_the_places_of_its_message(messages: dict[str, Any], locale: str) -> None:
    for message in messages["read"](locale):
        if not message.id:
            continue
        ids = message.id if isinstance(message.id, tuple | list) else [message.id]
        forms = message.string if isinstance(message.string, tuple | list) else [message.string]
        wanted = set(PLACES.findall(" ".join(ids)))
        for form in forms:
            got = set(PLACES.findall(form))
            assert got == wanted or (len(forms) > 1 and got <= wanted), message.id


def test_no_english_is_left_in_russian(messages: dict[str, Any]) -> None:
    left = [m.id for m in messages["read"]("en") if m.id and re.search("[А-Яа-яЁё]", str(m.string))]
    assert left == []


@pytest.mark.parametrize(
    ("num", "ru", "en"),
    [(1, "1 день", "1 day"), (2, "2 дня", "2 days"), (5, "5 дней", "5 days"), (21, "21 день", "21 days")],
)
def test_plurals_follow_the_language(num: int, ru: str, en: str) -> None:
    for locale, text in (("ru", ru), ("en", en)):
        assert i18n.translate_number(locale, "%(num)d день", "%(num)d дней", num) == text


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "ru"),
        ("en-US,en;q=0.9", "en"),
        ("de, ru;q=0.4, en;q=0.8", "en"),
        ("fr-FR", "ru"),
        ("en;q=0, ru", "ru"),
        ("ru;q=x,en", "en"),
    ],
)
def test_a_visitor_gets_the_language_the_browser_asks_for(header: str, locale: str) -> None:
    assert i18n.preferred(header) == locale
