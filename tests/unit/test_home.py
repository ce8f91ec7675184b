"""A home holds one kind of data for ever."""

import json
import os
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import obstore
import pytest
from pydantic import ValidationError

from tests.servers import Bucket
from tests.unit.lake.test_ledger import GAS, gas, observe
from watthouse.catalog import CATALOG
from watthouse.errors import BusyError, LakeError, UsageError
from watthouse.home import REAL, Home
from watthouse.lake.ledger import Lake
from watthouse.settings import Settings

ONE, OTHER, *_ = CATALOG.values()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home")


def made(settings: Settings) -> Settings:
    settings.home.mkdir()
    return settings


def test_an_empty_home_is_of_no_kind(settings: Settings) -> None:
    assert Home(settings).kind is None
    assert Home(settings).sample is None


def test_a_home_stays_what_it_was_claimed_for(settings: Settings) -> None:
    Home(made(settings)).claim("seed=3")
    Home(settings).claim("seed=3")
    assert Home(settings).kind == Home(settings).sample == "seed=3"
    for other in (REAL, "seed=4"):
        with pytest.raises(UsageError, match="never share a home"):
            Home(settings).claim(other)
    assert Home(settings).kind == "seed=3"


def test_it_is_the_samples_own_time_in_its_home_alone(settings: Settings) -> None:
    stopped = made(settings).model_copy(update={"sample_today": date(2024, 2, 29)})
    Home(stopped).claim("seed=3")
    assert Home(stopped).now == datetime(2024, 2, 29, 12, tzinfo=UTC)
    published = stopped.model_copy(update={"home": settings.home / "published"})
    Home(made(published)).claim(REAL)
    for running in (settings, published):
        assert abs(Home(running).now - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_folder_that_is_called_lake_is_none(settings: Settings) -> None:
    (settings.home / "lake").mkdir(parents=True)
    assert Home(settings).kind is None


def test_a_lake_from_before_homes_were_marked_is_published_data(settings: Settings) -> None:
    (settings.home / "lake" / "eco2mix-national-tr" / "_delta_log").mkdir(parents=True)
    assert Home(settings).kind == REAL
    assert Home(settings).sample is None
    with pytest.raises(UsageError, match="published data"):
        Home(settings).claim("seed=0")
    Home(settings).claim(REAL)
    assert json.loads((settings.home / "home.json").read_text()) == {"data": REAL}


@pytest.mark.parametrize("kind", [REAL, "seed=3"])
@pytest.mark.parametrize("left", [None, "", "[1]", "\x00"])
def test_a_home_whose_note_was_lost_is_what_its_lake_says(left: str | None, kind: str, settings: Settings) -> None:
    Home(made(settings)).claim(kind)
    observe(Home(settings).lake, GAS, [gas(1, "1")])
    note = settings.home / "home.json"
    note.unlink() if left is None else note.write_text(left)
    assert Home(settings).kind == kind
    with pytest.raises(UsageError, match="never share a home"):
        Home(settings).claim("seed=4")
    Home(settings).claim(kind)
    assert json.loads(note.read_text()) == {"data": kind}


def test_a_lake_of_which_nothing_says_what_it_is_is_refused(settings: Settings) -> None:
    observe(Lake(settings.home / "lake"), GAS, [gas(1, "1")])
    (settings.home / "home.json").write_text("")
    for asked in (lambda one: one.kind, lambda one: one.sample, lambda one: one.claim(REAL)):
        with pytest.raises(
            LakeError, match=r'write {"data": "published"} into that file if no sample was ever kept there'
        ):
            asked(Home(settings))


def test_a_spoilt_note_of_an_empty_home_is_written_anew(settings: Settings) -> None:
    (made(settings).home / "home.json").write_text("")
    assert Home(settings).kind is None
    Home(settings).claim("seed=3")
    assert Home(settings).kind == "seed=3"


def test_what_a_home_holds_is_on_the_disk_before_anything_is_put_there(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[int] = []
    monkeypatch.setattr("os.fsync", lambda opened: flushed.append(os.fstat(opened).st_ino))
    Home(made(settings)).claim(REAL)
    assert flushed == [(settings.home / "home.json").stat().st_ino, settings.home.stat().st_ino]


def test_a_home_that_cannot_be_written_is_said(settings: Settings) -> None:
    settings.home.write_text("a file")
    with pytest.raises(LakeError, match="set WATTHOUSE_HOME"):
        Home(settings).claim(REAL)


def test_refreshes_are_remembered_by_dataset(settings: Settings) -> None:
    one, other = ONE.id, OTHER.id
    Home(made(settings)).remember([ONE])
    first = Home(settings).last_refreshed()[one]
    Home(settings).remember([OTHER])
    assert Home(settings).last_refreshed()[one] == first <= Home(settings).last_refreshed()[other]


@pytest.mark.parametrize("spoilt", ["", "[1]", '{"one": 7}', "\x00"])
def test_a_spoilt_note_of_refreshes_is_no_note(spoilt: str, settings: Settings) -> None:
    (made(settings).home / "refreshes.json").write_text(spoilt)
    assert Home(settings).last_refreshed() == {}


def test_a_spoilt_line_of_refreshes_is_left_out_and_the_others_stay(settings: Settings) -> None:
    Home(made(settings)).remember([ONE])
    note = settings.home / "refreshes.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "other": 7}))
    assert Home(settings).last_refreshed().keys() == {ONE.id}
    Home(settings).remember([OTHER])
    assert Home(settings).last_refreshed().keys() == {ONE.id, OTHER.id}


@pytest.mark.parametrize("odd", ["a%20b", "a[1]b", "what?"])
def test_a_lake_in_a_folder_that_libraries_misread_is_refused(odd: str, settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="its path contains"):
        Settings(home=settings.home, lake=str(tmp_path / odd))


def test_a_lake_in_a_folder_of_its_own_is_locked_and_says_which(settings: Settings, tmp_path: Path) -> None:
    one = settings.model_copy(update={"lake": str(tmp_path / "lake")})
    other = one.model_copy(update={"home": tmp_path / "other"})
    with (
        Home(one).only_one(),
        Home(one).only_writer(),
        pytest.raises(BusyError, match=r"since 20\d\d.*or set WATTHOUSE_LAKE"),
        Home(other).only_one(),
        Home(other).only_writer(),
    ):
        pass
    with Home(other).only_one(), Home(other).only_writer():
        Home(other).claim("seed=3")
    assert Home(one).kind == "seed=3"
    assert (tmp_path / "lake" / "_state" / "home.json").exists()


def test_a_machine_that_was_taken_over_is_told_before_it_writes(reached: Bucket, settings: Settings) -> None:
    place = reached.place()
    far = settings.model_copy(update={"lake": place.url, "store_endpoint": place.access.endpoint})
    home, note = Home(far), {"token": "0", "who": "another", "since": "", "seconds": 60}
    with suppress(BusyError), home.only_writer():
        home.confirm_writer()
        obstore.put((place / "_state").objects, "refresh.lease", json.dumps(note).encode())
        with pytest.raises(BusyError, match="another refresh has taken over"):
            home.confirm_writer()


def test_what_is_known_of_a_lake_elsewhere_without_asking_it_is_what_the_warehouse_shows(settings: Settings) -> None:
    far = made(settings).model_copy(update={"lake": "s3://no-such-bucket/lake", "store_endpoint": "http://127.0.0.1:9"})
    assert Home(far).sample_shown is None
    with Home(far).warehouse.draft(empty=True) as draft:
        draft.describe({"kind": "seed=5"})
    assert Home(far).sample_shown == Home(far).sample == "seed=5"
