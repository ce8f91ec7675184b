"""``python -m watthouse`` is ``watthouse``."""

import os
import sys

from watthouse.starting import uncollected


def main() -> None:
    """The entry point: Ctrl-C is heeded from the first moment, while the rest is still being imported."""
    # read when Arrow is loaded; its own allocator keeps 20 MB of what a long download has let go of
    os.environ.setdefault("ARROW_DEFAULT_MEMORY_POOL", "system")
    try:
        with uncollected():
            from watthouse.cli.main import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
