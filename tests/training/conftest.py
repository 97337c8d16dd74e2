"""Foreign packages warn about themselves when they are first imported: let them do so once, before warnings count."""

import importlib
import warnings

import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    for name in ("inference.generation", "models.factory", "models.autoencoders"):
        importlib.import_module(f"stable_audio_tools.{name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent.name == "training":
            item.add_marker(pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"))
