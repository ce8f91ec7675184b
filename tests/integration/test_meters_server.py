"""Meter files on the server of a home: the historic calls under ``/meters``, and loading by a POST with a token."""

from pathlib import Path

import pytest

from tests.integration.meter_store import MeterStore
from tests.integration.serving import TOKEN, problem, served
from tests.unit.meters.reading import LP, lp, write

pytestmark = pytest.mark.slow

_ASKED = {"meter_code": "00210", "serial_code": "S00210", "date_time": "01/09/2015"}
_BEARER = {"authorization": f"Bearer {TOKEN}"}


def test_the_server_of_a_home_has_the_historic_calls_and_loads_by_post(meters: MeterStore, tmp_path: Path) -> None:
    files = tmp_path / "files"
    write(files / "LP_1.csv", LP, lp("01/09/2015 00:00:00", 1), lp("01/09/2015 00:15:00", 4), "cut")
    write(files / "empty.csv")
    variables = {**meters.variables, "WATTHOUSE_METER_FILES": str(files), "WATTHOUSE_API_TOKEN": TOKEN}
    with served(meters.home, tmp_path, sample=False, **variables) as api:
        get, post = api.client.get, api.client.post
        assert get("/meters/").text == "Root Loaded \n"
        absent = get("/meters/get-data", params=_ASKED)
        assert (absent.status_code, absent.text) == (200, '{"message":"energy data not present"}\n')
        for call in ("/meters/load-data", "/meters/populate-view"):
            refused = get(call)
            assert (refused.status_code, "use POST /api/v1/meters/loads" in refused.text) == (405, True)
        refused = problem(post("/api/v1/meters/loads"), 401, "Authorization")
        assert refused["detail"] == "send the token of the settings as 'Authorization: Bearer …'"
        assert meters.count("energy_data") == 0
        done = post("/api/v1/meters/loads", headers=_BEARER)
        assert done.status_code == 200
        assert done.json() == {
            "loaded": {
                "files/LP_1.csv": {
                    "layout": "lp",
                    "readings": 2,
                    "rejected": 1,
                    "duplicates": 0,
                    "superseded": 0,
                    "outdated": 0,
                }
            },
            "unchanged": [],
            "refused": {"files/empty.csv": "is empty: export it again"},
            "left": {},
        }
        assert post("/api/v1/meters/loads", headers=_BEARER).json()["unchanged"] == ["files/LP_1.csv"]
        found = get("/meters/get-data", params=_ASKED).json()
        assert (found["min_energy"], found["max_energy"], found["avg_energy"]) == (1, 4, 2.5)
        nowhere = get("/meters/nowhere")
        assert (nowhere.status_code, "<h1>Not Found</h1>" in nowhere.text) == (404, True)


def test_a_database_that_cannot_be_used_is_a_problem_and_a_page_of_its_own(tmp_path: Path) -> None:
    url = "postgresql://u:geheim@127.0.0.1:1/x"
    with served(tmp_path / "home", tmp_path, sample=False, WATTHOUSE_METER_DB=url, WATTHOUSE_API_TOKEN=TOKEN) as api:
        answer = api.client.post("/api/v1/meters/loads", headers=_BEARER)
        detail = problem(answer, 503)["detail"]
        page = api.client.get("/meters/get-data", params=_ASKED)
        of_reads = [problem(api.get(path), 503)["detail"] for path in ("/meters", "/meters/007/days")]
        sent = api.client.post("/api/v1/meters/uploads", files={"files": ("a", b"x")}, headers=_BEARER)
        for words in (detail, page.text, *of_reads, problem(sent, 503)["detail"]):
            assert "a database cannot be reached or read: the server" in words
            assert "127.0.0.1:1/" not in words
        log = api.log.read_text()
        assert "postgresql://127.0.0.1:1/x cannot be reached (the connection was refused)" in log
        assert "geheim" not in log
        assert (page.status_code, page.headers["content-type"]) == (503, "text/html; charset=utf-8")
