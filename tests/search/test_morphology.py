"""Which words are the same (S10)."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from server.search.morphology import LONGEST, terms, terms_of, words

SAME = [
    ("принтер", "ПРИНТЕРАМИ"),
    ("ошибка", "ошибок"),
    ("звонок", "звонки"),
    ("массив", "массивы"),
    ("настройка", "настроек"),
    ("платёж", "платежей"),
    ("человек", "людей"),
    ("ёлочный", "елочных"),
    ("счёт", "счета"),
    ("счёт", "cчёт"),  # the first letter is Latin
    ("1С", "1C"),  # Cyrillic and Latin
    ("ВОРОНА", "BOPOHA"),
    ("бух\u00adгалтерия", "бухгалтерией"),
    ("жёлтый", "же\u0308лтая"),
    ("order", "orders"),
    ("ﬁle", "FILE"),
    ("１２８４", "1284"),
]
OTHER = [("принтер", "принц"), ("1284", "128"), ("ошибка", "обшивка"), ("order", "border"), ("кот", "код")]


def _terms(text: str) -> set[str]:
    [word] = words(text)
    return set(terms(word))


@pytest.mark.parametrize(("one", "other"), SAME)
def test_S10_forms_of_a_word_are_the_same(one: str, other: str) -> None:
    assert _terms(one) & _terms(other)


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_other_words_are_not(one: str, other: str) -> None:
    assert not _terms(one) & _terms(other)


def test_signs_are_no_words() -> None:
    assert words("% _ * \\ ' \" : & ! ( ) -- № # @ \0 <>") == []
    assert words("INV_2024-11/№1284") == ["inv", "2024", "11", "1284"]


def test_terms_are_letters_and_digits_only_and_never_long() -> None:
    text = "NEAR( 'a' OR \"b\" & (c|d):* " + "я" * 5000 + " \u0660\u0661 x\u0301y İ ß 漢字 𝒳"
    for term in terms_of(text):
        assert term.isalnum()
        assert 0 < len(term) <= 2 * LONGEST


def test_two_threads_at_once_stem_as_one_does() -> None:
    """Long texts are taken in beside the loop; a stemmer that two share cuts one word by the other's ending."""
    made = [f"{root}{end}" for root in ("выгрузочк", "обменник", "zabbix") for end in _endings()]
    alone = [sorted(terms.__wrapped__(word)) for word in made]
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as pool:
            rounds = [pool.submit(lambda: [sorted(terms.__wrapped__(word)) for word in made]) for _ in range(8)]
            assert all(each.result() == alone for each in rounds)
    finally:
        sys.setswitchinterval(before)


def _endings() -> list[str]:
    return [a + b for a in ("", "ов", "ами", "ость", "ировани") for b in ("", "а", "ей", "ия", "ем", "ings", "ed")]
