"""What pages are made of: cards with a chart and its downloads, tiles with one figure, texts for missing data."""

from collections.abc import Sequence
from datetime import datetime

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from watthouse.serve.dashboard.reading import Answer, PageReader, Reader, Slots
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures.figure import Figure
from watthouse.serve.figures.stack import FEW
from watthouse.serve.figures.style import behaviour
from watthouse.serve.formats import Format
from watthouse.serve.queries.coverage import ENOUGH, Main, coverage, extent_of, nearest

_OFFERED = (Format.CSV, Format.JSON, Format.PARQUET)
_FEW = 4  # entries of a legend


def chart(
    reader: PageReader,
    name: str,
    title: str,
    figure: Figure,
    answers: Sequence[Answer],
    *,
    note: str = "",
    height: int = 340,
    wide: bool = False,
    fresh: str = "",
    slots: Sequence[Slots] = (),
) -> Component:
    """A figure with its title, the data it is drawn from, and whose they are; ``name`` is its id on the page.

    ``slots`` are those that the figure was summed up from.
    """
    if not any(answer.rows.height for answer in answers):
        return card(reader, name, title, [nothing(reader)], answers, wide=wide, fresh=fresh)
    notes = [note] if note else []
    return drawn(reader, name, title, figure, answers, notes=notes, height=height, wide=wide, fresh=fresh, slots=slots)


def drawn(
    reader: Reader,
    name: str,
    title: str,
    figure: Figure,
    answers: Sequence[Answer],
    *,
    notes: Sequence[str] = (),
    height: int = 340,
    wide: bool = False,
    fresh: str = "",
    slots: Sequence[Slots] = (),
) -> Component:
    """A figure of which it is known that there is something to draw, ``height`` pixels high, with notes below it."""
    line = provenance_line(reader, answers, fresh)
    below = [html.P(note, className="note") for note in notes]
    body = [graph(reader.view, name, signed(figure, title, line), height), *below]
    return card(reader, name, title, body, answers, wide=wide, line=line, slots=slots)


def graph(view: View, name: str, figure: Figure, height: int) -> Component:
    """A figure that is :func:`signed`, ``height`` pixels high."""
    return dcc.Graph(
        id=name,
        figure=figure,
        config=behaviour(view.style, name),
        style={"height": f"{height}px"},
        # a narrow chart with a long legend has to be higher, or nothing is left of the drawing
        className="drawing keyed" if _is_keyed(figure) else "drawing",
    )


def signed(figure: Figure, title: str, line: str) -> Figure:
    """With the title and source that a downloaded picture carries: on the page they stand around the figure."""
    return figure.update_layout(meta={"title": title, "whose": line})


def provenance_line(reader: Reader, answers: Sequence[Answer], fresh: str = "") -> str:
    """Who measured what is shown, on which days, and what ``fresh`` adds."""
    return reader.provenance([used for answer in answers for used in answer.used], fresh)


def _is_keyed(figure: Figure) -> bool:
    """Whether the legend takes so much room that a narrow chart has to be higher."""
    entries = (
        len(trace["labels"]) if trace["type"] == "pie" else trace.get("showlegend", True) for trace in figure.data
    )
    return sum(entries) > _FEW


def card(
    reader: Reader,
    name: str,
    title: str,
    body: Sequence[Component],
    answers: Sequence[Answer] = (),
    *,
    wide: bool = False,
    fresh: str = "",
    line: str = "",
    slots: Sequence[Slots] = (),
) -> Component:
    """A part of a page with a title and downloads of those of its answers that have rows, and of the ``slots`` behind
    them; below it who measured what it shows, on which days, and what ``fresh`` adds (the ``line``)."""
    # a card without rows offered an empty download once
    with_rows = [answer for answer in answers if answer.rows.height]
    head = [html.H2(title, id=f"{name}-title"), *([_downloads(reader, with_rows, slots)] if with_rows else [])]
    foot = [html.P(line or provenance_line(reader, answers, fresh), className="provenance")] if answers else []
    return html.Section(
        [html.Div(head, className="card-head"), *body, *foot],
        className="card wide" if wide else "card",
        id=f"{name}-card",
        **{"aria-labelledby": f"{name}-title"},
    )


def tile(name: str, label: str, value: str, more: str | Sequence[object] = "", colour: str = "") -> Component:
    """One figure, large: what it is, how much, and something to compare it with."""
    style = {"borderColor": colour} if colour else {}
    return html.Div(
        [
            html.Span(label, className="tile-label"),
            html.Span(value, className="tile-value", id=name),
            html.Span(more, className="tile-more"),
        ],
        className="tile",
        style=style,
    )


def tiles(figures: Sequence[Component]) -> Component:
    """Tiles side by side."""
    return html.Div(list(figures), className="tiles")


def nothing(reader: PageReader, of: Main | None = None) -> Component:
    """What stands in a card without data: where there is some of it (of what the page is about, unless ``of`` says),
    and a link to there."""
    view, main = reader.view, of or reader.main
    extent = extent_of(reader.snapshot, main) if main else reader.extent
    if extent is None:
        return html.P(view.say(en="No data available.", fr="Aucune donnée disponible."), className="nothing")
    first, last = (view.language.day(day) for day in extent)
    text = view.say(
        en=f"No data for this period. Data are available from {first} to {last}.",
        fr=f"Aucune donnée pour cette période. Les données disponibles vont du {first} au {last}.",
    )
    other = nearest(reader.snapshot, main, *reader.period) if main else None
    if other is None:
        return html.P(text, className="nothing")
    days = view.language.days(*other)
    href = view.href(since=other[0], until=other[1])
    link = html.A(view.say(en=f"Show {days}", fr=f"Voir {days}"), href=href, className="elsewhere")
    return html.P([text, " ", link], className="nothing")


def uncovered(reader: PageReader) -> list[Component]:
    """A warning where much of the period was not measured."""
    view, main = reader.view, reader.main
    if main is None:
        return []
    covered = coverage(reader.snapshot, main, *reader.period)
    # warn once: where little was measured, that the mix is rarely whole goes without saying
    if covered.share >= ENOUGH:
        return [] if covered.mixed is None or covered.mixed >= ENOUGH else [_unmixed(view, covered.mixed)]
    share, none, days = (
        view.language.percent(covered.share),
        *map(view.language.number, (covered.unmeasured, covered.days)),
    )
    text = view.say(
        en=f"Only {share} of this period was measured, and {none} of {days} days have no data: figures cover that"
        " part.",
        fr=f"Seulement {share} de cette période a été mesuré, et {none} jours sur {days} sont sans données : les"
        " chiffres portent sur cette partie.",
    )
    return [html.P(text, className="fault", role="status", id="uncovered")]


def outside(reader: PageReader) -> Component:
    """What replaces a page where none of the days in the address are available."""
    view = reader.view
    newest = html.A(view.say(en="Show the newest days", fr="Voir les jours les plus récents"),
                    href=view.href(since=None, until=None), id="newest")  # fmt: skip
    title = view.say(en=f"No data for {(days := view.language.days(*reader.period))}", fr=f"Aucune donnée : {days}")
    return card(reader, "outside", title, [nothing(reader), html.P(newest, className="nothing")], wide=True)


def _unmixed(view: View, mixed: float) -> Component:
    """A warning where the load of the period is known but the whole mix often is not."""
    share = view.language.percent(mixed)
    text = view.say(
        en=f"The whole mix is known for only {share} of this period: production and shares cover that part.",
        fr=f"Le mix complet n'est connu que pour {share} de cette période : production et parts portent sur cette"
        " partie.",
    )
    return html.P(text, className="fault", role="status", id="unmixed")


def table(heads: Sequence[str], rows: Sequence[Sequence[object]], name: str, caption: str) -> Component:
    """Rows of text and numbers; every column but the first is right-aligned."""
    return html.Div(
        html.Table(
            [
                html.Caption(caption, className="unseen"),
                html.Thead(html.Tr([html.Th(head, scope="col") for head in heads])),
                html.Tbody(
                    [html.Tr([html.Th(first, scope="row"), *(html.Td(cell) for cell in rest)]) for first, *rest in rows]
                ),
            ],
            id=name,
        ),
        className="table",
        # wide tables scroll sideways, which a keyboard can do only in what has the focus
        tabIndex="0",
        role="group",
        **{"aria-label": caption},
    )


def of_load(view: View) -> str:
    """The unit of what is a percentage of the load."""
    return view.say(en="% of load", fr="% de la consommation")


def partial(view: View, rows: pl.DataFrame, *, pale: bool = False) -> str:
    """How many intervals of a series are not ``complete``, and ``pale`` for it; nothing where all of them are.

    Of slots, how many do not know the whole mix (``mix_known``).
    """
    if "complete" not in rows.columns:
        return _mix_unknown(view, rows)
    some = rows.filter(~pl.col("complete")).height
    few, of = view.language.number(some), view.language.number(rows.height)
    text = view.say(
        en=f"Points not fully measured: {few} of {of}", fr=f"Points incomplètement mesurés : {few} sur {of}"
    )
    look = view.say(en=" (pale)", fr=" (en clair)") if pale and rows.height <= FEW else ""
    return f"{text}{look}." if some else ""


def measured_until(view: View, newest: datetime) -> str:
    """How far the load is known, for the line that names the source."""
    until = view.language.moment(newest)
    return view.say(en=f"load measured up to {until}", fr=f"consommation mesurée jusqu'au {until}")


def _mix_unknown(view: View, rows: pl.DataFrame) -> str:
    """How many slots, gaps among them, do not know every source."""
    some = 0 if "mix_known" not in rows.columns else rows.height - int(rows["mix_known"].sum())
    few, of = view.language.number(some), view.language.number(rows.height)
    text = view.say(
        en=f"Slots with a source missing (gaps): {few} of {of}.",
        fr=f"Pas de temps où une filière manque (lacunes) : {few} sur {of}.",
    )
    return text if some else ""


def _downloads(reader: Reader, answers: Sequence[Answer], slots: Sequence[Slots]) -> Component:
    """Rows as they are drawn, then the slots behind them, where these are not drawn themselves."""
    # a chart by slot would offer the same rows twice
    view, more = reader.view, [offer for offer in slots if not any(map(offer.are, answers))]
    named = len(answers) + len(more) > 1
    offered: list[Answer | Slots] = [*answers, *more]
    links = [
        html.Li(
            html.A(
                f"{rows.title} · {style.value.upper()}" if named else style.value.upper(),
                href=rows.href(style),
                download="",
            )
        )
        for rows in offered
        for style in (_OFFERED if isinstance(rows, Answer) else rows.styles)
    ]
    return html.Details(
        [html.Summary(view.say(en="Data", fr="Données"), title=view.say(en="Download the data", fr="Télécharger les"
        " données")),
         html.Ul(links)],
        className="downloads",
    )  # fmt: skip
