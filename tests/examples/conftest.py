"""The examples as if they were installed."""

import sys
from pathlib import Path

import pytest

from tests.support.packages import forget, install

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Makes an example's folder importable and its entry points known."""
    before = set(sys.modules)
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield lambda name: install(EXAMPLES / name, tmp_path_factory.mktemp("site"), monkeypatch)
    for name in set(sys.modules) - before:
        if name.startswith("midifrag_"):
            del sys.modules[name]
    forget()
