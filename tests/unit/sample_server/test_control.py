"""The sample is steered from outside: its clock, its troubles, its counters."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from watthouse.sample.server import Sample

NATIONAL = "eco2mix-national-tr"


def test_the_state_is_told(client: httpx.Client, control: httpx.Client) -> None:
    body = client.get(f"{NATIONAL}/exports/csv", headers={"accept-encoding": "identity"}).content
    client.get(f"{NATIONAL}/records")
    client.get(f"{NATIONAL}/records")
    state = control.get("/sample").json()
    counters = {(line["dataset"], line["call"]): (line["requests"], line["bytes"]) for line in state.pop("counters")}
    assert counters[NATIONAL, "exports/csv"] == (1, len(body))
    assert counters[NATIONAL, "records"][0] == 2
    assert state == {"now": "2026-09-03T12:30:00+00:00", "seed": 7, "since": "2026-08-28", "troubles": ""}


def test_the_clock_moves(client: httpx.Client, control: httpx.Client) -> None:
    moved = control.post("/sample/clock", json={"now": "2027-01-01T01:00:00+01:00"})
    assert moved.json()["now"] == "2027-01-01T00:00:00+00:00"
    assert client.get(NATIONAL).json()["metas"]["default"]["data_processed"] == "2027-01-01T00:17:00+00:00"
    control.post("/sample/clock", json={"now": None})
    now = datetime.fromisoformat(control.get("/sample").json()["now"])
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=5)


def test_troubles_are_set_while_it_runs(client: httpx.Client, control: httpx.Client) -> None:
    assert control.post("/sample/trouble", json={"troubles": "500:2"}).json()["troubles"] == "500:2"
    assert [client.get(NATIONAL).status_code for _ in range(3)] == [200, 500, 200]
    control.post("/sample/trouble", json={"troubles": ""})
    assert [client.get(NATIONAL).status_code for _ in range(3)] == [200, 200, 200]


def test_a_reset_starts_every_count_again(client: httpx.Client, control: httpx.Client) -> None:
    control.post("/sample/trouble", json={"troubles": "500:2"})
    client.get(NATIONAL)
    assert control.post("/sample/reset").json()["counters"] == []
    again = client.get(NATIONAL)
    assert again.status_code == 200
    assert again.headers["x-ratelimit-dataset-remaining"] == "49999"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", b""),
        ("clock", b"noon"),
        ("clock", b"[]"),
        ("clock", b"{}"),
        ("clock", b'{"now": "noon"}'),
        ("clock", b'{"now": 5}'),
        ("clock", b'{"now": ""}'),
        ("clock", b'{"now": "0001-01-01T00:00:00+12:00"}'),
        ("clock", b"\xff"),
        ("trouble", b"{}"),
        ("trouble", b'{"troubles": 5}'),
        ("trouble", b'{"troubles": "gremlins"}'),
        ("trouble", b"["),
    ],
)
def test_a_bad_body_is_refused_in_one_line_and_changes_nothing(
    sample: Sample, control: httpx.Client, path: str, body: bytes
) -> None:
    before = control.get("/sample").json()
    response = control.post(f"/sample/{path}", content=body)
    assert response.status_code == 400
    assert response.json()["error"].count("\n") == 0
    assert control.get("/sample").json() == before
