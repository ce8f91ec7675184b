"""Which slots Now and a region's page show: the newest measured day, another day, or the last hours."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from dash import html
from dash.development.base_component import Component

from watthouse.serve.dashboard import controls
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.view import View, day_of
from watthouse.serve.queries.now import NowParams, Rolling

_A_DAY = timedelta(days=1)


@dataclass(frozen=True)
class SlotWindow:
    """A civil ``day``, inside or outside of ``extent``, or the last ``hours``: these end on the newest day."""

    view: View
    extent: tuple[date, date]
    day: date
    hours: Rolling | None = None

    @property
    def newest(self) -> bool:
        """Whether it ends with the newest measured slot."""
        return self.day == self.extent[1]

    @property
    def params(self) -> NowParams:
        """The parameters of its call; the day is always named, so that a download link keeps giving what was shown."""
        return NowParams(hours=self.hours) if self.hours else NowParams(day=self.day)

    @property
    def words(self) -> str:
        """As it appears in a title."""
        if self.hours:
            return self.view.say(en=f"last {self.hours} hours", fr=f"{self.hours} dernières heures")
        return self.view.language.day(self.day)

    @property
    def of_it(self) -> str:
        """As it follows “peak of the”, or « pointe »."""
        if self.hours:
            return self.view.say(en=f"last {self.hours} hours", fr=f"des {self.hours} dernières heures")
        return self.view.say(en="day", fr="du jour")

    @property
    def earlier(self) -> str | None:
        """The address of the day before, of the last available day where that is earlier still; None at the first."""
        # from far outside, the first step leads to the nearest day with data
        return self._at(min(self.day - _A_DAY, self.extent[1])) if self.day > self.extent[0] else None

    @property
    def later(self) -> str | None:
        """The address of the day after, of the first available day where that is later still; None at the last."""
        return self._at(max(self.day + _A_DAY, self.extent[0])) if self.day < self.extent[1] else None

    def _at(self, day: date) -> str:
        # no day in the address of the newest one: the page follows the data
        return address(self.view, day=None if day == self.extent[1] else day.isoformat())

    def to_newest(self) -> Iterator[Component]:
        """A link to the newest measured day, where another is shown."""
        if not self.newest:
            words = self.view.say(en="Show the newest day", fr="Voir le jour le plus récent")
            link = html.A(words, href=address(self.view), className="elsewhere", id="newest-day")
            yield html.P(link, className="nothing")

    def fault(self) -> Iterator[Component]:
        """A warning where the address has an invalid day, or a number of hours that is not offered."""
        view = self.view
        day, hours = view.more.get("day"), view.more.get("hours")
        if day and day_of(day) is None:
            yield _fault(
                view.say(
                    en=f"day: “{day[:20]}” is not a valid date", fr=f"day : « {day[:20]} » n'est pas une date valide"
                )
            )
        if hours and _hours_of(hours) is None:
            offered = ", ".join(str(int(hours_offered)) for hours_offered in Rolling)
            text = view.say(
                en=f"“{hours[:20]}” is not one of {offered}", fr=f"« {hours[:20]} » ne figure pas parmi {offered}"
            )
            yield _fault(f"hours{view.say(en='', fr=' ')}: {text}")


def window_of(view: View, extent: tuple[date, date]) -> SlotWindow:
    """What the address means; the newest of the days ``extent`` (the first and the last) where it says nothing.

    A day takes precedence over hours: a reader who picks one leaves the hours in the address.
    """
    day = day_of(view.more.get("day"))
    if day:
        return SlotWindow(view, extent, day)
    return SlotWindow(view, extent, extent[1], _hours_of(view.more.get("hours")))


def address(view: View, *, day: str | None = None, hours: int | None = None) -> str:
    """The address of a day or of the last hours; of the newest day, where neither is given."""
    return view.href(more={"day": day, "hours": hours and str(hours)})


def bar(page: Page, view: View, window: SlotWindow) -> Component:
    """The day before, a field for a day, the day after; the newest day and the last hours; the units of the page."""
    newest = view.say(en="Newest day", fr="Dernier jour")
    links = [
        (newest, address(view), "window-day", window.newest and window.hours is None),
        *(
            (f"{int(rolling)} h", address(view, hours=int(rolling)), f"window-{int(rolling)}h", window.hours is rolling)
            for rolling in Rolling
        ),
    ]
    return html.Section(
        [
            days(window),
            controls.choice(view.say(en="Period", fr="Période"), "window", links),
            *controls.quantities(page, view),
        ],
        className="bar",
        **{"aria-label": view.say(en="Period", fr="Période")},
    )


def days(window: SlotWindow, prefix: str = "") -> Component:
    """The day before, a field for a day, the day after; ``prefix`` keeps their ids apart from those of a period."""
    view = window.view
    return html.Div(
        [
            controls.step("‹", window.earlier, view.say(en="Day before", fr="Jour précédent"), f"{prefix}earlier"),
            controls.day_field("day", view.say(en="Day", fr="Jour"), window.day, "window", window.extent),
            controls.step("›", window.later, view.say(en="Day after", fr="Jour suivant"), f"{prefix}later"),
        ],
        className="days",
    )


def _hours_of(text: str | None) -> Rolling | None:
    return next((rolling for rolling in Rolling if str(int(rolling)) == text), None)


def _fault(text: str) -> Component:
    return html.P(text, className="fault", role="status")
