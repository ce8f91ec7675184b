"""``python -m watthouse`` is ``watthouse``."""

import os
import sys

from watthouse.starting import uncollected


def main() -> None:
    """The entry point; Ctrl-C ends it even while the rest is still being imported."""
    # Read when Arrow is loaded. Arrow's own allocator holds on to 20 MB that a long download has released.
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        with uncollected():
            from watthouse.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
