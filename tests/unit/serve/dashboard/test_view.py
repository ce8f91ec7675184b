"""An address is a view, and a view an address."""

from datetime import date
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from watthouse.serve.dashboard.app import PAGES
from watthouse.serve.dashboard.view import View, read
from watthouse.serve.locale import Language
from watthouse.serve.queries.units import Interval, Unit

_DAYS = st.dates(date(2012, 1, 1), date(2026, 12, 31))


def _read(address: str) -> View:
    parts = urlsplit(address)
    return read(parts.path, f"?{parts.query}" if parts.query else "", "en", dark=False)


@given(
    page=st.sampled_from([*PAGES][1:]),
    detail=st.sampled_from(["", "53", "daily_merged"]),
    days=st.tuples(_DAYS, _DAYS).map(sorted),
    interval=st.sampled_from(Interval),
    unit=st.sampled_from([None, *Unit]),
    more=st.dictionaries(st.sampled_from(["measure", "dataset"]), st.text(min_size=1, max_size=9).filter(str.strip)),
    settings=st.fixed_dictionaries({}, optional={"lang": st.sampled_from(["en", "fr"]), "theme": st.just("dark")}),
)
def test_the_address_of_a_view_leads_back_to_it(page, detail, days, interval, unit, more, settings) -> None:  # type: ignore[no-untyped-def]
    view = View(page, detail, days[0], days[1], interval, unit, more=more, pinned_settings=settings)
    again = _read(view.address)
    assert again.address == view.address
    assert (again.page, again.detail, again.since, again.until) == (page, detail, *days)
    assert (again.interval, again.unit, again.more, again.pinned_settings) == (interval, unit, more, settings)
    assert again.language is (Language.FRENCH if settings.get("lang") == "fr" else Language.ENGLISH)
    assert again.dark is ("theme" in settings)
    assert not again.faults


@given(query=st.text(max_size=80), path=st.text(max_size=30))
def test_any_address_at_all_is_a_view(query: str, path: str) -> None:
    assert read(f"/{path}", f"?{query}", "fr", dark=True).address.startswith("/")


def test_another_page_keeps_the_days_and_forgets_what_only_this_one_knows() -> None:
    view = _read("/regions/53?since=2026-01-01&unit=MWh&measure=eolien&lang=fr")
    assert view.href(page="mix") == "/mix?since=2026-01-01&lang=fr"
    assert view.href(detail="") == "/regions?since=2026-01-01&unit=MWh&measure=eolien&lang=fr"
    assert view.href(more={"measure": None}) == "/regions/53?since=2026-01-01&unit=MWh&lang=fr"


@pytest.mark.parametrize("query", ["since=2026-02-30", "interval=fortnight", "unit=barrel"])
def test_what_makes_no_sense_is_told_in_the_readers_language(query: str) -> None:
    (english,), (french,) = (read("/mix", f"?{query}", one, dark=False).faults for one in ("en", "fr"))
    assert query.partition("=")[2] in english
    assert english != french


def test_days_upside_down_are_swapped_and_said_to_be() -> None:
    view = _read("/mix?since=2026-02-02&until=2026-01-01")
    assert (view.since, view.until) == (date(2026, 1, 1), date(2026, 2, 2))
    assert "swapped" in view.faults[0]
