"""Marks the words somebody searched for, by the same sameness of words that search uses. Display only."""

import re

from markupsafe import Markup, escape

from server.search.morphology import terms_of

WORD = re.compile(r"[^\W_]+")
AROUND = 70


def marked(text: str, query: str) -> Markup:
    """The text with every word of the query in `<mark>`, cut to what stands around the first of them."""
    wanted = terms_of(query)
    hits = [found.span() for found in WORD.finditer(text) if wanted & terms_of(found[0])]
    start, end = _window(text, hits[0] if hits else (0, 0))
    out, at = [escape("…" if start else "")], start
    for left, right in hits:
        if start <= left and right <= end:
            out += [escape(text[at:left]), Markup("<mark>{}</mark>").format(text[left:right])]
            at = right
    return Markup("").join([*out, escape(text[at:end]), "…" if end < len(text) else ""])


def _window(text: str, hit: tuple[int, int]) -> tuple[int, int]:
    """Where the excerpt begins and ends: between words, around the first hit."""
    start, end = max(hit[0] - AROUND, 0), min(hit[1] + 2 * AROUND, len(text))
    if start:
        start = max(text.find(" ", start, hit[0]) + 1, start)
    if end < len(text):
        end = max(text.rfind(" ", hit[1], end), hit[1])
    return start, end
