"""What a person sees: progress on standard error, results on standard output."""

import json
import shutil
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from rich.console import Console, ConsoleOptions, RenderableType
from rich.highlighter import JSONHighlighter
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.segment import Segment

from watthouse import inert
from watthouse.settings import LOOPBACK, Settings
from watthouse.transform import Node

_PIPE_WIDTH = 200  # of tables on a pipe: Rich would take 80 there, and leave out most columns
# What begins a tag, and what takes that back, go past Rich's markup as letters that nobody uses. Its own escape looks
# at one text at a time: "[red" of one file and "]" of the next are a tag, and a text that ends with a backslash undoes
# the tag that follows it.
# Data that has these letters itself gets a sign for them, or a backslash in JSON: they would come out as markup's.
_PAST_MARKUP = str.maketrans({0x5B: "\ue05b", 0x5C: "\ue05c", 0xE05B: "\ufffd", 0xE05C: "\ufffd"})
_AFTER_MARKUP = str.maketrans({0xE05B: "[", 0xE05C: "\\"})
_IN_JSON = str.maketrans({0xE05B: r"\ue05b", 0xE05C: r"\ue05c"})


class _Console(Console):
    """A console on which no text gives orders to the terminal, whoever wrote it and whatever printed it."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text.translate(_AFTER_MARKUP)
            if not segment.control and inert.SIGNS.search(text):
                text = inert.visible(text)
            yield Segment(text, segment.style, segment.control)


out = _Console(highlight=False, emoji=False, soft_wrap=True, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
err = _Console(stderr=True, highlight=False, emoji=False, soft_wrap=True)


COLUMNS: Final = (
    SpinnerColumn(),
    TextColumn("{task.description}"),
    BarColumn(),
    TaskProgressColumn(),
    TextColumn("{task.fields[rows]}"),
    TimeRemainingColumn(),
)


class Bar:
    """Rows, share done and time left of the stage at work; of a build the models and tests that are done."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._stage = "reading"
        self._task: TaskID = progress.add_task(self._stage, total=None, rows="")
        self._built = 0

    def reading(self, origin: str, done: int, total: int, rows: int) -> None:
        self._show("reading", f"reading {_short(origin)}", done, total, f"{rows:,} rows")

    def comparing(self, dataset_id: str, done: int, total: int) -> None:
        self._show(dataset_id, f"comparing {dataset_id} with the lake", done, total, f"{done:,} of {total:,} rows")

    def stage(self, what: str) -> None:
        self._begin(what)
        self._built = 0

    def node(self, node: Node) -> None:
        self._built += 1
        self._progress.update(self._task, description=f"building {node.title}", rows=f"{self._built} done")

    def _show(self, stage: str, what: str, done: int, total: int, rows: str) -> None:
        if stage != self._stage:
            self._begin(stage)
        self._progress.update(self._task, description=what, completed=done, total=total, rows=rows)

    def _begin(self, stage: str) -> None:
        """A line of its own: what is left of a stage is told by its own speed, and not by that of the one before."""
        self._progress.remove_task(self._task)
        self._stage, self._task = stage, self._progress.add_task(stage, total=None, rows="")

    def notice(self, text: str) -> None:
        notice(text)


@contextmanager
def bar() -> Iterator[Bar]:
    """A progress bar on a terminal; nothing on a pipe or in a log."""
    # on standard error, so that `watthouse show … > file` has rows alone in the file
    with Progress(*COLUMNS, console=err, transient=True, disable=not err.is_terminal) as progress:
        yield Bar(progress)


def notice(text: str) -> None:
    """Print what a person may want to know while they wait."""
    err.print(safe(text))


def print_json(content: object) -> None:
    """Print as JSON, what it has no type for as text; with colours on a terminal."""
    document = inert.escaped(json.dumps(content, indent=2, ensure_ascii=False, default=str))
    out.print(JSONHighlighter()(document.translate(_IN_JSON)))


@cache
def announce_sample() -> None:
    """The line that goes with figures of a sample, once per process."""
    err.print("[magenta]sample[/]   these figures are synthetic, made by watthouse: nobody measured them")


def serving_home(settings: Settings) -> None:
    """Print where a home is served."""
    address = _address(settings)
    out.print(f"\nopen       {safe(address)}   (its API: {safe(address)}/docs; Ctrl-C ends it)")
    exposed(settings)


def serving_meters(settings: Settings) -> None:
    """Print where the historic meter service is."""
    out.print(f"\nopen       {safe(_address(settings))}   (Ctrl-C ends it)")
    exposed(settings)


def exposed(settings: Settings) -> None:
    """Print what it means that others than this machine reach the server, where they do."""
    if settings.host in LOOPBACK:
        return
    means = [f"whoever reaches port {settings.port} can read all of it"]
    if not settings.api_token:
        means.append("nobody can change anything (no WATTHOUSE_API_TOKEN)")
    if not settings.hosts:
        means.append("it answers to addresses, to names only once WATTHOUSE_HOSTS has them")
    err.print(f"[yellow]exposed[/]    {safe('; '.join(means))}")


def _address(settings: Settings) -> str:
    return f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{settings.port}"


def serving(url: str) -> None:
    """Print where the sample is served, and how to query it into a home of its own."""
    out.print(f"a synthetic ODRÉ at {url}   (Ctrl-C ends it)")
    out.print(f"ask it with   WATTHOUSE_HOME=var/rehearsal WATTHOUSE_ODRE_URL={url} {safe(program())} refresh")


def moment(value: object) -> str:
    """An instant to the minute in UTC, or a day; a dash where there is none."""
    if value is None:
        return "–"
    return value.strftime("%Y-%m-%d %H:%MZ") if isinstance(value, datetime) else str(value)


def program() -> str:
    """How this program was called, so that commands in messages can be typed as shown."""
    # `make run` calls .venv/bin/watthouse, which is not on the PATH
    called = Path(sys.argv[0])
    return str(called) if called.name == "watthouse" and not shutil.which("watthouse") else "watthouse"


def now() -> str:
    """The time, as lines of a log begin."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%SZ}"


def size(count: float) -> str:
    """Bytes in the unit that suits them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def _short(origin: str) -> str:
    return safe(origin.rsplit("/", 1)[-1][-48:])


def safe(text: object) -> str:
    """Text that is printed as it is, on one line, with a sign for what a terminal would act on."""
    words = str(text)
    return (words if words.isascii() and words.isprintable() else inert.line(words)).translate(_PAST_MARKUP)
