"""Who is told of an event, and how. `mails` is pure; `enqueue` writes its answer into the outbox within the event's transaction."""

from server.db import Session
from server.events.kinds import Kind
from server.events.model import Event
from server.tickets.model import Ticket
from server.tickets.policy import Facts


async def enqueue(s: Session, ticket: Ticket, facts: Facts, kind: Kind, event: Event) -> None:
    """Puts down what is to be sent because of this event."""
