"""What a stranger may send: every parameter of the API's document, at the ends of what it takes and beyond."""

import json
from collections.abc import Iterator
from typing import Any, Final

from tests.support import ROOT

METER: Final = "210095893"
PLACES: Final = {
    "id": "eco2mix-national-tr",
    "insee": "53",
    "name": "daily_mix",
    "number": "3",
    "meter": METER,
}
"""For the parts of a path that are not at an extreme themselves."""
_NEEDED: Final = {"/api/v1/revisions": "dataset=eco2mix-national-tr"}
_ENDLESS: Final = "/api/v1/live/events"
DAYS: Final = ("0001-01-01", "0001-01-02", "1582-10-10", "1970-01-01", "2262-04-12", "9999-12-30", "9999-12-31")
MOMENTS: Final = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "2026-01-01T00:00:00+23:59", "24:00")
NUMBERS: Final = (
    "0",
    "-1",
    "1e400",
    "nan",
    "-inf",
    str(2**31),
    str(2**63),
    str(-(2**63) - 1),
    "9" * 400,
    "%D9%A3",
    "1_0",
)
TEXTS: Final = (
    "", "%00", "a%00b", "%FF", "%ED%A0%80", "%F4%90%80%80", "%C0%AF", "%0A", "%1B%5B2J", "x" * 900, "%F0%9F%92%A5",
    "'", "%22%3B--", "..%2F..%2Fetc%2Fpasswd", "%25s%25n", "%7B%7D", "null", "true", "[]", "*", ",,,", "%E2%80%AE",
)  # fmt: skip
VALUES: Final = (*DAYS, *MOMENTS, *NUMBERS, *TEXTS)


def calls() -> Iterator[tuple[str, list[str]]]:
    """The paths of all calls that read, with the names of their parameters."""
    document = json.loads((ROOT / "docs" / "openapi.json").read_text())
    for path, methods in document["paths"].items():
        if "get" in methods and path != _ENDLESS:
            yield path, [one["name"] for one in methods["get"].get("parameters", []) if one["in"] == "query"]


def addresses(path: str, names: list[str]) -> Iterator[str]:
    """The path with each parameter at each extreme, twice, and with every period that reaches an end."""
    needed = _NEEDED.get(path, "")
    for place in [name for name in PLACES if f"{{{name}}}" in path]:
        yield from (_at(path, **{place: value}) for value in VALUES if value)
    plain = _at(path)
    for name in names:
        yield from (_asked(plain, needed, f"{name}={value}") for value in VALUES)
        yield _asked(plain, needed, f"{name}=2025-01-01&{name}=2025-01-01")
        yield _asked(plain, needed, f"{name}")
    for since, until in [(early, late) for early in DAYS for late in DAYS if early <= late]:
        for prefix in ("", "with_"):
            if f"{prefix}since" in names:
                yield from _periods(plain, needed, names, f"{prefix}since={since}&{prefix}until={until}")
    yield _asked(plain, needed, "%00=%00&=&&==")


def usual(path: str) -> str:
    """The path with parts that there are, and the parameters that it needs."""
    return _asked(_at(path), _NEEDED.get(path, ""))


def _periods(plain: str, needed: str, names: list[str], period: str) -> Iterator[str]:
    yield _asked(plain, needed, period)
    for name, value in (("interval", "year"), ("interval", "day"), ("interval", "period"), ("format", "csv")):
        if name in names:
            yield _asked(plain, needed, f"{period}&{name}={value}")
    if {"interval", "format"} <= {*names}:
        yield from (_asked(plain, needed, f"{period}&interval={each}&format=csv") for each in ("slot", "hour"))


def _at(path: str, **places: str) -> str:
    for name, value in {**PLACES, **places}.items():
        path = path.replace(f"{{{name}}}", value)
    return path


def _asked(plain: str, *parts: str) -> str:
    return f"{plain}?{'&'.join(part for part in parts if part)}"


def fault(answer: Any, address: str) -> str | None:
    """What is wrong with an answer; None where nothing is."""
    if answer.status_code >= 500:
        return f"{answer.status_code} {address}: {answer.text[:200]}"
    if answer.status_code >= 400 and answer.headers["content-type"] != "application/problem+json":
        return f"{answer.status_code} {address} is no problem: {answer.text[:200]}"
    return None
