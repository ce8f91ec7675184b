"""Where a lake may lie, and what an object store's refusals mean."""

from datetime import UTC, datetime
from pathlib import Path
from unittest.mock import patch

import httpx
import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.servers import REGION, S3
from watthouse.errors import UsageError
from watthouse.storage import Access, place_of
from watthouse.storage.causes import cause_of


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("var/lake", "var/lake"),
        ("var/lake/", "var/lake"),
        (Path("/srv/lake"), "/srv/lake"),
        ("file:///srv/lake", "/srv/lake"),
        ("s3://bucket", "s3://bucket"),
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("S3://bucket/a", "s3://bucket/a"),
        ("gs://bucket/a", "gs://bucket/a"),
    ],
)
def test_a_place_is_a_folder_or_a_bucket(url: str | Path, expected: str) -> None:
    place = place_of(url)
    assert place.url == expected
    assert place.is_shared == ("://" in expected)


@pytest.mark.parametrize(
    "url", ["s3://", "az://bucket/x", "http://host/x", "s3://bucket/a?b", "gs:///x*", "s3://b/a//b", "s3://b/../x"]
)
def test_another_url_is_refused_in_one_line(url: str) -> None:
    with pytest.raises(UsageError, match=r"^WATTHOUSE_LAKE '.*' is not valid: use s3://bucket/prefix, gs://"):
        place_of(url, name="WATTHOUSE_LAKE")


@pytest.mark.parametrize("url", ["https://host/x?sig=hunter2", "s3://b/x?X-Amz-Signature=hunter2", "az://b/x#hunter2"])
def test_a_signature_in_a_url_is_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="is not valid") as caught:
        place_of(url, name="WATTHOUSE_LAKE")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["s3:/bucket/x", "gs:bucket/x", "s3:bucket"])
def test_a_url_that_lacks_a_slash_is_no_folder(url: str) -> None:
    with pytest.raises(UsageError, match="a URL has two slashes"):
        place_of(url, name="WATTHOUSE_LAKE")


def test_an_endpoint_without_its_scheme_is_refused() -> None:
    with pytest.raises(UsageError, match="WATTHOUSE_STORE_ENDPOINT is not valid: it begins with http://"):
        place_of("s3://bucket/x", Access(endpoint="127.0.0.1:9000"))


@pytest.mark.parametrize("url", ["s3://key:hunter2@bucket/lake", "s3://key:hunt/hunter2@bucket/lake"])
def test_credentials_in_a_url_are_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(UsageError, match="contains credentials: leave them out") as caught:
        place_of(url, name="WATTHOUSE_LAKE")
    assert "hunter2" not in str(caught.value)


def test_a_path_style_is_only_said_where_it_is_set() -> None:
    said = "aws_virtual_hosted_style_request"
    for style, expected in ((None, None), (True, "false"), (False, "true")):
        options = place_of("s3://b", Access(path_style=style)).delta_options
        assert options is not None
        assert options.get(said) == expected


def test_what_lies_below_a_place_is_reached_as_the_place_is() -> None:
    folder, bucket = place_of("var/lake") / "a", place_of("s3://b", Access("http://127.0.0.1:9000", seconds=7)) / "a"
    assert (folder.url, folder.delta_options, folder.polars_options) == ("var/lake/a", None, None)
    assert bucket.url == "s3://b/a"
    for options, seconds in ((bucket.delta_options, "7s"), (bucket.polars_options, 7000)):
        assert options is not None
        assert options["aws_endpoint_url"] == "http://127.0.0.1:9000"
        assert seconds in options.values()


def test_a_clock_that_is_a_day_behind_is_named(s3_server: str) -> None:
    """By what the server answers to a request that Amazon's own signer dated yesterday."""
    store = S3(s3_server)
    request = AWSRequest("GET", f"{store.endpoint}/bucket?list-type=2")
    yesterday = datetime(2020, 1, 1, tzinfo=UTC)
    with patch("botocore.auth.get_current_datetime", lambda: yesterday):
        S3SigV4Auth(Credentials(store.key, store.secret), "s3", REGION).add_auth(request)
    answer = httpx.get(request.url, headers=dict(request.headers))
    assert answer.status_code == 403
    error = OSError(f"Error performing GET {request.url} - Server returned non-2xx status code: 403: {answer.text}")
    assert cause_of(error, "s3://bucket/lake") == (
        "s3://bucket/lake refuses requests: this machine's clock is wrong by more than 15 minutes: set it (NTP)"
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (
            "performing PUT http://h - Server returned non-2xx status code: 503 Service Unavailable: <Code>SlowDown",
            "answered 503 Service Unavailable to each attempt: try again later",
        ),
        (
            "performing GET http://h/b/x - Server returned non-2xx status code: 301 Moved Permanently:",
            "s3://b is in another region: set WATTHOUSE_STORE_REGION",
        ),
        (
            "performing GET http://h - Server returned non-2xx status code: 400 Bad: <Code>InvalidBucketName</Code>",
            "s3://b/lake is refused (InvalidBucketName): check the bucket's name, WATTHOUSE_STORE_ENDPOINT",
        ),
        ("Generic GCS error: Unable to open service account file from /x.json: no such", "cannot be read: check AWS"),
        ("performing GET http://h/b - HTTP error: error sending request: operation timed out", "(there was no answer"),
        ("performing GET http://h/b - HTTP error: invalid peer certificate: UnknownIssuer", "(its certificate is not"),
    ],
)
def test_other_answers_are_one_line_too(text: str, line: str) -> None:
    said = cause_of(OSError(text), "s3://b/lake")
    assert said
    assert line in said


def test_what_a_store_does_not_say_has_no_cause() -> None:
    assert cause_of(ValueError("a column is missing"), "s3://b/lake") is None
    assert place_of("var/lake").cause(OSError("the connection was refused")) is None
