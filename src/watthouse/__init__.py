"""watthouse: France's open energy data in a versioned lake, a warehouse and marts."""

from importlib.metadata import version

__version__ = version("watthouse")
