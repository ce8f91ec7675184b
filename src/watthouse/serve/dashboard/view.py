"""A view: what an address asks to see. Every control of a page is a link to another one."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, urlencode

from watthouse.serve.figures.style import Style
from watthouse.serve.locale import Language, Say
from watthouse.serve.queries.units import Interval, Unit

_Choice = TypeVar("_Choice", bound=Enum)

PAGES: Final = ("now", "mix", "regions", "gas", "exchanges", "questions", "data")


@dataclass(frozen=True)
class View:
    """``detail`` is what follows the page's name in the path (a region's code, a question's number, a mart's name);
    ``more`` are the parameters that only this page knows."""

    page: str = "now"
    detail: str = ""
    since: date | None = None
    until: date | None = None
    interval: Interval = Interval.AUTO
    unit: Unit | None = None
    language: Language = Language.ENGLISH
    dark: bool = False
    more: Mapping[str, str] = field(default_factory=dict)
    told: Mapping[str, str] = field(default_factory=dict)
    """Language and theme where the address says them: only then do links repeat them."""
    faults: tuple[str, ...] = ()
    """What the address says that is no choice there is, in words."""
    said: str = ""
    """The address as the browser says it."""

    @cached_property
    def style(self) -> Style:
        return Style(self.language, self.dark)

    @cached_property
    def say(self) -> Say:
        """``say(en=…, fr=…)`` gives the words of its language."""
        return self.language.say

    def href(self, **changes: Any) -> str:
        """The address of this view with ``changes`` to its fields; ``more`` is added to, None takes away."""
        if "page" in changes:
            changes = {"detail": "", "more": {}, "unit": None, **changes}
        more = {**self.more, **changes.pop("more", {})} if "page" not in changes else changes.pop("more", {})
        return replace(self, **changes, more=more).address

    def told_href(self, **told: str) -> str:
        """The address of this view in another language or theme."""
        return replace(self, told={**self.told, **told}).address

    @cached_property
    def address(self) -> str:
        path = "/" if self.page == "now" else "/".join(("", self.page, *([self.detail] if self.detail else [])))
        query = urlencode([*self._query()])
        return f"{path}?{query}" if query else path

    def _query(self) -> Iterator[tuple[str, str]]:
        if self.since:
            yield "since", self.since.isoformat()
        if self.until:
            yield "until", self.until.isoformat()
        if self.interval is not Interval.AUTO:
            yield "interval", self.interval.value
        if self.unit is not None:
            yield "unit", self.unit.value
        yield from ((name, value) for name, value in self.more.items() if value is not None)
        yield from sorted(self.told.items())


def read(path: str, query: str, language: str, dark: bool) -> View:
    """The view at an address, in a language and on a paper that the browser chose where the address does not."""
    said = dict(parse_qsl(query.lstrip("?"), keep_blank_values=False))
    page, _, detail = path.strip("/").partition("/")
    told = {name: said.pop(name) for name in ("lang", "theme") if name in said}
    spoken = _choice(Language, told.get("lang", language)) or Language.ENGLISH
    faults: list[str] = []
    since, until = (_day(said.pop(name, None), name, spoken, faults) for name in ("since", "until"))
    if since and until and until < since:
        faults.append(
            spoken.say(en=f"{until} is before {since}: turned round", fr=f"{until} précède {since} : inversés")
        )
        since, until = until, since
    return View(
        page=page or "now",
        detail=detail,
        since=since,
        until=until,
        interval=_asked(Interval, said.pop("interval", None), spoken, faults) or Interval.AUTO,
        unit=_asked(Unit, said.pop("unit", None), spoken, faults),
        language=spoken,
        dark=told["theme"] == "dark" if told.get("theme") in {"dark", "light"} else dark,
        more=said,
        told=told,
        faults=tuple(faults),
        said=path + query,
    )


def day_of(said: str | None) -> date | None:
    """The day that is written, None where it is none."""
    try:
        return date.fromisoformat(said) if said else None
    except ValueError:
        return None


def _day(said: str | None, name: str, language: Language, faults: list[str]) -> date | None:
    day = day_of(said)
    if said and day is None:
        faults.append(
            language.say(
                en=f"{name}: “{said[:20]}” is not a valid date",
                fr=f"{name} : « {said[:20]} » n'est pas une date valide",
            )
        )
    return day


def _asked(kind: type[_Choice], said: str | None, language: Language, faults: list[str]) -> _Choice | None:
    chosen = _choice(kind, said)
    if said and chosen is None:
        names = ", ".join(one.value for one in kind)
        faults.append(
            language.say(en=f"“{said[:20]}” is none of {names}", fr=f"« {said[:20]} » n'est aucun de {names}"),
        )
    return chosen


def _choice(kind: type[_Choice], said: str | None) -> _Choice | None:
    return next((one for one in kind if one.value == said), None)
