"""What browsers fetch: fragments, takes, their waveforms, exports."""

import io
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from fastapi import FastAPI
from starlette.testclient import TestClient

from midifrag.errors import StorageError
from midifrag.events import SlotsChanged
from midifrag.fragment.archive import Archive
from midifrag.page.model import PageModel
from midifrag.page.versions import version_of
from midifrag.page.web import files
from midifrag.page.web.export import write_export
from midifrag.page.web.files import SLOT_COLOUR, TAKE_COLOUR, routes
from midifrag.page.web.waves import peaks
from midifrag.page.wire import configuration
from tests.page.changes import record, slot
from tests.support.shows import loaded

NOISE = np.random.default_rng(0).normal(size=(2, 441)).astype(np.float32) / 8


class Served:
    """The files of a show, with one take and one fragment."""

    def __init__(self, folder):
        self.fragments = folder
        self.page = PageModel(configuration(loaded(fragments={"folder": str(folder)})), print)
        self.archive = Archive(self.page.archive.folder)
        self.archive.store(NOISE, 44100, record("rain"))
        soundfile.write(folder / "output01.wav", NOISE.T, 44100)
        self.page.take(SlotsChanged((slot(1, state="filled", seconds=0.01), slot(2))))
        app = FastAPI()
        app.include_router(routes(self.page))
        self.client = TestClient(app)

    def get(self, address):
        return self.client.get(address)


@pytest.fixture
def served(tmp_path, monkeypatch):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    made = Served(tmp_path)
    made.scratch = scratch
    yield made
    made.page.archive.close()
    made.archive.close()


def test_a_slot_is_fetched_as_the_file_that_it_is(served):
    answer = served.get("/slots/1.wav")
    assert answer.content == (served.fragments / "output01.wav").read_bytes()
    assert answer.headers["content-type"] == "audio/wav"
    assert "output01.wav" in answer.headers["content-disposition"]
    # The next fragment has the same name.
    assert answer.headers["cache-control"] == "no-cache"


def test_a_take_is_fetched_by_its_number(served):
    answer = served.get("/takes/1.wav")
    assert answer.content == served.page.archive.path(1).read_bytes()
    assert "output001.wav" in answer.headers["content-disposition"]


@pytest.mark.parametrize(("address", "colour"), [("/slots/1.svg", SLOT_COLOUR), ("/takes/1.svg", TAKE_COLOUR)])
def test_waveforms_are_pictures_that_a_browser_asks_about_again(served, address, colour):
    answer = served.get(address)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert colour in answer.text
    assert answer.headers["cache-control"] == "no-cache"
    again = served.client.get(address, headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.text) == (304, "")


def test_only_the_wave_of_one_version_may_be_kept_for_ever(served):
    path = served.page.archive.path(1)
    version = version_of(path)
    assert "immutable" in served.get(f"/takes/1.svg?v={version}").headers["cache-control"]
    # The same number in another set, or the same file written anew.
    old = served.get("/takes/1.svg")
    soundfile.write(path, NOISE.T / 4, 44100, subtype="FLOAT")
    for address in ("/takes/1.svg", "/takes/1.svg?v=1", f"/takes/1.svg?v={version}"):
        answer = served.client.get(address, headers={"if-none-match": old.headers["etag"]})
        assert answer.status_code == 200
        assert answer.text != old.text
        assert answer.headers["cache-control"] == "no-cache"


def test_a_wave_is_drawn_once(served, monkeypatch):
    drawn = []
    monkeypatch.setattr(files, "peaks", lambda path: drawn.append(path) or peaks(path))
    monkeypatch.setattr(files, "MOST_DRAWN", 2)
    for _ in range(3):
        served.get("/takes/1.svg")
    assert len(drawn) == 1
    served.archive.store(NOISE, 44100, record("bell"))
    for address in ("/takes/2.svg", "/slots/1.svg", "/takes/1.svg"):
        served.get(address)
    assert len(drawn) == 4


@pytest.mark.parametrize(
    "address",
    ["/slots/2.wav", "/slots/2.svg", "/slots/3.wav", "/takes/2.wav", "/takes/2.svg", "/export.zip?take=2", "/other"],
)
def test_what_is_not_there_is_not_found(served, address):
    assert served.get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/slots/0.wav", "/slots/x.wav", "/takes/-1.wav", "/takes/99999999999.wav", "/export.zip", "/export.zip?take=0"],
)
def test_what_is_no_number_is_refused(served, address):
    assert served.get(address).status_code in (404, 422)


def test_files_that_have_gone_are_not_found(served):
    (served.fragments / "output01.wav").unlink()
    served.page.archive.path(1).unlink()
    for address in ("/slots/1.wav", "/slots/1.svg", "/takes/1.wav", "/takes/1.svg", "/export.zip?take=1"):
        assert served.get(address).status_code == 404


def test_a_file_that_holds_no_audio_has_no_picture(served):
    (served.fragments / "output01.wav").write_text("no audio")
    assert served.get("/slots/1.svg").status_code == 404


def test_an_archive_that_cannot_be_read_is_not_found(served, monkeypatch):
    def broken(_number):
        raise StorageError("no disk")

    monkeypatch.setattr(served.page.archive, "path", broken)
    assert served.get("/takes/1.wav").status_code == 404


def test_an_export_is_sent_and_leaves_nothing_behind(served):
    answer = served.get("/export.zip?take=1&take=1")
    names = zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    assert names == ["midifrag-takes/output001.wav", "midifrag-takes/takes.txt"]
    assert served.get("/export.zip?take=9").status_code == 404
    assert list(Path(served.scratch).iterdir()) == []


def test_the_page_s_looks_are_a_file_of_its_own(served):
    answer = served.get("/page.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert ".pad" in answer.text


def test_only_so_many_exports_are_written_at_a_time(served, monkeypatch):
    answers = []

    def asks_for_another(archive, numbers, target):
        answers.append(served.get("/export.zip?take=1"))
        write_export(archive, numbers, target)

    monkeypatch.setattr(files, "write_export", asks_for_another)
    assert served.get("/export.zip?take=1").status_code == 200
    # Each asked for one more while it was written, until there was no room.
    assert [answer.status_code for answer in answers] == [503, 200]
    assert "Other exports are being written" in answers[0].text
    answers.clear()
    assert served.get("/export.zip?take=1").status_code == 200


def test_a_computer_with_no_room_for_an_export_says_so(served, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(served.scratch / "gone"))
    answer = served.get("/export.zip?take=1")
    assert answer.status_code == 404
    assert "No such file" in answer.text
