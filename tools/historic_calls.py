"""The calls of the historic meter service in the Postman collection, with what each answers, byte for byte."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

_JSON: Final = "application/json"
_HTML: Final = "text/html; charset=utf-8"
_KNOWN: Final = {"meter_code": "210095893", "serial_code": "210095893", "date_time": "01/09/2015"}
# the id is the database's own
_DAY: Final = (
    r'^{"avg_energy":1\.7166666666666668,"date_time":"Tue, 01 Sep 2015 00:00:00 GMT","id":\d+,"max_energy":4\.2,'
    r'"meter_code":"210095893","min_energy":0\.0,"plant_code":"ED031000001","serial_code":"210095893"}\n$'
)
_ABSENT: Final = '{"message":"energy data not present"}\n'


@dataclass(frozen=True)
class _Call:
    """``body`` is the whole text of the answer; a regular expression where ``pattern`` says so."""

    name: str
    path: str
    body: str
    query: dict[str, str]
    status: int = 200
    media: str = _JSON
    pattern: bool = False


def _refused(name: str, words: str, **query: str) -> _Call:
    page = (
        "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n" + f"<p>{words}</p>\n"
    )
    return _Call(name, "get-data", page, query, 400, _HTML)


_CALLS: Final = (
    _Call("It runs", "", "Root Loaded \n", {}, media=_HTML),
    _Call("Load the folder", "load-data", '{"message":"Load data complete"}\n', {}),
    _Call("Fill the view", "populate-view", '{"message":"Load data in view complete"}\n', {}),
    _Call("A day", "get-data", _DAY, _KNOWN, pattern=True),
    _Call("A day, not padded", "get-data", _DAY, _KNOWN | {"date_time": "1/9/2015"}, pattern=True),
    _Call("A day without data", "get-data", _ABSENT, _KNOWN | {"date_time": "01/01/1999"}),
    _Call("A meter that there is not", "get-data", _ABSENT, _KNOWN | {"meter_code": "0210095893"}),
    _refused("Nothing given: the date is missed first", "date_time should in %d/%m/%Y"),
    _refused("A bad date", "date_time should in %d/%m/%Y", **_KNOWN | {"date_time": "2015-09-01"}),
    _refused("No meter, no serial number", "meter_code is mandatory", date_time="01/09/2015"),
    _refused("No serial number", "serial_code is mandatory", date_time="01/09/2015", meter_code="210095893"),
)


def historic_calls() -> dict[str, Any]:
    """A folder of Postman's; its variable ``historicUrl`` is where that service answers."""
    about = (
        "The calls that `watthouse meters serve` took over, as their clients know them: status, type and body exactly."
    )
    return {"name": "historic meter service", "description": about, "item": [_item(call) for call in _CALLS]}


def _item(call: _Call) -> dict[str, Any]:
    query = [{"key": name, "value": value} for name, value in call.query.items()]
    asked = "&".join(f"{name}={value}" for name, value in call.query.items())
    raw = f"{{{{historicUrl}}}}/{call.path}" + (f"?{asked}" if asked else "")
    url = {"raw": raw, "host": ["{{historicUrl}}"], "path": [call.path], "query": query}
    script = {"type": "text/javascript", "exec": _tests(call)}
    request = {"method": "GET", "url": url if query else {name: url[name] for name in ("raw", "host", "path")}}
    return {"name": call.name, "event": [{"listen": "test", "script": script}], "request": request}


def _tests(call: _Call) -> Sequence[str]:
    body = f"to.match(/{call.body}/)" if call.pattern else f"to.equal({json.dumps(call.body)})"
    return [
        f'pm.test("answers {call.status}", () => pm.response.to.have.status({call.status}));',
        f'pm.test("is {call.media}",'
        f' () => pm.expect(pm.response.headers.get("Content-Type")).to.equal({json.dumps(call.media)}));',
        f'pm.test("says just this", () => pm.expect(pm.response.text()).{body});',
    ]
