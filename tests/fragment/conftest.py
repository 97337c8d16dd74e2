from __future__ import annotations

import pytest

from midifrag.fragment.archive import Archive
from midifrag.fragment.slots import Slots


@pytest.fixture
def opened():
    """Open something that has to be closed, and close it when the test is over."""
    things = []

    def open_it(kind, *arguments, **options):
        things.append(kind(*arguments, **options))
        return things[-1]

    yield open_it
    for thing in things:
        thing.close()


@pytest.fixture
def open_slots(opened):
    return lambda *arguments, **options: opened(Slots, *arguments, **options)


@pytest.fixture
def open_archive(opened):
    return lambda *arguments, **options: opened(Archive, *arguments, **options)
