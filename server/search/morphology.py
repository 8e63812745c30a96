"""Which words count as the same when somebody searches. Pure: one analysis for every database, so both find the same.

A word stands for its Snowball stem and its dictionary forms: a stem alone parts «ошибка» and «ошибок», «звонок» and
«звонки». «ё» is «е», case, soft hyphens and zero-width signs don't count, and Latin letters that look Cyrillic are
Cyrillic in a word that may be («1C» typed either way)."""

import re
import threading
import unicodedata
from functools import cache, lru_cache

import pymorphy3
import snowballstemmer
from pymorphy3.units import DictionaryAnalyzer

WORD = re.compile(r"[^\W_]+")
LONGEST = 64  # a longer "word" is found by its beginning; PostgreSQL would refuse a lexeme of 2 KB

# After case folding, so «BOPOHA» in Latin letters reads as «ворона».
_ALIKE = str.maketrans("abcehkmoptxy", "авсенкмортху")
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyz")
_ALIKE_LATIN = frozenset("abcehkmoptxy")
_CYRILLIC = re.compile(r"[а-я]")


class _Stemmers(threading.local):
    """Each thread's own: a stemmer keeps the word it is cutting in itself, and long texts are read beside the loop."""

    def __init__(self) -> None:
        self.russian = snowballstemmer.stemmer("russian")
        self.english = snowballstemmer.stemmer("english")


_stemmers = _Stemmers()


@cache
def _dictionary() -> pymorphy3.MorphAnalyzer:
    # Words of the dictionary only: guessing at unknown ones is slow and often wrong, their stem is enough.
    # Which form is likelier does not matter here, so nobody asks.
    return pymorphy3.MorphAnalyzer(units=[DictionaryAnalyzer()], probability_estimator_cls=None)


def words(text: str) -> list[str]:
    """The words of a text in one plain form, in their order."""
    plain = unicodedata.normalize("NFKC", text.replace("№", " "))
    plain = "".join(c for c in plain if unicodedata.category(c) != "Cf")
    plain = plain.casefold().replace("ё", "е")
    return [word[:LONGEST] for word in WORD.findall(plain)]


@lru_cache(maxsize=50_000)
def terms(word: str) -> frozenset[str]:
    """What one word from `words` is kept and looked up as; two words are the same when they share a term."""
    latin = _LATIN & set(word)
    if _CYRILLIC.search(word):
        return _of_russian(word.translate(_ALIKE) if latin else word)
    if not latin:
        return frozenset({word})
    english = frozenset({str(_stemmers.english.stemWord(word))})
    return english | _of_russian(word.translate(_ALIKE)) if latin <= _ALIKE_LATIN else english


def _of_russian(word: str) -> frozenset[str]:
    forms = {form.replace("ё", "е") for form in _dictionary().normal_forms(word)}
    return frozenset({str(_stemmers.russian.stemWord(word)), *forms})


def terms_of(text: str) -> set[str]:
    """Everything a text can be found by."""
    return {term for word in set(words(text)) for term in terms(word)}
