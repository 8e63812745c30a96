"""Numbers, money, sizes, times and names as a reader sees them: the filters of the templates."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from babel.dates import format_date, get_timezone_location
from babel.numbers import format_decimal
from jinja2 import pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from server.events.kinds import WITHOUT_VAT
from server.money import vat
from server.tickets.workflow import SOON_DAYS
from server.words.highlight import marked
from server.words.i18n import translate, translate_number
from server.words.labels import LABELS
from server.words.markdown import markdown, spoken

NBSP = "\u00a0"
TINTS = 6
SOON_SECONDS = 15 * 60


def initials(name: str) -> str:
    """«Дмитрий Лапин» → «ДЛ»."""
    words = name.split()
    return "".join(word[0] for word in words[:2]).upper()


def in_sentence(position: str) -> str:
    """A position after a name and a comma: «Системный администратор» → «системный администратор»; «ИТ-директор» and
    what is not Russian stay as the admin wrote them."""
    first, rest = position[:1], position[1:]
    return first.lower() + rest if rest[:1].islower() and not first.isascii() else position


def in_short(organisation: str) -> str:
    """«ООО «Северный Мост»» → «Северный Мост», where the kind of company says nothing."""
    start, end = organisation.find("«"), organisation.rfind("»")
    return organisation[start + 1 : end] if -1 < start < end - 1 else organisation


def tint(person_id: object) -> int:
    """One of six colours that stays with a person."""
    return int(str(person_id)) % TINTS + 1 if str(person_id).isdigit() else 1


class Wording:
    """What depends on the reader's language."""

    def __init__(self, locale: str) -> None:
        self.locale = locale
        self.babel = {"ru": "ru_RU", "en": "en_GB"}[locale]

    def filters(self) -> dict[str, Any]:
        """By the names that templates use."""
        return {
            "money": self.money,
            "roubles": self.roubles,
            "when": self.when,
            "size": self.size,
            "vat": self.vat,
            "duration": self.duration,
            "number": self.number,
            "initials": initials,
            "in_sentence": in_sentence,
            "in_short": in_short,
            "tint": tint,
            "markdown": markdown,
            "spoken": spoken,
            "kind_of_file": kind_of_file,
            "left": self.left,
            "age": self.age,
            "near": near,
            "zone": self.zone,
            "marked": marked,
        }

    def label(self, kind: str, code: object) -> str:
        """What a code is called: `label("status", "new")`."""
        return translate(self.locale, LABELS[kind][str(code)])

    def number(self, value: float) -> str:
        """With the language's own grouping and decimal sign."""
        return format_decimal(value, locale=self.babel).replace("\u202f", NBSP)

    def money(self, kopecks: int) -> str:
        """Kopecks → «12 800 ₽»; the kopecks themselves only where there are some."""
        return f"{self.roubles(kopecks)}{NBSP}₽"

    def roubles(self, kopecks: int) -> str:
        """The same without the sign, where a column's heading says what it is: «3 200,50»."""
        rub, kop = divmod(abs(kopecks), 100)
        text = self.number(rub)
        if kop:
            text += {"ru": ",", "en": "."}[self.locale] + f"{kop:02d}"
        return f"{'−' if kopecks < 0 else ''}{text}"

    def vat(self, lines: Iterable[Mapping[str, Any]]) -> str:
        """What a sum of estimate lines holds: «в том числе НДС 22 % 2 308,19 ₽», «без НДС»."""
        found = vat.held(lines)
        untaxed = found.pop(WITHOUT_VAT, 0)
        if not found:
            return self.label("vat", WITHOUT_VAT)
        taxes = [
            translate(self.locale, "НДС %(rate)s %% %(sum)s", rate=rate, sum=self.money(kopecks)).replace(" ", NBSP)
            for rate, kopecks in found.items()
        ]
        parts = [translate(self.locale, "в том числе %(taxes)s", taxes=", ".join(taxes))]
        if untaxed:
            parts.append(translate(self.locale, "%(sum)s без НДС", sum=self.money(untaxed)))
        return "; ".join(parts)

    def size(self, octets: int) -> str:
        """Bytes → «238 КБ», «11,2 МБ»."""
        kilobytes = octets / 1024
        if kilobytes < 1000:
            shown = self.number(max(round(kilobytes), 1) if octets else 0)
            return translate(self.locale, "%(n)s КБ", n=shown).replace(" ", NBSP)
        megabytes = kilobytes / 1024
        shown = self.number(round(megabytes, 1 if megabytes < 100 else 0))
        return translate(self.locale, "%(n)s МБ", n=shown).replace(" ", NBSP)

    def duration(self, seconds: float) -> str:
        """Seconds → «2 дня», «4 ч 50 мин», «38 мин»: the two largest parts, days alone once there are two."""
        minutes = int(abs(seconds)) // 60
        days, rest = divmod(minutes, 24 * 60)
        hours, minutes = divmod(rest, 60)
        day = translate_number(self.locale, "%(num)d день", "%(num)d дней", days) if days else ""
        hour = translate(self.locale, "%(num)d ч", num=hours) if hours and days < 2 else ""
        spare = not days and (minutes or not hours)
        minute = translate(self.locale, "%(num)d мин", num=minutes) if spare else ""
        return " ".join(part for part in (day, hour, minute) if part).replace(" ", NBSP)

    def left(self, deadline: str, since: str) -> dict[str, Any]:
        """How a deadline stands: `text` «38 мин» or «−8 мин», `tone` '' | soon | late, `spent` in %."""
        end, start, at = self.moment(deadline), self.moment(since), datetime.now(UTC)
        whole, rest = max((end - start).total_seconds(), 1.0), (end - at).total_seconds()
        tone = "late" if rest < 0 else "soon" if rest < SOON_SECONDS or rest < whole / 4 else ""
        text = ("−" if rest < 0 else "") + self.duration(rest)
        return {"text": text, "tone": tone, "spent": round(min(max(1 - rest / whole, 0), 1) * 100)}

    def zone(self, name: str) -> str:
        """«Europe/Moscow» → «Москва, UTC+3», as it is now."""
        offset = datetime.now(ZoneInfo(name)).utcoffset() or timedelta(0)
        hours, minutes = divmod(abs(int(offset.total_seconds())) // 60, 60)
        shift = f"{'−' if offset < timedelta(0) else '+'}{hours}" + (f":{minutes:02d}" if minutes else "")
        place = get_timezone_location(name, locale=self.babel, return_city=True)
        return f"{place}, UTC{shift}" if offset or place != "UTC" else "UTC"

    def age(self, since: str) -> str:
        """How long it has been so: «3 дня»."""
        return self.duration((datetime.now(UTC) - self.moment(since)).total_seconds())

    @staticmethod
    def moment(value: str | datetime) -> datetime:
        """What the wire writes as `…Z`."""
        at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return at if at.tzinfo else at.replace(tzinfo=UTC)

    @pass_context
    def when(self, ctx: Context, value: str | datetime | date | None, form: str = "full") -> Markup:
        """An instant as `<time>`. `form`: clock, day, short, list (clock today, then the date), full.
        The text is in the reader's zone where the page knows it, else in UTC and says so;
        the browser sets it right."""
        if value is None:
            return Markup("")
        if isinstance(value, str) and len(value) == len("2026-11-27"):
            value = date.fromisoformat(value)
        if isinstance(value, date) and not isinstance(value, datetime):
            return Markup('<time datetime="{}">{}</time>').format(value.isoformat(), self.day(value, form))
        at = self.moment(value)
        zone = (ctx.get("me") or {}).get("time_zone")
        wire = at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = self.text(at.astimezone(ZoneInfo(zone) if zone else UTC), form, "" if zone else f"{NBSP}UTC")
        return Markup('<time datetime="{}" data-when="{}">{}</time>').format(wire, form, text)

    def text(self, at: datetime, form: str, suffix: str) -> str:
        """One instant in words; `at` is already in the zone it is shown in."""
        clock = f"{at:%H:%M}{suffix}"
        today = datetime.now(at.tzinfo).date()
        if form == "list" and at.date() == today - timedelta(days=1):
            return translate(self.locale, "вчера")
        if form == "list":
            form = "clock" if at.date() == today else "short"
        if form == "clock":
            return clock
        if form in ("day", "short"):
            return self.day(at.date(), form)
        return translate(self.locale, "%(day)s, %(clock)s", day=self.day(at.date(), "day"), clock=clock)

    def day(self, at: date, form: str) -> str:
        """«24 ноября», «24 нояб.»; the year only when it is not this one."""
        months = "MMM" if form in ("short", "list") else "MMMM"
        year = "" if at.year == datetime.now(UTC).year else " y"
        return format_date(at, f"d {months}{year}", locale=self.babel)


def near(due: str) -> str:
    """How «Нужно к» stands, a day of the calendar: '' | soon | late."""
    rest = (date.fromisoformat(due) - datetime.now(UTC).date()).days
    return "late" if rest < 0 else "soon" if rest <= SOON_DAYS else ""


def kind_of_file(name: str) -> str:
    """The letters on a file's tile: «XLSX»."""
    suffix = Path(name).suffix.lstrip(".").upper()
    return suffix if 1 <= len(suffix) <= 4 else "…"
