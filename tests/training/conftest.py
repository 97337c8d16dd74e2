"""Foreign packages warn about themselves when they are first imported: let them do so once, before warnings count.

Every worker collects these tests, and most play none of them: what only they use is imported when they do.
"""

import importlib
import warnings
from collections.abc import Iterator

import pytest
import torch

from midifrag.engine.loading.light_imports import light_imports

with warnings.catch_warnings(), light_imports():
    warnings.simplefilter("ignore")
    for name in ("inference.generation", "models.factory", "models.autoencoders"):
        importlib.import_module(f"stable_audio_tools.{name}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.nodeid.startswith("tests/training/"):
            item.add_marker(pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning"))


@pytest.fixture(autouse=True, scope="package")
def one_thread() -> Iterator[None]:
    """Tiny models only wait for each other's threads."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
