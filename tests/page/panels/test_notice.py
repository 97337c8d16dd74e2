"""The newest message."""

import pytest

from midifrag.events import Notice
from midifrag.page.panels.notice import NoticePanel
from midifrag.states import NoticeLevel


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
