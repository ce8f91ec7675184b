"""Meter files that are sent to the API: loaded as those of a folder are, capped, and for whoever has the token."""

import io
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.integration.meter_store import MeterStore
from tests.integration.serving import TOKEN, Api, problem, served
from tests.unit.meters.reading import LP, lp, text

pytestmark = pytest.mark.slow

_PATH = "/api/v1/meters/uploads"
_TOO_MANY = "more readings and bad lines than may be uploaded at a time: split it"
_BEARER = {"authorization": f"Bearer {TOKEN}"}


def _send(api: Api, *files: tuple[str, bytes], field: str = "files") -> httpx.Response:
    return api.client.post(_PATH, files=[(field, file) for file in files], headers=_BEARER)


def _lp(*values: float, meter: str = "00210") -> bytes:
    return text(LP, *(lp(f"01/09/2015 {hour:02}:00:00", one, meter=meter) for hour, one in enumerate(values))).encode()


def _zip(**members: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_files_and_zips_that_are_sent_are_loaded_each_whole_or_not_at_all(meters: MeterStore, tmp_path: Path) -> None:
    with served(meters.home, tmp_path, sample=False, WATTHOUSE_API_TOKEN=TOKEN, **meters.variables) as api:
        packed = _zip(**{"LP_2.csv": _lp(5, meter="007"), "note.txt": b"nothing"})
        done = _send(api, ("LP_1.csv", _lp(1, 2, 3)), ("some.zip", packed), ("empty.csv", b""))
        assert done.status_code == 200, done.text
        report = done.json()
        assert {name: one["readings"] for name, one in report["loaded"].items()} == {
            "uploads/LP_1.csv": 3,
            "uploads/some.zip › LP_2.csv": 1,
        }
        assert report["refused"] == {"uploads/empty.csv": "is empty: export it again"}
        assert list(report["left"]) == ["uploads/some.zip › note.txt"]
        assert _send(api, ("LP_1.csv", _lp(1, 2, 3))).json()["unchanged"] == ["uploads/LP_1.csv"]
        corrected = _send(api, (r"C:\files\LP_1.csv", _lp(1, 9)))
        assert corrected.json()["loaded"]["uploads/LP_1.csv"]["readings"] == 2
        assert [(row[0], row[3]) for row in meters.values()] == [("00210", 1), ("00210", 9), ("007", 5)]
        assert meters.query("select distinct name from meter_files order by name") == [
            ("uploads/LP_1.csv",),
            ("uploads/some.zip/LP_2.csv",),
        ]


def test_what_is_too_large_or_no_form_is_refused_and_nothing_of_it_is_kept(meters: MeterStore, tmp_path: Path) -> None:
    caps = {"WATTHOUSE_METER_UPLOAD_BYTES": "40000", "WATTHOUSE_METER_UPLOAD_ROWS": "20", "WATTHOUSE_MAX_RATIO": "50"}
    variables = {**meters.variables, **caps, "WATTHOUSE_API_TOKEN": TOKEN}
    with served(meters.home, tmp_path, sample=False, **variables) as api:
        post = api.client.post
        problem(post(_PATH, files=[("files", ("a", b"x"))]), 401, "Authorization")
        problem(_send(api, ("LP_1.csv", b"x" * 50_000)), 413)
        problem(post(_PATH, content=b"x", headers=_BEARER), 415)
        cut = {**_BEARER, "content-type": "multipart/form-data; boundary=x"}
        problem(post(_PATH, content=b"--x\r\nnothing", headers=cut), 422, "files")
        problem(post(_PATH, data={"files": "text"}, files=[("other", ("a", b"x"))], headers=_BEARER), 422, "files")
        problem(_send(api, ("LP_1.csv", _lp(1)), field="file"), 422, "file")
        problem(_send(api, ("LP_1.csv", _lp(1)), ("x/LP_1.csv", _lp(2))), 422, "files")
        for name in ("..", ".csv", "a\u202eb.csv", "x" * 300):
            problem(_send(api, (name, _lp(1))), 422, "files")
        rows = _send(api, ("LP_1.csv", _lp(*range(12))), ("LP_2.csv", _lp(*range(12), meter="007"))).json()
        assert rows["refused"] == {"uploads/LP_2.csv": _TOO_MANY}
        bad = _send(api, ("LP_5.csv", _lp(1) + b"cut\n" * 25)).json()
        assert bad["refused"] == {"uploads/LP_5.csv": _TOO_MANY}
        bomb = _send(api, ("bomb.zip", _zip(**{"LP_3.csv": _lp(1) + b"\n" * 10_000_000}))).json()
        assert "as a zip bomb does" in bomb["refused"]["uploads/bomb.zip"]
        escaping = _send(api, ("some.zip", _zip(**{"../../LP_4.csv": _lp(1)}))).json()
        assert "do not trust this archive" in escaping["refused"]["uploads/some.zip"]
        assert {row[0] for row in meters.values()} == {"00210"}
        assert meters.count("meter_files") == 1


def test_a_server_without_a_token_takes_no_file(meters: MeterStore, tmp_path: Path) -> None:
    with served(meters.home, tmp_path, sample=False, **meters.variables) as api:
        problem(_send(api, ("LP_1.csv", _lp(1))), 403)
