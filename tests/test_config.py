"""Settings say nothing of what they are secret about, and what can't be used is refused by name."""

import re
from pathlib import Path

import pytest

from server.config import Misconfigured, check_addresses, check_serve, from_environment
from tests.cast import SECRET

README = (Path(__file__).parents[1] / "README.md").read_text()


class _Noted(dict[str, str]):
    """An empty environment that remembers what it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()

    def get(self, name: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.asked.add(name)
        return default


def variables() -> set[str]:
    """Every variable that is read."""
    env = _Noted()
    from_environment(env)
    return env.asked


def test_every_setting_stands_in_the_readme_and_nothing_else_does() -> None:
    """(Seen red: a line taken out of the table.)"""
    table = README.partition("\n### Settings\n")[2].partition("\n\n##")[0]
    described = {
        name for line in re.findall(r"^\| (`.+?) \|", table, re.M) for name in re.findall(r"`([A-Z_]+)`", line)
    }
    assert described == variables()


SECRETS = {
    "DATABASE_URL": "postgres://journal:pass-1@db/journal", "REDIS_URL": "redis://:pass-2@redis",
    "FILES_URL": "s3://key:pass-3@files/journal", "MAIL_URL": "smtps://me:pass-4@mail", "SECRET_KEY": "pass-5",
    "SMS_URL": "smsru://pass-6", "METRICS_TOKEN": "pass-7",
}  # fmt: skip


def test_no_password_stands_in_what_settings_say_of_themselves() -> None:
    settings = from_environment(SECRETS)
    assert "pass-1" in settings.database_url
    assert "pass-" not in repr(settings)


GOOD = {"MAIL_URL": "file:", "SMS_URL": "file:", "SECRET_KEY": SECRET}
UNUSABLE = {
    "PORT": ("http", "0", "-1", "70000", "9" * 5000), "WEB_CONCURRENCY": ("0", "-1", "two"),
    "DIGEST_QUIET_SECONDS": ("-1", "nan", "inf", "1e300", "soon"),
    "LIMIT_FILE_MB": ("-1", "1.5", "9" * 30), "LIMIT_SAY_PER_SECOND": ("9" * 400,),
    "TRUSTED_PROXIES": ("bad", "99", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.1,proxy", "*,10.0.0.1"),
    "BASE_URL": (
        "junk", "ftp://x", "http://", "https:///x", "http://x/journal", "http://x?a", "http://x#a", "http://a b",
        "http://me:pass-0@x", "http://x:port", "http://[x",
    ),
    "DATABASE_URL": ("junk", "sqlite", "mysql://me:pass-1@db/x", "postgresql+psycopg://me:pass-1@db/x"),
    "REDIS_URL": ("junk", "redis:cache", "http://:pass-2@cache", "redis://:pass-2@cache:pass-2"),
    "FILES_URL": ("junk", "ftp://me:pass-3@files/x", "file:///files", "memory://"),
    "MAIL_URL": ("junk", "smtp", "http://me:pass-4@mail", "smtp://me:pass-4/@mail"), "SMS_URL": ("junk", "smsc:me", "ftp://me:pass-5@sms"),
}  # fmt: skip


@pytest.mark.parametrize("name", UNUSABLE)
def test_what_cannot_be_used_is_refused_by_name_and_without_passwords(name: str) -> None:
    for value in UNUSABLE[name]:
        with pytest.raises(Misconfigured, match=rf"^{name}\b") as refused:
            check_serve(from_environment(GOOD | {name: value}))
        assert "pass-" not in str(refused.value)
        assert len(str(refused.value)) < 200


def test_what_can_be_used_is_let_through() -> None:
    for good in (
        {"PORT": "65535", "DIGEST_QUIET_SECONDS": "0.5", "LIMIT_FILE_MB": "0", "WEB_CONCURRENCY": "1"},
        {"TRUSTED_PROXIES": "*"}, {"TRUSTED_PROXIES": "127.0.0.1, ::1, 10.0.0.0/8, fd00::/8"},
        {"BASE_URL": "http://localhost:8000/"}, {"BASE_URL": "https://журнал.рф"}, {"BASE_URL": "https://[::1]:8443"},
        {"DATABASE_URL": "sqlite:////srv/journal.db"}, {"REDIS_URL": "rediss://:p@127.0.0.1:6379/0"},
        {"DATABASE_URL": "postgres://me:p#[w@127.0.0.1/x"}, {"FILES_URL": "s3://bucket/prefix"},
        {"MAIL_URL": "smtp://me:p@mail:587?starttls=1", "SMS_URL": "smsc://me:p#w@sms"},
    ):  # fmt: skip
        check_serve(from_environment(GOOD | good))
    assert from_environment({"BASE_URL": "HTTPS://Journal.Example/"}).base_url == "https://journal.example"


def test_a_password_that_hides_the_host_is_refused_where_it_must_be_known() -> None:
    with pytest.raises(Misconfigured, match=r"^DATABASE_URL") as refused:
        check_serve(from_environment(GOOD | {"BASE_URL": "https://x", "DATABASE_URL": "postgres://me:pass-1[@db/x"}))
    assert "pass-" not in str(refused.value)


def test_an_address_is_looked_at_also_where_nobody_is_served() -> None:
    with pytest.raises(Misconfigured, match=r"^REDIS_URL"):
        check_addresses(from_environment({"REDIS_URL": "junk"}))


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("postgres://a:b@db/j", "postgresql+asyncpg://a:b@db/j"),
        ("postgresql://a:b@db/j?sslmode=require", "postgresql+asyncpg://a:b@db/j?ssl=require"),
        ("sqlite:////srv/j.db", "sqlite+aiosqlite:////srv/j.db"),
    ],
)
def test_an_address_is_taken_as_operators_write_it(written: str, read: str) -> None:
    assert from_environment({"DATABASE_URL": written}).database_url == read
