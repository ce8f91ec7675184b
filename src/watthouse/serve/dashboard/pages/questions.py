"""Questions: each has a chart, a sentence with its figure, how it was computed, and what it leaves open."""

from collections.abc import Callable, Mapping
from typing import Final

import plotly.graph_objects as go
import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.serve.api.questions import QuestionAsked, question_of
from watthouse.serve.dashboard import parts, shell
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import Answer, Reader
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import questions
from watthouse.serve.figures.style import Style
from watthouse.serve.inquiry.texts import QUESTIONS

_SHORT: Final = {
    1: ("The mix", "Le mix"),
    2: ("Gas stock and temperature", "Stock de gaz et température"),
    3: ("Sources and temperature", "Filières et température"),
    4: ("Sources and gas stock", "Filières et stock de gaz"),
    5: ("Seasons", "Saisons"),
    6: ("Exchanges and gas stock", "Échanges et stock de gaz"),
}
_Draw = Callable[[pl.DataFrame, Style], go.Figure]
_DRAWN: Final[Mapping[int, _Draw]] = {
    1: questions.mix,
    2: lambda rows, style: questions.clouds(rows, style, style.say("temperature", "température")),
    3: questions.correlations,
    4: questions.correlations,
    5: questions.seasons,
    6: lambda rows, style: questions.clouds(rows, style, style.say("gas in storage", "gaz en stock")),
}
_CLOUDS: Final = frozenset({2, 6})


def body(reader: Reader, view: View) -> list[Component]:
    """One question; the others are a link away."""
    number = _number(view)
    if number is None:
        said = view.say("The questions are numbered 1 to 6.", "Les questions sont numérotées de 1 à 6.")
        return [_choice(view, 0), shell.notice(view.say("No such question", "Question inconnue"), said)]
    since, until = reader.period
    asked = QuestionAsked(since=since, until=until, lang=view.language)
    answer = reader.answer(f"/questions/{number}", asked, question_of(reader.snapshot, number, asked))
    return [
        _choice(view, number),
        html.P(answer.more["sentence"], className="lead", id="sentence"),
        _chart(reader, view, number, answer),
        _explained(view, answer),
    ]


def _number(view: View) -> int | None:
    said = view.detail or "1"
    return int(said) if said in {str(number) for number in QUESTIONS} else None


def _choice(view: View, number: int) -> Component:
    links = [
        (f"{one} · {view.say(*words)}", view.href(detail=str(one)), f"question-{one}", one == number)
        for one, words in _SHORT.items()
    ]
    return shell.choice(view.say("Questions", "Questions"), "questions", links)


def _chart(reader: Reader, view: View, number: int, answer: Answer) -> Component:
    title = str(answer.more["question"])
    if answer.rows.is_empty():
        none = view.say("There is no chart for this period.", "Pas de graphique pour cette période.")
        return parts.card(reader, "answer", title, [html.P(none, className="nothing")], [answer], wide=True)
    figure = _DRAWN[number](answer.rows, view.style)
    height = 640 if number in _CLOUDS else 420
    return parts.chart(reader, "answer", title, figure, [answer], height=height, wide=True)


def _explained(view: View, answer: Answer) -> Component:
    said = {
        view.say("How it was computed", "Comment c'est calculé"): answer.more["method"],
        view.say("What it does not show", "Ce que cela ne montre pas"): answer.more["caveat"],
    }
    words = [part for name, text in said.items() for part in (html.H3(name), html.P(text))]
    return html.Section(words, className="card wide explained", id="explained")


def _heading(view: View) -> str | None:
    number = _number(view)
    return QUESTIONS[number][view.language] if number else None


PAGE: Final = Page(
    "questions",
    "Questions",
    "Questions",
    body,
    intervals=(),
    span=None,
    heading=_heading,
    marts=lambda _: ("daily_merged", "gas_daily", "temperature_daily"),
)
