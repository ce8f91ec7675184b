"""A setting is what it should be, or one line that says what is wrong with it."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import duckdb
import pytest
from hypothesis import given
from hypothesis import settings as sought
from hypothesis import strategies as st

from watthouse.cli.app import settings_of
from watthouse.errors import UsageError
from watthouse.home import Home
from watthouse.settings import Settings

NONSENSE: Final = [
    *(
        "",
        " ",
        "\t",
        "none",
        "nan",
        "inf",
        "-inf",
        "1e400",
        "-1",
        "0",
        "1e9",
        "9" * 400,
        "9" * 5000,
        "0x10",
        "²",
        "true",
    ),
    *(
        "null",
        "{}",
        "[]",
        "[1]",
        '["',
        "[" * 20_000,
        '["x"]',
        '["\\u001b"]',
        "1;2",
        "%s",
        "{{ x }}",
        "\x1b[31m",
        "\udcff",
    ),
    *("a\nb", "a\\b", "a\u2028b", "../..", "/dev/null", "s3://", "://", "postgresql://", "2025-13-01", "0001-01-01"),
]
FIELDS: Final = sorted(Settings.model_fields)


def tried(variables: Mapping[str, str]) -> Settings | str:
    """The settings with these variables, or the one line of the refusal."""
    try:
        with pytest.MonkeyPatch.context() as environment:
            for name, value in variables.items():
                environment.setenv(name, value)
            return settings_of()
    except UsageError as refused:
        line = str(refused)
        assert line.isprintable(), line
        assert len(line) < 400
        return line


@pytest.mark.parametrize("name", FIELDS)
def test_nonsense_is_refused_in_one_line_or_can_be_used(name: str) -> None:
    for value in NONSENSE:
        found = tried({f"WATTHOUSE_{name.upper()}": value})
        if isinstance(found, str):
            assert found.startswith(f"WATTHOUSE_{name.upper()} "), value
        else:
            usable(found)


@given(st.sampled_from(FIELDS), st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))
@sought(max_examples=300, deadline=None)
def test_any_text_is_refused_in_one_line_or_can_be_used(name: str, value: str) -> None:
    found = tried({f"WATTHOUSE_{name.upper()}": value})
    assert found if isinstance(found, str) else usable(found)


def usable(found: Settings) -> bool:
    """What every run makes of its settings does not fail."""
    assert found.retention_days == timedelta(days=found.retention_days).days
    assert (Path("x") / found.home).parts
    with suppress(UsageError):  # a URL that is none
        assert Home(found).lake
    return True


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("CORS_ORIGINS", "https://example.org", "it is no JSON list of texts"),
        ("CORS_ORIGINS", '["example.org"]', "an origin is a scheme and a host"),
        ("RETENTION_DAYS", "999999999999", "36500"),
        ("THREADS", "99999999999", "256"),
        ("QUERY_SECONDS", "nan", "finite"),
        ("STORE_SECONDS", "inf", "finite"),
        ("HOME", "", "it is empty"),
        ("HOME", " \t", "it has a control character"),
        ("HOME", "   ", "it is empty"),
        ("HOME", "a\\b", "contains \\"),
        ("HOME", "a\tb", "control character"),
        ("HOME", "a\nb", "control character"),
        ("LAKE", "a%b", "contains %"),
        ("METER_TZ", "Europe/Nowhere", "no time zone"),
        ("MEMORY_LIMIT", "much", "match pattern"),
        ("METER_FILES", "", "it is empty"),
    ],
)
def test_the_line_names_the_setting_and_the_reason(name: str, value: str, reason: str) -> None:
    found = tried({f"WATTHOUSE_{name}": value})
    assert isinstance(found, str)
    assert found.startswith(f"WATTHOUSE_{name} '")
    assert reason in found


def test_a_secret_setting_is_never_shown() -> None:
    secret = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    assert len(secret) > 8
    for name in secret:
        found = tried({f"WATTHOUSE_{name.upper()}": "s3cret\x1b"})
        assert isinstance(found, str)
        assert "s3cret" not in found
        assert found.startswith(f"WATTHOUSE_{name.upper()} is not valid")


@pytest.mark.parametrize("limit", ["2GB", "4G", "4g", "512 MiB", "1.5tb", "0.123456 TiB", "900000KB", "900000B"])
def test_a_limit_of_memory_is_what_duckdb_takes(limit: str) -> None:
    found = tried({"WATTHOUSE_MEMORY_LIMIT": limit})
    assert isinstance(found, Settings)
    with duckdb.connect() as connection:
        connection.execute(f"SET memory_limit = '{found.memory_limit}'")


@pytest.mark.parametrize("limit", ["4Gi", "4", "٣GB", "4\u212aB", "4GB'", "4 GB\n", "80%", "-1", "1e3MB"])
def test_what_else_is_said_of_memory_is_refused(limit: str) -> None:
    found = tried({"WATTHOUSE_MEMORY_LIMIT": limit})
    assert isinstance(found, str)
    assert "MEMORY_LIMIT" in found


def test_what_is_right_is_taken() -> None:
    right = {
        "WATTHOUSE_CORS_ORIGINS": '["https://example.org:8443", "*"]',
        "WATTHOUSE_MEMORY_LIMIT": "1.5 GiB",
        "WATTHOUSE_METER_TZ": "America/St_Johns",
        "WATTHOUSE_HOME": "Énergie de l'Île (2)",
        "WATTHOUSE_RETENTION_DAYS": "36500",
    }
    found = tried(right)
    assert isinstance(found, Settings)
    assert found.cors_origins == ("https://example.org:8443", "*")
    assert found.home == Path("Énergie de l'Île (2)")
