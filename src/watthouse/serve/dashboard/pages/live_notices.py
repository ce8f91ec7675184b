"""What stands on the page Live where there is something to say before all figures: how to begin, what is wrong."""

from typing import Final

from dash import html
from dash.development.base_component import Component

from watthouse.serve.dashboard.pages.live_reader import LiveReader
from watthouse.serve.dashboard.reading import made_up
from watthouse.serve.dashboard.view import View

_COMMANDS: Final = """\
export WATTHOUSE_KAFKA=127.0.0.1:9092 WATTHOUSE_STREAM_STORE=mongodb://127.0.0.1:27017/
watthouse stream produce --every 15min
watthouse stream process
watthouse serve"""


def status(reader: LiveReader) -> list[Component]:
    """What is wrong, above all else."""
    view, state = reader.view, reader.state
    found: list[Component] = []
    if state.sample:
        found.append(html.P(made_up(view, state.sample), className="fault", id="sample"))
    if state.fault:
        seen = view.say(en="what was last seen is shown", fr="l'affichage montre le dernier état connu")
        words = view.say(
            en=f"{state.fault}; {seen}, and the page goes on by itself.",
            fr=f"{state.fault} ; {seen}, et la page reprendra d'elle-même.",
        )
        found.append(html.P(words, className="fault", id="live-fault", role="alert"))
    elif not state.documents:
        words = view.say(
            en="The stream's store holds no measured slot yet: start `watthouse stream produce` and `watthouse stream"
            " process`. This page fills by itself.",
            fr="L'entrepôt du flux ne contient encore aucun pas de temps mesuré : lancez `watthouse stream produce` et"
            " `watthouse stream process`. Cette page se remplira d'elle-même.",
        )
        found.append(html.P(words, className="fault", id="live-empty", role="status"))
    return found


def beginning(view: View) -> Component:
    """How to start the stream, where no store of it is set."""
    words = view.say(
        en="Live slots come through Kafka and Spark into a store that speaks MongoDB's protocol. Set where these are,"
        " start the stream, and open this page again:",
        fr="Les pas de temps en direct passent par Kafka et Spark vers un entrepôt qui parle le protocole de MongoDB."
        " Indiquez où ils sont, lancez le flux, puis rouvrez cette page :",
    )
    title = view.say(en="No store of the stream is set", fr="Aucun entrepôt du flux n'est indiqué")
    return html.Section(
        [html.H2(title), html.P(words), html.Pre(html.Code(_COMMANDS), tabIndex="0")],
        className="card wide notice",
        id="live-none",
    )
