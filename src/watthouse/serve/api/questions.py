"""The six questions: which there are, and the answer of one for a period."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from watthouse.serve.analysis.questions import QuestionParams, TextLanguage, question_of
from watthouse.serve.analysis.texts import QUESTIONS
from watthouse.serve.api.base import Rows, TheService, gives_rows
from watthouse.serve.locale import Language
from watthouse.serve.problems import ProblemError, documented
from watthouse.serve.queries.call import RowSet
from watthouse.serve.queries.params import Params
from watthouse.warehouse.snapshots import Snapshot

router = APIRouter(tags=["questions"])


class ListParams(Params):
    """The questions, in a language."""

    lang: TextLanguage = Language.ENGLISH


class QuestionOut(BaseModel):
    """One of the six questions."""

    number: int = Field(description="Its number", examples=[2])
    question: str = Field(description="The question", examples=["Does gas in storage follow temperature?"])


class FigureOut(BaseModel):
    """A figure of an answer."""

    name: str = Field(
        description="What it is: share, measured, correlation_plain (season included), correlation_deseasonalised,"
        " slope_deseasonalised, summer_less_winter",
        examples=["correlation_deseasonalised"],
    )
    of: str = Field(description="The series or source it belongs to", examples=["gaz_mw"])
    value: float | None = Field(description="The figure; null if it cannot be computed", examples=[-0.52])
    low: float | None = Field(description="Low end of its 95% interval, or its lower bound", examples=[-0.6])
    high: float | None = Field(description="High end of its 95% interval, or its upper bound", examples=[-0.44])
    unit: str = Field(description="Its unit; empty if it has none", examples=["MW/°C"])
    days: int = Field(description="Days of the period behind it [days]", examples=[3934])
    block_days: int | None = Field(description="Length of the bootstrap's blocks [days]", examples=[58])
    resamples: int | None = Field(description="How often it was resampled", examples=[1000])


class Answered(Rows):
    """A question's answer, with the rows of its chart."""

    number: int = Field(description="The question's number", examples=[2])
    question: str = Field(description="The question", examples=["Does gas in storage follow temperature?"])
    sentence: str = Field(description="The answer, with its figure and its uncertainty")
    method: str = Field(description="How it was computed")
    caveat: str = Field(description="What it does not show")
    lang: Language = Field(description="Language of the texts", examples=["en"])
    figures: list[FigureOut] = Field(description="Every figure, with the season and with the season removed")


@router.get("/questions", summary="The six questions", responses=documented())
def questions(params: Annotated[ListParams, Query()]) -> list[QuestionOut]:
    """The questions that can be answered for a period, by number."""
    return [QuestionOut(number=number, question=text.of(params.lang)) for number, text in QUESTIONS.items()]


@gives_rows(
    router,
    "/questions/{number}",
    "The answer of a question for a period",
    "A point of the answer's chart: a source, a source and season, or days of similar temperature or stock",
    404,
    model=Answered,
)
def one_question(
    service: TheService,
    request: Request,
    number: Annotated[int, Path(description="The question's number, 1 to 6", examples=[2])],
    params: Annotated[QuestionParams, Query()],
) -> Response:
    """A sentence with its figure and uncertainty, how it was computed, and what it does not show."""
    if number not in QUESTIONS:
        detail = f"there is no question {number}: the numbers are {', '.join(map(str, QUESTIONS))}"
        raise ProblemError(404, detail, parameter="number")

    def ask(snapshot: Snapshot) -> RowSet:
        return question_of(snapshot, number, params)

    # it resamples, which is Python's work
    name = f"question-{number}"
    return service.known(request, params.format, name) or service.queued(
        lambda: service.answer(request, params.format, ask, name)
    )
