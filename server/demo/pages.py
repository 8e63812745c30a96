"""The demo's own page: who to log in as, and the mails and SMS that would have left. No door is opened here: the
form goes through the log-in like any other."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from server import web
from server.clock import now
from server.db import Session
from server.demo import mailbox
from server.demo.company import LADOGA, MOST, PEOPLE, STAFF_NAME, Person
from server.demo.mailbox import Mail, Sms
from server.demo.setting import PASSWORD
from server.errors import NotFound
from server.events.log import instant
from server.notices.model import Dispatch
from server.people import details
from server.people.model import Challenge, User
from server.people.queries import as_viewer
from server.tickets.counts import nav
from server.words.i18n import translate, translate_number
from server.words.marks import N_

# A mail is made of tables with styles of their own; nothing in it runs or leads out of this page by itself.
LETTER_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
CLIENT, STAFF = N_("%(name)s, клиент"), N_("%(name)s, сотрудники")
CODE, CODE_USED = N_("код для входа"), N_("код для входа, больше не действует")
WHY = {
    "new_ticket": N_("Отвечает за услугу"),
    "status": N_("Участвует в обращении"),
    "approval": N_("Согласует работы"),
    "decision": N_("Ведёт обращение"),
    "digest": N_("Не в сети, есть непрочитанное"),
    "registration": N_("Новый человек в журнале"),
}


async def index(request: Request) -> Response:
    """«Кем войти», and what has left."""
    only = "sms" if request.query_params.get("only") == "sms" else "all"
    folder = web.journal(request).settings.data_dir
    sms = await asyncio.to_thread(mailbox.sms, folder)
    mails = await asyncio.to_thread(mailbox.mails, folder) if only == "all" else []
    async with web.journal(request).db.reading() as s:
        users = {u.login: u for u in (await s.exec(select(User))).all()}
        groups = await _groups(s, request, users, mails)
        letters = await _sms(s, request, sms, users.values()) + await _mails(s, mails)
    letters.sort(key=lambda one: one["at"], reverse=True)
    return web.page(
        request, "demo/index.html", groups=groups, letters=letters[: mailbox.MOST], only=only, password=PASSWORD
    )


async def _groups(s: Session, request: Request, users: dict[str, User], mails: list[Mail]) -> list[dict[str, Any]]:
    locale = web.locale(request)
    found: dict[str | None, list[dict[str, Any]]] = {MOST: [], LADOGA: [], None: []}
    for person in PEOPLE:
        if user := users.get(person.login):
            found[person.organisation].append(await _one(s, locale, person, user, mails))
    return [
        {"title": translate(locale, CLIENT if name else STAFF, name=name or STAFF_NAME), "people": people}
        for name, people in found.items()
    ]


async def _one(s: Session, locale: str, person: Person, user: User, mails: list[Mail]) -> dict[str, Any]:
    # Whoever has not logged in yet finds the password in the mail.
    registration = f"registration.{user.id}."
    letter = next((m.id for m in mails if person.newcomer and m.message_id.startswith(registration)), None)
    return user.person() | {
        "login": person.login, "password": "" if person.newcomer else PASSWORD, "position": person.position,
        "does": person.does, "tag": await _tag(s, locale, user), "letter": letter,
    }  # fmt: skip


async def _tag(s: Session, locale: str, user: User) -> str | None:
    viewer = await as_viewer(s, user)
    counts = await nav(s, viewer)
    if waiting := counts.get("approval"):
        return translate_number(locale, "%(num)d согласование", "%(num)d согласований", waiting)
    if mine := counts.get("mine"):
        return translate(locale, N_("%(num)d в работе"), num=mine)
    return None


async def _mails(s: Session, mails: list[Mail]) -> list[dict[str, Any]]:
    """Mails of things that happened before the demo began bear the time of what happened."""
    query = select(Dispatch.message_id, Dispatch.created_at).where(
        col(Dispatch.message_id).in_([m.message_id for m in mails])
    )
    happened = dict((await s.exec(query)).all())
    return [_mail(m, happened.get(m.message_id, m.at)) for m in mails]


def _mail(mail: Mail, at: datetime) -> dict[str, Any]:
    return {
        "id": mail.id, "kind": "mail", "subject": mail.subject, "to": f"{mail.name}, {mail.address}",
        "at": instant(at), "code": None, "used": False,
    }  # fmt: skip


async def _sms(s: Session, request: Request, sms: list[Sms], users: Iterable[User]) -> list[dict[str, Any]]:
    owners = {u.phone: u for u in users if u.phone}
    query = select(Challenge.user_id).where(col(Challenge.used_at).is_(None), col(Challenge.expires_at) > now())
    good = set((await s.exec(query)).all())
    found = []
    for one in sms:
        owner = owners.get(one.to)
        used = owner is None or owner.id not in good
        if owner and owner.id is not None:
            good.discard(owner.id)  # of several codes only the newest can still be good
        found.append(
            {
                "id": one.id, "kind": "sms", "subject": translate(web.locale(request), CODE_USED if used else CODE),
                "to": f"{owner.name}, {details.masked(one.to)}" if owner else one.to, "at": instant(one.at),
                "code": one.code, "used": used,
            }
        )  # fmt: skip
    return found


async def _open(request: Request) -> mailbox.Opened:
    folder = web.journal(request).settings.data_dir
    found = await asyncio.to_thread(mailbox.opened, folder, request.path_params["id"])
    if found is None:
        raise NotFound
    return found


async def mail(request: Request) -> Response:
    """One mail: as its reader sees it, its text part, or as it is on the wire."""
    found, part = await _open(request), request.query_params.get("part")
    async with web.journal(request).db.reading() as s:
        query = select(Dispatch).where(Dispatch.message_id == found.mail.message_id)
        row = (await s.exec(query)).one_or_none()
    kind = row.kind if row else ""
    about = _mail(found.mail, row.created_at if row else found.mail.at) | {
        "why": translate(web.locale(request), WHY[kind]) if kind in WHY else None, "text": found.text,
    }  # fmt: skip
    part = part if part in ("text", "source") else "letter"
    return web.page(request, "demo/mail.html", mail=about, part=part, source=found.source)


async def letter(request: Request) -> Response:
    """The mail itself, for the frame on its page. No page of the journal opens in a frame: links lead out of it."""
    found = await _open(request)
    html = found.html.replace("<head>", '<head><base target="_top">', 1)
    return HTMLResponse(html, headers={"content-security-policy": LETTER_POLICY})


routes = [
    Route("/demo", index),
    Route("/demo/mails/{id}", mail),
    Route("/demo/mails/{id}/html", letter),
]
