"""A view: what an address shows. Every control of a page is a link to another view."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Any, TypeVar
from urllib.parse import parse_qsl, urlencode

from watthouse.serve.figures.style import Style
from watthouse.serve.locale import Language, Say
from watthouse.serve.queries.units import Interval, Unit

_Choice = TypeVar("_Choice", bound=Enum)


@dataclass(frozen=True)
class View:
    """``detail`` is what follows the page's name in the path (a region's code, a question's number, a mart's name);
    ``more`` are the parameters that only this page knows."""

    # the address "/" is this page
    page: str = "now"
    detail: str = ""
    since: date | None = None
    until: date | None = None
    interval: Interval = Interval.AUTO
    unit: Unit | None = None
    language: Language = Language.ENGLISH
    dark: bool = False
    more: Mapping[str, str] = field(default_factory=dict)
    pinned_settings: Mapping[str, str] = field(default_factory=dict)
    """Language and theme where the address says them: only then do links repeat them."""
    faults: tuple[str, ...] = ()
    """What the address asks for that does not exist, in words."""
    browser_address: str = ""
    """The address as the browser reports it."""

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
            # another page has other details and units, but the period stays
            changes = {"detail": "", "more": {}, "unit": None, **changes}
        more = {**self.more, **changes.pop("more", {})} if "page" not in changes else changes.pop("more", {})
        return replace(self, **changes, more=more).address

    def href_pinning(self, **settings: str) -> str:
        """The address of this view in another language or theme."""
        return replace(self, pinned_settings={**self.pinned_settings, **settings}).address

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
        # sorted, so that one view has one address
        yield from sorted(self.pinned_settings.items())


def read(path: str, query: str, language: str, dark: bool) -> View:
    """The view at an address, in a language and on a paper that the browser chose where the address does not."""
    given = dict(parse_qsl(query.lstrip("?"), keep_blank_values=False))
    page, _, detail = path.strip("/").partition("/")
    # only where the address has them: then every link repeats them
    settings = {name: given.pop(name) for name in ("lang", "theme") if name in given}
    spoken_language = _choice(Language, settings.get("lang", language)) or Language.ENGLISH
    faults: list[str] = []
    since, until = (_day(given.pop(name, None), name, spoken_language, faults) for name in ("since", "until"))
    # the reader's intent is clear; the API, which programs call, refuses the same
    if since and until and until < since:
        faults.append(
            spoken_language.say(
                en=f"{until} is before {since}: swapped", fr=f"{until} précède {since} : dates inversées"
            )
        )
        since, until = until, since
    return View(
        page=page or "now",
        detail=detail,
        since=since,
        until=until,
        interval=_chosen(Interval, given.pop("interval", None), spoken_language, faults) or Interval.AUTO,
        unit=_chosen(Unit, given.pop("unit", None), spoken_language, faults),
        language=spoken_language,
        dark=settings["theme"] == "dark" if settings.get("theme") in {"dark", "light"} else dark,
        more=given,
        pinned_settings=settings,
        faults=tuple(faults),
        browser_address=path + query,
    )


def day_of(text: str | None) -> date | None:
    """The civil day, None if the text is not one."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def _day(text: str | None, name: str, language: Language, faults: list[str]) -> date | None:
    day = day_of(text)
    if text and day is None:
        faults.append(
            language.say(
                en=f"{name}: “{text[:20]}” is not a valid date",
                fr=f"{name} : « {text[:20]} » n'est pas une date valide",
            )
        )
    return day


def _chosen(kind: type[_Choice], text: str | None, language: Language, faults: list[str]) -> _Choice | None:
    # a wrong choice falls back to the default and is named: the rest of the address still holds
    chosen = _choice(kind, text)
    if text and chosen is None:
        names = ", ".join(member.value for member in kind)
        faults.append(
            language.say(en=f"“{text[:20]}” is not one of {names}", fr=f"« {text[:20]} » ne figure pas parmi {names}"),
        )
    return chosen


def _choice(kind: type[_Choice], text: str | None) -> _Choice | None:
    return next((member for member in kind if member.value == text), None)
