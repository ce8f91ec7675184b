"""What a reader chooses with: the period bar, fields for a day, links side by side, lists. All of it is addresses."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Final

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component
from dateutil.relativedelta import relativedelta

from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import PageReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.locale import Text
from watthouse.serve.queries.units import Interval, finest, points

_SPANS: Final = (
    ("7d", "7 d", "7 j", relativedelta(days=7)),
    ("30d", "30 d", "30 j", relativedelta(days=30)),
    ("90d", "90 d", "90 j", relativedelta(days=90)),
    ("1y", "1 y", "1 an", relativedelta(years=1)),
    ("5y", "5 y", "5 ans", relativedelta(years=5)),
    ("all", "All", "Tout", relativedelta(years=9_000)),
)
_INTERVALS: Final = {
    Interval.AUTO: Text(en="Auto", fr="Auto"),
    Interval.SLOT: Text(en="15/30 min", fr="15/30 min"),
    Interval.HOUR: Text(en="Hour", fr="Heure"),
    Interval.DAY: Text(en="Day", fr="Jour"),
    Interval.WEEK: Text(en="Week", fr="Semaine"),
    Interval.MONTH: Text(en="Month", fr="Mois"),
    Interval.YEAR: Text(en="Year", fr="An"),
}


def bar(page: Page, view: View, reader: PageReader) -> Component:
    """The period of a page, with its intervals and units."""
    choices = [*_granularity(page, view, reader), *quantities(page, view)]
    return period_bar(view, reader.period, reader.extent, choices, page.pinned(reader))


def period_bar(
    view: View,
    period: tuple[date, date],
    extent: tuple[date, date],
    choices: Sequence[Component],
    pinned: Mapping[str, str],
) -> Component:
    """The days of a ``period`` within those that are held (``extent``), more ``choices``, and a lasting link, which
    says what is ``pinned`` too."""
    since, until = period
    earlier, later = (_period_at(view, _shifted(since, until, direction), extent) for direction in (-1, 1))
    return html.Section(
        [
            html.Div(
                [
                    step("‹", earlier, view.say(en="Earlier", fr="Plus tôt"), "earlier"),
                    day_field("since", view.say(en="From", fr="Du"), since, "period", extent),
                    day_field("until", view.say(en="to", fr="au"), until, "period", extent),
                    step("›", later, view.say(en="Later", fr="Plus tard"), "later"),
                ],
                className="days",
            ),
            _choice(view.say(en="Period", fr="Période"), "period", [*_presets(view, since, until, extent)]),
            *choices,
            html.A(
                view.say(en="Link", fr="Lien"),
                href=_lasting(view, since, until, pinned),
                id="permalink",
                title=view.say(en="A permanent link to this view", fr="Un lien permanent vers cette vue"),
                **{"data-copied": view.say(en="Copied", fr="Copié")},
            ),
        ],
        className="bar",
        **{"aria-label": view.say(en="Period", fr="Période")},
    )


def _lasting(view: View, since: date, until: date, pinned: Mapping[str, str]) -> str:
    """An address that depends neither on the reader's browser nor on the newest day."""
    # without them, the link would follow the settings of the reader who opens it
    settings = {"lang": view.language.value, "theme": "dark" if view.dark else "light"}
    return replace(view, since=since, until=until, pinned_settings=settings, more={**view.more, **pinned}).address


def step(sign: str, href: str | None, label: str, name: str) -> Component:
    """A link to the days before or after; greyed out where there are none (no ``href``)."""
    if href is None:
        return html.Span(sign, className="step gone", id=name, **{"aria-hidden": "true"})
    return html.A(sign, href=href, className="step", id=name, title=label, **{"aria-label": label})


def _period_at(view: View, days: tuple[date, date], extent: tuple[date, date]) -> str | None:
    """The address of a period, None where none of it is available."""
    there = days[0] <= extent[1] and days[1] >= extent[0]
    return view.href(since=days[0], until=days[1]) if there else None


def _shifted(since: date, until: date, direction: int) -> tuple[date, date]:
    """The period before or after: whole months for whole months, else as many days."""
    try:
        # whole months step by months: from January to February, not to the 31 days after it
        if since.day == 1 and (until + timedelta(days=1)).day == 1:
            after = until + timedelta(days=1)
            step = relativedelta(months=direction * ((after.year - since.year) * 12 + after.month - since.month))
            return since + step, after + step - timedelta(days=1)
        span = direction * ((until - since) + timedelta(days=1))
        return since + span, until + span
    # an address may name days at the ends of the calendar
    except (OverflowError, ValueError):
        return since, until


def day_field(name: str, label: str, day: date, group: str, extent: tuple[date, date] | None = None) -> Component:
    """A date field: choosing a day sets ``name`` in the address, with the other fields of its group."""
    within = {"min": str(extent[0]), "max": str(extent[1])} if extent else {}
    return dmc.TextInput(
        id=name,
        label=label,
        value=day.isoformat(),
        # the browser's own field: it knows the reader's calendar and works on a phone
        attributes={"input": {"type": "date", "data-param": name, "data-group": group, **within}},
        className="day",
    )


def _presets(view: View, since: date, until: date, extent: tuple[date, date]) -> Iterator[Component]:
    first, last = extent
    for name, english, french, span in _SPANS:
        if name != "all" and last - span < first:
            continue  # that is all there is
        begins = first if name == "all" else last - span + timedelta(days=1)
        chosen = (since, until) == (begins, last)
        yield _link(view.say(en=english, fr=french), view.href(since=begins, until=last), chosen, f"period-{name}")


def _granularity(page: Page, view: View, reader: PageReader) -> Iterator[Component]:
    if not page.intervals or not page.series(view):
        return
    (since, until), meant = reader.period, page.chosen(view)
    most = reader.service.settings.max_points
    # what "auto" means is shown, or a reader cannot tell what a point is
    auto = _INTERVALS[finest(since, until, page.intervals)]
    links = []
    for interval in (Interval.AUTO, *page.intervals):
        # the one in the address stays, so that the page can explain the refusal
        if interval not in {Interval.AUTO, meant} and points(since, until, interval) > most:
            continue
        label = _INTERVALS[interval].of(view.language)
        if interval is Interval.AUTO:
            label += f" ({auto.of(view.language).lower()})"
        link = _link(label, view.href(interval=interval), interval is meant, f"interval-{interval.value}")
        if interval is Interval.SLOT:
            link.title = view.say(
                en="Slots as published: quarter hours, or half hours where nothing finer exists",
                fr="Pas de temps publié : le quart d'heure, ou la demi-heure à défaut",
            )
        links.append(link)
    yield _choice(view.say(en="One point per", fr="Un point par"), "interval", links)


def quantities(page: Page, view: View) -> Iterator[Component]:
    """The units of a page, where it has more than one."""
    if len(page.units) > 1:
        meant = page.unit(view)
        links = [_link(unit.sign, view.href(unit=unit), unit is meant, f"unit-{unit.value}") for unit in page.units]
        yield _choice(view.say(en="Unit", fr="Unité"), "unit", links)


def options(
    name: str, label: str, groups: Mapping[str, Sequence[tuple[str, str]]], chosen: str, clears: Sequence[str] = ()
) -> Component:
    """A list of values with their texts, by groups (of one without a name, alone): choosing one sets ``name`` in the
    address, and ``clears`` other parameters from it."""
    listed: list[Component] = []
    for group, some in groups.items():
        lines = [html.Option(text, value=value, selected=value == chosen) for value, text in some]
        listed += [html.Optgroup(lines, label=group)] if group else lines
    asked = {"data-param": name, "data-clears": " ".join(clears)}
    return html.Div([html.Label(label, htmlFor=name), html.Select(listed, id=name, **asked)], className="options")


def choice(label: str, name: str, links: Sequence[tuple[str, str, str, bool]]) -> Component:
    """Links to choose from, each with its text, address, id, and whether it is the current view."""
    return _choice(label, name, [_link(words, href, here, link_id) for words, href, link_id, here in links])


def _choice(label: str, name: str, links: Sequence[Component]) -> Component:
    return html.Div(list(links), className="choice", id=name, role="group", **{"aria-label": label})


def _link(label: str, href: str, chosen: bool, name: str) -> Component:
    more = {"aria-current": "true"} if chosen else {}
    return html.A(label, href=href, className="here" if chosen else "", id=name, **more)
