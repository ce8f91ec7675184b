"""Real servers for the tests: each starts once a run, each test has a database or a bucket of its own."""

import json
import os
import secrets
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn
from urllib.parse import urlsplit

import boto3
import httpx
import psycopg
import pytest
from botocore.config import Config
from confluent_kafka import OFFSET_BEGINNING, Consumer, Message, Producer, TopicPartition
from pymongo import MongoClient

from tools.services import SERVERS, Running, Server, Services
from tools.services.base import ServiceFailedError
from tools.services.gcs import key_for
from watthouse.storage import Access, Place, place_of

REGION: Final = "us-east-1"


def of_the_run(testrunuid: str) -> Services:
    """The servers that all workers of a run share; PostgreSQL's own user may enter their folder, unlike pytest's."""
    return Services(Path(tempfile.gettempdir()) / f"watthouse-servers-{testrunuid}")


def end(services: Services) -> None:
    """Stop what runs there, and remove what it stored."""
    for note in services.folder.glob("*.json"):
        services.down(note.stem, signal.SIGKILL)
    shutil.rmtree(services.folder, ignore_errors=True)


def url_of(name: str, testrunuid: str) -> str:
    """Where a server is: as its variable says, else started for this run; the test is skipped where it cannot be had.

    With ``REQUIRE_SERVICES=1`` it fails instead.
    """
    server = SERVERS[name]
    if elsewhere := os.environ.get(server.variable):
        return elsewhere
    return server.url(up(of_the_run(testrunuid), name))


def up(services: Services, server: str | Server) -> Running:
    """The server, started there; the test is skipped, or fails, where it cannot be had."""
    try:
        return services.up(SERVERS[server] if isinstance(server, str) else server)
    except ServiceFailedError as error:
        do_without(error)


def do_without(error: ServiceFailedError) -> NoReturn:
    """Skip the test that wants what cannot be had; with ``REQUIRE_SERVICES=1`` it fails."""
    if os.environ.get("REQUIRE_SERVICES") == "1":
        pytest.fail(f"REQUIRE_SERVICES=1, and {error}")
    pytest.skip(str(error))


@contextmanager
def private() -> Iterator[Services]:
    """Servers of one test, which may stop and kill them."""
    services = Services(Path(tempfile.mkdtemp(prefix="watthouse-servers-")))
    try:
        yield services
    finally:
        end(services)


@contextmanager
def database(server: str) -> Iterator[str]:
    """The URL of a fresh database of that PostgreSQL server."""
    name = f"test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")  # type: ignore[call-overload]
        yield urlsplit(server)._replace(path=f"/{name}").geturl()
        connection.execute(f"drop database {name} with (force)")  # type: ignore[call-overload]


def as_role(url: str, role: str, password: str) -> str:
    """The URL of that database for another role."""
    parts = urlsplit(url)
    return parts._replace(netloc=f"{role}:{password}@{parts.hostname}:{parts.port}").geturl()


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system in memory of that size (``64m``), which belongs to PostgreSQL's user; only root can mount it."""
    if os.geteuid():
        pytest.skip("only root can mount a small disk")
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], check=True)
    try:
        data = folder / "data"
        data.mkdir()
        shutil.chown(data, "postgres", "postgres")
        yield data
    finally:
        subprocess.run(["umount", folder], check=True)


@dataclass(frozen=True)
class Bucket:
    """A bucket: its URL, and the variables by which watthouse reaches it."""

    url: str
    variables: Mapping[str, str] = field(repr=False)
    client: Any = field(repr=False)

    def place(self, prefix: str = "lake") -> Place:
        """A place in it."""
        access = Access(self.variables.get("WATTHOUSE_STORE_ENDPOINT"), REGION, seconds=5)
        return place_of(f"{self.url}/{prefix}", access)

    def names(self) -> list[str]:
        """The names of all objects."""
        return sorted(self.contents())

    def contents(self) -> dict[str, bytes]:
        """Every object, by its name."""
        return self.client.contents(self.url.partition("://")[2])

    def put(self, name: str, content: bytes) -> None:
        """Store an object."""
        self.client.put(self.url.partition("://")[2], name, content)


def s3(server: str) -> Bucket:
    """A fresh bucket of that S3 server."""
    client = S3(server)
    name = f"test-{secrets.token_hex(6)}"
    client.boto("s3").create_bucket(Bucket=name)
    return Bucket(f"s3://{name}", client.variables, client)


def gcs(server: str) -> Bucket:
    """A fresh bucket of that Cloud Storage server."""
    client = Gcs(server)
    name = f"test-{secrets.token_hex(6)}"
    httpx.post(f"{server}/storage/v1/b?project=watthouse", json={"name": name}).raise_for_status()
    return Bucket(f"gs://{name}", client.variables, client)


@contextmanager
def mongodb(server: str) -> Iterator[str]:
    """The URL of a fresh database of that MongoDB server."""
    name = f"test_{secrets.token_hex(6)}"
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    with MongoClient(server) as client:
        client.drop_database(name)


@dataclass(frozen=True)
class Kafka:
    """A topic of a broker, as tests look at it: by a consumer that belongs to no group."""

    broker: str
    topic: str = field(default_factory=lambda: f"test_{secrets.token_hex(6)}")

    @property
    def variables(self) -> dict[str, str]:
        """Those by which watthouse reaches it."""
        return {"WATTHOUSE_KAFKA": self.broker, "WATTHOUSE_STREAM_TOPIC": self.topic}

    def messages(self, topic: str | None = None) -> list[Message]:
        """Everything that is in it, in the order of each partition; nothing where there is no such topic."""
        consumer = Consumer(
            {"bootstrap.servers": self.broker, "group.id": "unused", "enable.auto.commit": False, "log_level": 0}
        )
        try:
            return [message for part in self._partitions(consumer, topic) for message in _read(consumer, part)]
        finally:
            consumer.close()

    def put(self, key: bytes | None, value: bytes | None, topic: str | None = None) -> None:
        """Add a message, whatever it says."""
        producer, refused = Producer({"bootstrap.servers": self.broker, "log_level": 0}), list[object]()
        producer.produce(topic or self.topic, value, key, on_delivery=lambda error, _: refused.append(error))
        producer.flush(30)
        assert refused == [None]

    def _partitions(self, consumer: Consumer, topic: str | None) -> Iterator[TopicPartition]:
        described = consumer.list_topics(topic or self.topic, timeout=30).topics[topic or self.topic]
        return (TopicPartition(described.topic, number, OFFSET_BEGINNING) for number in sorted(described.partitions))


def _read(consumer: Consumer, part: TopicPartition) -> Iterator[Message]:
    first, end = consumer.get_watermark_offsets(part, timeout=30)
    consumer.assign([part])
    while first < end and consumer.position([part])[0].offset < end:
        if (message := consumer.poll(30)) is None:
            raise AssertionError(f"{part} did not give what it has")
        yield message


class S3:
    """An S3 server as tests look at it: by Amazon's own client, not by the libraries that watthouse uses."""

    def __init__(self, server: str) -> None:
        parts = urlsplit(server)
        self.endpoint = f"{parts.scheme}://{parts.hostname}:{parts.port}"
        self.key, self.secret = parts.username or "", parts.password or ""
        self.variables = {
            "WATTHOUSE_STORE_ENDPOINT": self.endpoint,
            "WATTHOUSE_STORE_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
        }

    def boto(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=REGION,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=Config(s3={"addressing_style": "path"}),
        )

    def contents(self, bucket: str) -> dict[str, bytes]:
        client = self.boto("s3")
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        names = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        return {name: client.get_object(Bucket=bucket, Key=name)["Body"].read() for name in names}

    def put(self, bucket: str, name: str, content: bytes) -> None:
        self.boto("s3").put_object(Bucket=bucket, Key=name, Body=content)

    def limited_to(self, *actions: str) -> dict[str, str]:
        """Variables with temporary keys that may do only this (``s3:GetObject``), on every bucket."""
        policy = {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": list(actions), "Resource": ["arn:aws:s3:::*"]}],
        }
        given = self.boto("sts").assume_role(
            RoleArn="arn:aws:iam::1:role/test", RoleSessionName="test", Policy=json.dumps(policy)
        )["Credentials"]
        return {
            **self.variables,
            "AWS_ACCESS_KEY_ID": given["AccessKeyId"],
            "AWS_SECRET_ACCESS_KEY": given["SecretAccessKey"],
            "AWS_SESSION_TOKEN": given["SessionToken"],
        }


class Gcs:
    """A Cloud Storage server as tests look at it: by its JSON API, where watthouse's libraries use the XML one."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.variables = {"GOOGLE_SERVICE_ACCOUNT_KEY": key_for(server)}

    def contents(self, bucket: str) -> dict[str, bytes]:
        listed = httpx.get(f"{self.server}/storage/v1/b/{bucket}/o").raise_for_status().json()
        names = [entry["name"] for entry in listed.get("items", ())]
        return {name: self._content(bucket, name) for name in names}

    def put(self, bucket: str, name: str, content: bytes) -> None:
        address = f"{self.server}/upload/storage/v1/b/{bucket}/o"
        httpx.post(address, params={"uploadType": "media", "name": name}, content=content).raise_for_status()

    def _content(self, bucket: str, name: str) -> bytes:
        address = f"{self.server}/download/storage/v1/b/{bucket}/o/{name.replace('/', '%2F')}?alt=media"
        return httpx.get(address).raise_for_status().content
