"""Google Cloud Storage: fake-gcs-server behind the XML API that deltalake speaks (``gcs_server/``), built with Go."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools.services.base import Launch, Running, responds
from tools.services.golang import built

_SOURCE: Final = Path(__file__).with_name("gcs_server")


class Gcs:
    """One with an empty store."""

    name = "gcs"
    variable = "WATTHOUSE_TEST_GCS_URL"

    def obtain(self) -> None:
        built(_SOURCE)

    def launch(self, place: Path, port: int, password: str) -> Launch:
        (place / "data").mkdir(exist_ok=True)
        return Launch([built(_SOURCE), "--address", f"127.0.0.1:{port}", "--root", place / "data"])

    def answers(self, running: Running) -> bool:
        return responds(f"{self.url(running)}/storage/v1/b?project=watthouse")

    def url(self, running: Running) -> str:
        return f"http://127.0.0.1:{running.port}"

    def environment(self, running: Running) -> Mapping[str, str]:
        url = self.url(running)
        return {"STORAGE_EMULATOR_HOST": url, "GOOGLE_SERVICE_ACCOUNT_KEY": key_for(url)}


def key_for(url: str) -> str:
    """The key of a service account that asks nobody for a token, and reaches the server there."""
    nobody = {"client_email": "", "private_key": "", "private_key_id": ""}
    return json.dumps({"gcs_base_url": url, "disable_oauth": True, **nobody})
