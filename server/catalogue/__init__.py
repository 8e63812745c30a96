"""Organisations, services and who is responsible for them."""
