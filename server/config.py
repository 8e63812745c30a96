"""The environment, read once into one frozen object. Nobody else reads it."""

import os
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

N = TypeVar("N", int, float)
MOST = 2**31 - 1  # beyond it numbers overflow in a database or a clock
ADDRESSES = {
    "database_url": ("postgresql+asyncpg://", "sqlite+aiosqlite://"),
    "redis_url": ("redis://", "rediss://"),
    "files_url": ("s3://",),
    "mail_url": ("smtp://", "smtps://", "file:"),
    "sms_url": ("http://", "https://", "smsc://", "smsru://", "exolve://", "file:"),
}
# What a browser sends as `Origin`: nothing stands behind host and port.
ORIGIN = re.compile(r"https?://([\w.-]+|\[[\da-f:]+\])(:\d{1,5})?")
HOUSE = Path(__file__).parent
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


class Misconfigured(Exception):
    """The environment can't be used; the message names the variable to set."""


def beside(name: str) -> Path:
    """The folder of `templates` or `static`: beside the package in the repository and inside it in a wheel."""
    inside = HOUSE / f"_{name}"
    return inside if inside.is_dir() else HOUSE.parent / name


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine itself."""
    if host in LOOPBACK_NAMES:
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Limits:
    """What one person or address may ask for; 0 means no limit. Sent to clients in `hello.limits`."""

    sockets_per_user: int = 50
    sockets_per_address: int = 500
    say_per_second: int = 30
    say_burst: int = 100
    tickets_per_minute: int = 30
    file_mb: int = 50


@dataclass(frozen=True)
class Settings:
    """One field for each variable of the outside contract, plus what follows from them."""

    # Addresses carry passwords: nothing of them is in the settings' own words.
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    files_url: str | None = field(repr=False)
    mail_url: str | None = field(repr=False)
    sms_url: str | None = field(repr=False)
    secret_key: str = field(repr=False)
    host: str
    port: int
    data_dir: Path
    base_url: str
    digest_quiet_seconds: float
    limits: Limits
    metrics_token: str | None = field(repr=False)
    trusted_proxies: tuple[str, ...]
    web_concurrency: int
    demo: bool = False

    @property
    def secure(self) -> bool:
        """https in BASE_URL is production: `__Host-` cookies, HSTS, wss only."""
        return self.base_url.startswith("https://")

    @property
    def origins(self) -> frozenset[str]:
        """The values of `Origin` that may open a socket or post a form."""
        allowed = {self.base_url.rstrip("/")}
        if self.demo:
            allowed |= {f"http://{name}:{self.port}" for name in ("localhost", "127.0.0.1")}
        return frozenset(allowed)

    @property
    def sqlite(self) -> bool:
        """Whether the embedded database is used: one process, one writer."""
        return self.database_url.startswith("sqlite")


def _number(env: Mapping[str, str], name: str, default: N, least: int = 0, most: int = MOST) -> N:
    """A number of the default's own kind."""
    given = env.get(name) or str(default)
    with suppress(ValueError):
        value = type(default)(given)
        if least <= value <= most:
            return value
    kind = {int: "a whole number", float: "a number"}[type(default)]
    raise Misconfigured(f"{name} must be {kind} from {least} to {most}, not {given[:40]!r}")


def _limits(env: Mapping[str, str]) -> Limits:
    return Limits(
        sockets_per_user=_number(env, "LIMIT_SOCKETS_PER_USER", 50),
        sockets_per_address=_number(env, "LIMIT_SOCKETS_PER_ADDRESS", 500),
        say_per_second=_number(env, "LIMIT_SAY_PER_SECOND", 30),
        tickets_per_minute=_number(env, "LIMIT_TICKETS_PER_MINUTE", 30),
        file_mb=_number(env, "LIMIT_FILE_MB", 50),
    )


def async_url(url: str) -> str:
    """`postgres://` and `postgresql://` as operators write them, as SQLAlchemy's async driver wants them;
    asyncpg calls libpq's `sslmode` `ssl`."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url.removeprefix(prefix).replace("sslmode=", "ssl=")
    if url.startswith("sqlite://"):
        return "sqlite+aiosqlite://" + url.removeprefix("sqlite://")
    return url


def from_environment(env: Mapping[str, str] | None = None) -> Settings:
    """Reads every variable; raises `Misconfigured` with the name of the one that can't be used."""
    env = os.environ if env is None else env
    data_dir = Path(env.get("DATA_DIR") or "data").absolute()
    port = _number(env, "PORT", 8000, 1, 65535)
    return Settings(
        database_url=async_url(env.get("DATABASE_URL") or f"sqlite://{'/' + str(data_dir / 'journal.db')}"),
        redis_url=env.get("REDIS_URL") or None,
        files_url=env.get("FILES_URL") or None,
        mail_url=env.get("MAIL_URL") or None,
        sms_url=env.get("SMS_URL") or None,
        secret_key=env.get("SECRET_KEY") or "",
        host=env.get("HOST") or "127.0.0.1",
        port=port,
        data_dir=data_dir,
        base_url=(env.get("BASE_URL") or f"http://localhost:{port}").rstrip("/").lower(),
        digest_quiet_seconds=_number(env, "DIGEST_QUIET_SECONDS", 120.0),
        limits=_limits(env),
        metrics_token=env.get("METRICS_TOKEN") or None,
        trusted_proxies=tuple(p.strip() for p in env.get("TRUSTED_PROXIES", "").split(",") if p.strip()),
        web_concurrency=_number(env, "WEB_CONCURRENCY", 1, 1),
    )


def check_addresses(s: Settings) -> None:
    """The form of every address, for whatever command; what is wrong is not quoted: it may be part of a password."""
    for name, beginnings in ADDRESSES.items():
        address = getattr(s, name)
        if address and not address.startswith(beginnings):
            wanted = " or ".join(re.sub(r"\+\w+", "", one) for one in beginnings)
            raise Misconfigured(f"{name.upper()} must begin with {wanted}")
    for name in ("redis_url", "mail_url"):
        _split(s, name)
    if not ORIGIN.fullmatch(s.base_url):
        raise Misconfigured("BASE_URL must be http:// or https:// with a host, perhaps a port, and nothing behind them")


def _split(s: Settings, name: str) -> SplitResult:
    try:
        url = urlsplit(getattr(s, name) or "")
        if name != "database_url":  # SQLAlchemy is more patient with signs in a password
            _ = url.port
    except ValueError:
        how = "write signs such as / # ? [ of a password as %2F %23 %3F %5B"
        raise Misconfigured(f"{name.upper()} is no address with host and port ({how})") from None
    return url


def check_serve(s: Settings) -> None:
    """What `serve` and `worker` need to be set; raises `Misconfigured` that says which variable and why."""
    check_addresses(s)
    for name in ("mail_url", "sms_url"):
        if not getattr(s, name):
            raise Misconfigured(f"{name.upper()} is not set ('file:' keeps them in DATA_DIR on purpose)")
    if len(s.secret_key) < 32:
        raise Misconfigured("SECRET_KEY must have at least 32 characters")
    if s.web_concurrency > 1 and not s.redis_url:
        raise Misconfigured("WEB_CONCURRENCY > 1 needs REDIS_URL: an in-process bus reaches one process only")
    if s.web_concurrency > 1 and s.sqlite:
        raise Misconfigured("WEB_CONCURRENCY > 1 needs DATABASE_URL=postgresql://…")
    if not s.secure and not is_loopback(s.host):
        raise Misconfigured("BASE_URL must be https:// when HOST is not a loopback address")
    if s.trusted_proxies != ("*",):
        _check_proxies(s)
    if s.secure:
        _check_authenticated(s)


def _check_proxies(s: Settings) -> None:
    """uvicorn takes what is no address for the name of a socket, and nobody would be trusted."""
    for one in s.trusted_proxies:
        try:
            ip_network(one)
        except ValueError:
            raise Misconfigured(f"TRUSTED_PROXIES: {one[:40]!r} is no address and no network (or a single *)") from None


def _check_authenticated(s: Settings) -> None:
    for name in ("database_url", "redis_url", "mail_url"):
        url = _split(s, name)
        if url.hostname and not is_loopback(url.hostname) and not url.password:
            raise Misconfigured(f"{name.upper()}: a server that is not on loopback must be authenticated")
