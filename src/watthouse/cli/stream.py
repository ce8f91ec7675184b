"""The verbs of the stream: out of the lake into Kafka, and what the store holds against the marts."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from watthouse.catalog import Dataset, find
from watthouse.cli import console, reports, signals
from watthouse.cli.app import extra, home, line_of, service, stream, verb
from watthouse.cli.options import AsJson, OfSample, Since, Until, day, pause
from watthouse.cli.update import staying
from watthouse.errors import UsageError
from watthouse.home import Home
from watthouse.operate.schedule import Following
from watthouse.settings import Settings

if TYPE_CHECKING:  # confluent-kafka comes with the extra `stream`
    from watthouse.stream.check import Line
    from watthouse.stream.producer import Published


@verb(stream)
def produce(
    every: Annotated[
        timedelta | None,
        typer.Option(
            parser=pause, metavar="PAUSE", help="Pause between two rounds: 90s, 15min, 1h.", show_default="15min"
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="One round, then end.")] = False,
    replay: Annotated[
        date | None,
        typer.Option(
            parser=day, metavar="DAY", help="Publish slots since that civil day again, then end; fetches nothing."
        ),
    ] = None,
    sample: OfSample = False,
) -> None:
    """Refresh the real-time datasets and publish to Kafka what is new in the lake, again and again."""
    _refuse_mixtures(every, once, replay)
    place = home(sample)
    with extra("stream"):
        from watthouse.stream import producer
    if replay:
        with signals.recognised():
            _print(producer.replay(place, replay))
        return
    with service(place, sample=sample) as served:
        if once:
            _once(served)
        else:
            with staying():
                _again_and_again(served.settings, every or timedelta(minutes=15))


@verb(stream)
def check(since: Since = None, until: Until = None, sample: OfSample = False, as_json: AsJson = False) -> None:
    """Hold what the stream's store has against the slots marts, by key and value; exit 1 where anything differs."""
    place = home(sample)
    with extra("stream"):
        from watthouse.stream.check import check as reconciled
        from watthouse.stream.store import Store
    with closing(Store.of(place.settings)) as store:
        found = reconciled(store, place.warehouse, place.settings.stream_days, since=since, until=until)
    if as_json:
        console.print_json([asdict(line) for line in found])
    else:
        _print_check(found)
    if not all(line.agrees for line in found):
        raise typer.Exit(1)


def _once(place: Home) -> None:
    from watthouse.stream.producer import produce as produce_once

    with console.bar() as bar:
        done = produce_once(place, progress=bar, on_published=_print)
    if place.holds_sample(after_fetching=True):
        console.announce_sample()
    if done.report:
        reports.report(done.report)
        reports.leave_if_refused(done.report)


def _again_and_again(settings: Settings, every: timedelta) -> None:
    """Rounds for ever; one that fails is tried again after a minute, then two, then four, at most the pause later."""
    from watthouse.stream.message import DATASETS
    from watthouse.stream.producer import produce as produce_once

    known_notes: set[str] = set()

    def round_of(due: tuple[Dataset, ...]) -> set[str]:
        with signals.recognised():
            place = Home(settings)
            done = produce_once(place, [find(dataset.id) for dataset in due])
            with signals.unbroken():
                if place.holds_sample(after_fetching=True):
                    console.announce_sample()
                _print(done.published, when=f"{console.now()} ")
                if done.report:
                    reports.round_of(done.report, known_notes)
        return done.report.unsettled if done.report else set()

    def on_error(error: BaseException) -> None:
        with signals.unbroken():
            reports.failed(line_of(error))

    Following([replace(dataset, cadence=every) for dataset in DATASETS], round_of, on_error, signals.wait).run()


def _refuse_mixtures(every: timedelta | None, once: bool, replay: date | None) -> None:
    chosen = [name for name, value in {"--every": every, "--once": once, "--replay": replay}.items() if value]
    if len(chosen) > 1:
        raise UsageError(f"{' and '.join(chosen)} exclude each other: choose one")


def _print_check(found: "Sequence[Line]") -> None:
    table = Table(box=None, pad_edge=False)
    table.add_column("dataset")
    for heading in ("compared", "only in the store", "only in the marts", "different", "settled"):
        table.add_column(heading, justify="right")
    for line in found:
        counts = (line.compared, line.only_in_store, line.only_in_marts, line.different, line.settled)
        table.add_row(line.dataset, *(f"{count:,}" for count in counts))
    console.out.print(table)
    for line in found:
        for slot in line.first:
            console.out.print(console.safe(f"{line.dataset} {slot}"))
    console.out.print(f"\n{_verdict(found)}")


def _verdict(found: "Sequence[Line]") -> str:
    days = sorted(day for line in found for day in (line.since, line.until) if day)
    if not days:
        return "neither the store nor the marts have a slot of these days"
    verdict = "agree" if all(line.agrees for line in found) else "differ"
    return f"the store and the marts {verdict} from {days[0]} to {days[-1]}"


def _print(done: "Published", when: str = "") -> None:
    counted = [f"{count:,} of {name}" for name, count in sorted(done.messages.items()) if count]
    dead = sum(done.dead.values())
    line = f"published {' and '.join(counted)}" if counted else "nothing to publish"
    more = f"; {dead:,} rows that break the schema went to the dead letters" if dead else ""
    console.out.print(console.safe(f"{when}{line}: {done.place}{more}"))
