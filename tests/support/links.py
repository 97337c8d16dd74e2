"""Ableton Link's library, to one test at a time: on one machine all its sessions are one."""

import importlib.util
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from midifrag.fragment.workspace import FileLock
from tests.support import PATIENCE


@contextmanager
def link_alone() -> Iterator[None]:
    """The session of this machine's network, without another test in it."""
    if importlib.util.find_spec("link") is None:
        pytest.skip("LinkPython-extern is not installed (uv sync --extra link)")
    lock = FileLock(Path(tempfile.gettempdir()) / "midifrag-link.lock")
    deadline = time.monotonic() + PATIENCE
    while not lock.acquire():
        assert time.monotonic() < deadline, "another test does not leave Link's session"
        time.sleep(0.1)
    try:
        yield
    finally:
        lock.release()
