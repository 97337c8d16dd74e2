from __future__ import annotations

import pytest

from tools.mutation import ROOT, listed, mirrors_of, undecorated

SOURCE = '''
from contextlib import contextmanager


class Slot:
    count = 3

    @property
    def twice(self) -> int:
        """Doc."""
        return self.count * 2

    @staticmethod
    def plain():
        return 1

    @contextmanager
    def held(self):
        yield self.twice
'''


def test_what_is_inside_a_property_can_be_changed_and_does_the_same():
    changed = undecorated(SOURCE)
    names: dict[str, object] = {}
    exec(changed, names)
    slot = names["Slot"]()

    assert "@property" not in changed
    assert "@contextmanager" not in changed
    assert "@staticmethod" in changed
    with slot.held() as held:
        assert (slot.twice, slot.plain(), held) == (6, 1, 6)


@pytest.mark.parametrize("module", listed()["modules"])
def test_every_listed_module_has_own_tests_its_own(module):
    assert (ROOT / module).is_file()
    assert all((ROOT / file).is_file() for file in mirrors_of(module))


def test_what_is_listed_besides_is_of_a_listed_module():
    assert set(listed()["also"]) <= set(listed()["modules"])
    assert "tests/bridge/test_outages.py" in mirrors_of("midifrag/bridge/renders.py")
