"""How much VAT the sums of estimate lines hold: by line, rounded half up to a kopeck; totals are sums of the lines
(so accountants count it: the total taken alone may differ by a kopeck). Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from server.events.kinds import VATS, WITHOUT_VAT


def held(lines: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Kopecks of VAT for each rate that occurs, the highest first; for lines without VAT their whole sum."""
    found: dict[str, int] = {}
    for line in lines:
        found[line["vat"]] = found.get(line["vat"], 0) + _of(line["sum"], line["vat"])
    return {rate: found[rate] for rate in VATS if rate in found}


def _of(total: int, rate: str) -> int:
    if rate == WITHOUT_VAT:
        return total
    whole = 100 + int(rate)
    return (2 * total * int(rate) + whole) // (2 * whole)


def amount(lines: Iterable[Mapping[str, Any]]) -> int:
    """All the VAT of an estimate in kopecks."""
    return sum(kopecks for rate, kopecks in held(lines).items() if rate != WITHOUT_VAT)
