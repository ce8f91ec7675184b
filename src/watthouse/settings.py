"""Every knob, its unit and its default, in one class. Each is read from ``WATTHOUSE_<NAME>``."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

PROJECT = Path(__file__).parent / "transform"


class Settings(BaseSettings):
    """What can be set from outside; nothing else in watthouse reads the environment."""

    model_config = SettingsConfigDict(env_prefix="WATTHOUSE_", frozen=True)

    home: Path = Field(default=Path("var"), description="folder that holds all state: lake, warehouse, scratch files")
    batch_rows: int = Field(default=200_000, gt=0, description="rows read from a file at a time")
    chunk_rows: int = Field(default=600_000, gt=0, description="rows compared with the lake at a time")
    max_file_bytes: int = Field(default=8 * 2**30, gt=0, description="cap on one file once unpacked, bytes")
    max_ratio: int = Field(default=200, gt=0, description="cap on unpacked / packed bytes of a gzip or zip file")
    max_members: int = Field(default=10_000, gt=0, description="cap on the files inside one zip")
    compact_files: int = Field(default=8, gt=1, description="files a month of the lake may hold before they are merged")
    retention_days: int = Field(default=30, gt=0, description="days that merged-away lake files are kept")
    threads: int = Field(default=2, gt=0, description="threads of the warehouse and of dbt")
    transform: Path = Field(default=PROJECT, description="folder of the dbt project")
    traceback: bool = Field(default=False, description="show where an unexpected error comes from")
    memory_limit: str = Field(default="2GB", description="memory the warehouse may use before it spills to disk")

    @property
    def lake(self) -> Path:
        return self.home / "lake"

    @property
    def warehouse(self) -> Path:
        return self.home / "warehouse.duckdb"

    @property
    def scratch(self) -> Path:
        return self.home / "scratch"
