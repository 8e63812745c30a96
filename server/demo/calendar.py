"""When things happened in the demo: moments counted back from its start, and dates inside texts. Pure."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from server.demo.story import Ago, On, When

MOSCOW = ZoneInfo("Europe/Moscow")
_AT_LEAST = timedelta(seconds=7)  # between two things that one person did in a row
_MONTHS = {
    case: months.split()
    for case, months in {
        "": "январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь",
        "2": "января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
        "6": "январе феврале марте апреле мае июне июле августе сентябре октябре ноябре декабре",
    }.items()
}
_TOKEN = re.compile(r"\{(ddy|dd|d|m|c|q|y)([+-]?\d*)\}")


def working_day(start: date, days: int) -> date:
    """The working day that many working days after (or before) the start; 0 is the start itself."""
    day, step = start, timedelta(days=1 if days > 0 else -1)
    for _ in range(abs(days)):
        day += step
        while day.weekday() > 4:
            day += step
    return day


def moment(when: When, start: datetime, before: datetime | None = None) -> datetime:
    """When a step was taken: never before the one before it, never after the start."""
    match when:
        case On(days, clock):
            day = working_day(start.astimezone(MOSCOW).date(), -days)
            at = datetime.combine(day, time.fromisoformat(clock), MOSCOW).astimezone(UTC)
        case Ago(minutes):
            at = start - timedelta(minutes=minutes)
        case int() as minutes:
            at = (before or start) + timedelta(minutes=minutes)
    at = at.replace(second=sum(map(ord, repr(when))) % 60)
    return min(max(at, before + _AT_LEAST) if before else at, start)


def words(text: str, start: datetime, first: datetime) -> str:
    """A text with its dates filled in (`story.Request` lists the tokens); months are those before `first`."""
    today, asked = start.astimezone(MOSCOW).date(), first.astimezone(MOSCOW).date()
    return _TOKEN.sub(lambda found: _word(found[1], found[2], today, asked), text)


def _word(token: str, rest: str, today: date, asked: date) -> str:
    day = working_day(today, int(rest)) if token.startswith("d") else today
    before = asked.replace(day=1) - timedelta(days=1)
    tokens: dict[str, Callable[[], str]] = {
        "d": lambda: f"{day.day} {_MONTHS['2'][day.month - 1]}",
        "dd": lambda: f"{day:%d.%m}",
        "ddy": lambda: f"{day:%d.%m.%Y}",
        "m": lambda: _MONTHS[rest][before.month - 1],
        "c": lambda: _MONTHS[rest][asked.month - 1],
        "q": lambda: ("IV", "I", "II", "III")[(asked.month - 1) // 3],
        "y": lambda: str(asked.year),
    }
    return tokens[token]()
