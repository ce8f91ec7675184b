"""ODRÉ, or any Explore v2.1 service that carries the catalog's datasets: asked, and downloaded from, in windows."""

from watthouse.sources.odre.calls import Window
from watthouse.sources.odre.census import Month
from watthouse.sources.odre.downloads import Download
from watthouse.sources.odre.facts import Facts
from watthouse.sources.odre.session import Odre
from watthouse.sources.odre.wire import Usage

__all__ = ["Download", "Facts", "Month", "Odre", "Usage", "Window"]
