"""The lake as an outbox: everything after a mark comes, oldest first, a part at a time."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers import Bucket, Kafka
from tests.unit.lake.test_ledger import observe
from watthouse.catalog import REAL_TIME, find
from watthouse.errors import BusyError, StreamError, UsageError
from watthouse.home import Home
from watthouse.lake.ledger import Lake
from watthouse.settings import Settings
from watthouse.stream.cluster import Cluster, brokers_of
from watthouse.stream.outbox import Marks, only_producer, pending
from watthouse.stream.topics import prepare

FRANCE: Final = find("eco2mix-national-tr")
MIDNIGHT: Final = datetime(2026, 11, 29, 23, tzinfo=UTC)


def slot(number: int, load: int) -> dict[str, object]:
    """One a quarter hour from 30 November 2026, 0:00 in Paris."""
    instant = MIDNIGHT + timedelta(minutes=15 * number)
    wall = instant + timedelta(hours=1)
    return {
        "perimetre": "France",
        "nature": REAL_TIME,
        "date_heure": instant,
        "date": wall.date(),
        "heure": f"{wall:%H:%M}",
        "consommation": load,
    }


def held(lake: Lake) -> list[tuple[datetime, datetime, int]]:
    """What the lake has, oldest first, then by slot."""
    return sorted(lake.scan(FRANCE).select("observed_at", "date_heure", "consommation").collect().rows())


@settings(max_examples=12, deadline=None)
@given(
    fetches=st.lists(
        st.lists(st.dictionaries(st.integers(0, 20), st.integers(0, 9), min_size=1), min_size=1, max_size=3),
        min_size=1,
        max_size=4,
    ),
    rows=st.integers(1, 12),
    taken=st.integers(0, 5),
)
def test_what_is_after_any_mark_comes_whole_and_oldest_first(
    fetches: list[list[dict[int, int]]], rows: int, taken: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lake = Lake(tmp_path_factory.mktemp("lake"))
    for documents in fetches:
        observe(lake, FRANCE, *([slot(*pair) for pair in document.items()] for document in documents))
    everything = held(lake)
    marks, seen = [], list[tuple[datetime, datetime, int]]()
    for frame, until in pending(lake, FRANCE, rows=rows):
        if not frame.is_empty():
            assert frame.height <= rows, "no more is held at a time"
            seen += frame.select("observed_at", "date_heure", "consommation").rows()
        if until:
            assert {row for row in everything if row[0] <= until} == set(seen), "all of it has come up to the mark"
            marks.append(until)
    assert sorted(seen) == everything
    assert [row[0] for row in seen] == [row[0] for row in everything], "in the order of their stamps"
    mark = marks[min(taken, len(marks) - 1)]
    after = [frame for frame, _ in pending(lake, FRANCE, after=mark, rows=rows) if not frame.is_empty()]
    assert sum(frame.height for frame in after) == sum(row[0] > mark for row in everything)


def test_a_replay_is_of_civil_days(tmp_path: Path) -> None:
    """The last UTC hour of 30 November is the first of 1 December in Paris."""
    lake = Lake(tmp_path)
    observe(lake, FRANCE, [slot(number, number) for number in range(92, 100)])
    (frame, _), *_ = pending(lake, FRANCE, since=date(2026, 12, 1))
    assert sorted(frame["consommation"]) == [96, 97, 98, 99]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(Settings(home=tmp_path))


def stamp(home: Home) -> datetime:
    head = home.lake.head(FRANCE)
    assert head is not None
    return head.observed_until


def test_each_topic_of_each_cluster_has_marks_of_its_own(home: Home) -> None:
    observe(home.lake, FRANCE, [slot(0, 1)])
    marks = Marks(home, "one", "power")
    assert marks.of(FRANCE) is None
    marks.keep(FRANCE, stamp(home))
    assert Marks(home, "one", "power").of(FRANCE) == stamp(home)
    assert Marks(home, "one", "other").of(FRANCE) is None
    assert Marks(home, "two", "power").of(FRANCE) is None
    assert Marks(home, "one", "power").of(find("eco2mix-regional-tr")) is None


def test_the_marks_of_another_lake_say_nothing_of_this_one(home: Home, tmp_path: Path) -> None:
    observe(home.lake, FRANCE, [slot(0, 1)])
    Marks(home, "one", "power").keep(FRANCE, stamp(home))
    (tmp_path / "lake").rename(tmp_path / "lost")
    again = Home(Settings(home=tmp_path))
    observe(again.lake, FRANCE, [slot(0, 1)])
    assert Marks(again, "one", "power").of(FRANCE) is None


def test_a_mark_beyond_the_lake_is_of_a_later_one_that_was_lost(home: Home) -> None:
    observe(home.lake, FRANCE, [slot(0, 1)])
    marks = Marks(home, "one", "power")
    marks.keep(FRANCE, stamp(home) + timedelta(microseconds=1))
    assert marks.of(FRANCE) is None


@pytest.mark.parametrize("spoilt", ["[]", '{"one/power": 7}', '{"one/power": {"eco2mix-national-tr": {}}}', "{"])
def test_a_note_that_is_spoilt_costs_a_publication_and_no_more(spoilt: str, home: Home, tmp_path: Path) -> None:
    observe(home.lake, FRANCE, [slot(0, 1)])
    (tmp_path / "stream.json").write_text(spoilt)
    marks = Marks(home, "one", "power")
    assert marks.of(FRANCE) is None
    marks.keep(FRANCE, stamp(home))
    assert marks.of(FRANCE) == stamp(home)


def test_a_mark_leaves_those_of_others_as_they_are(home: Home, tmp_path: Path) -> None:
    observe(home.lake, FRANCE, [slot(0, 1)])
    (tmp_path / "stream.json").write_text('{"two/power": {"eco2mix-national-tr": {"ledger": "x"}}}')
    Marks(home, "one", "power").keep(FRANCE, stamp(home))
    note = json.loads((tmp_path / "stream.json").read_text())
    assert note["two/power"] == {"eco2mix-national-tr": {"ledger": "x"}}


def test_a_second_producer_is_told_who_the_first_is(home: Home) -> None:
    with (
        only_producer(home),
        pytest.raises(BusyError, match=r"^another producer \(pid \d+\) has been running"),
    ):
        only_producer(home).__enter__()
    with only_producer(home):
        pass


def test_on_a_bucket_a_producer_keeps_those_of_other_machines_out(tmp_path: Path, reached: Bucket) -> None:
    first, second = (Home(Settings(home=tmp_path / name, lake=f"{reached.url}/lake")) for name in ("one", "two"))
    with only_producer(first), pytest.raises(BusyError, match="another producer"):
        only_producer(second).__enter__()
    observe(first.lake, FRANCE, [slot(0, 1)])
    Marks(first, "one", "power").keep(FRANCE, stamp(first))
    assert Marks(second, "one", "power").of(FRANCE) == stamp(first), "they share their marks"
    (frame, until), *_ = pending(second.lake, FRANCE)
    assert (frame["consommation"].to_list(), until) == ([1], stamp(first))


@pytest.mark.parametrize(
    ("kafka", "refused"),
    [
        (None, r"^no broker is named: set WATTHOUSE_KAFKA to host:port"),
        ("", r"^no broker is named"),
        ("localhost", r"^WATTHOUSE_KAFKA has 'localhost' for a broker: use host:port"),
        ("127.0.0.1:9092;b:9092", r"^WATTHOUSE_KAFKA has '127\.0\.0\.1:9092;b:9092' for a broker"),
        ("a:9092,", r"^WATTHOUSE_KAFKA has '' for a broker"),
        ("kafka://secret@a:9092", r"^WATTHOUSE_KAFKA has a URL for a broker: use host:port"),
    ],
)
def test_brokers_that_cannot_be_addresses_are_refused(kafka: str | None, refused: str) -> None:
    with pytest.raises(UsageError, match=refused) as error:
        brokers_of(Settings(kafka=kafka))
    assert "secret" not in str(error.value)


def test_several_brokers_are_one_cluster() -> None:
    assert brokers_of(Settings(kafka="a:9092, [::1]:9093")) == "a:9092,[::1]:9093"


def test_topics_keep_what_the_store_keeps(kafka: Kafka) -> None:
    wanted = Settings(kafka=kafka.broker, stream_topic=kafka.topic, stream_days=3)
    admin = AdminClient({"bootstrap.servers": kafka.broker})
    assert prepare(wanted) == prepare(wanted) == admin.list_topics().cluster_id
    resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in (kafka.topic, f"{kafka.topic}.dead")]
    described = admin.describe_configs(resources)
    assert [future.result()["retention.ms"].value for future in described.values()] == ["259200000"] * 2


def test_a_broker_that_is_away_is_named_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("watthouse.stream.cluster.PATIENCE", 1.0)
    with pytest.raises(StreamError, match=r"^no broker answers at 127\.0\.0\.1:9 \(Connection refused\): start it, or"):
        Cluster("127.0.0.1:9").id()
