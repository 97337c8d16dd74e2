"""What browsers fetch beside the page: fragments, takes, their waveforms, exports.

Every address names a slot or a take by its number. No path ever comes from a browser.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, TypeAlias

from fastapi import APIRouter, HTTPException, Query
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response
from pydantic import Field
from starlette.background import BackgroundTask

from midifrag.errors import StorageError, UnknownTakeError
from midifrag.page import texts
from midifrag.page.model import PageModel
from midifrag.page.web.export import write_export
from midifrag.page.web.waves import peaks, picture

STYLE, SCRIPT = (Path(__file__).with_name(name) for name in ("page.css", "page.js"))
#: Colours of waveforms in slots and of takes.
SLOT_COLOUR, TAKE_COLOUR = "#8fb7ff", "#8a93a6"
#: An address that names one version of a file never changes; a browser may keep it.
_KEEP = {"cache-control": "private, max-age=86400, immutable"}
#: A file that may be another one soon.
_ASK = {"cache-control": "no-cache"}
#: Takes in one export.
MOST_TAKES = 500

#: A slot's or a take's number, as an address may say it.
Number: TypeAlias = Annotated[int, InPath(ge=1, le=10**9)]
TakeNumber: TypeAlias = Annotated[int, Field(ge=1, le=10**9)]


def routes(page: PageModel) -> APIRouter:
    """The addresses of everything that is a file."""
    router = APIRouter()

    def slot_file(number: int) -> Path:
        slot = next((one for one in page.view.slots if one.number == number), None)
        path = None if slot is None else page.configuration.fragments / slot.file
        if path is None or not path.is_file():
            raise HTTPException(404, texts.NO_SLOT_FILE.format(number=number))
        return path

    def take_file(number: int) -> Path:
        try:
            path = page.archive.path(number)
        except (UnknownTakeError, StorageError) as error:
            raise HTTPException(404, f"{error}\n") from None
        if not path.is_file():
            raise HTTPException(404, texts.NO_TAKE_FILE.format(number=number))
        return path

    @router.get("/page.css")
    def style() -> FileResponse:
        return FileResponse(STYLE, media_type="text/css", headers=_ASK)

    @router.get("/page.js")
    def script() -> FileResponse:
        return FileResponse(SCRIPT, media_type="text/javascript", headers=_ASK)

    @router.get("/slots/{number}.wav")
    def slot_audio(number: Number) -> FileResponse:
        path = slot_file(number)
        return FileResponse(path, media_type="audio/wav", filename=path.name, headers=_ASK)

    @router.get("/slots/{number}.svg")
    def slot_wave(number: Number) -> Response:
        return _drawn(slot_file(number), SLOT_COLOUR)

    @router.get("/takes/{number}.wav")
    def take_audio(number: Number) -> FileResponse:
        path = take_file(number)
        return FileResponse(path, media_type="audio/wav", filename=path.name, headers=_ASK)

    @router.get("/takes/{number}.svg")
    def take_wave(number: Number) -> Response:
        return _drawn(take_file(number), TAKE_COLOUR)

    @router.get("/export.zip")
    def export(take: Annotated[list[TakeNumber], Query(max_length=MOST_TAKES)]) -> FileResponse:
        with tempfile.NamedTemporaryFile(prefix="midifrag-", suffix=".zip", delete=False) as file:
            path = Path(file.name)
        done = BackgroundTask(path.unlink, missing_ok=True)
        try:
            write_export(page.archive, take, path)
        except (UnknownTakeError, StorageError, OSError) as error:
            path.unlink(missing_ok=True)
            raise HTTPException(404, f"{error}\n") from None
        return FileResponse(path, media_type="application/zip", filename="midifrag-takes.zip", background=done)

    return router


def _drawn(path: Path, colour: str) -> Response:
    try:
        drawn = picture(peaks(path), colour)
    except OSError as error:
        raise HTTPException(404, f"{error}\n") from None
    return Response(drawn, media_type="image/svg+xml", headers=_KEEP)
