"""The verb that takes the stream into its store; Spark has an environment of its own, in which it runs itself."""

import os
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer

from watthouse.cli import console
from watthouse.cli.app import extra, settings_of, stream, verb
from watthouse.cli.options import OfSample
from watthouse.cli.update import staying
from watthouse.errors import UsageError
from watthouse.parent import is_bound


@verb(stream)
def process(
    once: Annotated[bool, typer.Option("--once", help="Take the messages that are there, then end.")] = False,
    sample: OfSample = False,
) -> None:
    """Take messages from Kafka through Spark into the store, until Ctrl-C; prints a line a batch."""
    settings = settings_of(sample=sample)
    if settings.spark_python and settings.spark_python.absolute() != Path(sys.executable).absolute():
        _become(settings.spark_python)
    with extra("spark", " in an environment of its own, and set WATTHOUSE_SPARK_PYTHON to its Python"):
        from watthouse.stream.processor import process as take
    with nullcontext() if once else staying():
        take(settings, lambda line: console.out.print(f"{console.now()} {console.safe(line)}"), once=once)


def _become(python: Path) -> None:
    """Go on as the same call in that environment, under the same process id: Ctrl-C reaches it."""
    module = "watthouse.parent" if is_bound() else "watthouse"
    words = [str(python.absolute()), "-m", module, *sys.argv[1:]]
    try:
        os.execv(words[0], words)
    except OSError as error:
        raise UsageError(
            f"WATTHOUSE_SPARK_PYTHON '{python}' does not run ({error.strerror}): name the Python of an environment"
            " with watthouse[spark]"
        ) from error
