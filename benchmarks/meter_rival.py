"""What meter files are often read with: an ORM, row by row; and Flask over psycopg2, a query a request.

``python -m benchmarks.meter_rival URL FILE flushed|added`` loads a file; ``create`` is the app.
"""

import csv
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from flask import Flask, Response, abort, jsonify, request
from psycopg2.pool import ThreadedConnectionPool
from sqlalchemy import create_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

FLUSHED: Final = "flushed"
ADDED: Final = "added"
_DAY: Final = """
    select id, meter_code, serial_code, plant_code, date_time, min_energy, max_energy, avg_energy
    from energy_data_view where meter_code = %s and serial_code = %s and date_time = %s"""


class Base(DeclarativeBase):
    pass


class Row(Base):
    __tablename__ = "rival_energy_data"

    id: Mapped[int] = mapped_column(primary_key=True)
    meter_code: Mapped[str]
    serial_code: Mapped[str]
    plant_code: Mapped[str]
    date_time: Mapped[datetime]
    data_type: Mapped[str]
    energy: Mapped[float]
    units: Mapped[str]
    status: Mapped[str]


def main(url: str, path: Path, way: str) -> None:
    """All rows in one transaction: sent one by one, or, with ``added``, as the ORM bundles them."""
    engine = create_engine(url)
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session, path.open(newline="") as file:
        for line in csv.DictReader(file):
            session.add(_row(line))
            if way == FLUSHED:
                session.flush()
        session.commit()


def _row(line: dict[str, str]) -> Row:
    return Row(
        meter_code=line["MeterPoint Code"],
        serial_code=line["Serial Number"],
        plant_code=line["Plant Code"],
        date_time=datetime.strptime(line["Date/Time"], "%d/%m/%Y %H:%M:%S").replace(tzinfo=UTC),
        data_type=line["Data Type"],
        energy=float(line["Data Value"]),
        units=line["Units"],
        status=line["Status"],
    )


def create() -> Flask:
    """The historic calls that read, over the same table as watthouse's. ``RIVAL_DSN`` names the database."""
    threads = int(os.environ["RIVAL_THREADS"])
    pool = ThreadedConnectionPool(threads, threads, os.environ["RIVAL_DSN"])
    app = Flask(__name__)

    @app.get("/")
    def root() -> str:
        return "Root Loaded \n"

    @app.get("/get-data")
    def get_data() -> Response:
        try:
            day = datetime.strptime(request.args["date_time"], "%d/%m/%Y").replace(tzinfo=UTC).date()
        except (KeyError, ValueError):
            abort(400, "date_time should in %d/%m/%Y")
        connection = pool.getconn()
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(_DAY, [request.args["meter_code"], request.args["serial_code"], day])
                row = cursor.fetchone()
                names = [column.name for column in cursor.description]
        finally:
            pool.putconn(connection)
        return jsonify(dict(zip(names, row, strict=True)) if row else {"message": "energy data not present"})

    return app


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), sys.argv[3])
