"""The made-up exports have the two days a year that break."""

from datetime import date

import pytest

from tests.support import clock


@pytest.mark.parametrize(
    ("day", "instants"), [(date(2025, 3, 30), 92), (date(2025, 10, 26), 96), (date(2025, 6, 1), 96)]
)
def test_every_day_has_96_clock_slots_and_the_spring_one_repeats_four_instants(day: date, instants: int) -> None:
    slots = list(clock(day, 15))
    assert len(slots) == 96
    assert len({instant for _, instant in slots}) == instants
    assert not {
        instant.hour for _, instant in clock(date(2025, 10, 26), 15) if instant.date() == date(2025, 10, 26)
    } & {0}
