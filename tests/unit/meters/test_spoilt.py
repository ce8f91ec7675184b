"""Lines and files that are not what they should be: one reason each, and the others count."""

import os
import warnings
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.meters.reading import LP, REGISTERS, TOU, content, lp, of, text, write
from watthouse.errors import SourceError, UsageError
from watthouse.meters.files import MeterFile, Refused, found
from watthouse.settings import Settings

GOOD = lp("31/08/2015 00:45:00")
_TOO_LONG = "a code or name has over 200 letters, or all over 2,000 bytes"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (lp("31/08/2015"), "'31/08/2015' is not a date and time: use dd/mm/yyyy hh:mm:ss"),
        (lp("08/31/2015 00:45:00"), "'08/31/2015 00:45:00' is not a date and time: use dd/mm/yyyy hh:mm:ss"),
        (lp("30/12/1899 00:00:00"), "30/12/1899 stands for no date"),
        (lp("31/08/0015 00:45:00"), "'31/08/0015 00:45:00' is out of range: years are 1970 to 2099"),
        (lp("31/08/2115 00:45:00"), "'31/08/2115 00:45:00' is out of range: years are 1970 to 2099"),
        (lp("31/08/2015 00:45:00", ""), "there is no value"),
        (lp("31/08/2015 00:45:00", "abc"), "'abc' is not a number"),
        (lp("31/08/2015 00:45:00", "nan"), "'nan' is not a number"),
        (lp("31/08/2015 00:45:00", "1e400"), "'1e400' is not a number"),
        (lp("31/08/2015 00:45:00", "-0.5"), "'-0.5' is too low for its unit: no meter measures that"),
        (lp("31/08/2015 00:45:00", "1e12", unit="MWh"), "'1e12' is too high for its unit: no meter measures that"),
        (lp("31/08/2015 00:45:00", "1", unit="kwhh"), "'kwhh' is not a unit that watthouse knows"),
        (lp("31/08/2015 00:45:00", meter=""), "there is no meter code"),
        (lp("31/08/2015 00:45:00", kind="Import " * 30), _TOO_LONG),
        (",".join(["\u20ac" * 200] * 3 + GOOD.split(",")[3:4] + ["\u20ac" * 200, "1", "kwh", ""]), _TOO_LONG),
        (GOOD[:-6], "cut off: 6 of 8 fields"),
        (GOOD + ",more", "too long: 9 of 8 fields"),
    ],
)
def test_a_bad_line_is_a_reject_with_its_number_reason_and_text(tmp_path: Path, line: str, reason: str) -> None:
    result = of(tmp_path, LP, GOOD, line, GOOD)
    assert result.readings["line"].to_list() == [2, 4]
    assert result.rejects.rows() == [(3, reason, line[:400])]


def test_a_line_too_long_beside_one_too_short_hides_neither(tmp_path: Path) -> None:
    result = of(tmp_path, LP, GOOD, GOOD + ",more", GOOD[: GOOD.rindex(",")], GOOD)
    assert result.readings["line"].to_list() == [2, 5]
    assert result.reasons == {3: "too long: 9 of 8 fields", 4: "cut off: 7 of 8 fields"}


@pytest.mark.parametrize("block_bytes", [1, 60, 120, 200, 2**20])
def test_wherever_blocks_end_a_line_of_another_length_is_a_reject(tmp_path: Path, block_bytes: int) -> None:
    """Polars has one word for it in the first line of a block, and another one further down."""
    long, short = GOOD + ",more", GOOD[: GOOD.rindex(",")]
    result = content(write(tmp_path / "file.csv", LP, GOOD, long, short, GOOD, short, long), block_bytes=block_bytes)
    assert result.readings["line"].to_list() == [2, 5]
    assert {line: reason.partition(":")[0] for line, reason in result.reasons.items()} == {
        3: "too long",
        4: "cut off",
        6: "cut off",
        7: "too long",
    }


def test_a_quote_that_is_never_closed_spoils_its_own_line(tmp_path: Path) -> None:
    endless = '"' + "a" * 200_000
    result = of(tmp_path, LP, GOOD, endless, endless.replace("a", ","), GOOD)
    assert (result.readings["line"].to_list(), [*result.reasons]) == ([2, 5], [3, 4])
    assert all(len(text) == 400 for text in result.rejects["text"])


def test_a_power_below_zero_is_a_power(tmp_path: Path) -> None:
    result = of(tmp_path, LP, lp("31/08/2015 00:45:00", "-4.2", kind="Active Power Total (Watts)", unit="kW"))
    assert result.values("energy", "unit") == [(-4.2, "kW")]


def test_a_field_that_may_be_empty_must_not_be_spoilt(tmp_path: Path) -> None:
    row = "0212,S1,P1,11/09/2015 00:41:02,Export Wh Total,4.7,{},{},kwh,R,Total,{},{},01/09/2015 00:00:00,Unified"
    cases = [
        ("", "", "", ""),
        ("x", "", "", ""),
        ("", "32/01/2015 00:00:00", "", ""),
        ("", "", "maybe", ""),
        ("", "", "", "2.5"),
    ]
    result = of(tmp_path, REGISTERS, *(row.format(*case) for case in cases))
    assert result.values("line", "maximum_demand", "dls_active", "billing_reset_count") == [(2, None, None, None)]
    assert result.reasons == {
        3: "'x' is no value of maximum_demand",
        4: "'32/01/2015 00:00:00' is no value of time_of_max_demand",
        5: "'maybe' is no value of dls_active",
        6: "'2.5' is no value of billing_reset_count",
    }


@pytest.mark.parametrize(
    ("written", "why"),
    [
        (b"", "is empty: export it again"),
        (b"\n \n", "is empty: export it again"),
        (LP.encode(), r"has no reading \(nothing follows its header\)"),
        (text(LP, lp("31/08/2015 00:45:00", "x")).encode(), r"has no reading \(line 2: 'x' is not a number\)"),
        (text(LP, GOOD, TOU, GOOD).encode(), "holds two layouts, lp and from line 3 tou: split it"),
        (text(LP, GOOD).encode() + b"\0\0", "contains binary bytes"),
        (text(LP, GOOD).encode() + b"x" * 2**21, "a line of over 1,048,576 bytes"),
    ],
)
def test_a_file_that_cannot_be_used_is_refused_whole(tmp_path: Path, written: bytes, why: str) -> None:
    path = tmp_path / "file.csv"
    path.write_bytes(written)
    with pytest.raises(SourceError, match=why):
        content(path)


def test_files_of_one_layout_that_were_joined_are_read_on(tmp_path: Path) -> None:
    result = of(tmp_path, LP, GOOD, LP, GOOD)
    assert (result.readings["line"].to_list(), result.rejects.height) == ([2, 4], 0)


def test_files_come_in_the_order_in_which_they_were_written(tmp_path: Path) -> None:
    for name, written in {"b.csv": 200, "a.csv": 300, ".hidden.csv": 1, "deep.csv/c.csv": 100}.items():
        os.utime(write(tmp_path / name, LP, GOOD), (written, written))
    write(tmp_path / "LP_1_19700101T000400123.csv", LP, GOOD)
    files = [file for file in found([tmp_path], Settings()) if isinstance(file, MeterFile)]
    assert [Path(file.name).name for file in files] == ["c.csv", "b.csv", "LP_1_19700101T000400123.csv", "a.csv"]
    assert files[2].written_at == datetime(1970, 1, 1, 0, 4, tzinfo=UTC)
    with pytest.raises(UsageError, match="there is no such file or folder"):
        found([tmp_path / "nothing"], Settings())


def test_a_zip_is_read_where_it_lies_and_one_that_means_harm_is_refused(tmp_path: Path) -> None:
    def packed(name: str, *members: str) -> Path:
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member in members:
                archive.writestr(zipfile.ZipInfo(member), text(LP, GOOD))
        return tmp_path / name

    good = found([packed("good.zip", "a/LP_1.csv", "b/LP_1.csv")], Settings())
    assert [one.name.rpartition("good.zip")[2] for one in good] == ["/a/LP_1.csv", "/b/LP_1.csv"]
    for harm in ("../../etc/cron.d/x", "/etc/x", "a/../../x", "C:\\x", "..\\x", ".", ""):
        (refused,) = found([packed("bad.zip", "fine.csv", harm)], Settings())
        assert isinstance(refused, Refused)
        assert "would lie outside of the folder that it is unpacked in" in str(refused.error)
    (refused,) = found([good_path] if (good_path := tmp_path / "good.zip") else [], Settings(max_members=1))
    assert isinstance(refused, Refused)
    assert "over 1 files: raise WATTHOUSE_MAX_MEMBERS" in str(refused.error)


def test_a_zip_that_does_not_say_when_it_was_packed_is_as_old_as_itself(tmp_path: Path) -> None:
    path = tmp_path / "undated.zip"
    with zipfile.ZipFile(path, "w") as archive:
        member = zipfile.ZipInfo("LP_1.csv")
        member.date_time = (1980, 0, 0, 0, 0, 0)
        archive.writestr(member, text(LP, GOOD))
    os.utime(path, (200, 200))
    (file,) = found([path], Settings())
    assert isinstance(file, MeterFile)
    assert file.written_at == datetime.fromtimestamp(200, UTC)


def test_names_that_cannot_be_kept_apart_or_kept_at_all_are_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "twice.zip", "w") as archive, warnings.catch_warnings(action="ignore"):
        archive.writestr("LP_1.csv", text(LP, GOOD))
        archive.writestr("LP_1.csv", text(LP, GOOD, GOOD))
    (tmp_path / os.fsdecode(b"relev\xe9.csv")).write_text(text(LP, GOOD))
    with zipfile.ZipFile(tmp_path / "latin.zip", "w") as archive:
        archive.writestr("\u00e9.csv", text(LP, GOOD))
    packed = (tmp_path / "latin.zip").read_bytes()
    (tmp_path / "latin.zip").write_bytes(packed.replace("\u00e9".encode(), b"\xe9e"))
    refused = [one for one in found([tmp_path], Settings()) if isinstance(one, Refused)]
    assert {Path(one.name).name: str(one.error).partition(": ")[2] for one in refused} == {
        "twice.zip": "has two files named 'LP_1.csv': pack it again",
        "latin.zip": "its path, or a name in it, is not UTF-8: rename it",
        "relev?.csv": "its path, or a name in it, is not UTF-8: rename it",
    }


def test_a_zip_bomb_is_refused_before_it_goes_off(tmp_path: Path) -> None:
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("LP_1.csv", "w") as member:
        member.write(text(LP).encode())
        for _ in range(64):
            member.write(text(*[GOOD] * 4000).encode())
    (refused,) = found([path], Settings())
    assert isinstance(refused, Refused)
    assert "as a zip bomb does" in str(refused.error)
