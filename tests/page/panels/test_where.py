"""Where a file is, in a dialog."""

import pytest

from midifrag.page.panels import where
from midifrag.page.reveal import RevealError


@pytest.fixture
def page(headless, monkeypatch, tmp_path):
    page = headless()
    page.path = tmp_path / "output01.wav"
    page.shown = []
    monkeypatch.setattr(where, "reveal", page.shown.append)
    return page


def opened(page):
    page.do(lambda: where.tell_where(page.path, "/slots/1.wav"))


def test_the_path_is_told_copied_and_the_file_fetched(page):
    opened(page)
    assert page.text("path") == str(page.path)
    page.click(page.button("Copy"))
    assert any(str(page.path) in one["code"] for one in page.told("run_javascript"))
    assert page.notices == ["copied"]
    page.click(page.button("Download"))
    assert page.told("download")[0]["src"] == "/slots/1.wav"


def test_a_browser_on_this_machine_has_it_shown_in_its_folder(page):
    opened(page)
    page.click(page.button("Show in its folder"))
    assert page.shown == [page.path]
    assert page.notices == []


@pytest.mark.parametrize("address", [("192.168.1.7", 50000), None])
def test_any_other_browser_is_not_offered_it(page, address):
    page.client.request.scope["client"] = address
    opened(page)
    with pytest.raises(IndexError):
        page.button("Show in its folder")
    page.button("Copy")


def test_what_does_not_show_it_is_told(page, monkeypatch):
    def fails(path):
        raise RevealError(f"{path} is gone")

    monkeypatch.setattr(where, "reveal", fails)
    opened(page)
    page.click(page.button("Show in its folder"))
    assert page.notices == [f"{page.path} is gone"]
