"""Jars that Spark loads: from a folder, or fetched by Spark from Maven Central."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from watthouse.errors import UsageError


def options(folder: Path | None, packages: Sequence[str], left_out: Sequence[str]) -> Mapping[str, str]:
    """Spark's settings for packages as Maven names them; ``left_out`` is what they want that is part of Spark.

    Raises :class:`~watthouse.errors.UsageError` for a folder that lacks one.
    """
    if folder is None:
        return {"spark.jars.packages": ",".join(packages), "spark.jars.excludes": ",".join(left_out)}
    paths = [folder / _file(package) for package in packages]
    if missing := [path.name for path in paths if not path.is_file()]:
        raise UsageError(f"WATTHOUSE_SPARK_JARS '{folder}' lacks {', '.join(missing)}: put it there, or unset it")
    return {"spark.jars": ",".join(str(path.absolute()) for path in paths)}


def _file(package: str) -> str:
    _, name, version = package.split(":")
    return f"{name}-{version}.jar"
