"""The historic meter service over real HTTP, held to what Flask itself answers."""

import shutil
import sqlite3
import threading
import time
from datetime import datetime
from functools import reduce
from operator import add
from pathlib import Path

import flask
import httpx
import pytest

from tests.integration.meter_store import MeterStore, rows_of, serving
from tests.integration.serving import problem
from tests.unit.meters.reading import LP, lp, write

pytestmark = [pytest.mark.slow, pytest.mark.real]

_ASKED = {"meter_code": "210095893", "serial_code": "210095893", "date_time": "01/09/2015"}
_TOKEN = "s3cret"


def _flask(files: Path) -> flask.Flask:
    """The service as it was: Flask over the rows of the files, added up by Python."""
    app = flask.Flask("historic")
    rows = [[*row.values()] for path in files.glob("*.csv") for row in rows_of(path)]

    @app.get("/")
    def root() -> str:
        return "Root Loaded \n"

    @app.get("/load-data")
    def load() -> flask.Response:
        return flask.jsonify({"message": "Load data complete"})

    @app.get("/populate-view")
    def populate() -> flask.Response:
        return flask.jsonify({"message": "Load data in view complete"})

    @app.get("/get-data")
    def get() -> flask.Response:
        try:
            day = datetime.strptime(flask.request.args.get("date_time", ""), "%d/%m/%Y")  # noqa: DTZ007
        except ValueError:
            flask.abort(400, "date_time should in %d/%m/%Y")
        codes = {name: flask.request.args.get(name) for name in ("meter_code", "serial_code")}
        for name, code in codes.items():
            if not code:
                flask.abort(400, f"{name} is mandatory")
        found = [row for row in rows if row[:2] == [*codes.values()] and row[3].startswith(f"{day:%d/%m/%Y} ")]
        if not found:
            return flask.jsonify({"message": "energy data not present"})
        values = [float(row[5] if len(row) == 8 else row[7]) for row in found]
        figures = {
            "min_energy": min(values),
            "max_energy": max(values),
            "avg_energy": reduce(add, values) / len(values),
        }
        return flask.jsonify({"id": 1, "date_time": day, "plant_code": found[0][2], **codes, **figures})

    return app


_CALLS = [
    "/",
    "/load-data",
    "/populate-view",
    "/get-data?meter_code=210095893&serial_code=210095893&date_time=01/09/2015",
    "/get-data?meter_code=210095893&serial_code=210095893&date_time=1/9/2015",
    "/get-data?meter_code=210095893&serial_code=210095893&date_time=02/09/2015",
    "/get-data?meter_code=210095893&serial_code=1&date_time=01/09/2015",
    "/get-data?meter_code=0210095893&serial_code=210095893&date_time=01/09/2015",
    "/get-data?meter_code=212621147&serial_code=212621147&date_time=13/09/2018",
    "/get-data?meter_code=a&meter_code=210095893&serial_code=210095893&date_time=01/09/2015",
    "/get-data",
    "/get-data?date_time=2015-09-01",
    "/get-data?date_time=31/02/2015&meter_code=210095893",
    "/get-data?date_time=01/09/2015",
    "/get-data?date_time=01/09/2015&meter_code=&serial_code=1",
    "/get-data?date_time=01/09/2015&serial_code=210095893",
    "/get-data?date_time=01/09/2015&meter_code=210095893",
    "/get-data?date_time=<b>&meter_code=<script>alert(1)</script>",
    "/get-data?date_time=01/09/2015&meter_code=' or 1=1 --&serial_code='; drop table energy_data; --",
    "/get-data?date_time=01/09/2015&meter_code=<script>&serial_code=\u00e9%00",
    "/nowhere",
    "/get-data/",
]


def test_every_answer_is_what_flask_answers(meters: MeterStore, real_data: Path) -> None:
    files = real_data / "meters" / "2018"
    expected = _flask(files).test_client()
    with serving(meters, files) as client:
        before = client.get("/get-data", params=_ASKED)
        assert (before.status_code, before.json()) == (200, {"message": "energy data not present"})
        client.get("/populate-view")
        view = {row[0]: row for row in meters.query("select id, meter_code, date_time from energy_data_view")}
        for call in _CALLS:
            answer, known = client.get(call), expected.get(call)
            said = known.text
            if '"id":1' in said:  # the numbers of the rows are the database's own
                found, mean = answer.json(), known.json["avg_energy"]
                assert view[found["id"]][1] == found["meter_code"]
                # Python adds in the order of the file, a database in its own: the last bit may be another one
                assert found["avg_energy"] == pytest.approx(mean, rel=1e-14)
                said = said.replace('"id":1', f'"id":{found["id"]}').replace(str(mean), str(found["avg_energy"]))
            assert (answer.status_code, answer.text) == (known.status_code, said), call
            assert answer.headers["content-type"] == known.headers["content-type"], call
        for method, call in [("POST", "/load-data"), ("DELETE", "/get-data"), ("PUT", "/")]:
            answer, known = client.request(method, call), expected.open(call, method=method)
            assert (answer.status_code, answer.text) == (known.status_code, known.text)
        known_day = client.get("/get-data", params=_ASKED)
        assert known_day.text == _KNOWN_DAY.replace('"id":1', f'"id":{known_day.json()["id"]}')
        assert client.get("/get-data", params={**_ASKED, "date_time": "2015-09-01"}).text == _REFUSED_DATE
        head = client.head("/get-data", params=_ASKED)
        assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "197")
    assert meters.count("energy_data") == sum(len(rows_of(path)) for path in files.glob("*.csv"))


_KNOWN_DAY = (
    '{"avg_energy":1.7166666666666668,"date_time":"Tue, 01 Sep 2015 00:00:00 GMT","id":1,"max_energy":4.2,'
    '"meter_code":"210095893","min_energy":0.0,"plant_code":"ED031000001","serial_code":"210095893"}\n'
)
_REFUSED_DATE = (
    "<!doctype html>\n<html lang=en>\n<title>400 Bad Request</title>\n<h1>Bad Request</h1>\n"
    "<p>date_time should in %d/%m/%Y</p>\n"
)


def test_loading_again_and_again_changes_nothing_and_new_files_are_seen_at_once(
    meters: MeterStore, real_data: Path, tmp_path: Path
) -> None:
    files = Path(shutil.copytree(real_data / "meters" / "2018", tmp_path / "files"))
    with serving(meters, files) as client:
        client.get("/populate-view")
        before = meters.view(), meters.values(), client.get("/get-data", params=_ASKED).text
        for _ in range(3):
            assert client.get("/load-data").json() == {"message": "Load data complete"}
        assert before == (meters.view(), meters.values(), client.get("/get-data", params=_ASKED).text)
        write(files / "LP_1.csv", LP, lp("03/09/2015 00:00:00", 7, meter="1"))
        client.get("/load-data")
        answer = client.get("/get-data", params={"meter_code": "1", "serial_code": "S1", "date_time": "03/09/2015"})
        assert answer.json()["avg_energy"] == 7


def test_what_another_process_loads_is_seen_in_no_time(meters: MeterStore, tmp_path: Path) -> None:
    files, asked = tmp_path / "files", {"meter_code": "00210", "serial_code": "S00210", "date_time": "03/09/2015"}
    path = write(files / "LP_1.csv", LP, lp("03/09/2015 00:00:00", 7))
    with serving(meters, files) as client:
        client.get("/populate-view")
        for value in (8, 9):
            assert client.get("/get-data", params=asked).json()["avg_energy"] == value - 1
            meters.load(write(path, LP, lp("03/09/2015 00:00:00", value)))
            time.sleep(0.2)
            assert client.get("/get-data", params=asked).json()["avg_energy"] == value


def test_a_reader_never_sees_an_empty_table(meters: MeterStore, tmp_path: Path) -> None:
    files = tmp_path / "files"
    slots = [f"01/09/2015 {hour:02}:{minute:02}:00" for hour in range(24) for minute in (0, 15, 30, 45)]
    asked = {"meter_code": "00210", "serial_code": "S00210", "date_time": "01/09/2015"}

    def put(value: int) -> None:
        new = write(tmp_path / "new.csv", LP, *(lp(slot, value) for slot in slots))
        new.replace(files / "LP_1.csv")

    files.mkdir()
    put(1)
    seen: list[tuple[float, float, float]] = []
    stop = threading.Event()
    with serving(meters, files) as client:
        client.get("/populate-view")

        def read() -> None:
            with httpx.Client(base_url=client.base_url, timeout=60) as mine:
                while not stop.is_set():
                    found = mine.get("/get-data", params=asked).raise_for_status().json()
                    seen.append((found["min_energy"], found["max_energy"], found["avg_energy"]))

        readers = [threading.Thread(target=read) for _ in range(3)]
        for reader in readers:
            reader.start()
        for value in range(2, 12):
            put(value)
            assert client.get("/load-data").status_code == 200
        stop.set()
        for reader in readers:
            reader.join()
    assert len(seen) > 20
    # each is one version, whole
    assert set(seen) <= {(value, value, value) for value in range(1, 12)}


def test_gets_that_change_state_are_refused_where_others_can_reach_them(
    meters: MeterStore, real_data: Path, tmp_path: Path
) -> None:
    files = Path(shutil.copytree(real_data / "meters" / "2018", tmp_path / "files"))
    with serving(meters, files, "--host", "0.0.0.0", WATTHOUSE_API_TOKEN=_TOKEN) as client:
        write(files / "LP_1.csv", LP, lp("03/09/2015 00:00:00", 7, meter="1"))
        for call in ("/load-data", "/populate-view"):
            refused = client.get(call)
            assert refused.status_code == 405
            assert "use POST /api/v1/meters/loads with the server's token" in refused.text.replace("&#39;", "'")
        assert meters.count("energy_data where meter_code = '1'") == 0
        done = client.post("/api/v1/meters/loads", headers={"authorization": f"Bearer {_TOKEN}"})
        assert (done.status_code, [*done.json()["loaded"]]) == (200, ["files/LP_1.csv"])
        asked = {"meter_code": "1", "serial_code": "S1", "date_time": "03/09/2015"}
        assert client.get("/get-data", params=asked).json()["max_energy"] == 7


def test_the_setting_closes_them_here_and_opens_them_elsewhere(tmp_path: Path) -> None:
    meters = MeterStore(tmp_path / "home")
    files = write(tmp_path / "files" / "LP_1.csv", LP, lp("03/09/2015 00:00:00", 7)).parent
    with serving(meters, files, WATTHOUSE_METER_GETS="false") as client:
        assert client.get("/load-data").status_code == 405
        detail = problem(client.post("/api/v1/meters/loads"), 403)["detail"]
        assert detail.startswith("loading over the API is disabled: start the server with WATTHOUSE_API_TOKEN set")
    with serving(meters, files, "--host", "0.0.0.0", WATTHOUSE_METER_GETS="true") as client:
        assert client.get("/load-data").status_code == 200


def test_its_post_is_refused_in_the_words_of_the_api(tmp_path: Path) -> None:
    meters, loads = MeterStore(tmp_path / "home"), "/api/v1/meters/loads"
    files = write(tmp_path / "files" / "LP_1.csv", LP, lp("03/09/2015 00:00:00", 7)).parent
    variables = {"WATTHOUSE_API_TOKEN": _TOKEN, "WATTHOUSE_METER_WAIT_SECONDS": "0.1"}
    with serving(meters, files, **variables) as client:
        for sent in (None, "Bearer wrong", "Bearer", _TOKEN, f"Basic {_TOKEN}"):
            refused = client.post(loads, headers={"authorization": sent} if sent else {})
            told = problem(refused, 401, "Authorization")
            assert (told["title"], told["type"]) == ("Unauthorized", "about:blank")
            assert told["detail"] == "send the token of the settings as 'Authorization: Bearer …'"
            assert refused.headers["www-authenticate"] == "Bearer"
        right = {"authorization": f"bearer  {_TOKEN}"}  # by RFC 9110 the scheme is of any case, after it come blanks
        assert client.post(loads, headers=right).json()["unchanged"] == ["files/LP_1.csv"]
        with sqlite3.connect(meters.home / "meters.sqlite", isolation_level=None) as other:
            other.execute("begin immediate")
            assert "another refresh or load is under way" in problem(client.post(loads, headers=right), 409)["detail"]
            other.execute("drop table meter_files")
            other.execute("commit")
            broken = client.post(loads, headers=right)
            assert "the server's log says why" in problem(broken, 503)["detail"]
            assert broken.headers["retry-after"] == "10"
