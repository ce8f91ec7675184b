"""A place of exports: of one kind, whatever was copied there, and known however its path is written."""

import json
from pathlib import Path

import pytest

from watthouse.errors import UsageError
from watthouse.exports.shelf import Shelf
from watthouse.storage import place_of

GAS, NATIONAL = "stock-quotidien-stockages-gaz", "eco2mix-national-tr"


def shelf(folder: Path) -> Shelf:
    return Shelf(place_of(folder), 60)


def manifest(folder: Path, kind: str, *below: str) -> Path:
    path = folder.joinpath("exports", *below, "manifest.json")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"data": kind}))
    return path


def test_a_dataset_that_was_copied_alone_still_says_its_kind(tmp_path: Path) -> None:
    assert shelf(tmp_path).kind is None
    manifest(tmp_path, "seed=0", GAS)
    assert shelf(tmp_path).kind == "seed=0"
    with pytest.raises(UsageError, match=r"sample \(seed=0\), and this is published data: they never share a place"):
        shelf(tmp_path).claim("published")
    assert not (tmp_path / "exports" / "manifest.json").exists()
    shelf(tmp_path).claim("seed=0")
    assert json.loads((tmp_path / "exports" / "manifest.json").read_text()) == {"data": "seed=0"}


@pytest.mark.parametrize("first", [(), (NATIONAL,)], ids=["the place", "another dataset"])
def test_manifests_that_disagree_are_refused_in_one_line(first: tuple[str, ...], tmp_path: Path) -> None:
    before = manifest(tmp_path, "published", *first).read_bytes()
    manifest(tmp_path, "seed=0", GAS)
    for look in (lambda: shelf(tmp_path).kind, lambda: shelf(tmp_path).claim("published")):
        with pytest.raises(UsageError) as refused:
            look()
        said = str(refused.value)
        assert "published data by its" in said
        assert f"watthouse's synthetic sample (seed=0) by its {GAS}/manifest.json: they never share a place" in said
        assert "\n" not in said
    assert tmp_path.joinpath("exports", *first, "manifest.json").read_bytes() == before


def test_a_place_is_the_same_however_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "lake").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "lake")
    monkeypatch.chdir(tmp_path / "lake")
    lake = place_of(tmp_path / "lake")
    for written in ("../lake", ".", str(tmp_path / "link"), f"file://{tmp_path}/lake/"):
        assert Shelf(place_of(written), 60).is_of(lake)
    assert not Shelf(place_of(".."), 60).is_of(lake)
    assert not Shelf(place_of("s3://bucket/lake"), 60).is_of(lake)
    assert Shelf(place_of("s3://bucket/lake/"), 60).is_of(place_of("s3://bucket/lake"))
