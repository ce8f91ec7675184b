"""Pages that are made from the code are as the code is."""

import json
import re

from tests.support import ROOT
from tools import collection, house, marts_page, openapi_document, staging
from watthouse.serve.api.calls import CALLS
from watthouse.serve.dashboard.app import PAGES


def test_the_page_of_marts_is_current() -> None:
    assert marts_page.PAGE.read_text() == marts_page.page(), "run `python -m tools.marts_page`"


def test_the_dbt_project_has_what_the_catalog_declares() -> None:
    for path, text in staging.files().items():
        assert path.read_text() == text, f"{path.name}: run `python -m tools.staging`"


def test_the_house_is_drawn_as_the_imports_have_it() -> None:
    text = house.PAGE.read_text()
    assert text == house.page(text), "run `python -m tools.house`"
    assert {"  sync --> home", "  warehouse --> lake"} <= {*text.splitlines()}


def test_the_openapi_document_is_what_it_was() -> None:
    assert openapi_document.PAGE.read_text() == openapi_document.page(), (
        "the API has changed for whoever uses it: if that is meant, run `python -m tools.openapi_document`"
    )


def test_the_collection_has_the_calls_of_the_document() -> None:
    for path, text in collection.files().items():
        assert path.read_text() == text, f"{path.name}: run `python -m tools.collection`"
    made = json.loads(collection.COLLECTION.read_text())
    items = [one["request"] for folder in made["item"][:-1] for one in folder["item"]]
    asked = {(one["method"], re.sub(r":(\w+)", r"{\1}", "/" + "/".join(one["url"]["path"]))) for one in items}
    calls = json.loads(openapi_document.PAGE.read_text())["paths"]
    endless = {("GET", "/api/v1/live/events")}
    assert asked == {(method.upper(), path) for path, methods in calls.items() for method in methods} - endless
    (token,) = [one for one in json.loads(collection.ENVIRONMENT.read_text())["values"] if one["key"] == "token"]
    assert token["value"] == ""


def test_every_parameter_of_the_api_has_a_description_and_an_example() -> None:
    calls = json.loads(openapi_document.PAGE.read_text())["paths"]
    for path, methods in calls.items():
        for parameter in [one for call in methods.values() for one in call.get("parameters", [])]:
            assert parameter["description"], (path, parameter["name"])
            assert parameter["schema"]["examples"], (path, parameter["name"])


def test_links_between_documents_lead_somewhere() -> None:
    for document in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text()):
            assert (document.parent / target).exists(), f"{document.name}: {target}"


def test_tests_named_in_the_documents_exist() -> None:
    names = set(re.findall(r"def (test_\w+)", "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))))
    for document in (ROOT / "docs").glob("*.md"):
        for name in re.findall(r"`(test_\w+)`", document.read_text()):
            assert name in names, f"{document.name}: {name}"


def test_every_call_and_page_has_its_row_in_the_documents() -> None:
    called = {call.path.replace("{", "").replace("}", "") for call in CALLS}
    written = (ROOT / "docs" / "api.md").read_text().replace("{", "").replace("}", "")
    assert [path for path in sorted(called) if f"`{path}" not in written and f"/api/v1{path}" not in written] == []
    pages = (ROOT / "docs" / "pages.md").read_text()
    assert [name for name in PAGES if f"`/{name}" not in pages and name != "now"] == []


def test_the_figure_of_coverage_is_one_that_make_coverage_wrote() -> None:
    form = r"Coverage: \d+% of lines and branches \(`make coverage( ONLY=quick)?`, \d{4}-\d\d-\d\d\)\."
    (line,) = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("Coverage: ")]
    assert re.fullmatch(form, line)


def test_every_page_is_looked_at_in_a_browser() -> None:
    """By its text: to import it wants a browser."""
    text = (ROOT / "tests" / "browser" / "test_pages.py").read_text()
    paths = re.findall(r'^    "/(\w*)', text.partition("PAGES = {")[2].partition("}")[0], re.MULTILINE)
    assert {path or "now" for path in paths} == {*PAGES}
