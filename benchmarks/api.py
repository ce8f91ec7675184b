"""The API against what is usual: the same five questions to a Flask app that sums up base rows in PostgreSQL.

Both servers run on this machine, one at a time, and are loaded by ``wrk`` over loopback: warm (answers kept, as
shipped), and cold (``WATTHOUSE_CACHE_BYTES=0``: every answer is computed anew, out of rows that were read before where
the server keeps them). The year that is asked for moves by a week each time. Then the API alone: the same question
with 1, 13 and 130 years behind it (:mod:`benchmarks.histories`), in turn; its start; its memory under load.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx

from benchmarks import generate, histories, rival, servers
from benchmarks.database import postgres
from benchmarks.load import Load, Server, load, rival_serving, shown, watching_memory, watthouse_serving
from benchmarks.measure import watthouse
from benchmarks.results import put

LAST: Final = date(2025, 12, 31)
CONNECTIONS: Final = 8
CROWD: Final = 32
SECONDS: Final = 4
ROUNDS: Final = 60
STARTS: Final = 3
PERIODS: Final = 30

_NEWEST: Final = "the newest day by slot"
_YEAR: Final = "since=2025-01-01&until=2025-12-31"
QUESTIONS: Final[Mapping[str, str]] = {
    "mix of France, a year by day": f"/mix?{_YEAR}&interval=day",
    "mix of France, 13 years by month": "/mix?since=2013-01-01&until=2025-12-31&interval=month",
    "load of every region over a year": f"/regions/map?{_YEAR}",
    "mix of a region, a year by day": f"/regions/53/mix?{_YEAR}&interval=day",
    _NEWEST: "/now",
}
OF_A_PERIOD: Final = {
    "mix of France, a year by day": f"/mix?{_YEAR}&interval=day",
    "mix of France, a week by hour": "/mix?since=2025-03-24&until=2025-03-30&interval=hour",
    "load of every region over a year": f"/regions/map?{_YEAR}",
    "mix of a region, a year by day": f"/regions/53/mix?{_YEAR}&interval=day",
    _NEWEST: "/now",
}
API: Final = "/api/v1"
_EVERY: Final = [API + path for path in QUESTIONS.values()]
HEADING: Final = "## The API"


def section(home: Path | None = None) -> str:
    """What was measured of ``home``, 13 years of :mod:`benchmarks.generate`; they are made where it is left out."""
    with TemporaryDirectory() as folder:
        scratch = Path(folder)
        home = home or _home(scratch)
        return "\n".join(
            [
                HEADING,
                "",
                *_against_rival(home, scratch),
                "",
                *_alone(home, scratch),
                "",
                *servers.table(home, _EVERY, API + QUESTIONS[_NEWEST], connections=CONNECTIONS, seconds=SECONDS),
                "",
                *_downloads(home),
                "",
                *_NOTES,
                "",
            ]
        )


_NOTES: Final = (
    "`python -m benchmarks.api` alone measures this again. PostgreSQL and the Flask app hold the same base rows,"
    " already cleaned, with the indexes that the questions want; both give the same figures (checked before each run)."
    f" {CONNECTIONS} connections, {SECONDS} s a question after a warm-up; the year moves by a week each time, {PERIODS}"
    " times. Cold: no answer is kept; days and months of marts, and rows of the newest day, are read once a version.",
)


def _home(scratch: Path) -> Path:
    exports = generate.exports(scratch / "exports", generate.FIRST, (LAST - generate.FIRST).days + 1)
    watthouse("refresh", "--from", str(exports), home=scratch / "home")
    return scratch / "home"


def _against_rival(home: Path, scratch: Path) -> list[str]:
    with postgres() as pg:
        rival.fill(pg, home / "warehouse.duckdb", scratch)
        with rival_serving(pg) as flask, watthouse_serving(home, cached=False) as ours:
            refuse_different(flask, ours)
        with rival_serving(pg) as flask:
            usual = loads(flask, "")
    with watthouse_serving(home, cached=False) as ours:
        cold = loads(ours, API)
    with watthouse_serving(home, cached=True) as ours:
        warm = loads(ours, API)
    return [
        f"| requests/s (p99, ms), {CONNECTIONS} connections | Flask + SQLAlchemy on PostgreSQL | watthouse, cold |"
        " against | watthouse, warm | against |",
        "|---|---:|---:|---:|---:|---:|",
        *(_line(what, usual[what], cold[what], warm[what]) for what in usual),
    ]


def refuse_different(flask: Server, ours: Server) -> None:
    """Both say the same, or there is nothing to measure."""
    for what, path in QUESTIONS.items():
        one, other = (_asked(server, prefix + path) for server, prefix in ((flask, ""), (ours, API)))
        figures = [
            [round(load, 6) for row in rows if (load := row[_load_in(row)]) is not None] for rows in (one, other)
        ]
        if sorted(figures[0]) != sorted(figures[1]) or not figures[0]:
            raise SystemExit(f"{what}: the two answers differ")


def _load_in(row: Mapping[str, Any]) -> str:
    """What the load is called there: the app knows power by its publisher's names."""
    return next(name for name in ("consommation_mwh", "consommation_mw", "consommation") if name in row)


def _asked(server: Server, path: str) -> Sequence[Mapping[str, Any]]:
    answer = httpx.get(server.url + path, timeout=60)
    answer.raise_for_status()
    rows: Sequence[Mapping[str, Any]] = answer.json()["rows"]
    return rows


def loads(server: Server, prefix: str, seconds: int = SECONDS) -> dict[str, Load]:
    """How a server does under load: each of the questions, and the five in turn."""
    every = [path for weeks in range(PERIODS) for path in _moved(prefix, weeks).values()]
    load(server, every, connections=CONNECTIONS, seconds=seconds)
    found = {
        what: load(
            server, [_moved(prefix, weeks)[what] for weeks in range(PERIODS)], connections=CONNECTIONS, seconds=seconds
        )
        for what in QUESTIONS
    }
    return found | {"**the five in turn**": load(server, every, connections=CONNECTIONS, seconds=2 * seconds)}


def _moved(prefix: str, weeks: int) -> dict[str, str]:
    """The questions of the year that ended so many weeks before."""
    ends = (day - timedelta(weeks=weeks) for day in (date(LAST.year, 1, 1), LAST))
    year = "since={}&until={}".format(*ends)
    return {what: prefix + path.replace(_YEAR, year) for what, path in QUESTIONS.items()}


def _line(what: str, usual: Load, cold: Load, warm: Load) -> str:
    def against(one: Load) -> str:
        return f"{one.rate / usual.rate:.1f} ×, p99 {usual.p99_ms / one.p99_ms:.1f} ×"

    return f"| {what} | {shown(usual)} | {shown(cold)} | {against(cold)} | {shown(warm)} | {against(warm)} |"


def _alone(home: Path, scratch: Path) -> list[str]:
    homes = {
        1: histories.cut(home, scratch / "1-year", date(LAST.year, 1, 1)),
        histories.TURN_YEARS: home,
        10 * histories.TURN_YEARS: histories.repeated(home, scratch / "130-years", 10),
    }
    starts = []
    for _ in range(STARTS):
        with watthouse_serving(home, cached=True) as server:
            starts.append(server.ready_seconds)
    with ExitStack() as running:
        servers = {years: running.enter_context(watthouse_serving(one, cached=False)) for years, one in homes.items()}
        flat = [_flat(servers, what, path) for what, path in OF_A_PERIOD.items()]
        longest = servers[max(servers)]
        with watching_memory(longest) as seen:
            load(longest, _EVERY, connections=CROWD, seconds=3 * SECONDS)
    return [
        "| one at a time, cold: ms (median) | 1 year behind it | 13 years | 130 years | 130 against 1 | bytes |",
        "|---|---:|---:|---:|---:|---:|",
        *flat,
        "",
        f"Ratios are medians of {ROUNDS} pairs, asked in turn; target < 1.3. From start to ready, 13 years:"
        f" {median(starts):.1f} s (median of {STARTS}); target < 1.5 s.",
        f"Memory of the worker under {CROWD} connections, 130 years, cold: at most {max(seen):,.0f} MB; target < 350.",
    ]


def _downloads(home: Path) -> list[str]:
    """Every slot of every region, from a server just started: of each format how long, how much, and the memory."""
    lines = []
    for style in ("csv", "parquet", "arrow"):
        with watthouse_serving(home, cached=True) as server, watching_memory(server) as seen:
            path = f"{API}/regions?interval=slot&since={generate.FIRST}&until={LAST}&format={style}"
            began, size = time.perf_counter(), 0
            with httpx.stream("GET", server.url + path, timeout=600) as answer:
                answer.raise_for_status()
                size = sum(map(len, answer.iter_bytes()))
            took = time.perf_counter() - began
        lines.append(f"| {style} | {took:.1f} | {size / 1e6:,.0f} | {max(seen):,.0f} |")
    return [
        "| every slot of every region, 13 years | s | MB | memory of the worker, MB; target < 300 |",
        "|---|---:|---:|---:|",
        *lines,
    ]


def _flat(servers: Mapping[int, Server], what: str, path: str) -> str:
    times: dict[int, list[float]] = {years: [] for years in servers}
    sizes: dict[int, int] = {}
    with httpx.Client(timeout=60) as client:
        for turn in range(ROUNDS + 5):
            order = list(servers) if turn % 2 else list(reversed(servers))
            for years in order:
                began = time.perf_counter()
                sizes[years] = len(client.get(servers[years].url + API + path).raise_for_status().content)
                times[years].append(time.perf_counter() - began)
    settled = {years: taken[5:] for years, taken in times.items()}
    least, most = settled[min(settled)], settled[max(settled)]
    ratio = median(b / a for a, b in zip(least, most, strict=True))
    medians = " | ".join(f"{1000 * median(taken):.1f}" for taken in settled.values())
    return f"| {what} | {medians} | {ratio:.2f} | {max(sizes.values()) / min(sizes.values()):.2f} |"


if __name__ == "__main__":
    put(measured := section())
    print(measured)
