"""What is noted of a service holds only beside the ledger it was noted for."""

import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from watthouse.catalog import find
from watthouse.errors import LakeError
from watthouse.lake.ledger import Lake
from watthouse.lake.spool import Spool
from watthouse.sources.base import Piece
from watthouse.storage import Notes, place_of
from watthouse.sync.watermarks import Watermark, Watermarks

GAS = find("stock-quotidien-stockages-gaz")
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    lake = Lake(tmp_path / "lake")
    observe(lake, tmp_path, date(2026, 9, 3), "1.5")
    return lake


def observe(lake: Lake, folder: Path, day: date, stock: str) -> None:
    row = {"date": [day], "stock_fin_de_journee": [stock], "source": ["Storengy"], "pits": ["Saline"]}
    rows = pa.table({name: pa.array(values) for name, values in row.items()})
    stocks = rows.column("stock_fin_de_journee").cast(GAS.schema.field("stock_fin_de_journee").type)
    rows = rows.set_column(1, "stock_fin_de_journee", stocks).cast(GAS.schema)
    with Spool(folder / "spool") as spool:
        with spool.document() as draft:
            draft.add(Piece(GAS, rows, frozenset(GAS.names), 1))
        lake.observe(GAS, spool.by_dataset[GAS])


def marks(folder: Path, lake: Lake, service: str = "odre") -> Watermarks:
    return Watermarks(Notes(place_of(folder)), service, Lake(lake.place))


MARK = Watermark(processed=NOON, swept=NOON, months={"2026-09": "a", "2026-10": "b"})


def test_what_was_kept_is_read_again(lake: Lake, tmp_path: Path) -> None:
    kept = marks(tmp_path, lake).keep(GAS, MARK)
    read = marks(tmp_path, lake).of(GAS)
    assert read == kept
    assert (read.processed, read.swept, read.months) == (NOON, NOON, MARK.months)


def test_an_empty_dataset_is_remembered_as_such_until_something_is_there(lake: Lake, tmp_path: Path) -> None:
    empty = Lake(tmp_path / "empty")
    kept = marks(tmp_path, empty).keep(GAS, Watermark(processed=NOON, swept=NOON))
    assert marks(tmp_path, empty).of(GAS) == kept
    assert kept.processed == NOON
    assert marks(tmp_path, lake).of(GAS) == Watermark()


def test_another_service_is_another_matter(lake: Lake, tmp_path: Path) -> None:
    marks(tmp_path, lake).keep(GAS, MARK)
    assert marks(tmp_path, lake, "another").of(GAS) == Watermark()


def test_a_lake_that_was_lost_takes_its_notes_along(lake: Lake, tmp_path: Path) -> None:
    marks(tmp_path, lake).keep(GAS, MARK)
    shutil.rmtree(tmp_path / "lake")
    assert marks(tmp_path, lake).of(GAS) == Watermark()
    observe(lake, tmp_path, date(2026, 9, 3), "1.5")
    assert marks(tmp_path, lake).of(GAS) == Watermark()


def test_a_lake_restored_to_an_earlier_state_takes_its_notes_along(lake: Lake, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "lake", tmp_path / "backup")
    observe(lake, tmp_path, date(2026, 10, 1), "2")
    marks(tmp_path, lake).keep(GAS, MARK)
    shutil.rmtree(tmp_path / "lake")
    shutil.move(tmp_path / "backup", tmp_path / "lake")
    assert marks(tmp_path, lake).of(GAS) == Watermark()


def test_months_that_something_else_observed_are_asked_for_again(lake: Lake, tmp_path: Path) -> None:
    marks(tmp_path, lake).keep(GAS, MARK)
    observe(lake, tmp_path, date(2026, 10, 1), "2")
    read = marks(tmp_path, lake).of(GAS)
    assert read.months == {"2026-09": "a"}
    assert (read.processed, read.swept) == (None, None)


def test_a_note_that_cannot_be_written_is_said_in_one_line(lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "service.new").mkdir()
    with pytest.raises(LakeError, match="cannot be written") as caught:
        marks(tmp_path, lake).keep(GAS, MARK)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("spoilt", ["", "{", "[]", '{"service": "odre", "datasets": {"DATASET": {"months": 7}}}'])
def test_a_spoilt_note_is_no_note(spoilt: str, lake: Lake, tmp_path: Path) -> None:
    (tmp_path / "service.json").write_text(spoilt.replace("DATASET", GAS.id))
    assert marks(tmp_path, lake).of(GAS) == Watermark()
