"""A lease: one holder at a time, renewed while it lives, free again after a crash."""

import json
import re
import threading
import time

import obstore
import pytest

from tests.servers import Bucket
from watthouse.errors import BusyError
from watthouse.storage import Files, Lease
from watthouse.storage.notes import bucket_read

NAME = "refresh.lease"


def lease(bucket: Bucket, seconds: float = 30) -> Lease:
    return Lease(bucket.place(), NAME, seconds)


def left(bucket: Bucket, seconds: float) -> None:
    """A lease whose holder has stopped without a word: it is neither renewed nor given back."""
    note = {"token": "0", "who": "somebody", "since": "2026-01-01T00:00:00Z", "seconds": seconds}
    obstore.put(bucket.place().objects, NAME, json.dumps(note).encode())


def test_another_is_refused_at_once_and_told_who_and_since_when(reached: Bucket) -> None:
    with lease(reached).held():
        began = time.monotonic()
        with pytest.raises(BusyError) as caught, lease(reached).held():
            pass
        assert time.monotonic() - began < 5
    assert re.search(
        r"another refresh \(\S+ on \S+, pid \d+\) has been running on \w+://\S+ since 20\d\d-\d\d-\d\d",
        str(caught.value),
    )
    assert "its lease runs out within 30 s" in str(caught.value)


def test_it_is_free_once_it_was_given_back(reached: Bucket) -> None:
    for _ in range(3):
        with lease(reached).held() as held:
            held.check()


def test_of_many_at_once_one_holds_it(reached: Bucket) -> None:
    holding, most, refused = 0, 0, 0
    lock, start = threading.Lock(), threading.Barrier(6)

    def hold() -> None:
        nonlocal holding, most, refused
        start.wait()
        try:
            with lease(reached).held():
                with lock:
                    holding += 1
                    most = max(most, holding)
                time.sleep(0.3)
                with lock:
                    holding -= 1
        except BusyError:
            with lock:
                refused += 1

    threads = [threading.Thread(target=hold) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1
    assert refused


def test_it_runs_out_after_a_crash_and_not_before(reached: Bucket) -> None:
    left(reached, seconds=3)
    with pytest.raises(BusyError, match=r"\(somebody\).*since 2026-01-01T00:00:00Z"), lease(reached).held():
        pass
    time.sleep(4.5)  # the clock of a bucket counts whole seconds
    with lease(reached).held() as held:
        held.check()
    assert [stored.name for stored in Files(reached.place()).listed()] == [NAME]  # and no other file than itself


def test_it_is_renewed_while_its_holder_lives(reached: Bucket) -> None:
    with lease(reached, seconds=2).held() as held:
        time.sleep(4.5)
        with pytest.raises(BusyError), lease(reached, seconds=2).held():
            pass
        held.check()


def test_a_holder_that_was_suspended_too_long_is_told(reached: Bucket) -> None:
    with lease(reached).held() as first:
        left(reached, seconds=30)  # another took it, as this one had not been heard of
        with pytest.raises(BusyError, match="another refresh has taken over"):
            first.check()
    with pytest.raises(BusyError, match=r"\(somebody\)"), lease(reached).held():
        pass  # what is another's is not given back by the first


@pytest.mark.parametrize(
    "spoilt", [b"", b"{", b"[]", b'{"token": 1}', b'{"token": "0", "who": "x", "since": "", "seconds": NaN}']
)
def test_a_spoilt_lease_keeps_nobody_away(spoilt: bytes, reached: Bucket) -> None:
    obstore.put(reached.place().objects, NAME, spoilt)
    with lease(reached).held() as held:
        held.check()
    assert bucket_read(reached.place(), NAME).content == b"{}"


def test_a_lease_that_would_last_for_ever_lasts_a_day_at_most(reached: Bucket) -> None:
    left(reached, seconds=1e300)
    with pytest.raises(BusyError, match="runs out within 86400 s"), lease(reached).held():
        pass
