"""What a line of an estimate costs: quantity × price in kopecks, rounded half up to a kopeck; VAT is inside the price
or named by the line. Everything that is wrong is said at once. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from math import floor

from server.errors import Faults, Invalid
from server.events.kinds import UNITS, VATS, EstimateLine
from server.words import text

MAX_LINES = 100
MAX_PRICE = 10**12
MAX_QUANTITY = Decimal(100_000)
MAX_AMOUNT = 10**13
_ROUBLES = re.compile(r"([-−]?)(\d+)(?:[.,](\d{1,2}))?", re.ASCII)
_PRICES = "Цена должна быть от 0 до 10 млрд рублей"


@dataclass(frozen=True)
class Line:
    """A line as it was filled in: `quantity` a decimal in text (comma or point), `price` for one unit in kopecks, or
    in text as it was typed in roubles: «3 200», «3200,50»; `vat` a rate in percent or `without`.
    `minutes` in place of `quantity` is exact: 20 minutes are a third of an hour, not 0.33."""

    text: str
    quantity: str
    price: int | str
    minutes: int | None = None
    unit: str = "hour"
    vat: str = "22"


def priced(lines: Sequence[Line]) -> list[EstimateLine]:
    """The lines of one estimate, each with its sum."""
    if not lines:
        raise Invalid({"lines": "Напишите хотя бы одну строку: что будет сделано"})
    if len(lines) > MAX_LINES:
        raise Invalid({"lines": "Строк в оценке не больше 100"})
    wrong, found = Faults(), []
    for i, line in enumerate(lines):
        with wrong:
            found.append(price(line, i))
    wrong.tell()
    if sum(line.sum for line in found) > MAX_AMOUNT:
        raise Invalid({"lines": "Сумма больше 100 млрд рублей"})
    return found


def price(line: Line, place: int) -> EstimateLine:
    """One line with its sum."""
    where, wrong = f"lines.{place}.", Faults()
    with wrong:
        what = text.line(line.text, where + "text", limit=text.WORK, empty="Напишите, что за работа")
    with wrong:
        quantity = _amount(line, where)
    with wrong:
        each = _price(line.price, where + "price")
    with wrong:
        if line.unit not in UNITS:
            raise Invalid({where + "unit": "Единица: час, штука или месяц"})
    with wrong:
        if line.vat not in VATS:
            raise Invalid({where + "vat": "Такой ставки НДС нет"})
    wrong.tell()
    total = floor(quantity * each + Fraction(1, 2))
    return EstimateLine(text=what, unit=line.unit, quantity=_shown(quantity), price=each, vat=line.vat, sum=total)


def _amount(line: Line, where: str) -> Fraction:
    if line.minutes is None:
        return Fraction(_quantity(line.quantity, where + "quantity"))
    if not 1 <= line.minutes <= MAX_QUANTITY:
        raise Invalid({where + "minutes": "Минут должно быть больше нуля"})
    return Fraction(line.minutes, 60)


def _shown(quantity: Fraction) -> str:
    number = (Decimal(quantity.numerator) / quantity.denominator).quantize(Decimal("0.000001"))
    return format(number.normalize(), "f")


def _quantity(raw: str, field: str) -> Decimal:
    cleaned = "".join(raw.split()).replace(",", ".")
    try:
        number = Decimal(cleaned) if cleaned.isascii() and not set(cleaned) - set("0123456789.") else None
    except InvalidOperation:
        number = None
    if number is not None and number > MAX_QUANTITY:
        raise Invalid({field: "Количество не больше 100 000"})
    if number is None or number <= 0 or -int(number.as_tuple().exponent) > 6:
        raise Invalid({field: "Количество должно быть больше нуля, например 2,5"})
    return number


def _price(given: int | str, field: str) -> int:
    """Kopecks. A number that is no price and one too large are told apart."""
    kopecks = _typed(given, field) if isinstance(given, str) else given
    if not 0 <= kopecks <= MAX_PRICE:
        raise Invalid({field: _PRICES})
    return kopecks


def _typed(roubles: str, field: str) -> int:
    found = _ROUBLES.fullmatch("".join(roubles.split()))
    if found is None:
        raise Invalid({field: "Цена в рублях, например 3 200 или 3200,50"})
    if found[1] or len(found[2].lstrip("0")) > len(str(MAX_PRICE)):
        raise Invalid({field: _PRICES})
    return int(found[2]) * 100 + int((found[3] or "0").ljust(2, "0"))
