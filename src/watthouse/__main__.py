"""``python -m watthouse`` is ``watthouse``."""

from watthouse.cli import main

if __name__ == "__main__":
    main()
