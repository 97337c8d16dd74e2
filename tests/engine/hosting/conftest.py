from __future__ import annotations

import pytest

from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.hosting.thread import ThreadHost


@pytest.fixture(params=[ThreadHost, pytest.param(ProcessHost, marks=pytest.mark.thorough)], ids=["thread", "process"])
def host(request):
    """Either host. What both share is played in a thread; a process for each costs half a second."""
    return request.param
