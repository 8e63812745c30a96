"""Settings say nothing of what they are secret about."""

from server.config import from_environment

SECRETS = {
    "DATABASE_URL": "postgres://journal:pass-1@db/journal", "REDIS_URL": "redis://:pass-2@redis",
    "FILES_URL": "s3://key:pass-3@files/journal", "MAIL_URL": "smtps://me:pass-4@mail", "SECRET_KEY": "pass-5",
    "SMS_URL": "smsru://pass-6", "METRICS_TOKEN": "pass-7",
}  # fmt: skip


def test_no_password_stands_in_what_settings_say_of_themselves() -> None:
    settings = from_environment(SECRETS)
    assert "pass-1" in settings.database_url
    assert "pass-" not in repr(settings)
