"""What a channel would cost under each declared tariff, and what moving load to off-peak hours would change."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, Final

import dash_mantine_components as dmc
import polars as pl
from dash import html
from dash.development.base_component import Component

from watthouse.meters.bills import NO_COLOUR
from watthouse.serve.dashboard import parts
from watthouse.serve.dashboard.meter_reading import MeterReader
from watthouse.serve.dashboard.reading import Answer
from watthouse.serve.dashboard.view import View
from watthouse.serve.figures import power
from watthouse.serve.figures.palette import OTHER_PERIOD, PERIOD
from watthouse.serve.figures.power import BarSeries
from watthouse.serve.meter_grid import MeterGrid
from watthouse.serve.queries.meter_params import BillParams

_STEP: Final = 5
_ALL: Final = 100
_ROW: Final = 54
"""Pixels that a tariff takes in the chart."""


def card(reader: MeterReader, view: View, against: MeterGrid, undeclared: str) -> tuple[list[Component], list[Answer]]:
    """The bills of the period side by side; ``undeclared`` is why there are no tariffs."""
    if undeclared:
        words = view.say(
            en="Prices are those that you declare in a file. No bill yet: ",
            fr="Les prix sont ceux que vous déclarez dans un fichier. Pas encore de facture : ",
        )
        return [html.P(f"{words}{undeclared}.", className="nothing")], []
    since, until = reader.period
    shift, fault = _shift(view)
    params = BillParams(since=since, until=until, channel=reader.channel.id, shift=Decimal(shift))
    answer = reader.against("bill", params, against.bill(reader.code, params))
    rows = answer.rows
    bills = {
        name: part.to_dicts()
        for (name,), part in rows.partition_by("tariff", as_dict=True, maintain_order=True).items()
    }
    table = parts.table(
        _heads(view, shift), [_row(view, lines, shift) for lines in bills.values()], "bills", answer.title
    )
    return [*fault, _slider(view, shift), *_chart(reader, view, bills, shift, answer), table, *_notes(view, rows)], [
        answer
    ]


def _shift(view: View) -> tuple[int, list[Component]]:
    """The part of the peak hours' energy that the address moves [%], and a warning where it is none that there is."""
    text = view.more.get("shift", "0")
    if text.isascii() and text.isdecimal() and int(text[:4]) <= _ALL:
        return int(text), []
    words = view.say(
        en=f"shift: “{text[:20]}” is not a whole number from 0 to 100",
        fr=f"shift : « {text[:20]} » n'est pas un entier de 0 à 100",
    )
    return 0, [html.P(words, className="fault", role="status")]


def _slider(view: View, shift: int) -> Component:
    label = view.say(
        en=f"Energy of peak hours moved to off-peak hours: {shift}%",
        fr=f"Énergie des heures pleines déplacée en heures creuses : {shift}\N{NARROW NO-BREAK SPACE}%",
    )
    asked = {"type": "range", "min": 0, "max": _ALL, "step": _STEP, "data-param": "shift"}
    return dmc.TextInput(id="shift", label=label, value=str(shift), attributes={"input": asked}, className="slider")


def _chart(
    reader: MeterReader, view: View, bills: Mapping[str, Sequence[Mapping[str, Any]]], shift: int, answer: Answer
) -> list[Component]:
    """The totals as bars; none where they are in several currencies."""
    totals = [lines[-1] for lines in bills.values()]
    if len({total["currency"] for total in totals}) > 1:
        return []
    style = view.style
    as_read, moved = (
        view.say(en="As read", fr="Tel que relevé"),
        view.say(en=f"{shift}% moved", fr=f"{shift} % déplacés"),
    )
    in_part = [total["unpriced_kwh"] > 0 for total in totals]
    series = [BarSeries(as_read, [float(total["amount"]) for total in totals], style.ink(PERIOD), in_part)]
    if shift:
        after = [float(total["shifted_amount"]) for total in totals]
        series.append(BarSeries(moved, after, style.ink(OTHER_PERIOD), in_part))
    figure = power.side_by_side([*bills], series, totals[0]["currency"], style)
    title = view.say(en="Bills side by side", fr="Factures comparées")
    signed = parts.signed(figure, title, parts.provenance_line(reader, [answer]))
    return [parts.graph(view, "meter-bill", signed, 120 + _ROW * len(totals))]


def _heads(view: View, shift: int) -> list[str]:
    return [
        view.say(en="Tariff", fr="Tarif"),
        view.say(en="Energy", fr="Énergie"),
        view.say(en="Standing", fr="Abonnement"),
        "Total",
        *(
            [view.say(en=f"{shift}% moved", fr=f"{shift} % déplacés"), view.say(en="Change", fr="Écart")]
            if shift
            else ()
        ),
        view.say(en="Not priced", fr="Sans prix"),
    ]


def _row(view: View, lines: Sequence[Mapping[str, Any]], shift: int) -> list[object]:
    def money(value: Decimal, *, signed: bool = False) -> str:
        return view.language.quantity(float(value), total["currency"], 2, signed=signed)

    total = lines[-1]
    energy, standing = (
        sum((line["amount"] for line in lines if line["line"] == kind), Decimal(0)) for kind in ("energy", "standing")
    )
    saved = total["shifted_amount"] - total["amount"]
    unpriced = view.language.quantity(float(total["unpriced_kwh"]), "kWh", 1) if total["unpriced_kwh"] else "–"
    return [
        total["tariff"],
        money(energy),
        money(standing),
        html.Strong(money(total["amount"])),
        *([money(total["shifted_amount"]), money(saved, signed=True)] if shift else ()),
        unpriced,
    ]


def _notes(view: View, rows: pl.DataFrame) -> list[Component]:
    """What is not in the amounts, and whose the prices are."""
    words = view.say(
        en="An estimate from the prices of your file, with what is in them and nothing else.",
        fr="Une estimation d'après les prix de votre fichier, avec ce qu'ils comprennent et rien d'autre.",
    )
    unpriced = rows.filter(pl.col("line") == "unpriced")
    if unpriced.height:
        words += view.say(
            en=" Pale: a part of the energy has no price, and that bill is not to be compared.",
            fr=" En clair : une partie de l'énergie n'a pas de prix, cette facture ne se compare pas.",
        )
    if (unpriced["note"] == NO_COLOUR).any():
        words += view.say(
            en=" Not priced under Tempo: energy of days whose colour no calendar has.",
            fr=" Sans prix en Tempo : l'énergie des jours dont aucun calendrier n'a la couleur.",
        )
    if (unpriced["note"] != NO_COLOUR).any():
        words += view.say(
            en=" Not priced: days on which a tariff has no prices.", fr=" Sans prix : les jours où un tarif n'en a pas."
        )
    return [html.P(words, className="note")]
