import pytest

from tests.support.bridges import Rig
from tests.support.shows import loaded, one_pad


@pytest.mark.parametrize("rule", ["ignore", "cancel", "replace"])
def test_a_take_that_is_being_written_is_no_longer_in_the_way_of_the_next_press(rule):
    rig = Rig(loaded(one_pad(on_repress=rule)))
    rig.press()
    rig.rendered(rig.engines.renders()[0])
    rig.press()
    assert len(rig.engines.renders()) == 2
    assert rig.engines.cancels() == []
