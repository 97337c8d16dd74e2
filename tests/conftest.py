"""Fixtures that tests of several rooms use."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.jack import jack_server, peer

__all__ = ["jack_server", "peer"]


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """The command line sets logging up for its whole process; here other tests follow in the same one."""
    root, ours = logging.getLogger(), logging.getLogger("midifrag")
    before = (list(root.handlers), root.level, ours.level)
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
