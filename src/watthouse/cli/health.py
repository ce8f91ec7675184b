"""The verbs that tell how a home is, and mend it."""

from typing import Annotated

import typer

from watthouse.cli import console, tables
from watthouse.cli.app import home, service, settings_of, verb
from watthouse.cli.options import AsJson, OfSample
from watthouse.errors import WatthouseError
from watthouse.home import Home
from watthouse.operate import runs, status

_SHOWN_RUNS = 10


@verb()
def status_(
    sample: OfSample = False,
    as_json: AsJson = False,
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Read the whole lake; exit 1 where it is damaged, or data older than its cadence."
        ),
    ] = False,
    all_runs: Annotated[
        bool, typer.Option("--runs", help=f"The last {runs.KEPT} runs instead: who started them, what came of them.")
    ] = False,
) -> None:
    """How fresh and how complete every dataset is, and the last runs, whoever started them."""
    place = home(sample)
    if all_runs:
        _runs(place, as_json)
        return
    lines = status.look(place, damage=status.damage_of(place) if check else None)
    if as_json:
        console.print_json([line.as_json() for line in lines])
    else:
        tables.statuses(lines)
        tables.runs(runs.last(place.notes)[:_SHOWN_RUNS])
    late = [line.dataset for line in lines if line.overdue]
    reasons = [f"{line.dataset}: {line.damage}" for line in lines if line.damage]
    reasons += [f"older than the cadence: {', '.join(late)}"] if late else []
    if not reasons and not any(line.lake_rows for line in lines):
        reasons = ["the lake is empty"]
    if check and reasons:
        raise WatthouseError("; ".join(reasons))


def _runs(place: Home, as_json: bool) -> None:
    noted = runs.last(place.notes)
    if as_json:
        console.print_json([run.as_json() for run in noted])
    else:
        tables.runs(noted)


@verb()
def doctor(sample: OfSample = False, as_json: AsJson = False) -> None:
    """What is installed, reachable and writable, and what to do about the rest."""
    from watthouse.operate.doctor import Health, examine

    with service(Home(settings_of(sample=sample)), sample=sample) as served:
        findings = list(examine(served.settings))
    if as_json:
        console.print_json([finding.as_json() for finding in findings])
    else:
        tables.findings(findings)
    if any(finding.state is Health.BAD for finding in findings):
        raise typer.Exit(1)


@verb()
def repair(
    apply: Annotated[bool, typer.Option("--apply", help="Restore what can be restored.")] = False,
    sample: OfSample = False,
) -> None:
    """What can be restored of a damaged lake, and from where."""
    from watthouse.operate.repair import look, mend

    settings = home(sample).settings
    with console.bar() as bar:
        mendings = mend(settings, bar) if apply else look(settings)
    tables.mendings(mendings, applied=apply)
    if any(mending.lost or not apply for mending in mendings):
        raise typer.Exit(1)
