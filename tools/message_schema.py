"""Write the JSON Schema of the stream's messages from the catalog: ``python -m tools.message_schema``.

A change that an older reader would not understand (a column more is one) is a new version, with a file of its own.
"""

import json
from pathlib import Path
from typing import Any, Final

from watthouse.catalog import CATALOG, Column, Kind
from watthouse.stream.documents import FRANCE, NATIONAL, REGIONAL
from watthouse.stream.message import LARGEST_RATE, SCHEMA, VERSION, columns

_STAMP: Final = "^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]"
_INT32: Final = {"minimum": -(2**31), "maximum": 2**31 - 1}
_RATE: Final = {"minimum": -LARGEST_RATE, "maximum": LARGEST_RATE}
_HEADS: Final[dict[str, dict[str, Any]]] = {
    "schema": {"const": VERSION, "description": "Version of this schema."},
    "dataset": {"enum": [NATIONAL, REGIONAL], "description": "Id of the dataset at its publisher."},
    "region": {"type": "string", "description": f"INSEE code of the region; {FRANCE} for the national dataset."},
    "instant": {
        "type": "string",
        "format": "date-time",
        "pattern": f"{_STAMP}Z$",
        "description": "When the slot begins, UTC.",
    },
    "date": {"type": "string", "format": "date", "pattern": "^[12]", "description": "Civil day, Europe/Paris."},
    "heure": {
        "type": "string",
        "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$",
        "description": "Clock time, Europe/Paris.",
    },
    "nature": {"enum": list(CATALOG[NATIONAL].versions), "description": "How settled the values are."},
    "observed_at": {
        "type": "string",
        "format": "date-time",
        "pattern": f"{_STAMP}\\.[0-9]{{6}}Z$",
        "description": "When this was observed, UTC, to the microsecond: of two messages with one key the later holds.",
    },
    "sample": {
        "type": ["string", "null"],
        "description": "Null where the publisher measured this; the name of watthouse's sample where it is made up.",
    },
    "values": {"description": "Every numeric column, under its publisher's name; null where nothing is published."},
}


def schema() -> dict[str, Any]:
    """The schema, as the catalog has it now."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:watthouse:electricity_production:v{VERSION}",
        "title": "An observation of electric power in France, or in one of its regions, in real time",
        "type": "object",
        "required": list(_HEADS),
        "additionalProperties": False,
        "properties": _HEADS,
        "if": {"properties": {"dataset": {"const": NATIONAL}}},
        "then": {"properties": {"region": {"const": FRANCE}, "values": {"$ref": "#/$defs/national"}}},
        "else": {"properties": {"region": {"pattern": "^[0-9]{2}$"}, "values": {"$ref": "#/$defs/regional"}}},
        "$defs": {"national": _values(NATIONAL), "regional": _values(REGIONAL)},
    }


def text() -> str:
    """What the file is to hold."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _values(dataset: str) -> dict[str, Any]:
    named = {column.name: _value(column) for column in columns(CATALOG[dataset])}
    return {"type": "object", "required": list(named), "additionalProperties": False, "properties": named}


def _value(column: Column) -> dict[str, Any]:
    described = {"description": f"{column.meaning} [{column.unit}]"}
    if column.kind is Kind.RATE:
        return {"type": ["number", "null"], **_RATE, **described}
    return {"type": ["integer", "null"], **_INT32, **described}


def write(path: Path = SCHEMA) -> None:
    """Bring the file up to the catalog."""
    path.write_text(text())


if __name__ == "__main__":
    write()
