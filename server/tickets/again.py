"""A form of the ticket page that was refused, shown once more with all that was typed. A script says it beside the
fields; this is for browsers without one."""

from collections import Counter
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from server import web
from server.errors import Conflict, Forbidden, Invalid, NoRoom, Refusal, TooLarge
from server.words.marks import N_

_MENDABLE = Invalid | TooLarge | NoRoom  # without the file it can be sent
# What people type; everything else of a form was chosen and stays as it was, unless it is what was wrong.
TYPED = {
    "text": N_("Сообщение"),
    "comment": N_("Комментарий"),
    "line_text": N_("Работа"),
    "line_quantity": N_("Количество"),
    "line_price": N_("Цена, ₽"),
    "minutes": N_("Минуты"),
    "date": N_("Дата"),
    "due": N_("Срок"),
    "invoice": N_("Номер счёта"),
}
LONG = {"text", "comment", "line_text"}


async def again(request: Request, data: FormData, refusal: Refusal) -> Response:
    """The page with what is wrong; a script, and whoever may not see the ticket, get the refusal itself."""
    if web.wants_json(request) or not isinstance(refusal, _MENDABLE | Conflict | Forbidden):
        raise refusal
    async with web.journal(request).db.reading() as s:
        await web.require(s, request)
        await web.around(s, request)
    errors = web.by_field(request, refusal) if isinstance(refusal, _MENDABLE) else {}
    fields = _fields(data, errors)
    known = {f["key"] for f in fields if f["label"]}
    return web.page(
        request, "ticket/again.html", refusal.status, number=web.number(request), fields=fields,
        may_mend=isinstance(refusal, _MENDABLE),
        errors=[words for key, words in errors.items() if key not in known],
        detail="" if errors else web.said(refusal, web.locale(request)),
    )  # fmt: skip


def _fields(data: FormData, errors: dict[str, str]) -> list[dict[str, Any]]:
    """Every field in its order, named as refusals name it: the third `line_price` is `lines.2.price`. Lines nobody
    filled in were not sent, and are not counted."""
    fields, counted, blank = [], Counter[str](), _blank_lines(data)
    for name, value in data.multi_items():
        place = counted[name]
        counted[name] += 1
        if not isinstance(value, str) or (name.startswith("line_") and place in blank):
            continue
        before = sum(one < place for one in blank)
        key = f"lines.{place - before}.{name.removeprefix('line_')}" if name.startswith("line_") else name
        fields.append(
            {"key": key, "name": name, "value": value, "label": TYPED.get(name, ""), "long": name in LONG,
             "error": errors.get(key, "")}
        )  # fmt: skip
    return fields


def _blank_lines(data: FormData) -> set[int]:
    columns = [data.getlist(f"line_{name}") for name in ("text", "quantity", "price")]
    blank = {i for i, row in enumerate(zip(*columns, strict=False)) if not any(str(cell).strip() for cell in row)}
    return blank if len(blank) < len(columns[0]) else blank - {0}
