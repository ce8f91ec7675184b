"""The same lake on this disk and in a bucket: a history read into it, built from it, and a day's rows added."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Final

from benchmarks import generate
from benchmarks.measure import Run, middle, watthouse
from tests import servers

LAST: Final = date(2025, 12, 31)
DAYS: Final = 5


def table(exports: Path, scratch: Path) -> list[str]:
    """The table's lines; ``exports`` are the files of 13 years up to :data:`LAST`."""
    with servers.private() as own:
        running = servers.up(own, "minio")
        bucket = servers.s3(servers.SERVERS["minio"].url(running))
        places = {
            "disk": (scratch / "on-disk", {}),
            "bucket": (scratch / "in-bucket", {**bucket.variables, "WATTHOUSE_LAKE": f"{bucket.url}/lake"}),
        }
        took = {name: _history(home, exports, variables) for name, (home, variables) in places.items()}
        days: dict[str, list[Run]] = {name: [] for name in places}
        for turn in range(1, DAYS + 1):
            day = LAST + timedelta(days=turn)
            download = str(generate.one_day(scratch / "days" / str(day), day))
            for name in ("disk", "bucket") if turn % 2 else ("bucket", "disk"):
                home, variables = places[name]
                days[name].append(watthouse("refresh", "--from", download, home=home, environment=variables))
    return _lines(took, days)


def _history(home: Path, exports: Path, variables: Mapping[str, str]) -> tuple[Run, Run]:
    fetched = watthouse("fetch", "--from", str(exports), home=home, environment=variables)
    watthouse("build", home=home, environment=variables)
    rebuilt = [watthouse("build", "--full", home=home, environment=variables) for _ in range(3)]
    return fetched, middle(rebuilt)


def _lines(took: Mapping[str, tuple[Run, Run]], days: Mapping[str, list[Run]]) -> list[str]:
    pairs = sorted(far.seconds / near.seconds for near, far in zip(days["disk"], days["bucket"], strict=True))
    ratio = {
        "fetch": took["bucket"][0].seconds / took["disk"][0].seconds,
        "build": took["bucket"][1].seconds / took["disk"][1].seconds,
        "hour": pairs[len(pairs) // 2],
    }
    near, far = took["disk"], took["bucket"]
    rows = [
        ("`watthouse fetch --from`: 13 years of files into the lake", near[0], far[0], "fetch"),
        ("`watthouse build --full`: loaded into DuckDB and built (median of 3)", near[1], far[1], "build"),
        (
            f"`watthouse refresh` of one new day (median of {DAYS})",
            middle(days["disk"]),
            middle(days["bucket"]),
            "hour",
        ),
    ]
    return [
        "| wall, s | lake on the disk | in a bucket (MinIO) | against; target < 2 | peak memory in a bucket, MB |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {what} | {near.seconds:.1f} | {far.seconds:.1f} | {ratio[key]:.2f} × | {far.peak_mb:,.0f} |"
            for what, near, far, key in rows
        ),
        "",
        "MinIO runs on the same machine, and stores on the same disk.",
    ]
