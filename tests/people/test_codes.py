"""SMS codes: six digits that nobody can foresee, kept in a form that opens nothing."""

import re
from contextlib import suppress

import pytest

from server.errors import Invalid
from server.people import codes


def test_ten_thousand_codes_are_spread() -> None:
    found = [codes.new() for _ in range(10_000)]
    assert all(re.fullmatch(r"[0-9]{6}", c) for c in found)
    assert len(set(found)) > 9_800
    assert all(800 < sum(c[place] == digit for c in found) < 1_200 for place in range(6) for digit in "0123456789")


@pytest.mark.parametrize("text", ["123456", " 123 456\n", "123\u00a0456", "1 2 3 4 5 6"])
def test_O9_blanks_in_a_code_do_not_matter(text: str) -> None:
    assert codes.typed(text) == "123456"
    assert codes.typed(" 012345 ") == "012345"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "12345",
        "1234567",
        "１２３４５６",
        "١٢٣٤٥٦",
        "+12345",
        "1e5",
        "12345a",
        "-12345",
        "123.456",
        "1" * 10_000,
        "0x1234",
    ],
)
def test_O9_only_six_ascii_digits_are_a_code(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        codes.typed(text)
    assert list(refusal.value.fields) == ["code"]


def test_O6_O7_a_code_counts_only_with_its_own_login() -> None:
    kept = codes.digest("key", "token A", "123456")
    assert codes.same(kept, codes.digest("key", "token A", "123456"))
    assert kept != codes.digest("key", "token B", "123456")
    assert kept != codes.digest("other key", "token A", "123456")


def test_O10_a_sealed_code_opens_with_its_token_alone() -> None:
    sealed = codes.seal("key", "token", "nonce", "048215")
    assert "048215" not in sealed
    assert codes.unseal("key", "token", "nonce", sealed) == "048215"
    assert bytes.fromhex(sealed) != bytes.fromhex(codes.seal("key", "token", "another", "048215"))
    for key, token, nonce in (("key!", "token", "nonce"), ("key", "token!", "nonce"), ("key", "token", "nonce!")):
        with suppress(UnicodeDecodeError):  # a wrong pad gives other characters, or none at all
            assert codes.unseal(key, token, nonce, sealed) != "048215"


def test_the_code_is_the_first_number_of_the_sms() -> None:
    for locale in ("ru", "en"):
        assert re.findall(r"\d+", codes.sms("048215", locale))[0] == "048215"
    assert codes.sms("482913", "ru") == "482913 – код для входа в Журнал Обращений"
