"""Loads the suite's fixtures; each lives beside what it starts, none lives here."""

pytest_plugins = [
    "tests.parts.redis",
    "tests.parts.postgres",
    "tests.parts.smtp",
    "tests.parts.sms",
    "tests.parts.chromium",
    "tests.cast",
    "tests.house",
    "tests.browser.seats",
]
