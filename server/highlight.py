"""Marks the words somebody searched for, in whatever case or number they stand. Display only."""

import re

import snowballstemmer
from markupsafe import Markup, escape

WORD = re.compile(r"\w+")
AROUND = 70

_russian = snowballstemmer.stemmer("russian")
_english = snowballstemmer.stemmer("english")


def stem(word: str) -> str:
    """The part of a word that its forms share; «ё» and «е» are one letter."""
    word = word.casefold().replace("ё", "е")
    return str((_english if word.isascii() else _russian).stemWord(word))


def marked(text: str, query: str) -> Markup:
    """The text with every word of the query in `<mark>`, cut to what stands around the first of them."""
    stems = {stem(word) for word in WORD.findall(query)}
    hits = [found.span() for found in WORD.finditer(text) if stem(found[0]) in stems]
    start, end = _window(text, hits[0] if hits else (0, 0))
    out, at = [escape("…" if start else "")], start
    for left, right in hits:
        if start <= left and right <= end:
            out += [escape(text[at:left]), Markup("<mark>{}</mark>").format(text[left:right])]
            at = right
    return Markup("").join([*out, escape(text[at:end]), "…" if end < len(text) else ""])


def _window(text: str, hit: tuple[int, int]) -> tuple[int, int]:
    start, end = max(hit[0] - AROUND, 0), min(hit[1] + 2 * AROUND, len(text))
    start = text.find(" ", start) + 1 if start else 0
    end = text.rfind(" ", hit[1], end) if end < len(text) and text.rfind(" ", hit[1], end) > 0 else end
    return start, end
