"""The side that the settings name, for a server to keep."""

from collections.abc import Iterator
from contextlib import contextmanager

from watthouse.serve.dashboard.reading import PageReader
from watthouse.serve.dashboard.view import View
from watthouse.serve.service import Service
from watthouse.serve.sides.base import Side
from watthouse.serve.sides.connection import Connections
from watthouse.serve.sides.datamart import Datamart, connections
from watthouse.serve.sides.marts import Marts
from watthouse.serve.sides.warehouse import Warehouse
from watthouse.settings import Settings, StreamlitSide


class Sides:
    """One side, each time as it is at that moment; one per server.

    Raises :class:`~watthouse.errors.UsageError` where that is a datamart and none is named.
    """

    def __init__(self, settings: Settings) -> None:
        self._on = settings.streamlit_on
        self._held: Service | Connections = (
            connections(settings) if self._on is StreamlitSide.DATAMART else Service(settings)
        )

    @contextmanager
    def lease(self) -> Iterator[Side]:
        """What it holds now, until the block ends.

        Raises :class:`~watthouse.errors.WatthouseError` where it cannot be reached or there is nothing yet.
        """
        if isinstance(self._held, Connections):
            yield Datamart(self._held)
            return
        with self._held.snapshots.lease() as snapshot:
            if self._on is StreamlitSide.WAREHOUSE:
                yield Warehouse(snapshot)
            else:
                yield Marts(PageReader(self._held, snapshot, View(), marts=("daily_regional", "daily_mix")))

    def close(self) -> None:
        """Release builds and connections."""
        self._held.close()
