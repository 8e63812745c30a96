"""The HTTP API as one list: every call of /api/v1, and beside them their description."""

from server.api import openapi
from server.catalogue import api as catalogue
from server.files import api as files
from server.money import api as money
from server.people import api as people
from server.rooms import api as rooms
from server.tickets import api as tickets

calls = [*people.routes, *catalogue.routes, *tickets.routes, *rooms.routes, *money.routes, *files.routes]
routes = [*calls, *openapi.routes(calls)]
