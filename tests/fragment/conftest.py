from __future__ import annotations

import threading

import pytest

from midifrag.fragment import hands
from midifrag.fragment.archive import Archive
from midifrag.fragment.slots import Slots
from tests.support import PATIENCE


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


@pytest.fixture
def hangs(monkeypatch):
    """Have what is called ``name`` in ``module`` hang for files that ``stuck`` accepts, until the drive is set free."""
    monkeypatch.setattr(hands, "PATIENCE", 0.2)
    free = threading.Event()

    def hang(module, name, stuck=lambda *_: True):
        real = getattr(module, name)

        def work(*arguments, **options):
            if stuck(*arguments):
                assert free.wait(PATIENCE)
            return real(*arguments, **options)

        monkeypatch.setattr(module, name, work)
        return free

    yield hang
    free.set()
