"""The servers that there are, by name."""

from collections.abc import Mapping
from typing import Final

from tools.services.base import Server
from tools.services.bigquery import BigQuery
from tools.services.gcs import Gcs
from tools.services.kafka import Kafka
from tools.services.minio import Minio
from tools.services.mongodb import MongoDb
from tools.services.postgres import Postgres

SERVERS: Final[Mapping[str, Server]] = {
    server.name: server
    for server in (
        Postgres("warehouse-db", "WATTHOUSE_TEST_WAREHOUSE_URL"),
        Postgres("datamart-db", "WATTHOUSE_TEST_DATAMART_URL"),
        Minio(),
        Gcs(),
        BigQuery(),
        Kafka(),
        MongoDb(),
    )
}
