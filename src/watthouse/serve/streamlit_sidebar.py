"""The sidebar of the Streamlit pages: what a reader chooses, language and period, kept in the address; and where the
figures come from."""

from collections.abc import Iterable
from datetime import date
from typing import Final

import streamlit as st
from dateutil.relativedelta import relativedelta

from watthouse.serve.dashboard.view import day_of
from watthouse.serve.locale import Language
from watthouse.serve.sides import Side

_SPANS: Final = {
    "30d": ("30 days", "30 jours", relativedelta(days=30)),
    "90d": ("90 days", "90 jours", relativedelta(days=90)),
    "1y": ("1 year", "1 an", relativedelta(years=1)),
    "5y": ("5 years", "5 ans", relativedelta(years=5)),
    "days": ("From … to …", "Du … au …", relativedelta(days=30)),
}


def place_of(key: str, options: Iterable[str], default: str) -> int:
    """The position among the options of the one in the address."""
    known = [*options]
    given = st.query_params.get(key, default)
    # an address may be typed, or of an older version
    return known.index(given if given in known else default)


def language() -> Language:
    """The language that is chosen."""
    names = {"en": "English", "fr": "Français"}
    chosen = st.sidebar.radio(
        "Language · Langue", [*names], place_of("lang", names, "en"), names.__getitem__, key="lang", horizontal=True
    )
    st.query_params["lang"] = chosen
    return Language(chosen)


def period(language: Language, extent: tuple[date, date]) -> tuple[date, date]:
    """The chosen days, both included, among those that there are."""
    say, (first, last) = language.say, extent
    span = st.sidebar.selectbox(
        say(en="Period", fr="Période"),
        [*_SPANS],
        place_of("period", _SPANS, "1y"),
        lambda name: say(en=_SPANS[name][0], fr=_SPANS[name][1]),
        key="period",
    )
    st.query_params["period"] = span
    since = max(first, last - _SPANS[span][2] + relativedelta(days=1))
    return _days_chosen(language, extent, since) if span == "days" else (since, last)


def standing(language: Language, side: Side) -> None:
    """Which side the pages stand on, and what is left out there."""
    st.sidebar.caption(place_in_words(language, side))
    if side.left_out:
        st.sidebar.caption(side.left_out.of(language))


def place_in_words(language: Language, side: Side) -> str:
    """Which side the pages stand on, and its newest day."""
    title, newest = side.title.of(language), language.day(side.extent[1])
    return language.say(en=f"Figures from {title}, up to {newest}", fr=f"Chiffres : {title}, jusqu'au {newest}")


def _days_chosen(language: Language, extent: tuple[date, date], since: date) -> tuple[date, date]:
    say, (first, last) = language.say, extent
    given = [day_of(st.query_params.get(name)) for name in ("since", "until")]
    start, end = (max(first, min(day or other, last)) for day, other in zip(given, (since, last), strict=True))
    days = st.sidebar.date_input(
        say(en="First and last day", fr="Premier et dernier jour"), (min(start, end), end), first, last, key="days",
        format="DD/MM/YYYY",
    )  # fmt: skip
    # Streamlit hands over the first day while the second is still being chosen
    if len(days) < 2:
        st.sidebar.info(say(en="Choose the last day too.", fr="Choisissez aussi le dernier jour."))
        return since, last
    st.query_params.update({"since": days[0].isoformat(), "until": days[1].isoformat()})
    return days[0], days[1]
