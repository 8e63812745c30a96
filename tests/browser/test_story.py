"""The main job, played by three people at once in real Chromium: from the registration mail to an approved estimate and
one tidy mail."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest
from playwright.async_api import expect

from server.catalogue.model import Organisation
from server.config import Settings
from server.db import Database
from server.people import passwords
from server.people.actions import Account, register
from server.people.model import User
from server.people.policy import Viewer
from tests.browser.people import button, by_code, paste_picture, say, sees, to_code
from tests.browser.seats import ready
from tests.cast import Cast, on_both_if_long
from tests.house import journal
from tests.parts.chromium import Windows
from tests.parts.process import free_port
from tests.parts.sms import SmsGateway
from tests.parts.smtp import Letter, SmtpServer
from tests.parts.until import until

OWN = "зелёный забор 17"
OLGA = "+79000000077"
pytestmark = [pytest.mark.browser, on_both_if_long]


@dataclass
class Office:
    """The journal with its mail and SMS going to real servers."""

    base: str
    db: Database
    cast: Cast


@pytest.fixture
async def office(
    ground: Settings, db: Database, cast: Cast, smtp: SmtpServer, sms: SmsGateway
) -> AsyncIterator[Office]:
    port = free_port()
    served = replace(
        ground, mail_url=smtp.url, sms_url=sms.url, port=port, base_url=f"http://127.0.0.1:{port}",
        digest_quiet_seconds=3.0,  # two messages are said by hand meanwhile
    )  # fmt: skip
    async with db.transaction() as s:
        own = await passwords.own(OWN)
        for person in (cast.boris, cast.denis):
            (await s.get_one(User, person.id)).password_hash = own.hash
    async with journal(served, with_worker=True, port=port) as base:
        yield Office(base, db, cast)


async def _register_olga(office: Office) -> None:
    admin = Viewer(office.cast.pavel.id, "Павел Ершов", frozenset({"admin"}))
    async with office.db.transaction() as s:
        organisation = await s.get_one(Organisation, office.cast.romashka)
        account = Account(
            "olga", "Ольга Вершинина", ("client",), "olga@example.test", OLGA, "Главный бухгалтер",
            organisation=organisation.id,
        )  # fmt: skip
        await register(s, admin, account, await passwords.one_time(), link=office.base)


async def test_the_main_job_from_the_registration_mail_to_a_live_room(
    office: Office, windows: Windows, smtp: SmtpServer, sms: SmsGateway
) -> None:
    # An admin registers Olga; the mail brings login, one-time password and «Перейти в журнал».
    await _register_olga(office)
    letter = (await smtp.wait("olga@example.test", 1))[-1]
    assert "Перейти в журнал" in letter.html
    once = _password(letter.text)
    olga = await windows.open("Ольга", office.base)
    denis = await windows.open("Денис", office.base)
    boris = await windows.open("Борис", office.base, narrow=True)

    await to_code(olga, "olga", once)
    await olga.page.get_by_label("Новый пароль").fill(OWN)
    await olga.page.get_by_label("Ещё раз").fill(OWN)
    await button(olga.page, "Сохранить пароль").click()
    await by_code(olga, sms, OLGA)
    for window, phone in ((denis, "+79000000002"), (boris, "+79000000001")):
        await to_code(window, "denis" if window is denis else "boris", OWN)
        await by_code(window, sms, phone)
    await expect(denis.page).to_have_url(re.compile("/queue$"))

    # She creates a request with a pasted screenshot; he sees it appear in the live queue and takes it.
    number = await _create(olga.page)
    await denis.page.get_by_role("button", name=re.compile("Показать 1 новое")).click()
    row = denis.page.locator(f"tr[data-ticket='{number}']")
    await expect(row).to_contain_text("Не проводится реализация")
    await row.get_by_role("button", name="Взять").click()
    await expect(row).to_contain_text("На оценке")
    await ready(denis.page, f"/tickets/{number}")
    await sees(olga.page, "Денис Орлов")
    await expect(olga.page.locator(".thead")).to_contain_text("На оценке")
    await smtp.wait("olga@example.test", 2)

    # Both chat live.
    await say(denis.page, "Здравствуйте, Ольга. Вижу ошибку на копии базы.")
    await sees(olga.page, "Вижу ошибку на копии базы")
    await say(olga.page, "Спасибо, **жду**.", "Спасибо, жду.")
    await sees(denis.page, "жду")
    await denis.page.get_by_role("button", name="Заметка").click()
    await say(denis.page, "Абонемент закрыт, считаем по ставке")
    await denis.page.get_by_role("button", name="Ответ клиенту").click()

    # An estimate is handed in, and approved on a telephone.
    await _estimate(denis.page)
    await sees(olga.page, "8\u00a0000\u00a0₽")
    approval = (await smtp.wait("boris@example.test", 1))[-1]
    assert "8\u00a0000\u00a0₽" in approval.text
    await ready(boris.page, f"/tickets/{number}")
    await boris.page.get_by_role("link", name="Открыть").first.click()
    sheet = boris.page.locator("#sheet")
    await sheet.locator("summary", has_text="Согласовать").click()
    await button(sheet, "Согласовать 8\u00a0000\u00a0₽").click()  # type: ignore[arg-type]
    for window in (olga, denis):
        await sees(window.page, "Согласовано: 8\u00a0000\u00a0₽")

    # The history shows it all, to both sides; the note is nowhere on the client's side.
    await olga.page.get_by_text("История изменений").click()
    await expect(olga.page.locator(".hist")).to_contain_text("На согласовании → Согласовано")
    assert "Абонемент закрыт" not in await olga.page.content()

    # Who closed the lid gets one tidy mail.
    await olga.page.close()
    await say(denis.page, "Начинаю работу, к обеду закончу.")
    await say(denis.page, "Если что, пишите сюда.")

    def digests() -> list[Letter]:
        return [x for x in smtp.to("olga@example.test") if "Начинаю работу" in x.text or "пишите сюда" in x.text]

    await until(digests, 20.0, "a digest")
    (digest,) = digests()
    assert "Начинаю работу" in digest.text
    assert "Если что, пишите сюда" in digest.text


def _password(text: str) -> str:
    found = re.search(r"Пароль:?\s*(\S+)", text)
    assert found, text
    return found[1]


async def _create(page) -> int:  # type: ignore[no-untyped-def]
    await page.get_by_role("link", name="Создать").filter(visible=True).first.click()
    await page.get_by_label("Тема").fill("Не проводится реализация")
    await page.locator("label", has_text="Высокая").click()
    await page.locator(".pick").click()
    await page.get_by_role("option", name=re.compile("1С:Бухгалтерия")).click()
    await page.get_by_label("Содержание").fill("Не заполнена ставка НДС в строке 3. Отгрузка **стоит**.")
    await paste_picture(page, "#text")
    await expect(page.get_by_text("снимок.png")).to_be_visible()
    await button(page, "Отправить обращение").click()
    await page.wait_for_url(re.compile(r"/tickets/\d+$"))
    await sees(page, "Не заполнена ставка НДС")
    return int(page.url.rsplit("/", 1)[1])


async def _estimate(page) -> None:  # type: ignore[no-untyped-def]
    await page.get_by_role("link", name="Оценить работы").filter(visible=True).first.click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_label("Работа").first.fill("Восстановить ставки НДС в 214 документах")
    await dialog.get_by_label("Количество").first.fill("2,5")
    await dialog.get_by_label("Цена, ₽").first.fill("3 200")
    await button(dialog, "Отправить на согласование").click()
    await sees(page, "8\u00a0000\u00a0₽")
