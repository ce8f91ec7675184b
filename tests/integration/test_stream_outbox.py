"""Out of the lake into a real Kafka: each observation once, in order, as the lake has it."""

import json
import os
import re
import signal
import subprocess
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.integration.outbox import NOW, ONCE, add, observations, produce, refusal, run, said
from tests.integration.service import Service
from tests.integration.test_made_up_marts import national
from tests.servers import Kafka
from tests.support import begun, command, environment, mart, watthouse, write_csv
from watthouse.home import Home
from watthouse.settings import Settings

pytestmark = [pytest.mark.slow]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return begun(tmp_path / "home")


def test_everything_is_published_once_and_a_second_round_publishes_nothing(
    home: Path, kafka: Kafka, odre: Service
) -> None:
    told = produce(home, kafka, odre)
    assert f"published 288 of eco2mix-national-tr and 2,304 of eco2mix-regional-tr: {kafka.topic} at" in told
    messages = kafka.messages()
    assert said(messages) == observations(home)
    assert any(not json.loads(message.value())["values"]["consommation"] for message in messages), "forecasts alone"
    assert mart(home, "national_slots"), "a round is a whole refresh"
    assert f"nothing to publish: {kafka.topic} at" in produce(home, kafka, odre)
    assert len(kafka.messages()) == len(messages)
    assert {json.loads(message.value())["sample"] for message in messages} == {Home(Settings(home=home)).sample}
    assert kafka.messages(f"{kafka.topic}.dead") == []


def test_a_revision_is_published_after_what_it_revises(home: Path, kafka: Kafka, odre: Service) -> None:
    produce(home, kafka, odre)
    before = len(kafka.messages())
    odre.at(NOW + timedelta(hours=2))
    produce(home, kafka, odre)
    messages = kafka.messages()
    assert said(messages) == observations(home)
    assert before < len(messages) < 2 * before, "what did not change is not published again"
    stamps: dict[bytes, list[str]] = {}
    for message in messages:
        stamps.setdefault(message.key(), []).append(json.loads(message.value())["observed_at"])
    assert all(sorted(of_key) == of_key for of_key in stamps.values())
    assert max(map(len, stamps.values())) == 2


def test_a_replay_publishes_slots_since_a_civil_day_again_and_moves_no_mark(
    home: Path, kafka: Kafka, odre: Service
) -> None:
    produce(home, kafka, odre)
    done = run(home, kafka, "stream", "produce", "--replay", "2026-11-28")
    assert done.returncode == 0, done.stderr
    assert "published 192 of eco2mix-national-tr and 1,152 of eco2mix-regional-tr" in done.stdout
    again = [row for row in observations(home) if json.loads(row)[4] >= "2026-11-28"]
    assert said(kafka.messages()) == observations(home) + Counter(again)
    assert "nothing to publish" in produce(home, kafka, odre)
    future = run(home, kafka, "stream", "produce", "--replay", "2027-01-01")
    assert "nothing to publish" in future.stdout


def test_days_the_clocks_change_go_through_slot_by_slot(home: Path, kafka: Kafka, tmp_path: Path) -> None:
    """Of the four phantom quarter hours of spring nothing is published; autumn has 96 of its 100."""
    days = [date(2026, 3, 29), date(2026, 10, 25)]
    rows = [row for day in days for row in national(day, "Données temps réel", 50_000)]
    assert run(home, kafka, "refresh", "--from", str(write_csv(tmp_path / "changes.csv", rows))).returncode == 0
    assert run(home, kafka, "stream", "produce", "--replay", "2026-01-01").returncode == 0
    messages = kafka.messages()
    assert said(messages) == observations(home)
    assert Counter(json.loads(message.value())["date"] for message in messages) == {"2026-03-29": 92, "2026-10-25": 96}
    assert len({message.key() for message in messages}) == 188
    assert b"eco2mix-national-tr|FR|2026-10-25T00:00:00Z" not in {message.key() for message in messages}


@pytest.mark.real
def test_real_files_are_published_as_they_are(home: Path, kafka: Kafka, real_data: Path) -> None:
    files = sorted(str(path) for path in (real_data / "odre").glob("*-tr_*"))
    assert len(files) == 2
    assert run(home, kafka, "refresh", "--from", *files).returncode == 0
    done = run(home, kafka, "stream", "produce", "--replay", "2020-01-01")
    assert done.returncode == 0, done.stderr
    assert said(kafka.messages()) == observations(home)


def test_a_dead_letter_of_any_size_is_delivered(home: Path, kafka: Kafka, odre: Service) -> None:
    produce(home, kafka, odre)
    add(home, nature="x" * 2_000_000)
    produce(home, kafka, odre)
    (letter,) = kafka.messages(f"{kafka.topic}.dead")
    headers = {name: value.decode() for name, value in letter.headers()}
    assert re.fullmatch(r"it has 2,000,\d{3} bytes, and a message has 16,384 at most", headers["reason"])
    assert int(headers["length"]) > 2_000_000 > len(letter.value()) == 16_384


def test_a_row_that_breaks_the_schema_goes_to_the_dead_letters_with_the_reason(
    home: Path, kafka: Kafka, odre: Service
) -> None:
    produce(home, kafka, odre)
    before = observations(home)
    add(home, nature="provisoire")
    told = produce(home, kafka, odre)
    assert "; 1 rows that break the schema went to the dead letters" in told
    assert said(kafka.messages()) == before
    (letter,) = kafka.messages(f"{kafka.topic}.dead")
    headers = dict(letter.headers())
    assert headers["reason"].decode().startswith("nature: ")
    assert headers["topic"].decode() == kafka.topic
    assert json.loads(letter.value())["nature"] == "provisoire"
    assert "nothing to publish" in produce(home, kafka, odre), "it is passed over once"


def test_a_producer_that_stays_goes_on_by_itself_and_ends_in_good_order(
    home: Path, kafka: Kafka, odre: Service
) -> None:
    env = environment(home, {**kafka.variables, **odre.variables, "PYTHONUNBUFFERED": "1"})
    words = command("stream", "produce", "--every", "1s")
    staying = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert staying.stdout
    rounds = (line for line in staying.stdout if "publish" in line)
    assert "published 288 of eco2mix-national-tr" in next(rounds)
    assert "nothing to publish" in next(rounds)
    odre.at(NOW + timedelta(hours=2))
    assert any("published" in line for line in rounds), "the clock went on, and so did it"
    staying.send_signal(signal.SIGTERM)
    rest, trouble = staying.communicate(timeout=30)
    assert rest.strip().splitlines()[-1] == "stopped"
    assert staying.returncode == 0
    assert "Traceback" not in trouble
    assert said(kafka.messages()) == observations(home)


@pytest.mark.parametrize(
    ("words", "env", "line"),
    [
        ([], {"WATTHOUSE_KAFKA": ""}, r"no broker is named: set WATTHOUSE_KAFKA to host:port .*"),
        ([], {"WATTHOUSE_KAFKA": "localhost"}, r"WATTHOUSE_KAFKA has 'localhost' for a broker: use host:port.*"),
        ([], {"WATTHOUSE_STREAM_TOPIC": "a b"}, r"WATTHOUSE_STREAM_TOPIC 'a b' is not valid .*"),
        (["--replay", "2026-11-01"], {}, r"--once and --replay exclude each other: choose one"),
        (["--every", "15min"], {}, r"--every and --once exclude each other: choose one"),
    ],
)
def test_a_wrong_call_is_refused_before_anything_is_fetched(
    words: list[str], env: dict[str, str], line: str, tmp_path: Path
) -> None:
    done = watthouse(tmp_path, *ONCE, *words, env={"WATTHOUSE_KAFKA": "127.0.0.1:9", **env})
    assert re.fullmatch(line, refusal(done, 2))
    assert not (tmp_path / "lake").exists()


@pytest.mark.parametrize("pause", ["15", "0s", "25h", "1d", "-5min"])
def test_a_pause_that_is_none_is_refused(pause: str, tmp_path: Path) -> None:
    done = watthouse(tmp_path, "stream", "produce", f"--every={pause}")
    assert done.returncode == 2
    assert f"'{pause}' is not a valid pause; use 90s, 15min or 1h" in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize("missing", ["confluent_kafka", "jsonschema_rs"])
def test_without_the_extra_it_says_what_to_install(missing: str, tmp_path: Path) -> None:
    folder = tmp_path / "shadow"
    folder.mkdir()
    (folder / f"{missing}.py").write_text(f"raise ModuleNotFoundError('gone', name='{missing}')")
    env = environment(tmp_path, {"PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])})
    done = subprocess.run(command(*ONCE), env=env, capture_output=True, text=True, check=False)
    assert refusal(done, 1) == f"{missing} is not installed: pip install 'watthouse[stream]'"
