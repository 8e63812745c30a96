"""Templates become HTML here: one environment for each language. Nothing about requests or rights."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from server.config import beside
from server.events.kinds import BY_INVOICE, MAX_TEXT, Line
from server.rooms.protocol import MAX_FILES
from server.tickets.diagram import diagram, onward
from server.tickets.workflow import SOON_DAYS, STATUSES
from server.words import text
from server.words.i18n import LOCALES, catalogue, known
from server.words.labels import LABELS
from server.words.wording import Wording

COMMON: dict[str, Any] = {
    "me": None,
    "path": "",
    "nav": {},
    "demo": False,
    "said": None,
    "limits": {"file_mb": 50},
    "theme": None,
    "support": None,
}

PERSONAL = {"read", "unread", "staff_read", "staff_unread"}

# What a form says beforehand; the server refuses the same (protocol.md).
MOST = {
    "text": MAX_TEXT, "files": MAX_FILES, "subject": text.SUBJECT, "comment": text.COMMENT, "name": text.NAME,
    "login": text.LOGIN, "email": text.EMAIL, "position": text.POSITION, "group": text.GROUP,
    "description": text.DESCRIPTION, "work": text.WORK, "invoice": text.INVOICE,
}  # fmt: skip


def render(template: str, locale: str, **context: Any) -> str:
    """One page, fragment or mail. What every page has (`me`, `nav`, …) is "nobody" unless given."""
    locale = known(locale)
    return environment(locale).get_template(template).render(COMMON | {"locale": locale} | context)


def events_html(event: Mapping[str, Any], line: Line, locale: str) -> str:
    """An event's one rendering: the same for every viewer of a language, times in UTC."""
    return render(f"events/_{event['kind']}.html", locale, event=event, line=line)


def rendered(event: dict[str, Any], line: Line, locale: str | None) -> dict[str, Any]:
    """The event with its rendering in this language, where one was asked for. A deleted one has none."""
    if locale is None or "deleted" in event:
        return event
    return event | {"html": events_html(event, line, locale)}


def row_html(row: Mapping[str, Any], locale: str, *, takes: bool = False) -> str:
    """A ticket's row in the staff's queue (`takes`: of those who may take tickets) or in the client's list. The same
    for all of them: what is unread is the browser's business."""
    template = "tickets/_queue_row.html" if "staff_head" in row else "tickets/_request_row.html"
    return render(template, locale, row={k: v for k, v in row.items() if k not in PERSONAL}, takes=takes)


@cache
def environment(locale: str) -> Environment:
    """The templates in one language."""
    env = Environment(
        loader=FileSystemLoader(beside("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    env.policies["ext.i18n.trimmed"] = True
    messages, wording = catalogue(locale), Wording(locale)
    env.install_gettext_callables(  # type: ignore[attr-defined]
        messages.gettext, messages.ngettext, newstyle=True, pgettext=messages.pgettext
    )
    env.globals.update(label=wording.label, codes=codes, by_invoice=BY_INVOICE, statuses=STATUSES, locales=LOCALES)
    env.globals.update(diagram=diagram, onward=onward, most=MOST, soon_days=SOON_DAYS)
    env.filters.update(wording.filters())
    return env


def codes(kind: str) -> list[str]:
    """All codes of a kind, in the order they are shown."""
    return list(LABELS[kind])
