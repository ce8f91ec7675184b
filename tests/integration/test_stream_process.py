"""The processor on real servers: whatever comes, in any order, and whatever is interrupted, the store ends alike."""

import json
from pathlib import Path
from random import Random
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from tests.integration.streams import AUTUMN, DAY, SPRING, Stream, drawn, history, messages
from tests.servers import Kafka
from watthouse.stream.documents import REGIONAL
from watthouse.stream.message import LONGEST
from watthouse.stream.store import Store

pytestmark = [pytest.mark.slow]

SLOTS = 3 * (92 + 96 + 96) + 96


@pytest.fixture
def stream(kafka: Kafka, stream_store: str, tmp_path: Path, spark: str) -> Stream:
    return Stream.of(kafka, stream_store, tmp_path / "home", spark)


@pytest.fixture(scope="module")
def undisturbed(kafka_server: str, mongodb_server: str, spark: str, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What the store holds after :func:`history` came in order, in one batch."""
    from tests import servers

    with servers.mongodb(mongodb_server) as store:
        stream = Stream.of(Kafka(kafka_server), store, tmp_path_factory.mktemp("undisturbed"), spark)
        stream.publish(history())
        (line,) = stream.processed()
        assert f"{SLOTS + 26:,} messages, {SLOTS:,} documents written in" in line
        return stream.state()


def test_every_slot_is_one_document_and_latest_is_the_newest_measured(undisturbed: Any) -> None:
    documents, latest = undisturbed
    assert len(documents) == SLOTS
    assert {(each["dataset"], each["region"]) for each in documents.values()} >= {(REGIONAL, "11"), (REGIONAL, "24")}
    # the last six slots of France were withdrawn
    newest = {region: each["heure"] for region, each in latest.items()}
    expected = {}
    for each in sorted(documents.values(), key=lambda each: each["instant"]):
        if each["consommation_mw"] is not None:
            expected[each["region"]] = each["heure"]
    assert newest == expected
    assert newest["FR"] < "22:30"
    rare = [each["heure"] for each in documents.values() if each["region"] == "53" and each["mix_known"]]
    assert rare == ["12:30"]


def test_the_same_messages_again_change_nothing(stream: Stream, undisturbed: Any) -> None:
    stream.publish([*history(), *history()])
    assert f"{2 * (SLOTS + 26):,} messages, {SLOTS:,} documents written" in stream.processed()[0]
    assert stream.processed() == [], "nothing is left"
    stream.publish(history())
    assert f"{SLOTS + 26:,} messages, 0 documents written" in stream.processed()[0]
    assert stream.state() == undisturbed
    assert stream.documents("progress")["processor"]["lag"] == {stream.kafka.topic: 0}


@pytest.mark.parametrize("seed", [1, 2])
def test_any_order_in_batches_of_any_size_ends_alike(stream: Stream, undisturbed: Any, seed: int) -> None:
    told = history()
    Random(seed).shuffle(told)
    stream.variables["WATTHOUSE_STREAM_BATCH_ROWS"] = str(100 + 70 * seed)
    stream.publish(told)
    assert len(stream.processed()) >= 4
    assert stream.state() == undisturbed


def test_a_new_checkpoint_reads_everything_again_and_changes_nothing(
    stream: Stream, undisturbed: Any, tmp_path: Path
) -> None:
    stream.publish(history())
    stream.processed()
    stream.variables["WATTHOUSE_HOME"] = str(tmp_path / "another")
    (line,) = stream.processed()
    assert f"{SLOTS + 26:,} messages, 0 documents written" in line
    assert stream.state() == undisturbed


def test_what_is_no_message_is_a_dead_letter_with_its_reason_and_the_rest_is_taken(
    stream: Stream, undisturbed: Any
) -> None:
    told = history()
    value = told[0][1]
    good = json.loads(value)

    def changed(**fields: Any) -> str:
        return json.dumps({**good, **fields})

    later = changed(observed_at="2024-10-31T08:00:00.000001Z")
    poison: dict[str, str | bytes | None] = {
        "it is not JSON": b"\xff{",
        "it is a truncated message": value[:-20],
        "it is empty": None,
        # its beginning is a message by itself, and would be the newest
        "it has 900,000 bytes": later + " " * (900_000 - len(later.encode())),
        "its schema is 2": changed(schema=2),
        "values": changed(values={**good["values"], "nucleaire": "100"}),
        "nature": changed(nature="Données définitives"),
        "not the civil day": changed(date="2024-01-01"),
        "there is no such region": changed(region="99"),
        "of another dataset": changed(dataset="eco2mix-national-tr", values={}),
        "no number": value.replace('"consommation":', '"consommation":NaN,"x":', 1),
    }
    stream.publish([*told[:400], *((name, each) for name, each in poison.items()), *told[400:]])
    (line,) = stream.processed()
    assert f"{len(poison)} dead letters" in line
    assert stream.state() == undisturbed
    dead = {letter["key"].decode(): letter for letter in stream.dead()}
    assert dead.keys() == poison.keys()
    for name, each in poison.items():
        assert dead[name]["topic"] == stream.kafka.topic
        sent = each.encode() if isinstance(each, str) else each
        assert dead[name]["length"] == str(len(sent or b""))
        assert dead[name]["value"] == (sent if sent is None or len(sent) <= LONGEST else sent[:4096])
    for name in ("it is not JSON", "it is empty", "it has 900,000 bytes", "its schema is 2", "values", "nature"):
        assert name in dead[name]["reason"], dead[name]["reason"]
    assert "civil day" in dead["not the civil day"]["reason"]
    assert stream.documents("progress")["processor"]["dead_letters"] == len(poison)


def test_what_is_older_than_the_history_is_not_kept_whichever_comes_first(stream: Stream) -> None:
    stream.variables["WATTHOUSE_STREAM_DAYS"] = "1"
    spring, autumn, newest = (messages(REGIONAL, drawn(REGIONAL, day, 3)) for day in (SPRING, AUTUMN, DAY))
    stream.publish([*spring, *messages(REGIONAL, drawn(REGIONAL, SPRING, 4, region="24"))])
    stream.processed()
    assert len(stream.documents()) == 2 * 92
    assert stream.documents("latest").keys() == {"11", "24"}
    stream.publish([*autumn, *newest])
    stream.processed()
    expected = stream.documents()
    assert {each["date"] for each in expected.values()} == {str(AUTUMN), str(DAY)}
    assert len(expected) == 192
    assert stream.documents("latest").keys() == {"11"}, "nothing is known of the other any more"
    stream.publish(spring)
    (line,) = stream.processed()
    assert "92 messages, 0 documents written, 92 older than the history" in line
    assert stream.documents() == expected


def test_messages_that_the_broker_dropped_before_they_were_taken_are_missed(stream: Stream) -> None:
    stream.publish(history()[:100])
    stream.processed()
    stream.publish(history()[100:200])
    admin = AdminClient({"bootstrap.servers": stream.kafka.broker})
    counts: dict[int, int] = {}
    for each in stream.kafka.messages():
        counts[each.partition()] = each.offset() + 1
    dropped = [TopicPartition(stream.kafka.topic, part, end) for part, end in counts.items()]
    for future in admin.delete_records(dropped).values():
        future.result()
    answer = stream.process()
    assert "the broker no longer has messages that were not taken yet" in answer["error"]
    assert "watthouse stream produce --replay" in answer["error"]


@pytest.mark.parametrize(
    "point",
    [
        "watthouse.stream.dead:DeadLetters.send",
        "watthouse.stream.store:Store.upsert",
        "watthouse.stream.store:Store.settle",
        "watthouse.stream.batch:Batches.take",
    ],
)
def test_a_batch_that_breaks_off_is_taken_again(stream: Stream, undisturbed: Any, point: str) -> None:
    stream.variables["WATTHOUSE_STREAM_BATCH_ROWS"] = "500"
    stream.publish([("bad", "bad"), *history()])
    answer = stream.process(fail_after=point)
    assert "broken off" in answer["error"]
    stream.processed()
    assert stream.state() == undisturbed
    # the same letter may come twice, and says so
    assert {(each["partition"], each["offset"]) for each in stream.dead()} == {
        (each["partition"], each["offset"]) for each in stream.dead()[:1]
    }


def test_what_is_of_a_sample_says_so_in_the_store(stream: Stream) -> None:
    day = drawn(REGIONAL, DAY, 1)
    stream.publish([*messages(REGIONAL, day[:50], sample="seed=0"), *messages(REGIONAL, day[50:])])
    stream.processed()
    told = {each["heure"]: each["sample"] for each in stream.documents().values()}
    assert told == {row["heure"]: "seed=0" if number < 50 else None for number, row in enumerate(day)}


def test_a_second_processor_says_who_is_the_first_and_ends(stream: Stream) -> None:
    first = Store(stream.store)
    with first.leased("the first, process 7", 60):
        answer = stream.process()
    first.close()
    assert "another processor (the first, process 7) has been running on the store at 127.0.0.1:" in answer["error"]
    assert "stop it first" in answer["error"]
