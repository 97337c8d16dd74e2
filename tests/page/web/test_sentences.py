"""Whatever goes wrong, a browser gets a sentence."""

import pytest
from fastapi import FastAPI, HTTPException
from starlette.testclient import TestClient

from midifrag.page.web.sentences import answer_in_sentences


@pytest.fixture
def client():
    app = FastAPI()
    answer_in_sentences(app)

    @app.get("/gone")
    def gone():
        raise HTTPException(404, "Slot 3 holds no file now.\n")

    @app.get("/numbers/{number}")
    def number(number: int):
        return number

    @app.get("/broken")
    def broken():
        raise RuntimeError("database disk image is malformed")

    return TestClient(app, raise_server_exceptions=False)


@pytest.mark.parametrize(
    ("address", "status", "text"),
    [
        ("/gone", 404, "Slot 3 holds no file now.\n"),
        ("/numbers/x", 422, "There is nothing at this address.\n"),
        ("/broken", 500, "This did not work: RuntimeError: database disk image is malformed. Try again.\n"),
    ],
)
def test_what_goes_wrong_is_said(client, address, status, text):
    answer = client.get(address)
    assert (answer.status_code, answer.text) == (status, text)
    assert answer.headers["content-type"].startswith("text/plain")
