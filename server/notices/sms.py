"""SMS: one small adapter for each gateway, all over HTTP. No text and no address with a secret in it is ever
logged."""

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

import httpx2

from server.clock import now
from server.config import Settings, is_loopback
from server.events.log import instant
from server.notices.outcome import Down, Refused, Unknown

WITHIN = 10.0
# The library tells every address it calls at INFO, and gateways take their keys in the address.
logging.getLogger("httpx2").setLevel(logging.WARNING)


class Gateway(Protocol):
    """Where SMS go. `send` raises `Down` (nothing was handed over), `Refused` or `Unknown`."""

    async def send(self, to: str, text: str) -> None: ...
    async def close(self) -> None: ...


@dataclass(frozen=True)
class Call:
    """One HTTP request of a gateway: either JSON or a form."""

    url: str
    json: dict[str, Any] | None = None
    form: dict[str, str] | None = None
    bearer: str | None = None


def gateway(settings: Settings) -> Gateway:
    """The gateway that SMS_URL names."""
    url = urlsplit(settings.sms_url or "file:")
    if url.scheme == "file":
        return FileGateway(settings.data_dir / "sms")
    call, verdict = _ADAPTERS[url.scheme]
    return HttpGateway(lambda to, text: call(url, to, text), verdict)


class FileGateway:
    """Keeps SMS as JSON in a folder, on purpose: for the demo and for a look at them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    async def send(self, to: str, text: str) -> None:
        content = json.dumps({"to": to, "text": text, "at": instant(now())}, ensure_ascii=False)
        await asyncio.to_thread(self._keep, content)

    def _keep(self, content: str) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        name = f"{now():%Y%m%d-%H%M%S-%f}-{secrets.token_hex(4)}.json"
        part = self.folder / f".{name}.part"
        part.write_text(content)
        part.chmod(0o600)
        part.rename(self.folder / name)

    async def close(self) -> None:
        """Nothing is open."""


class HttpGateway:
    """Calls a gateway once for each SMS, without following redirects: they could carry the code elsewhere."""

    def __init__(self, call: Callable[[str, str], Call], verdict: Callable[[Any], str | None]) -> None:
        self.call = call
        self.verdict = verdict
        self.http = httpx2.AsyncClient(timeout=httpx2.Timeout(WITHIN, connect=5.0), follow_redirects=False)

    async def send(self, to: str, text: str) -> None:
        call = self.call(to, text)
        headers = {"authorization": f"Bearer {call.bearer}"} if call.bearer else {}
        try:
            async with asyncio.timeout(WITHIN):
                answer = await self.http.post(call.url, json=call.json, data=call.form, headers=headers)
        except (httpx2.ConnectError, httpx2.ConnectTimeout) as problem:
            raise Down(type(problem).__name__) from problem
        except (httpx2.HTTPError, TimeoutError) as problem:
            raise Unknown(type(problem).__name__) from problem
        self._judge(answer)

    def _judge(self, answer: httpx2.Response) -> None:
        if answer.status_code in (429, 503):
            raise Refused(f"HTTP {answer.status_code}", for_good=False)
        if answer.status_code >= 500:
            raise Unknown(f"HTTP {answer.status_code}")
        if not answer.is_success:
            raise Refused(f"HTTP {answer.status_code}", for_good=True)
        try:
            no = self.verdict(answer.json())
        except ValueError:
            no = None  # a 2xx without JSON: the generic gateway owes us none
        if no:
            raise Refused(no[:200], for_good=False)

    async def close(self) -> None:
        await self.http.aclose()


@dataclass(frozen=True)
class Account:
    """What SMS_URL says of a vendor's gateway: `vendor://login:password@host?option=…`; without `@host` it is the
    vendor's own."""

    login: str
    password: str
    host: str
    options: dict[str, str]


def _account(url: SplitResult, vendor: str) -> Account:
    who, _, host = url.netloc.rpartition("@") if "@" in url.netloc else (url.netloc, "", vendor)
    login, _, password = who.partition(":")
    plain = is_loopback(urlsplit(f"//{host}").hostname or "")
    options = {name: values[0] for name, values in parse_qs(url.query).items()}
    return Account(unquote(login), unquote(password), f"{'http' if plain else 'https'}://{host}", options)


def _generic(url: SplitResult, to: str, text: str) -> Call:
    return Call(url.geturl(), json={"to": to, "text": text})


def _smsc(url: SplitResult, to: str, text: str) -> Call:
    """`smsc://login:password?sender=NAME`; https://smsc.ru/api/, JSON."""
    a = _account(url, "smsc.ru")
    body = {"login": a.login, "psw": a.password, "phones": to, "mes": text} | a.options
    return Call(f"{a.host}/rest/send/", json=body)


def _smsru(url: SplitResult, to: str, text: str) -> Call:
    """`smsru://API_ID?from=NAME`; https://sms.ru/api/send."""
    a = _account(url, "sms.ru")
    form = {"api_id": a.login, "to": to.lstrip("+"), "msg": text, "json": "1"} | a.options
    return Call(f"{a.host}/sms/send", form=form)


def _exolve(url: SplitResult, to: str, text: str) -> Call:
    """`exolve://TOKEN?number=79…`; https://docs.exolve.ru, SendSMS."""
    a = _account(url, "api.exolve.ru")
    body = {"destination": to.lstrip("+"), "text": text} | a.options
    return Call(f"{a.host}/messaging/v1/SendSMS", json=body, bearer=a.login)


def _no_verdict(_answer: Any) -> str | None:
    return None


def _smsc_verdict(answer: Any) -> str | None:
    code = answer.get("error_code")
    return f"smsc error {code}" if code else None


def _smsru_verdict(answer: Any) -> str | None:
    sms = list((answer.get("sms") or {}).values())
    failed = [part.get("status_code") for part in [answer, *sms] if part.get("status") != "OK"]
    return f"sms.ru status {failed[0]}" if failed else None


_ADAPTERS: dict[str, tuple[Callable[[SplitResult, str, str], Call], Callable[[Any], str | None]]] = {
    "http": (_generic, _no_verdict),
    "https": (_generic, _no_verdict),
    "smsc": (_smsc, _smsc_verdict),
    "smsru": (_smsru, _smsru_verdict),
    "exolve": (_exolve, _no_verdict),
}
