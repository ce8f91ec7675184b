"""The command line is its own documentation, and the documentation is held to it."""

import re
import shlex

import pytest
import typer
from typer.testing import CliRunner

from tests.support import ROOT
from watthouse.cli.main import EXAMPLES, app
from watthouse.sample.trouble import EVENTS, STATES
from watthouse.settings import PROJECT, Settings
from watthouse.transform.dictionary import marts


def _verbs(of: typer.Typer, before: str = "") -> list[str]:
    """Every verb, with the name of its group where it is in one."""
    own = [before + str(command.name) for command in of.registered_commands]
    groups = [
        (group.typer_instance, str(group.typer_instance.info.name))
        for group in of.registered_groups
        if group.typer_instance
    ]
    return own + [verb for group, name in groups for verb in _verbs(group, f"{before}{name} ")]


VERBS = sorted(_verbs(app))


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
    said = CliRunner().invoke(app, [*verb.split(), "--help"], terminal_width=200, env={"COLUMNS": "200"}).output
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
    said = CliRunner().invoke(app, [*verb.split(), "--help"], env={"COLUMNS": "200"}).output
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


def test_marts_are_listed_with_what_names_a_row_of_them() -> None:
    said = CliRunner().invoke(app, ["marts"], env={"COLUMNS": "200"})
    assert said.exit_code == 0
    for name, mart in marts(PROJECT).items():
        (line,) = [line for line in said.output.splitlines() if line.startswith(f"{name} ")]
        assert f" {len(mart.columns)} " in line
        assert ", ".join(mart.key) in line


def test_a_mart_is_shown_with_the_units_of_its_columns() -> None:
    said = CliRunner().invoke(app, ["marts", "national_slots"], env={"COLUMNS": "200"}).output.splitlines()
    shown = {line.split()[0]: line for line in said if line.strip()}
    assert re.search(r"integer +MW +Load$", shown["consommation_mw"].rstrip())
    assert re.search(r"integer +g/kWh +CO₂ intensity", shown["taux_co2_g_kwh"])
    assert shown["mix_known"].startswith("mix_known ")


def test_a_mart_that_there_is_not_is_refused() -> None:
    said = CliRunner().invoke(app, ["marts", "nope"])
    assert said.exit_code == 2
    assert "unknown mart 'nope': there are completeness_daily, " in said.stderr
