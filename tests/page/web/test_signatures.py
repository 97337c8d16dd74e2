from __future__ import annotations

import functools

import pytest
from nicegui import helpers, ui
from nicegui.helpers import functions

from midifrag.page.web.signatures import remember_signatures


class Kind:
    def nothing(self):
        pass

    def something(self, _event):
        pass


@pytest.fixture
def asked(monkeypatch):
    """What is asked of NiceGUI itself, which remembers nothing yet."""
    asked = []

    def expects_arguments(handler):
        asked.append(handler)
        return functions.expects_arguments(handler)

    monkeypatch.setattr(helpers, "expects_arguments", expects_arguments)
    return asked


def test_a_class_s_method_is_looked_at_once(asked):
    remember_signatures()
    remember_signatures()
    one, other = Kind(), Kind()
    handlers = (one.nothing, other.nothing, one.something, other.something, other.nothing)
    assert [helpers.expects_arguments(handler) for handler in handlers] == [False, False, True, True, False]
    assert asked == [one.nothing, one.something]


def test_whatever_else_is_called_is_looked_at_each_time(asked):
    remember_signatures()
    for handler in (len, functools.partial(print), lambda: None):
        before = len(asked)
        assert helpers.expects_arguments(handler) == helpers.expects_arguments(handler)
        assert asked[before:] == [handler, handler]


def test_elements_are_made_without_a_look_at_what_they_call(headless, asked):
    page = headless()
    remember_signatures()
    page.do(lambda: ui.label("first"))
    before = len(asked)
    page.do(lambda: [ui.label("more").classes("a").props("flat") for _ in range(5)])
    assert len(asked) == before


def test_a_nicegui_that_asks_otherwise_is_left_as_it_is(monkeypatch):
    monkeypatch.delattr(helpers, "expects_arguments")
    remember_signatures()
    assert not hasattr(helpers, "expects_arguments")
