"""What the emulator cannot prove, on an account: ``python -m tools.verify_bigquery PROJECT``.

Builds the synthetic sample in dataset ``development`` of an empty project, and compares it with the same built on this
machine. The project is billed for it.
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

import typer
from google.cloud.bigquery import Client

USED: Final = frozenset({"staging", "development"})
"""Datasets that must not be there: they would be mixed with a sample."""


@dataclass(frozen=True)
class Claim:
    """What should be so, the call of watthouse that tells, what it writes, and the variables of that call alone."""

    what: str
    words: Sequence[str]
    says: str = ""
    fails: bool = False
    variables: Mapping[str, str] = field(default_factory=dict)

    def refuted(self, variables: Mapping[str, str]) -> str | None:
        """Why it does not hold; None where it does."""
        done = subprocess.run(
            [sys.executable, "-m", "watthouse", *self.words],
            env={**os.environ, **variables, **self.variables},
            capture_output=True,
            text=True,
            check=False,
        )
        written = done.stdout + done.stderr
        if bool(done.returncode) == self.fails and re.search(self.says, written):
            return None
        return (written.strip().splitlines() or [f"code {done.returncode}"])[-1]


def claims(home: Path) -> Iterator[Claim]:
    """What should be so once the sample was built in ``home`` and, from its lake, in the project."""
    yield Claim("every table holds what the file here holds", ["parity", "--sample", str(home / "sample")])
    yield Claim("a second build finds nothing to do", ["build", "--sample"])
    yield Claim("a mart is read where it lies", ["show", "daily_merged", "--sample", "--format", "csv"], "civil_date")
    yield Claim("every test of the marts can be asked again", ["tests", "--sample", "--format", "csv"], "severity")
    yield Claim(
        "a query over the cap is refused",
        ["show", "daily_merged", "--sample"],
        "WATTHOUSE_BIGQUERY_BYTES",
        fails=True,
        variables={"WATTHOUSE_BIGQUERY_BYTES": "1"},
    )


def verify(all_of: Iterator[Claim], variables: Mapping[str, str]) -> list[str]:
    """Print a line a claim; returns those that do not hold."""
    failed = []
    for claim in all_of:
        reason = claim.refuted(variables)
        typer.echo(f"{'FAILED' if reason else 'holds'}  {claim.what}{f': {reason}' if reason else ''}")
        if reason:
            failed.append(claim.what)
    return failed


def main(
    project: Annotated[str, typer.Argument(help="A project without datasets of watthouse.")],
    since: Annotated[str, typer.Option(help="First day of the sample.")] = "2012-01-01",
) -> None:
    """Build the sample here and there, and compare."""
    if used := USED & {found.dataset_id for found in Client(project).list_datasets()}:
        typer.echo(f"{project} has {', '.join(sorted(used))} already: name an empty project", err=True)
        raise typer.Exit(2)
    with tempfile.TemporaryDirectory(prefix="watthouse-verify-") as folder:
        home = Path(folder)
        here = {"WATTHOUSE_HOME": folder, "WATTHOUSE_SAMPLE_SINCE": since}
        there = {**here, "WATTHOUSE_WAREHOUSE": f"bigquery://{project}/development"}
        failed = verify(iter([Claim(f"the sample since {since} is built here", ["refresh", "--sample"])]), here)
        failed += failed or verify(iter([Claim("it is built in the project", ["build", "--sample"], "built")]), there)
        failed += failed or verify(claims(home), there)
    raise typer.Exit(1 if failed else 0)


if __name__ == "__main__":
    typer.run(main)
