"""The API's description (OpenAPI 3.1), made from the same rows that the router runs. Nothing is described twice."""

import re
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from pydantic import ValidationError
from pydantic.json_schema import models_json_schema
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from server.api import wire
from server.api.bodies import Body
from server.api.endpoint import Endpoint, Resource, everybody

Json = dict[str, Any]
_JSON = "application/json"
_REF = "#/components/schemas/{model}"
_NUMBER = {"type": "integer", "minimum": 1, "maximum": 999_999_999}  # one beyond is absent, like any other (404)
_PATH = {
    "number": _NUMBER,
    "seq": _NUMBER,
    "user": _NUMBER,
    "id": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
    "place": {"type": "string", "pattern": r"^(new|\d{1,9})$", "description": "`new` or a ticket's number"},
}
_KEY = {
    "name": "Idempotency-Key", "in": "header", "required": False,
    "schema": {"type": "string", "pattern": "^[!-~]([ -~]{0,198}[!-~])?$"},
    "description": "The same key with the same body gets the first answer again for 24 hours; another body is 409.",
}  # fmt: skip
_REFUSALS = {
    400: "a cursor that is not from here",
    401: "no token, or a dead one",
    403: "yours to see, not to do",
    404: "absent, or not yours to see: the two are never told apart",
    409: "the state has moved on; it stands in the answer as it is now",
    413: "too large",
    415: "a body of another type",
    416: "a range that is none",
    422: "what is wrong, field by field",
    429: "too many; wait Retry-After seconds",
}
_ABOUT = """Requests of clients as rooms with a numbered log. Bearer tokens only, with the rights of their person.
Order of answers: 401, 404 (may you see it), 403 (may you do it), 422 (body), 409 (state).
The socket `/ws` speaks of the same objects; its page is [/api/socket](/api/socket)."""


def routes(calls: list[Route]) -> list[Route]:
    """The description of these calls, as a route beside them."""
    described = document(calls)

    async def description(_request: Request) -> JSONResponse:
        return JSONResponse(described)

    return [Route("/api/openapi.json", description)]


def document(calls: list[Route]) -> Json:
    """The whole description."""
    rows = [(route, method, call) for route in calls for method, call in resource(route).calls.items()]
    models = _models(call for _, _, call in rows)
    keys, definitions = models_json_schema(models, ref_template=_REF)
    schemas = definitions.get("$defs", {})
    for (_, mode), schema in keys.items():
        if mode == "serialization":
            _open(schemas, schema["$ref"].rsplit("/", 1)[-1])
    paths: dict[str, Json] = {}
    for route, method, call in rows:
        paths.setdefault(route.path, {})[method.lower()] = _operation(route, method, call, keys)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Журнал обращений", "version": version("journal-obrashcheniy"), "description": _ABOUT},
        "externalDocs": {"url": "/api/socket", "description": "the socket: frames, events, codes, how to catch up"},
        "security": [{"bearer": []}],
        "paths": paths,
        "components": {
            "schemas": schemas, "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "responses": {str(code): _refusal(words, keys) for code, words in _REFUSALS.items()},
        },
    }  # fmt: skip


def resource(route: Route) -> Resource:
    """The calls behind a route of the API."""
    assert isinstance(route.endpoint, Resource)
    return route.endpoint


def _models(calls: Iterable[Endpoint]) -> list[Any]:
    found: dict[Any, None] = {(wire.Problem, "serialization"): None}
    for call in calls:
        if call.body:
            found[call.body, "validation"] = None
        if call.answer:
            found[call.answer, "serialization"] = None
    return list(found)


def _open(schemas: Json, name: str) -> None:
    """Answers may grow: only the suite holds them to exactly these fields."""
    schemas[name].pop("additionalProperties", None)
    for nested in set(re.findall(r"#/components/schemas/(\w+)", str(schemas[name]))):
        if "additionalProperties" in schemas[nested]:
            _open(schemas, nested)


def _operation(route: Route, method: str, call: Endpoint, keys: Any) -> Json:
    about = " ".join((call.handler.__doc__ or "").split())
    made: Json = {
        "operationId": call.handler.__name__,
        "summary": about.partition(".")[0],
        "description": f"{about} Who: {call.audience.words}.",
        "x-audience": call.audience.words,
        "tags": [route.path.split("/")[3]],
        "parameters": _parameters(route, method, call),
        "responses": {str(call.status): _answer(call, keys)} | _refusals(method, call),
    }
    if call.takes:
        form = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
        made["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    elif call.body:
        schema = keys[call.body, "validation"]
        made["requestBody"] = {"required": not _may_be_left_out(call.body), "content": {_JSON: {"schema": schema}}}
    return made


def _may_be_left_out(body: type[Body]) -> bool:
    """Whether nothing at all is a right body: it is read as an empty object."""
    try:
        body.model_validate({})
    except ValidationError:
        return False
    return True


def _parameters(route: Route, method: str, call: Endpoint) -> list[Json]:
    found: list[Json] = [
        {"name": name, "in": "path", "required": True, "schema": _PATH[name]} for name in route.param_convertors
    ]
    if call.query:
        schema = call.query.model_json_schema()
        found += [
            {"name": name, "in": "query", "required": False, "schema": shape}
            for name, shape in schema["properties"].items()
        ]
    return [*found, _KEY] if method == "POST" else found


def _answer(call: Endpoint, keys: Any) -> Json:
    if call.status == 204:
        return {"description": "done"}
    if call.answer is None:
        return {"description": "the file", "content": {"*/*": {"schema": {"type": "string", "format": "binary"}}}}
    schema = keys[call.answer, "serialization"]
    return {"description": "done", "content": {_JSON: {"schema": schema}}}


def _refusals(method: str, call: Endpoint) -> Json:
    codes = {401}
    if call.audience.gate is not everybody:
        codes |= {403, 404}
    if call.body or call.takes:
        codes |= {413, 415, 422}
    if call.query:
        codes |= {400, 422}
    if method != "GET":
        codes |= {409, 429}
    if call.answer is None and method == "GET":
        codes.add(416)
    return {str(code): {"$ref": f"#/components/responses/{code}"} for code in sorted(codes)}


def _refusal(words: str, keys: Any) -> Json:
    schema = keys[wire.Problem, "serialization"]
    return {"description": words, "content": {"application/problem+json": {"schema": schema}}}
