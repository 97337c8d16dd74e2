from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.doors.osc.peer import Peer


@pytest.fixture
def other() -> Iterator[Peer]:
    """Another program."""
    made = Peer()
    yield made
    made.close()
