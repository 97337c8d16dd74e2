import pytest


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Commands look into the current folder."""
    monkeypatch.chdir(tmp_path)
