"""What a flow run has to know of its home, as blocks of Prefect: the variables of the environment, in three lots.

Whoever calls `setup` has watthouse set as it is to run; the blocks keep that for the processes that Prefect starts.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import Field, SecretStr

from watthouse.settings import Settings

NAME: Final = "watthouse"
"""The name of each of the three documents."""

_OF_STORES: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
    "PGPASSWORD",
)
"""Secrets that other programs named."""
_OF_BUCKETS: Final = ("lake", "store_endpoint", "store_region", "store_path_style")


class Credentials(Block):
    """Keys, and URLs with passwords: the name of a variable, and its value, which Prefect encrypts and shows nobody."""

    _block_type_name = "watthouse credentials"
    _block_type_slug = "watthouse-credentials"
    secrets: SecretDict = Field(default_factory=lambda: SecretDict({}))

    @property
    def variables(self) -> dict[str, str]:
        return dict(self.secrets.get_secret_value())


class Bucket(Block):
    """Where the lake lies: WATTHOUSE_LAKE and how its store is reached; empty for the home's own folder."""

    _block_type_name = "watthouse bucket"
    _block_type_slug = "watthouse-bucket"
    lake: str = ""
    store_endpoint: str = ""
    store_region: str = ""
    store_path_style: str = ""

    @property
    def variables(self) -> dict[str, str]:
        return {_variable(name): value for name in _OF_BUCKETS if (value := getattr(self, name))}


class Variables(Block):
    """Every other variable of watthouse: its name, and its value, for all to read."""

    _block_type_name = "watthouse variables"
    _block_type_slug = "watthouse-variables"
    values: dict[str, str] = Field(default_factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        return dict(self.values)


KINDS: Final = (Credentials, Bucket, Variables)


def of_environment(settings: Settings, environment: Mapping[str, str]) -> list[Block]:
    """The three blocks of a process that has watthouse set like this; paths in them are absolute."""
    given = {_variable(name): value for name in Settings.model_fields if (value := environment.get(_variable(name)))}
    given["WATTHOUSE_HOME"] = str(settings.home.absolute())
    if settings.lake and "://" not in settings.lake:
        given["WATTHOUSE_LAKE"] = str(Path(settings.lake).absolute())
    secrets = {name: value for name in _OF_STORES if (value := environment.get(name))}
    secrets |= {name: value for name, value in given.items() if _is_secret(name)}
    bucket = {name: given.get(_variable(name), "") for name in _OF_BUCKETS}
    others = given.keys() - secrets.keys() - {_variable(name) for name in _OF_BUCKETS}
    return [
        Credentials(secrets=SecretDict(secrets)),
        Bucket(**bucket),
        Variables(values={name: given[name] for name in sorted(others)}),
    ]


def apply() -> Settings:
    """Set this process as the blocks say; returns the settings."""
    # libraries that read buckets take their keys from the environment alone
    for kind in KINDS:
        os.environ.update(kind.load(NAME).variables)
    return Settings(started_by="prefect")


def _variable(name: str) -> str:
    return f"WATTHOUSE_{name.upper()}"


def _is_secret(variable: str) -> bool:
    field = Settings.model_fields[variable.removeprefix("WATTHOUSE_").lower()]
    return SecretStr.__name__ in str(field.annotation)
