"""How far the stream is: what its processor noted last, and how long a slot took to whoever looks."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from dash import html
from dash.development.base_component import Component

from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.reading import Reader
from watthouse.serve.dashboard.view import View
from watthouse.serve.service import Service


def card(service: Service, reader: Reader, view: View) -> Iterator[Component]:
    """Nothing where no store is set."""
    live = service.live
    if not live.is_set:
        return
    state = live.state()
    title = view.say(en="Stream", fr="Flux")
    if state.fault:
        body: list[Component] = [html.P(state.fault, className="fault", role="status")]
    elif state.progress is None:
        words = view.say(
            en="No batch has been processed yet: `watthouse stream process` starts the processor.",
            fr="Aucun lot n'a encore été traité : `watthouse stream process` lance le traitement.",
        )
        body = [html.P(words, className="note", id="stream-none")]
    else:
        heads = [view.say(en="Measure", fr="Mesure"), view.say(en="Value", fr="Valeur")]
        body = [parts.table(heads, [*_lines(view, state.progress, live.delay)], "stream-progress", title)]
    yield parts.card(reader, "data-stream", title, body)


def _lines(view: View, progress: dict[str, Any], delay: float | None) -> Iterator[tuple[str, str]]:
    speak, at = view.language, progress.get("at")
    yield (
        view.say(en="Last batch processed", fr="Dernier lot traité"),
        speak.moment(at) if isinstance(at, datetime) else "–",
    )
    yield view.say(en="Messages in it", fr="Messages du lot"), speak.number(progress.get("rows"))
    yield view.say(en="Time it took", fr="Durée du lot"), speak.quantity(progress.get("seconds"), "s", 2)
    for topic, behind in sorted(progress.get("lag", {}).items()):
        yield view.say(en=f"Messages behind, {topic}", fr=f"Messages en retard, {topic}"), speak.number(behind)
    yield view.say(en="Dead letters", fr="Messages rejetés"), speak.number(progress.get("dead_letters"))
    words = view.say(en="From observation to page, newest slot", fr="De l'observation à la page, dernier pas de temps")
    yield words, speak.quantity(delay, "s", 1)
