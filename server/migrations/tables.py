"""Imports every module with tables, so that SQLModel.metadata is whole."""

from server.catalogue import model as catalogue
from server.events import model as events
from server.files import model as files
from server.money import model as money
from server.notices import model as notices
from server.people import model as people
from server.search import model as search
from server.tickets import model as tickets

__all__ = ["catalogue", "events", "files", "money", "notices", "people", "search", "tickets"]
