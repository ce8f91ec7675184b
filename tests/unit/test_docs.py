"""Pages that are made from the code are as the code is."""

import re

from tests.support import ROOT
from tools.marts_page import PAGE, page


def test_the_page_of_marts_is_current() -> None:
    assert PAGE.read_text() == page(), "run `python -m tools.marts_page`"


def test_links_between_documents_lead_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_tests_named_in_the_documents_exist() -> None:
    names = set(re.findall(r"def (test_\w+)", "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))))
    for document in (ROOT / "docs").glob("*.md"):
        for name in re.findall(r"`(test_\w+)`", document.read_text()):
            assert name in names, f"{document.name}: {name}"
