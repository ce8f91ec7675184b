"""Regions: load, production and balance of each, on a map and ranked; a page of its own for each."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.catalog import MAINLAND, REGIONS
from watthouse.serve.dashboard import controls, parts
from watthouse.serve.dashboard.page import Page
from watthouse.serve.dashboard.pages import region, region_day
from watthouse.serve.dashboard.reading import Answer, Balance, PageReader, Slots, percent
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import maps
from watthouse.serve.figures.palette import REGIONAL, SOURCES
from watthouse.serve.figures.rates import rates
from watthouse.serve.figures.regional import source_shares
from watthouse.serve.locale import Text
from watthouse.serve.queries.coverage import Main
from watthouse.serve.queries.mixes import MIXES, MixesParams
from watthouse.serve.queries.rates import RATES, RatesParams
from watthouse.serve.queries.regions import MAP, MEASURES, REGIONS_MIX, MapParams
from watthouse.serve.queries.units import FROM_SLOTS, Unit

OUTLINES_AT: Final = "/outlines/regions.geojson"
"""Where a browser finds the regions' borders."""
# What the map can show besides sources; the balance is production minus load.
_MEASURES: Final = {
    "consommation": Text(en="Load", fr="Consommation"),
    "production": Text(en="Production", fr="Production"),
    "difference": Text(en="Balance", fr="Solde"),
}
_WHOLES: Final = {
    "consommation": Text(en="of the load of all regions", fr="de la consommation des régions"),
    "production": Text(en="of the production of all regions", fr="de la production des régions"),
    "difference": Text(en="of the region's load", fr="de la consommation de la région"),
}
_OF_PRODUCTION: Final = Text(en="of the region's production", fr="de la production de la région")


def body(reader: PageReader, view: View) -> list[Component]:
    """All regions, or the one that the address names."""
    if view.detail:
        return region.body(reader, view, PAGE)
    since, until = reader.period
    unit, measure = PAGE.unit(view), _measure(view)
    every = MixesParams(since=since, until=until, unit=unit.counted)
    totals = reader.ask(MIXES, every)
    parted = MixesParams(since=since, until=until, unit=Unit.SHARE)
    shares = reader.ask(MIXES, parted)
    given = [totals, shares] if unit is Unit.SHARE and measure in REGIONAL else [totals]
    compared = RegionsCompared(measures(totals.rows, shares.rows, unit), unit, measure, given)
    return [
        _tiles(view, compared),
        _choice(view, measure),
        _map(reader, view, compared),
        _ranking(reader, view, compared),
        _shares(reader, view, shares),
        *_rates(reader, view),
    ]


@dataclass(frozen=True)
class RegionsCompared:
    """Every region's values in one unit, and which measure of them is shown."""

    rows: pl.DataFrame
    unit: Unit
    measure: str
    given: list[Answer]

    @property
    def digits(self) -> int:
        return 1 if self.unit is Unit.SHARE else 0

    def formatted(self, view: View, value: float | None, *, signed: bool = False) -> str:
        """A value in the unit."""
        if self.unit is Unit.SHARE:
            return view.language.percent(None if value is None else value / 100, signed=signed)
        return view.language.quantity(value, self.unit.value, signed=signed)


def measures(totals: pl.DataFrame, shares: pl.DataFrame, unit: Unit) -> pl.DataFrame:
    """Load, production, balance and each source of every region, from ``totals`` in ``unit`` and ``shares`` of
    production.

    Percentages, of totals in GWh, compare mean power: load and production are parts of those of all regions, the
    balance is a part of the region's load. A source is a part of its production.
    """
    suffix, both = unit.counted.suffix, Balance(unit.counted)
    load, production, balance = pl.col(f"consommation{suffix}"), pl.col(f"production{suffix}"), both.difference
    sources = {name: pl.col(f"{name}{suffix}") for name in REGIONAL}
    if unit is Unit.SHARE:
        sources = {name: 100 * pl.col(f"{name}_share") for name in REGIONAL}
        balance = percent(both.production - both.load, both.load)
        # mean power, since one region may be measured for longer than another
        load, production = (percent(power, power.sum()) for power in (both.load, both.production))
        parts_known = shares.select("code_insee_region", *(f"{name}_share" for name in REGIONAL))
        totals = totals.join(parts_known, "code_insee_region", how="left", maintain_order="left")
    names = ("code_insee_region", "libelle_region")
    return totals.select(*names, consommation=load, production=production, difference=balance, **sources)


def _whole(view: View, measure: str) -> str:
    """What a percentage is a share of."""
    return _WHOLES.get(measure, _OF_PRODUCTION).of(view.language)


def _measure(view: View) -> str:
    given = view.more.get("measure", "")
    return given if given in MEASURES else "consommation"


def _name(view: View, measure: str) -> str:
    return _MEASURES[measure].of(view.language) if measure in _MEASURES else SOURCES[measure].name(view.language)


# Id, label, measure, and which region of it is shown.
_TILES: Final = (
    ("most-used", Text(en="Largest load", fr="Plus forte consommation"), "consommation", "largest"),
    ("most-made", Text(en="Largest production", fr="Plus forte production"), "production", "largest"),
    ("most-left", Text(en="Largest surplus", fr="Plus fort excédent"), "difference", "surplus"),
    ("most-wanting", Text(en="Largest deficit", fr="Plus fort déficit"), "difference", "deficit"),
)


def _tiles(view: View, compared: RegionsCompared) -> Component:
    return parts.tiles(
        [
            tile
            for name, label, measure, which in _TILES
            for tile in _tile(view, compared, name, label.of(view.language), measure, which)
        ]
    )


def _tile(
    view: View, compared: RegionsCompared, name: str, label: str, measure: str, which: str
) -> Iterator[Component]:
    """The region that is first by a measure; none where no region has a surplus, or a deficit."""
    rows = compared.rows.drop_nulls(measure)
    if which == "surplus":
        rows = rows.filter(pl.col(measure) > 0)
    elif which == "deficit":
        rows = rows.filter(pl.col(measure) < 0)
    for row in rows.sort(measure, descending=which != "deficit").head(1).to_dicts():
        amount = compared.formatted(view, row[measure], signed=which != "largest")
        of = f", {_whole(view, measure)}" if compared.unit is Unit.SHARE else ""
        yield parts.tile(f"regions-{name}", label, amount, row["libelle_region"] + of)


def _choice(view: View, measure: str) -> Component:
    links = [
        (_name(view, each), view.href(more={"measure": each}), f"measure-{each}", each == measure)
        for each in (*_MEASURES, *REGIONAL)
    ]
    return controls.choice(view.say(en="What the map shows", fr="Ce que montre la carte"), "measure", links)


def _map(reader: PageReader, view: View, compared: RegionsCompared) -> Component:
    measure, name = compared.measure, _name(view, compared.measure)
    title = view.say(en=f"{name} by region", fr=f"{name} par région")
    if compared.unit is Unit.SHARE:
        rows, answers = compared.rows.rename({measure: "value"}), compared.given
        title += f", % {_whole(view, measure)}"
    else:
        # asked as the API has it, so that the download is what is drawn
        answers = [mapped := _mapped(reader, compared)]
        rows = mapped.rows.rename({f"{measure}{compared.unit.suffix}": "value"})
    # only a balance has two sides; the others begin at 0
    signed = measure == "difference"
    figure = maps.regions_map(
        rows, compared.unit.sign, view.style, digits=compared.digits, signed=signed, outlines=OUTLINES_AT
    )
    note = view.say(
        en="Choose a region on the map or in the table to see its page. éCO2mix does not cover Corsica.",
        fr="Choisissez une région sur la carte ou dans le tableau pour voir sa page. éCO2mix ne couvre pas la Corse.",
    )
    if measure == "difference":
        note = view.say(en="Production minus load. ", fr="Production moins consommation. ") + note
    return parts.chart(reader, "regions-map", title, figure, answers, note=note, height=520, slots=[_slots(reader)])


def _mapped(reader: PageReader, compared: RegionsCompared) -> Answer:
    since, until = reader.period
    params = MapParams(since=since, until=until, unit=compared.unit, measure=compared.measure)
    return reader.ask(MAP, params)


def _ranking(reader: PageReader, view: View, compared: RegionsCompared) -> Component:
    measure, speak = compared.measure, view.language
    shown = [measure, *(each for each in _MEASURES if each != measure)]
    # a region without figures ranks last, not first
    rows = compared.rows.sort(measure, descending=True, nulls_last=True)
    cells = [
        [
            html.A(
                row["libelle_region"],
                href=view.href(detail=row["code_insee_region"]),
                id=f"to-{row['code_insee_region']}",
            ),
            *(speak.number(row[each], compared.digits, signed=each == "difference") for each in shown),
        ]
        for row in rows.to_dicts()
    ]
    # Corsica has no figures, but a page with its temperature
    missing = [code for code in REGIONS if code not in set(rows["code_insee_region"])]
    cells += [
        [html.A(REGIONS[code], href=view.href(detail=code), id=f"to-{code}"), *["–"] * len(shown)] for code in missing
    ]
    heads = [view.say(en="Region", fr="Région"), *(_head(view, compared, each) for each in shown)]
    title = view.say(en="Ranking of the regions", fr="Classement des régions")
    content = [parts.table(heads, cells, "regions-table", title)]
    return parts.card(reader, "regions-ranking", title, content, compared.given, slots=[_slots(reader)])


def _head(view: View, compared: RegionsCompared, measure: str) -> str:
    of = f" {_whole(view, measure)}" if compared.unit is Unit.SHARE else ""
    return f"{_name(view, measure)}, {compared.unit.sign}{of}"


def _shares(reader: PageReader, view: View, shares: Answer) -> Component:
    title = view.say(
        en="Share of each source in a region's production", fr="Part de chaque filière dans la production régionale"
    )
    rows = shares.rows.sort([f"{name}_share" for name in REGIONAL], descending=True, nulls_last=True)
    figure = source_shares(rows, view.style)
    height, slots = 30 * rows.height + 80, [_slots(reader)]
    return parts.chart(reader, "regions-shares", title, figure, [shares], wide=True, height=height, slots=slots)


def _rates(reader: PageReader, view: View) -> list[Component]:
    since, until = reader.period
    params = RatesParams(since=since, until=until)
    answer = reader.ask(RATES, params)
    titles = {
        "tco": view.say(
            en="Coverage rate (TCO): share of the region's load covered by a source, %",
            fr="Taux de couverture (TCO) : part de la consommation régionale couverte par la filière, %",
        ),
        "tch": view.say(
            en="Load factor (TCH): output over installed capacity, %",
            fr="Taux de charge (TCH) : production rapportée à la capacité installée, %",
        ),
    }
    return [_rate(reader, view, name, title, answer) for name, title in titles.items()]


def _rate(reader: PageReader, view: View, name: str, title: str, answer: Answer) -> Component:
    if not answer.rows[f"{name}_pct"].count():
        unknown = view.say(en="No data for this period.", fr="Aucune donnée pour cette période.")
        content = [html.P(unknown, className="nothing")]
        return parts.card(reader, f"regions-{name}", title, content, [answer])
    figure = rates(answer.rows, f"{name}_pct", view.style)
    slots = [_slots(reader)] if name == "tco" else []  # the capacity behind TCH is in no slot
    return parts.chart(reader, f"regions-{name}", title, figure, [answer], height=400, slots=slots)


def _slots(reader: PageReader) -> Slots:
    return reader.slots(REGIONS_MIX)


def _heading(view: View) -> str | None:
    return REGIONS.get(view.detail)


PAGE: Final = Page(
    name="regions",
    en="Regions",
    fr="Régions",
    body=body,
    units=(Unit.MW, Unit.GWH, Unit.MWH, Unit.SHARE),
    intervals=FROM_SLOTS,
    heading=_heading,
    pinned=region_day.pinned,
    series=lambda view: bool(view.detail),
    main=lambda view: Main("daily_regional", view.detail if view.detail in MAINLAND else None),
    marts=lambda view: ("daily_regional", "temperature_daily") if view.detail else ("daily_regional",),
)
