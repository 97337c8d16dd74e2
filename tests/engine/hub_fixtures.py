"""A hub on this machine and an empty cache, which ``huggingface_hub`` uses in this process, as fixtures."""

from __future__ import annotations

import time

import pytest
from huggingface_hub import constants
from huggingface_hub.utils import close_session

from midifrag.engine.loading import transfer
from tests.engine.hub_server import serve
from tests.support import PATIENCE


@pytest.fixture
def cache_folder(monkeypatch, tmp_path):
    """The cache, not made yet."""
    folder = tmp_path / "cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    for name in ("TRANSFORMERS_CACHE", "PYTORCH_TRANSFORMERS_CACHE"):
        monkeypatch.delenv(name, raising=False)
    return folder


def _answers_at(endpoint, monkeypatch, tmp_path):
    # A busy machine may take its time; tests of waits have their own.
    monkeypatch.setattr(transfer, "PATIENCE", PATIENCE)
    monkeypatch.setattr(constants, "ENDPOINT", endpoint)
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", endpoint + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "token"))
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)  # the library's pauses between attempts
    close_session()


@pytest.fixture
def server(monkeypatch, tmp_path, cache_folder):
    """A hub that answers."""
    del cache_folder
    with serve() as running:
        _answers_at(running.endpoint, monkeypatch, tmp_path)
        yield running
    close_session()


@pytest.fixture
def no_hub(monkeypatch, tmp_path, cache_folder):
    """A port where nobody is."""
    del cache_folder
    _answers_at("http://127.0.0.1:9", monkeypatch, tmp_path)
    yield
    close_session()
