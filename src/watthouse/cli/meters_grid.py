"""The verbs that set a meter against the grid: the CO₂ of what it used, and what that costs."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer
from rich.table import Table

from watthouse.cli import console
from watthouse.cli.app import extra, home, meters, verb
from watthouse.cli.options import AsJson, Since, Until
from watthouse.errors import UsageError
from watthouse.home import Home

if TYPE_CHECKING:  # what the extras `meters` and `serve` bring
    from watthouse.meters.tariffs import Tariffs
    from watthouse.serve.meter_grid import MeterGrid

MeterArgument = Annotated[str, typer.Argument(metavar="METER", help="The code of a meter.")]
Channel = Annotated[
    int | None, typer.Option(metavar="NUMBER", help="Another channel than that of consumption.", show_default=False)
]

_CO2: Final = ("local_time", "energy_kwh", "co2_kg", "g_per_kwh", "known_share", "coverage", "natures")
_BILL: Final = (
    "tariff",
    "line",
    "window",
    "colour",
    "energy_kwh",
    "price",
    "amount",
    "shifted_amount",
    "currency",
    "note",
)


@verb(meters)
def co2(
    meter: MeterArgument,
    since: Since = None,
    until: Until = None,
    interval: Annotated[str, typer.Option(help="hour, day, month or period.")] = "day",
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    """A meter's consumption times the CO₂ intensity of the grid, slot by slot, and how much of it is known."""
    asked = {"since": since, "until": until, "interval": interval, "channel": channel}
    with _against(home(sample=False), needs_grid=True) as against:
        from watthouse.serve.queries.meter_params import Co2Params

        rows = against.co2(meter, Co2Params.model_validate(asked)).rows.to_pylist()  # type: ignore[union-attr]
    _print(rows, _CO2, as_json=as_json)


@verb(meters)
def bill(
    meter: MeterArgument,
    since: Since = None,
    until: Until = None,
    shift: Annotated[
        float, typer.Option(min=0, max=100, metavar="PERCENT", help="Part of the peak hours' energy to move off-peak.")
    ] = 0,
    channel: Channel = None,
    as_json: AsJson = False,
) -> None:
    """What a meter's consumption costs under each tariff of your file, and what moving load would change."""
    asked = {"since": since, "until": until, "shift": Decimal(str(shift)), "channel": channel}
    with _against(home(sample=False), needs_grid=False, with_tariffs=True) as against:
        from watthouse.serve.queries.meter_params import BillParams

        rows = against.bill(meter, BillParams.model_validate(asked)).rows.to_pylist()  # type: ignore[union-attr]
    _print(rows, _BILL, as_json=as_json)


@contextmanager
def _against(place: Home, *, needs_grid: bool, with_tariffs: bool = False) -> Iterator["MeterGrid"]:
    """The meters and the warehouse of a home; raises UsageError for what the API answers with a problem."""
    with extra("meters"), extra("serve"):
        from pydantic import ValidationError

        from watthouse.meters.storage.database import MeterDatabase
        from watthouse.meters.tariffs import read
        from watthouse.serve.meter_grid import MeterGrid
        from watthouse.serve.meter_rows import MeterRows
        from watthouse.serve.problems import ProblemError
    settings = place.settings
    tariffs: Tariffs | None = read(settings.tariff_file) if with_tariffs else None
    snapshots, database = place.snapshots(), MeterDatabase(settings)
    try:
        leased = snapshots.lease() if needs_grid else snapshots.lease_if_built()
        with leased as grid, database.reading() as connection:
            yield MeterGrid(MeterRows(connection, settings), grid, tariffs)
    except ProblemError as error:
        raise UsageError(error.detail) from None
    except ValidationError as error:
        fault = error.errors()[0]
        named = "".join(f"--{name}: " for name in fault["loc"])
        raise UsageError(named + fault["msg"].removeprefix("Value error, ")) from None
    finally:
        database.close()
        snapshots.close()


def _print(rows: Sequence[Mapping[str, Any]], columns: Sequence[str], *, as_json: bool) -> None:
    if as_json:
        console.print_json([{name: _plain(value) for name, value in row.items()} for row in rows])
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name)
    for row in rows:
        table.add_row(*(console.safe(_cell(row[name])) for name in columns))
    console.out.print(table)


def _plain(value: object) -> object:
    """As JSON has it: decimals as numbers, days and instants as text."""
    if isinstance(value, Decimal):
        return float(value)
    return value.isoformat() if isinstance(value, date) else value


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, Decimal):
        return f"{value:.4f}"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
