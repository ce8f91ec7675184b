"""The pictures of the documentation: every page of a running server, as a reader sees it.

``python -m tools.pictures http://127.0.0.1:8050`` writes docs/pictures/, with the Chromium on the path. The server is
that of ``watthouse serve``; what it serves is what is seen.
"""

import shutil
import sys
from pathlib import Path
from typing import Final

from playwright.sync_api import Browser, sync_playwright

FOLDER: Final = Path(__file__).parents[1] / "docs" / "pictures"
DESK: Final = (1280, 860)
PHONE: Final = (390, 780)
VIEWS: Final = {
    "now": ("/?lang=en&theme=light", DESK),
    "mix": ("/mix?lang=en&theme=light", DESK),
    "mix-dark": ("/mix?lang=en&theme=dark&unit=share&interval=month&since=2015-01-01", DESK),
    "regions": ("/regions?lang=en&theme=light", DESK),
    "region": ("/regions/53?lang=en&theme=light", DESK),
    "gas": ("/gas?lang=en&theme=light&since=2021-01-01", DESK),
    "exchanges": ("/exchanges?lang=en&theme=light", DESK),
    "questions": ("/questions/2?lang=en&theme=light&since=2015-01-01", DESK),
    "data": ("/data?lang=en&theme=light", DESK),
    "phone": ("/?lang=fr&theme=dark", PHONE),
}
QUIET: Final = ("--no-sandbox", "--disable-quic", "--disable-background-networking", "--disable-component-update",
                "--disable-sync")  # fmt: skip
SETTLED: Final = (
    "() => document.querySelector('#content')?.dataset.shown === location.pathname + location.search"
    " && document.documentElement.lang"
    " && [...document.querySelectorAll('.drawing')].every((one) => one.querySelector('.main-svg'))"
)
"""JavaScript: whether the page of the address is shown, and its charts are drawn."""


def main(address: str) -> None:
    """Look at every view and keep what is seen."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=list(QUIET))
        for name, (path, size) in VIEWS.items():
            _take(browser, address + path, size, FOLDER / f"{name}.png")
            print(f"docs/pictures/{name}.png")
        browser.close()


def _take(browser: Browser, address: str, size: tuple[int, int], picture: Path) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    page.goto(address)
    page.wait_for_function(SETTLED, timeout=60_000)
    page.wait_for_timeout(700)  # Plotly settles its margins after it has drawn
    page.screenshot(path=picture)
    page.close()


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python -m tools.pictures ADDRESS (of a running `watthouse serve`)")
    main(sys.argv[1].rstrip("/"))
