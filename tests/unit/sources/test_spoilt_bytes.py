"""Whatever happens to the bytes of an export, reading it ends in rows or in one line."""

import gzip
import io
import json
import zipfile
from functools import cache
from pathlib import Path

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.sources.reading import put
from tests.unit.sources.test_files import FORMATS
from tests.unit.sources.test_rte import regional
from tests.unit.sources.test_workbook import book, portal
from watthouse.errors import WatthouseError
from watthouse.settings import Settings
from watthouse.sources.files import FileSource

NAMES = [
    "utf-16",
    "xz",
    "bzip2",
    "a zip in a zip",
    "commas",
    "cp1252",
    "gzip",
    "zip",
    "export json",
    "v2.1 records",
    "json lines",
    "parquet",
    "gzipped parquet",
]
SPOILS = st.lists(
    st.one_of(
        st.tuples(st.just("cut"), st.floats(0, 1), st.just(b"")),
        st.tuples(st.just("flip"), st.floats(0, 1), st.binary(min_size=1, max_size=4)),
        st.tuples(st.just("insert"), st.floats(0, 1), st.binary(min_size=1, max_size=8)),
        st.tuples(st.just("lose"), st.floats(0, 1), st.binary(min_size=1, max_size=40)),
    ),
    min_size=1,
    max_size=3,
)


def spoil(content: bytes, how: str, where: float, extra: bytes) -> bytes:
    place = int(where * len(content))
    if how == "cut":
        return content[:place]
    if how == "insert":
        return content[:place] + extra + content[place:]
    return content[:place] + (extra if how == "flip" else b"") + content[place + len(extra) :]


@cache
def workbook() -> bytes:
    """A workbook that packs nothing, so that what is spoilt in it is what stands in its cells."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(portal()))) as whole, zipfile.ZipFile(packed, "w") as archive:
        for name in whole.namelist():
            archive.writestr(name, whole.read(name))
    return packed.getvalue()


def read_or_refuse(path: Path) -> None:
    for document in FileSource([path], Settings()).documents():
        try:
            for piece in document.pieces():
                piece.rows.validate(full=True)
                assert piece.rows.schema.equals(piece.dataset.schema)
        except WatthouseError as error:
            assert str(error).startswith(str(path))  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017


@pytest.mark.parametrize("name", [*NAMES, "rte", "workbook"])
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spoils=SPOILS)
def test_spoilt_exports_are_read_or_refused(name: str, spoils: list[tuple[str, float, bytes]], tmp_path: Path) -> None:
    content = {"rte": regional, "workbook": workbook}.get(name, lambda: FORMATS[name])()
    for how, where, extra in spoils:
        content = spoil(content, how, where, extra)
    read_or_refuse(put(tmp_path, content))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.binary(max_size=300) | st.text(max_size=300).map(str.encode))
def test_any_bytes_are_refused(content: bytes, tmp_path: Path) -> None:
    read_or_refuse(put(tmp_path, content))


def real_slices(folder: Path) -> dict[str, bytes]:
    """The first rows of real files, in their own formats and packed."""

    def head(name: str, rows: int) -> bytes:
        return b"".join((folder / name).read_bytes().splitlines(keepends=True)[:rows])

    records = json.loads((folder / "odre-api/eco2mix-national-tr_2025-08-22_records.json").read_text())[:4]
    parquet, packed = io.BytesIO(), io.BytesIO()
    pl.read_parquet(folder / "odre/eco2mix-national-tr_2025-q1.parquet").head(20).write_parquet(parquet)
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.xls", head("rte/eCO2mix_RTE_PACA_Annuel-Definitif_2014.xls", 12))
    return {
        "csv": head("odre/eco2mix-regional-cons-def_hauts-de-france_2024.csv", 8),
        "old": head("odre/eco2mix-regional-tr_paca_2020-05.csv", 8),
        "json": json.dumps(records).encode(),
        "parquet": parquet.getvalue(),
        "gzip": gzip.compress(head("odre/stock-quotidien-stockages-gaz_2010-2022.csv", 30)),
        "zip": packed.getvalue(),
    }


@pytest.mark.real
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.sampled_from(["csv", "old", "json", "parquet", "gzip", "zip"]), spoils=SPOILS)
def test_spoilt_real_exports_are_read_or_refused(
    name: str, spoils: list[tuple[str, float, bytes]], real_data: Path, tmp_path: Path
) -> None:
    content = real_slices(real_data)[name] if not (tmp_path / name).exists() else (tmp_path / name).read_bytes()
    (tmp_path / name).write_bytes(content)
    for how, where, extra in spoils:
        content = spoil(content, how, where, extra)
    read_or_refuse(put(tmp_path, content))
