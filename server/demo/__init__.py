"""The demo: a small company made up for `journal demo`, its history, and its own page."""

from server.demo.start import run

__all__ = ["run"]
