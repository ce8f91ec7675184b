"""The stream's store, on a real server: what is written stays the newest, in any order, and one at a time processes."""

import signal
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from pymongo import MongoClient

from tests.servers import up
from tests.streaming import document, forecast, of_day
from tools.services import SERVERS, Services
from watthouse.errors import BusyError, StreamStoreError
from watthouse.stream.documents import FRANCE, NATIONAL, REGIONAL, Document, rev_of
from watthouse.stream.store import Store

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
LATER = timedelta(minutes=15)
MICROSECOND = timedelta(microseconds=1)


@pytest.fixture
def store(stream_store: str) -> Iterator[Store]:
    opened = Store(stream_store)
    yield opened
    opened.close()


def contents(url: str, collection: str = "streaming_data") -> dict[str, Document]:
    """Everything a collection holds, as the driver alone reads it."""
    with MongoClient[Document](url, tz_aware=True) as client:
        return {each["_id"]: each for each in client.get_default_database()[collection].find()}


def _expire(url: str) -> None:
    with MongoClient[Document](url) as client:
        client.get_default_database()["leases"].update_one({}, {"$set": {"until": datetime(2026, 1, 1, tzinfo=UTC)}})


def loads(url: str) -> dict[str, Any]:
    return {name: each["consommation_mw"] for name, each in contents(url).items()}


def test_an_older_observation_never_replaces_a_newer_one(store: Store, stream_store: str) -> None:
    newer = document("11", NOON, NOON + MICROSECOND, consommation_mw=2)
    older = document("11", NOON, NOON, consommation_mw=1)
    other = document("24", NOON, NOON, consommation_mw=3)

    assert store.upsert([newer]) == 1
    assert store.upsert([older, other]) == 1

    assert loads(stream_store) == {newer["_id"]: 2, other["_id"]: 3}


def test_the_same_again_changes_nothing(store: Store, stream_store: str) -> None:
    day = list(of_day("11", date(2026, 3, 10)))
    assert store.upsert(day) == 96
    before = contents(stream_store)

    assert store.upsert(day) == 0

    assert contents(stream_store) == before == {each["_id"]: each for each in day}


def test_what_is_derived_anew_of_the_same_observation_is_written(store: Store, stream_store: str) -> None:
    derived = document("11", NOON)
    store.upsert([derived])

    assert store.upsert([{**derived, "production_mw": None}]) == 1

    assert contents(stream_store)[derived["_id"]]["production_mw"] is None


def test_a_refused_document_does_not_keep_others_of_its_bulk_out(store: Store, stream_store: str) -> None:
    store.upsert([document("11", NOON, NOON + LATER)])
    bulk = [document("11", NOON, NOON), *of_day("24", date(2026, 3, 10))]

    assert store.upsert(bulk) == 96


def test_what_the_store_does_not_take_is_an_error(store: Store, stream_store: str) -> None:
    with MongoClient[Document](stream_store) as client:
        client.get_default_database()["streaming_data"].create_index("heure", unique=True)
    unlike = {**document("11", NOON), "_id": "another", "rev": rev_of(NOON)}
    store.upsert([document("11", NOON)])

    # the code of a duplicate, but of another index than that of `_id`: it is not that a newer one is there
    with pytest.raises(StreamStoreError, match=r"did not write 1: .*heure"):
        store.upsert([unlike])


def test_a_day_is_the_civil_day_of_its_region_alone(store: Store) -> None:
    spring = date(2026, 3, 29)
    for region in ("11", "24", FRANCE):
        for day in (date(2026, 3, 28), spring, date(2026, 3, 30)):
            store.upsert(of_day(region, day))

    of_spring = store.day("11", "2026-03-29")

    assert [each["heure"] for each in of_spring[6:10]] == ["01:30", "01:45", "03:00", "03:15"]
    assert len(of_spring) == 92
    assert {each["region"] for each in of_spring} == {"11"}
    groups = [(REGIONAL, "11", "2026-03-28"), (NATIONAL, FRANCE, "2026-03-29")]
    assert [each["_id"] for each in store.days(groups)] == [
        each["_id"] for each in (*of_day("11", date(2026, 3, 28)), *of_day(FRANCE, spring))
    ]


def test_days_are_those_asked_for_and_none_between_in_the_order_of_their_slots(store: Store) -> None:
    march = [date(2026, 3, day) for day in range(26, 32)]
    for region in ("11", "24"):
        for day in march:
            store.upsert(of_day(region, day))
    asked = [
        ("24", march[3]),
        ("24", march[2]),
        ("11", march[5]),
        ("11", march[2]),
        ("11", march[0]),
        ("11", march[3]),
        ("24", march[3]),
    ]

    found = [each["_id"] for each in store.days((REGIONAL, region, str(day)) for region, day in asked)]

    wanted = [("24", 2), ("24", 3), ("11", 0), ("11", 2), ("11", 3), ("11", 5)]
    assert found == [each["_id"] for region, day in wanted for each in of_day(region, march[day])]


def test_slots_are_those_of_a_dataset_in_a_period(store: Store) -> None:
    for region in ("11", "24", FRANCE):
        store.upsert(of_day(region, date(2026, 3, 10)))

    slots = list(store.slots(REGIONAL, NOON, NOON + 2 * LATER))

    assert [(each["region"], each["instant"]) for each in slots] == [
        ("11", NOON),
        ("11", NOON + LATER),
        ("24", NOON),
        ("24", NOON + LATER),
    ]


def test_a_period_is_read_whatever_its_size(store: Store) -> None:
    # a server may send all that is left in one answer, and 48 MB is the most that one may have
    days = [date(2026, 3, 1) + timedelta(days=number) for number in range(11)]
    written = [{**each, "padding": "x" * 60_000} for day in days for each in of_day("53", day)]
    assert store.upsert(written) == 11 * 96
    since, until = (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=hours) for hours in (-1, 11 * 24 - 1))
    assert [each["_id"] for each in store.slots(REGIONAL, since, until)] == [each["_id"] for each in written]


def test_the_latest_is_the_newest_measured_one_in_whatever_order_they_came(store: Store, stream_store: str) -> None:
    newest = document("11", NOON + LATER)
    for each in (newest, document("11", NOON), forecast("11", NOON + 2 * LATER)):
        store.upsert([each])
        store.settle([(REGIONAL, "11")])

    assert slots_of(store) == [{**newest, "_id": "11"}]


def slots_of(store: Store) -> list[Document]:
    """The latest documents, without their mixes."""
    return [{field: value for field, value in each.items() if field != "mixed"} for each in store.latest()]


def test_the_mix_of_a_region_is_that_of_the_newest_slot_of_which_every_source_is_known(store: Store) -> None:
    before, newest = document("11", NOON), document("11", NOON + LATER)
    partial = {**newest, "eolien_mw": None, "production_mw": None, "difference_mw": None, "mix_known": False}
    store.upsert([document("11", NOON - LATER), before, partial, forecast("11", NOON + 2 * LATER)])
    store.settle([(REGIONAL, "11")])
    (latest,) = store.latest()
    assert (latest["instant"], latest["consommation_mw"]) == (NOON + LATER, newest["consommation_mw"])
    mixed = latest["mixed"]
    assert (mixed["instant"], mixed["heure"], mixed["date"]) == (NOON, before["heure"], before["date"])
    for field in ("production_mw", "difference_mw", "eolien_mw", "pct_eolien", "balance_residual_mw"):
        assert mixed[field] == before[field] is not None, field

    store.upsert([newest])
    store.settle([(REGIONAL, "11")])
    (latest,) = store.latest()
    assert (latest["mixed"]["instant"], latest["mixed"]["production_mw"]) == (NOON + LATER, newest["production_mw"])


def test_a_mix_of_more_than_a_day_before_is_none(store: Store) -> None:
    store.upsert([document("11", NOON), {**document("11", NOON + timedelta(days=1, minutes=15)), "mix_known": False}])
    store.settle([(REGIONAL, "11")])
    (latest,) = store.latest()
    assert latest["mixed"] is None


def test_a_withdrawn_value_gives_the_latest_back_to_the_one_before(store: Store) -> None:
    before, newest = document("11", NOON), document("11", NOON + LATER, NOON + LATER)
    store.upsert([before, newest])
    store.settle([(REGIONAL, "11")])

    withdrawn = document("11", NOON + LATER, NOON + 2 * LATER, consommation_mw=None)
    store.upsert([withdrawn])
    store.settle([(REGIONAL, "11")])
    assert slots_of(store) == [{**before, "_id": "11"}]

    store.upsert([document("11", NOON, NOON + 2 * LATER, consommation_mw=None)])
    store.settle([(REGIONAL, "11"), (NATIONAL, FRANCE)])
    assert store.latest() == []


def test_what_is_forgotten_is_older_than_the_instant(store: Store, stream_store: str) -> None:
    for region in ("11", FRANCE):
        store.upsert(of_day(region, date(2026, 3, 10)))

    assert store.forget(NOON) == 2 * 52  # from midnight in Paris, an hour before that of UTC

    assert min(each["instant"] for each in contents(stream_store).values()) == NOON
    assert len(contents(stream_store)) == 2 * 44


def test_progress_is_what_was_noted_last(store: Store, stream_store: str) -> None:
    assert store.progress() is None
    store.note_progress({"batch": 1, "rows": 12})
    store.note_progress({"batch": 2, "rows": 0})

    assert store.progress() == {"_id": "processor", "batch": 2, "rows": 0}
    assert len(contents(stream_store, "progress")) == 1


def test_a_second_processor_is_told_who_the_first_is_and_since_when(store: Store, stream_store: str) -> None:
    with store.leased("machine, process 7", 60) as lease:
        since = contents(stream_store, "leases")["processor"]["since"]
        with (
            pytest.raises(BusyError, match=rf"\(machine, process 7\).* since {since:%Y-%m-%dT%H:%M:%SZ}"),
            Store(stream_store).leased("other", 60),
        ):
            pass
        lease.check()

    with Store(stream_store).leased("other", 60):
        assert contents(stream_store, "leases")["processor"]["who"] == "other"


def test_a_lease_is_renewed_while_it_is_held(store: Store, stream_store: str) -> None:
    with store.leased("first", 1) as lease:
        time.sleep(1.5)
        with pytest.raises(BusyError), Store(stream_store).leased("second", 1):
            pass
        lease.check()


def test_a_lease_that_ran_out_is_taken_over_and_its_holder_is_told(store: Store, stream_store: str) -> None:
    with store.leased("first", 60) as first:
        _expire(stream_store)
        with Store(stream_store).leased("second", 60):
            first._renew()
            with pytest.raises(BusyError, match="may have taken over"):
                first.check()


def test_the_end_of_the_first_leaves_the_lease_of_the_second(store: Store, stream_store: str) -> None:
    second = Store(stream_store).leased("second", 60)
    with store.leased("first", 60):
        _expire(stream_store)
        second.__enter__()
    assert contents(stream_store, "leases")["processor"]["who"] == "second"
    second.__exit__(None, None, None)
    assert contents(stream_store, "leases") == {}


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://user:s3cret@127.0.0.1/",
        "mongodb://user:s3/cret@127.0.0.1/",
        "mongodb://us er:s3cret@:x/",
        "s3cret",
    ],
)
def test_what_is_no_url_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(StreamStoreError, match="WATTHOUSE_STREAM_STORE cannot be used") as refused:
        Store(url)
    assert "cret" not in str(refused.value)


def test_a_store_that_is_away_is_named_in_one_line_without_the_password() -> None:
    with pytest.raises(
        StreamStoreError, match=r"^the stream's store at 127\.0\.0\.1:1 cannot be reached \(.*\): "
    ) as away:
        Store("mongodb://user:s3cret@127.0.0.1:1/")
    assert "s3cret" not in str(away.value)
    assert "\n" not in str(away.value)


def test_a_refused_login_is_told_in_one_line_without_the_password(mongodb_server: str) -> None:
    host = mongodb_server.removeprefix("mongodb://").strip("/")
    with pytest.raises(StreamStoreError, match=r"refuses the user or the password") as refused:
        Store(f"mongodb://user:s3cret@{host}/")
    assert "s3cret" not in str(refused.value)


@pytest.mark.slow
def test_what_was_written_outlives_a_kill_of_the_store(own_servers: Services) -> None:
    server = SERVERS["mongodb"]
    url = f"{server.url(up(own_servers, 'mongodb'))}electricity"
    store = Store(url)
    store.upsert(of_day("11", date(2026, 3, 10)))
    own_servers.down("mongodb", signal.SIGKILL)
    with pytest.raises(StreamStoreError, match="cannot be reached"):
        store.latest()

    own_servers.again(server)

    assert len(store.day("11", "2026-03-10")) == 96
