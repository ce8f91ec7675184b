"""What every page has: its header, the period bar, warnings, its footer."""

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from watthouse.catalog import LICENCE
from watthouse.clock import ZONE
from watthouse.serve.dashboard import controls
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import PageReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.queries.attribution import by_publisher


def whole(
    pages: Sequence[Page],
    page: Page | None,
    view: View,
    body: list[Component],
    reader: PageReader | None,
    clock: str = ZONE,
) -> list[Component]:
    """The whole page, whose days are those of ``clock``; without a ``reader`` there are no data to choose a period
    from."""
    sample = reader.sample if reader else ""
    return [
        html.A(view.say(en="Skip to the content", fr="Aller au contenu"), href="#content", className="skip"),
        _head(pages, view),
        *([html.P(sample, className="sample", id="sample")] if sample else []),
        html.Main(
            [
                *([controls.bar(page, view, reader)] if page and reader and page.period else []),
                html.H1(_title(page, view), className="unseen"),
                *(html.P(fault, className="fault", role="status") for fault in view.faults),
                *body,
            ],
            id="content",
            tabIndex="-1",
            # tests and the script wait for it: the address has been rendered
            **{"data-shown": view.browser_address},
        ),
        _foot(view, reader, clock),
    ]


def notice(title: str, text: str) -> Component:
    """What replaces a page that cannot be shown."""
    return html.Section([html.H2(title), html.P(text)], className="card wide notice", id="notice")


def _title(page: Page | None, view: View) -> str:
    if page is None:
        return "watthouse"
    return page.heading(view) or page.title(view)


def _head(pages: Sequence[Page], view: View) -> Component:
    # each link names what it leads to, in the language of its readers
    other, theme = view.say(en="fr", fr="en"), "light" if view.dark else "dark"
    links = [
        html.A(
            page.title(view),
            href=view.href(page=page.name),
            className="here" if page.name == view.page else "",
            **({"aria-current": "page"} if page.name == view.page else {}),
        )
        for page in pages
    ]
    choices = [
        html.A(
            other.upper(),
            href=view.href_pinning(lang=other),
            title=view.say(en="Français", fr="English"),
            lang=other,
            id="language",
            **{"aria-label": view.say(en="Français", fr="English")},
        ),
        html.A(
            "☀" if view.dark else "☾",
            href=view.href_pinning(theme=theme),
            title=(label := view.say(en="Light", fr="Clair") if view.dark else view.say(en="Dark", fr="Sombre")),
            id="theme",
            **{"aria-label": label},
        ),
    ]
    brand = html.A(
        [html.Span("⌂", className="mark", **{"aria-hidden": "true"}), "watthouse"],
        href=view.href(page="now"),
        className="brand",
    )
    label = view.say(en="Pages", fr="Pages")
    return html.Header(
        [brand, html.Nav(links, **{"aria-label": label}), html.Div(choices, className="choices")], id="head"
    )


def _foot(view: View, reader: PageReader | None, clock: str) -> Component:
    names = ", ".join(by_publisher(reader.used)) if reader else ""
    source = view.say(en=f"Data: {names} through ODRÉ, {LICENCE}. ", fr=f"Données : {names} via ODRÉ, {LICENCE}. ")
    if reader and reader.sample:
        source = view.say(
            en=f"Synthetic data, in place of {names}. ", fr=f"Données synthétiques, à la place de {names}. "
        )
    if not names:
        source = ""
    days = view.say(
        en=f"Days are civil days ({clock}), both ends included. ",
        fr=f"Les jours sont civils ({clock}), bornes comprises. ",
    )
    return html.Footer([html.Span([source, days]), html.A("API", href="/docs")])
