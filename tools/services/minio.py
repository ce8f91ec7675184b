"""MinIO: an S3 store, from Go's module registry (five minutes to build, once)."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools.services.base import Launch, Running, responds
from tools.services.golang import installed

_MODULE: Final = "github.com/minio/minio"
_VERSION: Final = "v0.0.0-20260212201848-7aac2a2c5b7c"
_USER: Final = "watthouse"


class Minio:
    """One with an empty store."""

    name = "minio"
    variable = "WATTHOUSE_TEST_S3_URL"

    def obtain(self) -> None:
        installed(_MODULE, _VERSION)

    def launch(self, place: Path, port: int, password: str) -> Launch:
        words = [
            installed(_MODULE, _VERSION),
            "server",
            "--quiet",
            "--address",
            f"127.0.0.1:{port}",
            place / "data",
        ]
        return Launch(
            words,
            {
                "MINIO_ROOT_USER": _USER,
                "MINIO_ROOT_PASSWORD": password,
                "MINIO_BROWSER": "off",
                "MINIO_UPDATE": "off",  # it would ask the internet
            },
        )

    def answers(self, running: Running) -> bool:
        return responds(f"http://127.0.0.1:{running.port}/minio/health/ready")

    def url(self, running: Running) -> str:
        return f"http://{_USER}:{running.password}@127.0.0.1:{running.port}"

    def environment(self, running: Running) -> Mapping[str, str]:
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{running.port}",
            "AWS_ACCESS_KEY_ID": _USER,
            "AWS_SECRET_ACCESS_KEY": running.password,
            "AWS_REGION": "us-east-1",
            "AWS_ALLOW_HTTP": "true",
        }
