"""What a consumption would cost under each declared tariff, and what would change if load moved to off-peak hours.

Money is exact: decimals from the prices of the file and energies to the mWh, rounded once, to a millionth.
"""

from calendar import isleap, monthrange
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Final

import polars as pl

from watthouse.meters.tariffs import Tariff
from watthouse.meters.windows import OFF_PEAK, PEAK, by_window

NO_COLOUR: Final = "no Tempo colour is known for these hours"
NO_PRICES: Final = "the tariff has no prices for these days"
_MILLIONTH: Final = Decimal("0.000001")
_KEYS: Final = ("version", "window", "colour")


@dataclass(frozen=True)
class Line:
    """A line of a bill: ``energy`` of one price, ``unpriced`` energy, a ``standing`` charge, or the ``total``.

    ``since`` and ``until`` are the days that it is about, both included. ``price`` is per kWh; of a standing charge,
    per month or year. The ``shifted`` columns are what load that moved would make of it. Of the total, ``energy_kwh``
    includes what is unpriced, ``amount`` does not.
    """

    tariff: str
    option: str
    line: str
    since: date
    until: date
    window: str | None = None
    colour: str | None = None
    energy_kwh: Decimal | None = None
    shifted_kwh: Decimal | None = None
    price: Decimal | None = None
    amount: Decimal | None = None
    shifted_amount: Decimal | None = None
    unpriced_kwh: Decimal | None = None
    currency: str = ""
    note: str = ""


def consumed(curve: pl.DataFrame, versions: Sequence[Tariff], colours: Mapping[date, str], zone: str) -> pl.DataFrame:
    """``kwh`` by ``version`` (its place among ``versions``), ``window`` and ``colour``, to be :func:`added` up.

    ``version`` is null for days on which none holds, ``colour`` for tariffs without colours, and for unknown ones.
    """
    days = pl.col("civil_date")
    found = []
    for place, tariff in enumerate(versions):
        used = by_window(curve, tariff.off_peak, colours if tariff.option == "tempo" else {}, zone)
        held = used.filter(days.is_between(tariff.since, tariff.last))
        found.append(held.with_columns(version=pl.lit(place, pl.Int32)))
    holds = [days.is_between(tariff.since, tariff.last) for tariff in versions]
    others = by_window(curve, (), {}, zone).filter(~pl.any_horizontal(holds))
    found.append(others.with_columns(version=pl.lit(None, pl.Int32)))
    return added(pl.concat([frame.select(*_KEYS, "kwh") for frame in found]))


def added(sums: pl.DataFrame) -> pl.DataFrame:
    """What :func:`consumed` gives of parts of a period, as of all of it."""
    return sums.group_by(_KEYS).agg(pl.col("kwh").sum()).sort(_KEYS, nulls_last=True)


def bill(versions: Sequence[Tariff], used: pl.DataFrame, since: date, until: date, shift: Decimal) -> list[Line]:
    """The lines of one tariff over a period, its total last.

    ``used`` is what :func:`consumed` gives of the period; ``shift`` [%] of the energy of peak hours moves to off-peak
    hours of the same colour.
    """
    lines: list[Line] = []
    for place, tariff in enumerate(versions):
        first, last = max(since, tariff.since), min(until, tariff.last)
        if first <= last:
            lines += _energies(tariff, _by_price(used, place), first, last, shift)
            lines.append(_standing(tariff, first, last))
    lines += _uncovered(versions, used, since, until)
    lines.append(_total(versions[0], lines, since, until))
    return [_rounded(line) for line in lines]


def _by_price(used: pl.DataFrame, version: int) -> dict[tuple[str | None, str], Decimal]:
    """Energy by colour and window, to the mWh."""
    rows = used.filter(pl.col("version") == version).select("colour", "window", "kwh")
    return {(colour, window): exact(kwh) for colour, window, kwh in rows.iter_rows()}


def exact(kwh: float) -> Decimal:
    """A sum of readings to the mWh: what floats add to it in the last place is no energy."""
    return Decimal(repr(round(kwh, 6)))


def _energies(
    tariff: Tariff, energies: Mapping[tuple[str | None, str], Decimal], first: date, last: date, shift: Decimal
) -> Iterator[Line]:
    for colour in dict.fromkeys(colour for colour, _ in energies):
        peak, off_peak = (energies.get((colour, window), Decimal(0)) for window in (PEAK, OFF_PEAK))
        moved = peak * shift / 100 if tariff.off_peak else Decimal(0)
        for window, energy, shifted in ((PEAK, peak, peak - moved), (OFF_PEAK, off_peak, off_peak + moved)):
            if energy or shifted or (tariff.off_peak and tariff.price(window, colour) is not None):
                yield _priced(tariff, window, colour, energy, shifted, first, last)


def _priced(
    tariff: Tariff, window: str, colour: str | None, energy: Decimal, shifted: Decimal, first: date, last: date
) -> Line:
    price = tariff.price(window, colour)
    named = (tariff.name, tariff.option, "energy" if price is not None else "unpriced", first, last)
    window_shown = window if tariff.off_peak else None
    if price is None:
        # load that moved would move within the same unknown day
        return Line(*named, window_shown, colour, energy, energy, currency=tariff.currency, note=NO_COLOUR)
    amounts = (price, energy * price, shifted * price)
    return Line(*named, window_shown, colour, energy, shifted, *amounts, currency=tariff.currency, note=tariff.source)


def _standing(tariff: Tariff, first: date, last: date) -> Line:
    charge = tariff.standing_per_month if tariff.standing_per_month is not None else tariff.standing_per_year
    assert charge is not None
    months = tariff.standing_per_month is not None
    amount = _decimal(Fraction(charge) * (_months(first, last) if months else _years(first, last)))
    count = (last - first).days + 1
    note = f"{count} {'day' if count == 1 else 'days'}, by the {'month' if months else 'year'}"
    named = (tariff.name, tariff.option, "standing", first, last)
    return Line(*named, price=charge, amount=amount, shifted_amount=amount, currency=tariff.currency, note=note)


def _months(first: date, last: date) -> Fraction:
    """A period in months, a day of a month as its part of that month."""
    # the months of the last day less those before the first: to count 8,000 years by day took 5 s
    return _months_before(last) + Fraction(1, _days_of_month(last)) - _months_before(first)


def _months_before(day: date) -> Fraction:
    return 12 * day.year + day.month + Fraction(day.day - 1, _days_of_month(day))


def _days_of_month(day: date) -> int:
    return monthrange(day.year, day.month)[1]


def _years(first: date, last: date) -> Fraction:
    """The same in years."""
    return _years_before(last) + Fraction(1, _days_of_year(last)) - _years_before(first)


def _years_before(day: date) -> Fraction:
    return day.year + Fraction(day.timetuple().tm_yday - 1, _days_of_year(day))


def _days_of_year(day: date) -> int:
    return 366 if isleap(day.year) else 365


def _decimal(amount: Fraction) -> Decimal:
    """Exact to far more places than are shown."""
    return Decimal(amount.numerator) / Decimal(amount.denominator)


def _uncovered(versions: Sequence[Tariff], used: pl.DataFrame, since: date, until: date) -> Iterator[Line]:
    """A line for the days of the period on which no prices hold, whether or not anything was consumed."""
    stretches = [*_without_prices(versions, since, until)]
    if stretches:
        days = sum((last - begin).days + 1 for begin, last in stretches)
        energy = exact(used.filter(pl.col("version").is_null()).select(pl.col("kwh").sum()).item())
        note = f"{NO_PRICES} ({days})"
        first = versions[0]
        named = (first.name, first.option, "unpriced", stretches[0][0], stretches[-1][1])
        yield Line(*named, energy_kwh=energy, shifted_kwh=energy, currency=first.currency, note=note)


def _without_prices(versions: Sequence[Tariff], since: date, until: date) -> Iterator[tuple[date, date]]:
    """The stretches of a period between versions, before the first and after the last, both ends included."""
    # by ordinal: the last day of the calendar has no day after it
    begin, end = since.toordinal(), until.toordinal()
    held = [(one.since.toordinal(), one.last.toordinal()) for one in versions]
    for first, last in sorted([*held, (end + 1, end + 1)]):
        if begin < first and begin <= end:
            yield date.fromordinal(begin), date.fromordinal(min(first - 1, end))
        begin = max(begin, last + 1)


def _total(tariff: Tariff, lines: Sequence[Line], since: date, until: date) -> Line:
    def added_up(values: Iterator[Decimal | None]) -> Decimal:
        return sum((value for value in values if value is not None), Decimal(0))

    return Line(
        tariff.name,
        tariff.option,
        "total",
        since,
        until,
        energy_kwh=added_up(line.energy_kwh for line in lines),
        shifted_kwh=added_up(line.shifted_kwh for line in lines),
        amount=added_up(line.amount for line in lines),
        shifted_amount=added_up(line.shifted_amount for line in lines),
        unpriced_kwh=added_up(line.energy_kwh for line in lines if line.line == "unpriced"),
        currency=tariff.currency,
    )


def _rounded(line: Line) -> Line:
    exact_columns = ("energy_kwh", "shifted_kwh", "amount", "shifted_amount", "unpriced_kwh")
    values = {name: value for name in exact_columns if (value := getattr(line, name)) is not None}
    return replace(line, **{name: value.quantize(_MILLIONTH, ROUND_HALF_UP) for name, value in values.items()})
