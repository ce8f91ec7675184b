"""What the page Live reads of the store: the whole of a civil day, on the days the clocks change too."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.figures import checked
from tests.streaming import document, fill, of_day
from watthouse.clock import end_of, start_of
from watthouse.serve.dashboard.pages import live
from watthouse.serve.dashboard.pages.live_reader import LiveReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.service import Service
from watthouse.settings import Settings
from watthouse.stream.documents import FRANCE, dataset_of
from watthouse.stream.store import Store

SPRING, AUTUMN, PLAIN = date(2026, 3, 29), date(2026, 10, 25), date(2026, 3, 10)


@pytest.fixture
def service(stream_store: str, tmp_path: Path) -> Iterator[Service]:
    made = Service(Settings(home=tmp_path, stream_store=stream_store, stream_poll_seconds=1e-6))  # type: ignore[arg-type]
    yield made
    made.close()


def read(service: Service, region: str = "") -> LiveReader:
    return LiveReader(service, View(page="live", detail=region), service.live.state())


@pytest.mark.parametrize(("day", "slots"), [(SPRING, 92), (AUTUMN, 96), (PLAIN, 96)])
def test_a_day_has_the_slots_that_rte_publishes(service: Service, stream_store: str, day: date, slots: int) -> None:
    published = [each for each in of_day("53", day) if each["instant"] not in _first_pass()]
    store = Store(stream_store)
    store.upsert(published)
    store.settle([(dataset_of("53"), "53")])

    rows = read(service, "53").day

    assert rows.height == slots == len(published)
    assert [f"{starts:%H:%M}" for starts in rows["starts"]] == [each["heure"] for each in published]
    assert rows["starts"].is_sorted()
    assert rows["consommation_mw"].to_list() == [each["consommation_mw"] for each in published]


def _first_pass() -> set[datetime]:
    """The hour that comes twice in autumn is published as its second pass."""
    return {datetime(2026, 10, 25, 0, minute, tzinfo=UTC) for minute in (0, 15, 30, 45)}


def test_a_slot_that_is_not_known_yet_is_a_row_of_nothing(service: Service, stream_store: str) -> None:
    noon = datetime(2026, 3, 10, 12, tzinfo=UTC)
    fill(stream_store, PLAIN, noon)

    rows = read(service).day

    assert rows.height == (end_of(PLAIN) - start_of(PLAIN)).total_seconds() / 900
    assert rows["consommation_mw"].count() == 13 * 4  # from midnight to 13:00 in Paris
    assert rows.filter(rows["instant"] >= noon)["nucleaire_mw"].null_count() == 44


def test_an_address_that_names_no_region_is_of_france(service: Service, stream_store: str) -> None:
    fill(stream_store, PLAIN)
    assert {read(service, name).region for name in ("", "94", "nowhere", FRANCE)} == {FRANCE}
    assert read(service, "11").region == "11"


def test_everybody_who_looks_at_the_same_is_shown_the_same_drawing(service: Service, stream_store: str) -> None:
    fill(stream_store, PLAIN)
    view, other = View(page="live", detail="11"), View(page="live", detail="11", dark=True)

    first, again, dark = live.moved(service, view), live.moved(service, view), live.moved(service, other)
    assert first is again
    assert dark is not first

    store = Store(stream_store)
    store.upsert([document("11", datetime(2026, 3, 11, 12, tzinfo=UTC))])
    store.settle([(dataset_of("11"), "11")])
    assert live.moved(service, view) is not first


def test_a_newest_slot_without_all_of_its_sources_shows_the_production_of_the_one_before(
    service: Service, stream_store: str
) -> None:
    fill(stream_store, PLAIN, datetime(2026, 3, 10, 12, tzinfo=UTC))
    store = Store(stream_store)
    whole = document("11", datetime(2026, 3, 10, 11, 45, tzinfo=UTC))
    partial = document("11", datetime(2026, 3, 10, 12, tzinfo=UTC), consommation_mw=9_876)
    store.upsert([{**partial, "production_mw": None, "difference_mw": None, "eolien_mw": None, "mix_known": False}])
    store.settle([(dataset_of("11"), "11")])
    moved = dict(zip(live.MOVING, live.moved(service, View(page="live", detail="11")), strict=True))

    shown = {name: dict(zip(data.locations, data.z, strict=True)) for name, data in maps_of(moved).items()}
    assert shown["live-load"]["11"] == 9_876
    assert shown["live-production"]["11"] == whole["production_mw"]
    assert shown["live-difference"]["11"] == whole["production_mw"] - whole["consommation_mw"]
    assert moved["live-sources-title", "children"] == "Île-de-France: sources at 12:45"
    line = next(row for row in texts(moved["live-freshness", "children"]) if "Île-de-France" in row)
    assert f"{whole['production_mw']:,} (12:45)" in line
    assert "9,876" in line
    assert not [row for row in texts(moved["live-freshness", "children"]) if "Bretagne" in row and "(12:45)" in row]


def maps_of(moved: Mapping[tuple[str, str], Any]) -> dict[str, Any]:
    """The regions of each map that have a value; the others are a layer without a scale."""
    return {
        name: next(
            layer for layer in checked(moved[name, "figure"]).data if layer.type == "choropleth" and layer.showscale
        )
        for name in live.MAPS
    }


def texts(component: Any) -> list[str]:
    """What every row of a table says."""
    if type(component).__name__ == "Tr":
        return [" | ".join(words(component))]
    return [text for child in children_of(component) for text in texts(child)]


def words(component: Any) -> list[str]:
    return (
        [component]
        if isinstance(component, str)
        else [each for child in children_of(component) for each in words(child)]
    )


def children_of(component: Any) -> list[Any]:
    children = getattr(component, "children", None)
    return [each for each in (children if isinstance(children, list | tuple) else [children]) if each is not None]


def test_what_moves_is_what_the_page_names(service: Service, stream_store: str) -> None:
    fill(stream_store, PLAIN)
    view = View(page="live", detail="11")

    moved = dict(zip(live.MOVING, live.moved(service, view), strict=True))

    assert moved["live-sources-title", "children"] == "Île-de-France: sources at 23:45"
    assert moved["live", "data-version"] == service.live.state().version
    for name in live.MAPS:  # what a picture of it says
        assert "RTE, 10\u00a0Mar\u00a02026" in moved[name, "figure"].layout["meta"]["whose"]
    (bars,) = checked(moved["live-sources", "figure"]).data
    newest = document("11", datetime(2026, 3, 10, 22, 45, tzinfo=UTC))
    assert sorted(bars.x) == sorted(
        newest[f"{source}_mw"]
        for source in ("thermique", "nucleaire", "eolien", "solaire", "hydraulique", "bioenergies")
    )
    assert list(bars.x) == sorted(bars.x, reverse=True)
