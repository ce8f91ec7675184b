"""The producer, the broker or the service killed, away or busy: nothing is lost, nor twice but as it was."""

import os
import random
import re
import signal
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from tests.integration.outbox import NAMES, NOW, ONCE, observations, produce, refusal, run, said
from tests.integration.service import Service
from tests.killing import at
from tests.servers import Kafka, up
from tests.support import begun, command, environment, mart
from tools.services import SERVERS, Services
from watthouse.home import Home
from watthouse.settings import Settings
from watthouse.stream.outbox import only_producer

pytestmark = [pytest.mark.slow]

ROUNDS: Final = 20
"""How often a producer is killed at random."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return begun(tmp_path / "home")


@pytest.mark.parametrize(
    ("when", "point"),
    [
        ("after", "watthouse.lake.table:Table.append"),
        ("after", "watthouse.stream.producer:Publisher._send"),
        ("after", "watthouse.stream.producer:Publisher._deliver"),
        ("after", "watthouse.stream.outbox:Marks.keep"),
    ],
    ids=lambda value: value.rpartition(":")[2],
)
def test_kill_9_of_the_producer_then_one_more_round(
    when: str, point: str, home: Path, kafka: Kafka, odre: Service
) -> None:
    killed = run(home, kafka, *ONCE, **odre.variables, **at(when, point))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    produce(home, kafka, odre)
    published = said(kafka.messages())
    assert set(published) == set(observations(home)), "nothing is lost; what came twice is the same to the letter"
    produce(home, kafka, odre)
    assert said(kafka.messages()) == published, "the marks are where they should be"


@pytest.mark.long
def test_kill_9_of_the_producer_at_random_moments_then_one_more_round(home: Path, kafka: Kafka, odre: Service) -> None:
    """Again and again on one home and topic, with an hour of news each time."""
    env = environment(home, {**kafka.variables, **odre.variables})
    began = time.monotonic()
    assert subprocess.run(command(*ONCE), env=env, capture_output=True, check=False).returncode == 0
    seconds, chance = time.monotonic() - began, random.Random(7)
    for hour in range(1, 1 + ROUNDS):
        odre.at(NOW + timedelta(hours=hour))
        killed = subprocess.Popen(command(*ONCE), env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.2, 1.05) * seconds)
        killed.kill()
        killed.wait()
        produce(home, kafka, odre)
        assert set(said(kafka.messages())) == set(observations(home))


def test_a_broker_that_dies_in_mid_publication_is_named_and_gets_the_rest_when_it_is_back(
    home: Path, odre: Service, own_servers: Services
) -> None:
    running = up(own_servers, "kafka")
    kafka = Kafka(SERVERS["kafka"].url(running))
    death = at("after", "watthouse.stream.producer:Publisher._send", running.pid)
    died = run(home, kafka, *ONCE, **odre.variables, **death, WATTHOUSE_STREAM_DELIVERY_SECONDS="1.5")
    assert re.fullmatch(
        rf"no broker answers at {kafka.broker} \(.*\): start it, or set WATTHOUSE_KAFKA"
        r" \(what was not delivered is published by the next run\)",
        refusal(died, 1),
    )
    assert mart(home, "national_slots"), "the marts do not wait for a broker"
    away = run(home, kafka, *ONCE, **odre.variables)
    why = f"no broker answers at {kafka.broker} (Connection refused)"
    assert refusal(away, 1) == f"{why}: start it, or set WATTHOUSE_KAFKA"
    own_servers.again(SERVERS["kafka"])
    produce(home, kafka, odre)
    published = said(kafka.messages())
    assert set(published) == set(observations(home))

    own_servers.down("kafka", signal.SIGKILL)
    anew = Kafka(SERVERS["kafka"].url(own_servers.up(SERVERS["kafka"])), kafka.topic)
    produce(home, anew, odre)
    assert said(anew.messages()) == observations(home), "a new cluster was told nothing yet"


def test_of_two_producers_the_second_says_who_the_first_is(home: Path, kafka: Kafka, odre: Service) -> None:
    with only_producer(Home(Settings(home=home))):
        second = run(home, kafka, *ONCE, **odre.variables)
        again = run(home, kafka, "stream", "produce", "--replay", "2026-11-28")
    who = rf"another producer \(pid {os.getpid()}\) has been running in .*: end it first"
    assert all(re.fullmatch(who, refusal(done, 1)) for done in (second, again))
    assert not (home / "lake").exists()


def test_where_another_refresh_runs_what_the_lake_has_is_published(home: Path, kafka: Kafka, odre: Service) -> None:
    refreshed = run(home, kafka, "refresh", *NAMES, **odre.variables)
    assert refreshed.returncode == 0, refreshed.stderr
    with Home(Settings(home=home)).only_one():
        done = run(home, kafka, *ONCE, **odre.variables)
    assert done.returncode == 0, done.stderr
    assert "another refresh" in done.stderr
    assert "publishing what the lake has" in done.stderr
    assert said(kafka.messages()) == observations(home)


def test_where_the_service_is_away_what_the_lake_has_is_published_before_that_is_said(
    home: Path, kafka: Kafka, odre: Service
) -> None:
    assert run(home, kafka, "refresh", *NAMES, **odre.variables).returncode == 0
    done = run(home, kafka, *ONCE, WATTHOUSE_ODRE_URL="http://127.0.0.1:9/api", WATTHOUSE_RETRY_SECONDS="0.02")
    assert "127.0.0.1:9 cannot be reached" in refusal(done, 1)
    assert "published 288 of eco2mix-national-tr" in done.stdout
    assert said(kafka.messages()) == observations(home)


def test_a_damaged_table_is_named_and_the_other_is_published(home: Path, kafka: Kafka, odre: Service) -> None:
    assert run(home, kafka, "refresh", *NAMES, **odre.variables).returncode == 0
    expected = {row for row in observations(home) if NAMES[1] in row}
    (file,) = (home / "lake" / NAMES[0]).glob("month=2026-11/*.parquet")
    file.write_bytes(b"x" + file.read_bytes()[1:])
    line = refusal(run(home, kafka, "stream", "produce", "--once", **odre.variables), 1)
    assert file.name in line
    assert set(said(kafka.messages())) == expected
