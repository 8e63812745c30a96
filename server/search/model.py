"""The index of what was said: one row of terms for each message, and beside it what each database searches fast."""

from sqlalchemy import DDL, Column, Text, UniqueConstraint, event
from sqlmodel import Field, SQLModel

from server.events.model import BIG


class SearchText(SQLModel, table=True):
    """The terms of one message as it stands now (`search.morphology`); a deleted message has no row."""

    __tablename__ = "search_text"
    __table_args__ = (UniqueConstraint("ticket", "line", "seq"),)
    id: int | None = Field(default=None, sa_column=Column(BIG, primary_key=True))
    ticket: int = Field(foreign_key="ticket.number")
    line: str = Field(max_length=6)
    seq: int
    terms: str = Field(sa_type=Text)


# Created with the table, and by the migration. SQLite: an external-content FTS5 table kept by triggers, so that no
# writer can forget it; its tokenizer must not know Unicode better or worse than Python does, hence `ascii`.
BESIDE_THE_TABLE: dict[str, tuple[str, ...]] = {
    "sqlite": (
        "CREATE VIRTUAL TABLE search_words USING fts5"
        "(terms, content='search_text', content_rowid='id', tokenize='ascii', detail=none)",
        "CREATE TRIGGER search_text_added AFTER INSERT ON search_text BEGIN"
        " INSERT INTO search_words (rowid, terms) VALUES (new.id, new.terms); END",
        "CREATE TRIGGER search_text_gone AFTER DELETE ON search_text BEGIN"
        " INSERT INTO search_words (search_words, rowid, terms) VALUES ('delete', old.id, old.terms); END",
        "CREATE TRIGGER search_text_changed AFTER UPDATE ON search_text BEGIN"
        " INSERT INTO search_words (search_words, rowid, terms) VALUES ('delete', old.id, old.terms);"
        " INSERT INTO search_words (rowid, terms) VALUES (new.id, new.terms); END",
    ),
    "postgresql": (
        "ALTER TABLE search_text ADD COLUMN lexemes tsvector"
        " GENERATED ALWAYS AS (array_to_tsvector(string_to_array(terms, ' '))) STORED",
        "CREATE INDEX ix_search_text_lexemes ON search_text USING gin (lexemes)",
    ),
}

for _dialect, _statements in BESIDE_THE_TABLE.items():
    for _statement in _statements:
        event.listen(
            SQLModel.metadata.tables["search_text"],
            "after_create",
            DDL(_statement).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
