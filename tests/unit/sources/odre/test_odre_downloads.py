import gzip
import io
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import psutil
import pyarrow as pa
import pytest

from tests.unit.sources.odre.odre_server import (
    GAS,
    GAS_FIELDS,
    GAS_ROWS,
    HANG,
    NATIONAL,
    RESET,
    SEPTEMBER,
    Asked,
    Reply,
    Service,
    Trickle,
    answer,
    connected,
    csv,
    facts,
    gas,
    jsonl,
    knobs,
    parquet,
    serving,
    zipped,
)
from watthouse.errors import LakeError, SourceError, UnreachableError
from watthouse.sources import decoder
from watthouse.sources.odre import Download, Facts, FetchWindow, Odre

pytestmark = pytest.mark.usefixtures("quick")

BROKEN_OFF = b"Streaming interrupted due to the following error: it was too much (error_code: SomeError)"
WHOLE = parquet()
FORMS = {"jsonl": jsonl, "csv": csv}


@contextmanager
def fetching(
    service: Service, home: Path, windows: Sequence[FetchWindow] = (SEPTEMBER,), of: Facts | None = None, **more: object
) -> Iterator[Iterator[Download]]:
    with connected(Odre(knobs(service, home, **more))) as odre:
        yield odre.downloads(of or facts(), windows)


def files(home: Path) -> list[Path]:
    """What lies on disk for the service's sake."""
    return [path for path in (home / "scratch" / "odre").rglob("*") if path.is_file()]


def rows(download: Download) -> pa.Table:
    tables = [piece.rows for piece in download.pieces()]
    return pa.concat_tables(tables).sort_by("date") if tables else pa.table({"date": []})


def one(service: Service, home: Path, window: FetchWindow = SEPTEMBER, **more: object) -> tuple[Download, pa.Table]:
    with fetching(service, home, [window], **more) as downloads:
        download = next(downloads)
        return download, rows(download)


def failing(service: Service, home: Path, window: FetchWindow = SEPTEMBER, **more: object) -> str:
    with fetching(service, home, [window], **more) as downloads:
        download = next(downloads)
        with pytest.raises(SourceError) as caught:
            list(download.pieces())
        assert not files(home)
    assert download.error is caught.value
    assert "\n" not in str(caught.value)
    return str(caught.value)


def no_parquet(asked: Asked, form: str = "jsonl", status: int = 404) -> bytes:
    """A service that knows only one text format."""
    return gas(asked) if asked.call in {form, "records", "metadata"} else answer({"message": "no such format"}, status)


def test_a_window_comes_as_a_document(tmp_path: Path) -> None:
    with serving() as service:
        download, table = one(service, tmp_path)
        (asked,) = service.asked
    assert table.column("date").to_pylist() == [date(2026, 9, day) for day in range(1, 31)]
    assert float(table.column("stock_fin_de_journee")[4].as_py()) == 105.25
    assert (download.origin, download.size, download.rows) == (f"{GAS.id}, 2026-09", len(WHOLE), 30)
    assert not download.moved
    assert asked.path.endswith(f"/catalog/datasets/{GAS.id}/exports/parquet")
    assert asked.params == {
        "select": "date,stock_fin_de_journee,source,pits",
        "where": "date >= date'2026-09-01' and date < date'2026-10-01'",
        "timezone": "UTC",
        "use_labels": "false",
    }


def test_the_columns_asked_for_are_those_of_the_catalog_that_the_service_has(tmp_path: Path) -> None:
    fields = {"column_68": "text", "date_heure": "datetime", "consommation": "int", "nature": "text"}
    with serving() as service:
        with fetching(service, tmp_path, of=facts(NATIONAL, fields)) as downloads:
            next(downloads)
        asked = service.asked[0]
    assert asked.params["select"] == "nature,date_heure,consommation"
    assert asked.params["where"] == (
        "date_heure >= date'2026-09-01T00:00:00+00:00' and date_heure < date'2026-10-01T00:00:00+00:00'"
    )


@pytest.mark.parametrize(
    ("since", "until", "where", "called"),
    [
        (None, None, None, "all of it"),
        (datetime(2026, 9, 3, tzinfo=UTC), None, "date >= date'2026-09-03'", "from 2026-09-03"),
        (None, datetime(2026, 9, 3, tzinfo=UTC), "date < date'2026-09-03'", "up to 2026-09-02"),
        (datetime(2026, 8, 31, 22, tzinfo=UTC), None, "date >= date'2026-09-01'", "from 2026-08-31 22:00Z"),
        (None, datetime(2026, 9, 2, 22, tzinfo=UTC), "date < date'2026-09-03'", "up to 2026-09-02 22:00Z"),
        (
            datetime(2026, 8, 1, tzinfo=UTC),
            datetime(2026, 11, 1, tzinfo=UTC),
            "date >= date'2026-08-01' and date < date'2026-11-01'",
            "2026-08 to 2026-10",
        ),
    ],
)
def test_windows_are_put_and_called_by_their_bounds(
    tmp_path: Path, since: datetime | None, until: datetime | None, where: str | None, called: str
) -> None:
    with serving() as service:
        download, _ = one(service, tmp_path, FetchWindow(since, until, None))
        assert service.asked[0].params.get("where") == where
    assert download.origin == f"{GAS.id}, {called}"


def test_windows_come_in_order_and_so_many_at_a_time(tmp_path: Path) -> None:
    lock, now, most, lying = threading.Lock(), [0], [0], [0]
    together = threading.Barrier(3)

    def route(asked: Asked) -> bytes:
        with lock:
            now[0] += 1
            most[0] = max(most[0], now[0])
        day = int(asked.params["where"].split("'")[1][-2:])
        if day <= 3:
            together.wait(30)
        time.sleep(0.03 * (day % 3))
        with lock:
            now[0] -= 1
        return answer(parquet(GAS_ROWS.filter(pl.col("date") == date(2026, 9, day))))

    days = [datetime(2026, 9, day, tzinfo=UTC) for day in range(1, 13)]
    windows = [FetchWindow(day, day.replace(day=day.day + 1), 1) for day in days]
    seen = []
    with serving(route) as service, fetching(service, tmp_path, windows, fetch_threads=3) as downloads:
        for download in downloads:
            lying[0] = max(lying[0], len(files(tmp_path)))
            time.sleep(0.02)
            seen += rows(download).column("date").to_pylist()
        assert not files(tmp_path)
    assert seen == [day.date() for day in days]
    assert most[0] == 3
    assert lying[0] <= 4


def test_leaving_early_leaves_no_files(tmp_path: Path) -> None:
    with serving() as service, Odre(knobs(service, tmp_path, fetch_threads=4)) as odre:
        for download in odre.downloads(facts(), [SEPTEMBER] * 9):
            download.close()
            break
        deadline = time.monotonic() + 3
        while files(tmp_path) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not files(tmp_path)
    assert not list((tmp_path / "scratch" / "odre").iterdir())


def test_the_end_does_not_wait_for_what_hangs(tmp_path: Path) -> None:
    windows = [SEPTEMBER, replace(SEPTEMBER, until=None), replace(SEPTEMBER, until=None)]
    with serving(lambda asked: gas(asked) if "2026-10" in asked.params["where"] else HANG) as service:
        began = time.monotonic()
        with fetching(service, tmp_path, windows, timeout_seconds=60, fetch_threads=3) as downloads:
            next(downloads)
        assert time.monotonic() - began < 2


def test_where_nothing_is_fetched_no_process_is_started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[object] = []
    monkeypatch.setattr(decoder, "_idle", started)
    with serving() as service, fetching(service, tmp_path, []) as downloads:
        assert list(downloads) == []
    assert started == []


def test_what_an_earlier_session_left_is_cleared_away(tmp_path: Path) -> None:
    left = tmp_path / "scratch" / "odre" / "left-over"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"x")
    with serving() as service:
        one(service, tmp_path)
    assert not left.exists()


def test_a_download_of_a_session_that_has_ended_touches_no_file_of_the_next(tmp_path: Path) -> None:
    released = threading.Event()

    def route(asked: Asked) -> Reply:
        released.wait(10)
        return answer(b"", 500)

    with serving(route) as silent, connected(Odre(knobs(silent, tmp_path, attempts=1, fetch_threads=2))) as one_session:
        begun = one_session.downloads(facts(), [SEPTEMBER] * 2)
        threading.Thread(target=lambda: next(begun, None), daemon=True).start()
        deadline = time.monotonic() + 5
        while len(silent.asked) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
    with serving() as service, fetching(service, tmp_path) as downloads:
        download = next(downloads)
        released.set()
        time.sleep(0.3)
        assert rows(download).num_rows == 30


def test_closing_removes_the_file(tmp_path: Path) -> None:
    with serving() as service, fetching(service, tmp_path) as downloads:
        download = next(downloads)
        assert download.path.exists()
        with download:
            pass
        assert not download.path.exists()
        download.close()


CUT_CHUNKED = answer(WHOLE[:900], content_length="", transfer_encoding="chunked").replace(
    b"\r\n\r\nPAR1", b"\r\n\r\n384\r\nPAR1"
)
TROUBLES: dict[str, Reply] = {
    "reset": RESET,
    "closed without a word": b"",
    "closed in the head": answer(WHOLE)[:30],
    "cut short of its length": answer(WHOLE)[:-100],
    "cut in the middle of a chunk": CUT_CHUNKED,
    "cut where only the file can tell": answer(WHOLE[:-100]),
    "cut at the start": answer(WHOLE[:4]),
    "no http": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "hang": HANG,
    "500": answer("<html>", 500),
    "502": answer("", 502),
    "503": answer("", 503, retry_after="0"),
    "504": answer("", 504),
    "429": answer({"error": "slow down"}, 429),
    "408": answer("", 408),
    "web page": answer("<!doctype html><title>Log in</title>"),
    "error under a 200": answer({"message": "no", "error_code": "X"}),
    "nothing under a 200": answer(b""),
    "interrupted": answer(WHOLE[:2000] + BROKEN_OFF + b"\n"),
    "spoilt footer": answer(WHOLE[:-60] + b"\xff" * 52 + WHOLE[-8:]),
    "fewer rows": answer(parquet(GAS_ROWS.head(29))),
    "gzip that is none": answer(WHOLE, content_encoding="gzip"),
    "gzip that is cut": answer(gzip.compress(WHOLE)[:-40], content_encoding="gzip"),
    "packed as nobody asked": answer(WHOLE, content_encoding="br"),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_a_window_that_did_not_come_whole_is_fetched_again(tmp_path: Path, trouble: str) -> None:
    with serving(parquet=[TROUBLES[trouble]] * 2) as service:
        with connected(Odre(knobs(service, tmp_path, timeout_seconds=0.5))) as odre:
            download = next(odre.downloads(facts(), [SEPTEMBER]))
            assert rows(download).num_rows == 30
            assert not download.moved
            assert odre.usage.retries == 2
        assert service.calls().count("parquet") == 3


SAID = {
    "reset": "broke the connection off",
    "cut short of its length": "broke the connection off",
    "cut in the middle of a chunk": "broke the connection off",
    "cut where only the file can tell": "broke off in the middle of a Parquet file",
    "hang": "sent nothing for 0.3 s",
    "500": "answered 500 (a web page)",
    "web page": "answered with a web page 'Log in' under a 200, tried 2 times: a proxy or a login page may",
    "error under a 200": "answered with an error under a 200 (X: no)",
    "nothing under a 200": "answered with nothing under a 200",
    "fewer rows": "sent 29 of the 30 rows it says it has",
    "gzip that is cut": "broke off in the middle of a gzip stream",
    "packed as nobody asked": "answered with br, an encoding it was not asked for",
}


@pytest.mark.parametrize("trouble", SAID)
def test_a_window_that_never_comes_whole_says_why_and_the_others_go_on(tmp_path: Path, trouble: str) -> None:
    def route(asked: Asked) -> Reply:
        return TROUBLES[trouble] if asked.call == "parquet" and "2026-09" in asked.params["where"] else gas(asked)

    august = FetchWindow(datetime(2026, 8, 1, tzinfo=UTC), datetime(2026, 8, 2, tzinfo=UTC), None)
    windows = [august, SEPTEMBER, august]
    with (
        serving(route) as service,
        fetching(service, tmp_path, windows, attempts=2, timeout_seconds=0.3) as downloads,
    ):
        first, second, third = (_outcome(download) for download in downloads)
    assert (first, third) == (30, 30)
    assert str(second).startswith(f"{GAS.id}, 2026-09: 127.0.0.1:")
    assert SAID[trouble] in str(second)
    assert "tried 2 times: " in str(second)


def _outcome(download: Download) -> int | str:
    try:
        return rows(download).num_rows
    except SourceError as error:
        return str(error)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("status", [400, 404, 406, 415, 501])
def test_where_parquet_is_refused_text_is_fetched_and_that_is_remembered(
    tmp_path: Path, form: str, status: int
) -> None:
    route = lambda asked: no_parquet(asked, form, status)  # noqa: E731
    with serving(route) as service, fetching(service, tmp_path, [SEPTEMBER] * 4, fetch_threads=1) as downloads:
        tables = [rows(download) for download in downloads]
    assert [table.num_rows for table in tables] == [30] * 4
    assert float(tables[0].column("stock_fin_de_journee")[4].as_py()) == 105.25
    assert service.calls().count("parquet") <= 2  # a second window was under way before the first was answered
    assert service.calls().count(form) == 4


def test_csv_is_asked_for_with_its_delimiter(tmp_path: Path) -> None:
    with serving(lambda asked: no_parquet(asked, "csv")) as service:
        one(service, tmp_path)
    assert service.asked[-1].params["delimiter"] == ";"


def test_where_every_format_is_refused_the_first_refusal_is_told(tmp_path: Path) -> None:
    def route(asked: Asked) -> bytes:
        said = "Unknown field: x" if asked.call == "parquet" else "no such format"
        return answer({"error_code": "ODSQLError", "message": f"ODSQL query is malformed: {said}"}, 400)

    with serving(route) as service:
        assert "answered 400 (ODSQLError: ODSQL query is malformed: Unknown field: x)" in failing(service, tmp_path)
        assert service.calls() == ["parquet", "jsonl", "csv"]


def test_what_is_forbidden_is_asked_once(tmp_path: Path) -> None:
    with serving(lambda _: answer({"error_code": "ForbiddenAccess"}, 403)) as service:
        assert "answered 403 (ForbiddenAccess)" in failing(service, tmp_path)
        assert service.calls() == ["parquet"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda body: body[:500] + BROKEN_OFF + b"\n", "interrupted the export (Streaming interrupted"),
        (lambda body: body + BROKEN_OFF, "interrupted the export (Streaming interrupted"),
        (lambda body: body[:-9], "broke off in the middle of a line"),
        (lambda _: b"<html>", "a web page under a 200"),
        (lambda _: b'{"error_code": "X"}\n', "an error under a 200 (X)"),
        (lambda _: b"something\n", "something else under a 200 ('something')"),
        (lambda body: body[:300] + b"\0" * 9 + body[300:], "binary bytes"),
    ],
)
def test_text_that_is_not_whole_is_fetched_again_and_then_told(
    tmp_path: Path, form: str, spoil: object, said: str
) -> None:
    spoilt = answer(spoil(FORMS[form]()))  # type: ignore[operator]
    route = lambda asked: no_parquet(asked, form)  # noqa: E731
    with serving(route, **{form: [spoilt] * 3}) as service:
        assert one(service, tmp_path)[1].num_rows == 30
    always = lambda asked: spoilt if asked.call == form else no_parquet(asked, form)  # noqa: E731
    with serving(always) as service:
        assert said in failing(service, tmp_path, attempts=2)


@pytest.mark.parametrize("form", FORMS)
def test_text_comes_gzipped_and_its_bytes_are_counted_as_they_came(tmp_path: Path, form: str) -> None:
    body = FORMS[form]()
    packed = zipped(body)
    route = lambda asked: packed if asked.call == form else no_parquet(asked, form)  # noqa: E731
    with serving(route) as service, Odre(knobs(service, tmp_path)) as odre:
        download = next(odre.downloads(facts(), [SEPTEMBER]))
        assert rows(download).num_rows == 30
        refusals = len(b'{"message": "no such format"}') * (odre.usage.requests - 1)
        assert odre.usage.bytes == len(packed.split(b"\r\n\r\n", 1)[1]) + refusals
        assert download.size == len(body)


def test_json_lines_whose_last_line_is_not_ended_are_whole(tmp_path: Path) -> None:
    route = lambda asked: answer(jsonl().rstrip(b"\n")) if asked.call == "jsonl" else no_parquet(asked)  # noqa: E731
    with serving(route) as service:
        download, table = one(service, tmp_path)
    assert (download.rows, table.num_rows) == (30, 30)


EMPTY = {"parquet": parquet(GAS_ROWS.head(0)), "jsonl": b"", "csv": csv(GAS_ROWS.head(0))}


@pytest.mark.parametrize("form", EMPTY)
@pytest.mark.parametrize("announced", [0, None])
def test_a_window_without_rows_yields_nothing(tmp_path: Path, form: str, announced: int | None) -> None:
    def route(asked: Asked) -> bytes:
        if asked.call == "records":
            return answer({"total_count": 0, "results": []})
        return answer(EMPTY[form]) if asked.call == form else answer("", 404)

    with serving(route) as service:
        download, table = one(service, tmp_path, replace(SEPTEMBER, rows=announced))
    assert (download.rows, table.num_rows, download.moved, download.error) == (0, 0, False, None)


@pytest.mark.parametrize("form", EMPTY)
def test_a_window_without_rows_is_not_believed_where_the_service_counts_some(tmp_path: Path, form: str) -> None:
    def route(asked: Asked) -> bytes:
        return answer(EMPTY[form]) if asked.call == form else no_parquet(asked, form)

    with serving(route) as service:
        said = failing(service, tmp_path, replace(SEPTEMBER, rows=None), attempts=2)
    assert "sent 0 of the 30 rows it says it has" in said


def test_a_window_that_nobody_counted_is_counted_first_and_held_to_it(tmp_path: Path) -> None:
    short = answer(parquet(GAS_ROWS.head(20)))
    with serving(parquet=[short]) as service:
        download, table = one(service, tmp_path, replace(SEPTEMBER, rows=None))
        assert service.calls() == ["records", "parquet", "records", "parquet"]
    assert (table.num_rows, download.moved) == (30, False)
    with serving(parquet=[short] * 2) as service:
        said = failing(service, tmp_path, replace(SEPTEMBER, rows=None), attempts=2)
    assert "sent 20 of the 30 rows it says it has" in said


@pytest.mark.parametrize("said", [None, "many", -1])
def test_a_count_that_is_none_is_not_believed(tmp_path: Path, said: object) -> None:
    with serving(records=[answer({"total_count": said})] * 2) as service:
        assert "counted its rows as" in failing(service, tmp_path, replace(SEPTEMBER, rows=None), attempts=2)
        assert service.calls() == ["records", "records"]


def test_fewer_rows_than_announced_are_kept_where_the_service_says_so_too(tmp_path: Path) -> None:
    with serving() as service:
        download, table = one(service, tmp_path, replace(SEPTEMBER, rows=31))
        asked = service.asked[-1]
    assert (table.num_rows, download.moved) == (30, True)
    assert service.calls() == ["parquet", "records"]
    assert asked.params == {"where": "date >= date'2026-09-01' and date < date'2026-10-01'", "limit": "1"}


def test_more_rows_than_announced_are_welcome(tmp_path: Path) -> None:
    with serving() as service:
        download, table = one(service, tmp_path, replace(SEPTEMBER, rows=29))
    assert (table.num_rows, download.moved) == (30, False)
    assert service.calls() == ["parquet"]


def test_a_window_over_the_cap_is_given_up_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    with serving() as service:
        said = failing(service, tmp_path, max_file_bytes=len(WHOLE) - 1)
        assert len(service.asked) == 1
    assert "WATTHOUSE_MAX_FILE_BYTES" in said
    assert "WATTHOUSE_WINDOW_ROWS" in said


def test_a_stream_of_many_times_its_size_is_cut_at_the_cap_in_little_memory(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with gzip.open(packed, "wb") as file:
        for _ in range(400):
            file.write(b"\0" * 2**20)
    bomb = answer(packed.getvalue(), content_encoding="gzip")
    before, peak = psutil.Process().memory_info().rss, [0]
    stop = threading.Event()

    def watch() -> None:
        while not stop.wait(0.005):
            peak[0] = max(peak[0], psutil.Process().memory_info().rss)

    threading.Thread(target=watch, daemon=True).start()
    with serving(lambda _: bomb) as service:
        assert "over 314,572,800 bytes" in failing(service, tmp_path, max_file_bytes=300 * 2**20)
    stop.set()
    assert peak[0] - before < 60 * 2**20


def test_a_stream_that_only_trickles_is_given_up(tmp_path: Path) -> None:
    with serving(lambda _: Trickle(answer(WHOLE))) as service:
        began = time.monotonic()
        assert "sent only" in failing(service, tmp_path, attempts=1, timeout_seconds=0.5)
        assert time.monotonic() - began < 3


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "scratch").write_text("a file where the folder should be")
    with serving() as service, fetching(service, tmp_path) as downloads, pytest.raises(LakeError, match="free some"):
        next(downloads)


def test_a_service_that_hangs_on_everything_is_left_after_three_windows(tmp_path: Path) -> None:
    with (
        serving(lambda _: HANG) as service,
        connected(Odre(knobs(service, tmp_path, attempts=2, timeout_seconds=0.2, fetch_threads=1))) as odre,
    ):
        outcomes = odre.downloads(facts(), [SEPTEMBER] * 20)
        assert "sent nothing" in str(_outcome(next(outcomes)))
        assert "sent nothing" in str(_outcome(next(outcomes)))
        with pytest.raises(UnreachableError, match="3 requests in a row"):
            next(outcomes)
    assert len(service.asked) <= 7


def test_windows_that_fail_among_others_that_come_do_not_end_it(tmp_path: Path) -> None:
    august = replace(SEPTEMBER, since=datetime(2026, 8, 1, tzinfo=UTC))
    with (
        serving(lambda asked: gas(asked) if "2026-08" in asked.params["where"] else answer("", 500)) as service,
        fetching(service, tmp_path, [SEPTEMBER, august] * 5, fetch_threads=1, attempts=1) as downloads,
    ):
        outcomes = [_outcome(download) for download in downloads]
    assert outcomes[1::2] == [30] * 5
    assert all("answered 500" in str(outcome) for outcome in outcomes[::2])


def test_a_download_reads_the_same_in_every_format(tmp_path: Path) -> None:
    tables = []
    for form in ("parquet", "jsonl", "csv"):
        with serving(lambda asked, form=form: no_parquet(asked, form)) as service:
            tables.append(one(service, tmp_path, of=facts(GAS, GAS_FIELDS))[1])
    assert tables[0].num_rows == 30
    assert tables[0].equals(tables[1])
    assert tables[0].equals(tables[2])
