"""Every layout: recognised by its header, each field kept, each unit known."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.unit.meters.reading import LP, REGISTERS, TOU, content, instants, local, lp, of, text, write
from watthouse.errors import SourceError, UnrecognisedError
from watthouse.meters.units import BOUNDS, UNITS, Quantity, unit_of

_REGISTER = (
    "0212,S1,P1,11/09/2015 00:41:02,Export Wh Total,409646.7,1275.368,{},kwh,.....R....,Total,False,26,"
    "01/09/2015 00:00:00,{}"
)
_ABOUT = (
    "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite;"
    "Pas en minutes"
)


def test_a_load_profile_keeps_every_field(tmp_path: Path) -> None:
    found = of(tmp_path, LP, "00210,S1,P1,31/08/2015 00:45:00,Phase Angle B,-27.59,deg,PL II")
    assert found.layout == "lp"
    columns = ("line", "kind", "meter_code", "serial_code", "plant_code", "data_type", "energy", "units", "status")
    assert found.values(*columns) == [
        (2, "interval", "00210", "S1", "P1", "Phase Angle B", -27.59, "deg", "PL II"),
    ]
    # Paris is two hours ahead of UTC in August
    assert found.values("date_time", "instant") == [
        (local(2015, 8, 31, 0, 45), datetime(2015, 8, 30, 22, 45, tzinfo=UTC))
    ]


def test_an_interval_of_use_has_its_quality_and_stream_and_an_unpadded_hour(tmp_path: Path) -> None:
    found = of(tmp_path, TOU, "0212,S1,P1,12/09/2018 5:00,A,B1,Import Wh Total,105.6,kWh")
    assert found.layout == "tou"
    assert found.values("date_time", "quality", "stream", "energy", "unit") == [
        (local(2018, 9, 12, 5, 0), "A", "B1", 105.6, "kWh")
    ]


def test_a_register_is_kept_for_each_of_its_rates(tmp_path: Path) -> None:
    rows = [_REGISTER.format("30/12/1899 00:00:00", "Unified"), _REGISTER.format("27/08/2015 17:30:00", "Rate 1")]
    found = of(tmp_path, REGISTERS, *rows)
    assert found.layout == "tou-registers"
    assert found.values("kind", "period", "rate", "maximum_demand", "time_of_max_demand") == [
        ("register", "Total", "Unified", 1275.368, None),
        ("register", "Total", "Rate 1", 1275.368, local(2015, 8, 27, 17, 30)),
    ]
    assert found.values("dls_active", "billing_reset_count", "billing_reset_date_time", "status")[0] == (
        False,
        26,
        local(2015, 9, 1),
        ".....R....",
    )


def test_the_stamp_of_enedis_is_the_end_of_its_step(tmp_path: Path) -> None:
    about = "01234567890123;Courbe de charge;01/07/2024;02/07/2024;Energie active;Consommation;Comptage Brut;W;30"
    found = of(
        tmp_path, _ABOUT, about, "Horodate;Valeur", "2024-07-01T00:30:00+02:00;334", "2024-07-02T00:00:00+02:00;8"
    )
    assert found.layout == "enedis-load-curve"
    assert found.values("meter_code", "data_type", "unit", "minutes", "note")[0] == (
        "01234567890123",
        "Energie active Consommation",
        "W",
        30,
        "Comptage Brut",
    )
    assert found.values("date_time", "energy") == [(local(2024, 7, 1), 334.0), (local(2024, 7, 1, 23, 30), 8.0)]
    assert instants(found.readings["instant"]) == ["30 22:00", "01 21:30"]


def test_a_bare_curve_of_enedis_takes_its_meter_from_the_name_and_its_step_from_the_stamps(tmp_path: Path) -> None:
    path = tmp_path / "Enedis_CDC_01234567890123.csv"
    found = content(write(path, "Horodate;Valeur", "2024-07-01T00:10:00+02:00;1", "2024-07-01T00:20:00+02:00;2"))
    assert found.values("meter_code", "minutes", "date_time") == [
        ("01234567890123", 10, local(2024, 7, 1)),
        ("01234567890123", 10, local(2024, 7, 1, 0, 10)),
    ]
    nameless = write(tmp_path / "curve.csv", "Horodate;Valeur", "2024-07-01T00:10:00+02:00;1")
    with pytest.raises(SourceError, match="put the 14 digits of its PRM into its name"):
        content(nameless)


def test_a_curve_of_enedis_may_say_the_step_of_each_value_and_leave_out_the_offset(tmp_path: Path) -> None:
    path = tmp_path / "01234567890123.csv"
    rows = ["2024-07-01 01:00:00;1;B;PT60M", "2024-07-01 01:30:00;2;C;PT30M"]
    found = content(write(path, "Horodate;Valeur;Nature;Pas", *rows))
    assert found.values("minutes", "quality", "date_time") == [
        (60, "B", local(2024, 7, 1)),
        (30, "C", local(2024, 7, 1, 1)),
    ]


@pytest.mark.parametrize("second", ["Horodate;Valeur", f"{_ABOUT}\n99999999999999;Courbe de charge;;;;;;W;30"])
def test_two_exports_of_enedis_in_a_file_are_refused_as_they_may_be_of_two_meters(tmp_path: Path, second: str) -> None:
    path = tmp_path / "01234567890123.csv"
    value = "2024-07-01T00:30:00+02:00;334"
    with pytest.raises(SourceError, match="holds two exports, the second one from line 3: split it"):
        content(write(path, "Horodate;Valeur", value, second, value))


def test_columns_of_enedis_that_nobody_knows_are_passed_over_whatever_they_are_called(tmp_path: Path) -> None:
    path = tmp_path / "01234567890123.csv"
    found = content(write(path, "Horodate;Valeur;Nature;Nature;line;energy;kind", "2024-07-01 01:00:00;1;B;C;7;8;9"))
    assert found.values("energy", "quality", "line", "kind") == [(1, "B", 2, "interval")]


@pytest.mark.parametrize("step", ["", "0", "100000000000000000000", "9" * 5000, "PT30M"])
def test_a_step_of_enedis_that_cannot_be_is_told_by_the_stamps(tmp_path: Path, step: str) -> None:
    about = f"01234567890123;Courbe de charge;;;Energie active;Consommation;Comptage Brut;W;{step}"
    stamps = ["2024-07-01T00:10:00+02:00", "2024-07-01T00:20:00+02:00", "2024-07-01 00:30:00"]
    steps = ["", "PT0M", "PT99999999999M"]
    rows = [f"{stamp};1;B;{each}" for stamp, each in zip(stamps, steps, strict=True)]
    found = of(tmp_path, _ABOUT, about, "Horodate;Valeur;Nature;Pas", *rows)
    assert found.values("minutes", "date_time") == [(10, local(2024, 7, 1, 0, minute)) for minute in (0, 10, 20)]


def _nem12(*records: str) -> list[str]:
    return ["100,NEM12,201801010000,MDP,RET", "200,NEM1,B1E1,1,E1,N1,00M,kWh,30,", *records]


def _day(date: str, values: "list[object]", rest: str = "A,,,20180102,") -> str:
    return f"300,{date},{','.join(map(str, values))},{rest}"


def test_a_line_of_nem12_is_a_day_and_parts_of_it_may_have_another_quality(tmp_path: Path) -> None:
    records = [
        _day("20180101", list(range(48)), "V,,,20180102,"),
        "400,1,46,A,,",
        "400,47,48,S14,77,Tariff change",
        "900",
    ]
    found = of(tmp_path, *_nem12(*records))
    assert found.layout == "nem12"
    assert found.readings.height == 48
    rows = found.values("meter_code", "serial_code", "data_type", "stream", "date_time", "energy", "quality", "status")
    assert rows[45] == ("NEM1", "00M", "E1", "N1", local(2018, 1, 1, 22, 30), 45.0, "A", "")
    assert rows[47] == ("NEM1", "00M", "E1", "N1", local(2018, 1, 1, 23, 30), 47.0, "S14", "77 Tariff change")
    assert found.values("note")[0] == ("configuration B1E1, register 1, updated 20180102",)


def test_a_day_of_nem12_may_lie_in_one_block_and_its_qualities_in_the_next(tmp_path: Path) -> None:
    days = [record for day in range(1, 29) for record in (_day(f"201801{day:02}", [1] * 48), "400,1,48,E52,,")]
    path = write(tmp_path / "nem.csv", *_nem12(*days, "900"))
    for size in (64, 250, 1000):
        found = content(path, block_bytes=size)
        assert (found.readings.height, set(found.readings["quality"])) == (28 * 48, {"E52"})


def test_a_cut_file_of_nem12_is_refused_and_a_bad_record_is_a_reject(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="cut off: it lacks record 900"):
        of(tmp_path, *_nem12(_day("20180101", [1] * 48)))
    bad = [
        f"400,1,{'9' * 5000},A,,",
        f'400,1,48,"{"A" * 200_000}',
        "300,20180102,1,2",
        _day("20180230", [1] * 48),
        "700,x",
        "200,NEM2,B1,1,E1,N1,M,kWh,7,",
        _day("20180103", [1] * 48),
    ]
    found = of(tmp_path, *_nem12(_day("20180101", [1] * 47 + ["x"]), *bad, "900"))
    assert found.readings.height == 47
    assert found.reasons == {
        3: "'x' is not a number",
        4: "does not name the intervals that it is about",
        5: f"'400,1,48,\"{'A' * 10}' is no record of NEM12",
        6: "cut off: 4 of 51 fields",
        7: "'20180230' is not a date: use yyyymmdd",
        8: "'700' is no record of NEM12",
        9: "'7' is not an interval of NEM12: 5, 15 or 30 minutes",
        10: "there is no readable record 200 before this day",
    }


def test_a_quote_in_a_day_of_nem12_does_not_swallow_the_days_after_it(tmp_path: Path) -> None:
    days = [_day(f"2018010{day}", [day] * 48, '"A,,,20180102,' if day == 1 else "A,,,20180102,") for day in (1, 2, 3)]
    found = of(tmp_path, *_nem12(*days, "900"))
    assert [found.values("energy", "line")[at] for at in (0, 48, 96)] == [(1, 3), (2, 4), (3, 5)]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_line_ends_marks_and_encodings_make_no_difference(tmp_path: Path, end: str, encoding: str) -> None:
    path = tmp_path / "file.csv"
    lines = [LP, lp("31/08/2015 00:45:00", kind="Énergie")] * 40
    path.write_bytes(text(*lines, end=end).encode(encoding))
    found = content(path)
    assert (found.readings.height, found.rejects.height) == (40, 0)
    assert set(found.values("data_type", "meter_code", "status")) == {("Énergie", "00210", "")}


def test_headers_are_known_by_their_words_and_quotes_are_taken_off(tmp_path: Path) -> None:
    header = ",".join(f'" {word.upper()}"' for word in LP.split(","))
    found = of(tmp_path, header, "", '"00210","S1","P1","31/08/2015 00:45:00","Import, Wh","1.5","KWH","a ""b"""')
    assert found.values("line", "data_type", "unit", "units", "status") == [(3, "Import, Wh", "kWh", "KWH", 'a "b"')]
    with pytest.raises(UnrecognisedError, match="begins with no header of a meter file"):
        of(tmp_path, LP.replace("Units", "Unit"), lp("31/08/2015 00:45:00"))


def test_blocks_of_any_size_give_the_same_readings(tmp_path: Path) -> None:
    lines = [lp(f"31/08/2015 {hour:02}:{minute:02}:00", hour) for hour in range(24) for minute in range(0, 60, 15)]
    path = write(tmp_path / "file.csv", LP, *lines, "0021,cut")
    whole = content(path)
    assert (whole.readings.height, whole.reasons) == (96, {98: "cut off: 2 of 8 fields"})
    for size in (1, 97, 1000):
        part = content(path, block_bytes=size)
        assert part.readings.equals(whole.readings)
        assert part.rejects.equals(whole.rejects)


def test_every_unit_is_declared_once_and_every_quantity_is_bounded() -> None:
    names = [unit.name.lower() for unit in UNITS]
    assert len(names) == len({*names})
    assert set(BOUNDS) == set(Quantity)
    assert [unit.quantity.value for unit in map(unit_of, ("kwh", "KVARH", " W ")) if unit] == [
        "energy",
        "reactive energy",
        "power",
    ]
    mwh, kwh = unit_of("MWh"), unit_of("kWh")
    assert mwh is not None
    assert kwh is not None
    assert mwh.factor / kwh.factor == 1000
    assert unit_of("furlong") is None
