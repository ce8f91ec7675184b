"""Work in threads that nothing has to wait for: a look-up or a read that hangs must not hold up the exit."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from itertools import islice
from threading import Thread
from typing import TypeVar

A = TypeVar("A")
T = TypeVar("T")


def begun(work: Callable[[], T]) -> "Future[T]":
    """Work in a daemon thread."""
    # Not a ThreadPoolExecutor: the interpreter joins its threads at exit, and nothing can interrupt a getaddrinfo that
    # hangs on a resolver.
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future


def in_order(
    work: Callable[[A], T], items: Iterable[A], threads: int, discard: Callable[[T], None] = lambda _: None
) -> Generator[T, None, None]:
    """The results in the order of the items, ``threads`` of them at work at a time.

    Where the caller leaves early, or one fails, the results of the others go to ``discard``.
    """
    todo = iter(items)
    waiting = deque(_begun(work, item) for item in islice(todo, threads))
    try:
        while waiting:
            result = waiting[0].result()
            waiting.popleft()
            waiting.extend(_begun(work, item) for item in islice(todo, 1))
            yield result
    finally:
        for future in waiting:
            dispose(future, discard)


def dispose(future: "Future[T]", discard: Callable[[T], None]) -> None:
    """Pass the result of a future to ``discard``, whenever it comes."""
    future.add_done_callback(lambda done: None if done.exception() else discard(done.result()))


def _begun(work: Callable[[A], T], item: A) -> "Future[T]":
    return begun(lambda: work(item))
