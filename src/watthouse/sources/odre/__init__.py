"""ODRÉ, or any Explore v2.1 service that carries the catalog's datasets: queried, and downloaded in windows of time."""

from watthouse.sources.odre.calls import FetchWindow
from watthouse.sources.odre.census import Month
from watthouse.sources.odre.downloads import Download
from watthouse.sources.odre.facts import Facts
from watthouse.sources.odre.session import Odre
from watthouse.sources.odre.wire import Usage

__all__ = ["Download", "Facts", "FetchWindow", "Month", "Odre", "Usage"]
