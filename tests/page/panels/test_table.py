"""The table of panels."""

import importlib
import inspect
import pkgutil

import pytest

from midifrag.page import panels
from midifrag.page.model import Part
from midifrag.page.panels.panel import Panel
from midifrag.page.panels.table import PANELS, Area

TABS = tuple(dict.fromkeys(row.tab for row in PANELS if row.tab))


def every_panel():
    for module in pkgutil.iter_modules(panels.__path__):
        found = importlib.import_module(f"{panels.__name__}.{module.name}")
        for _, one in inspect.getmembers(found, inspect.isclass):
            if issubclass(one, Panel) and one is not Panel and one.__module__ == found.__name__:
                yield one


def test_every_panel_lies_somewhere_once():
    assert sorted(row.panel.__name__ for row in PANELS) == sorted(one.__name__ for one in every_panel())


def test_what_lies_on_a_tab_says_which_and_what_is_always_seen_does_not():
    for row in PANELS:
        assert (row.tab is not None) == (row.area in (Area.MAIN, Area.SIDE))


def test_tabs_have_names_of_their_own_and_something_on_them():
    assert len({tab.name for tab in TABS}) == len(TABS)
    assert all(any(row.tab is tab and row.area is Area.MAIN for row in PANELS) for tab in TABS)


@pytest.mark.parametrize("row", PANELS, ids=lambda row: row.panel.__name__)
def test_every_panel_can_be_drawn_before_anything_is_known(headless, row):
    page = headless()
    shown = page.show(row.panel)
    assert shown.parts <= frozenset(Part)
    assert shown.parts
    assert page.sent == []
