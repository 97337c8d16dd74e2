import pytest

#: Seconds after which a test hangs. How long one takes says nothing: it may have a core to itself or a fifth of one.
NET = 900


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A wide net for the tests of this folder."""
    for item in items:
        if item.nodeid.startswith("tests/engine/") and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(NET))
