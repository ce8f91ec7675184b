"""Meter files that come over HTTP: taken in as they are sent, capped, and loaded as those of a folder are."""

import shutil
from dataclasses import replace
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import Request

from watthouse.meters.files import MeterFile, Refused, found
from watthouse.meters.load import LoadReport, load_found
from watthouse.meters.storage.database import MeterDatabase
from watthouse.serve.problems import ProblemError, wrong
from watthouse.settings import Settings

FOLDER: Final = "uploads"
"""What stands before the name of an uploaded file: a second one of its name replaces it."""
_MOST_FILES: Final = 100
_LONGEST_NAME: Final = 200


async def upload(request: Request, settings: Settings, database: MeterDatabase) -> LoadReport:
    """Load the files of a multipart form; raises a problem for a body that is none (:mod:`watthouse.serve.front` counts
    how large it is)."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise ProblemError(415, "send the files as multipart/form-data: curl -F files=@LP_1.csv does")
    try:
        async with request.form(max_files=_MOST_FILES, max_fields=_MOST_FILES) as form:
            return await run_in_threadpool(_load, _files(form), settings, database)
    except HTTPException as error:  # what Starlette makes of a form that is cut off, or has too many parts
        raise wrong("files", f"the form cannot be read ({error.detail}): send it again") from error


def _files(form: FormData) -> dict[str, UploadFile]:
    """The files by their own names; raises a problem for what is none, and for a name that cannot be one."""
    files: dict[str, UploadFile] = {}
    for field, part in form.multi_items():
        if field != "files" or not isinstance(part, UploadFile):
            raise wrong(field[:60], "the form has parts named 'files', each with a file, and nothing else")
        name = PurePosixPath((part.filename or "").replace("\\", "/")).name
        if not name.isprintable() or name.startswith(".") or not 0 < len(name.encode()) <= _LONGEST_NAME:
            raise wrong("files", f"'{name[:60]}' cannot be the name of a meter file: rename it")
        if name in files:
            raise wrong("files", f"'{name[:60]}' comes twice: send one of them")
        files[name] = part
    if not files:
        raise wrong("files", "there is no file in the form: curl -F files=@LP_1.csv sends one")
    return files


def _load(files: dict[str, UploadFile], settings: Settings, database: MeterDatabase) -> LoadReport:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch).resolve() / FOLDER
        folder.mkdir()
        for name, part in files.items():
            with (folder / name).open("wb") as file:
                shutil.copyfileobj(part.file, file)
        sent = [_renamed(file, folder.parent) for file in found([folder], settings)]
        return load_found(sent, settings, database, _Silent(), most_rows=settings.meter_upload_rows)


def _renamed(file: MeterFile | Refused, scratch: Path) -> MeterFile | Refused:
    """Under a name that lasts longer than the folder it lies in."""
    return file if isinstance(file, Refused) else replace(file, name=file.name.removeprefix(f"{scratch}/"))


class _Silent:
    def stage(self, what: str) -> None: ...
