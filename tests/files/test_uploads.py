"""Files over HTTP: coming in (U1–U22), going out, and who may open them."""

import asyncio
import hashlib
import io
import random
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
from PIL import Image
from sqlalchemy import Connection, Engine, event
from sqlmodel import select

from server.clock import at, now
from server.errors import TimedOut
from server.files import uploads
from server.files.model import File
from server.files.storage import Storage
from tests.api.client import client
from tests.api.conftest import Company, api
from tests.cast import log_in, on_sqlite
from tests.house import House, journal
from tests.parts.http import http_client
from tests.parts.until import until

__all__ = ["api"]  # the fixture
PNG = b"\x89PNG\r\n\x1a\n"


def picture(width: int = 40, height: int = 20) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(out, "PNG")
    return out.getvalue()


def left(house: House) -> list[Path]:
    """What lies in the temporary folder."""
    return list((house.settings.data_dir / "incoming").iterdir())


async def stored(house: House) -> list[str]:
    """Ids of the bytes that are kept."""
    return [name async for name in Storage(house.settings).kept_before(now() + timedelta(days=1))]


async def test_a_file_comes_back_as_it_came(api: Company) -> None:
    data = PNG + random.Random(7).randbytes(3_000_000)
    made = await api.anna.upload(data, "Снимок экрана.png")
    assert made == {"id": made["id"], "name": "Снимок экрана.png", "size": len(data), "type": "image/png"}
    answer = await api.anna.call("GET", f"/files/{made['id']}", 200)
    assert answer.content == data
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["etag"] == f'"{hashlib.sha256(data).hexdigest()}"'
    assert left(api.house) == []


async def test_U10_only_who_sees_the_message_opens_its_file(api: Company) -> None:
    file, noted = [(await api.denis.upload(b"hello", n))["id"] for n in ("a.txt", "b.txt")]
    number = await api.ask()
    others = (api.anna, api.boris, api.lev, api.nina, api.vera, api.gleb, api.pavel)
    for who in others:
        await who.call("GET", f"/files/{file}", 404)
    await api.denis.post(f"/tickets/{number}/messages", {"id": "d1", "text": "", "files": [file]}, 201)
    await api.denis.post(f"/tickets/{number}/staff/messages", {"id": "d2", "text": "Вот", "files": [noted]}, 201)
    expected = [200, 200, 200, 200, 404, 404, 404]
    assert [(await who.call("GET", f"/files/{file}")).status_code for who in others] == expected
    expected = [404, 404, 200, 200, 404, 404, 404]
    assert [(await who.call("GET", f"/files/{noted}")).status_code for who in others] == expected
    absent = await api.vera.call("GET", f"/files/{'0' * 32}", 404)
    assert (await api.vera.call("GET", f"/files/{file}", 404)).content == absent.content
    assert (await api.anna.call("GET", f"/files/{noted}", 404)).content == absent.content
    await api.nobody.call("GET", f"/files/{file}", 401)
    for invented in ("..%2f..%2fetc%2fpasswd", "%00", file.upper() + "x", file[:-1]):
        await api.anna.call("GET", f"/files/{invented}", 404)


async def test_a_deleted_messages_file_is_gone(api: Company) -> None:
    file = (await api.anna.upload(b"hello", "a.txt"))["id"]
    number = await api.ask()
    body = {"id": "m", "text": "Вот", "files": [file]}
    seq = (await api.anna.post(f"/tickets/{number}/messages", body, 201))["seq"]
    await api.anna.call("DELETE", f"/tickets/{number}/messages/{seq}", 200)
    for who in (api.anna, api.lev):
        await who.call("GET", f"/files/{file}", 404)


async def test_U20_an_upload_belongs_to_one_person_and_one_message(api: Company) -> None:
    file = (await api.anna.upload(b"hello", "a.txt"))["id"]
    number = await api.ask()
    at_ = f"/tickets/{number}/messages"
    await api.boris.post(at_, {"id": "b", "text": "Моё", "files": [file]}, 404)
    await api.anna.post(at_, {"id": "a", "text": "Моё", "files": [file, file]}, 404)
    answers = await asyncio.gather(
        *(api.anna.call("POST", at_, json={"id": f"a{i}", "text": "Моё", "files": [file]}) for i in range(5))
    )
    assert sorted(a.status_code for a in answers) == [201, 409, 409, 409, 409]


@pytest.fixture
async def small(api: Company) -> AsyncIterator[House]:
    """The same house with a limit of 1 MB on files."""
    settings = replace(api.house.settings, limits=replace(api.house.settings.limits, file_mb=1))
    async with journal(settings) as base:
        yield replace(api.house, base=base, settings=settings)


MB = 1024 * 1024


async def test_U9_the_limit_is_exact_and_nothing_is_left_of_what_was_refused(small: House) -> None:
    async with client(small, small.cast.anna) as anna:
        await anna.upload(PNG + b"x" * (MB - 8))
        await anna.upload(PNG + b"x" * (MB - 7), expect=413)
        await anna.upload(PNG + b"x" * (40 * MB), expect=413)
        chunked = await anna.call(
            "POST", "/files", 413, content=_form(PNG + b"x" * 2 * MB), headers={"Content-Type": FORM}
        )
        assert chunked.json()["title"] == "too_large"
    assert left(small) == []
    assert len(await stored(small)) == 1


FORM = "multipart/form-data; boundary=xyz"


async def _form(
    data: bytes, head: bytes = b'name="file"; filename="a.png"', cut: int | None = None
) -> AsyncIterator[bytes]:
    whole = b"--xyz\r\nContent-Disposition: form-data; " + head + b"\r\n\r\n" + data + b"\r\n--xyz--\r\n"
    whole = whole[:cut]
    for start in range(0, len(whole), 50_000):
        yield whole[start : start + 50_000]


PART, END = b"--xyz\r\nContent-Disposition: form-data; ", b"\r\n--xyz--\r\n"
NAMED = PART + b'name="file"; filename="%s"\r\n\r\n'
REFUSED: list[tuple[str, bytes]] = [
    ("U19 nothing in it", NAMED % b"a.png" + END),
    ("U3 no name", NAMED % b"" + b"hello" + END),
    ("no file but a field", PART + b'name="file"\r\n\r\nhello' + END),
    ("another field", PART + b'name="x"; filename="a.txt"\r\n\r\nhello' + END),
    ("no disposition", b"--xyz\r\nX: y\r\n\r\nhello" + END),
    ("no part", b"--xyz--\r\n"),
    ("no form", b"hello"),
    ("empty body", b""),
    ("U15 cut", NAMED % b"a.txt" + b"hel"),
    ("U15 cut in the boundary", NAMED % b"a.txt" + b"hello\r\n--xy"),
    ("U4 a broken header", b"--xyz\r\nContent-Disp\0osition: form-data\r\n\r\nhello" + END),
    ("U11 a thousand files", b"".join(NAMED % (b"%d.txt" % i) + b"x\r\n" for i in range(1000)) + b"--xyz--\r\n"),
    ("U11 many fields", b"".join(PART + b'name="f%d"\r\n\r\nx\r\n' % i for i in range(10_000)) + b"--xyz--\r\n"),
    ("U11 many headers", b"--xyz\r\n" + b"A: b\r\n" * 10_000 + b"\r\nx" + END),
    ("U8 a program", NAMED % b"a.jpg" + b"MZ\0\0" + END),
]


async def test_bad_forms_are_422_and_leave_nothing(api: Company) -> None:
    for what, raw in REFUSED:
        answer = await api.anna.call("POST", "/files", None, content=raw, headers={"Content-Type": FORM})
        assert answer.status_code == 422, (what, answer.text)
        assert answer.json()["errors"], what
    for type_ in (
        "multipart/form-data",
        "multipart/mixed; boundary=xyz",
        "multipart/form-data; boundary=",
        "image/png",
    ):
        await api.anna.call("POST", "/files", 415, content=b"x", headers={"Content-Type": type_})
    assert left(api.house) == []
    assert await stored(api.house) == []


async def test_U3_of_several_names_one_is_chosen(api: Company) -> None:
    starred = b'name="file"; filename*=utf-8\'\'c.txt; filename="a.txt"'
    heads = (b'name="file"; filename="a.txt"; filename="b.txt"', starred)
    for head in heads:
        answer = await api.anna.call("POST", "/files", 201, content=_form(b"x", head), headers={"Content-Type": FORM})
        assert answer.json()["name"] in ("a.txt", "b.txt", "c.txt")


async def test_U15_a_connection_cut_in_the_middle_leaves_nothing(api: Company) -> None:
    whole = b"".join([piece async for piece in _form(PNG + b"x" * 500_000)])
    host, port = api.house.base.removeprefix("http://").split(":")
    for tenth in range(1, 10):
        _, writer = await asyncio.open_connection(host, int(port))
        head = (
            f"POST /api/v1/files HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {api.house.cast.anna.token}\r\n"
            f"Content-Type: {FORM}\r\nContent-Length: {len(whole)}\r\n\r\n"
        )
        writer.write(head.encode() + whole[: len(whole) * tenth // 10])
        await writer.drain()
        writer.transport.abort()
    await until(lambda: not left(api.house), what="temporary files are gone")
    assert await stored(api.house) == []
    await api.anna.upload(PNG + b"x")


async def test_a_key_makes_one_file_of_two_tries(api: Company) -> None:
    first = await api.anna.upload(b"hello", "a.txt", key="f")
    assert await api.anna.upload(b"hello", "a.txt", key="f") == first
    await api.anna.upload(b"other", "a.txt", key="f", expect=409)
    answers = await asyncio.gather(*(api.anna.upload(b"hello", "b.txt", key="g") for _ in range(5)))
    assert len({a["id"] for a in answers}) == 1
    assert len(await stored(api.house)) == 2


async def test_U16_one_range_or_416(api: Company) -> None:
    data = bytes(range(65, 75)) * 10
    file = (await api.anna.upload(data, "a.txt"))["id"]

    async def ask(range_: str, **more: str) -> httpx2.Response:
        return await api.anna.http.get(f"/api/v1/files/{file}", headers={"Range": range_, **more})

    spans = {"bytes=0-4": (0, 5), "bytes=95-": (95, 100), "bytes=-5": (95, 100), "bytes=0-999": (0, 100)}
    for range_, (start, end) in (spans | {"bytes=-999": (0, 100), "bytes=99-99": (99, 100)}).items():
        answer = await ask(range_)
        assert (answer.status_code, answer.content) == (206, data[start:end]), range_
        assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/100"
    many = "bytes=" + ",".join(f"{i}-{i}" for i in range(1000))
    reversed_, beyond = "bytes=5-2", ("bytes=100-", "bytes=1000-2000")
    for range_ in (many, reversed_, *beyond, "bytes=-0", "bytes=-", "bytes=", "bytes=a-b", "bytes=0-0,1-1"):
        answer = await ask(range_)
        assert (answer.status_code, answer.headers["content-range"]) == (416, "bytes */100"), range_
    assert (await ask("lines=0-4")).content == data
    assert (await ask("bytes=0-4", **{"If-Range": '"old"'})).content == data
    known = {"If-None-Match": f'"{hashlib.sha256(data).hexdigest()}"'}
    assert (await api.anna.http.get(f"/api/v1/files/{file}", headers=known)).status_code == 304


async def _cookie(api: Company, login: str) -> dict[str, str]:
    return {"Cookie": f"journal={await log_in(api.house.db, getattr(api.house.cast, login))}"}


async def test_pages_have_doors_of_their_own(api: Company) -> None:
    anna, vera = await _cookie(api, "anna"), await _cookie(api, "vera")
    async with http_client(api.house.base) as http:
        answer = await http.post("/files", files={"file": ("a.png", picture(3000, 1000))}, headers=anna)
        assert answer.status_code == 201
        file = answer.json()["id"]
        answer = await http.get(f"/files/{file}/preview", headers=anna)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/webp")
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.size == (1280, 427)
        assert (await http.get(f"/files/{file}/preview", headers=anna)).content == answer.content
        assert (await http.get(f"/files/{file}", headers=anna)).content == picture(3000, 1000)
        for path in (f"/files/{file}", f"/files/{file}/preview"):
            assert (await http.get(path, headers=vera)).status_code == 404
            assert (await http.get(path)).status_code == 303
        text = (await http.post("/files", files={"file": ("a.txt", b"hello")}, headers=anna)).json()["id"]
        assert (await http.get(f"/files/{text}/preview", headers=anna)).status_code == 404


async def test_U17_a_hundred_files_may_wait(api: Company) -> None:
    anna = api.house.cast.anna.id
    async with api.house.db.transaction() as s:
        for i in range(100):
            s.add(File(id=f"{i:032x}", name="a", size=1, type="text/plain", sha256="", uploader_id=anna))
    await api.anna.upload(b"hello", "a.txt", expect=507)
    assert await stored(api.house) == []
    await api.boris.upload(b"hello", "a.txt")


async def test_G19_the_sweep_takes_only_what_nothing_refers_to(api: Company) -> None:
    number = await api.ask()
    sent, begun, forgotten, fresh = [(await api.anna.upload(n.encode(), f"{n}.txt"))["id"] for n in "abcd"]
    await api.anna.post(f"/tickets/{number}/messages", {"id": "m", "text": "", "files": [sent]}, 201)
    await api.anna.put(
        "/drafts/new", {"text": "", "files": [{"id": begun, "name": "b.txt", "size": 1, "type": "text/plain"}]}
    )
    storage = Storage(api.house.settings)
    await storage.put("f" * 32, b"no row")
    stale = api.house.settings.data_dir / "incoming" / "stale"
    stale.write_bytes(b"half")
    assert await uploads.sweep(api.house.db, storage) == 0
    async with api.house.db.transaction() as s:
        for file_id in (sent, begun, forgotten):
            (await s.get_one(File, file_id)).created_at = now() - timedelta(hours=25)
    with at(now() + timedelta(hours=23)):
        assert await uploads.sweep(api.house.db, storage) >= 1
    assert {sent, begun, fresh} <= set(await stored(api.house))
    assert forgotten not in await stored(api.house)
    with at(now() + timedelta(hours=25)):
        await uploads.sweep(api.house.db, storage)
    assert set(await stored(api.house)) == {sent, begun}
    assert not stale.exists()
    async with api.house.db.reading() as s:
        assert set((await s.exec(select(File.id))).all()) == {sent, begun}
    await api.boris.call("GET", f"/files/{sent}", 200)


@on_sqlite
async def test_G25_bytes_stay_where_the_commit_may_have_been_carried_out(api: Company) -> None:
    """(Seen red: a row, and 404 for its file.)"""
    anna = await _cookie(api, "anna")

    def lose(connection: Connection) -> None:
        if connection.get_execution_options().get("journal_write"):
            connection.exec_driver_sql("COMMIT")
            raise ConnectionError("what the database answered is lost")

    event.listen(Engine, "commit", lose)
    try:
        await api.anna.call("POST", "/files", 503, files={"file": ("a.txt", b"hello")})
        async with http_client(api.house.base) as http:
            page = await http.post("/files", files={"file": ("b.txt", b"hello")}, headers=anna)
        assert page.status_code == 503
    finally:
        event.remove(Engine, "commit", lose)
    async with api.house.db.reading() as s:
        rows = (await s.exec(select(File.id))).all()
    assert len(rows) == 2
    for file in rows:
        assert (await api.anna.call("GET", f"/files/{file}", 200)).content == b"hello"


async def test_U12_who_only_drips_is_cut_off(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "IDLE", 0.05)

    async def drips() -> AsyncIterator[bytes]:
        async for piece in _form(PNG + b"x" * 100):
            for i in range(len(piece)):
                await asyncio.sleep(0.005)
                yield piece[i : i + 1]

    with pytest.raises(TimedOut):
        await uploads.receive(drips(), FORM, None, 1, tmp_path / "place")
    assert not (tmp_path / "place").exists()
