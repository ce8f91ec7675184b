"""The command line is its own documentation, and the documentation is held to it."""

import re
import shlex

import pytest
from typer.testing import CliRunner

from tests.support import ROOT
from watthouse.cli import EXAMPLES, app
from watthouse.sample.trouble import EVENTS, STATES
from watthouse.settings import Settings

VERBS = sorted({command.name or command.callback.__name__ for command in app.registered_commands if command.callback})


def test_every_verb_is_known_to_its_documents() -> None:
    assert sorted(EXAMPLES) == VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_section_and_its_example_in_the_docs(verb: str) -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    assert f"\n## watthouse {verb}\n" in text
    section = text.split(f"\n## watthouse {verb}\n")[1].split("\n## ")[0]
    assert f"Example: `{EXAMPLES[verb]}`" in section


@pytest.mark.parametrize("verb", VERBS)
def test_help_shows_the_verbs_example_and_the_docs_have_all_its_options(verb: str) -> None:
    said = CliRunner().invoke(app, [verb, "--help"], terminal_width=200, env={"COLUMNS": "200"}).output
    assert f"Example: {EXAMPLES[verb]}" in re.sub(r"\s+", " ", said)
    section = (ROOT / "docs" / "cli.md").read_text().split(f"\n## watthouse {verb}\n")[1].split("\n## ")[0]
    for option in set(re.findall(r"--[a-z]+", said)) - {"--help"}:
        assert option in section, option


def test_the_first_help_shows_an_example_for_every_verb() -> None:
    said = re.sub(r"\s+", " ", CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output)
    for verb in VERBS:
        assert re.sub(r"\s+", " ", EXAMPLES[verb]) in said, verb


@pytest.mark.parametrize("verb", VERBS)
def test_examples_use_options_that_exist(verb: str) -> None:
    said = CliRunner().invoke(app, [verb, "--help"], env={"COLUMNS": "200"}).output
    for word in shlex.split(EXAMPLES[verb]):
        assert not word.startswith("--") or word in said


def test_every_trouble_of_the_sample_is_documented() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    for kind, meaning in {**EVENTS, **STATES}.items():
        assert any(line.startswith(f"| `{kind}") and line.endswith(f"| {meaning} |") for line in text.splitlines()), (
            kind
        )


def test_every_setting_is_documented_with_its_default() -> None:
    text = (ROOT / "docs" / "cli.md").read_text()
    for name, field in Settings.model_fields.items():
        default = "watthouse's own" if name == "transform" else f"`{field.default}`"
        assert f"| `WATTHOUSE_{name.upper()}` | {default} | {field.description} |" in text
