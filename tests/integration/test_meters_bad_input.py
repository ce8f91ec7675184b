"""Bad meter files, kills, databases that go away: one clear line, and nothing is lost."""

import resource
import signal
import subprocess
import time
import zipfile
from pathlib import Path

import pytest

from tests.integration.meter_store import MeterStore
from tests.killing import at
from tests.servers import up
from tests.support import command, environment
from tests.unit.meters.reading import LP, TOU, lp, text, write
from tools.services import SERVERS, Services
from tools.services.base import ServiceFailedError
from watthouse.meters.reading import Reading

pytestmark = pytest.mark.slow

GOOD = lp("31/08/2015 00:45:00", 1)
_SECRET = "geheim-0815"


def _line(done: "subprocess.CompletedProcess[str]", code: int) -> str:
    """The one line of a refusal."""
    assert done.returncode == code, done.stderr + done.stdout
    (line,) = done.stderr.splitlines()
    return line


_WHOLE_FILES = {
    "empty file": (b"", "is empty: export it again"),
    "header only": (text(LP).encode(), "has no reading (nothing follows its header)"),
    "only bad lines": (text(LP, "x", "y").encode(), "has no reading (line 2: cut off: 1 of 8 fields)"),
    "two layouts": (text(LP, GOOD, TOU, GOOD).encode(), "holds two layouts, lp and from line 3 tou: split it"),
    "binary": (text(LP, GOOD).encode() + b"\0", "contains binary bytes: export it again, as text"),
    "no meter file": (b"a,b\n1,2\n", "begins with no header of a meter file that watthouse knows"),
    "cut gzip": (b"\x1f\x8b\x08\x00", "truncated or damaged"),
}


def test_files_that_cannot_be_used_are_refused_in_a_line_each(filled: MeterStore, tmp_path: Path) -> None:
    before, paths = filled.held(), {}
    for case, (content, _) in _WHOLE_FILES.items():
        paths[case] = tmp_path / f"{case}.csv"
        paths[case].write_bytes(content)
    done = filled.run("load", *paths.values())
    assert done.returncode == 1
    assert done.stdout.partition(":")[0] == f"0 loaded, 0 unchanged, {len(paths)} refused"
    lines = done.stderr.splitlines()
    assert len(lines) == len(paths)
    for case, (_, why) in _WHOLE_FILES.items():
        (line,) = [line for line in lines if line.startswith(f"refused  {paths[case]}: ")]
        assert why in line
    assert filled.held() == before


def test_bad_lines_are_kept_with_file_line_and_reason_and_the_others_count(filled: MeterStore, tmp_path: Path) -> None:
    lines = [
        lp("01/09/2015 00:00:00", 1),
        lp("01/09/0015 00:00:00"),
        lp("01/09/2115 00:00:00"),
        lp("32/01/2015 00:00:00"),
        lp("01/09/2015 00:15:00", -1),
        lp("01/09/2015 00:30:00", "1e300"),
        lp("01/09/2015 00:45:00", "1,5"),
        lp("01/09/2015 01:00:00", 2, meter="000017"),
        lp("01/09/2015 01:15:00", 4)[:30],
    ]
    path = tmp_path / "bad.csv"
    path.write_bytes("\r\n".join([LP, *lines]).encode())
    done = filled.run("load", path)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"{path}: 2 readings (lp), 7 rejected" in done.stdout
    rejects = filled.query(
        "select f.name, r.line, r.reason, r.text from meter_rejects r join meter_files f on f.id = r.file_id"
        " order by r.line"
    )
    assert [(name, line, rejected) for name, line, _, rejected in rejects] == [
        (str(path), line, lines[line - 2]) for line in (3, 4, 5, 6, 7, 8, 10)
    ]
    reasons = [reason for _, _, reason, _ in rejects]
    for reason, words in zip(
        reasons,
        ["out of range", "out of range", "not a date", "too low", "too high", "too long: 9 of 8", "cut off: 4 of 8"],
        strict=True,
    ):
        assert words in reason
    assert ("000017", "2015-09-01 01:00:00", "Import Wh Total", 2) in filled.values()
    assert filled.count("energy_data") == 4


def test_text_that_is_not_utf8_and_html_and_sql_in_fields_are_kept_as_they_are(
    meters: MeterStore, tmp_path: Path
) -> None:
    odd = ["Énergie", "'; drop table energy_data; --", "<script>alert(1)</script>", "\u20ac\u0152", "a\\b\tc", "\\N"]
    path = tmp_path / "odd.csv"
    path.write_bytes(
        text(LP, *(lp("01/09/2015 00:00:00", at, kind=kind) for at, kind in enumerate(odd))).encode("cp1252")
    )
    meters.load(path)
    assert sorted(meters.query("select data_type, energy from energy_data"), key=lambda row: row[1]) == [
        (kind, at) for at, kind in enumerate(odd)
    ]


def test_a_directory_named_like_a_file_is_a_directory(filled: MeterStore, tmp_path: Path) -> None:
    folder = tmp_path / "LP_1.csv"
    folder.mkdir()
    before = filled.held()
    done = filled.run("load", folder)
    assert (done.returncode, done.stdout.splitlines()[-1].partition(":")[0]) == (0, "0 loaded, 0 unchanged, 0 refused")
    assert filled.held() == before
    write(folder / "LP_2.csv", LP, lp("01/09/2015 00:00:00", 1))
    write(folder / "readme.txt", "not a meter file")
    done = filled.run("load", folder)
    assert done.returncode == 0
    assert "left     LP_1.csv/readme.txt: begins with no header of a meter file that watthouse knows" in done.stdout
    assert filled.count("energy_data") == 3
    assert "there is no such file or folder" in _line(filled.run("load", tmp_path / "nothing"), 2)


def test_zips_that_mean_harm_are_refused_and_others_read(filled: MeterStore, tmp_path: Path) -> None:
    before = filled.held()
    bomb, climber, good = (tmp_path / f"{name}.zip" for name in ("bomb", "climber", "good"))
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("LP_1.csv", "w") as member:
        member.write(text(LP).encode())
        for _ in range(64):
            member.write(text(*[GOOD] * 4000).encode())
    with zipfile.ZipFile(climber, "w") as archive:
        archive.writestr("fine.csv", text(LP, lp("01/09/2015 00:00:00", 1)))
        archive.writestr("../../climbed.csv", text(LP, lp("01/09/2015 00:15:00", 1)))
    with zipfile.ZipFile(good, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("in/LP_1.csv", text(LP, lp("01/09/2015 00:30:00", 7)))
    assert "unpacks to over 200 times its size, as a zip bomb does" in _line(filled.run("load", bomb), 1)
    assert "'../../climbed.csv' would lie outside of the folder" in _line(filled.run("load", climber), 1)
    assert not list(tmp_path.parent.rglob("climbed.csv"))
    assert filled.held() == before
    done = filled.run("load", good)
    assert f"{good} › in/LP_1.csv: 1 reading (lp), 0 rejected" in done.stdout
    assert filled.count("energy_data") == 3


def test_a_file_that_fails_late_leaves_nothing_of_itself(filled: MeterStore, tmp_path: Path) -> None:
    before = filled.held()
    lines = [lp(f"01/{1 + at // 28 % 12:02}/{2016 + at // 336} 00:00:00", at) for at in range(0, 3000, 28)]
    good = write(tmp_path / "late.csv", LP, *lines)
    good.write_bytes(good.read_bytes() * 1 + b"\0")
    assert "contains binary bytes" in _line(filled.run("load", good), 1)
    assert filled.held() == before
    assert filled.count("meter_files") == 1
    # of a correction too: what is held stays
    path = tmp_path / "before.csv"
    path.write_bytes(text(LP, lp("31/08/2015 00:45:00", 9), TOU).encode())
    assert "holds two layouts" in _line(filled.run("load", path), 1)
    assert filled.held() == before


def test_a_file_that_is_changed_while_it_is_read_is_not_loaded(
    filled: MeterStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, path = filled.held(), tmp_path / "growing.csv"
    lines = [LP, lp("01/09/2015 00:00:00", 1)]

    def copied(self: Reading, *_: object) -> None:
        begin(self, *_)
        write(path, *lines, lp("01/09/2015 00:15:00", 1))

    begin = Reading.__init__
    monkeypatch.setattr(Reading, "__init__", copied)
    report = filled.load(write(path, *lines))
    assert report.refused == {str(path): "was changed while it was read: load it again"}
    assert filled.held() == before


_POINTS = [
    "before:watthouse.meters.storage.precedence:withdraw",
    "after:watthouse.meters.storage.precedence:withdraw",
    "after:watthouse.meters.storage.bulk:insert",
    "before:watthouse.meters.storage.day_view:TouchedDays.refresh",
    "after:watthouse.meters.storage.day_view:TouchedDays.refresh",
]


@pytest.mark.parametrize("point", _POINTS)
def test_a_load_that_is_killed_leaves_what_was_there_and_the_next_one_ends_it(
    filled: MeterStore, tmp_path: Path, point: str
) -> None:
    before = filled.held()
    path = write(tmp_path / "before.csv", LP, lp("31/08/2015 00:45:00", 9), lp("01/09/2015 00:00:00", 9))
    when, _, where = point.partition(":")
    killed = filled.run("load", path, env=at(when, where))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert filled.held() == before
    done = filled.run("load", path)
    assert done.returncode == 0, done.stderr
    assert [row[3] for row in filled.values()] == [9, 9]
    assert [row[3:] for row in filled.view()] == [("2015-08-31", 9, 9, 9), ("2015-09-01", 9, 9, 9)]


@pytest.fixture
def postgres(own_servers: Services) -> str:
    """The URL of a server that this test may kill."""
    server = SERVERS["warehouse-db"]
    return server.url(up(own_servers, server.name))


def test_postgresql_that_goes_away_in_the_middle(own_servers: Services, postgres: str, tmp_path: Path) -> None:
    meters = MeterStore(tmp_path / "home", postgres)
    before_file = write(tmp_path / "before.csv", LP, GOOD)
    meters.load(before_file)
    before = meters.held()
    postmaster = up(own_servers, "warehouse-db").pid
    path = write(tmp_path / "more.csv", LP, lp("01/09/2015 00:00:00", 1))
    line = _line(
        meters.run("load", path, env=at("before", "watthouse.meters.storage.precedence:any_held", postmaster)), 1
    )
    assert line.startswith("watthouse: postgresql://127.0.0.1:")
    assert line.endswith(
        "went away: files that were loaded stay, nothing of the one under way does; run again for the rest"
    )
    own_servers.down("warehouse-db", signal.SIGKILL)
    line = _line(meters.run("load", path), 1)
    assert "cannot be reached (the connection was refused): check that it runs, and the URL" in line
    _again(own_servers)
    assert meters.held() == before
    assert meters.run("load", path).returncode == 0
    assert len(meters.values()) == 2


def _again(services: Services) -> None:
    # the processes of the one that was killed still hold its memory for a moment
    for attempt in range(20):
        try:
            services.again(SERVERS["warehouse-db"])
        except ServiceFailedError:
            if attempt == 19:
                raise
            time.sleep(0.5)
        else:
            return


def test_a_disk_that_fills_up_in_the_middle(tmp_path: Path) -> None:
    meters = MeterStore(tmp_path / "home")
    meters.load(write(tmp_path / "before.csv", LP, GOOD))
    before = meters.held()
    lines = [lp(f"01/09/2015 {at // 60 % 24:02}:{at % 60:02}:00", at, meter=str(at // 1440)) for at in range(20_000)]
    path = write(tmp_path / "more.csv", LP, *lines)
    done = subprocess.run(
        command("meters", "load", path),
        env=environment(meters.home),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20)),
        capture_output=True,
        text=True,
        check=False,
    )
    line = _line(done, 1)
    assert line.startswith(f"watthouse: {meters.home}/meters.sqlite ")
    assert "disk" in line
    assert meters.held() == before
    assert meters.run("load", path).returncode == 0
    assert meters.count("energy_data") == 20_001


def test_a_database_that_cannot_be_used_is_one_line_without_a_password(tmp_path: Path, database: str) -> None:
    path = write(tmp_path / "a.csv", LP, GOOD)
    server = database.rpartition("@")[2]
    cases = {
        f"postgresql://watthouse:{_SECRET}@{server}": "password authentication failed",
        f"postgresql://watthouse:{_SECRET}@127.0.0.1:1/x": "cannot be reached (the connection was refused)",
        f"postgresql+psycopg2://u:{_SECRET}@nowhere.invalid/x": "(its name cannot be resolved)",
    }
    for url, words in cases.items():
        line = _line(MeterStore(tmp_path / "home", url).run("load", path), 1)
        assert words in line
        assert _SECRET not in line


def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", LP, GOOD)
    home = tmp_path / "home"
    home.mkdir()
    other = home / "meters.sqlite"
    other.write_bytes(b"no database at all, but long enough to be read as one" * 40)
    before = other.read_bytes()
    assert "is no SQLite database: name another file in WATTHOUSE_METER_DB" in _line(
        MeterStore(home).run("load", path), 1
    )
    assert other.read_bytes() == before
    folder = MeterStore(tmp_path / "other", f"sqlite:///{tmp_path}")
    assert "cannot be opened: check that its folder exists and is yours" in _line(folder.run("load", path), 1)
