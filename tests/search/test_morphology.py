"""Which words are the same (S10)."""

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
