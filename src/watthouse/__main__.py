"""``python -m watthouse`` is ``watthouse``."""

import os
import sys

from watthouse import streams
from watthouse.starting import uncollected


def main() -> None:
    """The entry point; Ctrl-C ends it even while the rest is still being imported."""
    # Read when Arrow is loaded. Its own allocator holds on to 20 MB that a long download has released, and while a CSV
    # file of 535 MB was read, that of the C library held 1,170 MB where this one holds 840 (2026-11-30).
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "jemalloc" if sys.platform == "linux" else "system")
    streams.install()
    try:
        try:
            with uncollected():
                from watthouse.cli.main import main as run

            run()
        finally:
            sys.stdout.flush()  # here, where what goes wrong can be told
    except KeyboardInterrupt:
        sys.exit(130)
    except streams.OutputError as error:
        sys.exit(streams.leave(error))


if __name__ == "__main__":
    main()
