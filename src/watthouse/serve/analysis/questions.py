"""One of the six questions, answered from a snapshot."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Final

from pydantic import Field

from watthouse.serve.analysis.answers import answer, marts_of
from watthouse.serve.locale import Language
from watthouse.serve.queries.attribution import TEMPERATURE_OF_FRANCE
from watthouse.serve.queries.base import days
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.fields import Day, FirstHeld
from watthouse.serve.queries.params import Period
from watthouse.warehouse.snapshots import Snapshot

TextLanguage = Annotated[Language, Field(description="Language of the texts: French or English", examples=["fr"])]


class QuestionParams(Period):
    """A question of a period."""

    since: FirstHeld = None
    until: Annotated[
        Day | None,
        Field(
            description="Last civil day (Europe/Paris), included; the newest day held by default",
            examples=["2025-12-31"],
        ),
    ] = None
    lang: TextLanguage = Language.ENGLISH


def question_of(snapshot: Snapshot, number: int, params: QuestionParams) -> RowSet:
    """RowSet ``number`` (1 to 6), answered."""
    answered = answer(snapshot, number, params.since, params.until, params.lang)
    more = {
        **days(answered.since, answered.until),
        "lang": params.lang.value,
        "number": answered.number,
        "question": answered.question,
        "sentence": answered.sentence,
        "method": answered.method,
        "caveat": answered.caveat,
        "figures": [asdict(figure) for figure in answered.figures],
    }
    # questions on power use no day that daily_merged lacks
    among = "daily_merged" if marts_of(number) == ("daily_merged",) else None
    return RowSet(answered.question, answered.rows, answered.columns, more, _OF[number], among=among)


_POWER, _GAS = "daily_mix", "gas_daily"


# What each question is answered from.
_OF: Final[Mapping[int, tuple[str, ...]]] = {
    1: (_POWER,),
    2: (_GAS, TEMPERATURE_OF_FRANCE),
    3: (_POWER, TEMPERATURE_OF_FRANCE),
    4: (_POWER, _GAS),
    5: (_POWER,),
    6: ("exchanges_daily", _GAS),
}
