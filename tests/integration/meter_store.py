"""A database of meter files for tests: SQLite or PostgreSQL, filled by watthouse and looked at by their own drivers."""

import csv
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import httpx
import psycopg
from pydantic import SecretStr

from tests.integration.serving import free_port
from tests.support import command, environment, watthouse
from watthouse.meters.load import LoadReport, load
from watthouse.meters.storage.database import MeterDatabase
from watthouse.settings import Settings

Row = tuple[Any, ...]


class Quiet:
    def stage(self, what: str) -> None: ...


@dataclass(frozen=True)
class MeterStore:
    """A home whose meter files lie in ``url``, or in a file of SQLite where that is empty."""

    home: Path
    url: str = ""

    @property
    def settings(self) -> Settings:
        settings = Settings(home=self.home)
        return settings.model_copy(update={"meter_db": SecretStr(self.url) if self.url else None})

    @property
    def variables(self) -> dict[str, str]:
        return {"WATTHOUSE_METER_DB": self.url} if self.url else {}

    def load(self, *paths: Path, again: bool = False) -> LoadReport:
        database = MeterDatabase(self.settings)
        try:
            return load(paths, self.settings, database, Quiet(), again=again)
        finally:
            database.close()

    def run(self, *words: str | Path, env: Mapping[str, str] | None = None) -> CompletedProcess[str]:
        """``watthouse meters …``, in a process of its own."""
        return watthouse(self.home, "meters", *words, env={**self.variables, **(env or {})})

    def query(self, sql: str) -> list[Row]:
        if self.url:
            with psycopg.connect(self.url) as connection:
                connection.execute("set timezone = 'UTC'")
                return connection.execute(sql).fetchall()  # type: ignore[call-overload,no-any-return]
        with sqlite3.connect(self.home / "meters.sqlite") as plain:
            return plain.execute(sql).fetchall()

    def count(self, table: str) -> int:
        ((count,),) = self.query(f"select count(*) from {table}")
        return int(count)

    def values(self) -> list[Row]:
        """Meter, local time, data type and value of every reading that counts."""
        rows = self.query(
            "select meter_code, date_time, data_type, energy from energy_data order by meter_code, instant, data_type"
        )
        return [(meter, str(moment), kind, energy) for meter, moment, kind, energy in rows]

    def held(self) -> tuple[object, ...]:
        """All that is held, but for the order in which it came."""
        return self.values(), self.view(), self.query("select count(*) from meter_files where replaced_by is null")

    def view(self) -> list[Row]:
        """The day view."""
        rows = self.query(
            "select meter_code, serial_code, plant_code, date_time, min_energy, max_energy, avg_energy"
            " from energy_data_view order by 1, 2, 3, 4"
        )
        return [(*row[:3], str(row[3]), *row[4:]) for row in rows]


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a meter file, by Python's own reader."""
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@contextmanager
def serving(meters: MeterStore, files: Path, *options: str, **variables: str) -> Iterator[httpx.Client]:
    """``watthouse meters serve`` over this folder, and a client of it."""
    port, log = free_port(), meters.home.parent / "serve.log"
    more = {**meters.variables, "WATTHOUSE_METER_FILES": str(files), **variables}
    with log.open("w") as out:
        server = subprocess.Popen(
            command("meters", "serve", "--port", str(port), *options),
            env=environment(meters.home, more),
            stdout=out,
            stderr=out,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _wait(client, server, log)
            yield client
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(30)


def _wait(client: httpx.Client, server: "subprocess.Popen[bytes]", log: Path) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        assert server.poll() is None, log.read_text()
        try:
            client.get("/")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError(f"no answer in a minute: {log.read_text()}")
