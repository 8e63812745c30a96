"""`Idempotency-Key`: the same call sent again gets the first answer, kept with its transaction for 24 h."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select

from server.clock import now
from server.db import Session
from server.errors import Conflict, Invalid
from server.tickets.model import IdempotentAnswer

LIFE = timedelta(hours=24)
_PENDING = 0


@dataclass(frozen=True)
class Key:
    """Under which an answer is kept: a person's own key for one method and path."""

    user_id: int
    method: str
    path: str
    key: str


def key(user_id: int, method: str, path: str, raw: str | None) -> Key | None:
    """The key as it was sent; `Invalid` for what is no key."""
    if raw is None:
        return None
    if not 1 <= len(raw) <= 200 or not raw.isascii() or not raw.isprintable():
        raise Invalid({"Idempotency-Key": "Ключ от 1 до 200 печатных знаков ASCII"})
    return Key(user_id, method, path[:300], raw)


async def answered(s: Session, key: Key | None) -> bool:
    """Whether there is an answer under this key: then nothing is checked or done again."""
    return key is not None and (row := await _row(s, key)) is not None and _alive(row)


async def begin(s: Session, key: Key, body_sha256: str) -> IdempotentAnswer | None:
    """Takes the key for this transaction: None when it was free. A twin that came at the same moment waits here for
    the first one's commit. `Conflict` when another body was sent under the key."""
    while not await _taken(s, key, body_sha256):
        row = await _row(s, key)
        if row is None:
            continue
        if not _alive(row):
            await s.execute(delete(IdempotentAnswer).where(col(IdempotentAnswer.id) == row.id))
            continue
        if row.body_sha256 != body_sha256:
            raise Conflict("Под этим Idempotency-Key уже отправлено другое", reason="idempotency_key")
        return row
    return None


async def keep(s: Session, key: Key, status: int, answer: str) -> None:
    """Puts the answer down beside what was done."""
    await s.execute(update(IdempotentAnswer).where(*_is(key)).values(status=status, answer=answer))


async def _taken(s: Session, key: Key, body_sha256: str) -> bool:
    values = {**vars(key), "body_sha256": body_sha256, "status": _PENDING, "answer": "", "at": now()}
    insert: Any = sqlite.insert if s.get_bind().dialect.name == "sqlite" else postgresql.insert
    statement = insert(IdempotentAnswer).values(values).on_conflict_do_nothing().returning(IdempotentAnswer.id)
    return (await s.execute(statement)).one_or_none() is not None


async def _row(s: Session, key: Key) -> IdempotentAnswer | None:
    found = await s.exec(select(IdempotentAnswer).where(*_is(key)), execution_options={"populate_existing": True})
    return found.one_or_none()


def _is(key: Key) -> list[Any]:
    return [col(getattr(IdempotentAnswer, name)) == value for name, value in vars(key).items()]


def _alive(row: IdempotentAnswer) -> bool:
    return row.at > now() - LIFE
