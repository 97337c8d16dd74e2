"""What a browser gets where it cannot get what it asked for: a sentence, whatever went wrong."""

from __future__ import annotations

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import PlainTextResponse, Response
from starlette.exceptions import HTTPException

from midifrag.page import texts


def answer_in_sentences(app: FastAPI) -> None:
    """Have an app's own routes say in words why they do not answer."""

    @app.exception_handler(HTTPException)
    def refused(_request: Request, error: HTTPException) -> Response:
        return PlainTextResponse(str(error.detail), error.status_code, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    def no_such_address(_request: Request, _error: RequestValidationError) -> Response:
        return PlainTextResponse(texts.NO_ADDRESS_HERE, 422)

    @app.exception_handler(Exception)
    def failed(_request: Request, error: Exception) -> Response:
        return PlainTextResponse(texts.NO_ANSWER.format(error=f"{type(error).__name__}: {error}"), 500)
