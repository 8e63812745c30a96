"""Logins, addresses, phones and roles have one normal form each."""

import pytest

from server.errors import Invalid
from server.people import details


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Anna", "anna"),
        ("  anna\t", "anna"),
        ("АННА@Ромашка", "анна@ромашка"),
        ("cafe\u0301", "caf\u00e9"),
        ("CAFÉ", "café"),
        ("Straße", "strasse"),
    ],
)
def test_L5_a_login_has_one_form_however_it_is_typed(typed: str, kept: str) -> None:
    assert details.login(typed) == kept
    assert details.login(kept) == kept


@pytest.mark.parametrize("typed", ["an\0na", "an\ud800na", "", "   ", "\u200b", "a" * 101])
def test_L5_what_can_not_be_a_login_is_named_as_such(typed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        details.login(typed)
    assert list(refusal.value.fields) == ["login"]


@pytest.mark.parametrize("typed", ["an na", "an\u00a0na", "an\u200bna"])
def test_a_login_that_is_given_out_has_nothing_unseen_in_it(typed: str) -> None:
    with pytest.raises(Invalid):
        details.new_login(typed)


@pytest.mark.parametrize(
    "typed",
    [
        *["+7 912 345-67-89", "8 (912) 345-67-89", "79123456789", "9123456789", "8\u00a0912\u00a0345\u00a067\u00a089"],
        *["+7(912)345 67 89", "8-912-345-67-89"],
    ],
)
def test_a_russian_mobile_number_is_kept_in_one_form(typed: str) -> None:
    assert details.phone(typed) == "+79123456789"


@pytest.mark.parametrize(
    "typed",
    [
        *["+7 495 123-45-67", "+7 701 234-56-78", "+49 170 1234567", "8 800 555-35-35"],  # no SMS there
        *["", "9", "позвоните", "+7 912 345-67-8", "+7 912 345-67-89 доб. 12", "+" * 5000, "+7912345678901"],
    ],
)
def test_no_other_number_is_taken(typed: str) -> None:
    with pytest.raises(Invalid) as refusal:
        details.phone(typed)
    assert list(refusal.value.fields) == ["phone"]


def test_a_number_is_shown_whole_or_masked() -> None:
    assert details.shown("+79123456789") == "+7\u00a0912\u00a0345-67-89"
    assert details.masked("+79123456789") == "+7\u00a0···\u00a0···\u00a067-89"
    assert details.masked("") == ""


@pytest.mark.parametrize("typed", ["a@b.test", "  a.b+c@x-y.test ", "почта@пример.рф", "root@localhost"])
def test_an_address_that_mail_can_go_to(typed: str) -> None:
    assert details.email(typed) == typed.strip()


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "a",
        "a@",
        "@b",
        "a@b@c",
        "a b@c.test",
        "a@b.test\r\nBcc: x@y.test",
        "<a@b.test>",
        "a@b,c@d",
        "a" * 260 + "@b.c",
    ],
)
def test_an_address_that_would_be_two_or_none(typed: str) -> None:
    with pytest.raises(Invalid):
        details.email(typed)


def test_roles_are_a_set_in_one_order() -> None:
    assert details.roles(["admin", "lead", "lead"]) == ["lead", "admin"]
    for wrong in ([], ["boss"], ["lead", "boss"]):
        with pytest.raises(Invalid):
            details.roles(wrong)
