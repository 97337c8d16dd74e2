import pytest

# Consoles keep the width that rich finds in the environment when they are made, and a worker of xdist has one there.
with pytest.MonkeyPatch.context() as environment:
    environment.delenv("COLUMNS", raising=False)
    import midifrag.commands.console  # noqa: F401


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """Commands look into the current folder."""
    monkeypatch.chdir(tmp_path)
