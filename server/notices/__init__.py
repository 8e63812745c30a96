"""Telling who is not looking: outbox, digest, channels, the worker."""
