"""Keeping the index true: what is said comes in, what is changed or deleted leaves, in the event's transaction."""

import asyncio

from sqlalchemy import TextClause, delete, insert
from sqlalchemy import text as sql
from sqlmodel import SQLModel, col

from server.db import Session
from server.events.kinds import PUBLIC
from server.events.model import Event
from server.search import morphology
from server.search.model import SearchText

IN_A_THREAD = 2000


async def said(s: Session, event: Event, subject: str) -> None:
    """Takes in a message; the first one of a ticket is found by the ticket's subject too."""
    if event.kind != "message":
        return
    about = subject if (event.line, event.seq) == (PUBLIC, 1) else ""
    await _add(s, event, await _terms(event, event.text, about))


async def _add(s: Session, message: Event, terms: str) -> None:
    await s.execute(_ROW, {"ticket": message.ticket, "line": message.line, "seq": message.seq, "terms": terms})


_ROW = insert(SQLModel.metadata.tables["search_text"])  # made once: every message adds one


async def changed(s: Session, message: Event, text: str | None) -> None:
    """Puts another text in a message's place; None takes the message out."""
    row = (
        delete(SearchText)
        .where(
            col(SearchText.ticket) == message.ticket,
            col(SearchText.line) == message.line,
            col(SearchText.seq) == message.seq,
        )
        .execution_options(synchronize_session=False)
    )
    await s.execute(row)
    if text is not None:
        await _add(s, message, await _terms(message, text))


async def _terms(message: Event, text: str | None, about: str = "") -> str:
    names = [file["name"] for file in message.data.get("files", ())]
    everything = "\n".join([about, text or "", *names])
    if len(everything) > IN_A_THREAD:  # a page of new words takes tenths of a second
        return _row(await asyncio.to_thread(morphology.terms_of, everything))
    return _row(morphology.terms_of(everything))


def _row(terms: set[str]) -> str:
    return " ".join(sorted(terms))


def holds(s: Session, words: list[str]) -> TextClause:
    """Rows of `SearchText` that hold every one of these words (from `morphology.words`), in whatever form."""
    groups = [sorted(morphology.terms(word)) for word in dict.fromkeys(words)]
    if s.get_bind().dialect.name == "sqlite":
        asked = " AND ".join("(" + " OR ".join(f'"{term}"' for term in group) + ")" for group in groups)
        found = "search_text.id IN (SELECT rowid FROM search_words WHERE search_words MATCH :asked)"
    else:
        asked = " & ".join("(" + " | ".join(f"'{term}'" for term in group) + ")" for group in groups)
        found = "search_text.lexemes @@ CAST(:asked AS tsquery)"
    return sql(found).bindparams(asked=asked)
