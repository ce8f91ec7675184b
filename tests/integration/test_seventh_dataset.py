"""A seventh dataset is a declaration, and what `python -m tools.staging` makes of it."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import duckdb
import httpx
import polars as pl
import pytest
from starlette.testclient import TestClient

from tests.integration.service import service, utc
from tests.support import write_csv
from tools import staging
from watthouse.catalog import CATALOG, Column, Dataset, Kind
from watthouse.cli import tables
from watthouse.home import Home
from watthouse.operate import pipeline, status
from watthouse.serve.app import create
from watthouse.settings import PROJECT, Settings
from watthouse.sources.files import FileSource
from watthouse.transform import fingerprint

pytestmark = [pytest.mark.slow]

SEVENTH = Dataset(
    id="consommation-quotidienne-brute-gaz",
    title="Daily gas consumption",
    grain="day × operator",
    key=("date", "operateur"),
    time="date",
    measured="consommation_gaz",
    columns=(
        Column("date", Kind.DATE, "civil date", labels=("Date",)),
        Column("operateur", Kind.TEXT, "operator", labels=("Opérateur",)),
        Column("consommation_gaz", Kind.STOCK, "gas consumed", "GWh PCS 0 °C", ("Consommation gaz",)),
    ),
    signature=frozenset({"consommation_gaz"}),
    cadence=timedelta(days=1),
    lag=timedelta(days=1),
    revision_window=timedelta(days=31),
    publisher="GRTgaz, Teréga",
    since="2012",
)


def test_a_declaration_carries_a_new_dataset_end_to_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CATALOG, SEVENTH.id, SEVENTH)
    project = tmp_path / "transform"
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    staging.write(project)
    assert fingerprint(project) != fingerprint(), "a build by the models of before would be taken for current"
    settings = Settings(home=tmp_path / "home", transform=project)

    def refresh(value: str) -> pipeline.Report:
        path = tmp_path / "export.csv"
        days = [date(2024, 1, day) for day in (1, 2)]
        write_csv(path, [{"Date": day, "Opérateur": "Teréga", "Consommation gaz (GWh)": value} for day in days])
        return pipeline.refresh(Home(settings), FileSource([path], settings), pipeline.Selection.of())

    assert refresh("12.5").counts.new == 2
    assert refresh("12.5").counts.unchanged == 2
    assert refresh("13").counts.revised == 2
    with duckdb.connect(settings.home / "warehouse.duckdb", read_only=True) as connection:
        rows = connection.execute(f"select consommation_gaz::double from staging.stg_{SEVENTH.table}").fetchall()
    assert rows == [(13.0,), (13.0,)]
    changes = Home(settings).lake.revisions(SEVENTH)
    assert changes.select("column", "from", "to").unique().rows() == [("consommation_gaz", "12.500000", "13.000000")]
    (line,) = [line for line in status.look(Home(settings)) if line.dataset == SEVENTH.id]
    assert (line.lake_rows, line.newest_measured) == (4, date(2024, 1, 2))


def test_the_sample_serves_a_new_dataset_and_a_refresh_brings_its_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(CATALOG, SEVENTH.id, SEVENTH)
    project, name, now = tmp_path / "transform", f"stg_{SEVENTH.table}", utc("2024-03-04T12:00")
    shutil.copytree(PROJECT, project, ignore=shutil.ignore_patterns("__pycache__", "target", "logs"))
    staging.write(project)
    with service(date(2024, 1, 1), now) as served:
        settings = Settings(home=tmp_path / "home", transform=project, odre_url=served.url)
        for call in ("", "/records", "/exports/csv", "/exports/json", "/exports/jsonl", "/exports/parquet"):
            answer = httpx.get(f"{served.url}/catalog/datasets/{SEVENTH.id}{call}")
            assert answer.status_code == 200, call
        days = [date(2024, 1, 1) + timedelta(days=day) for day in range(62)]
        published = pl.read_parquet(answer.content).sort("date", "operateur")
        assert published["date"].unique(maintain_order=True).to_list() == days, "to the day before yesterday: lag"

        first = pipeline.refresh(Home(settings), None, pipeline.Selection.of())
        again = pipeline.refresh(Home(settings), None, pipeline.Selection.of())
    assert (first.failed, again.failed) == ({}, {})
    assert again.counts.new == 0
    with duckdb.connect(settings.home / "warehouse.duckdb", read_only=True) as connection:
        rows = f"select civil_date, operateur, consommation_gaz::double from staging.{name} order by all"
        assert connection.execute(rows).fetchall() == published.rows()
    (line,) = [line for line in status.look(Home(settings)) if line.dataset == SEVENTH.id]
    assert (line.lake_rows, line.newest_measured) == (published.height, days[-1])
    tables.catalog()
    assert SEVENTH.id in capsys.readouterr().out
    with TestClient(create(settings), base_url="http://localhost") as api:
        for path in ("/datasets", f"/datasets/{SEVENTH.id}", "/status"):
            assert SEVENTH.id in api.get(f"/api/v1{path}").raise_for_status().text, path
        assert api.get(f"/api/v1/completeness?dataset={SEVENTH.id}").status_code == 200
