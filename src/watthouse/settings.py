"""Every setting, its unit and its default, in one class. Each is read from ``WATTHOUSE_<NAME>``."""

from datetime import UTC, date, datetime, time
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from watthouse import given
from watthouse.storage import Access, Place, place_of

PROJECT = Path(__file__).parent / "transform"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
"""Hosts by which a machine reaches itself, and nobody else does."""

Folder = Annotated[Path, BeforeValidator(given.folder)]
Origins = Annotated[tuple[str, ...], NoDecode, BeforeValidator(given.listed), AfterValidator(given.origins)]
Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(given.names)]
"""Several words in one variable."""
Networks = Annotated[Names, AfterValidator(given.networks)]


class StreamlitSide(StrEnum):
    """Where the pages in Streamlit read."""

    MARTS = "marts"
    WAREHOUSE = "warehouse"
    DATAMART = "datamart"


class Settings(BaseSettings):
    """What can be set from outside; nothing else in watthouse reads the environment."""

    model_config = SettingsConfigDict(env_prefix="WATTHOUSE_", frozen=True, allow_inf_nan=False)

    home: Annotated[Folder, AfterValidator(given.usable)] = Field(
        default=Path("var"), description="folder that holds all state: lake, warehouse, scratch files"
    )
    lake: Annotated[str, AfterValidator(given.lake)] | None = Field(
        default=None, description="another place for the lake: s3://bucket/prefix, gs://bucket/prefix or a folder"
    )
    warehouse: SecretStr | None = Field(
        default=None,
        description="another warehouse than the file in the home: postgresql://user@host/database, spark:///folder or"
        " bigquery://project; never shown",
    )
    warehouse_reader: SecretStr | None = Field(
        default=None,
        description="the same database as its reader, for pages, API and every verb that only reads; never shown",
    )
    bigquery_location: str = Field(
        default="EU",
        pattern=r"^[A-Za-z0-9-]{1,40}$",
        description="where BigQuery keeps the data, as EU or europe-west9",
    )
    bigquery_bytes: int = Field(
        default=10 * 2**30,
        gt=0,
        le=given.BYTES,
        description="cap on what one query of BigQuery may be billed for, bytes",
    )
    bigquery_endpoint: str | None = Field(
        default=None, description="URL of another API than Google's: an emulator, where it begins with http://"
    )
    datamart: SecretStr | None = Field(
        default=None, description="second server, for the datamart: postgresql://user@host/database; never shown"
    )
    datamart_reader: SecretStr | None = Field(
        default=None, description="the same database as its reader, for whatever only reads the datamart; never shown"
    )
    started_by: str = Field(
        default="hand",
        pattern=r"^\w[\w .:@/-]{0,59}$",
        description="who starts a refresh, as the last runs of `status` name it: cron, systemd, prefect, airflow",
    )
    store_endpoint: str | None = Field(
        default=None, description="URL of an S3 service that is not Amazon's, as http://127.0.0.1:9000"
    )
    store_region: str | None = Field(default=None, description="region of the bucket, as eu-west-3")
    store_path_style: bool | None = Field(
        default=None, description="whether the bucket stands in the path of a request (true) or in the host (false)"
    )
    store_seconds: float = Field(
        default=30,
        gt=0,
        le=given.DAY,
        description="time for which a request to a bucket, or to BigQuery, is retried, s",
    )
    lease_seconds: float = Field(
        default=60,
        ge=2,
        le=given.DAY,
        description="time after which a killed refresh no longer keeps others from a bucket, s",
    )
    batch_rows: int = Field(default=200_000, gt=0, le=given.MOST, description="rows read from a file at a time")
    chunk_rows: int = Field(default=150_000, gt=0, le=given.MOST, description="rows compared with the lake at a time")
    max_file_bytes: int = Field(
        default=8 * 2**30, gt=0, le=given.BYTES, description="cap on one file once unpacked, bytes"
    )
    max_ratio: int = Field(
        default=200, gt=0, le=given.MOST, description="cap on unpacked / packed bytes of a gzip or zip file"
    )
    max_members: int = Field(default=10_000, gt=0, le=given.MOST, description="cap on the files inside one zip")
    compact_files: int = Field(
        default=8, gt=1, le=given.MOST, description="files a month of the lake may hold before they are merged"
    )
    retention_days: int = Field(default=30, gt=0, le=36_500, description="days that merged-away lake files are kept")
    threads: int = Field(default=2, gt=0, le=256, description="threads of the warehouse and of dbt")
    transform: Folder = Field(default=PROJECT, description="folder of the dbt project")
    traceback: bool = Field(default=False, description="show where an unexpected error comes from")
    memory_limit: str = Field(
        default="350MB",
        # as the engine takes it; letters in both cases one by one: without regard to case, the sign of kelvin is a K
        pattern=r"^[0-9]{1,6}(\.[0-9]{1,6})? ?([KMGTkmgt]([Ii]?[Bb])?|[Bb])$",
        description="memory a build may use before it spills to disk",
    )

    odre_url: str = Field(
        default="https://odre.opendatasoft.com/api/explore/v2.1", description="the Explore API that refresh asks"
    )
    api_key: SecretStr | None = Field(
        default=None, description="key of an account there, where one is wanted; never shown"
    )
    fetch_threads: int = Field(default=4, gt=0, le=256, description="downloads at a time")
    window_rows: int = Field(
        default=50_000, gt=0, le=given.MOST, description="rows of one download, whole months at least"
    )
    reach_seconds: float = Field(
        default=3, gt=0, le=given.DAY, description="time in which the service must first be reached, s"
    )
    timeout_seconds: float = Field(
        default=120, gt=0, le=given.DAY, description="time without a byte after which an answer is given up, s"
    )
    attempts: int = Field(default=8, gt=0, le=1_000, description="times a request is tried before it is given up")
    retry_seconds: float = Field(
        default=0.5,
        gt=0,
        le=given.DAY,
        description="pause before a request is first tried again, s; doubled each time, up to 20 s",
    )
    patience_seconds: float = Field(
        default=300, gt=0, le=given.YEAR, description="longest time one request may be retried and waited for, s"
    )
    quota_reserve: int = Field(
        default=100, ge=0, le=given.MOST, description="requests of the service's quota that are never used"
    )
    clock_tolerance_seconds: float = Field(
        default=300, gt=0, le=given.YEAR, description="difference to the service's clock that is let pass, s"
    )
    sample_seed: int = Field(default=0, ge=0, le=2**32 - 1, description="seed of the synthetic sample")
    sample_since: date = Field(
        default=date(2012, 1, 1), ge=given.FIRST_DAY, le=given.LAST_DAY, description="first day of the synthetic sample"
    )
    sample_today: date | None = Field(
        default=None,
        ge=given.FIRST_DAY,
        le=given.LAST_DAY,
        description="day at whose noon (UTC) the clock of the sample stands; none for a clock that runs",
    )

    host: str = Field(
        default="127.0.0.1", max_length=253, pattern=r"^[\w.:%-]+$", description="address that `serve` listens on"
    )
    port: int = Field(default=8050, ge=1, le=65535, description="port that `serve` listens on")
    streamlit_on: StreamlitSide = Field(
        default=StreamlitSide.MARTS,
        description="where pages in Streamlit read: `marts`, `warehouse` (its schema energy_consumption) or `datamart`",
    )
    api_token: SecretStr | None = Field(
        default=None, description="token that requests which change something must carry; never shown"
    )
    cors_origins: Origins = Field(
        default=(), description='origins whose pages may read the API, as JSON: ["https://example.org"], ["*"] for any'
    )
    hosts: Names = Field(
        default=(),
        description="names under which the server is asked for, beside those of this machine itself, as"
        " energy.example.org,10.0.0.7; *.example.org for all below one, * for any",
    )
    trusted_proxies: Networks = Field(
        default=(),
        description="addresses and networks of proxies whose X-Forwarded-For is believed, as 10.0.0.7,10.1.0.0/16",
    )
    client_connections: int = Field(
        default=256, gt=0, le=given.MOST, description="connections that one client may hold at a time"
    )
    client_seconds: float = Field(
        default=30,
        gt=0,
        le=given.DAY,
        description="time without progress after which a connection is closed: no request, no body, an answer not"
        " taken, s",
    )
    rate_limit: int = Field(
        default=0, ge=0, le=given.MOST, description="requests a minute one client may make; 0 for any number"
    )
    max_rows: int = Field(default=1_000_000, gt=0, le=given.MOST, description="rows of one answer of the API at most")
    max_points: int = Field(
        default=5_000, gt=0, le=given.MOST, description="intervals of one series of the API at most"
    )
    query_seconds: float = Field(
        default=30, gt=0, le=given.DAY, description="time after which the API gives up a query, s"
    )
    wait_seconds: float = Field(
        default=120, gt=0, le=3_600, description="time for which an answer that takes much waits for its turn, s"
    )
    log_requests: bool = Field(default=True, description="whether the server writes a line of JSON a request")
    cache_bytes: int = Field(
        default=32 * 2**20, ge=0, le=given.BYTES, description="answers the API keeps at hand, bytes"
    )

    dump_url: SecretStr | None = Field(
        default=None, description="PostgreSQL database of `dump`: postgresql://user@host/database; never shown"
    )
    loader_password: SecretStr | None = Field(
        default=None, description="password that `init-db` gives the role that loads; never shown"
    )
    reader_password: SecretStr | None = Field(
        default=None, description="password that `init-db` gives the role that reads; never shown"
    )

    meter_files: Folder | None = Field(
        default=None, description="folder of meter files that `meters serve` loads; none for meter-files in the home"
    )
    meter_db: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("WATTHOUSE_METER_DB", "DB_URL"),
        description="database of meter files: postgresql://user@host/database or sqlite:///file; none for a file in the"
        " home; DB_URL is read too; never shown",
    )
    meter_tz: Annotated[str, AfterValidator(given.zone)] = Field(
        default="Europe/Paris", description="time zone of the clocks in meter files"
    )
    meter_wait_seconds: float = Field(
        default=60, ge=0, le=given.DAY, description="time for which a load of meter files waits for another one, s"
    )
    meter_upload_bytes: int = Field(
        default=64 * 2**20, gt=0, le=given.BYTES, description="cap on one upload of meter files, as it is sent, bytes"
    )
    meter_upload_rows: int = Field(
        default=5_000_000, gt=0, le=given.MOST, description="cap on the readings and bad lines of one upload"
    )
    meter_gets: bool | None = Field(
        default=None,
        description="whether GETs of the historic meter service load; none for `meters serve` on this machine alone",
    )

    tariffs: Folder | None = Field(
        default=None, description="file of the tariffs of meters, TOML; none for tariffs.toml in the home"
    )

    kafka: str | None = Field(
        default=None, description="brokers of the stream, as 127.0.0.1:9092,127.0.0.1:9093; none for no stream"
    )
    stream_topic: str = Field(
        default="electricity_production",
        pattern=r"^[A-Za-z0-9_-]{1,200}$",
        description="topic of the stream; what cannot be read there goes to the topic of that name and `.dead`",
    )
    stream_delivery_seconds: float = Field(
        default=60, gt=0, le=given.DAY, description="for how long a message is tried while no broker takes it, s"
    )
    stream_store: SecretStr | None = Field(
        default=None, description="store of the stream: mongodb://user@host/; none for no live page; never shown"
    )
    stream_days: int = Field(
        default=60, gt=0, le=36_500, description="days of slots that the store of the stream keeps"
    )
    stream_batch_rows: int = Field(
        default=50_000, gt=0, le=given.MOST, description="messages that the processor takes at a time"
    )
    stream_trigger_seconds: float = Field(
        default=1, ge=0, le=given.DAY, description="pause between two looks of the processor for new messages, s"
    )
    stream_poll_seconds: float = Field(
        default=0.2,
        gt=0,
        le=given.DAY,
        description="pause between two looks of the live page's server into the store, s",
    )
    spark_python: Folder | None = Field(
        default=None, description="Python of the environment that has PySpark; none for the one that runs"
    )
    spark_jars: Folder | None = Field(
        default=None,
        description="folder of Spark's jars for Kafka, and for Delta tables; none to have Spark fetch them from Maven"
        " Central",
    )

    _text = field_validator("*", mode="before")(given.text)

    @property
    def tariff_file(self) -> Path:
        """The file in which the user declares tariffs."""
        return self.tariffs or self.home / "tariffs.toml"

    @property
    def meter_folder(self) -> Path:
        """The folder that the historic meter service loads."""
        return self.meter_files or self.home / "meter-files"

    @property
    def meter_sqlite(self) -> Path:
        """The file of readings, where no other database is named."""
        return self.home / "meters.sqlite"

    @property
    def sample_now(self) -> datetime | None:
        """The moment (UTC) at which the sample's clock is stopped; None where it runs."""
        return datetime.combine(self.sample_today, time(12), UTC) if self.sample_today else None

    @property
    def scratch(self) -> Path:
        return self.home / "scratch"

    @property
    def access(self) -> Access:
        """How buckets are reached."""
        return Access(self.store_endpoint, self.store_region, self.store_path_style, self.store_seconds)

    def place(self, url: str, name: str) -> Place:
        """A folder or the prefix of a bucket; raises :class:`~watthouse.errors.UsageError` where it cannot be one."""
        return place_of(url, self.access, name)
