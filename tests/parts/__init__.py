"""Real parts for the suite: Redis, PostgreSQL, an SMTP server, an SMS gateway, Chromium. No mocks."""
