"""The environment, read once into one frozen object. Nobody else reads it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

SCHEMES = {
    "mail_url": ("smtp", "smtps", "file"),
    "sms_url": ("http", "https", "smsc", "smsru", "exolve", "file"),
}
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


def _number(env: Mapping[str, str], name: str, default: int) -> int:
    try:
        value = int(env.get(name, "") or default)
    except ValueError:
        raise Misconfigured(f"{name}: a whole number is wanted, not {env[name]!r}") from None
    if value < 0:
        raise Misconfigured(f"{name}: must not be negative")
    return value


def _seconds(env: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(env.get(name, "") or default)
    except ValueError:
        raise Misconfigured(f"{name}: seconds are wanted, not {env[name]!r}") from None


def _limits(env: Mapping[str, str]) -> Limits:
    return Limits(
        sockets_per_user=_number(env, "LIMIT_SOCKETS_PER_USER", 50),
        sockets_per_address=_number(env, "LIMIT_SOCKETS_PER_ADDRESS", 500),
        say_per_second=_number(env, "LIMIT_SAY_PER_SECOND", 30),
        tickets_per_minute=_number(env, "LIMIT_TICKETS_PER_MINUTE", 30),
        file_mb=_number(env, "LIMIT_FILE_MB", 50),
    )


def async_url(url: str) -> str:
    """`postgres://` and `postgresql://` as operators write them, as SQLAlchemy's async driver wants them."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+asyncpg://" + url.removeprefix(prefix)
    if url.startswith("sqlite://"):
        return "sqlite+aiosqlite://" + url.removeprefix("sqlite://")
    return url


def from_environment(env: Mapping[str, str] | None = None) -> Settings:
    """Reads every variable; raises `Misconfigured` with the name of the one that can't be used."""
    env = os.environ if env is None else env
    data_dir = Path(env.get("DATA_DIR") or "data").absolute()
    port = _number(env, "PORT", 8000)
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
        base_url=(env.get("BASE_URL") or f"http://localhost:{port}").rstrip("/"),
        digest_quiet_seconds=_seconds(env, "DIGEST_QUIET_SECONDS", 120),
        limits=_limits(env),
        metrics_token=env.get("METRICS_TOKEN") or None,
        trusted_proxies=tuple(p.strip() for p in env.get("TRUSTED_PROXIES", "").split(",") if p.strip()),
        web_concurrency=_number(env, "WEB_CONCURRENCY", 1) or 1,
    )


def check_serve(s: Settings) -> None:
    """What `serve` and `worker` need to be set; raises `Misconfigured` that says which variable and why."""
    for name, schemes in SCHEMES.items():
        if not getattr(s, name):
            raise Misconfigured(f"{name.upper()} is not set ('file:' keeps them in DATA_DIR on purpose)")
        if getattr(s, name).partition(":")[0] not in schemes:
            raise Misconfigured(f"{name.upper()} must begin with one of {', '.join(f'{x}:' for x in schemes)}")
    if len(s.secret_key) < 32:
        raise Misconfigured("SECRET_KEY must have at least 32 characters")
    if s.web_concurrency > 1 and not s.redis_url:
        raise Misconfigured("WEB_CONCURRENCY > 1 needs REDIS_URL: an in-process bus reaches one process only")
    if s.web_concurrency > 1 and s.sqlite:
        raise Misconfigured("WEB_CONCURRENCY > 1 needs DATABASE_URL=postgresql://…")
    if not s.secure and not is_loopback(s.host):
        raise Misconfigured("BASE_URL must be https:// when HOST is not a loopback address")
    if s.secure:
        _check_authenticated(s)


def _check_authenticated(s: Settings) -> None:
    for name in ("database_url", "redis_url", "mail_url"):
        value = getattr(s, name)
        url = urlsplit(value or "")
        if url.hostname and not is_loopback(url.hostname) and not url.password:
            raise Misconfigured(f"{name.upper()}: a server that is not on loopback must be authenticated")


def known_variables() -> frozenset[str]:
    """Names of settings by field, for the test that holds README against this file."""
    return frozenset(f.name.upper() for f in fields(Settings)) - {"LIMITS", "DEMO"}
