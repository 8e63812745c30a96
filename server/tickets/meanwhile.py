"""What somebody else has changed while one was choosing: said as a conflict, with how it stands now."""

from typing import Any

from server.catalogue.model import Service
from server.errors import Conflict
from server.people.model import User
from server.tickets.facts import Chosen, standing
from server.tickets.writing import Opened
from server.words.labels import PAYMENT, URGENCY
from server.words.marks import Msgid


async def require_as_seen(o: Opened, thing: Chosen, seen: str | None) -> None:
    """Refuses a change that began before another one of the same thing was there. `seen` is the `standing` it began
    from; None where nobody looked."""
    if seen is not None and seen != standing(o.ticket, thing):
        words, to, now = await _now(o, thing)
        raise Conflict(words, values={"to": to}, state=o.ticket.status, **{thing: now})


async def _now(o: Opened, thing: Chosen) -> tuple[str, str, Any]:
    """How it stands: in words, with what fills them, and as the API tells it."""
    t = o.ticket
    if thing == "urgency":
        return "Пока вы выбирали, срочность изменена: «%(to)s»", Msgid(URGENCY[t.urgency]), t.urgency
    if thing == "payment":
        now = {"state": t.payment_state, "invoice": t.invoice}
        return "Пока вы выбирали, оплата изменена: «%(to)s»", Msgid(PAYMENT[t.payment_state]), now
    if thing == "service":
        service = await o.s.get_one(Service, t.service_id)
        return "Пока вы выбирали, услуга изменена: «%(to)s»", service.name, {"id": service.id, "name": service.name}
    if t.assignee_id is None:
        return "Пока вы выбирали, исполнитель снят", "", None
    holder = await o.s.get_one(User, t.assignee_id)
    return "Пока вы выбирали, обращение передано: %(to)s", holder.name, holder.person()
