"""``python -m tools.services up|down|status|env [NAME…]``."""

import shlex
from typing import Annotated

import typer

from tools.services import SERVERS, Services
from tools.services.base import ServiceFailedError

app = typer.Typer(help="Real servers on this machine, without containers.", no_args_is_help=True, add_completion=False)
Names = Annotated[
    list[str] | None, typer.Argument(metavar="NAME…", help=f"Any of {', '.join(SERVERS)}; all where none is named.")
]


def _chosen(names: list[str] | None) -> list[str]:
    for name in names or ():
        if name not in SERVERS:
            raise typer.BadParameter(f"unknown server '{name}': there are {', '.join(SERVERS)}")
    return names or [*SERVERS]


@app.command()
def up(names: Names = None) -> None:
    """Start them, unless they run, and print where they are."""
    for name in _chosen(names):
        try:
            running = Services().up(SERVERS[name])
        except ServiceFailedError as error:
            typer.echo(f"services: {error}", err=True)
            raise typer.Exit(1) from None
        typer.echo(f"{name:<14} 127.0.0.1:{running.port}  pid {running.pid}  {running.place}")


@app.command()
def down(names: Names = None) -> None:
    """Stop them, by pid; their data stay until the next start."""
    for name in _chosen(names):
        typer.echo(f"{name:<14} {'stopped' if Services().down(name) else 'did not run'}")


@app.command()
def status(names: Names = None) -> None:
    """Which run, and where."""
    for name in _chosen(names):
        running = Services().find(name)
        typer.echo(f"{name:<14} {f'127.0.0.1:{running.port}  pid {running.pid}' if running else 'does not run'}")


@app.command()
def env(names: Names = None) -> None:
    """The variables by which clients and tests reach those that run: `eval "$(python -m tools.services env)"`."""
    for name in _chosen(names):
        server, running = SERVERS[name], Services().find(name)
        if running:
            for variable, value in {server.variable: server.url(running), **server.environment(running)}.items():
                typer.echo(f"export {variable}={shlex.quote(value)}")


if __name__ == "__main__":
    app()
