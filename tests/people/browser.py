"""A browser without JavaScript: keeps cookies, follows nothing by itself, sends what a form sends."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from html import unescape
from typing import Any

import httpx2
from sqlmodel import col, select

from server.notices.model import Dispatch
from tests.cast import Person
from tests.house import House
from tests.parts.http import http_client
from tests.people.entrance import PASSWORD

COOKIE = "journal"


class Browser:
    """One person's browser at one house."""

    def __init__(self, http: httpx2.AsyncClient, house: House) -> None:
        self.http = http
        self.house = house

    async def get(self, path: str, **more: Any) -> httpx2.Response:
        return await self.http.get(path, **more)

    async def post(self, path: str, /, *files: tuple[str, bytes], **fields: Any) -> httpx2.Response:
        """A form with its fields; `files`, each a name and what is in it, were chosen in its field for files."""
        parts = [("upload", file) for file in files] or None
        return await self.http.post(path, data=fields, files=parts, headers={"sec-fetch-site": "same-origin"})

    @property
    def cookie(self) -> str | None:
        return self.http.cookies.get(COOKIE)

    async def step_one(self, login: str, password: str = PASSWORD) -> httpx2.Response:
        return await self.post("/login", login=login, password=password)

    async def ask_code(self) -> str:
        """«Получить код», and the code as it stands in the SMS."""
        answer = await self.post("/login/code/send")
        assert (answer.status_code, answer.headers.get("location")) == (303, "/login/code"), answer.text
        return (await self.letter("sms", "code")).split()[0]

    async def letter(self, channel: str, kind: str) -> str:
        """The secret of the newest letter of a kind."""
        async with self.house.db.reading() as s:
            query = select(Dispatch.secret).where(Dispatch.channel == channel, Dispatch.kind == kind)
            found = (await s.exec(query.order_by(col(Dispatch.id).desc()))).all()[0]
        assert found
        return found

    async def come_in(self, person: Person) -> httpx2.Response:
        """Both steps."""
        assert (await self.step_one(person.login)).status_code == 303
        answer = await self.post("/login/code", code=await self.ask_code())
        assert answer.status_code == 303, text(answer)
        return answer


@asynccontextmanager
async def browser(house: House) -> AsyncIterator[Browser]:
    """A fresh browser."""
    async with http_client(house.base) as http:
        yield Browser(http, house)


def text(answer: httpx2.Response) -> str:
    """What a page says: its words without tags."""
    body = re.sub(r"(?s)<(script|style|template|svg).*?</\1>", " ", answer.text)
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))
