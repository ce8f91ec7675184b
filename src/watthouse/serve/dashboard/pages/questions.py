"""Questions: each has a chart, a sentence with its figure, how it was computed, and what it leaves open."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from watthouse.serve.analysis.answers import marts_of
from watthouse.serve.analysis.questions import QuestionParams, question_of
from watthouse.serve.analysis.texts import QUESTIONS
from watthouse.serve.analysis.wording import typeset
from watthouse.serve.dashboard import controls, parts, shell
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.reading import Answer, PageReader, Slots
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import questions
from watthouse.serve.figures.figure import Figure
from watthouse.serve.figures.style import Style, behaviour
from watthouse.serve.locale import Text
from watthouse.serve.queries.coverage import Main
from watthouse.serve.queries.exchanges import EXCHANGES
from watthouse.serve.queries.mix import MIX

_SHORT: Final = {
    1: Text(en="The mix", fr="Le mix"),
    2: Text(en="Gas stock and temperature", fr="Stock de gaz et température"),
    3: Text(en="Sources and temperature", fr="Filières et température"),
    4: Text(en="Sources and gas stock", fr="Filières et stock de gaz"),
    5: Text(en="Seasons", fr="Saisons"),
    6: Text(en="Exchanges and gas stock", fr="Échanges et stock de gaz"),
}
_Draw = Callable[[pl.DataFrame, Style], Figure]
_DRAWN: Final[Mapping[int, _Draw]] = {
    1: questions.mix,
    3: questions.correlations,
    4: questions.correlations,
    5: questions.seasons,
}
# The columns of which a row of a chart has one at least.
_VALUES: Final[Mapping[int, Sequence[str]]] = {3: ("plain", "correlation"), 4: ("plain", "correlation")}
_WHISKERS: Final[Mapping[int, Text]] = {
    1: Text(
        en="Bars are shares of the whole period; four days in five lie between the whiskers.",
        fr="La barre est la part sur toute la période ; quatre jours sur cinq se situent entre les moustaches.",
    ),
    5: Text(
        en="The whiskers are the 95% interval of the season's mean.",
        fr="Les moustaches sont l’intervalle à 95 % de la moyenne de la saison.",
    ),
}
# Where the API has the power that a question is about, slot by slot.
_POWER: Final = {1: MIX, 3: MIX, 4: MIX, 5: MIX, 6: EXCHANGES}
_PANEL_PX: Final = 290


def body(reader: PageReader, view: View) -> list[Component]:
    """One question; the others are a link away."""
    number = _number(view)
    if number is None:
        text = view.say(en="The questions are numbered 1 to 6.", fr="Les questions sont numérotées de 1 à 6.")
        return [_choice(view, 0), shell.notice(view.say(en="No such question", fr="RowSet inconnue"), text)]
    since, until = reader.period
    params = QuestionParams(since=since, until=until, lang=view.language)
    answer = reader.answer(f"/questions/{number}", params, question_of(reader.snapshot, number, params))
    shown = _unanswered if _is_blank(number, answer.rows) else _answered
    return [_choice(view, number), *shown(reader, view, number, answer)]


def _number(view: View) -> int | None:
    given = view.detail or "1"
    # not int(): "٣" and "+3" are digits to Python
    return int(given) if given in {str(number) for number in QUESTIONS} else None


def _choice(view: View, number: int) -> Component:
    links = [
        (f"{each} · {words.of(view.language)}", view.href(detail=str(each)), f"question-{each}", each == number)
        for each, words in _SHORT.items()
    ]
    return controls.choice(view.say(en="Questions", fr="Questions"), "questions", links)


def _answered(reader: PageReader, view: View, number: int, answer: Answer) -> list[Component]:
    """The sentence above its chart, and how both were computed."""
    lead = html.P(answer.more["sentence"], className="lead", id="sentence")
    drawn = _chart if number in _DRAWN else _panels
    return [lead, drawn(reader, view, number, answer), _explained(view, answer)]


def _unanswered(reader: PageReader, _view: View, _number: int, answer: Answer) -> list[Component]:
    """Where nothing was computed: the sentence that says what is missing, in the place of a chart."""
    sentence = html.P(answer.more["sentence"], className="nothing", id="sentence")
    return [parts.card(reader, "answer", answer.more["question"], [sentence], [answer], wide=True)]


def _chart(reader: PageReader, view: View, number: int, answer: Answer) -> Component:
    figure, note = _DRAWN[number](answer.rows, view.style), _note(view, number, answer)
    title = answer.more["question"]
    slots = _slots(reader, number)
    return parts.chart(reader, "answer", title, figure, [answer], note=note, height=420, wide=True, slots=slots)


def _slots(reader: PageReader, number: int) -> list[Slots]:
    return [reader.slots(_POWER[number])] if number in _POWER else []


def _is_blank(number: int, rows: pl.DataFrame) -> bool:
    columns = _VALUES.get(number, rows.columns[:1])
    return all(rows[column].is_null().all() for column in columns)


def _panels(reader: PageReader, view: View, number: int, answer: Answer) -> Component:
    """Small charts with their titles, beside or below each other as there is room."""
    provenance = parts.provenance_line(reader, [answer])
    drawn = [
        html.Figure(
            [
                html.Figcaption(panel.title),
                _graph(view, f"answer-{place}", parts.signed(panel.figure, panel.title, provenance)),
            ]
        )
        for place, panel in enumerate(questions.clouds(answer.rows, view.style), 1)
    ]
    text = view.say(
        en="Each point is the mean of an equal number of days with similar values on the horizontal axis; the pale band"
        " holds four in five of those days.",
        fr="Chaque point est la moyenne de jours voisins sur l’axe horizontal, en nombre égal d’un point à l’autre ; la"
        " bande claire contient quatre de ces jours sur cinq.",
    )
    body = [html.Div(drawn, className="panels"), html.P(typeset(text, view.language), className="note")]
    return parts.card(
        reader, "answer", answer.more["question"], body, [answer], wide=True, slots=_slots(reader, number)
    )


def _graph(view: View, name: str, figure: Figure) -> Component:
    style = {"height": f"{_PANEL_PX}px"}
    return dcc.Graph(id=name, figure=figure, config=behaviour(view.style, name), style=style, className="drawing")


def _note(view: View, number: int, answer: Answer) -> str:
    """What the whiskers are, where no legend says it."""
    # a single day has no whiskers to explain
    note = _WHISKERS.get(number) if number != 1 or questions.differ(answer.rows) else None
    return typeset(note.of(view.language), view.language) if note else ""


def _explained(view: View, answer: Answer) -> Component:
    texts = {
        view.say(en="How it was computed", fr="Comment c’est calculé"): answer.more["method"],
        view.say(en="What it does not show", fr="Ce que cela ne montre pas"): answer.more["caveat"],
    }
    words = [part for name, text in texts.items() for part in (html.H3(name), html.P(text))]
    return html.Section(words, className="card wide explained", id="explained")


def _heading(view: View) -> str | None:
    number = _number(view)
    return QUESTIONS[number].of(view.language) if number else None


PAGE: Final = Page(
    name="questions",
    en="Questions",
    fr="Questions",
    body=body,
    intervals=(),
    span=None,
    heading=_heading,
    marts=lambda view: marts_of(_number(view) or 1),
    main=lambda view: Main(marts_of(_number(view) or 1)[0]),
)
