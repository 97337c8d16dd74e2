"""What browsers fetch beside the page: fragments, takes, their waveforms, exports.

Every address names a slot or a take by its number. No path ever comes from a browser.
"""

from __future__ import annotations

import tempfile
import threading
from collections import OrderedDict
from pathlib import Path
from typing import Annotated, TypeAlias

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi import Path as InPath
from fastapi.responses import FileResponse, Response
from pydantic import Field
from starlette.background import BackgroundTask

from midifrag.errors import StorageError, UnknownTakeError
from midifrag.page import texts
from midifrag.page.model import PageModel
from midifrag.page.versions import version_of
from midifrag.page.web.assets import assets
from midifrag.page.web.export import write_export
from midifrag.page.web.waves import peaks, picture

#: Colours of waveforms in slots and of takes.
SLOT_COLOUR, TAKE_COLOUR = "#8fb7ff", "#8a93a6"
#: An address that names one version of a file never changes; a browser may keep it.
_KEEP = {"cache-control": "private, max-age=86400, immutable"}
#: A file that may be another one soon.
_ASK = {"cache-control": "no-cache"}
#: Takes in one export, and waveforms that are kept drawn.
MOST_TAKES, MOST_DRAWN = 500, 500
#: Exports that are written at the same time: each takes the disk that a show writes to.
EXPORTS = 2

#: A slot's or a take's number, as an address may say it.
Number: TypeAlias = Annotated[int, InPath(ge=1, le=10**9)]
TakeNumber: TypeAlias = Annotated[int, Field(ge=1, le=10**9)]


def routes(page: PageModel) -> APIRouter:
    """The addresses of everything that is a file."""
    router = APIRouter()
    drawings = _Drawings()
    exports = threading.BoundedSemaphore(EXPORTS)

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

    @router.get("/{name}.css")
    @router.get("/{name}.js")
    def own(request: Request, v: str = "") -> Response:
        found = assets().get(request.url.path.removeprefix("/"))
        if found is None:
            raise HTTPException(404, texts.NO_ADDRESS_HERE)
        headers = {"vary": "accept-encoding", **(_KEEP if v == found.version else _ASK)}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(found.body, media_type=found.kind, headers=headers)
        return Response(found.packed, media_type=found.kind, headers=headers | {"content-encoding": "gzip"})

    @router.get("/slots/{number}.wav")
    def slot_audio(number: Number) -> FileResponse:
        path = slot_file(number)
        return FileResponse(path, media_type="audio/wav", filename=path.name, headers=_ASK)

    @router.get("/slots/{number}.svg")
    def slot_wave(number: Number, request: Request, v: str = "") -> Response:
        return drawings.answer(slot_file(number), SLOT_COLOUR, request, v)

    @router.get("/takes/{number}.wav")
    def take_audio(number: Number) -> FileResponse:
        path = take_file(number)
        return FileResponse(path, media_type="audio/wav", filename=path.name, headers=_ASK)

    @router.get("/takes/{number}.svg")
    def take_wave(number: Number, request: Request, v: str = "") -> Response:
        return drawings.answer(take_file(number), TAKE_COLOUR, request, v)

    @router.get("/export.zip")
    def export(take: Annotated[list[TakeNumber], Query(max_length=MOST_TAKES)]) -> FileResponse:
        if not exports.acquire(blocking=False):
            raise HTTPException(503, texts.EXPORT_RUNS, {"retry-after": "5"})
        path = None
        try:
            with tempfile.NamedTemporaryFile(prefix="midifrag-", suffix=".zip", delete=False) as file:
                path = Path(file.name)
            write_export(page.archive, take, path)
        except (UnknownTakeError, StorageError, OSError) as error:
            if path is not None:
                path.unlink(missing_ok=True)
            raise HTTPException(404, f"{error}\n") from None
        finally:
            exports.release()
        done = BackgroundTask(path.unlink, missing_ok=True)
        return FileResponse(path, media_type="application/zip", filename="midifrag-takes.zip", background=done)

    return router


class _Drawings:
    """Waveforms that have been drawn, for browsers that ask again and for the next one that asks."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[tuple[Path, str, str], str] = OrderedDict()
        self._lock = threading.Lock()

    def answer(self, path: Path, colour: str, request: Request, wanted: str) -> Response:
        """The picture of a file; one that a browser may keep for ever only where it asks for just this version."""
        version = version_of(path)
        headers = {"etag": f'"{version}"', **(_KEEP if version and wanted == version else _ASK)}
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        return Response(self._picture(path, version, colour), media_type="image/svg+xml", headers=headers)

    def _picture(self, path: Path, version: str, colour: str) -> str:
        key = (path, version, colour)
        # One at a time: drawing is work, and a sheet that is turned must not take the machine from a show.
        with self._lock:
            drawn = self._drawn.pop(key, None)
            if drawn is None:
                try:
                    drawn = picture(peaks(path), colour)
                except OSError as error:
                    raise HTTPException(404, f"{error}\n") from None
            self._drawn[key] = drawn
            while len(self._drawn) > MOST_DRAWN:
                self._drawn.popitem(last=False)
        return drawn
