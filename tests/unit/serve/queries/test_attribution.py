"""Whose figures an answer is made of, in words and in headers."""

from datetime import date
from urllib.parse import unquote

from watthouse.catalog import CATALOG
from watthouse.serve.queries.attribution import Used, by_publisher, in_words, links

GAS, TEMPERATURE = CATALOG["stock-quotidien-stockages-gaz"], CATALOG["temperature-quotidienne-regionale"]
SETTLED, LIVE = CATALOG["eco2mix-national-cons-def"], CATALOG["eco2mix-national-tr"]


def _used(dataset: str, since: str, until: str) -> Used:
    return Used(CATALOG[dataset], date.fromisoformat(since), date.fromisoformat(until))


def test_datasets_of_one_publisher_that_follow_each_other_are_one_period() -> None:
    found = [_used(LIVE.id, "2025-07-01", "2025-07-31"), _used(SETTLED.id, "2025-01-01", "2025-06-30")]
    assert by_publisher(found) == {"RTE": [(date(2025, 1, 1), date(2025, 7, 31))]}


def test_days_that_do_not_follow_each_other_stay_apart() -> None:
    found = [_used(LIVE.id, "2025-01-01", "2025-01-31"), _used(LIVE.id, "2024-01-01", "2024-01-31")]
    assert [len(days) for days in by_publisher(found).values()] == [2]
    assert "2024-01-01 to 2024-01-31, 2025-01-01 to 2025-01-31" in in_words(found, None)


def test_a_line_names_each_publisher_with_its_own_days() -> None:
    found = [_used(GAS.id, "2020-01-01", "2020-01-31"), _used(TEMPERATURE.id, "2020-01-05", "2020-01-31")]
    line = in_words(found, None)
    assert "NaTran, Storengy, Teréga (2020-01-01 to 2020-01-31)" in line
    assert "Météo-France, Weathernews France (2020-01-05 to 2020-01-31)" in line
    assert "RTE" not in line


def test_a_sample_is_never_said_to_be_published() -> None:
    line = in_words([_used(GAS.id, "2020-01-01", "2020-01-31")], "seed=0")
    assert line.startswith("watthouse's synthetic sample (seed=0): nobody measured these figures, in place of NaTran")
    assert "synthetic sample" in unquote(links([_used(GAS.id, "2020-01-01", "2020-01-31")], "seed=0"))


def test_a_header_of_links_is_plain_ascii() -> None:
    link = links([_used(GAS.id, "2020-01-01", "2020-01-31")], None)
    assert link.isascii()
    assert link.count("rel=") == 2
