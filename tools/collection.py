"""Write the Postman collection: ``python -m tools.collection``.

Its requests are those of docs/openapi.json by tag, and the calls of the historic meter service. Postman's own converter
(openapi-to-postmanv2) was tried first: of two runs over our document 1,200 lines differ, since ids and whatever may be
null are random, half of its parameters are refused, its file has 1.2 MB, and it writes no tests.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tools.historic_calls import historic_calls
from tools.openapi_document import PAGE as DOCUMENT

FOLDER: Final = Path(__file__).parents[1] / "collection"
COLLECTION: Final = FOLDER / "watthouse.postman_collection.json"
ENVIRONMENT: Final = FOLDER / "watthouse.postman_environment.json"
_METERS_PAGE: Final = DOCUMENT.parent / "meters.md"
_SCHEMA: Final = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
_ABOUT: Final = """\
The calls of watthouse. Choose the environment beside this file: `baseUrl` is a server (`watthouse serve`), `token` its
`WATTHOUSE_API_TOKEN`, `historicUrl` the historic meter service, which is that of `watthouse meters serve`, or
`{{baseUrl}}/meters` where `WATTHOUSE_METER_GETS` is set.

Parameters that may be left out are there unticked, with an example. What a call answers is tested; the calls about a
meter are about that of the file beside this one, which *Load meter files that are sent* sends. Bills want tariffs,
which the owner of the server declares in a file: docs/meters.md shows one. The calls about live slots want a stream
(`WATTHOUSE_STREAM_STORE`); its events, `/api/v1/live/events`, have no end and are left out here.
"""
_MAY_BE_EMPTY: Final = {
    *("/records", "/revisions", "/tests", "/tests/{name}", "/questions/{number}"),
    *("/meters/rejects", "/meters/{meter}/gaps"),
}
"""Calls of rows that rightly have none: no record, no revision, no fault, too few days for an answer."""

_ENDLESS: Final = "text/event-stream"

Json = dict[str, Any]


def files() -> Mapping[Path, str]:
    """What stands in the folder: the collection, its environment, and the meter file that it sends."""
    name, lines = _meter_file()
    return {
        COLLECTION: _text(_collection(json.loads(DOCUMENT.read_text(encoding="utf-8")), name)),
        ENVIRONMENT: _text(_environment()),
        FOLDER / name: lines,
    }


def _meter_file() -> tuple[str, str]:
    """The name and the lines of the file that the page about meters begins with."""
    page = _METERS_PAGE.read_text(encoding="utf-8")
    (found,) = re.findall(r"^cat > meter-files/(\S+) <<'END'\n(.*?)^END$", page, re.MULTILINE | re.DOTALL)
    name, lines = found
    return name, lines


def _text(content: Json) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _environment() -> Json:
    values = [
        {"key": "baseUrl", "value": "http://127.0.0.1:8050", "type": "default", "enabled": True},
        {"key": "historicUrl", "value": "http://127.0.0.1:8080", "type": "default", "enabled": True},
        {"key": "token", "value": "", "type": "secret", "enabled": True},
    ]
    return {"name": "watthouse on this machine", "values": values, "_postman_variable_scope": "environment"}


def _collection(document: Json, meter_file: str) -> Json:
    folders: dict[str, list[Json]] = {}
    for path, methods in document["paths"].items():
        for method, call in methods.items():
            if _ENDLESS in call["responses"].get("200", {}).get("content", {}):
                continue  # Postman would wait for its end
            folders.setdefault(call["tags"][0], []).append(_item(document, path, method.upper(), call, meter_file))
    # what is loaded first can be asked for next
    for items in folders.values():
        items.sort(key=lambda item: item["request"]["method"] == "GET")
    info = {"name": document["info"]["title"], "description": _ABOUT, "schema": _SCHEMA}
    by_tag = [{"name": tag, "item": items} for tag, items in folders.items()]
    return {"info": info, "item": [*by_tag, historic_calls()]}


def _item(document: Json, path: str, method: str, call: Json, meter_file: str) -> Json:
    request: Json = {"method": method, "description": call["description"], "url": _url(path, call)}
    if "security" in call:
        request["auth"] = {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]}
    if "requestBody" in call:
        request["body"] = {"mode": "formdata", "formdata": [{"key": "files", "type": "file", "src": meter_file}]}
    script = {"type": "text/javascript", "exec": [*_tests(document, path, call)]}
    return {"name": call["summary"], "event": [{"listen": "test", "script": script}], "request": request}


def _url(path: str, call: Json) -> Json:
    parts = [re.sub(r"^\{(\w+)\}$", r":\1", part) for part in path.strip("/").split("/")]
    query, variable = [], []
    for parameter in call.get("parameters", []):
        (example,) = parameter["schema"]["examples"]
        entry = {"key": parameter["name"], "value": _written(example), "description": parameter["description"]}
        if parameter["in"] == "path":
            variable.append(entry)
        else:
            query.append(entry if parameter["required"] else {**entry, "disabled": True})
    ticked = "&".join(f"{entry['key']}={entry['value']}" for entry in query if "disabled" not in entry)
    raw = "/".join(["{{baseUrl}}", *parts]) + (f"?{ticked}" if ticked else "")
    url = {"raw": raw, "host": ["{{baseUrl}}"], "path": parts, "query": query, "variable": variable}
    return {name: value for name, value in url.items() if value}


def _written(example: object) -> str:
    """An example as a query has it; one that can only come from another answer is empty."""
    if example is None:
        return ""
    return str(example).lower() if isinstance(example, bool) else str(example)


def _tests(document: Json, path: str, call: Json) -> Iterator[str]:
    """Lines of JavaScript: the status, the type, and the shape of a body in JSON."""
    status, response = next((int(code), one) for code, one in call["responses"].items() if code.startswith("2"))
    types = "|".join(re.escape(media).replace("/", r"\/") for media in response["content"])
    yield f'pm.test("answers {status}", () => pm.response.to.have.status({status}));'
    yield 'const type = pm.response.headers.get("Content-Type");'
    yield f'pm.test("has a documented type", () => pm.expect(type).to.match(/^({types})(;|$)/));'
    yield 'pm.test("has a body", () => pm.expect(pm.response.responseSize).to.be.above(0));'
    if shape := response["content"].get("application/json"):
        yield 'if (type.startsWith("application/json")) {'
        yield "  const body = pm.response.json();"
        for line in _shape_tests(document, shape["schema"], may_be_empty=path.removeprefix("/api/v1") in _MAY_BE_EMPTY):
            yield f"  {line}"
        yield "}"


def _shape_tests(document: Json, schema: Json, *, may_be_empty: bool) -> Iterator[str]:
    # a call that may answer a list or rows: what is ticked decides
    alternatives = {one.get("type", "object"): one for one in schema.get("anyOf", [schema])}
    for kind, one in sorted(alternatives.items()):
        tests = _list_tests(document, one) if kind == "array" else _object_tests(document, one, may_be_empty)
        if len(alternatives) == 1:
            yield from tests
        else:
            yield f"if ({'' if kind == 'array' else '!'}Array.isArray(body)) {{"
            yield from (f"  {line}" for line in tests)
            yield "}"


def _list_tests(document: Json, schema: Json) -> Iterator[str]:
    yield 'pm.test("is a list with something in it", () => pm.expect(body).to.be.an("array").that.is.not.empty);'
    yield _has_keys("body[0]", _required(document, schema["items"]))


def _object_tests(document: Json, schema: Json, may_be_empty: bool) -> Iterator[str]:
    keys = _required(document, schema)
    yield _has_keys("body", keys)
    if "rows" not in keys:
        return
    yield "const names = body.columns.map((column) => column.name);"
    yield "const one = (row) => pm.expect(row).to.have.all.keys(names);"
    yield 'pm.test("has rows of the columns that it names", () => body.rows.forEach(one));'
    if not may_be_empty:
        yield 'pm.test("has rows", () => pm.expect(body.rows).to.not.be.empty);'


def _required(document: Json, schema: Json) -> Sequence[str]:
    keys: Sequence[str] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]["required"]
    return keys


def _has_keys(what: str, keys: Sequence[str]) -> str:
    return f'pm.test("has what is documented", () => pm.expect({what}).to.include.all.keys({json.dumps(keys)}));'


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for file, text in files().items():
        file.write_text(text, encoding="utf-8")
