"""Numbers, money, sizes and times in words, for both languages."""

import re
from datetime import UTC, date, datetime, timedelta

import pytest
import time_machine

from server.config import beside
from server.words.render import environment
from server.words.wording import NBSP, Wording, in_sentence, in_short, initials, kind_of_file, near, tint

RU, EN = Wording("ru"), Wording("en")
TEXTS = {".html", ".txt", ".js"}
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _a_day_in_november() -> object:
    with time_machine.travel(NOW, tick=False):
        yield


def plain(text: str) -> str:
    return text.replace(NBSP, " ")


def shown(value: str, form: str, locale: str = "ru", zone: str | None = "Europe/Moscow") -> str:
    """What the filter writes between its tags."""
    me = {"time_zone": zone} if zone else None
    html = environment(locale).from_string("{{ value|when(form) }}").render(value=value, form=form, me=me)
    return plain(html.split(">")[1].split("<")[0])


@pytest.mark.parametrize(
    ("kopecks", "ru", "en"),
    [
        (1_280_000, "12 800 ₽", "12,800 ₽"),
        (1_280_050, "12 800,50 ₽", "12,800.50 ₽"),
        (5, "0,05 ₽", "0.05 ₽"),
        (-320_000, "−3 200 ₽", "−3,200 ₽"),
    ],
)
def test_money_is_roubles_and_kopecks_only_where_there_are_some(kopecks: int, ru: str, en: str) -> None:
    assert (plain(RU.money(kopecks)), plain(EN.money(kopecks))) == (ru, en)


@pytest.mark.parametrize(
    ("lines", "ru", "en"),
    [
        ([("22", 800_000), ("22", 480_000)], "в том числе НДС 22 % 2 308,19 ₽", "including 22% VAT 2,308.19 ₽"),
        ([("without", 800_000)], "без НДС", "without VAT"),
        (
            [("without", 480_000), ("5", 105_000), ("22", 800_000)],
            "в том числе НДС 22 % 1 442,62 ₽, НДС 5 % 50 ₽; 4 800 ₽ без НДС",
            "including 22% VAT 1,442.62 ₽, 5% VAT 50 ₽; 4,800 ₽ without VAT",
        ),
    ],
)
def test_the_vat_of_a_sum_is_that_of_its_lines(lines: list[tuple[str, int]], ru: str, en: str) -> None:
    """(Seen red: 2 308,20, which is the VAT of the total.)"""
    rows = [{"vat": rate, "sum": kopecks} for rate, kopecks in lines]
    assert (plain(RU.vat(rows)), plain(EN.vat(rows))) == (ru, en)
    assert " %" not in RU.vat(rows) + EN.vat(rows)  # nor does it break within


def test_a_price_in_a_column_has_both_digits_of_its_kopecks() -> None:
    """(Seen red: «3 200,5».)"""
    line = {"price": 320_050, "quantity": "2.5", "unit": "hour"}
    for locale, price in (("ru", "3 200,50"), ("en", "3,200.50")):
        sums = environment(locale).get_template("ticket/_sums.html").make_module({"locale": locale})
        assert plain(sums.price(line)) == price  # type: ignore[attr-defined]


def test_a_sum_never_breaks_between_lines() -> None:
    assert " " not in RU.money(1_280_000)


@pytest.mark.parametrize(
    ("octets", "ru", "en"),
    [
        (0, "0 КБ", "0 KB"),
        (50, "1 КБ", "1 KB"),
        (244_000, "238 КБ", "238 KB"),
        (11_744_051, "11,2 МБ", "11.2 MB"),
        (157_286_400, "150 МБ", "150 MB"),
    ],
)
def test_sizes(octets: int, ru: str, en: str) -> None:
    assert (plain(RU.size(octets)), plain(EN.size(octets))) == (ru, en)


@pytest.mark.parametrize(
    ("seconds", "ru"),
    [
        (0, "0 мин"),
        (2_280, "38 мин"),
        (3_600, "1 ч"),
        (17_400, "4 ч 50 мин"),
        (90_000, "1 день 1 ч"),
        (190_000, "2 дня"),
    ],
)
def test_durations_keep_the_two_largest_parts(seconds: int, ru: str) -> None:
    assert plain(RU.duration(seconds)) == ru


@pytest.mark.parametrize(
    ("form", "ru", "en"),
    [
        ("clock", "12:05", "12:05"),
        ("day", "24 ноября", "24 November"),
        ("short", "24 нояб.", "24 Nov"),
        ("list", "12:05", "12:05"),
        ("full", "24 ноября, 12:05", "24 November, 12:05"),
    ],
)
def test_times_are_told_in_the_readers_zone(form: str, ru: str, en: str) -> None:
    at = "2026-11-24T09:05:00.123Z"
    assert (shown(at, form), shown(at, form, "en")) == (ru, en)


def test_a_list_says_yesterday_and_then_the_date() -> None:
    assert shown("2026-11-23T09:05:00Z", "list") == "вчера"
    assert shown("2026-11-20T09:05:00Z", "list") == "20 нояб."
    assert shown("2025-11-20T09:05:00Z", "list") == "20 нояб. 2025"


def test_midnight_is_the_readers_midnight() -> None:
    assert shown("2026-11-23T22:10:00Z", "list", zone="Europe/Moscow") == "01:10"
    assert shown("2026-11-23T22:10:00Z", "list", zone="Europe/London") == "вчера"


def test_without_a_reader_the_time_is_utc_and_says_so() -> None:
    assert shown("2026-11-24T09:05:00Z", "clock", zone=None) == "09:05 UTC"


def test_a_day_of_the_calendar_is_never_shifted() -> None:
    assert shown("2026-11-27", "short", zone="Pacific/Kiritimati") == "27 нояб."
    assert RU.day(date(2026, 11, 27), "day") == "27 ноября"


@pytest.mark.parametrize(
    ("left", "whole", "tone"), [(-480, 3600, "late"), (240, 900, "soon"), (1799, 7200, "soon"), (7000, 7200, "")]
)
def test_a_deadline_is_soon_in_its_last_quarter_or_quarter_of_an_hour(left: int, whole: int, tone: str) -> None:
    end = NOW + timedelta(seconds=left)
    got = RU.left(end.isoformat(), (end - timedelta(seconds=whole)).isoformat())
    assert got["tone"] == tone
    assert 0 <= got["spent"] <= 100
    assert got["text"].startswith("−") == (left < 0)


def test_small_marks_of_people_and_files() -> None:
    assert initials("Дмитрий Лапин") == "ДЛ"
    assert initials("Вера") == "В"
    assert {tint(n) for n in range(60)} == {1, 2, 3, 4, 5, 6}
    assert [kind_of_file(n) for n in ("Список отгрузок.xlsx", "README", "архив.backup")] == ["XLSX", "…", "…"]


@pytest.mark.parametrize(
    ("due", "tone"), [("2026-11-23", "late"), ("2026-11-24", "soon"), ("2026-11-26", "soon"), ("2026-11-27", "")]
)
def test_a_day_that_is_near_or_past_is_marked(due: str, tone: str) -> None:
    assert near(due) == tone


def test_an_age_is_the_time_since() -> None:
    assert plain(RU.age("2026-11-21T09:00:00Z")) == "3 дня"


def test_a_position_after_a_name_is_no_beginning_of_a_sentence() -> None:
    assert in_sentence("Системный администратор") == "системный администратор"
    assert [in_sentence(p) for p in ("ИТ-директор", "CEO", "Java-разработчик", "1С-программист", "")] == [
        "ИТ-директор", "CEO", "Java-разработчик", "1С-программист", "",
    ]  # fmt: skip


def test_quotes_round_what_is_put_in_are_the_reader_s_own() -> None:
    """They are part of the message. (Seen red: «…» written round a placeholder stood in English rows too.)"""
    written = [p for folder in ("templates", "static") for p in beside(folder).rglob("*.*") if p.suffix in TEXTS]
    bare = {p.name for p in written if re.search(r"«(\{\{|\$\{)", p.read_text())}
    assert (len(written) > 100, bare) == (True, set())


def test_an_organisation_is_short_where_the_kind_of_company_says_nothing() -> None:
    long = "ООО «Производственно-коммерческая фирма „Пекарня“»"
    assert [in_short(name) for name in ("ООО «Северный Мост»", long, "ИП Абрамов", "«»", "Мост » «")] == [
        "Северный Мост", "Производственно-коммерческая фирма „Пекарня“", "ИП Абрамов", "«»", "Мост » «",
    ]  # fmt: skip
