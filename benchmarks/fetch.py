"""One year of one dataset from the synthetic ODRÉ on loopback: this client against the script people write.

The script pages ``/records`` a hundred rows at a time, a day at a time (the service caps ``offset + limit`` at 10,000),
and makes a DataFrame of the JSON. The client asks for counts and exports, and holds the rows to the catalog's contract.
Both end with the year's rows in memory; a third line has them in the lake.
"""

import sys
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks.measure import Run, run, watthouse
from benchmarks.results import put
from watthouse.sample.publishing import Publisher
from watthouse.sample.server import Sample, serving

DATASET: Final = "eco2mix-regional-cons-def"
YEAR: Final = 2025
ROUNDS: Final = 3


HEADING: Final = "## From the service"
NOTES: Final = (
    "`python -m benchmarks.fetch` alone measures this again: whole commands, start-up included, against the synthetic"
    " ODRÉ served from another process on loopback.",
)


@dataclass(frozen=True)
class Cost:
    """What one way of fetching took."""

    run: Run
    requests: int
    bytes: int


def section() -> str:
    """What was measured, as a section of RESULTS.md."""
    return "\n".join([HEADING, "", *measure(), "", *NOTES, ""])


def measure() -> list[str]:
    """The table's lines, side by side."""
    sample = Sample(Publisher(0, date(YEAR, 1, 1)), now=datetime(YEAR + 1, 3, 3, tzinfo=UTC))
    with serving(sample) as url:
        ours = [_cost(sample, "ours", url) for _ in range(ROUNDS)]
        lake = [_into_lake(sample, url) for _ in range(ROUNDS)]
        script = [_cost(sample, "script", url)]
    return _lines(_middle(script), _middle(ours), _middle(lake))


def _cost(sample: Sample, way: str, url: str) -> Cost:
    sample.reset()
    took = run([sys.executable, "-m", "benchmarks.fetch", way, url])
    return Cost(took, sample.requests.total(), sample.bytes.total())


def _into_lake(sample: Sample, url: str) -> Cost:
    sample.reset()
    with TemporaryDirectory() as home:
        took = watthouse("fetch", DATASET, home=Path(home), environment={"WATTHOUSE_ODRE_URL": url})
    return Cost(took, sample.requests.total(), sample.bytes.total())


def _middle(costs: list[Cost]) -> Cost:
    return sorted(costs, key=lambda cost: cost.run.seconds)[len(costs) // 2]


def _lines(script: Cost, ours: Cost, lake: Cost) -> list[str]:
    def line(what: str, cost: Cost, against: str) -> str:
        return (
            f"| {what} | {cost.requests:,} | {cost.bytes / 1e6:.1f} | {cost.run.seconds:.1f} |"
            f" {cost.run.peak_mb:,.0f} | {against} |"
        )

    def ratios(cost: Cost) -> str:
        return (
            f"{script.run.seconds / cost.run.seconds:.1f} × faster, {script.requests / cost.requests:,.0f} × fewer"
            f" requests, {script.bytes / cost.bytes:.0f} × fewer bytes"
        )

    return [
        f"| one year of `{DATASET}` over HTTP on loopback | requests | MB | wall, s | peak memory, MB | against |",
        "|---|---:|---:|---:|---:|---|",
        line("the usual script: paged `/records`, JSON, pandas", script, ""),
        line("this client, rows under contract (median)", ours, f"{ratios(ours)}; target ≥ 20 × and 100 ×"),
        line("`watthouse fetch`: the same, in the lake (median)", lake, ratios(lake)),
    ]


def _ours(url: str) -> int:
    from watthouse.catalog import find
    from watthouse.settings import Settings
    from watthouse.sources.odre import Odre
    from watthouse.sync.watermarks import Watermark
    from watthouse.sync.windows import plan

    with TemporaryDirectory() as home, Odre(Settings(odre_url=url, home=Path(home))) as odre:
        facts = odre.facts([find(DATASET)])[find(DATASET)]
        if isinstance(facts, Exception):
            raise facts
        wanted = plan(facts, Watermark(), lambda: odre.months(facts), rows=Settings().window_rows)
        rows = 0
        for download in odre.downloads(facts, [one.window for one in wanted.stretches]):
            rows += sum(piece.rows.num_rows for piece in download.pieces())
        return rows


def _script(url: str) -> int:
    import httpx
    import pandas as pd

    rows: list[dict[str, object]] = []
    with httpx.Client(timeout=60) as client:
        for day in pd.date_range(f"{YEAR}-01-01", f"{YEAR}-12-31"):
            offset, total = 0, 1
            where = f"date_heure >= date'{day:%Y-%m-%d}' and date_heure < date'{day + pd.Timedelta(days=1):%Y-%m-%d}'"
            while offset < total:
                asked = {"where": where, "limit": 100, "offset": offset, "order_by": "date_heure"}
                answer = client.get(f"{url}/catalog/datasets/{DATASET}/records", params=asked)
                answer.raise_for_status()
                total = answer.json()["total_count"]
                rows += answer.json()["results"]
                offset += 100
    frame = pd.DataFrame(rows)
    frame["date_heure"] = pd.to_datetime(frame["date_heure"], utc=True)
    return len(frame)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        print({"ours": _ours, "script": _script}[sys.argv[1]](sys.argv[2]))
    else:
        put(measured := section())
        print(measured)
