"""Documents of the stream's store as tests and benchmarks make them: plausible, and derived by plain arithmetic."""

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta

from watthouse.catalog import MAINLAND, REAL_TIME
from watthouse.clock import PARIS, end_of, start_of
from watthouse.stream.documents import (
    CO2,
    FRANCE,
    LAYOUTS,
    LOAD,
    NAMES,
    Document,
    dataset_of,
    key_of,
    rev_of,
)
from watthouse.stream.store import Store

QUARTER = timedelta(minutes=15)
PLACES = (FRANCE, *MAINLAND)


def document(
    region: str, instant: datetime, observed_at: datetime | None = None, **fields: int | float | None
) -> Document:
    """The document of a slot; whatever is not among ``fields`` follows from the clock, so that curves differ."""
    layout = LAYOUTS[dataset_of(region)]
    values = dict.fromkeys((*layout.published.values(), *layout.forecasts.values()))
    values.update(_usual(region, instant))
    values.update(fields)
    observed_at = observed_at or instant + timedelta(minutes=20)
    civil = instant.astimezone(PARIS)
    return {
        "_id": key_of(layout.dataset, region, instant),
        "dataset": layout.dataset,
        "region": region,
        "name": NAMES[region],
        "instant": instant,
        "date": f"{civil:%Y-%m-%d}",
        "heure": f"{civil:%H:%M}",
        "nature": REAL_TIME,
        "rev": rev_of(observed_at),
        "observed_at": observed_at.replace(microsecond=observed_at.microsecond // 1000 * 1000),
        "measured": values[LOAD] is not None,
        "known": any(values[field] is not None for field in layout.published.values()),
        **values,
        **_derived(region, values),
    }


def forecast(region: str, instant: datetime) -> Document:
    """The document of a slot that is not measured yet."""
    values = dict.fromkeys(LAYOUTS[dataset_of(region)].published.values())
    return document(region, instant, **values)


def of_day(region: str, day: date, until: datetime | None = None) -> Iterator[Document]:
    """The documents of a civil day, measured before ``until``; the quarters after it are not there."""
    instant, end = start_of(day), end_of(day)
    while instant < min(end, until or end):
        yield document(region, instant)
        instant += QUARTER


def fill(url: str, day: date, until: datetime | None = None) -> None:
    """Put a day of France and of every region into a store, as the processor would."""
    store = Store(url)
    for region in PLACES:
        store.upsert(of_day(region, day, until))
    store.settle([(dataset_of(region), region) for region in PLACES])
    store.close()


def _usual(region: str, instant: datetime) -> dict[str, int | float]:
    """A load, and sources that together make something else than it; more of both in a region with a larger code."""
    size = 100 if region == FRANCE else int(region)
    quarter = int((instant - datetime(2020, 1, 1, tzinfo=UTC)) / QUARTER) % 96
    layout = LAYOUTS[dataset_of(region)]
    sources = {f"{source}_mw": size * (place + 1) + quarter for place, source in enumerate(layout.sources)}
    rate: dict[str, int | float] = {CO2: 30 + quarter % 7} if region == FRANCE else {}
    return {LOAD: size * 20 + 3 * quarter, "pompage_mw": -size, "ech_physiques_mw": size - quarter, **sources, **rate}


def _derived(region: str, values: Mapping[str, int | float | None]) -> dict[str, object]:
    layout = LAYOUTS[dataset_of(region)]
    of_sources = [values[f"{source}_mw"] for source in layout.sources]
    known = all(value is not None for value in (*of_sources, values[LOAD]))
    production = sum(value or 0 for value in of_sources) if known else None
    difference = None if production is None else production - (values[LOAD] or 0)
    exchanges = (values["pompage_mw"] or 0) + (values["ech_physiques_mw"] or 0)
    return {
        "production_mw": production,
        "mix_known": known,
        "difference_mw": difference,
        "balance_residual_mw": None if difference is None else difference + exchanges,
        **{
            share: 100 * (values[f"{source}_mw"] or 0) / production if production else None
            for source, share in layout.shares.items()
        },
    }
