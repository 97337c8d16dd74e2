"""The newest message."""

import pytest

from midifrag.events import Notice
from midifrag.page.panels.notice import NoticePanel
from midifrag.states import JobState, NoticeLevel
from tests.page.changes import job


def test_before_there_is_one_it_says_so(headless):
    page = headless()
    page.show(NoticePanel)
    assert page.text("notice") == "Nothing to report."


@pytest.mark.parametrize("level", NoticeLevel)
def test_the_newest_is_shown_as_what_it_is(headless, level):
    page = headless()
    page.show(NoticePanel)
    page.take(Notice(NoticeLevel.INFO, "before"), Notice(level, "the disk is <b>full</b>"))
    assert page.text("notice") == "the disk is <b>full</b>"
    assert page.one("notice").classes == ["notice", str(level)]


def test_what_went_wrong_stays_until_somebody_has_seen_it(headless):
    page, notes = headless(), lambda: (page.text("notice"), page.one("notice").classes[1:], page.one("seen").visible)
    page.show(NoticePanel)
    assert not page.one("seen").visible
    page.take(job(JobState.FAILED, 1, text="out of memory"), Notice(NoticeLevel.INFO, "bank 2"))
    assert notes() == ("rain failed: out of memory", ["error"], True)
    page.take(Notice(NoticeLevel.ERROR, "the disk is gone"))
    assert notes() == ("the disk is gone (and 1 more)", ["error"], True)
    assert page.one("notice").props["title"] == "the disk is gone (and 1 more)"
    page.click(page.one("seen"))
    page.refresh()
    assert notes() == ("the disk is gone", ["error"], False)
    page.take(Notice(NoticeLevel.INFO, "bank 2"))
    assert notes() == ("bank 2", ["info"], False)
