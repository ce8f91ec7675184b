"""``python -m watthouse`` is ``watthouse``."""

import sys

from watthouse.starting import uncollected


def main() -> None:
    """The entry point: Ctrl-C is heeded from the first moment, while the rest is still being imported."""
    try:
        with uncollected():
            from watthouse.cli import main as run

        run()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
