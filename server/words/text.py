"""What may stand in a text that people write. Pure; limits and refusals, no formatting."""

import unicodedata

from server.errors import Empty, Invalid, TooLarge

# Cf holds zero-width characters and bidi marks, Zs and Cc blanks: a text of only these shows nothing.
_UNSEEN = frozenset({"Cf", "Zs", "Zl", "Zp", "Cc"})
MAX_ID = 64
# How many letters of what; forms say it beforehand (`data-most`), the server refuses the same.
SUBJECT, COMMENT, NAME, LOGIN, EMAIL, POSITION, GROUP, DESCRIPTION = 200, 2000, 200, 100, 254, 200, 100, 500
WORK, INVOICE = 500, 100
_LONG = "Длиннее %(limit)d знаков. Сократите."
_NOT_STORED = "Текст содержит знаки, которые нельзя сохранить. Уберите их и отправьте снова."


def is_blank(text: str) -> bool:
    """Whether nothing of it can be seen."""
    return all(unicodedata.category(c) in _UNSEEN for c in text)


def is_id(value: str) -> bool:
    """Whether a client may name something so: short, for machines, nothing unseen in it."""
    return 1 <= len(value) <= MAX_ID and not any(unicodedata.category(c) in ("Cc", "Cs") for c in value)


def number(text: str) -> int | None:
    """A whole number as addresses and forms hold it: plain digits, nine at most. None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def storable(text: str, field: str) -> str:
    """The text with one kind of line end; refuses NUL (PostgreSQL can't keep it) and lone surrogates."""
    if "\0" in text or any("\ud800" <= c <= "\udfff" for c in text):
        raise Invalid({field: _NOT_STORED})
    return text.replace("\r\n", "\n").replace("\r", "\n")


def message(text: str, *, limit: int, may_be_empty: bool = False) -> str:
    """A message as it will be stored: raises `Empty`, `TooLarge` or `Invalid`."""
    text = storable(text, "text")
    if len(text) > limit:
        raise TooLarge(
            "Сообщение длиннее %(limit)d знаков. Сократите его или приложите файлом.",
            values={"limit": limit},
            field="text",
        )
    if is_blank(text):
        if may_be_empty:
            return ""
        raise Empty("Сообщение пустое. Напишите что-нибудь или приложите файл.", field="text")
    return text


def request(text: str, *, limit: int) -> str:
    """What a new request says, as it will be stored; its form names every fault beside its field."""
    text = storable(text, "text")
    if is_blank(text):
        raise Invalid({"text": "Опишите, что случилось"})
    if len(text) > limit:
        raise Invalid({"text": "Содержание длиннее 20 000 знаков. Сократите его или приложите файлом."})
    return text


def line(text: str, field: str, *, limit: int, empty: str) -> str:
    """One line (a subject, a name): blanks at the ends go, line breaks become spaces. `empty` is what to say
    when nothing is left."""
    text = " ".join(storable(text, field).split())
    if is_blank(text):
        raise Invalid({field: empty})
    return _within(text, field, limit)


def aside(text: str, field: str, *, limit: int) -> str:
    """One line that may be nothing (a position, an explanation)."""
    return _within(" ".join(storable(text, field).split()), field, limit)


def comment(text: str | None, *, limit: int = COMMENT) -> str | None:
    """An optional remark: None when nothing of it can be seen."""
    if text is None or is_blank(text):
        return None
    return _within(storable(text, "comment").strip(), "comment", limit)


def _within(text: str, field: str, limit: int) -> str:
    if len(text) > limit:
        raise Invalid({field: _LONG}, values={"limit": limit})
    return text
