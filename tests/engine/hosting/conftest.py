from __future__ import annotations

import pytest

from midifrag.engine.hosting.process import ProcessHost
from midifrag.engine.hosting.thread import ThreadHost


@pytest.fixture(params=[ThreadHost, ProcessHost], ids=["thread", "process"])
def host(request):
    """Either host."""
    return request.param
