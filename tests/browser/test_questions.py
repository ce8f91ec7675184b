"""The Questions page: its charts explain themselves, at a desk and on a phone; where nothing is known it says so."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import DESK, PHONE, Site, Visit

pytestmark = [pytest.mark.slow]

_BOXES = "(all) => all.map((one) => one.getBoundingClientRect()).map((box) => [box.x, box.y, box.right, box.bottom])"


@pytest.mark.parametrize(("width", "columns"), [(DESK, 2), (PHONE, 1)])
@pytest.mark.parametrize("number", [2, 6])
def test_panels_have_room_at_any_width(number: int, width: int, columns: int, browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="fr-FR")
    page = Visit(context.new_page(), site).open(f"/questions/{number}").page
    boxes = page.locator(".panels figure").evaluate_all(_BOXES)
    assert len(boxes) == 4
    assert len({left for left, *_ in boxes}) == columns
    assert all(right <= width for _, _, right, _ in boxes)
    for at, (left, top, right, bottom) in enumerate(boxes):
        others = boxes[:at] + boxes[at + 1 :]
        assert not [one for one in others if one[0] < right and left < one[2] and one[1] < bottom and top < one[3]]
    ticks = page.locator(".panels .xtick text").all_text_contents()
    assert ticks
    assert not [said for said in ticks if said.endswith("k")]
    context.close()


@pytest.mark.parametrize(
    ("number", "word"), [(1, "four days in five"), (2, "four in five"), (5, "95% interval"), (6, "four in five")]
)
def test_whiskers_and_bands_are_explained_below_their_chart(number: int, word: str, visit: Visit) -> None:
    visit.open(f"/questions/{number}")
    assert word in visit.text("#answer-card .note")


@pytest.mark.parametrize("number", range(2, 7))
def test_too_few_days_are_one_sentence_and_no_chart(number: int, visit: Visit) -> None:
    last = site_day(visit)
    page = visit.open(f"/questions/{number}?since={last}&until={last}").page
    assert page.locator(".drawing").count() == 0
    assert page.locator("#explained").count() == 0
    assert visit.text("#sentence").startswith("No answer")
    assert visit.wrong == []


def site_day(visit: Visit) -> str:
    """A day that is held, with power and with gas."""
    ((day,),) = visit.site.query(
        "select max(civil_date)::varchar from marts.daily_mix join marts.gas_daily using (civil_date)"
    )
    return str(day)
