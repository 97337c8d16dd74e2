import pytest

from midifrag.engine.loading.model import Model
from tests.engine.stock import loaded


@pytest.fixture(scope="session")
def model() -> Model:
    """A tiny model as the loader would hand it over; nobody changes it for good."""
    return loaded("rectified_flow")
